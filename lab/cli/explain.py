"""`rootlab explain`: the story of a stored run beside the words of the RFC."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FILE, output_option
from .output import check_targets, deliver, is_stdout, page


@click.command()
@click.argument("record", type=FILE)
@click.argument("subject", required=False)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Layout."
)
@output_option
def explain(record: Path, subject: str | None, form: str, output: Path | None) -> None:
    """Tell the story of a stored run beside the words of the RFC.

    RECORD is a file that `rootlab run --record` wrote. Without SUBJECT all subjects are told of, in order of
    time.
    """
    from ..report.story import render_json, render_text
    from ..run.explain import explain as rows_of
    from ..run.judge import judge
    from ..run.record import Record

    check_targets(output)
    stored = Record.read(record)
    result = judge(stored)
    rows = rows_of(stored, subject)
    if form == "json":
        deliver(render_json(result, rows), output)
        return
    sheet = page(to_file=not is_stdout(output))
    deliver(render_text(result, rows, stored.header, subject, sheet), output)
