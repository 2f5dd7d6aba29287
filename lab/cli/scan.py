"""`rootlab scan`: which root keys are written into files, and until when they will do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import __version__
from ..clock import Instant, format_instant
from ..errors import one_line
from .options import FILE, INSTANT, output_option
from .output import check_targets, deliver, is_stdout, page

if TYPE_CHECKING:
    from ..report import Page
    from ..scan.outlook import Dated, Ends
    from ..scan.tree import Scan

_NOTES_SHOWN = 20


@click.command()
@click.argument("path", type=FILE)
@click.option("--at", type=INSTANT, metavar="INSTANT", help="What must still work then; default: now.")
@click.option(
    "--timeline",
    "scenario",
    metavar="SCENARIO",
    help="Take the dates from this scenario; default: what happened in 2018, then the plan for 2026.",
)
@click.option("--hints", is_flag=True, help="Show also lines that name a key tag beside words of DNSSEC.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="A table, a list for programs, or SARIF 2.1.0 for code hosts.",
)
@output_option
def scan(
    path: Path, at: Instant | None, scenario: str | None, hints: bool, form: str, output: Path | None
) -> int:
    """Find root anchors in files and say until when they work.

    PATH is a file, a folder, or an image or package: tar, zip, deb, cpio, compressed, in each other.

    Exit status: 0 all works at --at, 1 something has ceased to work before, 2 something could not be read.
    """
    from ..scan import sarif
    from ..scan.hints import NOTATION
    from ..scan.outlook import dated
    from ..scan.tree import scan_path

    check_targets(output)
    known = _ends(scenario)
    moment = _now() if at is None else at
    found = scan_path(path, hints=hints)
    rows = dated(found.findings, known)
    if form == "json":
        text = _json(rows)
    elif form == "sarif":
        text = sarif.render(rows, moment, __version__)
    else:
        text = _text(rows, found, moment, page(to_file=not is_stdout(output)))
    deliver(text, output)
    _complain(found)
    if any(row.dies_before(moment) for row in rows if row.finding.notation != NOTATION):
        return 1
    return 2 if found.unreadable else 0


def _now() -> Instant:
    """Return the wall clock's time: the only place of the scan that looks at it."""
    from datetime import UTC, datetime

    from ..clock import from_datetime

    return from_datetime(datetime.now(UTC))  # noqa: TID251


def _ends(scenario: str | None) -> Ends:
    """Return until when each root key works, by history and plan, and by the scenario before these."""
    from ..scan.outlook import HISTORY, ends
    from ..scenario.load import load_scenario

    names = (*HISTORY, scenario) if scenario else HISTORY
    return ends([load_scenario(name).timeline for name in names])


def _json(rows: tuple[Dated, ...]) -> str:
    """Return the findings for programs, in the order of the paths."""
    from ..report.as_json import dump

    return dump(
        [
            {
                "path": row.finding.path,
                "line": row.finding.line,
                "notation": row.finding.notation,
                "keys": list(row.finding.keys),
                "works_until": None if row.works_until is None else format_instant(row.works_until),
            }
            for row in rows
        ]
    )


def _text(rows: tuple[Dated, ...], found: Scan, at: Instant, sheet: Page) -> str:
    """Return a table of what was found, and what to do about it."""
    from rich.text import Text

    from ..report.sheet import paragraph, screen, table, text_of

    console = screen(sheet)
    if rows:
        grid = table()
        for name in ("works until", "keys"):
            grid.add_column(name, no_wrap=True)
        for name in ("notation", "place"):
            grid.add_column(name, overflow="fold")
        for row in rows:
            dead = row.dies_before(at)
            until = "no known end" if row.works_until is None else format_instant(row.works_until)
            keys = " ".join(map(str, row.finding.keys))
            place = one_line(f"{row.finding.path}:{row.finding.line}", 2000)
            grid.add_row(Text(until, style="red" if dead else ""), keys, row.finding.notation, place)
        console.print(grid)
        console.print()
    paragraph(console, _summary(rows, found, at))
    return text_of(console)


def _summary(rows: tuple[Dated, ...], found: Scan, at: Instant) -> str:
    """Say in a sentence or two what is dead, what will die, and the remedy."""
    from ..scan.hints import NOTATION
    from ..scan.material import KNOWN

    places = [row for row in rows if row.finding.notation != NOTATION]
    files = f"{found.files} file{'s' * (found.files != 1)}"
    if not places:
        return f"No root anchor in {files}."
    dead = sum(row.dies_before(at) for row in places)
    ending = sum(row.works_until is not None for row in places) - dead
    head = f"{len(places)} place{'s' * (len(places) != 1)} with root anchors in {files}: {dead} dead at "
    head += f"{format_instant(at)}, {ending} to die later."
    if not dead + ending:
        return head
    newest = KNOWN[-1]
    return (
        f"{head} Remedy: add the key {newest.tag} ({newest.name.upper()}) beside those there, from "
        "https://data.iana.org/root-anchors/root-anchors.xml, and ship it before the date."
    )


def _complain(found: Scan) -> None:
    """Say on standard error what was not looked at; a long list is cut."""
    lines = [f"{line}; not scanned" for line in found.unreadable] + found.notes
    for line in lines[:_NOTES_SHOWN]:
        print(f"rootlab: {one_line(line)}", file=sys.stderr)
    if len(lines) > _NOTES_SHOWN:
        print(f"rootlab: and {len(lines) - _NOTES_SHOWN} more that were not looked into", file=sys.stderr)
