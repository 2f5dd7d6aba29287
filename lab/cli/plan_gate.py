"""`rootlab plan gate`: hold a sweep against thresholds."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FILE, output_option
from .output import check_targets, deliver, page

GO, NO_GO, OPEN = 0, 1, 3


@click.command()
@click.argument("file", type=FILE)
@click.option("--gates", type=FILE, required=True, metavar="TOML", help="The thresholds (docs/planning.md).")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="Text to read, or all facts for programs.")  # fmt: skip
@output_option
def gate(file: Path, gates: Path, form: str, output: Path | None) -> int:
    """Hold the result of a sweep against gates: go, no-go, or not decided.

    FILE is the sweep.json of a sweep, or its folder. Exit status: 0 every gate is met, 1 one is missed,
    2 a file cannot be used, 3 an interval straddles its threshold.
    """
    check_targets(output)
    from ..population.decide_gate import load_gates, rule, together
    from ..population.plan_result import read_sweep
    from ..report.plan_gate import as_json, text

    sweep, thresholds = read_sweep(file), load_gates(gates)
    rulings = rule(thresholds, sweep)
    if form == "json":
        deliver(as_json(rulings, thresholds, sweep), output)
    else:
        deliver(text(rulings, thresholds, sweep, page().width), output)
    return {"go": GO, "no-go": NO_GO, "open": OPEN}[together(rulings)]
