"""Hold one subject of a run against another: the same transitions, the same outcomes, at the same time?

Both went through the same run, so start, steps and questions are the same. Key by key the states are laid
side by side, and what clients saw; the first pair that differs, in what it says or by more than the
tolerance in time, is the divergence. What was seen at steps may have come since the look before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from ..clock import HOUR, Instant, Seconds, format_instant
from ..errors import ScenarioError
from ..observation import Looked, NoEvidence, Outcome, Transition
from .record import Record

JITTER: Final[Seconds] = 12 * HOUR
"""Unbound's refreshes come at random, half a day apart at most (validator/autotrust.c, calc_next_probe)."""

CLIENTS: Final = "clients"
"""The thread of what clients see, beside one for each key."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changed with one subject: in the thread of a key or of its clients, to what, and when.

    It came not before `earliest` and not after `at`.
    """

    thread: str
    to: str
    at: Instant
    earliest: Instant


@dataclass(frozen=True, slots=True)
class Pair:
    """Two changes laid side by side, None where one subject has none; `fits` tells whether they agree."""

    left: Change | None
    right: Change | None
    fits: bool

    @property
    def at(self) -> Instant:
        """Return when the first of the two came."""
        return min(one.at for one in (self.left, self.right) if one is not None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two subjects held against each other: `agree`, `diverge`, or `not comparable` for a reason."""

    names: tuple[str, str]
    verdict: str
    reason: str
    tolerance: Seconds
    pairs: tuple[Pair, ...]

    @property
    def divergence(self) -> Pair | None:
        """Return the first pair that does not agree."""
        return next((pair for pair in self.pairs if not pair.fits), None)


EXIT_STATUS: Final = {"agree": 0, "diverge": 1, "not comparable": 3}


def compare(record: Record, left: str, right: str, *, step: Seconds = 0) -> Comparison:
    """Hold two subjects of a record against each other.

    `step` is what daemons are late by: the greatest distance between looks where something is expected.
    Transitions of Unbound have half a day if that is more; the two do not add up. Raises ScenarioError for a
    subject that is not in the record.
    """
    rows = {row["name"]: row for row in record.header["subjects"]}
    for name in (left, right):
        if name not in rows:
            raise ScenarioError(f"there is no subject {name!r}", remedy=f"there are {', '.join(rows)}")
    daemons = any(rows[name]["kind"] == "daemon" for name in (left, right))
    unbound = any("unbound" in str(rows[name]["model"]) for name in (left, right))
    steps = step if daemons else 0
    tolerance = max(steps, JITTER) if unbound else steps
    blind = [seen for seen in record.observations if isinstance(seen, NoEvidence)]
    for seen in blind:
        if seen.subject in (left, right):
            return Comparison(
                (left, right), "not comparable", f"{seen.subject}: {seen.reason}", tolerance, ()
            )
    threads = [changes_of(record, name) for name in (left, right)]
    for name, own in zip((left, right), threads, strict=True):
        if CLIENTS not in own:
            reason = f"{name}: nothing was seen of its clients"
            return Comparison((left, right), "not comparable", reason, tolerance, ())
    pairs: list[Pair] = []
    for thread in dict.fromkeys([*threads[0], *threads[1]]):
        allowed = steps if thread == CLIENTS else tolerance
        both = zip_longest(threads[0].get(thread, []), threads[1].get(thread, []))
        pairs += [Pair(one, other, _fits(one, other, allowed)) for one, other in both]
    ordered = tuple(sorted(pairs, key=lambda pair: pair.at))
    verdict = "agree" if all(pair.fits for pair in ordered) else "diverge"
    return Comparison((left, right), verdict, "", tolerance, ordered)


def changes_of(record: Record, name: str) -> dict[str, list[Change]]:
    """Return what changed with a subject, by thread, in order of time; outcomes that repeat are one."""
    looked: dict[tuple[str, Instant], Instant] = {}
    threads: dict[str, list[Change]] = {}
    for seen in record.observations:
        if seen.subject != name:
            continue
        if isinstance(seen, Looked):
            looked[seen.of, seen.until] = seen.at + 1
        elif isinstance(seen, Transition):
            change = Change(seen.key, seen.target, seen.at, looked.get(("transition", seen.at), seen.at))
            threads.setdefault(seen.key, []).append(change)
        elif isinstance(seen, Outcome):
            own = threads.setdefault(CLIENTS, [])
            if not own or own[-1].to != seen.outcome:
                own.append(Change(CLIENTS, seen.outcome, seen.at, looked.get(("outcome", seen.at), seen.at)))
    return threads


def _fits(left: Change | None, right: Change | None, allowed: Seconds) -> bool:
    """Tell whether two changes are the same one, and how far apart they may have come."""
    if left is None or right is None or left.to != right.to:
        return False
    apart = max(left.earliest - right.at, right.earliest - left.at, 0)
    return apart <= allowed


def told(change: Change | None) -> str:
    """Write a change for people."""
    if change is None:
        return "-"
    return f"{change.thread}: {change.to} at {format_instant(change.at)}"
