"""`rootlab advise`: what a roll does to a resolver that is configured so, and which line decides it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..clock import Instant, format_instant
from ..errors import one_line
from .options import FILE, INSTANT, output_option
from .output import check_targets, deliver, is_stdout, page

if TYPE_CHECKING:
    from ..advise.outlook import Outlook
    from ..report import Page
    from ..scenario.spec import Scenario

KINDS = ("unbound", "named", "kresd", "recursor", "resolved", "dnsmasq")
"""The same as in `lab.advise.kinds`, which takes long to import."""
_WIDEST = 80


@click.command()
@click.argument("config", type=FILE, metavar="CONFIG-FILE")
@click.option("--kind", type=click.Choice(KINDS), help="Whose file it is; default: as name or content says.")
@click.option(
    "--timeline",
    "scenario",
    default="2026-planned",
    show_default=True,
    metavar="SCENARIO",
    help="Play it through this scenario's timeline.",
)
@click.option(
    "--installed",
    type=INSTANT,
    metavar="INSTANT",
    help="When this configuration was first started; default: the timeline's start.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text to read, or all facts for programs.",
)
@output_option
def advise(
    config: Path, kind: str | None, scenario: str, installed: Instant | None, form: str, output: Path | None
) -> int:
    """Read a resolver's configuration and say what a roll does to it.

    CONFIG-FILE is an unbound.conf, named.conf, kresd.conf, recursor.conf, resolved.conf or dnsmasq.conf.
    Files it includes are read if they lie in its folder.

    Exit status: 0 clients keep what they have, 1 they lose secure answers, 2 it cannot be read or is unknown.
    """
    from ..advise.kinds import kind_of, readings
    from ..advise.outlook import outlook
    from ..advise.source import Tree
    from ..scenario.load import load_scenario
    from .progress import ProgressBar

    check_targets(output)
    played = load_scenario(scenario)
    tree = Tree(config)
    known = kind or kind_of(tree)
    found = readings(tree, known)
    with ProgressBar(len(found)) as bar:
        seen = []
        for reading in found:
            bar.begin(reading.name or played.name)
            seen.append(outlook(reading, played, installed, bar))
    first = played.start if installed is None else installed
    if form == "json":
        text = _json(tree.main.path, known, played, first, seen, tree.notes)
    else:
        text = _text(
            tree.main.path, known, played, first, seen, tree.notes, page(to_file=not is_stdout(output))
        )
    deliver(text, output)
    return int(any(one.failing for one in seen))


def _json(
    path: str, kind: str, scenario: Scenario, first: Instant, seen: list[Outlook], notes: list[str]
) -> str:  # fmt: skip
    """Return everything for programs."""
    from ..report.as_json import dump

    return dump(
        {
            "config": path,
            "kind": kind,
            "timeline": scenario.name,
            "installed": format_instant(first),
            "failing": any(one.failing for one in seen),
            "validators": [_validator(one) for one in seen],
            "notes": notes,
        }
    )


def _validator(one: Outlook) -> dict[str, Any]:
    reading, result = one.reading, one.result
    decides = reading.decides
    return {
        "name": reading.name or None,
        "validates": bool(reading.model),
        "starts": reading.starts,
        "model": reading.model or None,
        "policy": dict(reading.policy),
        "decides": decides and {"path": decides.path, "line": decides.line, "text": decides.text},
        "says": reading.says,
        "anchors": list(one.anchors),
        "assumptions": list(one.assumptions),
        "failing": one.failing,
        "first_failure": _instant(result.first_failure if result else None),
        "recovered_at": _instant(result.recovered_at if result else None),
        "outcome": result and result.outcome,
        "cause": result and result.cause,
        "outcomes": [{"at": format_instant(seen.at), "outcome": seen.outcome} for seen in result.outcomes]
        if result
        else [],
        "remedy": one.remedy,
        "notes": list(reading.notes),
    }


def _instant(at: Instant | None) -> str | None:
    return None if at is None else format_instant(at)


def _text(
    path: str,
    kind: str,
    scenario: Scenario,
    first: Instant,
    seen: list[Outlook],
    notes: list[str],
    sheet: Page,
) -> str:
    """Return a sheet of names and values, at most 80 columns wide, one for each validator."""
    from rich.table import Table

    from ..report import Page
    from ..report.sheet import paragraph, screen, text_of

    console = screen(Page(min(sheet.width, _WIDEST), colour=sheet.colour))
    head = f"{one_line(path)}: {kind}, through {scenario.name} from {format_instant(first)}"
    paragraph(console, head)
    for one in seen:
        console.print()
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, style="bold")
        grid.add_column(overflow="fold")
        for name, value in _rows(one, scenario):
            grid.add_row(name, value)
        if notes and one.reading.decides is None:
            grid.add_row("but", "not every file was read, see below: one of them may decide otherwise")
        console.print(grid)
    if notes:
        console.print()
    for note in notes:
        paragraph(console, f"note: {one_line(note)}")
    return text_of(console)


def _rows(one: Outlook, scenario: Scenario) -> list[tuple[str, Any]]:
    from ..advise.outlook import label
    from ..causes import explanation
    from ..resolver.profiles import MODELS

    reading = one.reading
    rows: list[tuple[str, Any]] = [("name", one_line(reading.name))] if reading.name else []
    if reading.model:
        rows.append(("class", f"{reading.model} ({MODELS[reading.model].title})"))
        rows += [("but", f"{knob} = {value}") for knob, value in reading.policy]
    else:
        rows.append(("class", "does not validate" if reading.starts else "does not start"))
    if reading.decides is not None:
        rows.append(("decides", f"{one_line(str(reading.decides), 2000)}\n{reading.decides.text}"))
    rows.append(("that is", one_line(reading.says)))
    if one.anchors:
        rows.append(("anchors", ", ".join(map(label, one.anchors))))
    rows += [("assumed", one_line(what)) for what in one.assumptions]
    rows.append(("outlook", _outlook(one, scenario)))
    if one.result is not None and one.result.cause:
        rows.append(("because", explanation(one.result.cause)))
    rows.append(("remedy", one.remedy))
    return rows + [("note", one_line(note)) for note in reading.notes]


def _outlook(one: Outlook, scenario: Scenario) -> Any:
    """Say what was seen: outcomes and instants, worst in colour."""
    from rich.text import Text

    from ..report.sheet import STYLES
    from ..report.wording import OUTCOME_WORDS

    if one.result is None:
        if not one.reading.starts:
            return Text("down: it does not start", style=STYLES["down"])
        return "answers without checking, whichever key signs: no roll breaks it, forgeries pass"
    end = format_instant(scenario.stop)
    result = one.result
    if result.first_failure is None:
        return Text(f"secure to the end of the timeline, {end}", style=STYLES["secure"])
    worst = result.outcome or "down"
    first = next(seen.outcome for seen in result.outcomes if seen.outcome != "secure")
    text = f"{first} from {format_instant(result.first_failure)}"
    healed = result.recovered_at
    text += f", secure again from {format_instant(healed)}" if healed else f", not well by {end}"
    text += (
        f", {worst} between" if worst != first and healed else f", {worst} at worst" if worst != first else ""
    )
    return Text(f"{text}; {first}: {OUTCOME_WORDS[first]}", style=STYLES[first])
