"""A model that is asked when we want: it fetches on demand, and its DNSKEY queries are counted."""

from __future__ import annotations

import pytest

from lab.clock import DAY, HOUR
from lab.resolver.asked import AskedModel
from lab.resolver.model import Setup
from lab.resolver.refresh import Jitter

from .world import ROOT, T0, World, anchors, number_of, policy_of, world


def asked(model: str, place: World, **knobs: str | int | bool) -> AskedModel:
    """Return a started model with key 1 alone."""
    named = {name.replace("_", "-"): value for name, value in knobs.items()}
    setup = Setup("asked", ROOT, anchors("1"), Jitter(0, "asked"), number_of)
    found = AskedModel(policy_of(model).override(named), setup, place.exchange)
    found.start(T0)
    return found


def test_nobody_else_asks() -> None:
    """Without a question a static validator sends nothing, and keys that are over are fetched at the next."""
    model = asked("static", world((0, "1", "1")))
    model.live(T0 + 5 * DAY)
    assert model.sent == []
    answers = [model.ask(T0 + at) for at in (5 * DAY, 6 * DAY, 7 * DAY - 1, 7 * DAY)]
    assert answers == [True] * 4
    assert model.sent == [T0 + 5 * DAY, T0 + 7 * DAY]


def test_refreshes_come_in_their_seconds() -> None:
    """Refreshes need nobody to ask, and none is jumped over when it must fail: Knot's come every 2.4 h."""
    model = asked("knot", world((0, "2", "2")), burst=1)
    model.live(T0 + 12 * HOUR)
    assert model.sent == [T0 + HOUR * number for number in range(13)]


@pytest.mark.parametrize(
    ("negative", "burst", "sent"),
    [
        ("PT0S", 1, [0, 0, 30, 30, 61, 61]),
        ("PT30S", 2, [0, 0, 30, 30, 61, 61]),
        ("PT61S", 3, [0, 0, 0, 61, 61, 61]),
    ],
)
def test_failed_attempts(negative: str, burst: int, sent: list[int]) -> None:
    """Each failed attempt is a burst, and none is made while the last failure is remembered."""
    model = asked("static", world((0, "2", "2")), negative=negative, burst=burst)
    for at in (0, 30, 61):
        assert [model.ask(T0 + at), model.ask(T0 + at)] == [False, False]
    assert [at - T0 for at in model.sent] == sent


def test_a_good_fetch_is_one_query() -> None:
    """The burst is for failures alone, at refreshes as well."""
    model = asked("unbound", world((0, "1", "1")))
    model.live(T0)
    assert (model.ask(T0), model.sent) == (True, [T0])
