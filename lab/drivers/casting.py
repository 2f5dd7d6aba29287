"""Put real resolvers into a scenario: `daemon:NAME`, with a clock and in the place of a subject if one likes.

`daemon:NAME:CLOCK@SUBJECT`: NAME is a driver or a driver file, CLOCK one of the clocks it works with (the
first of them if nothing is said), SUBJECT whom it lives as.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..errors import ScenarioError
from ..resolver.profiles import MODELS
from ..run.cast import DAEMON
from ..scenario.spec import Scenario, SubjectSpec
from .clocks import CLOCKS
from .driver import Driver
from .table import driver_of


class Wanted(NamedTuple):
    """What a name asks for: the driver's name, the clock and the subject, "" where nothing is said."""

    driver: str
    clock: str
    like: str


def wanted(name: str) -> Wanted:
    """Take a name apart: `daemon:named:mkeytimers@bind`."""
    kind, _, like = name.removeprefix(DAEMON).partition("@")
    driver, _, clock = kind.rpartition(":")
    return Wanted(driver, clock, like) if driver else Wanted(kind, "", like)


def is_played(scenario: Scenario, names: Sequence[str]) -> bool:
    """Tell whether a real resolver is among some subjects of a scenario; no names are all of them."""
    return any(spec.model.startswith(DAEMON) for spec in scenario.subjects if not names or spec.name in names)


def clock_of(spec: SubjectSpec, driver: Driver) -> str:
    """Return the name of the clock a real subject lives by. Raises ScenarioError for one it does not take."""
    if not spec.clock:
        return driver.clocks[0]
    if spec.clock not in driver.clocks:
        what = "does not work with the" if spec.clock in CLOCKS else "knows no"
        raise ScenarioError(
            f"{driver.name} {what} clock {spec.clock[:40]!r}",
            place=spec.name,
            remedy=f"its clocks are {', '.join(driver.clocks)}",
        )
    return spec.clock


def with_daemons(scenario: Scenario, names: Sequence[str]) -> Scenario:
    """Return a scenario that has the daemons among some names as subjects, in front of its own.

    A daemon lives as the subject behind `@` does: its anchors, absences, events and expectations. Without
    `@` that is the subject named as its model, else the first one of that model, else a plain one. Knobs of a
    model's policy are not a daemon's. A model among the names that the scenario lacks is a plain subject, so
    that daemons can be held against it. Raises ScenarioError.
    """
    known = {spec.name for spec in scenario.subjects}
    plain = [name for name in dict.fromkeys(names) if name in MODELS and name not in known]
    own = tuple(SubjectSpec(name, name, scenario.anchors_default, scenario.start) for name in plain)
    scenario = replace(scenario, subjects=(*scenario.subjects, *own))
    for name in dict.fromkeys(names):
        if name.startswith(DAEMON):
            scenario = _with_daemon(scenario, name)
    return scenario


def _with_daemon(scenario: Scenario, name: str) -> Scenario:
    kind, clock, like = wanted(name)
    driver = driver_of(kind)
    twin = _twin(scenario, driver.model, like)
    if twin is None:
        spec = SubjectSpec(name, DAEMON + kind, scenario.anchors_default, scenario.start, clock=clock)
        clock_of(spec, driver)
        return replace(scenario, subjects=(spec, *scenario.subjects))
    spec = replace(twin, name=name, model=DAEMON + kind, policy=(), version="", like=twin.name, clock=clock)
    clock_of(spec, driver)
    events = [replace(event, subject=name) for event in scenario.events if event.subject == twin.name]
    stated = [
        replace(expectation, id=f"{name}/{expectation.id}", subject=name)
        for expectation in scenario.expectations
        if expectation.subject == twin.name
    ]
    return replace(
        scenario,
        subjects=(spec, *scenario.subjects),
        events=tuple(sorted((*scenario.events, *events), key=lambda event: event.at)),
        expectations=(*scenario.expectations, *stated),
    )


def _twin(scenario: Scenario, model: str, like: str) -> SubjectSpec | None:
    """Return the subject in whose circumstances a daemon lives."""
    by_name = {spec.name: spec for spec in scenario.subjects}
    if like:
        if like not in by_name:
            raise ScenarioError(
                f"there is no subject {like!r}",
                place=scenario.path,
                remedy=f"its subjects are {', '.join(by_name)}",
            )
        return by_name[like]
    of_model = (spec for spec in scenario.subjects if spec.model == model and not spec.policy)
    return by_name.get(model) or next(of_model, None)
