"""A conformance case: one TOML file that says what happens to one subject and what an RFC demands of it.

A case is a scenario of one subject, written shorter: `world` names the timeline, `[subject]` says what is
special about the configuration, `[[event]]` what happens to it, `[[expect]]` what the RFC wants to be seen.
The file's name is the case's identifier. Nothing in it depends on who is examined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from ..errors import ScenarioError
from ..resources import scenarios_path
from ..scenario.fields import Line
from ..scenario.load import Scenario, load_scenario, load_tables
from ..scenario.source import parse_toml, read_file, validate
from ..scenario.tables import Table, allowed

SUT: Final = "sut"
"""The name of the one subject of a case: the software under test."""

STRICT: Final = "rfc5011-strict"
"""The model that stands in a case's file, for the checks of its loader; whoever is examined replaces it."""

ABILITIES: Final[dict[str, str]] = {
    "managed": "keeps its trust anchors up to date by RFC 5011",
    "alone": "has its trust anchors from its configuration and the DNS alone",
    "signals": "tells its trust anchors by RFC 8145",
    "storage": "lets the lab take away the right to write its state",
    "state": "tells the RFC 5011 states of its keys",
    "clients": "answers questions of clients",
    "network": "asks the root servers itself",
}
"""What a case can ask of a subject; whoever lacks it, the case does not apply to."""

STATE_KINDS: Final = ("reaches", "never-reaches", "holds")
"""Expectations that are about the states of keys."""

Ability = Literal["managed", "alone", "signals", "storage", "state", "clients", "network"]


class _Header(Table):
    """The keys of a case that a scenario does not have."""

    world: Line | None = Field(None, description="the timeline: a name below worlds/, or a shipped scenario")
    needs: Annotated[tuple[Ability, ...], Field(max_length=9)] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One case: `scenario` has the one subject `sut`; `needs` are the ABILITIES it asks for."""

    id: str
    scenario: Scenario
    needs: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return what is demanded, in one line."""
        return self.scenario.title

    @property
    def cites(self) -> tuple[str, ...]:
        """Return where it is demanded, each with the demand in our words."""
        return self.scenario.cites


def cases_path() -> Path:
    """Return the folder of the shipped cases."""
    return scenarios_path() / "conformance" / "cases"


@cache
def shipped_cases() -> tuple[Case, ...]:
    """Return all shipped cases, by identifier. Raises ScenarioError for one that cannot be read."""
    return tuple(load_case(path) for path in sorted(cases_path().glob("*.toml")))


def choose(identifiers: tuple[str, ...]) -> tuple[Case, ...]:
    """Return the shipped cases of some identifiers, or all; a trailing `*` stands for any rest.

    Raises ScenarioError for one that means no case.
    """
    known = shipped_cases()
    wanted: list[Case] = []
    for name in identifiers:
        stem = name.removesuffix("*")
        found = [one for one in known if (one.id.startswith(stem) if stem != name else one.id == name)]
        if not found:
            near = allowed(name, [one.id for one in known]).partition("? ")
            hint = f"{near[0]}? " if near[1] else ""
            raise ScenarioError(
                f"there is no case {name[:64]!r}", remedy=f"{hint}see `rootlab conformance list`"
            )
        wanted += found
    chosen = {one.id for one in wanted}
    return tuple(one for one in known if not identifiers or one.id in chosen)


def load_case(path: Path) -> Case:
    """Read a case. Raises ScenarioError naming file and place."""
    shown = str(path)
    tables = parse_toml(read_file(path), shown)
    own: dict[str, Any] = {key: tables.pop(key) for key in ("world", "needs") if key in tables}
    header = validate(_Header, own, shown)
    _fill(tables, header.world, shown)
    scenario = load_tables(tables, path)
    if not scenario.cites or not scenario.expectations:
        what = "cites" if not scenario.cites else "[[expect]]"
        raise ScenarioError("demands nothing of anybody", place=shown, remedy=f"add {what}")
    needs = dict.fromkeys(header.needs)
    states = all(one.kind in STATE_KINDS for one in scenario.expectations)
    needs |= dict.fromkeys(["state"] if states else [])
    return Case(path.stem, scenario, tuple(needs))


def _fill(tables: dict[str, Any], world: str | None, shown: str) -> None:
    """Complete a case's tables to those of a scenario, in place."""
    if world is not None:
        tables.setdefault("authority", {})["base"] = _base(world)
        begin, end = _span(world)
        tables.setdefault("start", begin)
        tables.setdefault("stop", end)
    subject = tables.pop("subject", {})
    if not isinstance(subject, Mapping) or {"name", "model", "policy", "clock"} & set(subject):
        raise ScenarioError(
            "must be one table without name, model, policy and clock", place=f"{shown}: subject",
            remedy="who is examined is said on the command line",
        )  # fmt: skip
    tables["subject"] = [{"name": SUT, "model": STRICT, **subject}]
    for key in ("event", "expect"):
        rows = tables.get(key, [])
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            tables[key] = [{"subject": SUT, **row} for row in rows]


def _base(world: str) -> str:
    own = cases_path().parent / "worlds" / f"{world}.toml"
    return str(own) if own.is_file() else world


@cache
def _span(world: str) -> tuple[str, str]:
    """Return start and stop of a world, as a file writes them."""
    from ..clock import format_instant

    scenario = load_scenario(_base(world))
    return format_instant(scenario.start), format_instant(scenario.stop)
