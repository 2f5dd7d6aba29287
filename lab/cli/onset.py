"""`rootlab onset`: when those without the new key begin to fail, and how often they ask the root."""

from __future__ import annotations

from pathlib import Path

import click

from .options import output_option
from .output import check_targets, deliver, is_stdout, page

FOUR = (
    "unbound-static", "daemon:unbound-static", "bind-static", "daemon:named-static", "knot-debian",
    "daemon:kresd-debian", "pdns-recursor", "daemon:pdns_recursor",
)  # fmt: skip
"""Four resolvers whose anchors do not change, each as a model and as it is."""


@click.command()
@click.argument("scenario", default="roll-without-hold-down")
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    metavar="NAME",
    help="A model, or a real resolver (daemon:NAME); without it, four with a static anchor, each as both.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Layout."
)
@output_option
def onset(scenario: str, subjects: tuple[str, ...], form: str, output: Path | None) -> int:
    """Show when those without the new key fail, how often they ask.

    Only the timeline of the scenario counts. Real resolvers take some ten seconds each.
    """
    from ..drivers.onset import onset_of_daemon
    from ..report.onset import render_json, render_text
    from ..run.cast import DAEMON
    from ..run.onset import onset_of_model
    from ..scenario.load import load_scenario
    from .progress import ProgressBar

    check_targets(output)
    loaded = load_scenario(scenario)
    names = tuple(dict.fromkeys(subjects)) or FOUR
    rows = []
    with ProgressBar() as bar:
        bar.begin(loaded.name)
        for number, name in enumerate(names):
            bar(number / len(names), name)
            rows.append(
                onset_of_daemon(loaded, name) if name.startswith(DAEMON) else onset_of_model(loaded, name)
            )
    sheet = page(to_file=not is_stdout(output))
    deliver(
        render_json(rows, loaded.name) if form == "json" else render_text(rows, loaded.name, sheet), output
    )
    return 0
