"""Tell a stored run as dated rows: on the left what happened, on the right what the RFC says about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..clock import format_instant
from ..errors import one_line
from ..run.explain import Row
from ..run.verdict import RunResult, SubjectResult
from . import Page
from .as_json import dump
from .sheet import paragraph, screen, table, text_of
from .text import period
from .wording import OUTCOME_WORDS, cause_words, when

_SIDE_BY_SIDE = 100
"""Columns from which on the two texts stand side by side."""


def render_text(
    result: RunResult, rows: Sequence[Row], header: dict[str, Any], subject: str | None, page: Page
) -> str:
    """Return the story of one subject, or of all, with a sentence on how each of them ends."""
    console = screen(page)
    whom = f", {one_line(subject)}" if subject is not None else ""
    console.print(Text(f"{one_line(result.scenario)}{whom}: {one_line(result.title)}", style="bold"))
    console.print(Text(f"{period(header)}seed {result.seed}"))
    console.print()
    console.print(_table(rows, everybody=subject is None, wide=page.width >= _SIDE_BY_SIDE))
    console.print()
    for told in result.subjects:
        if subject in (None, told.name):
            paragraph(console, _end(told))
    return text_of(console)


def render_json(result: RunResult, rows: Sequence[Row]) -> str:
    """Return the rows as JSON (docs/json.md)."""
    return dump(
        {
            "scenario": result.scenario,
            "seed": result.seed,
            "rows": [
                {
                    "at": format_instant(row.at),
                    "subject": row.subject or None,
                    "what": row.what,
                    "rule": row.rule or None,
                }
                for row in rows
            ],
        }
    )


def _table(rows: Sequence[Row], *, everybody: bool, wide: bool) -> Table:
    """Return the rows as a table; on a narrow sheet the rule stands below what happened."""
    grid = table()
    grid.add_column("at", no_wrap=True)
    if everybody:
        grid.add_column("subject")
    grid.add_column("what happened", ratio=1 if wide else None)
    if wide:
        grid.add_column("what the RFC says", ratio=1)
    for row in rows:
        cells = [format_instant(row.at), one_line(row.subject) or "(authority)"][: 2 if everybody else 1]
        what, rule = Text(one_line(row.what)), Text(one_line(row.rule), style="dim")
        if wide:
            grid.add_row(*cells, what, rule)
        else:
            grid.add_row(*cells, Group(what, Padding(rule, (0, 0, 0, 2))) if row.rule else what)
    return grid


def _end(subject: SubjectResult) -> str:
    """Return in a sentence how a subject came through the run."""
    name = one_line(subject.name)
    if subject.first_failure is None:
        return f"{name} does not fail."
    outcome = subject.outcome or "-"
    sentence = f"{name} fails at {when(subject.first_failure)}"
    if subject.cause:
        sentence += f", {one_line(subject.cause)}: {cause_words(subject.cause)}"
    again = when(subject.recovered_at, "")
    sentence += f". It is secure again from {again} on." if again else ". It is not secure at the end."
    return f"{sentence} At worst it was {outcome}: {OUTCOME_WORDS.get(outcome, outcome)}."
