"""Test the publisher's waits against the drafts' values, and the response size against dnspython."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import dns.message
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority import intervals
from lab.authority.slots import root_history
from lab.clock import DAY, HOUR, MINUTE, format_instant, parse_instant

ROOT_TTL, ROOT_VALIDITY = 172800, 21 * DAY

seconds = st.integers(0, 400 * DAY)


def test_root_query_interval() -> None:
    """At the root a resolver refreshes daily and retries after 4.8 h (RFC 5011 section 2.3)."""
    assert intervals.query_interval(ROOT_TTL, ROOT_VALIDITY) == 86400
    assert intervals.retry_time(ROOT_TTL, ROOT_VALIDITY) == 17280


@pytest.mark.parametrize(
    ("ttl", "expires_in", "query", "retry"),
    [
        (0, 0, HOUR, HOUR),
        (HOUR, 30 * DAY, HOUR, HOUR),
        (60 * DAY, 60 * DAY, 15 * DAY, DAY),
        (60 * DAY, 5 * DAY, 5 * DAY // 2, DAY // 2),
        (ROOT_TTL, -DAY, HOUR, HOUR),
        (4 * HOUR + 1, 30 * DAY, 2 * HOUR, HOUR),
        (ROOT_TTL, 30 * HOUR, 15 * HOUR, 3 * HOUR),
    ],
)
def test_bounds_of_the_refresh(ttl: int, expires_in: int, query: int, retry: int) -> None:
    """An hour and 15 days bound the refresh, an hour and a day the retry (RFC 5011 section 2.3)."""
    assert intervals.query_interval(ttl, expires_in) == query
    assert intervals.retry_time(ttl, expires_in) == retry


@pytest.mark.parametrize(("ttl", "hold_down"), [(0, 30), (2, 30), (30, 30), (31, 31)])
def test_add_hold_down(ttl: int, hold_down: int) -> None:
    """The add hold-down is 30 days, or the TTL if that is longer (RFC 5011 section 2.4.1)."""
    assert intervals.add_hold_down(ttl * DAY) == hold_down * DAY


def test_root_waits() -> None:
    """The root waits 53 days before a roll and 23 before a removal, by the draft's formulas."""
    assert intervals.add_wait_time(ROOT_TTL, ROOT_VALIDITY) == 53 * DAY
    assert intervals.rem_wait_time(ROOT_TTL, ROOT_VALIDITY) == 23 * DAY


def test_toy_example_of_the_draft() -> None:
    """A TTL of a day and signatures of ten make 41 days: 30 + 10 + .5 + .5, not the 43 that is printed."""
    assert intervals.add_wait_time(DAY, 10 * DAY) == 41 * DAY


@pytest.mark.parametrize(
    ("wait", "last_expiration", "safe"),
    [
        (intervals.add_wall_clock_time, "2017-07-22", "2017-08-23"),
        (intervals.rem_wall_clock_time, "2019-01-22", "2019-01-24"),
        (intervals.add_wall_clock_time, "2025-01-22", "2025-02-23"),
        (intervals.rem_wall_clock_time, "2027-01-22", "2027-01-24"),
    ],
)  # fmt: skip
def test_root_wall_clocks(wait: Callable[[int, int, int], int], last_expiration: str, safe: str) -> None:
    """The root's safe dates follow from the last signature without the new, or with the unrevoked, key."""
    at = wait(parse_instant(last_expiration), ROOT_TTL, ROOT_VALIDITY)
    assert format_instant(at) == f"{safe}T00:00:00Z"


@given(seconds, st.integers(1, 400 * DAY), seconds, seconds)
def test_wall_clock_is_the_wait_from_publication(ttl: int, validity: int, left: int, margin: int) -> None:
    """Counted from a publication with `left` seconds of old signatures ahead, wait and wall clock agree."""
    published = parse_instant("2020-01-01")
    for wait, clock in (
        (intervals.add_wait_time, intervals.add_wall_clock_time),
        (intervals.rem_wait_time, intervals.rem_wall_clock_time),
    ):
        waited = published + wait(ttl, validity, left, margin)
        assert waited == clock(published + left, ttl, validity, margin)


@given(seconds, seconds)
def test_timing_safety_margin_is_one_refresh(ttl: int, validity: int) -> None:
    """The offset of the hold-down in its last refresh never exceeds the other two margins."""
    assert intervals.timing_safety_margin(ttl, validity) == intervals.active_refresh(ttl, validity)


PUBLISHED_RETRIES = {
    "0.5": (14, 17, 20, 24, 27),
    "0.9": (4, 5, 6, 7, 8),
    "0.95": (4, 4, 5, 6, 7),
    "0.99": (2, 3, 3, 4, 4),
    "0.1": (88, 110, 132, 153, 175),
    "0.01": (917, 1146, 1375, 1604, 1833),
}


@pytest.mark.parametrize("rate", list(PUBLISHED_RETRIES))
def test_published_retry_counts(rate: str) -> None:
    """The retries for 10^4 to 10^8 resolvers are those of the draft's table."""
    counts = tuple(intervals.retry_count(10**power, float(rate)) for power in range(4, 9))
    assert counts == PUBLISHED_RETRIES[rate]


@given(st.integers(1, 10**9), st.integers(10, 999))
def test_retry_count_is_the_least_that_suffices(resolvers: int, per_mille: int) -> None:
    """That many retries leave at most one resolver without success, one retry less leaves more."""
    count = intervals.retry_count(resolvers, per_mille / 1000)
    failure = 1 - Fraction(per_mille, 1000)
    assert resolvers * failure**count <= 1
    assert count == 0 or resolvers * failure ** (count - 1) > 1


@pytest.mark.parametrize(("resolvers", "rate"), [(0, 0.5), (-1, 0.5), (10, 0), (10, 1), (10, float("nan"))])
def test_impossible_retry_counts(resolvers: int, rate: float) -> None:
    """Without resolvers, without success or with nothing but success there is no such count."""
    with pytest.raises(ValueError, match="give at least 1 resolver and a rate"):
        intervals.retry_count(resolvers, rate)


def test_retry_margins_at_the_root() -> None:
    """Six retries of 4.8 h are 1.2 days, twenty are 4; they lengthen both waits by themselves."""
    six, twenty = (intervals.retry_safety_margin(count, ROOT_TTL, ROOT_VALIDITY) for count in (6, 20))
    assert (six, twenty) == (28 * HOUR + 48 * MINUTE, 4 * DAY)
    assert intervals.add_wait_time(ROOT_TTL, ROOT_VALIDITY, retry_margin=twenty) == 57 * DAY
    assert intervals.rem_wait_time(ROOT_TTL, ROOT_VALIDITY, retry_margin=twenty) == 27 * DAY


KSK, ZSK, OLD_ZSK = intervals.RSA_2048_KEY, intervals.RSA_2048_KEY, intervals.RSA_1024_KEY
RSA, EC, EC_KEY = intervals.RSA_2048_SIGNATURE, intervals.P256_SIGNATURE, intervals.P256_KEY
ZSK_1536 = 4 + 192


@pytest.mark.parametrize(
    ("keys", "signatures", "octets"),
    [
        ((KSK, OLD_ZSK), (RSA,), 736),
        ((KSK, OLD_ZSK, OLD_ZSK), (RSA,), 883),
        ((KSK, OLD_ZSK, ZSK), (RSA,), 1011),
        ((KSK, ZSK), (RSA,), 864),
        ((KSK, KSK, ZSK), (RSA,), 1139),
        ((KSK, KSK, ZSK, ZSK), (RSA,), 1414),
        ((KSK, KSK, ZSK), (RSA, RSA), 1425),
        ((KSK, KSK, ZSK, ZSK), (RSA, RSA), 1700),
        ((EC_KEY, EC_KEY), (EC,), 280),
        ((KSK, ZSK, EC_KEY, EC_KEY), (RSA, EC), 1116),
        ((KSK, ZSK_1536, EC_KEY, EC_KEY), (RSA, EC), 1052),
    ],
)
def test_published_response_sizes(keys: tuple[int, ...], signatures: tuple[int, ...], octets: int) -> None:
    """Sizes of the root's DNSKEY response as published, and as computed for the algorithm roll to come.

    Fields are those of RFC 3110 sections 2 and 3 and RFC 6605 section 4.
    """
    assert intervals.dnskey_response_size(keys, signatures) == octets


@given(st.lists(st.integers(1, 520), max_size=6), st.lists(st.integers(1, 520), max_size=4))
def test_size_is_that_of_the_wire(keys: list[int], signatures: list[int]) -> None:
    """Dnspython renders an answer with such keys and signatures to exactly that many octets."""
    message = dns.message.make_response(dns.message.make_query(".", "DNSKEY"))
    message.use_edns(0, 0, 1232)
    wires = [(48, b"\x01\x00\x03\x08" + bytes([number]) * octets) for number, octets in enumerate(keys)]
    wires += [
        (46, b"\x00\x30\x08" + bytes([number]) * (16 + octets)) for number, octets in enumerate(signatures)
    ]
    for rrtype, wire in wires:
        rdata = dns.rdata.GenericRdata(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rrtype), wire)
        message.answer.append(dns.rrset.from_rdata(".", ROOT_TTL, rdata))
    assert len(message.to_wire(max_size=65535)) == intervals.dnskey_response_size(keys, signatures)


def test_waits_of_the_root_were_kept() -> None:
    """Both of the root's rolls leave more time than the waits ask for: 457 and 638 days, and 70 each."""
    kinds = ("publish", "sign", "revoke", "remove")
    days = [event.at // DAY for event in root_history().ksk_events() if event.kind in kinds]
    spans = [(days[i + 1] - days[i], days[i + 3] - days[i + 2]) for i in (0, 4)]
    assert spans == [(457, 70), (638, 70)]
