"""`rootlab frontier`: where a configuration begins to fail, over two or three knobs, to the second."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ScenarioError
from .options import output_option
from .output import check_targets, deliver, is_stdout, page

if TYPE_CHECKING:
    from ..run.frontier import Axis
    from ..scenario.spec import Scenario

_VALUES = "KNOB[=LOW..HIGH|=V,V,...]"


@click.command()
@click.argument("scenario")
@click.option("--x", "across", required=True, metavar="KNOB[=LOW..HIGH]", help="The knob that is bisected.")
@click.option("--y", "up", required=True, metavar=_VALUES, help="The knob with a row for each of its values.")
@click.option("--z", "deep", metavar=_VALUES, help="A third one, with a map for each of its values.")
@click.option("--set", "fixed", multiple=True, metavar="KNOB=VALUE", help="Turn another knob everywhere.")
@click.option(
    "--subject",
    default="rfc5011-strict",
    show_default=True,
    metavar="NAME",
    help="A subject of the scenario, or a model.",
)
@click.option(
    "--columns",
    type=click.IntRange(2, 100_000),
    default=60,
    show_default=True,
    help="Points of a row at which it is looked for changes.",
)
@click.option(
    "--rows", type=click.IntRange(1, 1000), default=13, show_default=True, help="Values of a range."
)
@click.option("--no-confirm", is_flag=True, help="Do not let the engine play both sides of each boundary.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "svg"]),
    default="text",
    show_default=True,
    help="Layout.",
)
@output_option
def frontier(
    scenario: str,
    across: str,
    up: str,
    deep: str | None,
    fixed: tuple[str, ...],
    subject: str,
    columns: int,
    rows: int,
    no_confirm: bool,
    form: str,
    output: Path | None,
) -> int:
    """Show where a configuration begins to fail, to the second.

    Knobs: install, hold-down, ttl-cap, outage, outage-length, restart-every, dnskey-ttl, roll-delay, and
    every duration of a model's policy. Those of the list have a usual range; others need one, such as
    --y remove-hold-down=P1D..P60D.

    Exit status: 0 found, 4 the engine does not see at a boundary what the oracle foretold.
    """
    from ..report.frontier import render_json, render_svg, render_text
    from ..run.frontier import frontier as found_by
    from ..run.knobs import subject_of
    from ..scenario.load import load_scenario
    from .progress import ProgressBar

    check_targets(output)
    loaded = load_scenario(scenario)
    spec = subject_of(loaded, subject)
    axes = (_axis(loaded, across, columns), _axis(loaded, up, rows))
    third = None if deep is None else _axis(loaded, deep, 3)
    with ProgressBar() as bar:
        bar.begin(loaded.name)
        found = found_by(
            loaded, spec, *axes, third, fixed=_fixed(fixed), confirm=not no_confirm, progress=bar
        )
    if form == "text":
        text = render_text(found, page(to_file=not is_stdout(output)))
    else:
        text = render_json(found) if form == "json" else render_svg(found)
    deliver(text, output)
    return 4 if found.disagreements else 0


def _axis(scenario: Scenario, text: str, count: int) -> Axis:
    """Read KNOB, KNOB=LOW..HIGH or KNOB=V,V,... Raises ScenarioError."""
    from ..run.frontier import Axis, spread
    from ..run.knobs import knob_of

    name, _, values = text.partition("=")
    knob = knob_of(name)
    if not values:
        if knob.usual is None:
            raise ScenarioError("has no usual range", place=name, remedy=f"give one: {name}=LOW..HIGH")
        return Axis(knob, spread(*knob.usual(scenario), count))
    low, dots, high = values.partition("..")
    if not dots:
        return Axis(knob, tuple(sorted(dict.fromkeys(knob.read(value) for value in values.split(",")))))
    ends = knob.read(low), knob.read(high)
    if ends[0] >= ends[1]:
        raise ScenarioError(f"{low} is not before {high}", place=name, remedy="write LOW..HIGH")
    return Axis(knob, spread(*ends, count))


def _fixed(settings: tuple[str, ...]) -> dict[str, int]:
    """Read KNOB=VALUE. Raises ScenarioError."""
    from ..run.knobs import knob_of

    fixed = {}
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals:
            raise ScenarioError("has no value", place=f"--set {name}", remedy=f"write --set {name}=VALUE")
        fixed[name] = knob_of(name).read(value)
    return fixed
