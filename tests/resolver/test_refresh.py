"""Test intervals with their sources, the rules that follow a result, and the random part of a delay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.clock import DAY, HOUR
from lab.resolver.policy import STRICT, ResolverPolicy
from lab.resolver.profiles import MODELS
from lab.resolver.refresh import (
    RESULTS,
    UNKNOWN_TTL,
    Intervals,
    Jitter,
    Witnessed,
    bounded_by_ttl,
    delay_for,
    initial_intervals,
    intervals_of,
    rule,
)
from lab.resolver.rfc5011 import Cell, State, TrustPoint
from lab.resolver.validator import DnskeySet

from .world import ROOT, T0, TTL, dnskeys, key, signed_set

POINT = TrustPoint(ROOT, ())
SOON, LATE = (T0 - DAY, T0 + 3 * HOUR), (T0 - DAY, T0 + 10 * DAY)


def sources(ttl: str, expiry: str) -> ResolverPolicy:
    """Return a policy that takes TTL and expiry from somewhere, with an hour's cap on what is cached."""
    return STRICT.override({"ttl-source": ttl, "expiry-source": expiry, "ttl-cap": "PT20H", "floor": "PT1S"})


def stored(*ttls: int) -> TrustPoint:
    """Return a trust point whose keys were first seen with these TTLs."""
    return TrustPoint(ROOT, tuple(Cell(key(n), State.VALID, T0, ttl=ttl) for n, ttl in enumerate(ttls, 1)))


@pytest.mark.parametrize(
    ("source", "point", "interval"),
    [
        ("original", POINT, DAY),
        ("capped", POINT, 10 * HOUR),
        ("stored", POINT, HOUR // 2),
        ("stored", stored(3000, 2000), 1000),
        ("stored", stored(9000, 0), HOUR // 2),
    ],
)
def test_where_the_ttl_comes_from(source: str, point: TrustPoint, interval: int) -> None:
    """The formulas use the signed TTL, the one cached, or the least with which a key was first stored."""
    found = intervals_of(sources(source, "none"), point, dnskeys("1", "1"), T0)
    assert found.interval == interval
    assert UNKNOWN_TTL == HOUR


def test_original_ttl_is_that_of_the_signature() -> None:
    """What counts for the RFC is the signed TTL, not the one on the wire; unsigned sets have no other."""
    wire = DnskeySet(
        type(signed_set("1", "1"))(signed_set("1", "1", 9000).rrset, signed_set("1", "1").rrsigs)
    )
    policy = sources("original", "none")
    assert intervals_of(policy, POINT, wire, T0).interval == DAY
    assert intervals_of(policy, POINT, dnskeys("1", "", 9000), T0).interval == 4500
    assert intervals_of(sources("capped", "none"), POINT, wire, T0).interval == 4500


def two_signatures(first: tuple[int, int], second: tuple[int, int]) -> DnskeySet:
    """Return a set with two signatures of different windows."""
    one, other = signed_set("1 2", "1", TTL, first), signed_set("1 2", "2", TTL, second)
    return DnskeySet(type(one)(one.rrset, one.rrsigs + other.rrsigs))


@pytest.mark.parametrize(
    ("source", "windows", "interval"),
    [
        ("first", (SOON, LATE), 3 * HOUR // 2),
        ("first", (LATE, SOON), DAY),
        ("minimum", (LATE, SOON), 3 * HOUR // 2),
        ("minimum", ((T0 - DAY, T0 - 1), SOON), 3 * HOUR // 2),
        ("minimum", ((T0 - DAY, T0), SOON), 1),
        ("none", (SOON, SOON), DAY),
        ("first", ((T0 - DAY, T0 - 1), SOON), 1),
    ],
)
def test_which_expiry_counts(source: str, windows: tuple[tuple[int, int], ...], interval: int) -> None:
    """BIND takes the first signature's expiration, Unbound the next to come, Knot none."""
    policy = sources("original", source)
    assert intervals_of(policy, POINT, two_signatures(*windows), T0).interval == interval


@pytest.mark.parametrize("window", [(T0 - DAY, T0 - 1), (T0 - DAY, T0 + 21 * DAY)])
def test_unbounds_expiry_has_a_cap(window: tuple[int, int]) -> None:
    """Unbound counts 15 days for a signature at most, and where all have expired."""
    policy = STRICT.override({"expiry-source": "minimum"})
    found = intervals_of(policy, POINT, dnskeys("1", "1", 60 * DAY, window), T0)
    assert found.interval == 15 * DAY // 2


def test_fixed_interval() -> None:
    """A fixed interval needs no formula, and is that before any set was verified."""
    policy = STRICT.override({"fixed-interval": "PT7H"})
    assert intervals_of(policy, POINT, dnskeys("1", "1"), T0) == Intervals(7 * HOUR, 7 * HOUR)
    assert initial_intervals(policy) == Intervals(7 * HOUR, 7 * HOUR)
    assert initial_intervals(STRICT) == Intervals(HOUR, HOUR)


@pytest.mark.parametrize(
    ("model", "rules"),
    [
        ("rfc5011-strict", ("interval", "interval", "retry", "retry", "retry", "retry")),
        ("bind", ("interval", HOUR, HOUR, "interval", 27, "never")),
        ("unbound", ("interval", "interval", "retry", "retry", "retry", "retry")),
    ],
)
def test_rules_of_presets(model: str, rules: tuple[object, ...]) -> None:
    """What follows ok, miss, none, bogus, lost and blind."""
    schedule = MODELS[model].policy.schedule
    assert tuple(rule(schedule, result) for result in RESULTS) == rules


@pytest.mark.parametrize(
    ("knobs", "result", "what"),
    [
        ({"after-bogus": "PT5M"}, "blind", 300),
        ({"after-lost": "PT5M"}, "blind", 300),
        ({"after-lost": "PT5M"}, "bogus", "retry"),
        ({"after-none": "ok", "after-ok": "PT1M"}, "blind", 60),
        ({"after-none": "never"}, "bogus", "never"),
        ({"after-ok": "none", "after-none": "ok"}, "bogus", "interval"),
    ],
)
def test_rules_follow_names(knobs: dict[str, str], result: str, what: object) -> None:
    """A rule may name another result's; a circle of names ends at the interval."""
    assert rule(STRICT.override(knobs).schedule, result) == what


def test_delays() -> None:
    """A rule stands for one of the two times, a number of seconds, or no refresh at all."""
    times = Intervals(100, 10)
    assert [delay_for(what, times) for what in ("interval", "retry", 7, "never")] == [100, 10, 7, None]


@given(st.integers(0, 40 * DAY), st.integers(-10, 40 * DAY), st.integers(0, 40 * DAY))
def test_bounded_by_ttl(ttl: int, expires_in: int, later: int) -> None:
    """For as long as the TTL alone sets the intervals they are what they were."""
    held = dnskeys.__wrapped__("1", "1", ttl, (T0 - DAY, T0 + expires_in))
    still = bounded_by_ttl(STRICT, POINT, held, T0)
    if 0 <= later <= still:
        assert intervals_of(STRICT, POINT, held, T0 + later) == intervals_of(STRICT, POINT, held, T0)


def test_not_bounded_where_expiry_does_not_count() -> None:
    """Where expiry does not count the TTL alone sets the intervals for ever."""
    policy = STRICT.override({"expiry-source": "none"})
    assert bounded_by_ttl(policy, POINT, dnskeys("1", "1"), T0) > 10**15


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 2**40))
def test_draws(seed: int, bound: int, number: int) -> None:
    """A draw lies in its range and is the same for the same seed, purpose and number, in any order."""
    jitter = Jitter(seed, "unbound/refresh")
    assert 0 <= jitter.draw(number, bound) < bound
    assert jitter.draw(number, bound) == Jitter(seed, "unbound/refresh").draw(number, bound)
    assert jitter.draw(number, 0) == 0


@given(st.integers(1, 20 * DAY), st.integers(0, 10), st.integers(0, 999))
def test_spread(delay: int, tenths: int, number: int) -> None:
    """A delay keeps its first tenths and draws the rest: rest + random(part), never zero, never longer."""
    found = Jitter(7, "x").spread(delay, tenths, number, 0)
    part = delay * tenths // 10
    assert max(1, delay - part) <= found <= delay
    assert found < delay or part == 0 or delay == 1


def test_unbounds_spread() -> None:
    """Over many draws the delays fill [0.9, 1) of the interval evenly (calc_next_probe)."""
    draws = [Jitter(1, "unbound").spread(43200, 1, number, 0) for number in range(2000)]
    assert min(draws) >= 38880
    assert max(draws) < 43200
    assert abs(sum(draws) / len(draws) - 41040) < 100
    assert min(draws) < 38900 < 43180 < max(draws)


WITNESSED = [
    ([], None),
    ([(0, 39500)], 39500),
    ([(-60, 39500)], 39500),
    ([(-61, 39500)], None),
    ([(60, 39500)], 39500),
    ([(61, 39500)], None),
    ([(-50, 39100), (-3, 39200), (5, 39300), (40, 39400)], 39200),
    ([(0, 30000)], 38880),
    ([(0, 50000)], 43200),
]
"""Plans of another resolver by when they were made, and the delay they make of one of 12 hours."""


@pytest.mark.parametrize(("plans", "delay"), WITNESSED)
def test_witnessed_delays(plans: list[tuple[int, int]], delay: int | None) -> None:
    """Of the plans made within a minute the nearest counts, as far as draws go; without one it is drawn."""
    witnessed = Witnessed(1, "unbound", [(T0 + made, T0 + due) for made, due in plans])
    drawn = Jitter(1, "unbound").spread(43200, 1, 3, T0)
    assert witnessed.spread(43200, 1, 3, T0) == (drawn if delay is None else delay)


def test_sequences_differ() -> None:
    """Another seed or purpose is another sequence."""
    sequences = [
        tuple(Jitter(seed, purpose).draw(n, 10**9) for n in range(4)) for seed in (1, 2) for purpose in "ab"
    ]
    assert len({*sequences}) == 4
