"""Test the KSK timing of RFC 7583 by its own formulas, with the root's values where it has some.

Symbols are `<TYPE><id><ZONE>`: T a time, I an interval, D a delay; C the child, P the parent.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority import intervals
from lab.clock import DAY, HOUR

ROOT_TTL = 172800
seconds = st.integers(0, 400 * DAY)


@pytest.mark.parametrize(
    ("ttl", "interval"),
    [
        (ROOT_TTL, DAY),
        (0, HOUR),
        (2 * HOUR, HOUR),
        (2 * HOUR + 2, HOUR + 1),
        (30 * DAY, 15 * DAY),
        (99 * DAY, 15 * DAY),
    ],
)
def test_modified_query_interval(ttl: int, interval: int) -> None:
    """MAX(1hr, MIN(15 days, TTLkey / 2)), a day at the root (RFC 7583 section 3.3.4.1)."""
    assert intervals.modified_query_interval(ttl) == interval


def test_root_i_trp() -> None:
    """At the root it takes 32 days until a key is trusted (RFC 7583 section 3.3.4.1)."""
    assert intervals.i_trp(ROOT_TTL) == 32 * DAY


@given(seconds, seconds)
def test_i_trp(ttl: int, hold_down: int) -> None:
    """Itrp >= AddHoldDownTime + 2 * modifiedQueryInterval (RFC 7583 section 3.3.4.1)."""
    assert intervals.i_trp(ttl, hold_down) == hold_down + 2 * intervals.modified_query_interval(ttl)


def test_i_trp_is_shorter_than_the_safe_wait() -> None:
    """RFC 7583 section 3.3.4.1 leaves the old signatures' validity out, 21 days at the root."""
    assert intervals.add_wait_time(ROOT_TTL, 21 * DAY) - intervals.i_trp(ROOT_TTL) == 21 * DAY


@pytest.mark.parametrize(
    ("dprp", "ttl", "itrp", "expected"),
    [
        (HOUR, ROOT_TTL, 0, 2 * DAY + HOUR),
        (HOUR, ROOT_TTL, 32 * DAY, 32 * DAY + HOUR),
        (0, 60 * DAY, 32 * DAY, 60 * DAY),
    ],
)
def test_i_pub_c(dprp: int, ttl: int, itrp: int, expected: int) -> None:
    """IpubC = DprpC + TTLkey (RFC 7583 section 3.3.1), or DprpC + MAX(Itrp, TTLkey) (section 3.3.4.1)."""
    assert intervals.i_pub_c(dprp, ttl, itrp) == expected


@given(seconds, seconds)
def test_i_pub_p(dprp: int, ttl: int) -> None:
    """IpubP = DprpP + TTLds (RFC 7583 section 3.3.2)."""
    assert intervals.i_pub_p(dprp, ttl) == dprp + ttl


@given(seconds, seconds, seconds)
def test_double_rrset(dreg: int, ipub_p: int, ipub_c: int) -> None:
    """Ipub = MAX(Dreg + IpubP, IpubC) and Iret = Ipub - Dreg (RFC 7583 section 3.3.3)."""
    ipub = intervals.i_pub(dreg, ipub_p, ipub_c)
    assert ipub == max(dreg + ipub_p, ipub_c)
    assert intervals.i_ret(ipub, dreg) == max(ipub_p, ipub_c - dreg)


def test_root_i_rev() -> None:
    """A revoked key stays for DprpC and one modifiedQueryInterval (RFC 7583 section 3.3.4.2)."""
    assert intervals.i_rev(0, ROOT_TTL) == DAY
    assert intervals.i_rev(3 * HOUR, ROOT_TTL) == DAY + 3 * HOUR
