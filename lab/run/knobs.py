"""What can be turned on one subject of a scenario and on its root: one table, a line a knob.

A knob takes whole seconds: an instant or a duration. Beside those of the table every duration of a resolver's
policy is a knob, by its name in scenario files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ..authority.operators import delay
from ..clock import (
    DAY,
    HOUR,
    Instant,
    Seconds,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)
from ..errors import ScenarioError, TimelineError
from ..resolver.policy import KNOBS as POLICY_KNOBS
from ..resolver.profiles import MODELS
from ..scenario.spec import Scenario, SubjectSpec, Window

Kind = Literal["instant", "duration"]
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Knob:
    """One knob: what it takes, in words what it is, and between which values it is usually looked at."""

    name: str
    kind: Kind
    title: str
    usual: Callable[[Scenario], Range] | None = None

    def read(self, text: str) -> int:
        """Read a value. Raises ScenarioError."""
        try:
            value = parse_instant(text) if self.kind == "instant" else parse_duration(text)
        except ValueError as problem:
            raise ScenarioError(str(problem), place=self.name) from None
        if value < 0:
            raise ScenarioError(f"{text} is negative", place=self.name, remedy="give a positive duration")
        return value

    def show(self, value: int) -> str:
        """Write a value as a scenario file does."""
        return format_instant(value) if self.kind == "instant" else format_duration(value)


def roll_of(scenario: Scenario) -> Instant:
    """Return when a new KSK first signs during the run. Raises ScenarioError if none does."""
    inside = (event for event in scenario.timeline.ksk_events() if scenario.start <= event.at < scenario.stop)
    found = next((event.at for event in inside if event.kind == "sign"), None)
    if found is None:
        raise ScenarioError(
            "no new key begins to sign in it", place=scenario.path, remedy="take one that rolls"
        )
    return found


def _until_roll(scenario: Scenario) -> Range:
    return scenario.start, min(roll_of(scenario) + 3 * DAY, scenario.stop - 1)


def _between(low: Seconds, high: Seconds) -> Callable[[Scenario], Range]:
    return lambda _scenario: (low, high)


KNOBS: dict[str, Knob] = {
    knob.name: knob
    for knob in (
        Knob("install", "instant", "first start of the resolver", _until_roll),
        Knob("hold-down", "duration", "its add hold-down (RFC 5011 section 2.4.1)", _between(0, 60 * DAY)),
        Knob("ttl-cap", "duration", "for how long it caches at most", _between(HOUR, 4 * DAY)),
        Knob("outage", "instant", "when it is switched off, for outage-length", _until_roll),
        Knob("outage-length", "duration", "for how long it is off", _between(DAY, 90 * DAY)),
        Knob("restart-every", "duration", "how often it restarts, with the state the scenario leaves it",
             _between(DAY, 60 * DAY)),
        Knob("dnskey-ttl", "duration", "TTL of the root's DNSKEY RRset", _between(HOUR, 10 * DAY)),
        Knob("roll-delay", "duration", "by how much the roll is postponed", _between(0, 120 * DAY)),
    )
}  # fmt: skip
"""Every knob that is none of a policy's own; a new one is a line here and one in `turn`."""

_POLICY_NAMES = {"hold-down": "add-hold-down", "ttl-cap": "ttl-cap"}


def knob_of(name: str) -> Knob:
    """Return a knob by name. Raises ScenarioError with all names."""
    if name in KNOBS:
        return KNOBS[name]
    durations = [knob for knob, (_, _, meta) in POLICY_KNOBS.items() if meta["kind"] == "duration"]
    if name in durations:
        return Knob(name, "duration", str(POLICY_KNOBS[name][2]["doc"]))
    known = dict.fromkeys([*KNOBS, *durations])
    raise ScenarioError(f"there is no knob {name[:64]!r}", remedy=f"the knobs are {', '.join(known)}")


def subject_of(scenario: Scenario, name: str) -> SubjectSpec:
    """Return a subject of a scenario, or a plain one of a model of that name. Raises ScenarioError."""
    known = {spec.name: spec for spec in scenario.subjects}
    if name in known and known[name].model in MODELS:
        return known[name]
    if name in MODELS:
        return SubjectSpec(name, name, scenario.anchors_default, scenario.start)
    raise ScenarioError(
        f"there is no subject {name[:64]!r} that is a model",
        place=scenario.path,
        remedy="name one of the scenario, or a model (`rootlab list models`)",
    )


def turn(scenario: Scenario, spec: SubjectSpec, values: Mapping[str, int]) -> Scenario | None:
    """Return the scenario with one subject, knobs turned; None where there can be no such thing.

    Impossible is what a scenario file could not say: an outage before the installation, a roll beyond the
    end of the timeline. Raises ScenarioError if an outage lacks its beginning or its length.
    """
    policy = dict(spec.policy)
    timeline = scenario.timeline
    for name, value in values.items():
        knob = _POLICY_NAMES.get(name, name)
        if knob in POLICY_KNOBS:
            policy[knob] = format_duration(value)
    begin = values.get("install", spec.first_start)
    off = spec.off
    if "outage" in values or "outage-length" in values:
        if not {"outage", "outage-length"} <= values.keys():
            raise ScenarioError(
                "an outage needs a beginning and a length", remedy="turn both: outage and outage-length"
            )
        off = (Window(values["outage"], values["outage"] + values["outage-length"]),)
        if values["outage"] < begin or not values["outage-length"]:
            return None
    if not scenario.start <= begin < scenario.stop or values.get("restart-every", 1) < 1:
        return None
    try:
        if values.get("roll-delay"):
            timeline = delay(timeline, by=values["roll-delay"])
    except TimelineError:
        return None
    turned = replace(
        spec, first_start=begin, off=off, policy=tuple(policy.items()),
        restart_every=values.get("restart-every", spec.restart_every),
    )  # fmt: skip
    timeline = replace(timeline, dnskey_ttl=values.get("dnskey-ttl", timeline.dnskey_ttl))
    return replace(scenario, timeline=timeline, subjects=(turned,), expectations=())
