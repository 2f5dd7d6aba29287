"""`rootlab compare`: two subjects through the same run, side by side, with the first divergence."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import one_line
from .options import FILE, output_option
from .output import check_targets, deliver


@click.command()
@click.argument("scenario")
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    metavar="NAME",
    help="A subject of the scenario, or a real resolver (daemon:unbound); name two.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Layout."
)
@output_option
@click.option("--record", type=FILE, metavar="FILE", help="Store all that was seen, for judge and explain.")
def compare(
    scenario: str, subjects: tuple[str, ...], form: str, output: Path | None, record: Path | None
) -> int:
    """Show two subjects of a scenario side by side.

    Both go through the same run; what differs is marked. Exit status: 0 they agree, 1 they diverge, 3 they
    cannot be compared.
    """
    if len(dict.fromkeys(subjects)) != 2:
        raise click.UsageError("name two subjects: --subject A --subject B", click.get_current_context())
    from ..drivers.casting import is_played, with_daemons
    from ..drivers.grid import FINE
    from ..drivers.theatre import play_daemons
    from ..report.side_by_side import render_json, render_text
    from ..run.compare import EXIT_STATUS
    from ..run.compare import compare as held_against
    from ..run.engine import play
    from ..scenario.load import load_scenario
    from .progress import ProgressBar

    check_targets(output, record)
    loaded = with_daemons(load_scenario(scenario), subjects)
    real = is_played(loaded, subjects)
    with ProgressBar() as bar:
        bar.begin(loaded.name)
        if real:
            seen = play_daemons(
                loaded, subjects, progress=bar, tell=lambda what: click.echo(one_line(what), err=True)
            )
        else:
            seen = play(loaded, subjects=subjects, progress=bar)
    result = held_against(seen, subjects[0], subjects[1], step=FINE)
    render = render_json if form == "json" else render_text
    deliver(render(result, loaded.name), output, [(record, seen.to_bytes())] if record else [])
    return EXIT_STATUS[result.verdict]
