"""Show verdicts on a terminal: one table, a legend that explains it to a newcomer, and the verdict last.

A scenario is a table with a row per subject; a suite is one table with the scenarios side by side, so that
one configuration can be compared across them. Both give way to a narrower layout where the sheet is too
small.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import one_line
from ..run.verdict import RunResult, SubjectResult, SuiteResult
from . import Headers, Page, Result
from .sheet import GROUPED, STYLES, fits, paragraph, screen, styled, table, text_of
from .wording import (
    EXPECTED,
    FAILURE,
    OUTCOME_WORDS,
    cause_words,
    causes_of,
    outcomes_of,
    recovery,
    unmet,
    when,
)

_OUTCOME = len("insecure")


def render(result: Result, headers: Headers, page: Page) -> str:
    """Return the screen for one run or one suite."""
    console = screen(page)
    if isinstance(result, SuiteResult):
        _suite(console, result, headers)
    else:
        _run(console, result, headers)
    return text_of(console)


def _head(console: Console, run: RunResult, headers: Headers) -> None:
    """Print the two lines that say what was played."""
    console.print(Text(f"{one_line(run.scenario)}: {one_line(run.title)}", style="bold"))
    console.print(Text(f"{period(headers.get(run.scenario, {}))}seed {run.seed}"))
    console.print()


def period(header: Mapping[str, Any]) -> str:
    """Return "START to STOP, " of a record's header, midnights as dates; nothing if it does not say."""
    if "start" not in header or "stop" not in header:
        return ""
    start, stop = (one_line(str(header[name])).removesuffix("T00:00:00Z") for name in ("start", "stop"))
    return f"{start} to {stop}, "


def _run(console: Console, run: RunResult, headers: Headers) -> None:
    """Print one scenario: head, table, legend, notes, verdict."""
    _head(console, run, headers)
    _subjects(console, run)
    _after(console, (run,))
    console.print()
    console.print(_verdict_line(run))


def _subjects(console: Console, run: RunResult) -> None:
    """Print the table of one run, in six columns where they fit and else with time and cause in one."""
    wide = table()
    for title in ("subject", "outcome", "first failure", "recovers", "cause", "verdict"):
        wide.add_column(title, no_wrap=True)
    for subject in run.subjects:
        wide.add_row(
            one_line(subject.name),
            styled(subject.outcome),
            when(subject.first_failure),
            recovery(subject),
            one_line(subject.cause or "-"),
            styled(subject.verdict),
        )
    if fits(console, wide):
        console.print(wide)
        return
    narrow = table()
    narrow.add_column("subject", overflow="fold")
    narrow.add_column("outcome", no_wrap=True)
    narrow.add_column("first failure, recovery, cause", overflow="fold")
    narrow.add_column("verdict", no_wrap=True)
    for subject in run.subjects:
        story = Text("\n".join(_story(subject)) or "-")
        narrow.add_row(one_line(subject.name), styled(subject.outcome), story, styled(subject.verdict))
    console.print(narrow)


def _story(subject: SubjectResult) -> list[str]:
    """Return what befell a subject as lines: first failure, recovery, cause."""
    if subject.first_failure is None:
        return []
    lines = [when(subject.first_failure)]
    if subject.recovered_at is not None:
        lines.append(f"until {when(subject.recovered_at)}")
    return [*lines, one_line(subject.cause)] if subject.cause else lines


def _suite(console: Console, suite: SuiteResult, headers: Headers) -> None:
    """Print a suite: one table over all scenarios if the sheet is wide enough, else a table for each."""
    console.print(Text(f"suite {one_line(suite.suite)}", style="bold"))
    for run in suite.runs:
        what = f"{one_line(run.scenario)}: {one_line(run.title)} ("
        paragraph(console, f"{what}{period(headers.get(run.scenario, {}))}seed {run.seed})", 2)
    console.print()
    grid = _grid(suite)
    if fits(console, grid):
        console.print(grid)
    else:
        for number, run in enumerate(suite.runs):
            if number:
                console.print()
            console.print(Text(one_line(run.scenario), style="bold"))
            _subjects(console, run)
    _after(console, suite.runs)
    console.print()
    for run in suite.runs:
        console.print(_verdict_line(run))
    console.print(Text.assemble(f"{one_line(suite.suite)}: ", styled(suite.verdict)))


def _grid(suite: SuiteResult) -> Table:
    """Return the table of a suite: configurations as rows, scenarios as column groups.

    A group is one column of the table with two columns of text in it: on the left the outcome, on the
    right, one below the other, first failure, recovery and cause. Side by side, three groups would need 200
    columns.
    """
    grid = table(GROUPED)
    grid.add_column(Text("\nsubject"), no_wrap=True)
    for run in suite.runs:
        head = f"{one_line(run.scenario)}\n{'outcome':{_OUTCOME}} first failure, cause"
        grid.add_column(Text(head), no_wrap=True)
    names = tuple({subject.name: None for run in suite.runs for subject in run.subjects})
    by_run = [{subject.name: subject for subject in run.subjects} for run in suite.runs]
    for name in names:
        grid.add_row(one_line(name), *(_cell(subjects.get(name)) for subjects in by_run))
    return grid


def _cell(subject: SubjectResult | None) -> Text:
    """Return one subject in one scenario; what did not go as the scenario expects is said in the cell."""
    if subject is None:
        return Text("")
    outcome = styled(subject.outcome)
    right = [Text(line) for line in _story(subject)]
    if subject.verdict != "passed":
        unexpected = "NOT AS EXPECTED" if subject.verdict == "failed" else subject.verdict.upper()
        right.append(Text(unexpected, style=STYLES.get(subject.verdict, "")))
    if right and len(outcome) <= _OUTCOME:
        outcome.pad_right(_OUTCOME + 1 - len(outcome))
        outcome.append_text(right.pop(0))
    for line in right:
        outcome.append("\n")
        # "until" hangs to the left of the instants, so that these stand in one column.
        indent = _OUTCOME + 1 - (len("until ") if line.plain.startswith("until ") else 0)
        outcome.append(" " * indent)
        outcome.append_text(line)
    return outcome


def _after(console: Console, runs: tuple[RunResult, ...]) -> None:
    """Print what the words mean, why subjects fail, the scenarios' notes, and what did not go as expected."""
    console.print()
    for outcome in outcomes_of(runs):
        _entry(console, styled(outcome), OUTCOME_WORDS[outcome], 12)
    if any(subject.first_failure is not None for run in runs for subject in run.subjects):
        _entry(console, Text("failure"), FAILURE, 12)
    paragraph(console, EXPECTED)
    causes = causes_of(runs)
    if causes:
        console.print()
        console.print(Text("Why", style="bold"))
        width = max(map(len, causes))
        for cause in causes:
            _entry(console, Text(one_line(cause)), cause_words(cause), width + 1)
    notes = [(run.scenario, note) for run in runs for note in run.notes]
    if notes:
        console.print()
    for scenario, note in notes:
        prefix = f"{one_line(scenario)}: " if len(runs) > 1 else ""
        paragraph(console, f"note: {prefix}{one_line(note, 2000)}")
    _unexpected(console, runs)


def _entry(console: Console, term: Text, words: str, width: int) -> None:
    """Print a term and its explanation beside it."""
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=width, no_wrap=True)
    row.add_column()
    row.add_row(term, words)
    console.print(row)


def _unexpected(console: Console, runs: tuple[RunResult, ...]) -> None:
    """Print every expectation that does not hold or could not be judged."""
    if not any(unmet(run) for run in runs):
        return
    console.print()
    console.print(Text("Not as expected", style="bold"))
    for run in runs:
        for name, expectation, verdict, message in unmet(run):
            place = f"{run.scenario}: {name}" if len(runs) > 1 else name
            words = f" {one_line(place)}, {one_line(expectation)}: {one_line(message)}"
            paragraph(console, Text.assemble(styled(verdict), words), 2)


def _verdict_line(run: RunResult) -> Text:
    """Return the verdict on a run, with how many subjects it rests on."""
    good = sum(subject.verdict == "passed" for subject in run.subjects)
    total = len(run.subjects)
    noun = "subject" if total == 1 else "subjects"
    count = f" ({good} of {total} {noun} as expected)" if total else " (no subject was played)"
    return Text.assemble(f"{one_line(run.scenario)}: ", styled(run.verdict), count)
