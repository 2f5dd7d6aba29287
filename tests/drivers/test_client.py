"""What clients ask at a look, and what they make of the answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from lab.authority.signer import CHILDREN
from lab.dnssec.codec import parse_message
from lab.drivers.client import CHECK, SIGNED, UNSIGNED, Answer, Client, outcome_of

CD = 0x10
"""In the fourth octet of a header (RFC 4035 section 3.2.2)."""


@pytest.fixture
def resolver() -> Iterator[socket.socket]:
    """Return the socket of somebody who could answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
        yield one


def client_of(resolver: socket.socket) -> Client:
    """Return a client of that resolver."""
    return Client("127.0.0.1", CHILDREN, resolver.getsockname()[1])


def answer(resolver: socket.socket, edit: Callable[[bytes, bytearray], None]) -> bytes:
    """Answer one query: take its header back as a response, edited; return the query."""
    wire, source = resolver.recvfrom(4096)
    reply = bytearray(wire)
    reply[2] |= 0x80
    edit(wire, reply)
    resolver.sendto(reply, source)
    return wire


def authenticated(_query: bytes, reply: bytearray) -> None:
    """Set AD (RFC 4035 section 3.2.3)."""
    reply[3] |= 0x20


def servfail(_query: bytes, reply: bytearray) -> None:
    """Answer SERVFAIL."""
    reply[3] |= 2


def await_answers(client: Client, count: int) -> None:
    """Take answers until there are so many."""
    end = time.monotonic() + 0.5
    while len(client.answers) < count and time.monotonic() < end:
        client.take()


def test_look(resolver: socket.socket) -> None:
    """A look asks for a name in each child that was not asked before, and for the sentinels wanted."""
    client = client_of(resolver)
    names = []
    for _ in range(2):
        client.look(1000, tags=(19036,))
        wires = [answer(resolver, authenticated) for _ in range(3)]
        questions = [parse_message(wire).question for wire in wires]
        names += [question.owner for question in questions if question is not None]
        await_answers(client, 3)
        assert client.answers == {name: Answer(0, True) for name in (SIGNED, UNSIGNED, "19036")}
        assert not client.open
        assert not client.fails
    assert len(set(names[:2] + names[3:5])) == 4
    assert names[2] == names[5] == b"\x1droot-key-sentinel-is-ta-19036" + CHILDREN.secure
    client.close()


def test_a_sentinel_says_no_by_failing(resolver: socket.socket) -> None:
    """SERVFAIL for a sentinel name is its answer (RFC 8509 section 3), not a failure of the resolver."""
    client = client_of(resolver)
    client.look(1000, tags=(19036,))
    for how in (authenticated, authenticated, servfail):
        answer(resolver, how)
    await_answers(client, 3)
    assert client.answers["19036"] == Answer(2, False)
    assert not client.fails
    client.close()


def test_check_has_cd(resolver: socket.socket) -> None:
    """Who got SERVFAIL asks again without validation (RFC 4035 section 3.2.2)."""
    client = client_of(resolver)
    client.look(1000)
    assert not answer(resolver, servfail)[3] & CD
    answer(resolver, servfail)
    await_answers(client, 2)
    assert client.fails
    client.check(1000)
    assert answer(resolver, authenticated)[3] & CD
    await_answers(client, 3)
    assert client.answers[CHECK].rcode == 0
    assert client.told() == "signed: rcode 2, unsigned: rcode 2, check: rcode 0"
    client.close()


def truncated(_query: bytes, reply: bytearray) -> None:
    """Answer that the answer does not fit."""
    reply[2] |= 2


@pytest.mark.parametrize("said", [b"whole", b"in two parts", b"nothing"])
def test_what_did_not_fit(resolver: socket.socket, said: bytes) -> None:
    """Whoever gets TC asks again over TCP, and takes what comes there, if it comes (RFC 7766 section 5)."""
    client = client_of(resolver)
    with socket.create_server(resolver.getsockname()) as server:
        client.look(1000)
        asked = answer(resolver, truncated)
        client.take()
        stream, _ = server.accept()
        assert stream.recv(4096) == len(asked).to_bytes(2) + asked
        client.take()
        assert client.answers == {}
        reply = bytearray(asked)
        reply[2], reply[3] = reply[2] | 0x80, reply[3] | 0x20
        whole = len(reply).to_bytes(2) + reply
        if said == b"in two parts":
            stream.sendall(whole[:7])
            await_answers(client, 1)
            stream.sendall(whole[7:])
        elif said == b"whole":
            stream.sendall(whole)
        stream.close()
        await_answers(client, 1)
    assert client.answers == ({} if said == b"nothing" else {SIGNED: Answer(0, True)})
    client.close()


def test_no_tcp(resolver: socket.socket) -> None:
    """Where nobody takes connections, what did not fit stays without an answer."""
    client = client_of(resolver)
    client.look(1000)
    answer(resolver, truncated)
    await_answers(client, 1)
    assert client.answers == {}
    client.close()


def test_rubbish_and_strangers(resolver: socket.socket) -> None:
    """What cannot be read, and an answer to nothing that was asked, are no answers."""
    client = client_of(resolver)
    client.look(1000)
    _, source = resolver.recvfrom(4096)
    resolver.sendto(b"rubbish", source)
    answer(resolver, lambda _query, reply: reply.__setitem__(0, 0xFF))
    await_answers(client, 1)
    assert client.answers == {}
    client.give_up()
    assert not client.open
    client.close()


@pytest.mark.parametrize(
    ("got", "passes", "outcome"),
    [
        (Answer(0, True), False, "secure"),
        (Answer(0, False), False, "insecure"),
        (Answer(0, False), True, "unvalidated"),
        (Answer(2, False), False, "bogus"),
    ],
)
def test_outcome(got: Answer, passes: bool, outcome: str) -> None:
    """AD says secure, its absence insecure, an error bogus."""
    assert outcome_of(got, passes=passes) == outcome
