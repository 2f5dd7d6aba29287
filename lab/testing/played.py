"""A run as a test looks at it. It is played when something is first asked of it."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from ..drivers.casting import is_played, with_daemons
from ..errors import LabError
from ..observation import Anchor, NoEvidence, Outcome, Transition
from ..run.engine import play
from ..run.explain import explain
from ..run.judge import judge
from ..run.record import Record
from ..run.verdict import Finding, RunResult, SubjectResult
from ..scenario.spec import Scenario
from .moment import Moment, When, instant_of, moment

Absent = Callable[[str], NoReturn]
"""What to do where something could not be seen, with the reason in one line: skip the test, or fail it."""


def refuse(reason: str) -> NoReturn:
    """Raise LookupError: what `Run` does where nobody said otherwise."""
    raise LookupError(reason)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one subject, as `lab.run.verdict.SubjectResult` tells it, its instants as Moments.

    `first_failure` is the first second at which a new name in the signed child would not be secure, None if
    there is none; of a real resolver the step at which that was seen, with `last_good` before it.
    """

    name: str
    kind: str
    version: str
    verdict: str
    first_failure: Moment | None
    last_good: Moment | None
    recovered_at: Moment | None
    outcome: str | None
    cause: str | None
    explanation: str
    outcomes: tuple[Outcome, ...]
    transitions: tuple[Transition, ...]
    anchors: tuple[Anchor, ...]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, result: SubjectResult) -> Seen:
        """Take a result of the judge's."""
        return cls(
            result.name, result.kind, result.version, result.verdict, moment(result.first_failure),
            moment(result.last_good), moment(result.recovered_at), result.outcome, result.cause,
            result.explanation, result.outcomes, result.transitions, result.anchors, result.findings,
        )  # fmt: skip

    def state(self, key: str | int, at: When | None = None) -> str:
        """Return the RFC 5011 state of a key, by name or tag, at an instant or the end; else `Start`."""
        told = [change for change in self.transitions if key in (change.key, change.key_tag)]
        if at is None:
            final = [anchor.state for anchor in self.anchors if key in (anchor.key, anchor.key_tag)]
            return final[-1] if final else "Start"
        before = [change for change in told if change.at <= instant_of(at)]
        return before[-1].target if before else "Start"

    def outcome_at(self, when: When) -> str | None:
        """Return what a client saw at an instant; None before the first look."""
        seen = [outcome.outcome for outcome in self.outcomes if outcome.at <= instant_of(when)]
        return seen[-1] if seen else None

    def __repr__(self) -> str:
        """Say in a line what a failed assert should tell."""
        failed = f"first failure {self.first_failure} [{self.cause}]" if self.first_failure else "no failure"
        return f"<{self.name} {self.version}: {self.outcome}, {failed}>"


class Run:
    """One run; it is played when it is first asked about."""

    def __init__(
        self,
        scenario: Scenario,
        subjects: Sequence[str] = (),
        *,
        seed: int | None = None,
        absent: Absent = refuse,
    ) -> None:
        """Take a scenario and who of it is played (all, unless named); `daemon:NAME` is a real resolver.

        Raises ScenarioError for a subject or a driver that there is not.
        """
        self.scenario = with_daemons(scenario, subjects)
        self._names, self._seed, self._absent = tuple(subjects), seed, absent

    @cached_property
    def record(self) -> Record:
        """Return all that was seen, as `rootlab run --record` stores it."""
        if not is_played(self.scenario, self._names):
            return play(self.scenario, seed=self._seed, subjects=self._names or None)
        try:
            return play_apart(self.scenario, self._names, self._seed)
        except LabError as error:
            if error.exit_status == 3:  # the machine lacks something; all else is the caller's or ours
                self._absent(str(error))
            raise

    @cached_property
    def result(self) -> RunResult:
        """Return the judge's verdicts on everybody."""
        return judge(self.record)

    @property
    def verdict(self) -> str:
        """Return `passed`, `failed` or `inconclusive`: are the scenario's expectations met?"""
        return self.result.verdict

    @property
    def subjects(self) -> tuple[Seen, ...]:
        """Return what was seen of everybody, in the order of the scenario."""
        return tuple(self.subject(one.name) for one in self.result.subjects)

    def subject(self, name: str = "") -> Seen:
        """Return what was seen of one subject; no name is needed where there is only one.

        Raises LookupError for a name that is not in the run. Of whom nothing could be seen (no program, no
        clock) nothing is returned: the test is skipped, or fails with `--rootlab-require-daemons`.
        """
        known = {one.name: one for one in self.result.subjects}
        if not name and len(known) == 1:
            name = next(iter(known))
        if name not in known:
            raise LookupError(f"there is no subject {name!r} in this run; there are {', '.join(known)}")
        blind = (
            one.reason
            for one in self.record.observations
            if isinstance(one, NoEvidence) and one.subject == name
        )
        for reason in blind:
            self._absent(f"{name}: {reason}")
        return Seen.of(known[name])

    def explain(self, name: str = "") -> str:
        """Return the story of a subject, or of all, a line an event, with the words of the RFC."""
        rows = explain(self.record, name or None)
        return "\n".join(
            f"{Moment(row.at)}  {row.what}{f'  ({row.rule})' if row.rule else ''}" for row in rows
        )


def play_apart(scenario: Scenario, subjects: Sequence[str], seed: int | None) -> Record:
    """Play a scenario with real resolvers in a process of its own, and return the record.

    A network namespace is entered by a fork, and a test process may have threads: those of a server, of
    pytest-xdist. Raises what `theatre.play_daemons` does.
    """
    with tempfile.TemporaryDirectory(prefix="rootlab-run-") as folder:
        job, answer = Path(folder, "job"), Path(folder, "answer")
        job.write_bytes(pickle.dumps((scenario, tuple(subjects), seed)))
        start = f"import sys; sys.path[:] = {sys.path!r}; from {__package__}.apart import main; main()"
        ended = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", start, str(job), str(answer)], stdin=subprocess.DEVNULL, check=False
        )
        if not answer.exists():
            raise RuntimeError(f"the process that plays real resolvers ended with status {ended.returncode}")
        fine, value = pickle.loads(answer.read_bytes())  # noqa: S301 - our own child wrote it
    if not fine:
        assert isinstance(value, BaseException)
        raise value
    assert isinstance(value, Record)
    return value
