"""The state of a model at an instant is the one it has in a run that ends then."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.clock import format_instant, parse_instant
from lab.errors import ScenarioError
from lab.observation import Anchor
from lab.resolver.rfc5011 import State
from lab.run.engine import play
from lab.run.state_at import Part, state_at
from lab.scenario.load import load_scenario
from lab.scenario.spec import Scenario

SCENARIO = """\
title = "The first roll, as planned, up to an instant"
start = 2017-07-01T00:00:00Z
stop = {stop}

[authority]
quarters = {{ 2017Q3 = "pre-publish", 2017Q4 = "rollover", 2018Q1 = "revoke" }}
keys = {{ current = "ksk-2010", next = "ksk-2017" }}

[[subject]]
name = "{model}"
model = "{model}"
anchors = ["ksk-2010"]
"""
INSTANTS = ("2017-07-01T00:00:00Z", "2017-07-12T00:00:00Z", "2017-08-20T12:34:56Z", "2018-01-20T00:00:00Z")


def scenario_until(folder: Path, model: str, stop: str) -> Scenario:
    """Return a scenario with one subject of a model, called like it."""
    path = folder / "short.toml"
    path.write_text(SCENARIO.format(model=model, stop=stop), encoding="utf-8")
    return load_scenario(str(path))


@pytest.mark.parametrize("model", ["unbound", "bind", "knot", "rfc5011-strict", "sdns", "static"])
@pytest.mark.parametrize("instant", INSTANTS)
def test_state_is_that_of_the_run(model: str, instant: str, tmp_path: Path) -> None:
    """Keys, states and times are those a run shows that ends one second after the instant."""
    at = parse_instant(instant)
    record = play(scenario_until(tmp_path, model, format_instant(at + 1)))
    expected = [
        (seen.key_tag, seen.state, seen.since)
        for seen in record.observations
        if isinstance(seen, Anchor) and seen.subject == model
    ]
    state = state_at(scenario_until(tmp_path, model, "2018-03-01T00:00:00Z"), Part(model), at)
    found = [
        (entry.anchor.key_tag, entry.state.value, entry.since if entry.is_confirmed else None)
        for entry in state.entries
    ]
    assert [(tag, name) for tag, name, _ in found] == [(tag, name) for tag, name, _ in expected]
    for (_, _, since), (_, _, seen) in zip(found, expected, strict=True):
        assert since in (None, seen)
    assert any(since is not None for _, _, since in found) is (model != "static")


def test_other_anchors_and_seed(tmp_path: Path) -> None:
    """Anchors, seed and name may differ from the scenario's, and each makes a difference."""
    scenario = scenario_until(tmp_path, "unbound", "2018-03-01T00:00:00Z")
    at = parse_instant("2017-08-01")
    plain = state_at(scenario, Part("unbound"), at)
    assert state_at(scenario, Part("unbound"), at) == plain
    assert state_at(scenario, Part("unbound", seed=7), at) != plain
    assert state_at(scenario, Part("unbound", name="another"), at) != plain
    both = state_at(scenario, Part("unbound", anchors=("ksk-2010", "ksk-2017")), parse_instant("2017-07-12"))
    assert State.ADD_PEND in [entry.state for entry in both.entries]


@pytest.mark.parametrize("instant", ["2017-06-30T23:59:59Z", "2018-03-01T00:00:00Z"])
def test_outside_the_scenario(instant: str, tmp_path: Path) -> None:
    """Before the start and from the stop on there is no state, and the window is named."""
    scenario = scenario_until(tmp_path, "unbound", "2018-03-01T00:00:00Z")
    with pytest.raises(ScenarioError, match=r"2017-07-01T00:00:00Z to 2018-03-01T00:00:00Z"):
        state_at(scenario, Part("unbound"), parse_instant(instant))


def test_unknown_model(tmp_path: Path) -> None:
    """A model that does not exist is refused with those that do."""
    scenario = scenario_until(tmp_path, "unbound", "2018-03-01T00:00:00Z")
    with pytest.raises(ScenarioError, match="there is no model 'nobody'"):
        state_at(scenario, Part("nobody"), parse_instant("2017-08-01"))
