"""Test how models ask: UDP size, truncation, TCP, lost fragments, and what comes of odd answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab.dnssec.codec import RR, parse_message, records_of, render_response
from lab.dnssec.rrtypes import DNSKEY
from lab.resolver.fetch import Path, ask, fetch_dnskey, query_for

from .world import ROOT, T0, World, dnskeys, signed_set

SET = signed_set("1 2 3 4 5 6 7 8 9", "1 2 3")
"""A set whose response has some 1040 octets."""


class Wire:
    """Answer queries by a function of (octets, over TCP), and remember what was asked."""

    def __init__(self, reply: Callable[[bytes, bool], bytes | None]) -> None:
        self.reply = reply
        self.asked: list[tuple[int, bool]] = []

    def __call__(self, query: bytes, now: int, tcp: bool) -> bytes | None:
        """Answer as an authority would."""
        edns = parse_message(query).edns
        assert edns is not None
        assert now == T0
        self.asked.append((edns.udp_size, tcp))
        return self.reply(query, tcp)


def served() -> Wire:
    """Return a wire to an authority that cuts answers down to the size the client takes."""
    place = World(((T0, SET),))
    return Wire(lambda query, tcp: place.exchange(query, T0, tcp))


WHOLE = len(served()(query_for(ROOT, DNSKEY, 1232), T0, True) or b"")


def test_size_of_the_answer() -> None:
    """The answer used here fits 1232 octets and does not fit 900."""
    assert 900 < WHOLE < 1232


@pytest.mark.parametrize(
    ("path", "trouble", "asked"),
    [
        (Path(), "", [(1232, False)]),
        (Path(udp_size=900), "", [(900, False), (900, True)]),
        (Path(udp_size=900, tcp=False), "udp-size", [(900, False)]),
        (Path(udp_size=512), "", [(512, False), (512, True)]),
        (Path(drop_above=1000), "", [(1232, False), (512, False), (512, True)]),
        (Path(drop_above=1000, tcp=False), "udp-size", [(1232, False), (512, False)]),
        (Path(drop_above=1100), "", [(1232, False)]),
        (Path(udp_size=900, drop_above=1000), "", [(900, False), (900, True)]),
    ],
)
def test_paths(path: Path, trouble: str, asked: list[tuple[int, bool]]) -> None:
    """An answer too big comes truncated and is fetched over TCP; a lost one is asked for in 512 octets.

    That is how a requestor falls back (RFC 6891 section 6.2.5).
    """
    wire = served()
    fetch = fetch_dnskey(wire, ROOT, T0, path)
    assert (fetch.trouble, wire.asked) == (trouble, asked)
    assert (fetch.dnskeys is None) is bool(trouble)


@pytest.mark.parametrize("path", [Path(), Path(udp_size=512)])
def test_answer_is_no_trouble(path: Path) -> None:
    """With an answer, over UDP or TCP, there is nothing to complain of."""
    wire, trouble = ask(served(), ROOT, DNSKEY, T0, path)
    assert (wire is not None, trouble) == (True, "")


@pytest.mark.parametrize("reply", [None, b"", b"\0" * 11])
def test_no_answer(reply: bytes | None) -> None:
    """Silence, and what is too short for a header, is no answer."""
    wire = Wire(lambda _query, _tcp: reply)
    assert ask(wire, ROOT, DNSKEY, T0, Path()) == (None, "no-answer")


def test_no_answer_over_tcp() -> None:
    """A truncated answer with a dead TCP is no answer."""
    place = World(((T0, SET),))
    wire = Wire(lambda query, tcp: None if tcp else place.exchange(query, T0, tcp))
    assert fetch_dnskey(wire, ROOT, T0, Path(udp_size=512)).trouble == "no-answer"


def answer(records: tuple[RR, ...], rcode: int = 0) -> Wire:
    """Return a wire that answers with some records, whatever is asked."""
    return Wire(lambda query, _tcp: render_response(parse_message(query), rcode=rcode, answer=records))


@pytest.mark.parametrize(
    "wire",
    [
        answer(()),
        answer(records_of(SET), rcode=2),
        answer(tuple(RR(b"\x03net\x00", *record[1:]) for record in records_of(SET))),
        answer((RR(ROOT, DNSKEY, 1, 60, b"\x01\x01"),)),
        answer((RR(ROOT, DNSKEY, 3, 60, SET.rrset.rdatas[0]),)),
        Wire(lambda query, _tcp: query[:2] + b"\x80\0" + b"\xff" * 20),
    ],
    ids=["empty", "servfail", "other owner", "no key", "other class", "garbage"],
)
def test_answer_without_the_set(wire: Wire) -> None:
    """An error, another owner's set, a broken key or garbage hold no DNSKEY RRset, and nothing is raised."""
    fetch = fetch_dnskey(wire, ROOT, T0, Path())
    assert (fetch.dnskeys, fetch.trouble) == (None, "no-dnskey")


def test_the_set_is_read() -> None:
    """What comes is the RRset with its signatures, in the order in which they came."""
    found = fetch_dnskey(served(), ROOT, T0, Path()).dnskeys
    assert found is not None
    assert found.rrset == SET.rrset
    assert found.rrsigs == SET.rrsigs
    assert found.signer_tags == tuple(rrsig.key_tag for rrsig in SET.rrsigs)


def test_same_octets_same_object() -> None:
    """The same answer is taken apart once, whatever its message ID."""
    first = fetch_dnskey(served(), ROOT, T0, Path())
    place = World(((T0, SET),))
    other_id = Wire(lambda query, tcp: b"\x12\x34" + (place.exchange(query, T0, tcp) or b"")[2:])
    assert fetch_dnskey(other_id, ROOT, T0, Path()) is first


def test_query() -> None:
    """A model asks with DO and CD set, over class IN, with the size its path takes."""
    query = parse_message(query_for(ROOT, DNSKEY, 1400))
    assert query.question is not None
    assert (query.question.owner, query.question.qtype, query.id) == (ROOT, DNSKEY, 0)
    assert query.edns is not None
    assert (query.edns.udp_size, query.edns.do) == (1400, True)
    assert query.flags & 0x0110 == 0x0010


def test_entry_points_are_sorted() -> None:
    """Entry points are ordered by algorithm, tag and key, so that nothing hangs on the wire's order."""
    found = dnskeys("3 1 2", "1").entry_points
    assert list(found) == sorted(found, key=lambda key: key.sort_key)
    assert len(found) == 3
