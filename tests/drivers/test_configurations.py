"""What drivers write for their daemons: every knob where it belongs, and as shipped otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.authority.keyring import KeyRing
from lab.authority.zone import ROOT_SERVERS
from lab.dnssec.names import ROOT
from lab.drivers import driver as drivers
from lab.drivers.driver import FOLDERS, Driver, Setting
from lab.drivers.table import DRIVERS, driver_of
from lab.errors import ScenarioError
from lab.resolver.profiles import MODELS
from lab.resolver.state.anchors import read

KEY = KeyRing({}).key("ksk-2017")
PLAIN = Setting(Path("/run/x"), "127.0.0.2", (KEY.ds(ROOT),), forward_to="127.0.0.9")
FULL = replace(
    PLAIN,
    anchors=(KEY,),
    address6="fd00::2",
    udp_size=4096,
    tcp=False,
    roots=tuple(v4 for _, v4, _ in ROOT_SERVERS),
)
MAIN = {
    "unbound": "unbound.conf", "named": "named.conf", "kresd": "kresd.conf", "kresd-debian": "kresd.conf",
    "pdns_recursor": "recursor.conf", "dnsmasq": "dnsmasq.conf", "systemd-resolved": "resolved.conf",
    "stubby": "stubby.yml",
}  # fmt: skip


def added(name: str, setting: Setting) -> set[str]:
    """Return the lines that a setting has in its main file and the plain one has not."""
    one, other = (DRIVERS[name].files(s)[MAIN[name]].splitlines() for s in (setting, PLAIN))
    return {line.strip() for line in one if line not in other}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("unbound", {"edns-buffer-size: 4096"}),
        ("named", {"edns-udp-size 4096;"}),
        ("kresd", {"net.bufsize(1232, 4096)"}),
        ("pdns_recursor", {"edns-outgoing-bufsize=4096"}),
        ("dnsmasq", {"edns-packet-max=4096"}),
        ("systemd-resolved", set()),
        ("stubby", set()),
    ],
)
def test_udp_size(name: str, lines: set[str]) -> None:
    """The size is written only if it is not the one shipped, and by those who have the option."""
    assert added(name, replace(PLAIN, udp_size=4096)) == lines
    assert ("udp_size" in DRIVERS[name].knobs) is bool(lines)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("unbound", {'interface: "fd00::2"', 'outgoing-interface: "fd00::2"'}),
        ("named", {"listen-on-v6 { fd00::2; };", "query-source-v6 address fd00::2;"}),
        ("kresd", {"net.listen('fd00::2', 53, { kind = 'dns' })", "net.outgoing_v6('fd00::2')"}),
        ("pdns_recursor", {"local-address=127.0.0.2,fd00::2"}),
        ("dnsmasq", {"listen-address=fd00::2"}),
        ("systemd-resolved", {"DNSStubListenerExtra=fd00::2"}),
        ("stubby", {"- fd00::2@53"}),
    ],
)
def test_ipv6(name: str, lines: set[str]) -> None:
    """With a second address a daemon listens there; PowerDNS asks over IPv4 alone, as shipped."""
    assert added(name, replace(PLAIN, address6="fd00::2")) == lines


def test_tcp() -> None:
    """Unbound and Stubby can do without TCP; for the others the network must see to it."""
    unbound = added("unbound", replace(PLAIN, tcp=False))
    assert unbound == {"do-tcp: no"}
    assert "GETDNS_TRANSPORT_TCP" in DRIVERS["stubby"].files(PLAIN)["stubby.yml"]
    assert "GETDNS_TRANSPORT_TCP" not in DRIVERS["stubby"].files(replace(PLAIN, tcp=False))["stubby.yml"]
    assert {name for name, one in DRIVERS.items() if "tcp" in one.knobs} == {"unbound", "stubby"}


@pytest.mark.parametrize("name", ["unbound", "kresd", "kresd-debian", "pdns_recursor", "stubby"])
def test_anchor_file(name: str) -> None:
    """The anchors are records of a file, DS as DS and DNSKEY as DNSKEY, and nothing else is in it."""
    driver = DRIVERS[name]
    for setting in (PLAIN, FULL):
        texts = {**driver.files(setting), **driver.seeds(setting)}
        (text,) = (text for path, text in texts.items() if "root.key" in path)
        assert tuple(entry.anchor for entry in read(text.encode(), "x").entries) == setting.anchors


def test_anchors_of_bind() -> None:
    """BIND gets initial-ds or initial-key, so that it manages the key."""
    ds, key = (DRIVERS["named"].files(one)["bind.keys"] for one in (PLAIN, FULL))
    assert ds == f'trust-anchors {{\n\t. initial-ds 20326 8 2 "{KEY.ds(ROOT).digest.hex().upper()}";\n}};\n'
    assert key.startswith('trust-anchors {\n\t. initial-key 257 3 8 "AwEAA')


def test_anchors_of_dnsmasq() -> None:
    """It takes digests, whatever is configured."""
    line = "trust-anchor=.," + KEY.ds(ROOT).to_text().replace(" ", ",")
    for setting in (PLAIN, FULL):
        assert line in DRIVERS["dnsmasq"].files(setting)["dnsmasq.conf"].splitlines()


@pytest.mark.parametrize("name", ["unbound", "named", "kresd", "pdns_recursor"])
def test_hints(name: str) -> None:
    """Hints are those of the package, unless others are given: then they are in a file that is named."""
    assert "root.hints" not in DRIVERS[name].files(PLAIN)
    files = DRIVERS[name].files(FULL)
    assert "/run/x/root.hints" in files[MAIN[name]]
    assert files["root.hints"].splitlines()[:2] == [
        ". 3600000 NS a.root-servers.net.",
        "a.root-servers.net. 3600000 A 198.41.0.4",
    ]


def test_hints_elsewhere() -> None:
    """A server at an address that is no root server's gets a name of its own."""
    assert drivers.hints(("2001:db8::1",)) == (
        ". 3600000 NS hint0.root-servers.net.\nhint0.root-servers.net. 3600000 AAAA 2001:db8::1\n"
    )


def test_timers_of_bind() -> None:
    """BIND's own fast clock is an option of its command line."""
    command = DRIVERS["named"].command(replace(PLAIN, mkeytimers=(1, 2, 60)))
    assert command[1:5] == ["-g", "-4", "-T", "mkeytimers=1/2/60"]
    assert "-T" not in DRIVERS["named"].command(PLAIN)


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=lambda one: one.name)
def test_facts(driver: Driver) -> None:
    """Every driver names a model there is, or none, and folders that are there; it writes inside its own."""
    assert driver.model in ("", *MODELS)
    assert driver.package
    assert driver.install
    assert "systemd-resolved" not in driver.install
    assert driver.clocks[-1] == "none"
    assert driver.knobs <= {"udp_size", "tcp", "address6", "port"}
    for setting in (PLAIN, FULL):
        assert set(driver.state(setting)) <= set(FOLDERS)
        assert all(not path.startswith(("/", ".")) for path in driver.files(setting))
        assert all(path.startswith("state/") for path in driver.seeds(setting))
        command = driver.command(setting)
        assert command[0] == driver.program or driver.program in command
        assert "$" not in "".join(text for path, text in driver.files(setting).items() if path[-3:] != ".sh")
        assert all(text.endswith("\n") for text in driver.files(setting).values())
    assert not driver.managed or driver.state(PLAIN)


def test_templates_are_used_up() -> None:
    """Every template has a driver; those that learn nothing are driver files, named as their drivers are."""
    folder = Path(drivers.__file__).parent / "templates"
    files = {path.name for path in folder.glob("*.toml")}
    assert {path.name for path in folder.iterdir()} - files == {*MAIN.values(), "resolved.sh"}
    assert {name.removesuffix(".toml") for name in files} <= set(DRIVERS)


def test_no_such_driver() -> None:
    """The name may have its prefix; an unknown one is the caller's fault, who learns the names."""
    assert driver_of("daemon:unbound") is driver_of("unbound") is DRIVERS["unbound"]
    with pytest.raises(ScenarioError, match=r"no driver 'bind'; the drivers are unbound, unb"):
        driver_of("daemon:bind")
