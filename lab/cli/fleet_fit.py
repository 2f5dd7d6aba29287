"""`rootlab fleet fit` and `fleet observe`: what signals say of a fleet, and what a fleet would signal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from math import isnan
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click

from .. import __version__
from ..clock import DAY, format_instant
from ..errors import ScenarioError
from .numbers import need_numpy
from .options import output_option
from .output import check_targets, deliver, is_stdout, page

if TYPE_CHECKING:
    from ..population.fit import Fit
    from ..population.observe import Observed
    from ..population.tables import Estimate

NARROW = 80
"""Columns that every terminal has."""
FIT_NOT_MODELLED = (
    "Not modelled: users behind a source, resolvers that do not signal, sources that are one resolver or one "
    "that is many. The data cannot tell these."
)
OBSERVE_NOT_MODELLED = (
    "Not modelled: forwarders that pass on signals of others (their number of addresses is a knob), signals "
    "after the revocation, scatter of counting."
)


@click.command("fit")
@click.option(
    "--rfc8145", "data", required=True, type=click.Path(path_type=Path), help="CSV of signals by day."
)
@click.option("--until", required=True, metavar="DATE", help="Cut-off; later lines are not read.")
@click.option(
    "--fleet", default="2017", show_default=True, help="Where the numbers come from nobody measured."
)
@click.option("--scenario", default="2018-actual", show_default=True, help="Whose key is learnt.")
@click.option(
    "--hold-out",
    type=click.IntRange(0, 400),
    default=0,
    show_default=True,
    help="Fit once more without so many of the last days, foretell them, and count hits.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--report", type=click.Path(path_type=Path), help="Write the report here, not to stderr.")
@output_option
def fit(
    data: Path, until: str, fleet: str, scenario: str, hold_out: int, seed: int, report: Path | None,
    output: Path | None,
) -> None:  # fmt: skip
    """Fit what the root saw up to a cut-off, and write a fleet file of the sources.

    The fleet goes to --output or standard output, the report (what the data say, how well, and what they
    cannot tell) to standard error or --report.
    """
    check_targets(output, report)
    need_numpy()
    from ..population.evidence import load_evidence
    from ..population.fit import fit as fit_evidence
    from ..population.fitted import Provenance, fleet_text
    from ..population.fleet import load_fleet
    from ..population.sights import sights_of
    from ..scenario.load import load_scenario
    from .progress import ProgressBar

    cut_off = _date(until)
    base, played = load_fleet(fleet), load_scenario(scenario)
    evidence = load_evidence(data, cut_off)
    with ProgressBar() as bar:
        bar.begin("fit")
        sights = sights_of(played, seed)
        bar(0.4, "sources")
        found = fit_evidence(evidence, sights, seed)
    made = Provenance(data.name, played.name, seed, __version__)
    text = fleet_text(found, base.file.assumption, made)
    said = _report(found, seed, played.digest)
    if hold_out:
        said += _held_out(found, base.file.assumption, hold_out, seed)
    if report is None:
        deliver(text, output)
        click.echo(said, err=True, nl=False)
    else:
        deliver(text, output, [(report, said.encode())])


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        raise ScenarioError("is no date", place=f"--until {text}", remedy="write YYYY-MM-DD") from None


def _report(found: Fit, seed: int, scenario: str) -> str:
    from ..population.fit_report import adoption_rows, identified, normalised, totals

    rows = adoption_rows(found)
    lines = [
        "% of the sources that lack the new key; learnt: from the first day (0) to the sixth (100)", "",
        f"{'day':<12}{'seen':>6}{'fitted':>8}  {'90 % of the mean':<18}{'learnt: seen':>14}{'fitted':>8}",
    ]  # fmt: skip
    lines[0] = fill(lines[0], NARROW)
    learnt = normalised(rows)
    for number, (day, seen, (low, middle, high)) in enumerate(rows):
        line = f"{day:<12}{seen:>6.1f}{middle:>8.1f}  {f'{low:.1f} to {high:.1f}':<18}"
        more = f"{learnt[number][0]:>14.1f}{learnt[number][1]:>8.1f}" if number < len(learnt) else ""
        lines.append((line + more).rstrip())
    lines += ["", f"{'parameter':<16}{'median':>9}  {'90 %':<22}told by"]
    for name, (low, middle, high), told in identified(found):
        lines.append(f"{name:<16}{middle:>9.3g}  {f'{low:.3g} to {high:.3g}':<22}{told}")
    inputs = f"seed {seed}, scenario {scenario[:16]}, data {found.evidence.digest[:16]} (SHA-256)"
    lines += ["", fill(totals(found), NARROW), inputs, fill(FIT_NOT_MODELLED, NARROW)]
    return "\n".join(lines) + "\n"


def _held_out(found: Fit, base: Mapping[str, Estimate], days: int, seed: int) -> str:
    from ..population.fit_report import hold_out

    inside, of, width = hold_out(found, base, days, seed)
    said = (
        f"fitted again without the last {of} days: {inside} of these lie in the 90 % interval foretold for "
        f"them, which is {width:.1f} points wide on average"
    )
    return fill(said, NARROW) + "\n"


@click.command("observe")
@click.argument("fleet")
@click.argument("scenario")
@click.option("--resolvers", type=click.IntRange(1, 10**8), default=50_000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), help="Draw another fleet; default: the file's.")
@click.option(
    "--format", "form", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True,
    help="Text shows the days on which something changes; the others show all.",
)  # fmt: skip
@output_option
def observe(
    fleet: str, scenario: str, resolvers: int, seed: int | None, form: str, output: Path | None
) -> None:  # fmt: skip
    """Show what the root would see of a fleet beside what is true of it.

    Seen: signals (RFC 8145) and sentinels (RFC 8509). True: who trusts the new key, and who fails. All are
    per cent with the middle 90 % that the ranges of the fleet file leave.
    """
    check_targets(output)
    need_numpy()
    from ..population.observe import observe as observe_fleet
    from .fleet import compiled_fleet
    from .progress import ProgressBar

    loaded, played, compiled = compiled_fleet(fleet, scenario)
    used = loaded.file.seed if seed is None else seed
    with ProgressBar() as bar:
        bar.begin("fleet")
        seen = observe_fleet(
            loaded, played, compiled, used, resolvers, progress=lambda done: bar(done, "resolvers")
        )
    days = [format_instant(compiled.world.start + int(day) * DAY)[:10] for day in seen.days]
    inputs = {"fleet": loaded.name, "fleet_sha256": loaded.digest, "scenario": played.name,
              "scenario_sha256": played.digest, "seed": used, "resolvers": resolvers,
              "publication_late_hours": round(seen.late_hours, 2)}  # fmt: skip
    if form == "csv":
        deliver(_csv(days, seen), output)
    elif form == "json":
        rows = [{"day": day, **_row(seen, n)} for n, day in enumerate(days)]
        deliver(json.dumps({**inputs, "days": rows, "not_modelled": OBSERVE_NOT_MODELLED}, indent=1) + "\n",
                output)  # fmt: skip
    else:
        deliver(_text(days, seen, inputs, page(to_file=not is_stdout(output)).width), output)


COLUMNS = ("lacking", "without", "failing", "sentinel_old")


def _row(seen: Observed, number: int) -> dict[str, list[float] | None]:
    """Return low, median and high of a day by column, None where nobody could be asked."""
    found: dict[str, list[float] | None] = {}
    for name in COLUMNS:
        three = [round(float(x), 3) for x in getattr(seen, name)[number]]
        found[name] = None if isnan(three[1]) else three
    return found


def _csv(days: list[str], seen: Observed) -> str:
    head = ["day", *(f"{name}_{what}" for name in COLUMNS for what in ("low", "median", "high"))]
    rows = [
        ",".join([day, *(text for three in _row(seen, n).values() for text in _cells(three))])
        for n, day in enumerate(days)
    ]
    return "\n".join([",".join(head), *rows]) + "\n"


def _cells(three: list[float] | None) -> list[str]:
    return ["", "", ""] if three is None else [f"{x:.3f}" for x in three]


def _shown(three: list[float] | None) -> str:
    return "-" if three is None else f"{three[1]:.3g} ({three[0]:.3g}-{three[2]:.3g})"


def _text(days: list[str], seen: Observed, inputs: dict[str, object], width: int) -> str:
    heads = ("signals lack it", "do not trust it", "fail", "sentinels deny")
    lines = ["% of sources, all resolvers, all resolvers, those with sentinels; `it`: new key", ""]
    lines.append(f"{'day':<11}" + "".join(f"{head:>17}" for head in heads))
    last: list[float] = []
    for number, day in enumerate(days):
        row = _row(seen, number)
        middle = [three[1] if three else 0.0 for three in row.values()]
        if (
            last
            and number + 1 < len(days)
            and max(abs(a - b) for a, b in zip(middle, last, strict=True)) < 1.5
        ):
            continue
        last = middle
        lines.append(f"{day:<11}" + "".join(f"{_shown(three):>17}" for three in row.values()))
    lines += ["", "days on which nothing moves by 1.5 points are left out; --format csv has all"]
    if inputs["publication_late_hours"]:
        lines.append(
            f"publication taken {inputs['publication_late_hours']} h after the scenario's hour, as fitted"
        )
    fleet, scenario = str(inputs["fleet_sha256"])[:16], str(inputs["scenario_sha256"])[:16]
    lines.append(
        f"seed {inputs['seed']}, {inputs['resolvers']} resolvers, fleet {fleet}, scenario {scenario}"
    )
    lines.append(fill(OBSERVE_NOT_MODELLED, min(width, NARROW)))
    return "\n".join(lines) + "\n"
