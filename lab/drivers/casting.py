"""Put real resolvers into a scenario: `daemon:NAME`, or `daemon:NAME@SUBJECT` to live as a subject does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import ScenarioError
from ..run.cast import DAEMON
from ..scenario.spec import Scenario, SubjectSpec
from .table import driver_of


def with_daemons(scenario: Scenario, names: Sequence[str]) -> Scenario:
    """Return a scenario that has the daemons among some names as subjects, in front of its own.

    A daemon lives as the subject behind `@` does: its anchors, absences, events and expectations. Without
    `@` that is the subject named as its model, else the first one of that model, else a plain one. Knobs of a
    model's policy are not a daemon's. Raises ScenarioError.
    """
    wanted = [name for name in dict.fromkeys(names) if name.startswith(DAEMON)]
    for name in wanted:
        scenario = _with_daemon(scenario, name)
    return scenario


def _with_daemon(scenario: Scenario, name: str) -> Scenario:
    kind, _, like = name.removeprefix(DAEMON).partition("@")
    driver = driver_of(kind)
    twin = _twin(scenario, driver.model, like)
    if twin is None:
        spec = SubjectSpec(name, DAEMON + kind, scenario.anchors_default, scenario.start)
        return replace(scenario, subjects=(spec, *scenario.subjects))
    spec = replace(twin, name=name, model=DAEMON + kind, policy=(), version="", like=twin.name)
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
