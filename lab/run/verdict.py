"""The shape of a verdict: what was seen of each subject, and whether it is what was expected."""

from __future__ import annotations

from dataclasses import dataclass

from ..clock import Instant
from ..observation import Anchor, Outcome, Sentinel, Signal, Transition

VERDICTS = ("passed", "inconclusive", "failed")
"""Best first; a run's verdict is the worst of its subjects'."""

EXIT_STATUS = {"passed": 0, "failed": 1, "inconclusive": 3}


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation compared with the observations: `message` says what was expected and what was seen."""

    expectation: str
    verdict: str
    message: str


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """What a run saw of one subject (design: section 6), and the verdict on it.

    `first_failure` is the first whole second at which a new name in the signed child would not be secure;
    `last_good` the last instant before it that was (for a daemon the step seen good); `recovered_at` the
    instant from which it was secure to the end. Absent values are None. `outcome` is the worst over the run.
    """

    name: str
    kind: str
    version: str
    verdict: str
    first_failure: Instant | None
    last_good: Instant | None
    recovered_at: Instant | None
    outcome: str | None
    outcomes: tuple[Outcome, ...]
    cause: str | None
    explanation: str
    transitions: tuple[Transition, ...]
    anchors: tuple[Anchor, ...]
    signals: tuple[Signal, ...]
    sentinels: tuple[Sentinel, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class RunResult:
    """The verdict on one scenario."""

    scenario: str
    title: str
    seed: int
    verdict: str
    subjects: tuple[SubjectResult, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The verdict on a suite: the worst of its runs'."""

    suite: str
    verdict: str
    runs: tuple[RunResult, ...]


def worst_verdict(verdicts: list[str]) -> str:
    """Return failed if any failed, else inconclusive if any is or there is none, else passed."""
    if not verdicts:
        return "inconclusive"
    return max(verdicts, key=VERDICTS.index)
