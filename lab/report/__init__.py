"""Render verdicts: for people on a terminal, for programs, for a CI server, for a board.

One table names every format; a new one is a module with a `render` function and a line here. The modules are
imported when they are asked for, because a terminal library is no business of a program that wants JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import Any, TypeAlias, cast

from ..errors import UserError
from ..run.verdict import RunResult, SuiteResult

Result: TypeAlias = RunResult | SuiteResult

Headers: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The header of each run's record by the name of its scenario: digest, start, stop (run/record.py)."""


@dataclass(frozen=True, slots=True)
class Page:
    """The sheet a report is laid out for: columns of text, and whether it may be coloured."""

    width: int = 120
    colour: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """One format: `title` says what it is for, `suffixes` of file names ask for it, `module` writes it."""

    title: str
    suffixes: tuple[str, ...]
    module: str

    def render(self, result: Result, headers: Headers, page: Page) -> str:
        """Return the whole report, ending in a line break. Only the text format looks at `page`."""
        function = import_module(self.module, __name__).render
        return cast("Callable[[Result, Headers, Page], str]", function)(result, headers, page)


REPORTS: dict[str, Report] = {
    "text": Report("tables for a terminal", (".txt",), ".text"),
    "json": Report("every fact, for programs (docs/json.md)", (".json",), ".as_json"),
    "junit": Report("one test case per subject and expectation, for CI servers", (".xml",), ".junit"),
    "markdown": Report("to forward: results, events, inputs, limits", (".md", ".markdown"), ".markdown"),
}


def report_for(path: PurePath) -> Report:
    """Return the report that the suffix of a file name asks for. Raises UserError that lists the suffixes."""
    for report in REPORTS.values():
        if path.suffix.lower() in report.suffixes:
            return report
    known = ", ".join(suffix for report in REPORTS.values() for suffix in report.suffixes)
    raise UserError(
        f"no report has the suffix {path.suffix!r}", place=str(path), remedy=f"end the name in one of {known}"
    )


def runs_of(result: Result) -> tuple[RunResult, ...]:
    """Return the runs of a suite, or the one run as a tuple of one."""
    return result.runs if isinstance(result, SuiteResult) else (result,)
