"""`rootlab shrink`: the shortest scenario that fails for the same cause."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ScenarioError
from .options import output_option
from .output import check_targets, deliver, is_stdout, show

if TYPE_CHECKING:
    from ..scenario.spec import Scenario


@click.command()
@click.argument("failure", metavar="RECORD|SCENARIO")
@click.argument("scenario", required=False)
@click.option("--subject", default="", metavar="NAME", help="Whose failure; default: the first that fails.")
@output_option
def shrink(failure: str, scenario: str | None, subject: str, output: Path | None) -> None:
    """Make the shortest scenario that fails for the same cause.

    A RECORD (of `rootlab run --record`) says who failed and with which seed; the scenario it is of is found
    by its name, or named behind it. Dropped are events, options, deviations of the policy from RFC 5011,
    versions of the DNSKEY RRset, and time. What comes out is a scenario file that passes as long as it fails.
    """
    from ..report.shrunk import scenario_file, summary
    from ..run.shrink import shrink as shrunk_to
    from .progress import ProgressBar

    check_targets(output)
    loaded, seed, named = _source(failure, scenario)
    with ProgressBar() as bar:
        bar.begin(loaded.name)
        shrunk = shrunk_to(loaded, subject or named, seed=seed, progress=bar)
    deliver(scenario_file(shrunk), output)
    if not is_stdout(output):
        show("".join(f"{line}\n" for line in (*summary(shrunk), f"scenario: {output}")))


def _source(failure: str, scenario: str | None) -> tuple[Scenario, int | None, str]:
    """Return the scenario, the seed and who failed ("" if nobody says). Raises UserError."""
    from ..run.judge import judge
    from ..run.record import Record
    from ..scenario.catalogue import shipped_scenarios
    from ..scenario.load import load_scenario

    if scenario is None and (failure.endswith(".toml") or failure in shipped_scenarios()):
        return load_scenario(failure), None, ""
    record = Record.read(Path(failure))
    name = str(record.header["scenario"])
    if scenario is None and name not in shipped_scenarios():
        raise ScenarioError(
            f"is of {name}, which is no shipped scenario",
            place=failure,
            remedy=f"name its file: rootlab shrink {failure} FILE.toml",
        )
    loaded = load_scenario(name if scenario is None else scenario)
    if loaded.digest != record.header["digest"]:
        raise ScenarioError(
            "is not what the record is of, as it stands", place=loaded.path, remedy="record the run again"
        )
    seen = judge(record).subjects
    failing = [one for one in seen if one.verdict == "failed" and one.first_failure is not None]
    failing += [one for one in seen if one.first_failure is not None]
    if not failing:
        raise ScenarioError("nobody fails in it", place=failure, remedy="give a record with a failure")
    return loaded, int(record.header["seed"]), _model(failing[0].name, failing[0].kind, failure)


def _model(name: str, kind: str, failure: str) -> str:
    """Return who is to be shrunk. Raises ScenarioError for a real resolver."""
    if kind != "model":
        raise ScenarioError(
            f"{name} is a real resolver", place=failure, remedy="shrink its model: --subject, on the scenario"
        )
    return name
