"""Compare what was seen with what was expected: a fold over a record, live or stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..causes import explanation
from ..clock import Instant, Seconds, format_instant, parse_instant
from ..errors import RecordError
from ..observation import (
    Anchor,
    Gap,
    Looked,
    NoEvidence,
    Observation,
    Outcome,
    Sentinel,
    Signal,
    Started,
    Stopped,
    Transition,
    worst,
)
from ..scenario.expectations import Expectation, expectation_from_json, expectations_of
from ..scenario.spec import Scenario
from .compare import compare, told
from .record import Record
from .verdict import Finding, RunResult, SubjectResult, worst_verdict


@dataclass(frozen=True, slots=True)
class View:
    """What a record says of one subject, as expectations look at it."""

    name: str
    start: Instant
    stop: Instant
    has_child: bool
    outcomes: tuple[Outcome, ...]
    transitions: tuple[Transition, ...]
    anchors: tuple[Anchor, ...]
    signals: tuple[Signal, ...]
    sentinels: tuple[Sentinel, ...]
    presence: tuple[Started | Stopped, ...] = ()
    looked: tuple[Looked, ...] = ()
    blind: str = ""
    """Why nothing seen of the subject counts; empty if it does."""
    record: Record | None = None
    """What was seen of everybody, to hold subjects against each other."""

    @property
    def _failing(self) -> Outcome | None:
        return next((seen for seen in self.outcomes if seen.outcome != "secure"), None)

    @property
    def first_failure(self) -> Instant | None:
        """Return the first second at which a new name in the signed child would not be secure."""
        return None if self._failing is None else self._failing.at

    @property
    def last_good(self) -> Instant | None:
        """Return the last second before that at which it was, and ran; None if there is none."""
        first = self.first_failure
        if first is not None and self.looked:
            last = self.earliest("outcome", first) - 1
            return last if last < first - 1 else None
        good = [seen.at for seen in self.outcomes if first is not None and seen.at < first]
        if first is None or not good:
            return None
        before = [seen for seen in self.presence if seen.at < first]
        stopped = bool(before) and isinstance(before[-1], Stopped)
        return max(good[-1], (before[-1].at if stopped else first) - 1)

    def earliest(self, of: str, at: Instant) -> Instant:
        """Return when a change seen at an instant may have come at the earliest."""
        return next((seen.at + 1 for seen in self.looked if (seen.of, seen.until) == (of, at)), at)

    def agreement(self, other: str, step: Seconds) -> tuple[bool | None, str]:
        """Tell whether another subject went through the same, and say where they part (see `compare`)."""
        wanted = f"expected to agree with {other}"
        if self.record is None or all(row["name"] != other for row in self.record.header["subjects"]):
            return None, f"{wanted}, which was not played"
        found = compare(self.record, other, self.name, step=step)
        if found.divergence is None:
            return (None, f"{wanted}; {found.reason}") if found.reason else (True, f"{wanted}; it does")
        left, right = told(found.divergence.left), told(found.divergence.right)
        return False, f"{wanted}; they part at {left} there, {right} here"

    @property
    def recovered_at(self) -> Instant | None:
        """Return the second from which a subject that had failed was secure to the end; None otherwise."""
        if self.first_failure is None or self.outcomes[-1].outcome != "secure":
            return None
        last = max(place for place, seen in enumerate(self.outcomes) if seen.outcome != "secure")
        return self.outcomes[last + 1].at

    @property
    def outcome(self) -> str | None:
        """Return the worst outcome of the run."""
        return worst([seen.outcome for seen in self.outcomes])

    @property
    def cause(self) -> str | None:
        """Return the cause of the first failure."""
        return None if self._failing is None else self._failing.cause


def judge(record: Record, scenario: Scenario | None = None) -> RunResult:
    """Return the verdict on a record, against its own expectations or those of a scenario.

    Raises RecordError if the header is not that of a record this version writes.
    """
    header = record.header
    try:
        stated = scenario.expectations if scenario else tuple(
            expectation_from_json(row) for row in header["expectations"]
        )  # fmt: skip
        start, stop = parse_instant(header["start"]), parse_instant(header["stop"])
        seen_of = _by_subject(record)
        views = [
            (_view(row["name"], start, stop, record, seen_of), row["kind"], row["version"])
            for row in header["subjects"]
        ]
        gaps = tuple(seen for seen in record.observations if isinstance(seen, Gap))
        results = tuple(
            _judge_one(view, kind, version, expectations_of(view.name, stated), gaps)
            for view, kind, version in views
        )
        return RunResult(
            header["scenario"], header["title"], header["seed"],
            worst_verdict([one.verdict for one in results]), results, _notes(header, gaps, scenario),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise RecordError(f"its header is damaged ({problem!r})", remedy="record the run again") from None


def _by_subject(record: Record) -> dict[str, list[Observation]]:
    """Sort observations by subject, once for all of them: a fleet has thousands."""
    found: dict[str, list[Observation]] = {}
    for seen in record.observations:
        found.setdefault(seen.subject, []).append(seen)
    return found


def _view(
    name: str, start: Instant, stop: Instant, record: Record, seen_of: dict[str, list[Observation]]
) -> View:
    """Gather what a record says of one subject."""
    own = seen_of.get(name, [])
    return View(
        name, start, stop, record.header["has_child"],
        tuple(seen for seen in own if isinstance(seen, Outcome)),
        tuple(seen for seen in own if isinstance(seen, Transition)),
        tuple(seen for seen in own if isinstance(seen, Anchor)),
        tuple(seen for seen in own if isinstance(seen, Signal)),
        tuple(seen for seen in own if isinstance(seen, Sentinel)),
        tuple(seen for seen in own if isinstance(seen, (Started, Stopped))),
        tuple(seen for seen in own if isinstance(seen, Looked)),
        next((seen.reason for seen in own if isinstance(seen, NoEvidence)), ""),
        record,
    )  # fmt: skip


def _judge_one(
    view: View, kind: str, version: str, expected: Sequence[Expectation], gaps: Sequence[Gap]
) -> SubjectResult:
    findings = tuple(_finding(expectation, view, gaps) for expectation in expected)
    cause = view.cause
    return SubjectResult(
        view.name, kind, version, worst_verdict([finding.verdict for finding in findings]),
        view.first_failure, view.last_good, view.recovered_at, view.outcome, view.outcomes,
        cause, explanation(cause) if cause else "", view.transitions, view.anchors, view.signals,
        view.sentinels, findings,
    )  # fmt: skip


def _finding(expectation: Expectation, view: View, gaps: Sequence[Gap]) -> Finding:
    """Judge one expectation; what holds only because nothing was seen in a gap is inconclusive."""
    if view.blind:
        return Finding(expectation.id, "inconclusive", f"expected {expectation.kind}; {view.blind}")
    holds, message = expectation.check(view)
    if holds and gaps:
        spans = ", ".join(f"{format_instant(gap.at)} to {format_instant(gap.until)}" for gap in gaps)
        return Finding(expectation.id, "inconclusive", f"{message}; the files leave a gap: {spans}")
    verdict = "inconclusive" if holds is None else "passed" if holds else "failed"
    return Finding(expectation.id, verdict, message)


def _notes(header: dict[str, Any], gaps: Sequence[Gap], scenario: Scenario | None) -> tuple[str, ...]:
    notes = []
    if scenario is not None and scenario.digest != header["digest"]:
        notes.append(
            f"the record is not of {scenario.name} as it stands: it is of another scenario, or version of it"
        )
    if header["assumed_hours"]:
        hours = ", ".join(header["assumed_hours"])
        notes.append(
            f"switch-hour: only the day of these key changes is known, their hour is assumed: {hours}"
        )
    if not header["has_child"]:
        notes.append(
            "only the DNSKEY RRset exists in ceremony files: clients are judged by whether it validates"
        )
    notes += [f"no bundle is in force from {format_instant(g.at)} to {format_instant(g.until)}" for g in gaps]
    return tuple(notes)
