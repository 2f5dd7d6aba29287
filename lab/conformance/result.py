"""What an examination found: one value for each case and examinee."""

from __future__ import annotations

from dataclasses import dataclass

from ..run.verdict import SubjectResult, worst_verdict
from .case import Case

PASS, FAIL, XFAIL, INCONCLUSIVE, NOT_APPLICABLE = STATUSES = (
    "pass", "fail", "xfail", "inconclusive", "not-applicable",
)  # fmt: skip
"""What a case can come to: `xfail` is a failure that is known, with its reason. A known failure that does not
happen is a `fail`: the list of known failures is to be mended."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, one examinee: `message` says what was expected and seen, `reason` why it is so, if known.

    `seen` is what the run saw of the examinee, None where it was not played.
    """

    case: str
    examinee: str
    status: str
    message: str
    reason: str = ""
    seen: SubjectResult | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """Cases, who was examined (name, kind, version), and all results: by case, then by examinee."""

    cases: tuple[Case, ...]
    examinees: tuple[tuple[str, str, str], ...]
    results: tuple[CaseResult, ...]
    seed: int

    @property
    def verdict(self) -> str:
        """Return failed if any case failed, else inconclusive if any is or none applied, else passed."""
        counted = [result.status for result in self.results if result.status != NOT_APPLICABLE]
        words = {FAIL: "failed", INCONCLUSIVE: "inconclusive"}
        return worst_verdict([words.get(status, "passed") for status in counted])

    def of(self, case: str, name: str) -> CaseResult:
        """Return the result of one case for one examinee."""
        return next(one for one in self.results if (one.case, one.examinee) == (case, name))

    def count(self, status: str, name: str | None = None) -> int:
        """Return how many results have a status, of one examinee or of all."""
        return sum(one.status == status and name in (None, one.examinee) for one in self.results)


def repro(result: CaseResult, seed: int, said: str = "") -> str:
    """Return the command line that repeats one result; `said` is how the examinee is named there."""
    who = said or f"--subject {result.examinee}"
    return f"rootlab conformance run --case {result.case} {who}" + (f" --seed {seed}" if seed else "")
