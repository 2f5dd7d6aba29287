"""`rootlab ceremony export`: write the KSR or SKR files of a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UserError
from .options import FILE
from .output import check_targets, is_stdout, show, write_files

if TYPE_CHECKING:
    from ..authority.ceremony_export import CeremonyExport
    from ..scenario.spec import Scenario


@click.command("export")
@click.argument("scenario")
@click.option(
    "--kind",
    type=click.Choice(["ksr", "skr"]),
    default="skr",
    show_default=True,
    help="Requests, or signed responses.",
)
@click.option(
    "--quarter",
    metavar="QUARTER",
    help="Only this quarter, such as 2018Q4; default: all of the scenario's run.",
)
@click.option(
    "--output",
    "-o",
    type=FILE,
    metavar="FILE|FOLDER",
    help="Write to FILE instead of standard output, or one file for each quarter into FOLDER.",
)
def export_files(scenario: str, kind: str, quarter: str | None, output: Path | None) -> None:
    """Write the KSR or SKR files of a scenario.

    Responses hold the DNSKEY RRsets and signatures that the lab serves, by the lab's keys; requests the ZSKs,
    each with a proof of possession.
    """
    from ..scenario.load import load_scenario

    folder = output if output is not None and output.is_dir() else None
    if folder is None:
        check_targets(output)
    loaded = load_scenario(scenario)
    made = _export(loaded)
    quarters = _wanted(loaded, made, quarter)
    if folder is not None:
        _fill(folder, made, quarters, kind)
    elif len(quarters) == 1:
        _one(output, made.octets(quarters[0], kind))
    else:
        raise UserError(
            f"{len(quarters)} quarters, from {quarters[0]} to {quarters[-1]}, are a file each",
            place=scenario,
            remedy="choose one with --quarter, or name a folder that exists: --output FOLDER",
        )


def _export(loaded: Scenario) -> CeremonyExport:
    from ..authority.ceremony_export import CeremonyExport
    from ..authority.keyring import KeyRing

    return CeremonyExport(loaded.timeline, KeyRing(loaded.key_files), loaded.name)


def _wanted(loaded: Scenario, made: CeremonyExport, quarter: str | None) -> tuple[str, ...]:
    """Return the quarter asked for, or those in which the scenario plays."""
    from ..authority.slots import format_quarter, parse_quarter, quarter_of

    if quarter is not None:
        return (format_quarter(parse_quarter(quarter.upper())),)
    first, last = (parse_quarter(quarter_of(instant)) for instant in (loaded.start, loaded.stop))
    return tuple(name for name in made.quarters if first <= parse_quarter(name) <= last)


def _fill(folder: Path, made: CeremonyExport, quarters: tuple[str, ...], kind: str) -> None:
    """Write one file for each quarter, all or none, and name them."""
    from ..authority.ceremony_export import file_name

    files = [(folder / file_name(quarter, kind), made.octets(quarter, kind)) for quarter in quarters]
    for path, _ in files:
        check_targets(path)
    write_files(files)
    show("".join(f"{path}\n" for path, _ in files))


def _one(output: Path | None, octets: bytes) -> None:
    if output is None or is_stdout(output):
        show(octets.decode("utf-8"))
    else:
        write_files([(output, octets)])
