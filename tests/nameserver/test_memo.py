"""Test the memos: they answer as the slow path does, forget in time, and stay small."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.authority.ceremony_authority import SkrAuthority, read_skrs
from lab.authority.zone import zones_of
from lab.clock import DAY, HOUR, parse_instant
from lab.dnssec import codec
from lab.dnssec.codec import make_query
from lab.nameserver import responder as module
from lab.nameserver.memo import WildcardTails
from lab.nameserver.responder import Responder

from .lab import AUTHORITY, REVOCATION, ROLL, SLOW, query

EDGES = [
    AUTHORITY.timeline.start - 1,
    AUTHORITY.timeline.start,
    *(at + offset for at in (ROLL, ROLL + HOUR, REVOCATION) for offset in (-1, 0)),
]
LABELS = st.one_of(
    st.sampled_from(
        [b"x", b"new-name", b"NS", b"ns", b"*", b"!", b"o", b"nt", b"root-key-sentinel-is-ta-20326"]
    ),
    st.binary(min_size=1, max_size=3),
    st.binary(min_size=60, max_size=63),
)
APEXES = st.sampled_from([[], [b"alpha"], [b"ALpha"], [b"beta"], [b"x", b"alpha"], [b"x" * 63] * 3])
TYPES = st.sampled_from([1, 1, 1, 28, 43, 46, 48, 255])


@st.composite
def queries(draw: st.DrawFn) -> bytes:
    """Draw a query: names at, below and beside the zones, in any case, with any EDNS."""
    labels = [*draw(st.lists(LABELS, max_size=2)), *draw(APEXES)]
    name = b"".join(bytes((len(label),)) + label for label in labels) + b"\x00"
    if len(name) > 255:
        name = b"\x05Alpha\x00"
    wire = make_query(
        name,
        draw(TYPES),
        id=draw(st.integers(0, 65535)),
        udp_size=draw(st.sampled_from([512, 1232, 4096])),
        do=draw(st.booleans()),
        cd=draw(st.booleans()),
        rd=draw(st.booleans()),
        edns=draw(st.booleans()),
        options=draw(st.sampled_from([(), ((14, b"\x4a\x5c"),)])),
    )
    return draw(st.sampled_from([wire, wire, wire, wire[:-1], wire + b"\x00", pointing(wire, name)]))


def pointing(wire: bytes, name: bytes) -> bytes:
    """Return a query whose OPT record has a pointer to the end of the question's name as its owner."""
    end = 12 + len(name) + 4
    target = 12 + len(name) - 1
    return wire[:end] + bytes((0xC0 | target >> 8, target & 0xFF)) + wire[end + 1 :] if wire[end:] else wire


@given(st.lists(st.tuples(queries(), st.sampled_from(EDGES), st.booleans()), min_size=1, max_size=12))
@settings(max_examples=150)
def test_twins_agree(questions: list[tuple[bytes, int, bool]]) -> None:
    """With and without memory, every question gets the same octets, in any order and at any edge of time."""
    fast = Responder(AUTHORITY)
    for wire, now, tcp in [*questions, *questions]:
        assert fast.answer(wire, now, tcp) == SLOW.answer(wire, now, tcp)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=63), st.booleans()), min_size=1, max_size=30))
def test_twins_agree_on_labels(labels: list[tuple[bytes, bool]]) -> None:
    """Any label in the signed child gets what the slow path says, though only its like was asked before."""
    fast = Responder(AUTHORITY)
    for label, do in labels:
        wire = make_query(bytes((len(label),)) + label + b"\x05alpha\x00", 1, do=do)
        assert fast.answer(wire, ROLL) == SLOW.answer(wire, ROLL)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the list of queries that were read rather than remembered."""
    seen: list[bytes] = []

    def counted(wire: bytes) -> codec.Message:
        seen.append(wire)
        return codec.parse_message(wire)

    monkeypatch.setattr(module, "parse_message", counted)
    return seen


def test_dnskey_is_read_once_a_slot(reads: list[bytes]) -> None:
    """A DNSKEY answer is remembered for its slot, whatever the id, and rendered anew in the next."""
    fast = Responder(AUTHORITY)
    for day in range(10):
        fast.answer(make_query(b"\x00", 48, id=day), ROLL + day * DAY)
    assert len(reads) == 1
    fast.answer(make_query(b"\x00", 48), ROLL + 10 * DAY)
    assert len(reads) == 2


def test_zone_data_is_read_once_an_edition(reads: list[bytes]) -> None:
    """Zone data is remembered until it is signed again."""
    fast = Responder(AUTHORITY)
    for second in range(0, 24 * HOUR, 600):
        fast.answer(query("alpha.", "DS"), ROLL + HOUR + second)
    assert len(reads) == 2


def test_new_names_are_not_read(reads: list[bytes]) -> None:
    """Of a thousand names never asked before, one is read for each gap of the NSEC chain they fall into."""
    fast = Responder(AUTHORITY)
    for number in range(500):
        for label in (b"a%d" % number, b"x%d" % number):
            fast.answer(make_query(bytes((len(label),)) + label + b"\x05alpha\x00", 1, id=number), ROLL)
    assert len(reads) == 2


def test_memory_is_bounded(reads: list[bytes]) -> None:
    """A full memory forgets the oldest first, and answers it again."""
    fast = Responder(AUTHORITY, limit=2)
    names = (".", "alpha.", "beta.", "beta.", "alpha.", ".")
    found = [fast.answer(query(name, "SOA"), ROLL) for name in names]
    assert reads == [query(name, "SOA") for name in (".", "alpha.", "beta.", ".")]
    assert found == [SLOW.answer(query(name, "SOA"), ROLL) for name in names]


def test_kinds_of_new_names_are_bounded() -> None:
    """The memory of wildcard answers is bounded too: by kinds of query, whose number a client decides."""
    fast = Responder(AUTHORITY, limit=2)
    for size in (512, 513, 514, 512, 513, 514):
        for label in (b"\x01a", b"\x01z"):
            wire = make_query(label + b"\x05alpha\x00", 1, udp_size=size)
            assert fast.answer(wire, ROLL) == SLOW.answer(wire, ROLL)
    assert len(fast._tails[0]._known) == 2


def test_tails_leave_room_for_the_longest_label() -> None:
    """A tail is learnt only if the answer for a label of 63 octets fits the client as well."""
    wire = make_query(b"\x01x\x05alpha\x00", 1)
    response = SLOW.answer(wire, ROLL)
    assert response is not None
    zone = next(zone for zone in zones_of(AUTHORITY) if zone.apex == b"\x05alpha\x00")
    for missing in (0, 1):
        tails = WildcardTails(8)
        room = len(response) + 62 - missing
        kept = tails.keep(wire, codec.parse_message(wire), zone, (ROLL, ROLL + 1), response, room)
        assert kept is (missing == 0)
        assert tails.find(wire, ROLL) == (None if missing else response)
        assert tails.find(wire, ROLL + 1) is None


def test_replay_forgets_at_the_end(shared_data: Path) -> None:
    """What was remembered of the last bundle is not served beyond its expiration."""
    authority = SkrAuthority(read_skrs([shared_data / "skr" / "skr-root-2017-q1-0.xml"]))
    fast, slow = Responder(authority), Responder(authority, memo=False)
    last = parse_instant("2017-04-11")
    for now in (last - DAY, last, last + 1, last - DAY):
        assert fast.answer(query(".", "DNSKEY"), now) == slow.answer(query(".", "DNSKEY"), now)
