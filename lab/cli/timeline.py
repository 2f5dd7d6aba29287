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
    from ..report.sizes import Measure
    from ..report.timeline import TimelineView


@click.command()
@click.argument("scenario")
@click.option("--at", type=INSTANT, metavar="INSTANT", help="Show only what is served at this instant.")
@click.option(
    "--lint", is_flag=True, help="Show only what is risky: short waits, gaps, big responses, guesses."
)
@click.option("--sizes", is_flag=True, help="Show how large responses are in each phase, and what needs TCP.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "svg"]),
    default="table",
    show_default=True,
    help="A table, all facts for programs, or a drawing.",
)
@output_option
def timeline(
    scenario: str, at: Instant | None, lint: bool, sizes: bool, form: str, output: Path | None
) -> None:
    """Show what the authority publishes and signs, and when.

    One line for each slot with the states of the keys and the size of the DNSKEY response, and above it what
    happens to the KSKs and how long the waits are. Warnings of --lint do not change the exit status.
    """
    chosen = [
        name for name, given in (("--at", at is not None), ("--lint", lint), ("--sizes", sizes)) if given
    ]
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(chosen)} exclude each other", click.get_current_context())
    if form == "svg" and chosen:
        raise click.UsageError("--format svg draws the whole timeline", click.get_current_context())
    check_targets(output)
    view, measure = _view(scenario)
    to_file = not is_stdout(output)
    if sizes:
        from ..report.sizes import render_sizes, render_sizes_json

        whole = form == "json"
        text = (
            render_sizes_json(view, measure) if whole else render_sizes(view, measure, page(to_file=to_file))
        )
    else:
        text = _render(view, at, lint, form, to_file=to_file)
    deliver(text, output)


def _view(argument: str) -> tuple[TimelineView, Measure]:
    """Load a scenario and look at its timeline, with the lab's keys for the names in it.

    Beside it what measures the responses that the lab makes.
    """
    from ..authority.keyring import KeyRing
    from ..authority.lint import FieldSizes
    from ..report.timeline import TimelineView
    from ..scenario.load import load_scenario

    scenario = load_scenario(argument)
    ring = KeyRing(scenario.key_files)

    def measure(now: Instant) -> dict[str, int]:
        """Ask an authority over TCP, so that no answer is cut short."""
        from ..authority.signer import ZoneSigner
        from ..dnssec.codec import make_query
        from ..dnssec.names import ROOT, name_from_text
        from ..dnssec.rrtypes import DNSKEY, A
        from ..nameserver.responder import Responder

        responder = Responder(ZoneSigner(scenario.timeline, ring, watermark=scenario.name))
        queries = {
            "DNSKEY": make_query(ROOT, DNSKEY),
            "NXDOMAIN": make_query(name_from_text("no-such-domain."), A),
        }
        answers = {name: responder.answer(query, now, tcp=True) for name, query in queries.items()}
        return {name: len(answer or b"") for name, answer in answers.items()}

    @cache
    def sizes(name: str) -> FieldSizes:
        """Measure a key and a signature by it, so that every algorithm and length is right."""
        signing = ring.get(name)
        return FieldSizes(len(signing.key.public_key), len(signing.sign(b"")))

    view = TimelineView(
        scenario.name, scenario.title, scenario.start, scenario.stop, scenario.timeline, ring.key, sizes
    )
    return view, measure


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
