"""`rootlab fleet load`: what a fleet asks of the root, day by day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..clock import DAY, format_instant
from ..errors import ScenarioError, one_line
from .numbers import need_numpy
from .options import output_option
from .output import check_targets, deliver, is_stdout, page

if TYPE_CHECKING:
    from ..population.fleet import Fleet
    from ..population.load import Load

NOT_MODELLED = (
    "Not modelled: questions that come in bursts, BIND's refetch loops (after-lost), a second query over TCP "
    "when the response does not fit, software that asks for the keys and does not validate."
)
SPREAD = (4.0, 48.0, 960.0)
"""New questions a day at one resolver that need the keys, low, best and high: four to hundreds of people."""


@click.command("load")
@click.argument("fleet")
@click.argument("scenario")
@click.option("--resolvers", type=click.IntRange(1, 10**9), default=50_000, show_default=True)
@click.option(
    "--questions", nargs=3, type=click.FloatRange(min=0.01, max=1e6), default=SPREAD, show_default=True,
    metavar="LOW BEST HIGH", help="New questions a day at one resolver; a failing one's queries follow.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), help="Draw another fleet; default: the file's.")
@click.option(
    "--format", "form", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True
)
@output_option
def load(
    fleet: str, scenario: str, resolvers: int, questions: tuple[float, float, float], seed: int | None,
    form: str, output: Path | None,
) -> None:  # fmt: skip
    """Show the DNSKEY and priming queries a day that a fleet sends to the root.

    For each resolver of the fleet, with the middle 90 % that shares and questions leave; and by cohort what
    one asks while it works and while it fails.
    """
    check_targets(output)
    need_numpy()
    if not questions[0] <= questions[1] <= questions[2]:
        raise ScenarioError("the numbers do not ascend", place="--questions", remedy="give low, best, high")
    from ..population.load import load_of
    from .fleet import compiled_fleet
    from .fleet_work import count

    loaded, played, compiled = compiled_fleet(fleet, scenario)
    used = loaded.file.seed if seed is None else seed
    tally = count(compiled, used, resolvers, "numpy", None).tally
    found = load_of(loaded, played, compiled, tally, used, questions)
    days = [format_instant(compiled.world.start + day * DAY)[:10] for day in range(len(found.dnskey))]
    inputs = {"fleet": loaded.name, "fleet_sha256": loaded.digest, "scenario": played.name,
              "scenario_sha256": played.digest, "seed": used, "resolvers": resolvers,
              "questions": list(questions)}  # fmt: skip
    if form == "csv":
        text = _csv(days, found)
    elif form == "json":
        text = _json(days, found, loaded, inputs)
    else:
        text = _text(days, found, loaded, inputs, page(to_file=not is_stdout(output)).width)
    deliver(text, output)


def _csv(days: list[str], found: Load) -> str:
    head = "day,dnskey_low,dnskey_median,dnskey_high,priming_low,priming_median,priming_high"
    rows = [
        ",".join([day, *(f"{x:.4f}" for x in (*found.dnskey[n], *found.priming[n])) ])
        for n, day in enumerate(days)
    ]  # fmt: skip
    return "\n".join([head, *rows]) + "\n"


def _json(days: list[str], found: Load, fleet: Fleet, inputs: dict[str, object]) -> str:
    rows = [
        {"day": day, "dnskey": [round(float(x), 4) for x in found.dnskey[n]],
         "priming": [round(float(x), 4) for x in found.priming[n]]}
        for n, day in enumerate(days)
    ]  # fmt: skip
    cohorts = [
        {"cohort": one.name, "working": rates.working, "failing": rates.failing, "priming": rates.priming}
        for one, rates in zip(fleet.cohorts, found.rates, strict=True)
    ]
    told = {**inputs, "cohorts": cohorts, "days": rows, "not_modelled": NOT_MODELLED}
    return json.dumps(told, indent=1) + "\n"


def _text(days: list[str], found: Load, fleet: Fleet, inputs: dict[str, object], width: int) -> str:
    from textwrap import fill

    lines = ["queries a day of one resolver; failing ones at the best number of questions", ""]
    lines.append(f"{'cohort':<18}{'working':>9}{'failing':>9}{'priming':>9}{'fail at most':>14}")
    for number, (one, rates) in enumerate(zip(fleet.cohorts, found.rates, strict=True)):
        numbers = f"{rates.working:>9.2f}{rates.failing:>9.0f}{rates.priming:>9.2f}"
        lines.append(f"{one_line(one.name):<18}{numbers}{100 * found.failing[number].max():>12.1f} %")
    lines += [
        "",
        "DNSKEY queries a day for each resolver of the fleet, when they move by a tenth",
    ]
    last = 0.0
    for number, day in enumerate(days):
        low, middle, high = (float(x) for x in found.dnskey[number])
        if last and number + 1 < len(days) and abs(middle / last - 1) < 0.1:
            continue
        last = max(middle, 1e-9)
        lines.append(f"{day:<11}{middle:>10.2f}   90 %: {low:.2f} to {high:.2f}")
    fleet_digest, scenario = str(inputs["fleet_sha256"])[:16], str(inputs["scenario_sha256"])[:16]
    lines += [
        "",
        f"seed {inputs['seed']}, {inputs['resolvers']} resolvers, fleet {fleet_digest}, scenario {scenario}",
    ]
    lines.append(fill(NOT_MODELLED, min(width, 80)))
    return "\n".join(lines) + "\n"
