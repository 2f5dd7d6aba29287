"""Two sweeps side by side: intervals that stand apart, and studies that are not the same."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lab.errors import UserError
from lab.population.decide_compare import compare
from lab.population.plan_result import Interval, Sweep

from .sweeps import around, sweep


def changed(**update: object) -> Sweep:
    """Return a sweep whose first row is changed."""
    study = sweep().studies[0]
    rows = (study.rows[0].model_copy(update=update), study.rows[1])
    return sweep().model_copy(update={"studies": (study.model_copy(update={"rows": rows}),)})


def told(a: Sweep, b: Sweep) -> Sequence[str]:
    """Return what is said of the three numbers of the first delay."""
    return [pair.b_is for pair in compare(a, b)][:3]


def test_intervals_stand_apart_or_overlap() -> None:
    """Resolvers broken of 3 [2 to 4] overlap with 5 [4 to 6] and lie below 6 [5 to 7]."""
    assert told(sweep(), sweep()) == ["overlap"] * 3
    assert told(sweep(), changed(resolvers_broken=around(5.0))) == ["overlap"] * 3
    assert told(sweep(), changed(resolvers_broken=around(6.0))) == ["more", "overlap", "overlap"]
    assert told(changed(resolvers_broken=around(6.0)), sweep()) == ["less", "overlap", "overlap"]


def test_days_not_seen_are_more_than_those_watched() -> None:
    """Over 30 days is more than 20 [10 to 30], and may be 31."""
    late = Interval(low=None, median=None, high=None)
    for high, said in ((30.0, "more"), (31.0, "overlap")):
        seen = changed(days_to_repair=Interval(low=10, median=20, high=high))
        assert told(seen, changed(days_to_repair=late))[2] == said


def test_of_several_studies_those_of_one_name_are_compared() -> None:
    """Single studies are compared as they are; several by fleet and timeline, and delays by months."""
    other = sweep("2026")
    assert {pair.fleets for pair in compare(sweep(), other)} == {("2017", "2026")}
    both = sweep().model_copy(update={"studies": (*sweep().studies, *other.studies)})
    assert {pair.fleets for pair in compare(both, other)} == {("2026", "2026")}
    assert [pair.months for pair in compare(both, other)] == [0, 0, 0, 6, 6, 6]
    with pytest.raises(UserError, match="no fleet and timeline in common"):
        compare(both, sweep("none"))
