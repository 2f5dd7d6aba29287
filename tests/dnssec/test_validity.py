"""The validity period of an RRSIG, in the serial numbers of RFC 1982."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.names import ROOT
from lab.dnssec.rrset import Rrsig
from lab.dnssec.rrtypes import DNSKEY


def rrsig_between(inception: int, expiration: int) -> Rrsig:
    """Return an RRSIG with a validity period and nothing else."""
    return Rrsig(DNSKEY, 8, 0, 172800, expiration % 2**32, inception % 2**32, 1, ROOT, b"x")


Y2038, Y2106 = 2**31, 2**32


@pytest.mark.parametrize("middle", [1_500_000_000, Y2038, Y2106, Y2106 + Y2038])
def test_both_ends_are_inside_also_at_the_wraps(middle: int) -> None:
    """A period around 2038, 2106 or any wrap of serials holds its ends, and not a second more (RFC 1982)."""
    rrsig = rrsig_between(middle - 1000, middle + 1000)
    found = [rrsig.covers(middle + offset) for offset in (-1001, -1000, -1, 0, 1, 1000, 1001)]
    assert found == [False, True, True, True, True, True, False]


HOURS = st.integers(0, 7200)


@given(st.integers(0, 2**34), st.integers(0, 2**30), st.integers(-(2**30), 2**30), HOURS, HOURS)
def test_serial_arithmetic_equals_plain_arithmetic(
    start: int, length: int, offset: int, before: int, after: int
) -> None:
    """Near the period serials compare like the instants they stand for (RFC 4034 section 3.1.5)."""
    now = start + length // 2 + offset
    expected = start - before <= now <= start + length + after
    assert rrsig_between(start, start + length).covers(now, before, after) == expected


def test_skew_widens_one_end_each() -> None:
    """The first skew forgives a slow clock, the second a fast one."""
    rrsig = rrsig_between(1000, 2000)
    assert [rrsig.covers(990, 10), rrsig.covers(989, 10), rrsig.covers(990, 0, 10)] == [True, False, False]
    assert [rrsig.covers(2010, 0, 10), rrsig.covers(2011, 0, 10), rrsig.covers(2010, 10)] == [
        True,
        False,
        False,
    ]


@given(st.integers(0, 2**32 - 1))
def test_a_period_that_ends_before_it_starts_holds_nothing(now: int) -> None:
    """Expiration before inception covers no time, however serials wrap."""
    assert not rrsig_between(2000, 1999).covers(now)
    assert not rrsig_between(0, 3_000_000_000).covers(now)
