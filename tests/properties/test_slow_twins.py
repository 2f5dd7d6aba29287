"""Short cuts are not seen: signatures remembered and refreshes jumped over give the same record bytes."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.clock import DAY, HOUR, MINUTE, Seconds
from lab.resolver.planner import Planner
from lab.run.engine import play
from lab.scenario.spec import Scenario

from ..effort import examples
from .test_engine_against_oracle import worlds
from .worlds import START, keys, scenario, subject, timeline

pytestmark = pytest.mark.no_cover


@examples(5)
@given(worlds(eventful=True))
def test_remembered_signatures_are_not_seen(world: Scenario) -> None:
    """Every signature verified anew each time gives the same record as each verified once."""
    assert play(world, memo=False).to_bytes() == play(world).to_bytes()


def lost(away: Seconds) -> Scenario:
    """Return a world in which BIND loses its key for a while, and polls every 27 seconds in vain.

    Each vain look restarts the hold-down of the key it was learning, so the last one shows for a month.
    """
    gone, back = 20 * DAY + 7 * HOUR, 20 * DAY + 7 * HOUR + away
    zone = timeline(
        [
            (0, keys("a")),
            (10 * DAY, keys("ab")),
            (gone, keys("b")),
            (back, keys("ab")),
            (60 * DAY, keys("ab", "b")),
        ]
    )
    return scenario(zone, [subject("bind", "bind")], stop=START + 70 * DAY)


def step_by_step(_planner: Planner, point: Any, *_: object) -> Any:
    """Jump over nothing."""
    return point


def too_far(planner: Planner, point: Any, *now_and_others: Any) -> Any:
    """Jump to the change itself, as if the grid of refreshes did not matter."""
    planner.at = max(planner.at, now_and_others[-1])
    return point


@examples(4)
@given(st.integers(18 * HOUR, 26 * HOUR))
def test_jumps_are_not_seen(away: Seconds) -> None:
    """A loop of vain refreshes, jumped over, leaves the record it leaves when each of them is made."""
    world = lost(away)
    with mock.patch.object(Planner, "_jump", step_by_step):
        slow = play(world).to_bytes()
    assert play(world).to_bytes() == slow


def test_wrong_jump_is_seen() -> None:
    """A jump that ends a few seconds late gives another record."""
    world = lost(20 * HOUR + 5 * MINUTE)
    right = play(world).to_bytes()
    with mock.patch.object(Planner, "_jump", too_far):
        assert play(world).to_bytes() != right
