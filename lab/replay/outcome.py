"""What a replay found: values for the command line, for JSON and for tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .script import Note
from .signatures import Disagreement

PASSED, FAILED, DONE, PASSED_OVER = "passed", "failed", "done", "not-acted-on"
"""How a step ended: a check that held or not, something done, something that changes nothing here."""
INCONCLUSIVE = "inconclusive"


class StepResult(NamedTuple):
    """How one step ended; `details` say in what a check failed, or why a step did nothing."""

    number: int
    line: int
    kind: str
    outcome: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """How one file went through one model.

    `verdict` is `passed` if every check held, `failed` if one did not, `inconclusive` if nothing was checked
    or if a check failed in a file whose configuration asks for what the lab does not do (`reason` says what).
    `notes` list what was not acted on, `signatures` those
    that are bad although the file asks to take their like for good.
    """

    file: str
    title: str
    model: str
    verdict: str
    reason: str
    steps: tuple[StepResult, ...]
    notes: tuple[Note, ...]
    signatures: tuple[Disagreement, ...]
    probes: int
    elapsed: int
    """Seconds that passed in the scenario."""

    @property
    def checks(self) -> int:
        """Count the checks made."""
        return sum(step.outcome in (PASSED, FAILED) for step in self.steps)

    @property
    def failures(self) -> tuple[StepResult, ...]:
        """Return the checks that failed."""
        return tuple(step for step in self.steps if step.outcome == FAILED)


def worst_verdict(results: tuple[ReplayResult, ...]) -> str:
    """Return the verdict of several files: failed if one is, else inconclusive if one is, else passed."""
    verdicts = [result.verdict for result in results]
    if FAILED in verdicts:
        return FAILED
    return INCONCLUSIVE if INCONCLUSIVE in verdicts or not verdicts else PASSED
