"""`rootlab fleet`: show a fleet, simulate it, and play one of its resolvers alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .fleet_fit import fit, observe
from .fleet_load import load
from .numbers import need_numpy
from .options import output_option
from .output import check_targets, deliver, page

if TYPE_CHECKING:
    from ..population.fleet import Fleet
    from ..population.strata import Compiled
    from ..scenario.spec import Scenario

_format = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text to read, or all facts for programs.",
)
_seed = click.option("--seed", type=click.IntRange(min=0), help="Draw another fleet; default: the file's.")


@click.group(no_args_is_help=False)
def fleet() -> None:
    """Say what becomes of a fleet of resolvers.

    A fleet is a file of cohorts, or the name of a shipped one: 2017, 2026, uniform-uncertainty.
    """


@fleet.command("show")
@click.argument("fleet")
@_format
@output_option
def show(fleet: str, form: str, output: Path | None) -> None:
    """Show the cohorts of a fleet: shares, habits, and where the numbers come from."""
    check_targets(output)
    need_numpy()
    from ..population.fleet import load_fleet
    from . import fleet_text

    loaded = load_fleet(fleet)
    text = fleet_text.shown_json(loaded) if form == "json" else fleet_text.shown(loaded, page().width)
    deliver(text, output)


@fleet.command("simulate")
@click.argument("fleet")
@click.argument("scenario")
@click.option(
    "--resolvers",
    type=click.IntRange(1, 10**10),
    default=100_000,
    show_default=True,
    help="How many of them.",
)
@click.option(
    "--engine",
    type=click.Choice(["numpy", "numba"]),
    default="numpy",
    show_default=True,
    help="numba is faster, and compiles for a while when it is used first.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 256), help="Processes to share the work; default: one a processor."
)
@_seed
@_format
@output_option
def simulate(
    fleet: str, scenario: str, resolvers: int, engine: str, jobs: int | None, seed: int | None, form: str,
    output: Path | None,
) -> None:  # fmt: skip
    """Take a fleet through a scenario and count who fails, when, and who heals.

    The subjects of the scenario are left out; its timeline is what counts. The counts and the checksum depend
    on fleet, scenario, seed and number of resolvers alone, not on engine or processes.
    """
    check_targets(output)
    need_numpy()
    from . import fleet_text
    from .fleet_work import count

    loaded, played, compiled = compiled_fleet(fleet, scenario)
    used = loaded.file.seed if seed is None else seed
    counted = count(compiled, used, resolvers, "numba" if engine == "numba" else "numpy", jobs)
    result = fleet_text.Result(loaded, played, compiled, used, engine, counted)
    deliver(result.json() if form == "json" else result.text(page().width), output)


@fleet.command("replay")
@click.argument("number", type=click.IntRange(min=0))
@click.argument("fleet")
@click.argument("scenario")
@_seed
@output_option
def replay(number: int, fleet: str, scenario: str, seed: int | None, output: Path | None) -> None:
    """Play one resolver of a fleet alone, by its number.

    The scalar engine does it, behind `rootlab run`: models, wire and signatures. What it sees is what the
    engines of `rootlab fleet simulate` count.
    """
    check_targets(output)
    need_numpy()
    from . import fleet_text

    loaded, played, compiled = compiled_fleet(fleet, scenario)
    used = loaded.file.seed if seed is None else seed
    deliver(fleet_text.replayed(loaded, played, compiled, used, number), output)


fleet.add_command(fit)
fleet.add_command(observe)
fleet.add_command(load)


def compiled_fleet(fleet: str, scenario: str) -> tuple[Fleet, Scenario, Compiled]:
    """Load a fleet and a scenario, and compile the one for the other."""
    from ..population.fleet import load_fleet, names_of, strata_of
    from ..population.strata import compile_strata
    from ..population.world import Stage, world_of
    from ..scenario.load import load_scenario

    loaded, played = load_fleet(fleet), load_scenario(scenario)
    strata = strata_of(loaded, played)
    world = world_of(played, names_of(strata))
    return loaded, played, compile_strata(world, Stage(world, played), strata)
