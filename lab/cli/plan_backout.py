"""`rootlab plan backout`: who heals, who stays broken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..clock import Instant
from .options import INSTANT, output_option
from .output import check_targets, deliver, page
from .plan_sweep import need_scipy

if TYPE_CHECKING:
    from ..population.simulate import Engine


@click.command()
@click.option("--at", type=INSTANT, required=True, help="When the old key signs again.")
@click.option("--fleet", required=True, help="A fleet.")
@click.option("--timeline", required=True, metavar="SCENARIO", help="A scenario with the roll.")
@click.option("--resolvers", type=click.IntRange(100, 10**9), default=20_000, show_default=True,
              help="How many, the same number for every cohort.")  # fmt: skip
@click.option("--watch", type=click.IntRange(1, 3650), default=60, show_default=True,
              help="Days that are watched after the back-out.")  # fmt: skip
@click.option("--worlds", type=click.IntRange(100, 100_000), default=1024, show_default=True,
              help="Draws of the numbers that have a range.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), help="Default: that of the fleet.")
@click.option("--engine", type=click.Choice(["numpy", "numba"]), default="numpy", show_default=True,
              help="numba is faster, and compiles for a while when it is used first.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="Text to read, or all facts for programs.")  # fmt: skip
@output_option
def backout(
    at: Instant, fleet: str, timeline: str, resolvers: int, watch: int, worlds: int, seed: int | None,
    engine: Engine, form: str, output: Path | None,
) -> None:  # fmt: skip
    """Back out of a roll: who heals, who stays broken, whom it spares and whom it breaks.

    The same resolvers go through the same days twice, with the back-out and without it.
    """
    check_targets(output)
    need_scipy()
    from ..population.decide_backout import rehearse
    from ..population.fleet import load_fleet
    from ..report.plan_backout import as_json, text

    loaded = load_fleet(fleet)
    used = loaded.file.seed if seed is None else seed
    found = rehearse(
        loaded, timeline, at, resolvers=resolvers, seed=used, worlds=worlds, watch=watch, engine=engine
    )
    deliver(as_json(found, loaded) if form == "json" else text(found, loaded, page().width), output)
