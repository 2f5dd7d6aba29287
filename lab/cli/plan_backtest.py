"""`rootlab plan backtest`: foretell what will be measured, from what was known before."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .. import __version__
from ..clock import format_instant
from ..errors import UserError
from .numbers import need_numpy
from .output import page, show, write_files

NOT_MODELLED = (
    "Not modelled: single products that come or go, campaigns that mend resolvers before the roll, weekly "
    "rhythms, several resolvers behind one address, queries of software that does not validate. Ranges of "
    "what nobody had measured are in the fleet file, each with its source."
)


@click.command("backtest")
@click.option("--fleet", default="2017", show_default=True, help="A fleet whose knowledge ends at a cut-off.")
@click.option("--scenario", default="2018-actual", show_default=True, help="What the root does afterwards.")
@click.option(
    "--out", "folder", required=True, type=click.Path(path_type=Path), help="Folder for the tables."
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--draws", type=click.IntRange(100, 100_000), default=4000, show_default=True,
              help="How many times the assumptions are drawn.")  # fmt: skip
def backtest(fleet: str, scenario: str, folder: Path, seed: int, draws: int) -> None:
    """Foretell signals, caches and queries from a cut-off on, to be held against measurements.

    Writes adoption.csv, drain.csv, revocation.csv and load.csv (when,low,median,high: the middle 90 %), and
    backtest.json with inputs and assumptions.
    """
    need_numpy()
    from textwrap import fill

    from ..population.backtest import backtest as foretell
    from ..population.backtest import roll_of, told
    from ..population.fleet import load_fleet
    from ..scenario.load import load_scenario
    from .progress import ProgressBar

    loaded, played = load_fleet(fleet), load_scenario(scenario)
    _make(folder)
    with ProgressBar() as bar:
        bar.begin("backtest")
        tables = foretell(loaded, played, seed, draws)
    fitted = loaded.file.fitted
    assert fitted is not None, "backtest has refused a fleet without"
    about = {
        "fleet": loaded.name, "fleet_sha256": loaded.digest, "scenario": played.name,
        "scenario_sha256": played.digest, "seed": seed, "draws": draws, "version": __version__,
        "cut_off": format_instant(fitted.until)[:10], "data_sha256": fitted.sha256,
        "tables": {one.name: one.says for one in tables}, "not_modelled": NOT_MODELLED,
        "assumptions": {n: e.model_dump(mode="json") for n, e in loaded.file.assumption.items()},
    }  # fmt: skip
    files = [(folder / f"{one.name}.csv", one.csv().encode()) for one in tables]
    write_files([*files, (folder / "backtest.json", (json.dumps(about, indent=2) + "\n").encode())])
    width = min(page().width, 80)
    lines = [fill(f"cut-off {about['cut_off']}; {told(roll_of(played))}", width), ""]
    for one in tables:
        lines.append(f"{folder / one.name}.csv: {one.says}")
        for number in sorted({0, len(one.when) // 3, 2 * len(one.when) // 3, len(one.when) - 1}):
            low, median, high = one.rows[number]
            lines.append(f"  {one.when[number]:<11}{median:>9.2f}   90 %: {low:.2f} to {high:.2f}")
    inputs = f"fleet {loaded.digest[:16]}, scenario {played.digest[:16]}, data {fitted.sha256[:16]}"
    lines += ["", fill(f"seed {seed}, {draws} draws, {inputs} (SHA-256)", width), fill(NOT_MODELLED, width)]
    show("\n".join(lines) + "\n")


def _make(folder: Path) -> None:
    """Make the folder, so that nothing is worked out in vain."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot be made: {error.strerror or error}", place=str(folder), remedy="name another folder"
        ) from error
