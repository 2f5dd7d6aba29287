"""Play subjects through a scenario: jump from event to event, and write down what is seen.

The world changes at a few instants: the authority serves another key set, or a scenario step happens.
Between two of them every subject lives alone, from timer to timer; what they saw is then put in order. Ties
go: timeline change, scenario step, timers, and among subjects their order in the file.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import __version__
from ..authority.ceremony_authority import SkrAuthority, read_skrs
from ..authority.keyring import KeyRing
from ..authority.signer import ZoneSigner
from ..authority.timeline import Timeline
from ..clock import Instant, format_instant
from ..errors import ScenarioError, one_line
from ..nameserver.responder import Responder
from ..observation import Gap, Observation, ZoneChange
from ..scenario.spec import Action, Dark, Disturb, Off, Replay, Restart, Scenario, SubjectSpec, Window
from . import invariants
from .cast import DaemonMaker, ceremony_cast, scenario_cast
from .record import FORMAT, Record
from .subject import Subject

Progress = Callable[[float, str], None]
"""(fraction done, what is being done); called often, must be cheap."""

Step = tuple[Instant, int, int, Callable[[], None]]
"""(when, order among steps of that instant, number of the subject, what to do)."""


def play(
    scenario: Scenario,
    *,
    seed: int | None = None,
    subjects: Sequence[str] | None = None,
    progress: Progress | None = None,
    memo: bool = True,
    daemons: DaemonMaker | None = None,
) -> Record:
    """Play a scenario and return its record. Raises ScenarioError for a subject it does not have.

    The record depends on scenario, seed and the choice of subjects alone, as far as they are models. With
    `memo` off every signature is verified each time: the slow twin. `daemons` makes the real resolvers.
    """
    used = scenario.seed if seed is None else seed
    chosen = _choose(scenario, subjects)
    specs = tuple(spec for spec in scenario.subjects if spec.name in chosen)
    scenario = replace(scenario, subjects=specs)
    authority = ZoneSigner(scenario.timeline, KeyRing(scenario.key_files), watermark=scenario.name)
    responder = Responder(authority)
    players = scenario_cast(scenario, authority, responder, used, memo=memo, daemons=daemons)
    kept = tuple(zip(specs, players, strict=True))
    header = header_of(scenario.name, scenario.title, used, scenario.start, scenario.stop, scenario.digest)
    header["expectations"] = [e.to_json() for e in scenario.expectations if e.subject in chosen]
    header["subjects"] = [
        {"name": spec.name, "kind": one.kind, "model": spec.model, "version": one_line(one.version)}
        for spec, one in kept
    ]
    header["assumed_hours"] = _assumed_hours(scenario)
    run = _Run(scenario.timeline, players, scenario.start, scenario.stop, progress, _xml_edges(scenario))
    for number, (spec, one) in enumerate(kept):
        run.add_life(number, one, life_of(scenario, spec))
    return run.play(header)


def _assumed_hours(scenario: Scenario) -> list[str]:
    """Return when, during the run, a KSK changes its role at an hour that is assumed."""
    events = {event.at: None for event in scenario.timeline.ksk_events()}
    steps = [step for step in scenario.timeline.steps if step.assumed and step.at in events]
    return [format_instant(step.at) for step in steps if scenario.start <= step.at < scenario.stop]


def _choose(scenario: Scenario, subjects: Sequence[str] | None) -> tuple[str, ...]:
    known = tuple(spec.name for spec in scenario.subjects)
    if not subjects:
        return known
    for name in subjects:
        if name not in known:
            raise ScenarioError(
                f"there is no subject {name!r}",
                place=scenario.path,
                remedy=f"its subjects are {', '.join(known)}",
            )
    return tuple(name for name in known if name in subjects)


def _xml_edges(scenario: Scenario) -> tuple[Instant, ...]:
    """Return the instants at which root-anchors.xml begins to list other keys, ascending."""
    ends = [listing.until + 1 for listing in scenario.xml if listing.until is not None]
    return tuple(sorted([listing.from_ for listing in scenario.xml] + ends))


def life_of(scenario: Scenario, spec: SubjectSpec) -> list[tuple[Instant, Action | None]]:
    """Return what happens to a subject and when: first start (None), restarts, absences, events.

    While a subject is off nothing starts it, be it for the first time: that waits for the end. Absences that
    touch are one, and one that is over before the first start is none.
    """
    own = [(event.at, event.action) for event in scenario.events if event.subject in (None, spec.name)]
    off = [*spec.off, *(Window(at, action.until) for at, action in own if isinstance(action, Off))]
    absences = _joined(off)
    late = [window.end for window in absences if window.begin < spec.first_start < window.end]
    first = late[0] if late else spec.first_start
    if spec.restart_every:
        times = range(spec.first_start + spec.restart_every, scenario.stop, spec.restart_every)
        own = [(at, Restart(spec.keep_state)) for at in times] + own
    life: list[tuple[Instant, Action | None]] = [(first, None)]
    life += [(window.begin, Off(window.end)) for window in absences if window.begin >= first]
    for at, action in own:
        away = at < first or any(window.begin <= at < window.end for window in absences)
        if not isinstance(action, Off) and not (away and isinstance(action, Restart)):
            life.append((at, action))
    return sorted((entry for entry in life if entry[0] < scenario.stop), key=lambda entry: entry[0])


def _joined(windows: Iterable[Window]) -> list[Window]:
    """Return windows in order, those that overlap or touch as one."""
    joined: list[Window] = []
    for window in sorted(windows):
        if joined and window.begin <= joined[-1].end:
            joined[-1] = Window(joined[-1].begin, max(joined[-1].end, window.end))
        else:
            joined.append(window)
    return joined


def header_of(name: str, title: str, seed: int, start: Instant, stop: Instant, digest: str) -> dict[str, Any]:
    """Return the header of a record, subjects and expectations still empty; `digest` is of the input.

    Texts of the scenario are folded into printable lines, as a record is refused that holds anything else.
    """
    return {
        "format": FORMAT, "version": __version__, "scenario": one_line(name), "title": one_line(title),
        "seed": seed, "start": format_instant(start), "stop": format_instant(stop), "digest": digest,
        "has_child": True, "subjects": [], "expectations": [], "assumed_hours": [],
    }  # fmt: skip


def play_ceremony(
    files: Sequence[Path], subjects: Sequence[str] = (), *, seed: int = 0, progress: Progress | None = None
) -> Record:
    """Play models through real ceremony files and return the record. Raises CeremonyError or ScenarioError.

    Nothing is invented before, between or after bundles: the run begins at the first inception and ends at
    the last expiration, and in a gap the subjects stand still, as if switched off.
    """
    ceremony, wanted = read_skrs(files), tuple(dict.fromkeys(subjects))
    authority = SkrAuthority(ceremony)
    cast: list[Subject] = list(ceremony_cast(authority, Responder(authority, skr=True), wanted, seed))
    bundles = sum(len(file.bundles) for file in ceremony)
    first, last = format_instant(authority.start)[:10], format_instant(authority.end)[:10]
    title = f"{bundles} bundles of {len(ceremony)} signed key responses, {first} to {last}"
    digest = sha256(b"".join(bytes.fromhex(file.digest) for file in ceremony)).hexdigest()
    start, stop = authority.start, authority.end
    header = header_of("skr", title, seed, start, stop, digest)
    header["has_child"] = False
    names = wanted or tuple(one.name for one in cast)
    header["subjects"] = [
        {"name": one.name, "kind": one.kind, "model": name, "version": one.version}
        for name, one in zip(names, cast, strict=True)
    ]
    run = _Run(authority.timeline, cast, start, stop, progress)
    for number, one in enumerate(cast):
        gaps: list[tuple[Instant, Action | None]] = [(begin, Off(end)) for begin, end in authority.gaps()]
        run.add_life(number, one, [(start, None), *gaps])
    run.seen += [Gap(begin, "", end) for begin, end in authority.gaps()]
    return run.play(header)


class _Run:
    """One run in progress."""

    def __init__(
        self,
        timeline: Timeline,
        subjects: Sequence[Subject],
        start: Instant,
        stop: Instant,
        progress: Progress | None,
        edges: Sequence[Instant] = (),
    ) -> None:
        """Take the parts; at `edges` something else than the zone changes outside the subjects."""
        self.timeline, self.subjects, self.edges = timeline, subjects, edges
        self.start, self.stop, self.progress = start, stop, progress
        self.seen: list[Observation] = []
        self._steps: list[Step] = []
        self._own: list[list[Instant]] = [[] for _ in subjects]
        self._order = 0

    def add_life(self, number: int, subject: Subject, life: Iterable[tuple[Instant, Action | None]]) -> None:
        """Schedule what happens to a subject, and the end of what lasts."""
        for at, action in life:
            what = partial(subject.start, at) if action is None else partial(subject.act, action, at)
            self._add(at, number, what)
            if isinstance(action, (Off, Dark, Replay, Disturb)) and action.until < self.stop:
                off = isinstance(action, Off)
                over = partial(subject.resume, action.until) if off else subject.world_changed
                self._add(action.until, number, over)

    def _add(self, at: Instant, number: int, what: Callable[[], None]) -> None:
        heapq.heappush(self._steps, (max(at, self.start), self._order, number, what))
        heapq.heappush(self._own[number], max(at, self.start))
        self._order += 1

    def play(self, header: dict[str, Any]) -> Record:
        """Play to the end and return the record."""
        self._zone_change(self.start)
        now, changed = self.start, True
        while now < self.stop:
            self._run_steps(now)
            change = self.timeline.next_change(now)
            edge = next((at for at in self.edges if at > now), self.stop)
            world = min(self.stop, edge, self.stop if change is None else change)
            end = min(world, self._steps[0][0] if self._steps else self.stop)
            self._live(now, end, world, changed)
            if self.progress is not None:
                self.progress((end - self.start) / (self.stop - self.start), format_instant(end)[:10])
            now, changed = end, False
            if now == change and now < self.stop:
                self._zone_change(now)
                changed = True
        for subject in self.subjects:
            subject.finish(self.stop)
            self.seen += subject.take()
        record = Record(header, tuple(sorted(self.seen, key=lambda seen: seen.at)))
        invariants.check(record)
        return record

    def _run_steps(self, now: Instant) -> None:
        """Do the scenario steps that are due; they do not change the world of the others."""
        while self._steps and self._steps[0][0] <= now:
            _, _, number, what = heapq.heappop(self._steps)
            heapq.heappop(self._own[number])
            what()
            self.seen += self.subjects[number].take()

    def _live(self, begin: Instant, end: Instant, world: Instant, changed: bool) -> None:
        """Let every subject live through one interval, and put in order what they saw."""
        seen: list[Observation] = []
        order = sorted(enumerate(self.subjects), key=lambda one: one[1].kind)  # daemons first: see Witnessed
        for number, subject in order:
            if changed:
                subject.world_changed()
            own = self._own[number]
            settled = min(world, own[0] if own else self.stop)
            subject.advance(begin, end, max(settled, begin + 1))
            seen += subject.take()
        self.seen += sorted(seen, key=lambda one: one.at)

    def _zone_change(self, now: Instant) -> None:
        keys = self.timeline.key_set(now)
        self.seen.append(ZoneChange(now, "", keys.ksks, keys.zsks, keys.revoked, keys.dnskey_signers))
