"""Test the timers of RFC 5011: section 2.3 (refresh and retry), 2.4.1 (add) and 2.4.2 (remove)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.clock import DAY, HOUR
from lab.resolver.policy import STRICT
from lab.resolver.refresh import Intervals, intervals_of
from lab.resolver.rfc5011 import TrustPoint

from ..resolver.world import ROOT, T0, TTL, Machine, dnskeys

POINT = TrustPoint(ROOT, ())


def times(ttl: int, expires_in: int) -> Intervals:
    """Return the two times for a TTL and a signature that expires some seconds from now."""
    return intervals_of(STRICT, POINT, dnskeys("1", "1", ttl, (T0 - DAY, T0 + expires_in)), T0)


@pytest.mark.parametrize(
    ("ttl", "expires_in", "interval", "retry"),
    [
        (TTL, 12 * DAY, DAY, 17280),
        (TTL, 2 * DAY - 2, DAY - 1, 17279),
        (TTL, 10 * HOUR, 5 * HOUR, HOUR),
        (2 * HOUR + 2, 12 * DAY, HOUR + 1, HOUR),
        (0, 12 * DAY, HOUR, HOUR),
        (TTL, 0, HOUR, HOUR),
        (40 * DAY, 100 * DAY, 15 * DAY, DAY),
        (40 * DAY, 8 * DAY, 4 * DAY, 69120),
    ],
)
def test_intervals(ttl: int, expires_in: int, interval: int, retry: int) -> None:
    """Both times follow the formulas of RFC 5011 section 2.3.

    queryInterval = MAX(1 hr, MIN(15 days, 1/2*OrigTTL, 1/2*RRSigExpirationInterval)),
    retryTime = MAX(1 hr, MIN(1 day, .1*origTTL, .1*expireInterval)).
    """
    assert times(ttl, expires_in) == Intervals(interval, retry)


@given(st.integers(0, 60 * DAY), st.integers(0, 60 * DAY))
def test_bounds(ttl: int, expires_in: int) -> None:
    """No interval is shorter than an hour or longer than its cap, and a retry is never the later one."""
    found = times(ttl, expires_in)
    assert HOUR <= found.retry <= DAY
    assert found.retry <= found.interval <= 15 * DAY


def test_expired_signature() -> None:
    """A signature already expired asks for the shortest times, not for negative ones."""
    assert times(TTL, -DAY) == Intervals(HOUR, HOUR)


@pytest.mark.parametrize(
    ("ttl", "hold"), [(TTL, 30 * DAY), (30 * DAY, 30 * DAY), (30 * DAY + 1, 30 * DAY + 1)]
)
def test_add_hold_down(ttl: int, hold: int) -> None:
    """The add hold-down is the greater of 30 days and the TTL of the first RRset with the key (2.4.1)."""
    machine = Machine("rfc5011-strict").look_at(T0, "1 2", "1", ttl=ttl)
    assert machine.look_at(T0 + hold - 1, "1 2", "1").state(2) == "AddPend"
    assert machine.look_at(T0 + hold, "1 2", "1").state(2) == "Valid"


def test_ttl_of_the_first_set_counts() -> None:
    """A longer TTL seen later does not lengthen the hold-down (RFC 5011 section 2.4.1)."""
    machine = Machine("rfc5011-strict").look(0, "1 2", "1").look(1, "1 2", "1", ttl=40 * DAY)
    assert machine.look(30, "1 2", "1").state(2) == "Valid"


def test_remove_hold_down() -> None:
    """A revoked key is kept for 30 days after it was last seen (RFC 5011 section 2.4.2)."""
    machine = Machine("rfc5011-strict", "1 2").look(0, "1 2", "1 2").look(1, "-1 2", "-1 2")
    machine.look(20, "-1 2", "-1 2").look_at(T0 + 50 * DAY - 1, "2", "2")
    assert machine.state(1) == "Revoked"
    assert machine.look_at(T0 + 50 * DAY, "2", "2").state(1) == "Removed"
