"""`rootlab plan compare`: two sweeps side by side."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FILE, output_option
from .output import check_targets, deliver, page

SAME, APART, NOT_COMPARABLE = 0, 1, 3


@click.command()
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="Text to read, or all facts for programs.")  # fmt: skip
@output_option
def compare(a: Path, b: Path, form: str, output: Path | None) -> int:
    """Compare two sweeps, delay by delay.

    A and B are the sweep.json of a sweep, or its folder. Exit status: 0 all intervals overlap, 1 some stand
    apart, 2 a file cannot be used, 3 no delay is in both.
    """
    check_targets(output)
    from ..population import decide_compare
    from ..population.plan_result import read_sweep
    from ..report.plan_compare import as_json, text

    one, other = read_sweep(a), read_sweep(b)
    pairs = decide_compare.compare(one, other)
    told = as_json(pairs, one, other) if form == "json" else text(pairs, one, other, page().width)
    deliver(told, output)
    if not pairs:
        return NOT_COMPARABLE
    return APART if any(pair.b_is != "overlap" for pair in pairs) else SAME
