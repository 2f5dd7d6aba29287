"""A daemon takes the place of a subject, with its circumstances and expectations."""

from __future__ import annotations

import pytest

from lab.drivers.casting import with_daemons
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
