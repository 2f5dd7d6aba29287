"""Test validation of a DNSKEY RRset: windows, who verifies, how a DS finds its key (RFC 4035 section 5.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.clock import DAY, HOUR
from lab.dnssec.keys import Key
from lab.dnssec.rrset import SignedRRset
from lab.resolver.policy import STRICT, Trust
from lab.resolver.rfc5011 import Cell, State
from lab.resolver.validator import (
    DnskeySet,
    edges,
    is_copy,
    key_of,
    proved_revoked,
    tolerance,
    validate,
    window,
)

from .world import ROOT, RSA, T0, TTL, dnskeys, ds, key, signed_set

TRUST = Trust()


def cells(*anchors: object) -> tuple[Cell, ...]:
    """Return trusted cells."""
    return tuple(Cell(anchor, State.VALID, T0) for anchor in anchors)  # type: ignore[arg-type]


def verifiers(keys: str, by: str, *anchors: object, now: int = T0, **knobs: str) -> list[str]:
    """Return the numbers of the keys that verify a set under a policy."""
    trust = STRICT.override({name.replace("_", "-"): value for name, value in knobs.items()}).trust
    found = validate(dnskeys(keys, by), cells(*anchors), ROOT, trust, now)
    slow = validate(dnskeys(keys, by), cells(*anchors), ROOT, trust, now, memo=False)
    assert found == slow
    return [str(number) for number in (*range(10), RSA) if key(number).identity in found]


@pytest.mark.parametrize(("now", "good"), [(-101, False), (-100, True), (0, True), (100, True), (101, False)])
def test_window_is_closed_at_both_ends(now: int, good: bool) -> None:
    """A signature is valid from its inception to its expiration, both included (RFC 4035 section 5.3.1)."""
    rrsig = dnskeys("1", "1", TTL, (T0 - 100, T0 + 100)).rrsigs[0]
    assert window(rrsig, TRUST, T0 + now) is good


@pytest.mark.parametrize(
    ("period", "skew"),
    [(60, HOUR), (10 * HOUR, HOUR), (20 * HOUR, 2 * HOUR), (10 * DAY, DAY), (21 * DAY, DAY)],
)
def test_tolerance(period: int, skew: int) -> None:
    """Unbound grants a tenth of the period at either end, one hour at least and a day at most."""
    trust = STRICT.override({"skew": "tenth"}).trust
    rrsig = dnskeys("1", "1", TTL, (T0, T0 + period)).rrsigs[0]
    assert (tolerance(rrsig, trust), tolerance(rrsig, TRUST)) == (skew, 0)
    assert [window(rrsig, trust, T0 + at) for at in (-skew - 1, -skew, period + skew, period + skew + 1)] == [
        False, True, True, False,
    ]  # fmt: skip


@given(st.integers(0, 2**33))
def test_windows_across_2106(now: int) -> None:
    """Windows are serial numbers, so they hold beyond the year 2106 (RFC 4035 section 5.3.1)."""
    rrsig = dnskeys.__wrapped__("1", "1", TTL, (now, now + DAY)).rrsigs[0]
    assert window(rrsig, TRUST, now)
    assert not window(rrsig, TRUST, now - 1)


@given(
    st.integers(0, 2**33), st.integers(2 * HOUR, 60 * DAY), st.integers(-80 * DAY, 80 * DAY), st.booleans()
)
def test_edges_are_where_the_window_opens_and_shuts(start: int, length: int, at: int, wide: bool) -> None:
    """The edges are the first second inside the period, tolerance and all, and the first beyond it."""
    trust = STRICT.override({"skew": "tenth" if wide else "none"}).trust
    rrsig = replace(dnskeys("1", "1").rrsigs[0], inception=start % 2**32, expiration=(start + length) % 2**32)
    slack = tolerance(rrsig, trust)
    waits = [start - slack - (start + at), start + length + slack + 1 - (start + at)]
    assert edges(rrsig, trust, start + at) == [wait for wait in waits if wait > 0]
    for wait in edges(rrsig, trust, start + at):
        assert window(rrsig, trust, start + at + wait) is not window(rrsig, trust, start + at + wait - 1)


@pytest.mark.parametrize(
    ("keys", "by", "found"),
    [
        ("1 2", "1 2", ["1", "2"]),
        ("1 2", "2 1", ["1", "2"]),
        ("1 2", "1", ["1"]),
        ("1 2", "~1", []),
        ("1 2", "~1 2", ["2"]),
        ("1 2", "~1 1", ["1"]),
        ("1 2", "3", []),
        ("1 2", "0", []),
        ("1 2", "", []),
        ("-1 2", "-1", []),
        ("1 2", "1 1", ["1"]),
    ],
)
def test_who_verifies(keys: str, by: str, found: list[str]) -> None:
    """Trusted keys verify, each counted once; strangers, zone keys and revoked keys do not."""
    assert verifiers(keys, by, ds(1), ds(2)) == found


@pytest.mark.parametrize(
    ("signer", "form", "found"),
    [
        ("stored", key, ["1"]),
        ("in-set", key, []),
        ("stored", ds, []),
        ("in-set", ds, []),
    ],
)
def test_absent_signer(signer: str, form: object, found: list[str]) -> None:
    """A stored key verifies though it is absent, if policy lets it; a DS cannot."""
    assert verifiers("2", "1", form(1), signer=signer) == found  # type: ignore[operator]


def test_stored_key_whose_revoked_copy_is_published() -> None:
    """A revoked copy in the set does not keep the stored key from verifying as what it was."""
    assert verifiers("-1 2", "1", key(1)) == ["1"]
    assert verifiers("-1 2", "1", key(1), signer="in-set") == []


@pytest.mark.parametrize(
    ("keys", "by", "good"), [("1 2", "2", True), ("1 2", "~2", False), ("2", "2", False)]
)
def test_presence(keys: str, by: str, good: bool) -> None:
    """Trust by presence takes anybody's signature once the anchor stands in the set."""
    assert (verifiers(keys, by, key(1), signer="presence") != []) is good


@pytest.mark.parametrize(("by", "found"), [("1", []), ("2010", []), ("1 2010", ["1", "2010"])])
def test_all_algorithms(by: str, found: list[str]) -> None:
    """With `algorithms = all` each algorithm of the trusted keys must verify."""
    assert verifiers("1 2010", by, key(1), key(RSA), algorithms="all") == found
    assert verifiers("1 2010", "1", key(1), algorithms="all") == ["1"]


def test_expired_signature_verifies_nothing() -> None:
    """Outside its period a good signature counts for nothing."""
    held = dnskeys("1", "1", TTL, (T0, T0 + 100))
    assert validate(held, cells(ds(1)), ROOT, TRUST, T0 + 100) == (key(1).identity,)
    assert validate(held, cells(ds(1)), ROOT, TRUST, T0 + 101) == ()


def test_key_of() -> None:
    """A key is found by its identity, a DS by its digest, its revoked copy by the key alone."""
    held = dnskeys("-1 2", "2")
    assert key_of(cells(key(1))[0], held, ROOT, TRUST) == key(1).revoked()
    assert key_of(cells(ds(1))[0], held, ROOT, TRUST) is None
    assert key_of(cells(ds(2))[0], held, ROOT, TRUST) == key(2)
    assert key_of(cells(ds(3))[0], held, ROOT, TRUST) is None


def test_nothing_proved_revoked() -> None:
    """Without a revoked copy nothing is proved, and without its own signature neither."""
    for keys, by, found in (("1 2", "1", ()), ("-1 2", "2", ()), ("-1 2", "-1", (key(1).identity,))):
        assert proved_revoked(dnskeys(keys, by), TRUST, T0) == found


def test_ds_of_a_revoked_key() -> None:
    """Resolved clears the bit before it compares, so a DS finds its revoked key."""
    trust = STRICT.override({"revoked-ds": True}).trust
    assert key_of(cells(ds(1))[0], dnskeys("-1 2", "2"), ROOT, trust) == key(1).revoked()
    assert key_of(cells(ds(3))[0], dnskeys("-1 2", "2"), ROOT, trust) is None


def test_ds_by_tag() -> None:
    """Knot finds the key of a DS by tag and algorithm alone, whatever its digest."""
    trust = STRICT.override({"match-ds-by": "tag"}).trust
    wrong = replace(ds(1), digest=bytes(32))
    held = dnskeys("1 2", "2")
    assert key_of(cells(wrong)[0], held, ROOT, trust) == key(1)
    assert key_of(cells(wrong)[0], held, ROOT, TRUST) is None
    assert key_of(cells(replace(wrong, algorithm=8))[0], held, ROOT, trust) is None


def test_plain_copy_is_preferred() -> None:
    """Where a key is published with and without REVOKE, validation sees it without, in any order."""
    for rdatas in (("1 -1", "-1 1"), ("-1 1", "1 -1")):
        held = dnskeys(rdatas[0], "1")
        assert held.by_identity[key(1).identity] == key(1)
        assert len(held.entry_points) == 2
    rrset = signed_set("1 -1", "1").rrset
    turned = DnskeySet(SignedRRset(replace(rrset, rdatas=rrset.rdatas[::-1]), ()))
    assert turned.by_identity[key(1).identity] == key(1)


def test_is_copy() -> None:
    """A copy is a copy whatever its REVOKE bit, by identity or by DS."""
    assert is_copy(cells(key(1))[0], key(1).revoked(), ROOT, TRUST)
    assert is_copy(cells(ds(1))[0], key(1), ROOT, TRUST)
    assert not is_copy(cells(ds(1))[0], key(1).revoked(), ROOT, TRUST)
    assert not is_copy(cells(key(2))[0], key(1), ROOT, TRUST)


def test_entry_points_are_zone_keys() -> None:
    """A key without the zone key flag is no entry point, though it has SEP (RFC 4034 section 2.1.1)."""
    odd = Key(1, 13, key(1).public_key)
    rrset = replace(signed_set("1", "1").rrset, rdatas=(odd.rdata,))
    assert DnskeySet(SignedRRset(rrset, ())).entry_points == ()


@given(st.sampled_from(["1", "2", "~1", "3", "-1"]), st.booleans())
def test_memo_makes_no_difference(by: str, twice: bool) -> None:
    """A signature verified anew and one remembered have the same outcome, for any key."""
    held = DnskeySet(signed_set("1 2 -1", by))
    for candidate in (key(1), key(2), key(1).revoked(), key(3)):
        fast = held.signature_is_good(0, candidate)
        if twice:
            fast = held.signature_is_good(0, candidate)
        assert held.signature_is_good(0, candidate, memo=False) is fast
        assert held.signature_is_good(0, candidate, memo=False) is fast
