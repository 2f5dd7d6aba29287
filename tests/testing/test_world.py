"""A test's world: time goes forward, what happens changes what is seen, errors come at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from lab.clock import DAY
from lab.errors import DriverError, ScenarioError
from lab.observation import NoEvidence
from lab.run.record import Record
from lab.scenario.load import load_scenario
from lab.testing import played
from lab.testing import world as worlds
from lab.testing.played import Run, play_apart
from lab.testing.world import LabClock, Resolver, World
from tests.cli.conftest import SCENARIO

PATIENT = "rfc5011-strict"


@pytest.fixture
def world() -> World:
    """Return a world around the roll of 2018."""
    return World("2018-actual")


def test_time_goes_forward(world: World) -> None:
    """The clock begins at the scenario's start, moves by durations and to instants, and not back."""
    clock = LabClock(world)
    assert clock.now == "2017-07-01"
    clock.advance("P10D")
    assert clock.now == "2017-07-11"
    with pytest.raises(ScenarioError, match="the clock cannot go back to 2017-07-10"):
        clock.advance_to("2017-07-10")


def test_defaults_of_an_installation(world: World) -> None:
    """A resolver starts now, with the key that signs now, named as its model, or with a number behind."""
    world.move("2018-10-20")
    first, second = world.install("static"), world.install("static", anchors="ksk-2010")
    run = world.move("2018-10-25")
    assert (first.name, second.name, repr(first)) == ("static", "static-2", "<resolver static>")
    assert [run.subject(one.name).outcome for one in (first, second)] == ["secure", "bogus"]
    assert run.subject("static").outcomes[0].at == 1539993600


def test_second_look_repeats_the_first(world: World) -> None:
    """A later run holds all that an earlier one did, and an earlier one does not know of the later."""
    it = world.install("static", anchors=["ksk-2010"])
    before, after = world.move("2018-10-11"), world.move("2018-10-20")
    assert before.subject(it.name).first_failure is None
    assert after.subject(it.name).first_failure == "2018-10-12T00:00:00Z"
    assert before.subject(it.name).first_failure is None


def test_resolver_that_starts_later_is_not_there_before(world: World) -> None:
    """Until its first start nothing is known of it."""
    late = world.install(PATIENT, first_start="2018-09-01")
    with pytest.raises(LookupError, match="there is no subject"):
        world.move("2018-08-01").subject(late.name)
    assert world.move("2018-09-02").subject().state("ksk-2017") == "AddPend"


HAPPENINGS: dict[str, tuple[Callable[[Resolver], None], str, str]] = {
    "restart": (lambda it: it.restart(keep_state=False, kill=True), "2018-10-12", "state-not-persisted"),
    "off": (lambda it: it.off("2018-10-20"), "2018-10-20", "hold-down-unfinished"),
    "dark": (lambda it: it.dark("2018-09-30"), "2018-09-20", "root-unreachable"),
    "clock": (lambda it: it.set_clock("P400D"), "2018-09-20", "clock-skew"),
    "anchors": (lambda it: it.set_anchors(["ksk-2017"]), "2018-09-21", "anchor-missing"),
    "replay": (lambda it: it.replay("2018-09-19", "2018-12-01"), "2018-09-30T00:00:01Z", "signature-expired"),
}


@pytest.mark.parametrize("what", HAPPENINGS)
def test_what_happens_is_seen(what: str) -> None:
    """Whatever a test does to a resolver happens where the clock is, and breaks one that learns the key."""
    do, failed, cause = HAPPENINGS[what]
    world = World("2018-actual")
    world.move("2018-08-21" if what == "restart" else "2018-09-01")
    it = world.install(PATIENT, anchors=["ksk-2010"])
    world.move("2018-09-20")
    do(it)
    seen = world.move("2018-11-01").subject()
    assert seen.first_failure == failed
    assert seen.cause == cause


@pytest.mark.parametrize(("writable", "state"), [(True, "Valid"), (False, "AddPend")])
def test_state_that_cannot_be_written(world: World, writable: bool, state: str) -> None:
    """What is not written is not there after a restart: the new key is met for the first time again."""
    it = world.install(PATIENT, anchors=["ksk-2010"])
    it.set_state_writable(writable)
    world.move("2017-08-20")
    it.restart()
    assert world.move("2017-08-21").subject().state("ksk-2017") == state


def test_what_lasts_longer_than_the_run(world: World) -> None:
    """Something that lasts until later than the clock lasts to the end of the run."""
    it = world.install("static")
    it.off("2018-01-01")
    run = world.move("2017-07-05")
    assert run.subject().outcome_at("2017-07-04") in (None, "secure")
    assert world.move("2018-01-02").subject().outcome_at("2018-01-01") == "secure"


ERRORS: dict[str, tuple[Callable[[World], object], str]] = {
    "model": (lambda world: world.install("nobody"), "there is no model nobody"),
    "knob": (lambda world: world.install("unbound", policy={"patience": "P1D"}), "unknown knob"),
    "key": (lambda world: world.install("unbound", anchors=["ksk-1999"]), "ksk-1999"),
    "option": (lambda world: world.install("unbound", anchor="ksk-2010"), "unknown key"),
    "past": (lambda world: world.install("unbound", first_start="2017-06-30"), "cannot have started"),
    "driver": (lambda world: world.daemon("nobody"), "there is no driver 'nobody'"),
    "name": (lambda world: [world.install("bind", name="one") for _ in "ab"], "a resolver 'one' already"),
    "replay": (lambda world: world.install("bind").replay("2019-01-01", "2019-02-01"), "not an earlier"),
}


@pytest.mark.parametrize("what", ERRORS)
def test_errors_come_at_once(world: World, what: str) -> None:
    """What cannot be is refused where it is said, not when it is played."""
    do, message = ERRORS[what]
    with pytest.raises(ScenarioError, match=message):
        do(world)


def test_scenario_of_ones_own(tmp_path: Path) -> None:
    """A world takes the root of a file, its keys and operators included, and none of its subjects."""
    path = tmp_path / "own.toml"
    path.write_text(SCENARIO)
    world = World(str(path))
    world.install("static", anchors=["ksk-2010"])
    run = world.move("2018-10-19")
    assert [seen.name for seen in run.subjects] == ["static"]
    assert run.subject().cause == "static-anchor"


def test_driver_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """A driver file is found from where the test runs."""
    text = (Path(worlds.__file__).parents[1] / "drivers/templates/unbound-static.toml").read_text()
    (tmp_path / "mine.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worlds, "version_of", lambda _driver: "1")
    it = world.daemon("mine.toml")
    (spec,) = world.move("2017-07-02").scenario.subjects
    assert (it.name, spec.model) == ("mine", f"daemon:{tmp_path / 'mine.toml'}")


# -- what could not be seen ----------------------------------------------------------------------------------


class Absence(Exception):
    """What the tests do for want of evidence."""


def absent(reason: str) -> NoReturn:
    """Raise it."""
    raise Absence(reason)


def test_who_was_not_seen_is_nobodys_pass() -> None:
    """Of a subject without evidence nothing is returned: `first_failure is None` would be a lie."""
    scenario = load_scenario("2018-actual")
    run = Run(scenario, ["static-both"], absent=absent)
    blind = NoEvidence(scenario.start, "static-both", "the clock does not reach it")
    seen = run.record.observations
    run.__dict__["record"] = replace(run.record, observations=(blind, *seen))
    run.__dict__.pop("result", None)
    with pytest.raises(Absence, match="static-both: the clock does not reach it"):
        run.subject()


@pytest.mark.parametrize(
    ("error", "raised"), [(DriverError("no root"), Absence), (ScenarioError("odd"), ScenarioError)]
)
def test_machine_that_lacks_something(
    error: Exception, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the machine lacks skips a test; what its author got wrong is an error."""

    def fail(*_arguments: object) -> Record:
        raise error

    monkeypatch.setattr(played, "play_apart", fail)
    run = Run(load_scenario("2018-actual"), ["daemon:unbound"], absent=absent)
    with pytest.raises(raised):
        assert run.record


def test_process_apart_brings_errors_back(tmp_path: Path) -> None:
    """An error of the other process is raised here, as the same type."""
    scenario = replace(load_scenario("2018-actual"), stop=load_scenario("2018-actual").start + DAY)
    spec = replace(scenario.subjects[0], name="it", model=f"daemon:{tmp_path}/none.toml")
    with pytest.raises(ScenarioError, match=r"none\.toml"):
        play_apart(replace(scenario, subjects=(spec,), expectations=()), ("it",), None)


def test_unknown_subject_is_named() -> None:
    """The error says who there is."""
    run = Run(load_scenario("2018-actual"), ["static-both", "static-old"])
    with pytest.raises(LookupError, match="there are static-old, static-both"):
        run.subject("bind")
    assert "static-old" not in run.explain("static-both")
