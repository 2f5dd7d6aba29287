"""BIND's managed-keys.bind: the file named wrote is read and written to the octet, and damage is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.clock import parse_instant
from lab.dnssec.keys import Key
from lab.errors import StateFileError
from lab.resolver.rfc5011 import State
from lab.resolver.state import bind
from lab.resolver.state.dates import digits, from_digits, http_time
from lab.resolver.state.vocabulary import Entry, TrustState

from .material import EXAMPLE, ROOT, ds, key

BY_NAMED = (Path(__file__).parent / "named-9.18.49.bind").read_bytes()
"""What named 9.18.49 dumped of keys of `material`: three names, one of them with a placeholder alone."""
LONG = b"\x12a-rather-long-name\x07example\x03net\x00"
REFRESH = parse_instant("2026-11-24T06:24:25Z")
ACCEPTED = parse_instant("2026-12-14T05:24:25Z")
HEAD = "$ORIGIN .\n$TTL 0\n@ IN SOA . . ( 5 0 0 0 0 )\n"


def read(text: str, at: int | None = None) -> TrustState:
    """Read a file of the root."""
    return bind.read(f"{HEAD}{text}".encode(), "f", at=at)


def test_file_of_named() -> None:
    """Times, states and order of the root's keys are those of the file."""
    assert bind.read(BY_NAMED, "f", owner=ROOT) == TrustState(
        ROOT,
        (
            Entry(key(4), State.VALID, since=0, refresh=REFRESH),
            Entry(
                key(3, 16), State.REVOKED, until=parse_instant("2026-12-03T05:24:25Z"), refresh=REFRESH,
                accepted=1400000000,
            ),
            Entry(key(1), State.VALID, since=1500000000, refresh=REFRESH),
            Entry(key(2, 15), State.ADD_PEND, until=ACCEPTED, refresh=REFRESH),
        ),
        serial=5,
    )  # fmt: skip


@pytest.mark.parametrize("owner", [ROOT, LONG])
def test_written_as_named_does(owner: bytes) -> None:
    """What is read from named's file is written again as it stands there, to the octet."""
    written = bind.write(bind.read(BY_NAMED, "f", owner=owner))
    head, body = written.split(b"\t)\n", 1)
    assert BY_NAMED.startswith(head)
    assert body in BY_NAMED


def test_placeholder() -> None:
    """A name with a placeholder alone has no key, and a state without a key is written as one."""
    state = bind.read(BY_NAMED, "f", owner=EXAMPLE)
    assert state == TrustState(EXAMPLE, (), serial=5)
    line = bind.write(state).decode().splitlines()[-1]
    assert line == "example.com\t\tKEYDATA\t" + "19700101000000 " * 3 + "0 0 0 ; placeholder"


def test_several_names() -> None:
    """A file for several names is read about one of them, and says which there are."""
    with pytest.raises(StateFileError) as caught:
        bind.read(BY_NAMED, "f")
    assert "(., example.com., a-rather-long-name.example.net.)" in str(caught.value)
    with pytest.raises(StateFileError) as caught:
        bind.read(BY_NAMED, "f", owner=b"\x03com\x00")
    assert (caught.value.defect, "no key of com." in str(caught.value)) == ("other-owner", True)


def keydata(accepted: str, removal: str = "19700101000000", comment: str = "") -> str:
    """Return a record whose next refresh is on 2026-11-24."""
    return f"  KEYDATA 20261124062425 {accepted} {removal} 257 3 8 ( AwEAAQ== ) ; KSK\n{comment}"


def test_state_depends_on_the_instant() -> None:
    """At an instant a key is pending before its acceptance time, and trusted from that second on."""
    text = keydata("20261214052425", comment=" ; trusted since: x\n")
    assert read(text, ACCEPTED - 1).entries[0].state is State.ADD_PEND
    assert read(text, ACCEPTED).entries[0] == Entry(
        read(text).entries[0].anchor, State.VALID, since=ACCEPTED, refresh=REFRESH
    )


def test_state_without_an_instant() -> None:
    """Without an instant the comment decides; without one, whether acceptance follows the next refresh."""
    late, early = keydata("20261214052425"), keydata("20261124062425")
    assert read(late).entries[0].state is State.ADD_PEND
    assert read(early).entries[0].state is State.VALID
    assert read(late + "\t; trusted since: x\n").entries[0].state is State.VALID
    assert read(early + "\t; trust pending: x\n").entries[0].state is State.ADD_PEND


def test_revoked_and_unconfirmed() -> None:
    """A removal time means revoked whatever else; no acceptance time means configured and not confirmed."""
    gone = read(keydata("20260101000000", "20270101000000"), at=0).entries[0]
    assert (gone.state, gone.until) == (State.REVOKED, parse_instant("2027-01-01"))
    fresh = read(keydata("19700101000000")).entries[0]
    assert (fresh.state, fresh.since, fresh.is_confirmed) == (State.VALID, 0, False)


REFUSED = {
    "few fields": (" KEYDATA 20261124062425 1 2\n", "a KEYDATA with 3 of its 7 fields", "truncated"),
    "time": (keydata("2026121405242"), "'2026121405242' is not a time", "malformed"),
    "February": (keydata("20260229000000"), "'20260229000000' is not a time", "malformed"),
    "flags without key": (
        keydata("20260101000000").replace("257 3", "49152 3"),
        "flags 49152, which",
        "malformed",
    ),
    "placeholder": (
        keydata("20260101000000").replace("257 3 8", "0 0 0"),
        "a placeholder (0 0 0) with",
        "malformed",
    ),
    "other type": (" NS a.\n", "a record of type NS", "malformed"),
    "SOA": ("@ SOA . . 1\n", "an SOA with 3 of its 7 fields", "truncated"),
    "serial": ("@ SOA . . 99999999999 0 0 0 0\n", "serial number '99999999999' is not", "malformed"),
    "nothing": ("", "no anchor", "empty"),
    "twice": (keydata("20260101000000") + keydata("20260101000001"), "the anchor of line 4", "duplicate"),
}


@pytest.mark.parametrize(("text", "problem", "defect"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str, problem: str, defect: str) -> None:
    """What BIND would never write is refused."""
    with pytest.raises(StateFileError) as caught:
        read(text)
    assert problem in str(caught.value)
    assert caught.value.defect == defect


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("19700101000000", 0),
        ("21060207062815", 2**32 - 1),
        ("21060207062816", None),
        ("19691231235959", None),
        ("20161231235960", parse_instant("2017-01-01")),
        ("20261301000000", None),
        ("20260100000000", None),
        ("20260101240000", None),
        ("20260101006000", None),
        ("20260101000061", None),
        ("2026010100000", None),
        ("٢0260101000000", None),
    ],
)
def test_times(text: str, instant: int | None) -> None:
    """Times are those of RFC 4034 section 3.2, of 32 bits, the leap second 60 included."""
    assert from_digits(text) == instant
    if instant is not None and not text.endswith("60"):
        assert digits(instant) == text


def test_dates_in_comments() -> None:
    """Comments carry the date as HTTP writes it."""
    assert http_time(1400000000) == "Tue, 13 May 2014 16:53:20 GMT"


def held(entry: Entry, **state: int) -> Entry | None:
    """Return what is left of one entry."""
    found = bind.held(TrustState(ROOT, (entry,)).noting(state)).entries
    return found[0] if found else None


def test_what_has_no_place() -> None:
    """No DS, no tombstone, no Missing: a missing key is trusted like any other."""
    assert held(Entry(ds(1))) is None
    assert held(Entry(key(1), State.REMOVED, 5)) is None
    assert held(Entry(key(1), State.START)) is None
    assert held(Entry(key(1), State.MISSING, 5, 6, 3, 60)) == Entry(key(1), State.VALID, since=5, refresh=0)


def test_times_that_must_be_there() -> None:
    """A trusted key of unknown age has some acceptance time, since none would mean that it is not trusted."""
    assert held(Entry(key(1))) == Entry(key(1), since=1, refresh=0)
    assert held(Entry(key(1)), last_success=7, next_probe_time=9) == Entry(key(1), since=7, refresh=9)
    assert held(Entry(key(1), since=0)) == Entry(key(1), since=0, refresh=0)
    pending = held(Entry(key(1), State.ADD_PEND, since=1500000000))
    assert pending == Entry(key(1), State.ADD_PEND, until=1502592000, refresh=0)
    revoked = held(Entry(key(1), State.REVOKED, since=1500000000))
    assert revoked == Entry(key(1), State.REVOKED, until=1502592000, refresh=0, accepted=1500000000)
    assert held(Entry(key(1), State.ADD_PEND), last_queried=5) == Entry(
        key(1), State.ADD_PEND, until=5 + 2592000, refresh=0
    )
    never = held(Entry(key(1), State.ADD_PEND))
    assert never == Entry(key(1), State.ADD_PEND, until=2592000, refresh=0)


NAMED = """
    1 RSAMD5    2 DH    3 DSA    5 RSASHA1    6 NSEC3DSA    7 NSEC3RSASHA1    8 RSASHA256    10 RSASHA512
    12 ECCGOST    13 ECDSAP256SHA256    14 ECDSAP384SHA384    15 ED25519    16 ED448
    252 INDIRECT    253 PRIVATEDNS    254 PRIVATEOID    4 4    99 99
"""
"""Algorithms as BIND prints them (lib/dns/rcode.c, SECALGNAMES); others by number."""
PAIRS = tuple(zip(NAMED.split()[::2], NAMED.split()[1::2], strict=True))


@pytest.mark.parametrize(("number", "name"), PAIRS)
def test_comment_names_the_algorithm(number: str, name: str) -> None:
    """A key's comment names its algorithm as BIND does."""
    written = bind.write(TrustState(ROOT, (Entry(Key(257, int(number), b"x"), since=5),))).decode()
    assert f"; KSK; alg = {name}; key id = " in written


@pytest.mark.parametrize(("flags", "role"), [(257, "KSK"), (256, "ZSK")])
def test_comment_names_the_role(flags: int, role: str) -> None:
    """A key that is no entry point is called a ZSK."""
    assert f"; {role}; alg" in bind.write(TrustState(ROOT, (Entry(key(1, 13, flags), since=5),))).decode()
