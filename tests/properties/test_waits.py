"""How long a publisher must wait when an attacker replays every old answer that is still valid.

The waits are those of draft-ietf-dnsop-rfc5011-security-considerations-13 (lab.authority.intervals). A small
world: key-a signs, key-b is published at PUBLISHED, and from some wait later it signs alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from lab.authority.intervals import add_hold_down, add_wait_time, rem_wait_time
from lab.authority.timeline import Step, Timeline
from lab.clock import DAY, HOUR, Instant, Seconds
from lab.scenario.spec import Scenario

from ..effort import examples
from .worlds import START, Choice, attacked, holding, keys, played, scenario, subject, timeline

pytestmark = pytest.mark.no_cover
PUBLISHED: Seconds = 25 * DAY
SEARCH = settings(max_examples=60, database=None, deadline=None)

ttls = st.one_of(st.sampled_from((HOUR, 2 * DAY, 30 * DAY)), st.integers(HOUR, 30 * DAY))
validities = st.integers(5 * DAY, 24 * DAY)
choices = st.lists(st.integers(0, 4), min_size=1, max_size=40)


def dice(picks: Sequence[int]) -> Choice:
    """Return an attacker who goes back as many answers as the next pick says, over and over."""
    count = [0]

    def choose(_now: Instant, steps: tuple[Step, ...]) -> Step:
        count[0] += 1
        return steps[min(picks[count[0] % len(picks)], len(steps) - 1)]

    return choose


def left_of(zone: Timeline, at: Instant) -> Seconds:
    """Return for how long after `at` an answer from before it can be replayed."""
    return max(step.expiration for step in zone.steps if step.at < at) - at


def roll(wait: Seconds, ttl: Seconds, validity: Seconds, start: Seconds = 0, **knobs: Any) -> Scenario:
    """Return a roll to key-b, `wait` after its publication, until every cache is drained."""
    zone = timeline(
        [(0, keys("a")), (PUBLISHED, keys("ab")), (PUBLISHED + wait, keys("ab", "b"))],
        ttl=ttl, validity=validity,
    )  # fmt: skip
    stop = START + PUBLISHED + wait + max(ttl, left_of(zone, START + PUBLISHED)) + DAY
    return scenario(zone, [subject("it", "rfc5011-strict", first_start=START + start, **knobs)], stop=stop)


def remaining(ttl: Seconds, validity: Seconds) -> Seconds:
    """Return HARD's sigExpirationTimeRemaining at the publication of key-b."""
    return left_of(roll(DAY, ttl, validity).timeline, START + PUBLISHED)


@examples(15)
@given(
    ttl=ttls, validity=validities, start=st.integers(0, PUBLISHED), more=st.integers(0, DAY), picks=choices
)
def test_who_waits_long_enough_breaks_nobody(
    ttl: Seconds, validity: Seconds, start: Seconds, more: Seconds, picks: list[int]
) -> None:
    """After addWaitTime no RFC-strict resolver that is up fails, whatever old answers it is given."""
    wait = add_wait_time(ttl, validity, remaining(ttl, validity)) + more
    world = roll(wait, ttl, validity, start)
    assert attacked(world, dice(picks))["it"].first_failure is None
    assert attacked(world, holding("key-b", world.stop))["it"].first_failure is None


@examples(15)
@given(ttl=ttls, validity=validities, start=st.integers(0, PUBLISHED), data=st.data())
def test_who_waits_less_breaks_somebody(
    ttl: Seconds, validity: Seconds, start: Seconds, data: st.DataObject
) -> None:
    """Below hold-down and remaining validity, whoever is given old answers to their end fails."""
    least = add_hold_down(ttl) + remaining(ttl, validity)
    world = roll(data.draw(st.integers(1, least - 1)), ttl, validity, start)
    assert attacked(world, holding("key-b", world.stop))["it"].first_failure is not None


@cache
def fails(wait: Seconds, hours: int) -> bool:
    """Tell whether a replay that lasts so long after the publication breaks a roll at the root's values."""
    world = roll(wait, 2 * DAY, 21 * DAY)
    attack = holding("key-b", START + PUBLISHED + hours * HOUR)
    return attacked(world, attack)["it"].first_failure is not None


LEFT = remaining(2 * DAY, 21 * DAY)


@pytest.mark.parametrize("wait", [33 * DAY, 26 * DAY + LEFT])
def test_shortest_attack_is_found(wait: Seconds) -> None:
    """A search finds an attack on each wait that is too short, and shrinks it to the shortest there is.

    It replays for what the wait exceeds the hold-down by, give or take the refresh interval of a day.
    """
    shortest = find(st.integers(0, LEFT // HOUR), lambda hours: fails(wait, hours), settings=SEARCH)
    assert not shortest or not fails(wait, shortest - 1)
    assert max(0, wait - 31 * DAY) <= shortest * HOUR <= max(0, wait - 30 * DAY + HOUR)


def test_no_attack_is_needed_below_the_hold_down() -> None:
    """A wait below the hold-down breaks a resolver without any replay; that of 31 days and more does not."""
    assert fails(30 * DAY - HOUR, 0)
    assert not fails(31 * DAY + HOUR, 0)


def test_shortest_wait_without_an_attack_is_exact() -> None:
    """One second below hold-down and remaining validity the longest replay, and no shorter one, does harm."""
    wait, longest = 30 * DAY + LEFT - 1, LEFT // HOUR
    assert [fails(wait, hours) for hours in (longest - 1, longest)] == [False, True]


def test_attack_needs_the_wait_to_be_short() -> None:
    """At addWaitTime the same search would find nothing: no length of replay does harm."""
    wait = add_wait_time(2 * DAY, 21 * DAY, LEFT)
    assert not any(fails(wait, hours) for hours in (0, 24, LEFT // HOUR, LEFT // HOUR + 1, wait // HOUR))


@pytest.mark.parametrize(
    "knobs",
    [{"add_hold_down": "P32DT1S"}, {"fixed_interval": "P20D"}, {"rows": "AddPend seen -"}],
    ids=["longer hold-down", "rare refreshes", "never learns"],
)
def test_wait_does_not_save_the_wrong_resolver(knobs: dict[str, Any]) -> None:
    """The wait is for resolvers that keep RFC 5011 section 2.3 and 2.4, and for no others."""
    world = roll(add_wait_time(2 * DAY, 21 * DAY, LEFT), 2 * DAY, 21 * DAY, **knobs)
    assert attacked(world, holding("key-b", world.stop))["it"].first_failure is not None


# -- revocation ----------------------------------------------------------------------------------------------


def revocation(
    wait: Seconds,
    ttl: Seconds,
    validity: Seconds,
    start: Seconds = 0,
    *,
    proved: bool = True,
    **knobs: Any,
) -> Scenario:
    """Return a world in which key-a is revoked at PUBLISHED, looked at `wait` later."""
    revoked = keys("ab", "ab" if proved else "b", "a")
    zone = timeline([(0, keys("ab", "b")), (PUBLISHED, revoked)], ttl=ttl, validity=validity)
    stop = START + PUBLISHED + wait
    return scenario(zone, [subject("it", "rfc5011-strict", "ab", START + start, **knobs)], stop=stop)


def trusts_the_revoked(world: Scenario, attack: Choice) -> bool:
    """Tell whether key-a is trusted at the end."""
    states = {anchor.key: anchor.state for anchor in attacked(world, attack)["it"].anchors}
    return states["key-a"] in ("Valid", "Missing")


@examples(15)
@given(ttl=ttls, validity=validities, start=st.integers(0, PUBLISHED), picks=choices)
def test_who_keeps_the_revoked_key_long_enough_is_heard(
    ttl: Seconds, validity: Seconds, start: Seconds, picks: list[int]
) -> None:
    """After remWaitTime no RFC-strict resolver that is up trusts the revoked key, whatever is replayed."""
    left = left_of(revocation(DAY, ttl, validity).timeline, START + PUBLISHED)
    world = revocation(rem_wait_time(ttl, validity, left), ttl, validity, start)
    assert not trusts_the_revoked(world, dice(picks))
    assert not trusts_the_revoked(world, holding("*key-a", world.stop))


@examples(15)
@given(ttl=ttls, validity=validities, start=st.integers(0, PUBLISHED), data=st.data())
def test_who_removes_the_revoked_key_early_is_not(
    ttl: Seconds, validity: Seconds, start: Seconds, data: st.DataObject
) -> None:
    """While an answer without the revocation is valid, whoever is given it trusts the key."""
    left = left_of(revocation(DAY, ttl, validity).timeline, START + PUBLISHED)
    world = revocation(data.draw(st.integers(1, left)), ttl, validity, start)
    assert trusts_the_revoked(world, holding("*key-a", world.stop))


def test_revocation_must_be_signed_and_heeded() -> None:
    """A flag without the key's own signature revokes nothing (RFC 5011 section 2.1), nor does a deaf ear."""
    ttl, validity = 2 * DAY, 21 * DAY
    heard = revocation(30 * DAY, ttl, validity)
    unsigned = revocation(30 * DAY, ttl, validity, proved=False)
    deaf = revocation(30 * DAY, ttl, validity, rows="Valid revoked -\nMissing revoked -")
    assert [trusts_the_revoked(world, dice([0])) for world in (heard, unsigned, deaf)] == [False, True, True]
    assert played(heard)["it"].first_failure is None
