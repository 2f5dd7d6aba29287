"""`rootlab plan sequence`: what the evidence of each date would have said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..clock import Instant, format_instant, parse_instant
from .options import FILE, output_option
from .output import check_targets, deliver, page
from .plan_sweep import DELAYS, need_scipy, run_plan

if TYPE_CHECKING:
    from ..population.plan import Plan
    from ..population.plan_result import Sweep
    from ..population.simulate import Engine


class Dated(click.ParamType[tuple[Instant, str]]):
    """Read `DATE=FLEET`."""

    name = "date=fleet"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Instant, str]:
        """Return the instant and the name of the fleet, or complain in one line."""
        date, sign, fleet = str(value).partition("=")
        try:
            at = parse_instant(date)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not sign or not fleet:
            self.fail(f"{value!r} names no fleet; write it like 2017-12-18=2017", param, ctx)
        return at, fleet


@click.command()
@click.option("--at", "dates", type=Dated(), multiple=True, required=True, metavar="DATE=FLEET",
              help="A date and the fleet of what was known by then; repeatable.")  # fmt: skip
@click.option("--timeline", required=True, metavar="SCENARIO", help="A scenario whose roll is delayed.")
@click.option("--gates", type=FILE, required=True, metavar="TOML", help="Thresholds, held at every delay.")
@click.option("--delays", type=DELAYS, default="0..24/3", show_default=True, help="As for a sweep.")
@click.option("--resolvers", type=click.IntRange(100, 10**9), default=20_000, show_default=True,
              help="How many in each delay, the same number for every cohort.")  # fmt: skip
@click.option("--watch", type=click.IntRange(5, 80), default=60, show_default=True,
              help="Days watched after the roll.")  # fmt: skip
@click.option("--worlds", type=click.IntRange(100, 100_000), default=1024, show_default=True,
              help="Draws of the numbers that have a range.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), help="Default: that of each fleet.")
@click.option("--engine", type=click.Choice(["numpy", "numba"]), default="numpy", show_default=True,
              help="numba is faster, and compiles for a while when it is used first.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; default: one a processor.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="Text to read, or all facts for programs.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="FOLDER",
              help="For the sweep of each date; the same one goes on after an interruption.")  # fmt: skip
@output_option
def sequence(
    dates: tuple[tuple[Instant, str], ...], timeline: str, gates: Path, delays: tuple[int, ...],
    resolvers: int, watch: int, worlds: int, seed: int | None, engine: Engine, jobs: int | None, form: str,
    out: Path, output: Path | None,
) -> None:  # fmt: skip
    """Say what the evidence of each date would have said of the delays left on it.

    A fleet that knows what came after its date is refused, and so is one that does not say what it knows.
    """
    check_targets(output)
    need_scipy()
    from ..population.decide_gate import load_gates
    from ..population.decide_sequence import decide, plans
    from ..population.plan import Request
    from ..report.plan_sequence import as_json, text

    thresholds = load_gates(gates)
    asked = Request((), (timeline,), delays, resolvers, seed, worlds, 64, watch)
    dated = plans(dates, asked)

    def run(at: Instant, plan: Plan) -> Sweep:
        return run_plan(plan, out / format_instant(at)[:10], engine, jobs)

    verdicts = decide(dated, thresholds, run)
    told = as_json(verdicts, thresholds) if form == "json" else text(verdicts, thresholds, page().width)
    deliver(told, output)
