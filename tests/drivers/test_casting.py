"""A daemon takes the place of a subject, with its circumstances and expectations."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.drivers.casting import clock_of, is_played, wanted, with_daemons
from lab.drivers.table import driver_of
from lab.errors import ScenarioError
from lab.run.engine import play
from lab.scenario.load import load_scenario


def test_daemon_lives_as_its_model() -> None:
    """`daemon:named` has the anchors, the start and the expectations of the subject `bind`."""
    scenario = with_daemons(load_scenario("2018-actual"), ["daemon:named", "unbound"])
    spec = scenario.subjects[0]
    assert (spec.name, spec.model, spec.anchors) == ("daemon:named", "daemon:named", ("ksk-2010",))
    own = {e.id for e in scenario.expectations if e.subject == "daemon:named"}
    assert own == {f"daemon:named/{e.id}" for e in scenario.expectations if e.subject == "bind"}


def test_daemon_lives_as_a_named_subject() -> None:
    """Behind `@` stands whose absences it has."""
    scenario = with_daemons(load_scenario("2018-actual"), ["daemon:kresd@frozen-offline"])
    assert scenario.subjects[0].off
    assert scenario.subjects[0].name == "daemon:kresd@frozen-offline"


def test_daemon_without_a_twin() -> None:
    """Where no subject is of its model, a daemon starts with the scenario, from the key that signs then."""
    scenario = with_daemons(load_scenario("weekly-container"), ["daemon:dnsmasq"])
    spec = scenario.subjects[0]
    assert (spec.anchors, spec.first_start) == (scenario.anchors_default, scenario.start)


def test_model_that_the_scenario_lacks() -> None:
    """A daemon can be held against its model in any scenario: both are plain subjects then, and twins."""
    scenario = with_daemons(load_scenario("weekly-container"), ["knot", "daemon:kresd"])
    daemon, model = scenario.subjects[0], scenario.subjects[-1]
    assert (model.name, model.model, daemon.like) == ("knot", "knot", "knot")
    assert (daemon.anchors, daemon.first_start) == (model.anchors, model.first_start)


@pytest.mark.parametrize(("name", "parts"), [
    ("daemon:named", ("named", "", "")),
    ("daemon:named@bind", ("named", "", "bind")),
    ("daemon:named:restart", ("named", "restart", "")),
    ("daemon:./mine.toml:none@late", ("./mine.toml", "none", "late")),
])  # fmt: skip
def test_names(name: str, parts: tuple[str, str, str]) -> None:
    """A name says which driver, by which clock, as whom."""
    assert wanted(name) == parts


def test_clocks() -> None:
    """A daemon lives by the clock it is given, else by the first that its driver works with."""
    scenario = with_daemons(load_scenario("2018-actual"), ["daemon:named:mkeytimers", "daemon:unbound"])
    clocks = [clock_of(spec, driver_of(spec.model)) for spec in scenario.subjects[:2]]
    assert clocks == ["shim", "mkeytimers"]
    for name, words in (
        (
            "daemon:unbound:mkeytimers",
            "does not work with the clock 'mkeytimers'; its clocks are shim, restart",
        ),
        ("daemon:unbound:sundial", "knows no clock 'sundial'; its clocks are shim, restart"),
    ):
        with pytest.raises(ScenarioError, match=words):
            with_daemons(scenario, [name])


def test_real_ones_in_a_file(tmp_path: Path) -> None:
    """A subject of a file can be a real resolver, by its own name; the engine alone does not play it."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\nstart = 2018-10-11\nstop = 2018-10-12\n[authority]\nbase = "2018-actual"\n'
        '[[subject]]\nname = "branch"\nmodel = "daemon:unbound"\nclock = "restart"\n'
        '[[subject]]\nname = "own"\nmodel = "daemon:drivers/mine.toml"\n[[subject]]\nname = "bind"\n'
    )
    scenario = load_scenario(path)
    models = {spec.name: spec.model for spec in scenario.subjects}
    assert models == {
        "branch": "daemon:unbound", "own": f"daemon:{tmp_path}/drivers/mine.toml", "bind": "bind",
    }  # fmt: skip
    assert scenario.subjects[0].clock == "restart"
    assert [is_played(scenario, names) for names in ((), ("branch", "bind"), ("bind",))] == [
        True,
        True,
        False,
    ]
    with pytest.raises(ScenarioError, match="cannot be played here"):
        play(scenario)


@pytest.mark.parametrize("name", ["daemon:nobody", "daemon:unbound@nobody"])
def test_unknown_names(name: str) -> None:
    """A driver or a subject that is not there is the caller's error."""
    with pytest.raises(ScenarioError, match="nobody"):
        with_daemons(load_scenario("2018-actual"), [name])


def test_engine_alone_plays_no_daemon() -> None:
    """Without somebody who makes daemons a run says so."""
    scenario = with_daemons(load_scenario("2018-actual"), ["daemon:unbound"])
    with pytest.raises(ScenarioError, match="cannot be played here"):
        play(scenario, subjects=["daemon:unbound"])
