"""Show who begins to fail when, without the new key, and how often they ask: on a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..clock import HOUR, format_instant
from ..run.onset import Onset, Row
from . import Page
from .as_json import dump
from .sheet import paragraph, screen, table, text_of

_HOW = (
    "Each resolver has the old key alone. It is started twice, a week before the roll at 07:18 and at 19:06 "
    "(the two figures), and is asked for a new name in a signed and one in an unsigned zone: every half hour "
    "until it fails and for a day from then on (96 questions), then for an hour (960 questions). Counted are "
    "its DNSKEY queries to the root; `fetch` is the last one before the roll."
)

_COLUMNS = (
    "fetch to\nfailure, h",
    "roll to\nfailure, h",
    "queries\nin a day",
    "in an\nhour",
    "per\nquestion",
)


def render_text(rows: Sequence[Row], scenario: str, page: Page) -> str:
    """Return a table of the resolvers, and under it what decides in each model."""
    console = screen(page)
    console.print(f"{scenario}: the roll is at {format_instant(rows[0].onsets[0].roll)}")
    console.print()
    grid = table()
    grid.add_column("\nresolver", no_wrap=True)
    for title in _COLUMNS:
        grid.add_column(title, no_wrap=True, justify="right")
    for row in rows:
        grid.add_row(row.name, *(_both(row, cell) for cell in (_from_fetch, _from_roll, _day, _hour, _rate)))
    console.print(grid)
    console.print()
    paragraph(console, _HOW)
    reasons = [row for row in rows if row.why]
    if reasons:
        console.print()
    for row in reasons:
        paragraph(console, f"{row.name}: {row.why}")
    return text_of(console)


def _both(row: Row, cell: Callable[[Onset], str]) -> str:
    return " ".join(cell(onset) for onset in row.onsets)


def _from_fetch(onset: Onset) -> str:
    return "never" if onset.failed is None else f"{(onset.failed - onset.fetched) / HOUR:.1f}"


def _from_roll(onset: Onset) -> str:
    return "never" if onset.failed is None else f"{(onset.failed - onset.roll) / HOUR:.1f}"


def _day(onset: Onset) -> str:
    return "-" if onset.failed is None else str(onset.in_a_day)


def _hour(onset: Onset) -> str:
    return "-" if onset.failed is None else str(onset.in_an_hour)


def _rate(onset: Onset) -> str:
    return "-" if onset.failed is None else f"{onset.rate:.3f}" if onset.rate < 0.01 else f"{onset.rate:.2f}"


def render_json(rows: Sequence[Row], scenario: str) -> str:
    """Return the table as one JSON object."""
    return dump(
        {
            "scenario": scenario,
            "roll": format_instant(rows[0].onsets[0].roll),
            "resolvers": [
                {
                    "name": row.name,
                    "kind": row.kind,
                    "version": row.version,
                    "why": row.why or None,
                    "starts": [_onset(onset) for onset in row.onsets],
                }
                for row in rows
            ],
        }
    )


def _onset(onset: Onset) -> dict[str, Any]:
    fails = onset.failed is not None
    return {
        "started": format_instant(onset.started),
        "last_fetch": format_instant(onset.fetched),
        "first_failure": None if onset.failed is None else format_instant(onset.failed),
        "queries_in_a_day": onset.in_a_day if fails else None,
        "queries_in_an_hour": onset.in_an_hour if fails else None,
        "per_question": round(onset.rate, 4) if fails else None,
        "rate_class": onset.rate_class if fails else None,
    }
