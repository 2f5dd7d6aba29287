"""Break a scenario in simple ways, and see which of its expectations notice.

An expectation that holds whatever the subject is and whenever the roll comes says nothing. Each mutation
makes one simple change to every subject, or to the timeline; an expectation that none breaks is vacuous.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from lab.clock import format_instant, from_datetime, to_datetime
from lab.errors import TimelineError
from lab.run.engine import play
from lab.run.judge import judge
from lab.scenario.load import load_text
from lab.scenario.spec import Scenario, SubjectSpec

QUARTER = timedelta(days=91)
MODELS = ("static", "rfc5011-strict", "unbound", "bind", "knot")
_STOP = re.compile(r"^stop = (\S+)$", re.MULTILINE)
_OPERATOR = re.compile(r"^\[\[authority\.operator\]\]\n(?:.+\n)+", re.MULTILINE)

Mutation = Callable[[Scenario], Scenario | None]
"""A scenario with something wrong in it; None where it cannot be done."""


def as_model(model: str, *, own_anchors: bool) -> Mutation:
    """Return the mutation that makes every subject another model, with its anchors or with the usual one."""

    def mutated(scenario: Scenario) -> Scenario:
        return _each(scenario, lambda spec: replace(_anchored(spec, scenario, own_anchors), model=model))

    return mutated


def _anchored(spec: SubjectSpec, scenario: Scenario, own: bool) -> SubjectSpec:
    return spec if own else replace(spec, anchors=scenario.anchors_default)


def _each(scenario: Scenario, change: Callable[[SubjectSpec], SubjectSpec]) -> Scenario:
    return replace(scenario, subjects=tuple(change(spec) for spec in scenario.subjects))


def uneventful(scenario: Scenario) -> Scenario:
    """Let nothing happen to anybody: no absence, restart, event, wrong clock, full disk or lost packet."""
    plain = _each(
        scenario,
        lambda spec: SubjectSpec(
            spec.name, spec.model, spec.anchors, spec.first_start, policy=spec.policy,
            anchor_format=spec.anchor_format,
        ),
    )  # fmt: skip
    return replace(plain, events=())


def up_from_the_start(scenario: Scenario) -> Scenario:
    """Let everybody be there from the beginning, with the behaviour of its model as shipped."""
    plain = uneventful(scenario)
    return _each(plain, lambda spec: replace(spec, first_start=scenario.start, policy=()))


def somebody_else(steps: int) -> Mutation:
    """Return the mutation that puts everybody into another's shoes: its model, its anchors, its troubles."""

    def mutated(scenario: Scenario) -> Scenario:
        by = steps % max(1, len(scenario.subjects))
        others = scenario.subjects[by:] + scenario.subjects[:by]
        pairs = zip(scenario.subjects, others, strict=True)
        return replace(scenario, subjects=tuple(replace(other, name=spec.name) for spec, other in pairs))

    return mutated


def without_operators(scenario: Scenario) -> Scenario | None:
    """Leave out what the file itself does to the timeline."""
    path = Path(scenario.path)
    text, operators = _OPERATOR.subn("", path.read_text(encoding="utf-8"))
    return load_text(text, path) if operators else None


def a_quarter_later(scenario: Scenario) -> Scenario | None:
    """Postpone the first roll by a quarter, as the file's own authority would, and the end of the run too."""
    path = Path(scenario.path)
    text = path.read_text(encoding="utf-8")
    later = format_instant(from_datetime(to_datetime(scenario.stop) + QUARTER))
    text, stops = _STOP.subn(f"stop = {later}", text)
    assert stops == 1, f"{path}: not one line `stop = ...`"
    try:
        return load_text(f'{text}\n[[authority.operator]]\ndelay = {{ by = "P{QUARTER.days}D" }}\n', path)
    except TimelineError:
        return None


MUTATIONS: dict[str, Mutation] = {
    "a static anchor": as_model("static", own_anchors=False),
    "a quarter later": a_quarter_later,
    "without operators": without_operators,
    "uneventful": uneventful,
    **{f"the one {steps} further on": somebody_else(steps) for steps in (1, 2, 3)},
    "up from the start": up_from_the_start,
    **{model: as_model(model, own_anchors=True) for model in MODELS},
    **{f"{model}, usual anchor": as_model(model, own_anchors=False) for model in MODELS[1:]},
}
"""Every mutation by its name, those that catch most first."""


def vacuous(scenario: Scenario) -> tuple[str, ...]:
    """Return the ids of the expectations that hold under every mutation.

    After each mutation only the subjects that still have such an expectation are played again.
    """
    left = {expectation.id: expectation.subject for expectation in scenario.expectations}
    for mutation in MUTATIONS.values():
        mutant = mutation(scenario) if left else None
        if mutant is None:
            continue
        verdict = judge(play(mutant, subjects=tuple(dict.fromkeys(left.values()))))
        for subject in verdict.subjects:
            for finding in subject.findings:
                if finding.verdict == "failed":
                    left.pop(finding.expectation, None)
    return tuple(left)
