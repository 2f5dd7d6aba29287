"""Find scenarios and suites by path or by name: scenarios/<folder>/<name>.toml, scenarios/suites.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import RootModel

from ..errors import ScenarioError
from ..resources import scenarios_path
from .model import SuiteTable
from .source import parse_toml, read_file, validate
from .tables import allowed


@dataclass(frozen=True, slots=True)
class Suite:
    """A named list of scenarios, each a name or a path as `find_scenario` takes it."""

    name: str
    title: str
    scenarios: tuple[str, ...]


class _Suites(RootModel[dict[str, SuiteTable]]):
    """The file of suites."""


def shipped_scenarios() -> dict[str, Path]:
    """Return the shipped scenarios by name, sorted; the name is the file's stem."""
    found = sorted(scenarios_path().glob("*/*.toml"), key=lambda path: path.stem)
    names = {path.stem: path for path in found}
    assert len(names) == len(found), "two shipped scenarios have the same name"
    return names


def find_scenario(argument: str) -> Path:
    """Return the file a scenario argument means: an existing file, a path ending in .toml, or a shipped name.

    Raises ScenarioError with the nearest names for anything else.
    """
    if argument.endswith(".toml") or _is_file(argument):
        return Path(argument)
    shipped = shipped_scenarios()
    if argument in shipped:
        return shipped[argument]
    if argument in suites():
        raise ScenarioError(
            "is a suite, not a scenario",
            place=argument,
            remedy=f"choose one of its scenarios: {', '.join(suites()[argument].scenarios)}",
        )
    near = allowed(argument, tuple(shipped)).partition("? ")
    hint = f"{near[0]}? " if near[1] else ""
    raise ScenarioError(
        "there is no such file, and no shipped scenario has this name",
        place=argument or '""',
        remedy=f"{hint}see `rootlab list scenarios`, or give the path of a file",
    )


def _is_file(argument: str) -> bool:
    """Say whether an argument is the path of a file; a folder of a scenario's name does not hide it."""
    try:
        return bool(argument) and Path(argument).exists() and not Path(argument).is_dir()
    except (OSError, ValueError):
        return False


def suites(path: Path | None = None) -> dict[str, Suite]:
    """Return the suites of a file, the shipped one unless given, in its order. Raises ScenarioError."""
    source = path or scenarios_path() / "suites.toml"
    tables = validate(_Suites, parse_toml(read_file(source), str(source)), str(source)).root
    return {name: Suite(name, table.title, table.scenarios) for name, table in tables.items()}
