"""Lay text out for a sheet of so many columns: tables, paragraphs and colours in the lab's look."""

from __future__ import annotations

from io import StringIO

from rich.box import Box
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from . import Page

RULED = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
"""A rule under the head and nothing else, in ASCII: it survives mail, tickets and terminals without UTF-8."""

GROUPED = Box("    \n  | \n -+-\n  | \n    \n    \n  | \n    \n", ascii=True)
"""The same with a line between column groups."""

STYLES = {
    "secure": "green",
    "insecure": "yellow",
    "unvalidated": "yellow",
    "bogus": "red",
    "down": "red",
    "passed": "green",
    "failed": "bold red",
    "inconclusive": "bold yellow",
}
"""The colours of outcomes and verdicts."""


def screen(page: Page) -> Console:
    """Return a console that collects text laid out for `page` and reads nothing from the environment."""
    return Console(
        file=StringIO(),
        width=page.width,
        force_terminal=page.colour,
        no_color=not page.colour,
        color_system="standard" if page.colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def text_of(console: Console) -> str:
    """Return what a console of `screen` has collected, without spaces at the ends of lines."""
    assert isinstance(console.file, StringIO)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def table(box: Box = RULED) -> Table:
    """Return an empty table in the lab's look."""
    left = 1 if box is GROUPED else 0
    return Table(box=box, show_edge=False, pad_edge=False, padding=(0, 1, 0, left), header_style="bold")


def fits(console: Console, grid: Table) -> bool:
    """Say whether a table can be shown on this sheet with nothing cut off or wrapped."""
    unbounded = console.options.update(width=100_000)
    return Measurement.get(console, unbounded, grid).maximum <= console.width


def styled(word: str | None) -> Text:
    """Return an outcome or verdict in its colour; `-` where there is none."""
    return Text(word or "-", style=STYLES.get(word or "", ""))


def paragraph(console: Console, text: str | Text, indent: int = 0) -> None:
    """Print one wrapped paragraph; continuation lines are indented by two more columns."""
    width = console.width - indent - 2
    lines = (Text(text) if isinstance(text, str) else text).wrap(console, width)
    for number, line in enumerate(lines):
        console.print(Padding(line, (0, 0, 0, indent + (2 if number else 0))), no_wrap=True, crop=False)
