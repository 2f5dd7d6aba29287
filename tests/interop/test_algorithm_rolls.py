"""Debian's Unbound in the middle of algorithm rolls, and what harden-algo-downgrade makes of them."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.clock import Instant, parse_instant
from lab.dnssec.names import ROOT
from lab.drivers import shim
from lab.drivers.clocks import ClockPage
from lab.nameserver.listener import Listener
from lab.nameserver.responder import Responder
from lab.scenario.load import load_scenario
from tests.conftest import unavailable

pytestmark = pytest.mark.no_cover

RING = KeyRing()
ANCHORS = ("ksk-2024", "ksk-ecdsa")
"""The old key, and the new one: who follows RFC 5011 has learnt it by then."""
CONFIGURATION = """\
server:
    interface: 127.0.0.1@{port}
    do-daemonize: no
    chroot: ""
    username: ""
    directory: "{folder}"
    pidfile: "{folder}/unbound.pid"
    use-syslog: no
    do-ip6: no
    do-not-query-localhost: no
    module-config: "validator iterator"
    harden-algo-downgrade: {harden}
    {anchors}
stub-zone:
    name: "."
    stub-addr: 127.0.0.1@{root}
"""


@contextmanager
def served(scenario: str, now: Instant) -> Iterator[int]:
    """Serve a scenario as it is at an instant, and give the port."""
    loaded = load_scenario(scenario)
    responder = Responder(ZoneSigner(loaded.timeline, RING, watermark=loaded.name))

    def answer(wire: bytes, _client: str, _local: str, tcp: bool) -> bytes | None:
        return responder.answer(wire, now, tcp)

    with Listener(answer, ("127.0.0.1",)) as listener:
        yield listener.ports[0]


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def ask(port: int, question: str) -> str:
    """Return `secure`, `insecure` or the error a resolver gives, when it has begun to answer."""
    name, rrtype = question.split()
    query = dns.message.make_query(name, rrtype, want_dnssec=True)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            answer = dns.query.udp(query, "127.0.0.1", timeout=0.5, port=port, ignore_errors=True)
        except (dns.exception.Timeout, OSError):
            time.sleep(0.1)  # noqa: TID251 (the daemon is starting, in real time)
            continue
        if answer.rcode() != dns.rcode.NOERROR:
            return dns.rcode.to_text(answer.rcode())
        return "secure" if answer.flags & dns.flags.AD else "insecure"
    return "no answer"


@pytest.mark.parametrize(
    ("scenario", "at", "lenient", "strict"),
    [
        # the roll, an instant in its middle; DNSKEY, zone data without and with harden-algo-downgrade
        ("algorithm-roll-proposed", "2028-08-01", ("secure", "secure"), ("secure", "secure")),
        ("algorithm-roll-ksk-alone", "2028-03-01", ("secure", "secure"), ("secure", "SERVFAIL")),
        ("algorithm-roll-silent-key", "2028-03-01", ("secure", "secure"), ("SERVFAIL", "SERVFAIL")),
        ("algorithm-roll-liberal", "2028-03-01", ("secure", "secure"), ("secure", "secure")),
        ("algorithm-roll-silent-key-new-zsk", "2028-03-01", ("secure", "secure"), ("SERVFAIL", "SERVFAIL")),
    ],
)
def test_unbound(
    tmp_path: Path,
    debian_tool: Callable[[str], str],
    scenario: str,
    at: str,
    lenient: tuple[str, str],
    strict: tuple[str, str],
) -> None:
    """Unbound takes one good algorithm; told to harden it wants all of its anchors, for all data."""
    reason = shim.unavailable()
    if reason:
        unavailable(reason)
    page = ClockPage.create(tmp_path / "clock")
    now = parse_instant(at)
    page.jump(now)
    anchors = [f'trust-anchor: ". DS {RING.key(name).ds(ROOT).to_text()}"' for name in ANCHORS]
    seen = {}
    for harden in ("no", "yes"):
        port = free_port()
        with served(scenario, now) as root:
            (tmp_path / "unbound.conf").write_text(
                CONFIGURATION.format(
                    port=port, root=root, folder=tmp_path, harden=harden, anchors="\n    ".join(anchors)
                )
            )
            command = [debian_tool("unbound"), "-c", str(tmp_path / "unbound.conf")]
            environment = {**os.environ, **page.environment("unbound")}
            with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as daemon:
                seen[harden] = (ask(port, ". DNSKEY"), ask(port, "alpha. DS"))
                daemon.terminate()
    page.close()
    assert seen == {"no": lenient, "yes": strict}
