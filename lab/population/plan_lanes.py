"""Swimlanes of a delay: the states of keys in the timeline, and when cohorts come to trust the new key."""

from __future__ import annotations

from itertools import accumulate

from ..clock import DAY, Instant, format_instant
from .plan_cells import Cell, Order
from .plan_result import Lane
from .strata import WARM_UP

FEW, MOST = 0.05, 0.95
"""A cohort is mixed while more than FEW and less than MOST of it trust the new key."""


def lanes(order: Order, cell: Cell) -> tuple[Lane, ...]:
    """Return the swimlanes of a cell, KSKs first, then cohorts in the order of the fleet."""
    return (*_keys(order), *_anchors(order, cell))


def _keys(order: Order) -> list[Lane]:
    scenario, found = order.delayed.scenario, []
    for name in dict.fromkeys(name for step in scenario.timeline.steps for name in step.keys.ksks):
        begin: Instant = scenario.start
        state = scenario.timeline.key_state(name, begin)
        changes = [step.at for step in scenario.timeline.steps if begin < step.at < scenario.stop]
        for at in [*changes, scenario.stop]:
            after = scenario.timeline.key_state(name, at) if at < scenario.stop else None
            if after != state:
                if state != "absent":
                    found.append(_lane(order, "key", name, state, begin, at))
                begin, state = at, after or state
    return found


def _anchors(order: Order, cell: Cell) -> list[Lane]:
    scenario, found = order.delayed.scenario, []
    for cohort, counts in zip(order.fleet.cohorts, cell.cohorts, strict=True):
        upto = [some / max(1, counts.present) for some in accumulate(counts.learnt)]
        days = [next((day for day, part in enumerate(upto) if part >= level), None) for level in (FEW, MOST)]
        cuts = [_cut(day, scenario.start, scenario.stop) for day in days]
        spans = zip(
            ("old key only", "mixed", "new key trusted"),
            (scenario.start, *cuts), (*cuts, scenario.stop), strict=True,
        )  # fmt: skip
        found += [
            _lane(order, "anchors", cohort.name, state, begin, end)
            for state, begin, end in spans
            if begin < end
        ]
    return found


def _cut(day: int | None, start: Instant, stop: Instant) -> Instant:
    """Return when a level is reached; in the days in which older resolvers start it was before the run."""
    if day is None:
        return stop
    return start if day * DAY <= WARM_UP else start + day * DAY


def _lane(order: Order, kind: str, name: str, state: str, begin: Instant, end: Instant) -> Lane:
    return Lane(
        months=order.delayed.months, kind="key" if kind == "key" else "anchors", name=name, state=state,
        begin=format_instant(begin), end=format_instant(min(end, order.delayed.scenario.stop)),
    )  # fmt: skip
