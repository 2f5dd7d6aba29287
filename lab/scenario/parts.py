"""Check subjects, events and expectations against the rest of the scenario, and turn them into values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from ..authority.faults import FAULTS, key_of_fault, read_fault
from ..authority.timeline import Timeline
from ..causes import CAUSES
from ..clock import Instant, format_instant
from ..errors import ScenarioError
from ..nameserver.impairments import read_impairment
from ..nameserver.switchboard import Switch
from .expectations import Expectation
from .fields import shown
from .keys import KnownKeys
from .model import EventTable, ExpectTable, FaultTable, ImpairTable, ScenarioFile, SubjectTable
from .spec import (
    DAEMON,
    Action,
    Dark,
    Disturb,
    EventSpec,
    Off,
    Replay,
    Restart,
    SetAnchors,
    SetClock,
    SetStateWritable,
    SubjectSpec,
    Window,
)
from .tables import allowed, key_of

MAX_RESTARTS = 100_000

_ROW = re.compile(
    r"\s*\S+\s+\S+\s+\S+(?:\s+(?:(?:after|before)\s+(?:add|rem|keep)|twice|if-valid))*\s*", re.ASCII
)
"""One row of a policy's table, as lab/resolver/rfc5011.py writes them."""


@dataclass(frozen=True)
class Checks:
    """What the parts of a scenario are checked against; every error names the file and a place in it."""

    file: ScenarioFile
    shown: str
    timeline: Timeline
    keys: KnownKeys

    @cached_property
    def subjects(self) -> dict[str, SubjectTable]:
        """Return the subjects by name."""
        return {subject.name: subject for subject in self.file.subject}

    def place(self, place: str) -> str:
        """Return a place with the file in front."""
        return f"{self.shown}: {place}"

    def fail(self, place: str, problem: str, remedy: str = "") -> ScenarioError:
        """Return the error for a place of the file."""
        return ScenarioError(problem, place=self.place(place), remedy=remedy)

    def inside(self, at: Instant | None, place: str) -> None:
        """Refuse an instant outside the run."""
        if at is not None and not self.file.start <= at <= self.file.stop:
            span = f"{format_instant(self.file.start)} to {format_instant(self.file.stop)}"
            raise self.fail(place, "lies outside the run", f"the run goes from {span}")


def subject_specs(checks: Checks, default_anchors: tuple[str, ...]) -> tuple[SubjectSpec, ...]:
    """Return the subjects in the order of the file."""
    specs = []
    seen: dict[str, int] = {}
    for number, subject in enumerate(checks.file.subject, 1):
        place = f"subject[{number}] ({subject.name})"
        if subject.name in seen:
            first = seen[subject.name]
            raise checks.fail(f"{place}.name", f"subject[{first}] has this name", "name every subject once")
        seen[subject.name] = number
        specs.append(_subject_spec(checks, subject, place, default_anchors))
    return tuple(specs)


def _subject_spec(
    checks: Checks, subject: SubjectTable, place: str, default_anchors: tuple[str, ...]
) -> SubjectSpec:
    """Check one subject."""
    model = _daemon(checks, subject, place) or subject.model or subject.name
    if not model.startswith(DAEMON):
        _check_model(checks, model, subject, place)
    anchors = subject.anchors or default_anchors
    checks.keys.check_all(anchors, checks.place(f"{place}.anchors"))
    start, stop = checks.file.start, checks.file.stop
    first_start = subject.first_start if subject.first_start is not None else start
    checks.inside(first_start, f"{place}.first-start")
    if subject.restart_every is not None and (stop - first_start) // subject.restart_every > MAX_RESTARTS:
        raise checks.fail(
            f"{place}.restart-every", f"is more than {MAX_RESTARTS} restarts", "restart less often"
        )
    return SubjectSpec(
        name=subject.name,
        model=model,
        anchors=anchors,
        first_start=first_start,
        version=subject.version or "",
        anchor_format=subject.anchor_format,
        policy=tuple(subject.policy.items()),
        clock_offset=subject.clock_offset,
        restart_every=subject.restart_every,
        keep_state=subject.keep_state,
        off=_off_windows(checks, subject, place, first_start),
        state_writable=subject.state_writable,
        udp_size=subject.udp_size,
        tcp=subject.tcp,
        drop_above=subject.drop_above,
        clock=subject.clock or "",
    )


def _daemon(checks: Checks, subject: SubjectTable, place: str) -> str:
    """Return the model of a real resolver, "" if the subject is none; files lie beside the scenario's.

    Whether there is such a driver, and such a clock for it, is said by who plays it.
    """
    if subject.model is None or not subject.model.startswith(DAEMON):
        if subject.clock is not None:
            raise checks.fail(f"{place}.clock", "a model lives by no clock", 'say model = "daemon:..."')
        return ""
    if subject.policy:
        raise checks.fail(f"{place}.policy", "a real resolver has no knobs", "leave it out")
    name = subject.model.removeprefix(DAEMON)
    if not name.endswith(".toml"):
        return subject.model
    return f"{DAEMON}{Path(checks.shown).parent / name}"


def _check_model(checks: Checks, model: str, subject: SubjectTable, place: str) -> None:
    """Refuse a model or a knob that does not exist, or a value a knob does not take."""
    from ..resolver.policy import KNOBS, PolicyError
    from ..resolver.profiles import MODELS

    if model not in MODELS:
        key = "model" if subject.model is not None else "name"
        hint = "" if subject.model is not None else "say model = ... if the name is your own; "
        remedy = f"{hint}{allowed(model, tuple(MODELS))}"
        raise checks.fail(f"{place}.{key}", f"there is no model {model}", remedy)
    policy = MODELS[model].policy
    for line in str(subject.policy.get("rows", "")).splitlines():
        if line.strip() and _ROW.fullmatch(line) is None:
            remedy = "write STATE event TARGET [after|before add|rem|keep] [twice] [if-valid]"
            raise checks.fail(f"{place}.policy.rows", f"{line.strip()[:80]!r} is not a row", remedy)
    for knob, value in subject.policy.items():
        if knob != "rows" and knob not in KNOBS:
            raise checks.fail(f"{place}.policy.{knob[:64]}", "unknown knob", allowed(knob, (*KNOBS, "rows")))
        try:
            policy = policy.override({knob: value})
        except PolicyError as problem:
            raise checks.fail(f"{place}.policy", str(problem), "see `rootlab list models`") from None


def _off_windows(
    checks: Checks, subject: SubjectTable, place: str, first_start: Instant
) -> tuple[Window, ...]:
    """Return the times a subject is off, ascending."""
    found = []
    for number, span in enumerate(subject.off, 1):
        here = f"{place}.off[{number}]"
        end = span.to if span.to is not None else checks.file.stop
        checks.inside(span.from_, f"{here}.from")
        checks.inside(span.to, f"{here}.to")
        if span.from_ < first_start:
            raise checks.fail(f"{here}.from", "lies before first-start", "it is off until then anyway")
        if end <= span.from_:
            raise checks.fail(f"{here}.to", "is not after from", "let it be off for some time")
        found.append((Window(span.from_, end), here))
    found.sort()
    for (before, _), (after, here) in pairwise(found):
        if after.begin <= before.end:
            raise checks.fail(
                here, "begins before another one is over", "join the two, or leave a second between"
            )
    return tuple(window for window, _ in found)


def event_specs(checks: Checks) -> tuple[EventSpec, ...]:
    """Return the events by time, at one instant in the order of the file."""
    specs = []
    for number, event in enumerate(checks.file.event, 1):
        place = f"event[{number}]" + (f" ({event.subject})" if event.subject is not None else "")
        checks.inside(event.at, f"{place}.at")
        if event.subject is not None:
            _check_subject(checks, event.subject, place)
            first_start = checks.subjects[event.subject].first_start
            if first_start is not None and event.at < first_start:
                raise checks.fail(
                    f"{place}.at",
                    f"{event.subject} starts at {format_instant(first_start)} only",
                    "let it happen later",
                )
        specs.append(EventSpec(event.at, event.subject, _action(checks, event, place)))
    return tuple(sorted(specs, key=lambda spec: spec.at))


def _check_subject(checks: Checks, name: str, place: str) -> None:
    """Refuse a subject that does not exist."""
    if name not in checks.subjects:
        remedy = allowed(name, tuple(checks.subjects))
        raise checks.fail(f"{place}.subject", f"there is no subject {name}", remedy)


def _action(checks: Checks, event: EventTable, place: str) -> Action:
    """Return what happens."""
    here = f"{place}.{event.choice}"
    if event.restart is not None:
        return Restart(event.restart.keep_state, event.restart.kill)
    if event.clock is not None:
        return SetClock(event.clock.offset)
    if event.state_writable is not None:
        return SetStateWritable(event.state_writable)
    if event.anchors is not None:
        checks.keys.check_all(event.anchors.set, checks.place(f"{here}.set"))
        return SetAnchors(event.anchors.set, event.anchors.apply)
    if event.off is not None:
        return Off(_until(checks, event.at, event.off.until, here))
    if event.dark is not None:
        return Dark(_until(checks, event.at, event.dark.until, here))
    if event.fault is not None:
        return _disturb(checks, event.at, event.fault, here)
    if event.impair is not None:
        return _disturb(checks, event.at, event.impair, here)
    assert event.replay is not None
    of = event.replay.of
    if not checks.timeline.start <= of <= event.at:
        raise checks.fail(
            f"{here}.of",
            "is not an earlier instant of the timeline",
            f"an attacker has seen what was served from {format_instant(checks.timeline.start)} on",
        )
    return Replay(of, _until(checks, event.at, event.replay.until, here))


def _disturb(checks: Checks, at: Instant, table: FaultTable | ImpairTable, here: str) -> Action:
    """Return a fault or an impairment; a root that is dark, for all letters, is what `dark` says."""
    switch = Switch(table.name, table.value, "".join(sorted(dict.fromkeys(table.letters))))
    until = _until(checks, at, table.until, here)
    try:
        if switch.name in FAULTS:
            key = key_of_fault(read_fault(switch.name, switch.argument))
            if key:
                checks.keys.check(key, checks.place(f"{here}.value"))
        else:
            impairment = read_impairment(switch.name, switch.argument, float(at))
            ends = impairment.until
            until = until if ends is None else min(until, int(ends))
    except ValueError as problem:
        listed = f"see `rootlab list {'faults' if switch.name in FAULTS else 'impairments'}`"
        raise checks.fail(f"{here}.value", str(problem), listed) from None
    if switch.name == "dark" and not switch.letters:
        return Dark(until)
    return Disturb(*switch, until)


def _until(checks: Checks, at: Instant, until: Instant | None, here: str) -> Instant:
    """Return the end of something that lasts."""
    checks.inside(until, f"{here}.until")
    end = until if until is not None else checks.file.stop
    if end <= at:
        raise checks.fail(f"{here}.until", "is not after at", "let it last for some time")
    return end


def expectations(checks: Checks) -> tuple[Expectation, ...]:
    """Return what is stated to be expected, in the order of the file."""
    found = []
    seen: dict[str, int] = {}
    for number, table in enumerate(checks.file.expect, 1):
        place = f"expect[{number}] ({table.id})"
        if table.id in seen:
            raise checks.fail(f"{place}.id", f"expect[{seen[table.id]}] has this id", "use every id once")
        seen[table.id] = number
        _check_subject(checks, table.subject, place)
        _check_params(checks, table, f"{place}.{table.choice}")
        found.append(Expectation(table.id, table.subject, table.choice, table.params))
    return tuple(found)


def _check_params(checks: Checks, table: ExpectTable, place: str) -> None:
    """Refuse an expectation of an unknown key, or of an instant nobody will see."""
    params = table.params
    for attribute in ("at", "from_", "to", "by"):
        checks.inside(getattr(params, attribute, None), f"{place}.{key_of(attribute)}")
    key = getattr(params, "key", None)
    if key is not None:
        checks.keys.check(key, checks.place(f"{place}.key"))
    cause = getattr(params, "cause", None)
    if cause is not None and cause not in CAUSES:
        known = allowed(cause, tuple(CAUSES))
        raise checks.fail(f"{place}.cause", f"there is no cause {shown(cause)}", known)
