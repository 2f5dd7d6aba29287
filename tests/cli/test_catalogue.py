"""`rootlab list`: what there is, as a table and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.cli.catalogue import LISTS
from lab.drivers.clocks import CLOCKS
from lab.drivers.table import DRIVERS
from lab.report import REPORTS
from lab.resolver.profiles import MODELS
from lab.scenario.expectations import EXPECTATIONS

from .ended import Rootlab


@pytest.mark.parametrize("what", list(LISTS))
def test_table_and_json_list_the_same(what: str, rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entry of the JSON has its line in the table, in the same order."""
    monkeypatch.setenv("COLUMNS", "2000")
    listed = [row["name"] for row in json.loads(rootlab("list", what, "--format", "json").out)]
    lines = rootlab("list", what).out.splitlines()
    assert [line.split()[0] for line in lines[2 : lines.index("")]] == listed
    assert len(listed) > 0


def test_the_lists_are_complete(rootlab: Rootlab) -> None:
    """Models, expectations and reports are listed from the tables that define them."""
    found = {
        what: [row["name"] for row in json.loads(rootlab("list", what, "--format", "json").out)]
        for what in ("models", "expectations", "reports")
    }
    assert found == {"models": list(MODELS), "expectations": list(EXPECTATIONS), "reports": list(REPORTS)}


def test_drivers_and_clocks(rootlab: Rootlab) -> None:
    """Real resolvers are listed with the clocks they can live by, and those from their table."""
    drivers = json.loads(rootlab("list", "drivers", "--format", "json").out)
    clocks = json.loads(rootlab("list", "clocks", "--format", "json").out)
    assert ([row["name"] for row in drivers], [row["name"] for row in clocks]) == (
        list(DRIVERS),
        list(CLOCKS),
    )
    assert {clock for row in drivers for clock in row["clocks"]} <= set(CLOCKS)


def test_the_october_suite(rootlab: Rootlab) -> None:
    """The suite of 11 October is listed with its three scenarios, and each of these with its file."""
    suites = {row["name"]: row for row in json.loads(rootlab("list", "suites", "--format", "json").out)}
    assert suites["october-11"]["scenarios"] == ["2017-planned", "2018-actual", "2026-planned"]
    scenarios = {row["name"]: row for row in json.loads(rootlab("list", "scenarios", "--format", "json").out)}
    assert all(Path(scenarios[name]["file"]).is_file() for name in suites["october-11"]["scenarios"])


def test_a_model_says_how_it_differs(rootlab: Rootlab) -> None:
    """The strict model differs in nothing; another says knob, value and the strict value."""
    models = {row["name"]: row for row in json.loads(rootlab("list", "models", "--format", "json").out)}
    assert models["rfc5011-strict"]["differences"] == []
    assert {tuple(row) for row in models["unbound"]["differences"]} == {("knob", "value", "strict")}


def test_how_an_expectation_is_written(rootlab: Rootlab) -> None:
    """Parameters are shown as a scenario writes them, those that may be left out marked."""
    kinds = {
        row["name"]: row["parameters"]
        for row in json.loads(rootlab("list", "expectations", "--format", "json").out)
    }
    assert (kinds["never-fails"], kinds["reaches"]) == ("true", "{ key, state, from?, to? }")
    assert kinds["final"] == '"secure" | "insecure" | "unvalidated" | "bogus" | "down"'
