"""The clients of a real resolver: what they ask it at a look, and what they make of the answers.

Every look asks for names never asked before, so that no answer comes from the resolver's cache of answers:
one in the signed child and one in the unsigned child. Where an answer fails, another name is asked for with
CD set: if that succeeds, validation is what failed (RFC 4035 section 3.2.2). What did not fit is asked for
again over TCP, as all clients do (RFC 7766 section 5).
"""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Final

from ..authority.signer import ChildNames
from ..clock import Instant
from ..dnssec.codec import MalformedMessage, make_query, parse_message
from ..dnssec.names import ROOT, name_from_text
from ..dnssec.rrtypes import A

AD: Final = 0x20
"""In the fourth octet of a header: the answer is authenticated (RFC 4035 section 3.2.3)."""

TC: Final = 0x02
"""In the third octet: the answer did not fit (RFC 1035 section 4.1.1)."""
_LENGTH: Final = struct.Struct("!H")
_CONNECT: Final = 1.0
"""Seconds to connect: on loopback the kernel does it at once, whatever the server is about."""

SIGNED, UNSIGNED, CHECK, PROBE = "signed", "unsigned", "check", "probe"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its RCODE, and whether the resolver says that it validated it."""

    rcode: int
    authenticated: bool


class Client:
    """Ask one resolver, without waiting: questions go out, answers are taken in later."""

    def __init__(self, address: str, children: ChildNames, port: int = 53) -> None:
        """Connect a socket to the resolver, so that nobody else can answer."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._server = address, port
        self._socket.connect(self._server)
        self._socket.setblocking(False)
        self._children, self._next = children, 0
        self.open: dict[int, str] = {}
        """Questions without an answer, by message ID: what they were asked for."""
        self._wires: dict[int, bytes] = {}
        self._repeated: set[int] = set()
        self._streams: dict[int, tuple[socket.socket, bytearray]] = {}
        self.answers: dict[str, Answer] = {}

    def look(self, now: Instant, tags: tuple[int, ...] = ()) -> None:
        """Ask for a new name in each child, and for the sentinel names of some key tags (RFC 8509)."""
        self._forget()
        self._ask(SIGNED, _below(f"n{now}-{self._next}", self._children.secure))
        self._ask(UNSIGNED, _below(f"n{now}-{self._next}", self._children.insecure))
        for tag in tags:
            self._ask(f"{tag:05d}", _below(f"root-key-sentinel-is-ta-{tag:05d}", self._children.secure))

    def probe(self) -> None:
        """Ask for the root's name servers, to see whether anybody answers at all."""
        self._forget()
        self._ask(PROBE, ROOT, cd=True)

    @property
    def fails(self) -> bool:
        """Tell whether a name in a child got another answer than success; of sentinel names that is one."""
        return any(what in self.answers and self.answers[what].rcode for what in (SIGNED, UNSIGNED))

    def told(self) -> str:
        """Say in a few words what came back: an RCODE each, or that nothing came."""
        words = []
        for what in (SIGNED, UNSIGNED, CHECK):
            answer = self.answers.get(what)
            words.append(f"{what}: {'no answer' if answer is None else f'rcode {answer.rcode}'}")
        return ", ".join(words)

    def check(self, now: Instant) -> None:
        """Ask for a new name in the signed child without validation."""
        self._ask(CHECK, _below(f"c{now}-{self._next}", self._children.secure), cd=True)

    def repeat(self) -> bool:
        """Ask again what was not answered, once, as a stub resolver does; tell whether there was anything."""
        numbers = [number for number in self.open if number not in self._repeated]
        for number in numbers:
            self._repeated.add(number)
            with contextlib.suppress(OSError):
                self._socket.send(self._wires[number])
        return bool(numbers)

    def _ask(self, what: str, name: bytes, *, cd: bool = False) -> None:
        self._next = self._next % 0xFFFF + 1
        self.open[self._next] = what
        self._wires[self._next] = wire = make_query(name, A, id=self._next, rd=True, cd=cd)
        with contextlib.suppress(OSError):  # nobody listens: no answer will come
            self._socket.send(wire)

    def _ask_again(self, number: int) -> None:
        """Ask over TCP; where that is impossible no answer will come."""
        stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            stream.settimeout(_CONNECT)
            stream.connect(self._server)
            stream.sendall(_LENGTH.pack(len(self._wires[number])) + self._wires[number])
            stream.setblocking(False)
        except OSError:
            stream.close()
        else:
            self._streams[number] = stream, bytearray()

    def take(self) -> bool:
        """Take in the answers that have come, and tell whether that led to another question."""
        before = len(self._streams)
        while True:
            try:
                wire = self._socket.recv(65535)
            except OSError:
                break
            self._read(wire)
        asked_again = len(self._streams) > before
        for number in list(self._streams):
            self._read_stream(number)
        return asked_again

    def _read_stream(self, number: int) -> None:
        """Take in what has come over TCP; whoever hangs up has said what there was to say."""
        stream, held = self._streams[number]
        part = b"go on"
        while part:
            try:
                part = stream.recv(65535)
            except BlockingIOError:
                break
            except OSError:
                part = b""
            held += part
        begin, end = _LENGTH.size, _LENGTH.size + int.from_bytes(held[: _LENGTH.size])
        if begin < end <= len(held):
            self._read(bytes(held[begin:end]), tcp=True)
            part = b""
        if not part:
            self._streams.pop(number)[0].close()

    def _read(self, wire: bytes, *, tcp: bool = False) -> None:
        """Note an answer, or ask again for one that did not fit."""
        try:
            message = parse_message(wire)
        except MalformedMessage:
            return
        number = message.id
        if number not in self.open or (number in self._streams and not tcp):
            return
        if wire[2] & TC and not tcp:
            self._ask_again(number)
        else:
            self.answers[self.open.pop(number)] = Answer(message.rcode, bool(wire[3] & AD))

    def give_up(self) -> None:
        """Wait for no answer any more."""
        self.open, self._wires, self._repeated = {}, {}, set()
        while self._streams:
            self._streams.popitem()[1][0].close()

    def _forget(self) -> None:
        """Begin anew: nothing is asked, nothing is answered."""
        self.give_up()
        self.answers = {}

    def close(self) -> None:
        """Close the sockets."""
        self.give_up()
        self._socket.close()


def _below(label: str, zone: bytes) -> bytes:
    return name_from_text(f"{label}.")[:-1] + zone


def outcome_of(answer: Answer | None, *, passes: bool) -> str:
    """Return what a client sees, from an answer about a signed name.

    A resolver that `passes` what it cannot validate answers without AD all the same. None is no answer.
    """
    if answer is None or answer.rcode != 0:
        return "bogus"
    if answer.authenticated:
        return "secure"
    return "unvalidated" if passes else "insecure"
