"""`rootlab timeline`: what the authority of a scenario publishes and signs, and when."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..clock import Instant
from .options import INSTANT, output_option
from .output import check_targets, deliver, is_stdout, page

if TYPE_CHECKING:
    from ..report.timeline import TimelineView


@click.command()
@click.argument("scenario")
@click.option("--at", type=INSTANT, metavar="INSTANT", help="Show only what is served at this instant.")
@click.option(
    "--lint", is_flag=True, help="Show only what is risky: short waits, gaps, big responses, guesses."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "svg"]),
    default="table",
    show_default=True,
    help="A table, all facts for programs, or a drawing.",
)
@output_option
def timeline(scenario: str, at: Instant | None, lint: bool, form: str, output: Path | None) -> None:
    """Show what the authority publishes and signs, and when.

    One line for each slot with the states of the keys and the size of the DNSKEY response, and above it what
    happens to the KSKs and how long the waits are. Warnings of --lint do not change the exit status.
    """
    if at is not None and lint:
        raise click.UsageError("--at and --lint exclude each other", click.get_current_context())
    if form == "svg" and (at is not None or lint):
        raise click.UsageError("--format svg draws the whole timeline", click.get_current_context())
    check_targets(output)
    view = _view(scenario)
    deliver(_render(view, at, lint, form, to_file=not is_stdout(output)), output)


def _view(argument: str) -> TimelineView:
    """Load a scenario and look at its timeline, with the lab's keys for the names in it."""
    from ..authority.keyring import KeyRing
    from ..authority.lint import FieldSizes
    from ..report.timeline import TimelineView
    from ..scenario.load import load_scenario

    scenario = load_scenario(argument)
    ring = KeyRing(scenario.key_files)

    @cache
    def sizes(name: str) -> FieldSizes:
        """Measure a key and a signature by it, so that every algorithm and length is right."""
        signing = ring.get(name)
        return FieldSizes(len(signing.key.public_key), len(signing.sign(b"")))

    return TimelineView(
        scenario.name, scenario.title, scenario.start, scenario.stop, scenario.timeline, ring.key, sizes
    )


def _render(view: TimelineView, at: Instant | None, lint: bool, form: str, *, to_file: bool) -> str:
    """Return the text that was asked for."""
    from ..report import timeline as report

    if form == "svg":
        from ..report.timeline_svg import render_svg

        return render_svg(view)
    if form == "json":
        return report.render_json(view, at)
    if lint:
        return report.render_lint(view, page(to_file=to_file))
    if at is not None:
        return report.render_step(view, at, page(to_file=to_file))
    return report.render_table(view, page(to_file=to_file))
