"""Knot Resolver's key file: what kresd wrote is read and written to the octet; and plain anchor files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.errors import StateFileError
from lab.resolver.rfc5011 import State
from lab.resolver.state import anchors, knot
from lab.resolver.state.formats import FORMATS
from lab.resolver.state.vocabulary import Entry, TrustState

from .material import EXAMPLE, ROOT, ds, key

BY_KRESD = (Path(__file__).parent / "kresd-5.6.0.keys").read_bytes()
"""What kresd 5.6.0 wrote of keys of `material` at example.com., `keyset_write` called from its console."""


def test_file_of_kresd() -> None:
    """States and timers stand in comments; keys that are not trusted are commented out altogether."""
    state = knot.read(BY_KRESD, "f")
    assert state == TrustState(
        EXAMPLE,
        (
            Entry(key(1), State.VALID, ttl=86400),
            Entry(ds(9), State.VALID, ttl=3600),
            Entry(key(4), State.MISSING, until=1515000000, ttl=86400),
            Entry(key(2, 15), State.ADD_PEND, until=1514000000, ttl=40),
            Entry(key(3, 16), State.REVOKED, until=1513000000, ttl=86400),
        ),
    )
    assert knot.write(state) == BY_KRESD


def test_seed() -> None:
    """A line without a state is Valid and not confirmed, one hour its TTL; remarks are passed over."""
    seed = f"; anchors of the root\n; . 60 DS 1 ( remark\n. IN DS {ds(1).to_text()}\n".encode()
    state = knot.read(seed, "f")
    assert state == TrustState(ROOT, (Entry(ds(1), since=0, ttl=3600),))
    assert not state.is_initialised
    assert knot.write(state) == f".                   \t3600\tDS\t{ds(1).to_text()}\n".encode()


REFUSED = {
    "no timer": (
        ". DNSKEY 257 3 8 AAAA ; AddPend: ; KeyTag:1\n",
        "line 1: AddPend without its timer",
        "truncated",
    ),
    "timer": (". DNSKEY 257 3 8 AAAA ; Missing:x ; KeyTag:1\n", "line 1: the timer 'x' is not", "malformed"),
    "commented": (
        "; . DNSKEY 257 3 8 AA*A ; AddPend:1 ; KeyTag:1\n",
        "line 1: a public key that is not",
        "malformed",
    ),
    "type": (". A 192.0.2.1\n", "line 1: a record of type A", "malformed"),
    "names": (
        ". DNSKEY 257 3 8 AAAA\na. DNSKEY 257 3 8 AAAA\n",
        "line 2: a key of a. in the",
        "mixed-owners",
    ),
    "nothing": ("; . DNSKEY 257 3 8 AAAA\n", "no key", "empty"),
    "twice": (
        ". DNSKEY 257 3 8 AAAA\n; . DNSKEY 257 3 8 AAAA ; AddPend:1 ; KeyTag:1\n",
        "line 2: the anchor",
        "duplicate",
    ),
}


@pytest.mark.parametrize(("text", "problem", "defect"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str, problem: str, defect: str) -> None:
    """What Knot Resolver would never write is refused with its line."""
    with pytest.raises(StateFileError) as caught:
        knot.read(text.encode(), "f")
    assert str(caught.value).startswith(f"f: {problem}")
    assert caught.value.defect == defect


def test_timers_computed() -> None:
    """Timers follow from when a state began: 30 days, and 120 for a missing key."""
    since = 1500000000
    states = (State.ADD_PEND, State.MISSING, State.REVOKED, State.REMOVED, State.START)
    entries = tuple(Entry(key(n), s, since) for n, s in enumerate(states))
    found = knot.held(TrustState(ROOT, entries)).entries
    assert [(entry.state, entry.until) for entry in found] == [
        (State.ADD_PEND, since + 2592000),
        (State.MISSING, since + 10368000),
        (State.REVOKED, since + 2592000),
        (State.REMOVED, None),
    ]


def test_anchor_file() -> None:
    """DS and DNSKEY records of one name are read in order, TTL and class or not, over several lines."""
    lines = ds(1).to_text().replace(" ", " ; x\n")
    text = f"; remark\n. DS ( {lines} )\n. 60 IN RRSIG x\n"
    state = anchors.read(text.encode(), "f")
    assert state == TrustState(ROOT, (Entry(ds(1), since=0),))
    both = TrustState(EXAMPLE, (Entry(ds(2), since=0, ttl=5), Entry(key(1), since=0)))
    assert anchors.read(anchors.write(both), "f") == both
    assert anchors.write(both).decode().splitlines()[0] == f"example.com.\t5\tIN\tDS\t{ds(2).to_text()}"


def test_anchor_file_of_several_names() -> None:
    """Records of several names are read about one of them."""
    data = f". DS {ds(1).to_text()}\nexample.com. DS {ds(2).to_text()}\n".encode()
    assert anchors.read(data, "f", owner=EXAMPLE).entries == (Entry(ds(2), since=0),)
    for owner, defect in ((None, "mixed-owners"), (b"\x03net\x00", "other-owner")):
        with pytest.raises(StateFileError) as caught:
            anchors.read(data, "f", owner=owner)
        assert caught.value.defect == defect
    for text in ("; nothing\n", ". MX 1 a.\n"):
        with pytest.raises(StateFileError):
            anchors.read(text.encode(), "f")


def test_names_to_choose_from_are_told_as_far_as_there_is_room() -> None:
    """Of the names in a file the first eight are told."""
    data = "".join(f"{name}. DS {ds(1).to_text()}\n" for name in "abcdefghi").encode()
    with pytest.raises(StateFileError, match=re.escape("(a., b., c., d., e., f., g., h.)")):
        anchors.read(data, "f")


def test_nothing_to_write() -> None:
    """A state without a trusted key makes no anchor file, and one without a key no key file."""
    pending = TrustState(ROOT, (Entry(key(1), State.ADD_PEND, 5),))
    with pytest.raises(StateFileError, match="no key of this state is trusted") as caught:
        anchors.write(pending)
    assert caught.value.defect == "nothing-left"
    with pytest.raises(StateFileError, match="no empty key file"):
        knot.write(TrustState(ROOT, ()))


@pytest.mark.parametrize("form", ["anchors", "knot", "xml"])
def test_what_cannot_be_written_has_no_place(form: str) -> None:
    """The complaint names no file and no line: there is no file yet."""
    with pytest.raises(StateFileError) as caught:
        FORMATS[form].write(TrustState(ROOT, ()))
    assert (caught.value.place, caught.value.line) == ("", 0)


@pytest.mark.parametrize("form", ["unbound", "bind", "knot"])
def test_revoked_key_is_held_with_revoke_clear(form: str) -> None:
    """A state may hold the revoked copy of a key; in the file the state of the line tells it."""
    revoked = Entry(key(1, flags=257 | 128), State.REVOKED, 1500000000)
    (entry,) = FORMATS[form].held(TrustState(ROOT, (revoked,))).entries
    assert (entry.anchor, entry.state) == (key(1), State.REVOKED)
