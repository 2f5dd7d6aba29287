"""Compare two sweeps, delay by delay: where their intervals stand apart."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal, TypeAlias

from ..errors import UserError
from .plan_result import Interval, Row, Study, Sure, Sweep

Apart: TypeAlias = Literal["less", "more", "overlap"]

METRICS = ("resolvers_broken", "users_broken", "days_to_repair")


@dataclass(frozen=True, slots=True)
class Pair:
    """One number of both sweeps; `b_is` says where the interval of B lies: less, more, or over that of A."""

    fleets: tuple[str, str]
    timelines: tuple[str, str]
    months: int
    metric: str
    a: Sure | Interval
    b: Sure | Interval
    b_is: Apart


def compare(a: Sweep, b: Sweep) -> tuple[Pair, ...]:
    """Return the numbers that both sweeps have. Raises UserError if no study of the one is in the other.

    Single studies are compared whatever they are called; of several, those with the same fleet and timeline.
    """
    if len(a.studies) == len(b.studies) == 1:
        pairs = [(a.studies[0], b.studies[0])]
    else:
        pairs = [
            (one, other) for one in a.studies for other in b.studies
            if (one.fleet, one.timeline) == (other.fleet, other.timeline)
        ]  # fmt: skip
    if not pairs:
        raise UserError(
            "the two sweeps have no fleet and timeline in common", remedy="compare sweeps of one study each"
        )
    watches = (a.inputs.watch_days, b.inputs.watch_days)
    return tuple(pair for one, other in pairs for pair in _studies(one, other, watches))


def _studies(a: Study, b: Study, watches: tuple[int, int]) -> list[Pair]:
    rows: list[tuple[Row, Row]] = [
        (one, other) for one in a.rows for other in b.rows if one.months == other.months
    ]
    return [
        Pair((a.fleet, b.fleet), (a.timeline, b.timeline), one.months, metric, getattr(one, metric),
             getattr(other, metric), _apart(getattr(one, metric), getattr(other, metric), watches))
        for one, other in rows for metric in METRICS
    ]  # fmt: skip


def _apart(a: Sure | Interval, b: Sure | Interval, watches: tuple[int, int]) -> Apart:
    """Say where B lies; what was not seen in the days watched is at least a day more than those."""
    lows = [watch + 1 if one.low is None else one.low for one, watch in zip((a, b), watches, strict=True)]
    highs = [inf if one.high is None else one.high for one in (a, b)]
    if highs[1] < lows[0]:
        return "less"
    return "more" if lows[1] > highs[0] else "overlap"
