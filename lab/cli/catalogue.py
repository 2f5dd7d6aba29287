"""`rootlab list`: what there is to play, to imitate, to drive, to expect and to report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import click

from ..clock import format_instant
from .output import page, show

Row: TypeAlias = dict[str, Any]


def _scenarios() -> list[Row]:
    """Return the shipped scenarios."""
    from ..scenario.catalogue import shipped_scenarios
    from ..scenario.load import load_scenario

    rows = []
    for name, path in shipped_scenarios().items():
        scenario = load_scenario(path)
        rows.append(
            {
                "name": name,
                "title": scenario.title,
                "start": format_instant(scenario.start),
                "stop": format_instant(scenario.stop),
                "subjects": [subject.name for subject in scenario.subjects],
                "cites": list(scenario.cites),
                "file": str(path),
            }
        )
    return rows


def _suites() -> list[Row]:
    """Return the shipped suites."""
    from ..scenario.catalogue import suites

    return [
        {"name": suite.name, "title": suite.title, "scenarios": list(suite.scenarios)}
        for suite in suites().values()
    ]


def _models() -> list[Row]:
    """Return the resolver models, with what each does otherwise than RFC 5011 read strictly."""
    from ..resolver.profiles import MODELS

    return [
        {
            "name": profile.name,
            "version": profile.version or None,
            "title": profile.title,
            "differences": [
                {"knob": knob, "value": value, "strict": strict}
                for knob, value, strict in profile.policy.differences()
            ],
            "cites": list(profile.cites),
        }
        for profile in MODELS.values()
    ]


def _drivers() -> list[Row]:
    """Return the real resolvers that the lab can drive, installed here or not."""
    from ..drivers.table import DRIVERS

    return [
        {
            "name": driver.name,
            "title": f"{driver.program.rpartition('/')[2]}, held against {driver.model or 'no model'}",
            "model": driver.model or None,
            "clocks": list(driver.clocks),
            "install": driver.install,
        }
        for driver in DRIVERS.values()
    ]


def _clocks() -> list[Row]:
    """Return the ways to make a real resolver live at the lab's time."""
    from ..drivers.clocks import CLOCKS

    return [
        {
            "name": clock.name,
            "title": clock.what,
            "needs": clock.needs,
            "unavailable": clock.available() or None,
        }
        for clock in CLOCKS.values()
    ]


def _expectations() -> list[Row]:
    """Return the kinds of expectations a scenario can state."""
    from ..scenario.expectations import EXPECTATIONS

    return [
        {"name": name, "title": kind.title, "parameters": _parameters(kind.params.model_json_schema())}
        for name, kind in EXPECTATIONS.items()
    ]


def _parameters(schema: dict[str, Any]) -> str:
    """Return how a kind's parameters are written in a scenario, from its JSON Schema."""
    properties = schema.get("properties")
    if properties is None:
        values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        return " | ".join("true" if value is True else f'"{value}"' for value in values) or "true"
    required = schema.get("required", [])
    optional = [f"{name}?" for name in properties if name not in required]
    return f"{{ {', '.join([*required, *optional])} }}"


def _faults() -> list[Row]:
    """Return what an authority can be made to do wrong."""
    from ..authority.faults import FAULTS

    return [_switch(name, kind.title, kind.takes, kind.default) for name, kind in FAULTS.items()]


def _impairments() -> list[Row]:
    """Return what the way to an authority can do to answers."""
    from ..nameserver.impairments import IMPAIRMENTS

    return [_switch(name, kind.title, kind.takes, kind.default) for name, kind in IMPAIRMENTS.items()]


def _switch(name: str, title: str, takes: str, default: str) -> Row:
    """Return the row of a fault or an impairment."""
    return {"name": name, "value": takes or None, "default": default or None, "title": title}


def _reports() -> list[Row]:
    """Return the formats of a result."""
    from ..report import REPORTS

    return [
        {"name": name, "title": report.title, "suffixes": list(report.suffixes)}
        for name, report in REPORTS.items()
    ]


LISTS: dict[str, tuple[Callable[[], list[Row]], tuple[str, ...], str]] = {
    "scenarios": (_scenarios, ("name", "start", "subjects", "title"), "Play one: rootlab run NAME"),
    "suites": (_suites, ("name", "scenarios", "title"), "Play one: rootlab run NAME"),
    "models": (
        _models,
        ("name", "version", "title"),
        "With --format json: every knob in which a model differs from RFC 5011 read strictly, and sources.",
    ),
    "drivers": (
        _drivers,
        ("name", "clocks", "title"),
        "Play one: --subject daemon:NAME; rootlab doctor tries all",
    ),
    "clocks": (_clocks, ("name", "needs", "title"), "With --format json: why one is not to be had here"),
    "expectations": (
        _expectations,
        ("name", "parameters", "title"),
        "In a scenario: [[expect]] with id and subject",
    ),
    "faults": (
        _faults,
        ("name", "value", "default", "title"),
        "Serve with one: rootlab serve SCENARIO --fault NAME[=VALUE][@LETTERS]",
    ),
    "impairments": (
        _impairments,
        ("name", "value", "default", "title"),
        "Serve with one: rootlab serve SCENARIO --impair NAME[=VALUE][@LETTERS]",
    ),
    "reports": (_reports, ("name", "suffixes", "title"), "rootlab run ... --format NAME, or --report FILE"),
}
"""What can be listed: who knows it, the columns of its table, and what to do with it."""


@click.command("list")
@click.argument("what", metavar="WHAT", type=click.Choice(tuple(LISTS)))
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Layout.",
)
def list_things(what: str, form: str) -> None:
    """List scenarios, suites, models, drivers, clocks and the like.

    WHAT is one of these words.
    """
    rows_of, columns, hint = LISTS[what]
    rows = rows_of()
    if form == "json":
        from ..report.as_json import dump

        show(dump(rows))
        return
    from ..report.sheet import screen, table, text_of

    console = screen(page())
    grid = table()
    for column in columns:
        grid.add_column(_TITLES.get(column, column), no_wrap=column in ("name", "version", "start"))
    for row in rows:
        grid.add_row(*(_cell(column, row) for column in columns))
    console.print(grid)
    console.print()
    console.print(hint)
    show(text_of(console))


_TITLES = {"start": "from, to", "title": "what it is"}


def _cell(column: str, row: Row) -> str:
    """Return one cell of a table."""
    value = row[column]
    if column == "start":
        return f"{row['start'][:10]} to {row['stop'][:10]}"
    if column == "subjects":
        return str(len(value))
    return ", ".join(value) if isinstance(value, list) else str(value or "-")
