"""When those without the new key fail, and how often they ask: the table of the field, from the models."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from lab.clock import DAY, HOUR, Instant
from lab.errors import ScenarioError
from lab.run.onset import CLASSES, FAST, SLOW, Onset, as_asked, measure, onset_of_model, starts_of
from lab.scenario.load import load_scenario

SCENARIO = load_scenario("roll-without-hold-down")


class Scripted:
    """A resolver that fails from an instant on, and sends one query at each look from then on."""

    def __init__(self, fails: Instant) -> None:
        """Fetch at the start and never again."""
        self.fails = fails
        self.looks: list[Instant] = []
        self.sent: list[Instant] = []

    def start(self, now: Instant) -> None:
        """Fetch."""
        self.sent.append(now)

    def look(self, now: Instant) -> bool:
        """Note the look."""
        self.looks.append(now)
        if now >= self.fails:
            self.sent.append(now)
        return now < self.fails


def test_looks() -> None:
    """Half-hourly around the roll and for a day of failing, then 480 times in an hour, nothing twice."""
    roll = 10 * DAY
    asked = Scripted(roll + 3 * HOUR)
    onset = measure(asked, roll - 3 * DAY, roll)
    assert (onset.failed, onset.fetched) == (roll + 3 * HOUR, roll - 3 * DAY)
    assert (onset.in_a_day, onset.in_an_hour, onset.rate) == (SLOW, FAST, 0.5)
    assert len(dict.fromkeys(asked.looks)) == len(asked.looks)
    assert asked.looks[-1] == roll + 3 * HOUR + DAY + HOUR - 8
    before = [at for at in asked.looks if at <= roll]
    gaps = [later - earlier for earlier, later in pairwise(before)]
    assert gaps == [2 * HOUR] * 12 + [HOUR // 2] * 96


def test_who_never_fails() -> None:
    """One that goes on answering is left alone after twice the TTL."""
    onset = measure(Scripted(2**60), 0, 7 * DAY)
    assert (onset.failed, onset.in_a_day, onset.in_an_hour) == (None, 0, 0)


@pytest.mark.parametrize(
    ("queries", "name"), [(9, 0), (10, 1), (479, 1), (480, 2), (1919, 2), (1920, 3), (10**6, 3)]
)
def test_classes(queries: int, name: int) -> None:
    """Classes are those of the orders of magnitude: below 0.01, 0.5, 2 queries for each question, above."""
    assert Onset(0, 1, 0, 2, 0, queries).rate_class == CLASSES[name][1]


MEASURED = {
    "unbound-static": (24.5, 245, 240),
    "bind-static": (48.5, 637, 1066),
    "knot-debian": (24.5, 490, 4800),
    "pdns-recursor": (24.0, 24, 1),
}
"""daemons.md section 5: hours from fetch to failure, queries in a day and in an hour."""


@pytest.mark.parametrize("name", MEASURED)
def test_models_are_as_measured(name: str) -> None:
    """Models fail within a look of what was measured, and ask as often within a fifth, a half in the hour."""
    hours, day, hour = MEASURED[name]
    for onset in onset_of_model(SCENARIO, name).onsets:
        assert onset.failed is not None
        assert abs((onset.failed - onset.fetched) / HOUR - hours) <= 0.5
        assert abs(onset.in_a_day - day) <= 0.2 * day
        assert abs(onset.in_an_hour - hour) <= 0.5 * hour


def test_both_starts_count() -> None:
    """Who caches for a day fails at the time of the day at which it was started; that is what spreads."""
    onsets = onset_of_model(SCENARIO, "pdns-recursor").onsets
    assert [onset.failed is not None and onset.failed % DAY for onset in onsets] == [
        onset.started % DAY for onset in onsets
    ]


@pytest.mark.parametrize(("name", "why"), [("unbound", "at each refresh"), ("dnsmasq", "one query at every")])
def test_why(name: str, why: str) -> None:
    """What decides is said in the words of the policy."""
    assert why in onset_of_model(SCENARIO, name).why


def test_scenario_without_a_roll() -> None:
    """Where the key of the start signs to the end there is nothing to measure."""
    with pytest.raises(ScenarioError, match="no key of the start ceases to sign"):
        starts_of(replace(SCENARIO, timeline=replace(SCENARIO.timeline, steps=SCENARIO.timeline.steps[:1])))


def test_subject_of_its_own() -> None:
    """Nothing of the scenario but its timeline counts."""
    found = as_asked(SCENARIO, "daemon:unbound", 5)
    assert ([spec.name for spec in found.subjects], found.events, found.start) == (["daemon:unbound"], (), 5)
