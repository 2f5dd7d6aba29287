"""Scenarios and suites are found by path and by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import ScenarioError
from lab.resources import scenarios_path
from lab.scenario.catalogue import Suite, find_scenario, shipped_scenarios, suites
from lab.scenario.load import load_scenario


def test_names_are_unique() -> None:
    """A shipped scenario is known by its file's stem alone, so no two may share one."""
    stems = [path.stem for path in scenarios_path().glob("*/*.toml")]
    assert sorted(stems) == list(shipped_scenarios())
    assert not set(stems) & set(suites())


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_load(name: str) -> None:
    """Every shipped scenario loads, cites its source, expects something, and names its schema."""
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.cites
    assert scenario.expectations
    first_line = Path(scenario.path).read_text().split("\n", 1)[0]
    assert first_line == "#:schema ../../docs/scenario.schema.json"


def test_october_scenarios_share_their_subjects() -> None:
    """Results of the three rolls can be laid side by side: the same names mean the same configurations."""
    expected = {
        "rfc5011-strict", "unbound", "bind", "knot", "pdns-recursor", "knot-debian", "static-old",
        "static-both",
        "dnsmasq", "systemd-resolved", "stubby",
        "frozen-offline", "off-in-hold-down", "not-persisted", "new-install-old-anchor",
        "unbound-1.6.4", "unbound-1.6.5", "bind-9.11.2", "knot-5.1.2", "knot-5.1.3",
    }  # fmt: skip
    models = {}
    for name in suites()["october-11"].scenarios:
        scenario = load_scenario(name)
        assert {subject.name for subject in scenario.subjects} == expected
        models[name] = {subject.name: subject.model for subject in scenario.subjects}
    assert models["2017-planned"] == models["2018-actual"] == models["2026-planned"]


def test_suites() -> None:
    """The suite of October is the three scenarios in order, and every suite's scenarios exist."""
    found = suites()
    assert found["october-11"].scenarios == ("2017-planned", "2018-actual", "2026-planned")
    assert all(find_scenario(name).is_file() for suite in found.values() for name in suite.scenarios)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[a]\ntitle = "x"', "a.scenarios: is missing, and there is no default"),
        ('[a]\ntitle = "x"\nscenarios = []', "a.scenarios: must have at least 1 entry"),
        (
            '[a]\ntitle = "x"\nscenario = []',
            'a.scenario: unknown key; did you mean "scenarios"? allowed: title, scen',
        ),
        ("a = 1", "a: must be a table, not 1"),
        ("[a", "line 1, column 3: Expected ']' at the end of a table declaration; mend"),
    ],
)
def test_damaged_suites(tmp_path: Path, text: str, expected: str) -> None:
    """A mistake in a file of suites is named as one in a scenario is."""
    path = tmp_path / "suites.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        suites(path)
    assert str(caught.value).startswith(f"{path}: {expected}")


def test_own_suites(tmp_path: Path) -> None:
    """A file of suites of one's own is read the same way."""
    path = tmp_path / "suites.toml"
    path.write_text('[mine]\ntitle = "My own"\nscenarios = ["a.toml", "2018-actual"]')
    assert suites(path) == {"mine": Suite("mine", "My own", ("a.toml", "2018-actual"))}


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: str) -> None:
    """A path ends in .toml or is a file; a folder does not hide the shipped scenario of its name."""
    monkeypatch.chdir(tmp_path)
    Path("2018-actual").mkdir()
    Path("mine").write_text(small)
    assert find_scenario("2018-actual") == shipped_scenarios()["2018-actual"]
    assert find_scenario("mine") == Path("mine")
    assert find_scenario("none.toml") == Path("none.toml")
    assert load_scenario("mine").name == "mine"


@pytest.mark.parametrize(
    ("argument", "place", "remedy"),
    [
        ("2018-actua", "2018-actua", 'did you mean "2018-actual"? see `rootlab list scenarios`, or'),
        ("zzz", "zzz", "see `rootlab list scenarios`, or give the path of a file"),
        ("", '""', "see `rootlab list scenarios`, or give the path of a file"),
        ("a\0b", "a b", "see `rootlab list scenarios`, or give the path of a file"),
        ("x" * 300, "x" * 300, "see"),
    ],
)
def test_unknown_names(argument: str, place: str, remedy: str) -> None:
    """An unknown name brings the nearest one, if there is any, and where to look."""
    with pytest.raises(ScenarioError) as caught:
        find_scenario(argument)
    problem = "there is no such file, and no shipped scenario has this name"
    assert str(caught.value).startswith(f"{place}: {problem}; {remedy}")
