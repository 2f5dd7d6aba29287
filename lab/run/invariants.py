"""What must hold of every record, whatever the scenario: one invariant, one small checker.

A broken invariant is a fault of the lab, never of a subject, so it ends the run with exit status 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from ..clock import parse_instant
from ..errors import LabError
from ..observation import Outcome, Started, Stopped, Transition
from .record import Record


class BrokenInvariantError(LabError):
    """Report that a run contradicts itself."""

    exit_status = 4


def in_order(record: Record) -> Iterator[str]:
    """Observations are in order of time."""
    for before, after in pairwise(record.observations):
        if after.at < before.at:
            yield f"{after.kind} at {after.at} stands behind {before.kind} at {before.at}"


def inside_the_run(record: Record) -> Iterator[str]:
    """Nothing is observed before the start or after the stop."""
    start, stop = parse_instant(record.header["start"]), parse_instant(record.header["stop"])
    for seen in record.observations:
        if not start <= seen.at <= stop:
            yield f"{seen.kind} of {seen.subject} at {seen.at}"


def states_chain(record: Record) -> Iterator[str]:
    """Every key leaves the state it entered last, unless the state was lost in between.

    A restart may find an older state, where the last one could not be written. When configured anchors are
    read again, at a start or from a changed file, a key is Valid or unknown (Start) without a transition.
    """
    now: dict[str, dict[str, tuple[str, ...]]] = {}
    past: dict[str, dict[str, tuple[str, ...]]] = {}
    for seen in record.observations:
        if isinstance(seen, Started):
            ever = past.get(seen.subject, {}) if seen.how == "restart" else {}
            now[seen.subject], past[seen.subject] = dict(ever), ever
        elif isinstance(seen, Transition):
            own, ever = now.setdefault(seen.subject, {}), past.setdefault(seen.subject, {})
            held = own.get(seen.key)
            if held is not None and seen.source not in (*held, "Start", "Valid"):
                yield f"{seen.subject}: {seen.key} leaves {seen.source} at {seen.at}, but was {held[-1]}"
            own[seen.key] = (seen.target,)
            states = (*ever.get(seen.key, ()), seen.source, seen.target)
            ever[seen.key] = tuple(dict.fromkeys(states))


def outcomes_change(record: Record) -> Iterator[str]:
    """Consecutive outcomes of a running subject differ."""
    last: dict[str, tuple[str, str, str]] = {}
    for seen in record.observations:
        if isinstance(seen, (Started, Stopped)):
            last.pop(seen.subject, None)
        elif isinstance(seen, Outcome):
            now = (seen.outcome, seen.unsigned, seen.cause)
            if last.get(seen.subject) == now:
                yield f"{seen.subject}: {now} twice at {seen.at}"
            last[seen.subject] = now


def failures_have_causes(record: Record) -> Iterator[str]:
    """Whoever is not secure has a cause, and whoever is secure has none."""
    for seen in record.observations:
        if isinstance(seen, Outcome) and (seen.outcome == "secure") is bool(seen.cause):
            yield f"{seen.subject}: {seen.outcome} with cause {seen.cause!r} at {seen.at}"


INVARIANTS: tuple[Callable[[Record], Iterator[str]], ...] = (
    in_order,
    inside_the_run,
    states_chain,
    outcomes_change,
    failures_have_causes,
)


def check(record: Record) -> None:
    """Raise BrokenInvariantError at the first invariant that a record breaks."""
    for invariant in INVARIANTS:
        for problem in invariant(record):
            raise BrokenInvariantError(f"a run contradicts itself ({invariant.__name__}): {problem}")
