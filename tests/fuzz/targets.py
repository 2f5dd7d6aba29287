"""What is fuzzed: one function of octets each, which returns if all is as it should be.

A declared error is as it should be, every other exception is a finding, as is an answer that is larger than
the client allowed. Seeds lie in tests/fuzz/seeds, a folder each; what once was a finding is kept there.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from lab.authority.ceremony import parse_ceremony
from lab.authority.ceremony_lint import lint_files
from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.slots import root_history
from lab.clock import parse_instant
from lab.dnssec.codec import MalformedMessage, parse_message
from lab.errors import CeremonyError, RplError, StateFileError, UserError
from lab.nameserver.impairments import Deliveries
from lab.nameserver.letters import Letters
from lab.nameserver.listener import Listener
from lab.nameserver.responder import Responder
from lab.nameserver.switchboard import parse_switch
from lab.replay.rpl import parse_rpl
from lab.resolver.state.formats import FORMATS, read_state
from lab.resolver.state.loading import LOADERS, load_for
from lab.scenario.load import load_text

SEEDS: Final = Path(__file__).parent / "seeds"
NOW: Final = parse_instant("2018-10-12T16:00:00Z")
FAULTS: Final = ("", "unsigned", "expired", "extra-keys=20", "stale=P2D", "missing-signatures=zone")
PING: Final = b"\xff\xff\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01"
"""A query that is always answered: `. SOA` without EDNS."""


@cache
def server() -> Responder:
    """Return a root of the day after the roll."""
    return Responder(ZoneSigner(root_history(), KeyRing()), limit=512)


def room(query: bytes) -> int:
    """Return how many octets an answer over UDP may have (RFC 6891 section 6.2.3)."""
    try:
        edns = parse_message(query).edns
    except MalformedMessage:
        return 12
    return 512 if edns is None else max(512, edns.udp_size)


def check_answer(query: bytes, answer: bytes | None, *, tcp: bool = False) -> None:
    """Refuse an answer that is none, or too large; what is no query gets none."""
    if answer is None:
        assert len(query) < 12 or query[2] & 0x80, "a query without an answer"
        return
    assert answer[:2] == query[:2], "an answer with another id"
    assert answer[2] & 0x80, "an answer that is a query"
    assert len(answer) <= (65535 if tcp else room(query)), "an answer larger than allowed"
    parse_message(answer)


def responder(data: bytes) -> None:
    """Ask the responder over UDP and TCP, and for a transfer; the first octet chooses a fault."""
    fault = FAULTS[data[0] % len(FAULTS)] if data else ""
    query, board = data[1:], Letters(server()).board
    if fault:
        board.on(parse_switch(fault))
    check_answer(query, server().answer(query, NOW))
    for tcp in (False, True):
        for found in board.answer(server(), query, NOW, tcp, transfers=len(query) % 64 == 0):
            check_answer(query, found.wire, tcp=tcp)


class _Sockets:
    """A listener, and a client that is connected to it, so that it hears nobody else."""

    def __init__(self) -> None:
        letters = Letters(server())

        def answer(wire: bytes, client: str, _local: str, tcp: bool) -> bytes | Deliveries | None:
            return letters.answer(wire, NOW, tcp, client=client)

        self.listener = Listener(answer, ("127.0.0.1",), idle_timeout=1.0)
        self.listener.start()
        self.place = ("127.0.0.1", self.listener.ports[0])
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.connect(self.place)
        self.udp.settimeout(5)
        self.count = 0


@cache
def sockets() -> _Sockets:
    """Return the one listener, begun when it is first needed."""
    return _Sockets()


def listener(data: bytes) -> None:
    """Send a datagram, now and then a stream, and see that the listener still answers afterwards."""
    ours = sockets()
    ours.count += 1
    query = data[:8192] if data[:2] != PING[:2] else b"\x00\x00" + data[2:8192]
    ours.udp.send(query)
    ours.udp.send(PING)
    while (answer := ours.udp.recv(65535))[:2] != PING[:2]:
        check_answer(query, answer)
    if ours.count % 16 == 0:
        # Whoever is hung up on while octets of his are still unread sees a reset (RFC 7766 section 6.2.3).
        with suppress(ConnectionError), socket.create_connection(ours.place, timeout=5) as stream:
            stream.sendall(data)
            with suppress(OSError):
                stream.shutdown(socket.SHUT_WR)
            while stream.recv(65535):
                pass
    assert ours.listener.failure is None, repr(ours.listener.failure)


def ceremony(data: bytes) -> None:
    """Read a KSR or SKR, and lint what can be read."""
    with suppress(CeremonyError):
        lint_files([parse_ceremony(data, "f")])


def state(data: bytes) -> None:
    """Read a trust-state file in every format, root-anchors.xml among them, and as its program would."""
    for form in FORMATS.values():
        with suppress(StateFileError):
            read_state(data, "f", form, at=NOW)
    for model in LOADERS:
        load_for(model, data, at=NOW)


def rpl(data: bytes) -> None:
    """Read a scenario file of testbound or Deckard."""
    with suppress(RplError):
        parse_rpl(data.decode("utf-8", "replace"), "f.rpl")


def scenario(data: bytes) -> None:
    """Read a scenario."""
    with suppress(UserError):
        load_text(data.decode("utf-8", "replace"), Path("f.toml"))


class Target(NamedTuple):
    """One target: what it is fed to, and its share of all that is tried, in percent."""

    feed: Callable[[bytes], None]
    share: int


TARGETS: Final[dict[str, Target]] = {
    "responder": Target(responder, 58),
    "listener": Target(listener, 20),
    "state": Target(state, 6),
    "rpl": Target(rpl, 6),
    "ceremony": Target(ceremony, 6),
    "scenario": Target(scenario, 4),
}
"""Shares follow what one costs: a scenario takes fifty times as long to read as a query."""


def seeds(name: str) -> list[bytes]:
    """Return the seeds of a target, in order."""
    return [path.read_bytes() for path in sorted((SEEDS / name).iterdir())]
