"""Check subjects, events and expectations against the rest of the scenario, and turn them into values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from ..authority.keyring import KeyRing
from ..authority.timeline import Timeline
from ..clock import Instant, format_instant
from ..errors import KeyFileError, ScenarioError
from .expectations import Expectation
from .model import EventTable, ExpectTable, ScenarioFile, SubjectTable
from .spec import (
    Action,
    Dark,
    EventSpec,
    Off,
    Replay,
    Restart,
    SetAnchors,
    SetClock,
    SetStateWritable,
    SubjectSpec,
    Window,
    XmlListing,
)
from .tables import allowed, key_of

MAX_RESTARTS = 100_000

_QUARTER_ZSK = re.compile(r"zsk-\d{4}q[1-4]", re.ASCII)


@dataclass(frozen=True)
class Checks:
    """What a part of a scenario is checked against; every error names the file and a place in it."""

    file: ScenarioFile
    shown: str
    timeline: Timeline
    key_files: Mapping[str, Path]
    _known: dict[str, None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Collect the names of all keys that have a file."""
        self._known.update(dict.fromkeys(KeyRing(self.key_files).names()))

    @cached_property
    def subjects(self) -> dict[str, SubjectTable]:
        """Return the subjects by name."""
        return {subject.name: subject for subject in self.file.subject}

    def fail(self, place: str, problem: str, remedy: str = "") -> ScenarioError:
        """Return the error for a place of the file."""
        return ScenarioError(problem, place=f"{self.shown}: {place}", remedy=remedy)

    def key(self, name: str, place: str) -> None:
        """Refuse a key nobody has."""
        if name not in self._known and _QUARTER_ZSK.fullmatch(name) is None:
            remedy = f"{allowed(name, (*self._known, 'zsk-YYYYqN'))}, or name its file in [keys]"
            raise self.fail(place, f"there is no key {name}", remedy)

    def keys(self, names: Iterable[str], place: str) -> None:
        """Refuse a key nobody has, or one named twice."""
        seen: list[str] = []
        for number, name in enumerate(names, 1):
            self.key(name, f"{place}[{number}]")
            if name in seen:
                raise self.fail(f"{place}[{number}]", f"{name} is there already", "name every key once")
            seen.append(name)

    def inside(self, at: Instant | None, place: str) -> None:
        """Refuse an instant outside the run."""
        if at is not None and not self.file.start <= at <= self.file.stop:
            span = f"{format_instant(self.file.start)} to {format_instant(self.file.stop)}"
            raise self.fail(place, "lies outside the run", f"the run goes from {span}")

    def own_keys(self, files: Mapping[str, tuple[str, Path]]) -> None:
        """Refuse a key file of the user's that cannot sign, or must not."""
        ring = KeyRing(self.key_files)
        for name, (where, _) in files.items():
            try:
                ring.get(name)
            except KeyFileError as problem:
                detail = f"{problem.place}: {problem.problem}" if problem.place else problem.problem
                raise ScenarioError(detail, place=where, remedy=problem.remedy) from None

    def authority_keys(self, listings: Sequence[XmlListing]) -> None:
        """Refuse a timeline whose keys nobody has, or that calls a ZSK a KSK or the other way round."""
        for step in self.timeline.steps:
            for names, is_zsk in ((step.keys.ksks, False), (step.keys.zsks, True)):
                for name in names:
                    if name.startswith("zsk-") is not is_zsk:
                        kind, prefix = ("ZSK", "begins") if is_zsk else ("KSK", "does not begin")
                        raise self.fail(
                            "authority", f"{name} cannot be a {kind}", f"the name of one {prefix} with zsk-"
                        )
                    self.key(name, "authority")
        for listing in listings:
            self.key(listing.key, "authority.xml")


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
    model = subject.model or subject.name
    _check_model(checks, model, subject, place)
    anchors = subject.anchors or default_anchors
    checks.keys(anchors, f"{place}.anchors")
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
    )


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
        return Restart(event.restart.keep_state)
    if event.clock is not None:
        return SetClock(event.clock.offset)
    if event.state_writable is not None:
        return SetStateWritable(event.state_writable)
    if event.anchors is not None:
        checks.keys(event.anchors.set, f"{here}.set")
        return SetAnchors(event.anchors.set, event.anchors.apply)
    if event.off is not None:
        return Off(_until(checks, event.at, event.off.until, here))
    if event.dark is not None:
        return Dark(_until(checks, event.at, event.dark.until, here))
    assert event.replay is not None
    of = event.replay.of
    if not checks.timeline.start <= of <= event.at:
        raise checks.fail(
            f"{here}.of",
            "is not an earlier instant of the timeline",
            f"an attacker has seen what was served from {format_instant(checks.timeline.start)} on",
        )
    return Replay(of, _until(checks, event.at, event.replay.until, here))


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
        checks.key(key, f"{place}.key")
