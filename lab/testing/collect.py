"""Scenario files as tests: one item for each subject, which passes if the file's expectations are met."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NoReturn

import pytest

from ..errors import UserError
from ..run.verdict import SubjectResult
from ..scenario.load import load_scenario
from ..scenario.spec import Scenario
from .played import Run

Absent = Callable[[pytest.Config, str], NoReturn]
"""Skip, or fail, for want of something that the machine has not, or that could not be seen."""


class ExpectationError(Exception):
    """Report that a subject did not do what its scenario expects; the text is for people."""


class ScenarioFile(pytest.File):
    """A scenario named on the command line. All its subjects go through one run, played once."""

    absent: Absent

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each subject. A file that is no scenario is an error of one line."""
        try:
            names = [spec.name for spec in self.scenario.subjects]
        except UserError as error:
            raise self.CollectError(str(error)) from None
        for name in names:
            item: ScenarioItem = ScenarioItem.from_parent(self, name=name)
            yield item

    @cached_property
    def scenario(self) -> Scenario:
        """Return the scenario."""
        return load_scenario(self.path)

    @cached_property
    def run(self) -> Run:
        """Return the run."""
        return Run(self.scenario, absent=lambda reason: self.absent(self.config, reason))


class ScenarioItem(pytest.Item):
    """One subject of a scenario file."""

    parent: ScenarioFile

    def runtest(self) -> None:
        """Compare what was seen of the subject with what is expected of it."""
        run = self.parent.run
        result = next(one for one in run.result.subjects if one.name == self.name)
        if result.verdict == "inconclusive":
            self.parent.absent(self.config, "; ".join(one.message for one in result.findings))
        if result.verdict == "failed":
            raise ExpectationError(_told(run, result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        """Show what was expected and what was seen, without a traceback of the lab's."""
        if isinstance(excinfo.value, (ExpectationError, UserError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Say where it is from: the file, no line, and file and subject in words."""
        return self.path, None, f"{self.path.stem}: {self.name}"


def _told(run: Run, result: SubjectResult) -> str:
    """Return the expectations that are not met, and the story of the subject under them."""
    failed = [f"{one.expectation}: {one.message}" for one in result.findings if one.verdict == "failed"]
    return "\n".join([*failed, "", run.explain(result.name)])
