"""`rootlab plan sweep`: fleets through timelines with every delay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DriverError
from .output import page, show
from .progress import ProgressBar

if TYPE_CHECKING:
    from ..population.plan import Plan
    from ..population.plan_result import Sweep
    from ..population.simulate import Engine


class Delays(click.ParamType[tuple[int, ...]]):
    """Read delays in months: `0..24`, `0..24/3`, `0,1,3,6,12`."""

    name = "months"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the delays, or complain in one line."""
        if isinstance(value, tuple):
            return value
        first, _, step = str(value).partition("/")
        begin, dots, end = first.partition("..")
        try:
            if dots:
                found = tuple(range(int(begin), int(end) + 1, int(step or "1")))
            else:
                found = tuple(sorted({int(one) for one in str(value).split(",")}))
        except ValueError:
            found = ()
        if not found or found[0] < 0 or found[-1] > 600:
            self.fail(f"{value!r} are no delays; write months like 0..24, 0..24/3 or 0,1,3,12", param, ctx)
        return found


DELAYS = Delays()


class Power(click.IntRange):
    """Read a power of two."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or complain in one line."""
        found = super().convert(value, param, ctx)
        if found & (found - 1):
            self.fail(f"{found} is no power of two", param, ctx)
        return found


def need_scipy() -> None:
    """Refuse, in one line, to plan without numpy and scipy, which the plain install leaves out."""
    try:
        import numpy  # noqa: F401
        import scipy  # noqa: F401
    except ModuleNotFoundError as missing:
        raise DriverError(
            f"plans need {missing.name}, which is not installed: pip install 'root-rollover-lab[plan]'"
        ) from None


@click.command()
@click.option("--fleet", "fleets", multiple=True, required=True, metavar="FLEET", help="A fleet; repeatable.")
@click.option(
    "--timeline", "timelines", multiple=True, required=True, metavar="SCENARIO",
    help="A scenario whose roll is delayed; repeatable.",
)  # fmt: skip
@click.option(
    "--delays", type=DELAYS, default="0..24", show_default=True, help="Months: 0..24, 0..24/3 or 0,1,3,12."
)
@click.option("--resolvers", type=click.IntRange(100, 10**9), default=20_000, show_default=True,
              help="How many in each delay, the same number for every cohort.")  # fmt: skip
@click.option("--watch", type=click.IntRange(5, 80), default=60, show_default=True,
              help="Days watched after the roll; the revocation follows after 92.")  # fmt: skip
@click.option("--worlds", type=click.IntRange(100, 100_000), default=1024, show_default=True,
              help="Draws of the numbers that have a range.")  # fmt: skip
@click.option("--sobol", type=Power(64, 2**17), default=1024, show_default=True,
              help="Size of the sample for Sobol indices, a power of two.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), help="Default: that of the first fleet.")
@click.option("--engine", type=click.Choice(["numpy", "numba"]), default="numpy", show_default=True,
              help="numba is faster, and compiles for a while when it is used first.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; default: one a processor.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="FOLDER",
              help="For parts and results; the same one goes on with an interrupted sweep.")  # fmt: skip
def sweep(
    fleets: tuple[str, ...], timelines: tuple[str, ...], delays: tuple[int, ...], resolvers: int, watch: int,
    worlds: int, sobol: int, seed: int | None, engine: Engine, jobs: int | None, out: Path,
) -> None:  # fmt: skip
    """Delay a roll month by month: who breaks, for how long, and what moves the answer.

    An interrupted sweep goes on where it was when it is run again with the same folder, and its files come
    out the same. FOLDER gets sweep.json, for `rootlab plan gate`, `compare` and `report`, and tables as CSV.
    """
    need_scipy()
    from ..population.plan import Request, prepare

    asked = Request(fleets, timelines, delays, resolvers, seed, worlds, sobol, watch)
    found = run_plan(prepare(asked), out, engine, jobs)
    from ..report.plan_text import text

    show(text(found, page().width))


def run_plan(ready: Plan, out: Path, engine: Engine, jobs: int | None) -> Sweep:
    """Run a plan in its folder, with a bar for those who wait, and leave result and tables there."""
    from ..population.plan import claim, run
    from .plan_work import alone_in, workers

    cells = len(ready.orders)
    with alone_in(out):
        parts = claim(out, ready.inputs)
        with ProgressBar() as bar, workers(jobs, cells) as executor:
            bar.begin("sweep")

            def progress(done: float) -> None:
                bar(done, f"{cells} delays")

            found = run(ready, parts, engine=engine, executor=executor, progress=progress)
        _write(found, out)
    return found


def _write(found: Sweep, out: Path) -> None:
    """Write the result and its tables, each whole."""
    from ..population.plan_cells import write_whole
    from ..report.plan_text import TABLES, csv

    for name, table in TABLES.items():
        write_whole(out / f"{name}.csv", csv(*table(found)).encode())
    write_whole(out / "sweep.json", found.text().encode())
