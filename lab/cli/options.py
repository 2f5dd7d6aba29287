"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..clock import Instant, parse_instant
from ..report import REPORTS


class InstantType(click.ParamType[Instant]):
    """Read an instant such as 2018-10-11T16:00:00Z, or a date as its midnight UTC."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        """Return the instant, or complain in one line."""
        try:
            return parse_instant(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


INSTANT = InstantType()
FILE = click.Path(path_type=Path)

output_option = click.option(
    "--output", "-o", type=FILE, metavar="FILE", help="Write to FILE instead of standard output."
)
report_formats = click.option(
    "--format",
    "form",
    type=click.Choice(tuple(REPORTS)),
    default="text",
    show_default=True,
    help="How to show the result; `rootlab list reports` explains them.",
)
report_option = click.option(
    "--report",
    type=FILE,
    metavar="FILE",
    help="Also write a report; its format follows from the suffix: "
    + ", ".join(report.suffixes[0] for report in REPORTS.values())
    + ".",
)
