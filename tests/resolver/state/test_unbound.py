"""Unbound's autotrust file: what the strict reader takes, and what it writes (validator/autotrust.c)."""

from __future__ import annotations

import pytest

from lab.dnssec.keys import Key
from lab.errors import StateFileError
from lab.resolver.rfc5011 import State
from lab.resolver.state import unbound
from lab.resolver.state.unbound import key_bits
from lab.resolver.state.vocabulary import Entry, TrustState

from .material import EXAMPLE, ROOT, ds, key

FULL = TrustState(
    ROOT,
    (
        Entry(key(2), State.ADD_PEND, 1501000000, sightings=7, ttl=86400),
        Entry(key(1), State.VALID, 1500000000, sightings=0, ttl=86400),
        Entry(key(3), State.MISSING, 1500000009, sightings=0, ttl=0),
        Entry(key(4), State.REVOKED, 1500000010, sightings=0, ttl=3600),
    ),
    1501000001,
    1501000002,
    1501043202,
    6,
    43200,
    8640,
)


def refusal(text: str) -> StateFileError:
    """Return the error the strict reader raises."""
    with pytest.raises(StateFileError) as caught:
        unbound.read(text.encode(), "root.key")
    return caught.value


def test_every_state() -> None:
    """Each state is written with its number and word; a revoked key has the REVOKE bit and its other tag."""
    lines = unbound.write(FULL).decode().splitlines()
    assert lines[:8] == [
        "; autotrust trust anchor file",
        ";;id: . 1",
        ";;last_queried: 1501000001 ;;Tue Jul 25 16:26:41 2017",
        ";;last_success: 1501000002 ;;Tue Jul 25 16:26:42 2017",
        ";;next_probe_time: 1501043202 ;;Wed Jul 26 04:26:42 2017",
        ";;query_failed: 6",
        ";;query_interval: 43200",
        ";;retry_time: 8640",
    ]
    assert lines[8].startswith(".\t86400\tIN\tDNSKEY\t257 3 13 ")
    assert lines[8].endswith(
        f" ;{{id = {key(2).tag} (ksk), size = 256b}} ;;state=1 [ ADDPEND ] ;;count=7 "
        ";;lastchange=1501000000 ;;Tue Jul 25 16:26:40 2017"
    )
    assert [line.partition(" ;;state=")[2][:13] for line in lines[8:]] == [
        "1 [ ADDPEND ]",
        "2 [  VALID  ]",
        "3 [ MISSING ]",
        "4 [ REVOKED ]",
    ]
    assert "385 3 13 " in lines[11]
    assert f"id = {key(4).revoked().tag} (ksk)" in lines[11]
    assert unbound.read(unbound.write(FULL), "f") == FULL


def test_lines_without_state() -> None:
    """A line without state is Valid, never confirmed, with a TTL of one hour if it names none."""
    seed = f"example.com. IN DS {ds(1).to_text()} ; remark\nexample.com. DNSKEY 256 3 5 AAAA ;{{id = 1}}\n"
    state = unbound.read(seed.encode(), "f")
    assert state == TrustState(
        EXAMPLE, (Entry(ds(1), since=0, ttl=3600), Entry(Key(256, 5, b"\0\0\0"), since=0, ttl=3600))
    )
    assert not state.is_initialised
    assert unbound.read(unbound.write(state), "f") == state
    assert b";;" not in unbound.write(state)


def test_all_revoked() -> None:
    """A deleted trust point is marked at the top, as Unbound looks for it there."""
    text = unbound.write(TrustState(ROOT, FULL.entries[3:], deleted=True)).decode()
    assert text.splitlines()[1] == ";;REVOKED"
    assert text.index(";;REVOKED") < text.index(";;id: . 1")
    assert unbound.read(text.encode(), "f").deleted


REFUSED = {
    "second id": (";;id: . 1\n;;id: . 1\n", "line 2: a second ;;id", "duplicate"),
    "second number": (
        ";;id: . 1\n;;retry_time: 1\n;;retry_time: 2\n",
        "line 3: a second ;;retry_time",
        "duplicate",
    ),
    "class": (";;id: . 3\n", "line 1: class '3' of the trust point, which is not 1", "malformed"),
    "name": (";;id: a..b 1\n", "line 1: ", "malformed"),
    "number": (";;id: . 1\n;;query_failed: 256\n", "line 2: query_failed '256' is not", "malformed"),
    "time": (";;id: . 1\n;;last_success: 4294967296\n", "line 2: last_success '4294967296' is", "malformed"),
    "no id": (";;last_success: 1\n", "line 1: no ;;id line", "malformed"),
    "revoked late": (";;id: . 1\n;;REVOKED\n", "line 2: ;;REVOKED behind ;;id", "malformed"),
    "key first": (". DNSKEY 257 3 8 AAAA\n;;id: . 1\n", "line 1: a key before the ;;id line", "duplicate"),
    "nothing": ("; no key\n", "neither a key nor ;;id", "empty"),
    "other type": (". NS a.\n", "line 1: a record of type NS", "malformed"),
    "other owner": (
        ";;id: . 1\na. DNSKEY 257 3 8 AAAA\n",
        "line 2: a key of a. in the file of .",
        "mixed-owners",
    ),
    "twice": (". DNSKEY 257 3 8 AAAA\n. DNSKEY 385 3 8 AAAA\n", "line 2: the anchor of line 1", "duplicate"),
    "no count": (". DNSKEY 257 3 8 AAAA ;;state=2 [  VALID  ]\n", "line 1: the comment with", "truncated"),
    "state": (
        ". DNSKEY 257 3 8 AAAA ;;state=6 [  ] ;;count=0 ;;lastchange=0\n",
        "line 1: state '6'",
        "malformed",
    ),
    "count": (
        ". DNSKEY 257 3 8 AAAA ;;state=2 [] ;;count=256 ;;lastchange=0\n",
        "line 1: count",
        "malformed",
    ),
    "since": (
        ". DNSKEY 257 3 8 AAAA ;;state=2 [] ;;count=0 ;;lastchange=-1\n",
        "line 1: lastchange",
        "malformed",
    ),
}


@pytest.mark.parametrize("place", range(6))
def test_states_by_number(place: int) -> None:
    """The numbers of the states are those of Unbound, from START to REMOVED (validator/autotrust.h)."""
    text = f". DNSKEY 257 3 8 AAAA ;;state={place} [ x ] ;;count=0 ;;lastchange=0\n"
    names = ["Start", "AddPend", "Valid", "Missing", "Revoked", "Removed"]
    assert [e.state.value for e in unbound.read(text.encode(), "f").entries] == [names[place]]


def test_largest_numbers() -> None:
    """Times have 32 bits without a sign, delays 31."""
    times = ("last_queried", "last_success", "next_probe_time")
    lines = [f";;{name}: {2**32 - 1}" for name in times]
    lines += [f";;{name}: {2**31 - 1}" for name in ("query_interval", "retry_time")]
    state = unbound.read("\n".join([";;id: . 1", *lines, ";;query_failed: 255", ""]).encode(), "f")
    assert (state.last_queried, state.last_success, state.next_probe_time) == (2**32 - 1,) * 3
    assert (state.query_failed, state.query_interval, state.retry_time) == (255, 2**31 - 1, 2**31 - 1)
    for name in ("query_interval", "retry_time"):
        assert refusal(f";;id: . 1\n;;{name}: {2**31}\n").line == 2


@pytest.mark.parametrize(("text", "problem", "defect"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str, problem: str, defect: str) -> None:
    """What Unbound would never write is refused with its line."""
    error = refusal(text)
    assert str(error).startswith(f"root.key: {problem}")
    assert error.defect == defect


@pytest.mark.parametrize(
    ("algorithm", "octets", "bits"),
    [
        (8, b"\x03\x01\x00\x01" + bytes(256), 2048),
        (5, b"\x00\x01\x01" + bytes(257) + bytes(64), 512),
        (8, b"\x00\x01", 0),
        (8, b"\x09\x01", -64),
        (3, b"\x08" + bytes(10), 1024),
        (6, b"\x00", 512),
        (12, bytes(64), 512),
        (13, bytes(64), 256),
        (14, bytes(96), 384),
        (15, bytes(32), 256),
        (16, bytes(57), 456),
        (200, bytes(10), 0),
    ],
)
def test_sizes(algorithm: int, octets: bytes, bits: int) -> None:
    """The size in a key's comment is the one sldns reckons, odd keys included (sldns/keyraw.c)."""
    assert key_bits(Key(257, algorithm, octets)) == bits


def test_roles() -> None:
    """The comment calls a key ksk or zsk by its flags, and neither if it is no zone key."""
    text = unbound.write(
        TrustState(ROOT, tuple(Entry(key(n, 13, f), since=0) for n, f in ((1, 257), (2, 256), (3, 1))))
    )
    assert [line.rpartition("{")[2] for line in text.decode().splitlines()] == [
        f"id = {key(1).tag} (ksk), size = 256b}}",
        f"id = {key(2, 13, 256).tag} (zsk), size = 256b}}",
        f"id = {key(3, 13, 1).tag}, size = 256b}}",
    ]


def test_what_has_no_place() -> None:
    """Tombstones, Start, and anchors by DS that are not plainly trusted are not written."""
    entries = (
        Entry(key(1), State.START),
        Entry(key(2), State.REMOVED, 5),
        Entry(ds(3), State.REVOKED, 5),
        Entry(ds(4), State.MISSING, 5),
        Entry(key(5), State.VALID, 5),
    )
    assert unbound.held(TrustState(ROOT, entries, last_success=9)).entries == (
        Entry(ds(4), since=0, ttl=3600),
        Entry(key(5), since=5, sightings=0, ttl=3600),
    )


def test_times_from_the_end_of_a_timer() -> None:
    """Where only the end of a timer is known, the state began 30 days before (RFC 5011 section 2.4.1)."""
    found = unbound.held(TrustState(ROOT, (Entry(key(1), State.ADD_PEND, until=1502592000),))).entries
    assert (found[0].since, found[0].sightings) == (1500000000, 1)
