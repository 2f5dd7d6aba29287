"""Where servers and daemons are without a namespace, and who cannot do without one."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lab.authority.zone import CHILD_SERVER, ROOT_SERVERS
from lab.drivers import loopback
from lab.drivers.driver import Setting
from lab.drivers.network import INSIDE, outside
from lab.drivers.table import DRIVERS
from lab.errors import DriverError

OWN = ("127.0.1.11",)


def test_inside() -> None:
    """In a namespace the servers have their own addresses, and hints are right."""
    assert (len(INSIDE.roots), INSIDE.children, INSIDE.port, INSIDE.hints) == (26, CHILD_SERVER, 53, None)


def test_a_free_port() -> None:
    """Who takes another port gets a free one; all addresses of the zones have a place on loopback."""
    network = outside([DRIVERS["unbound"]], "none", OWN)
    assert network.port >= 1024
    assert network.hints == loopback.ROOTS
    assert set(network.places) == {v4 for _, v4, _ in ROOT_SERVERS} | {CHILD_SERVER}
    assert all(here.startswith("127.") for here in network.places.values())
    assert len(set(network.places.values())) == 14


def test_port_53_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who needs port 53 where somebody has it is refused in one line."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as somebody:
        somebody.bind((loopback.ROOTS[2], 0))
        monkeypatch.setattr(loopback, "DNS", somebody.getsockname()[1])
        with pytest.raises(
            DriverError, match=r"^none; on loopback daemon:pdns_recursor needs port 53, and port"
        ):
            outside([DRIVERS["unbound"], DRIVERS["pdns_recursor"]], "none", OWN)


@pytest.mark.parametrize("name", ["named", "kresd", "kresd-debian", "dnsmasq", "systemd-resolved", "stubby"])
def test_who_cannot_do_without(name: str) -> None:
    """Some daemons listen or ask at no loopback address, and forwarders need an interface."""
    with pytest.raises(DriverError, match=f"^none; daemon:{name} cannot do without: it "):
        outside([DRIVERS["unbound"], DRIVERS[name]], "none", OWN)


def test_unbound_at_another_port() -> None:
    """At another port than 53 Unbound has stubs, for hints know no port; at 53 it has hints."""
    setting = Setting(
        Path("/run/lab"), "127.0.1.11", (), roots=("127.0.53.1",), port=5300,
        zones=((".", "127.0.53.1"), ("alpha.", "127.0.53.53")),
    )  # fmt: skip
    files = DRIVERS["unbound"].files(setting)
    assert list(files) == ["unbound.conf"]
    conf = files["unbound.conf"]
    assert "    port: 5300\n" in conf
    assert "    do-not-query-localhost: no\n" in conf
    assert 'stub-zone:\n    name: "alpha."\n    stub-addr: 127.0.53.53@5300\n' in conf
    usual = DRIVERS["unbound"].files(Setting(Path("/run/lab"), "127.0.1.11", (), roots=("127.0.53.1",)))
    assert "root.hints" in usual
    assert "stub-zone" not in usual["unbound.conf"]
