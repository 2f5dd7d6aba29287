"""Gates: go, no-go, and intervals that straddle a threshold; files that are not what they should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.errors import UserError
from lab.population.decide_gate import load_gates, rule, together
from lab.population.plan_result import Sweep, read_sweep

from .sweeps import GATE, sweep


def gates_file(folder: Path, text: str) -> Path:
    """Write a file of gates."""
    path = folder / "gates.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("at_most", "said", "distance"),
    [(4, "go", -1.0), (3.99, "open", -0.99), (2, "open", 1.0), (1.99, "no-go", 1.01)],
)
def test_an_interval_decides(tmp_path: Path, at_most: float, said: str, distance: float) -> None:
    """Resolvers broken are 3 [2 to 4] %: all of the interval must keep the threshold, or none of it."""
    gates = load_gates(gates_file(tmp_path, GATE.replace("0.5", str(at_most))))
    (ruling,) = rule(gates, sweep())
    assert (ruling.said, ruling.distance) == (said, distance)


@pytest.mark.parametrize(("at_most", "said"), [(4, "no-go"), (30, "open"), (31, "open"), (40, "open")])
def test_days_beyond_the_watch_are_not_known(tmp_path: Path, at_most: int, said: str) -> None:
    """Days to repair are over 30 [5 to over 30], and nobody watched the 31st day."""
    text = GATE.replace("resolvers-broken", "days-to-repair").replace("0.5", str(at_most))
    (ruling,) = rule(load_gates(gates_file(tmp_path, text)), sweep())
    assert (ruling.said, ruling.distance) == (said, None)


def test_one_missed_gate_decides(tmp_path: Path) -> None:
    """No-go wins over open, open over go; a gate without a fleet counts for every study."""
    text = GATE + GATE.replace("half", "other").replace("0.5", "5").replace("[[gate]]", "[[gate]]\ndelay = 6")
    rulings = rule(load_gates(gates_file(tmp_path, text)), sweep())
    assert [one.said for one in rulings] == ["no-go", "go"]
    assert together(rulings) == "no-go"
    assert together(rulings[1:]) == "go"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'metric = "resolvers-broken"',
            'metric = "peak-load"',
            r"\(half\)\.metric: the sweep has no peak-load",
        ),
        (
            "[[gate]]",
            "[[gate]]\ndelay = 7",
            r"\(half\)\.delay: the sweep has no delay of 7 months; it has 0, 6",
        ),
        ("[[gate]]", '[[gate]]\nfleet = "x"', "no such fleet and timeline; it has 2017 with 2017-planned"),
        ("at-most", "at-least", "unknown key; did you mean"),
        ("0.5", "-1", "at-most"),
        ("0.5", '"1"', "at-most"),
        ("[[gate]]", GATE + "[[gate]]", "two gates are called half"),
        ("[[gate]]", "[gate]]", "line 2"),
    ],
)
def test_bad_gates_are_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    """What is wrong with a file of gates is told with its place."""
    path = gates_file(tmp_path, GATE.replace(old, new, 1))
    with pytest.raises(UserError, match=said) as problem:
        rule(load_gates(path), sweep())
    assert "gates.toml" in str(problem.value)


def changed(change: dict[str, Any]) -> str:
    """Return the JSON of a sweep whose first row is changed."""
    found = json.loads(sweep().text())
    found["studies"][0]["rows"][0].update(change)
    return json.dumps(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not the result of a sweep"),
        ('{"kind": "rootlab-sweep"}', "inputs: is missing"),
        (changed({"resolvers_broken": {"low": 2, "median": 1, "high": 3}}), "do not ascend"),
        (
            changed({"resolvers_broken": {"low": 2, "median": float("nan"), "high": 3}}),
            r"resolvers_broken\.median",
        ),
        (changed({"surplus": 1}), "surplus"),
    ],
)
def test_bad_results_are_one_line(tmp_path: Path, text: str, said: str) -> None:
    """A file that is no result of a sweep is told so, with the place."""
    path = tmp_path / "sweep.json"
    path.write_text(text)
    with pytest.raises(UserError, match=said) as problem:
        read_sweep(path)
    assert "sweep.json" in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    """What was written is read, from the file and from its folder; a missing file is the reader's fault."""
    (tmp_path / "sweep.json").write_text(sweep().text())
    assert read_sweep(tmp_path) == read_sweep(tmp_path / "sweep.json") == sweep()
    assert isinstance(sweep(), Sweep)
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_sweep(tmp_path / "none.json")
