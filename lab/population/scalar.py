"""Play single resolvers of a fleet, by number, in the scalar engine: models, wire, signatures and all.

This is what the jumps are held equal to, and how `rootlab fleet replay` shows why a resolver failed. Who a
resolver is and what happens to it is drawn as the engines draw it; what becomes of it is `run.engine`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..clock import Instant
from ..dnssec.names import ROOT
from ..resolver.model import Anchors, ResolverModel, Setup
from ..resolver.rfc5011 import State
from ..run.cast import DAEMON
from ..run.cast import World as Cast
from ..run.engine import play
from ..run.judge import judge
from ..run.record import Record
from ..run.subject import ModelSubject, Subject
from ..run.verdict import SubjectResult
from ..scenario.spec import Action, EventSpec, Restart, Scenario, SetAnchors, SubjectSpec, Window
from . import kernel
from .arrays import OFF, OUTCOME, OUTCOMES, SECURE, Ints
from .draws import Drift, seed_key
from .strata import Compiled, Stratum


@dataclass(frozen=True, slots=True)
class Member:
    """One resolver of a fleet: its number, stratum, first start, and absences up to the stop."""

    number: int
    stratum: Stratum
    born: Instant
    absences: tuple[Window, ...]
    key: int
    mended_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a resolver; instants are absolute, None is never. `states` go by key of the world."""

    states: tuple[State, ...]
    outcome: str
    failed_at: Instant | None
    recovered_at: Instant | None
    valid_at: tuple[Instant | None, ...]


def member(compiled: Compiled, seed: int, number: int) -> Member:
    """Draw one resolver. It may start after the stop; then nothing becomes of it."""
    a, s, start = compiled.arrays, compiled.tables, compiled.world.start
    reg = np.zeros(kernel.REGISTERS, np.int64)
    key = kernel.key_of(seed_key(seed), number)
    kernel.begin(key, a, s, reg, np.zeros(a.keys, np.int64), np.zeros(a.keys, np.int64))
    stratum, born = compiled.strata[int(reg[kernel.STRATUM])], int(reg[kernel.BORN])
    absences = []
    while reg[kernel.BEGIN] < a.stop:
        absences.append(Window(start + int(reg[kernel.BEGIN]), start + int(reg[kernel.END])))
        kernel.seek_absence(key, s, reg, int(reg[kernel.BLOCK]) + 1)
    return Member(number, stratum, start + born, tuple(absences), key)


def mended(compiled: Compiled, one: Member, result: SubjectResult) -> Member:
    """Return a resolver with the instant at which its operator mends what failed, if ever.

    Who only configures anchors does nothing for a resolver that is down.
    """
    failed_at, repair = result.first_failure, one.stratum.machine.repair
    if failed_at is None or repair == "none":
        return one
    a, s, start = compiled.arrays, compiled.tables, compiled.world.start
    reg = np.zeros(kernel.REGISTERS, np.int64)
    kernel.begin(one.key, a, s, reg, np.zeros(a.keys, np.int64), np.zeros(a.keys, np.int64))
    seen = a.shapes[:, OUTCOME]
    failing = next(shape for shape, what in enumerate(seen) if what not in (SECURE, OFF))
    reg[kernel.SHAPE], reg[kernel.NOW_AT] = failing, failed_at - start
    kernel.note(one.key, a, s, reg)
    at = int(reg[kernel.MENDED_AT])
    last = [outcome.outcome for outcome in result.outcomes if outcome.at < start + at]
    if at >= a.stop or (repair == "anchors" and last[-1] == "down"):
        return one
    return replace(one, mended_at=start + at)


def _player(one: Member, cast: Cast, *, child: bool) -> ModelSubject:
    """Return a model whose refresh times are drawn as the fleet's are: anew for each of its lives.

    Without `child` its clients judge by the DNSKEY RRset alone.
    """
    machine = one.stratum.machine

    def anchors_of(names: tuple[str, ...]) -> Anchors:
        return cast.anchors(names, machine.anchor_format)

    setup = Setup(_name(one), ROOT, anchors_of(machine.anchors), Drift(one.key, _starts(one)), cast.labels)
    model = ResolverModel(machine.policy, setup, writable=machine.writable)
    if not child:
        return ModelSubject(model, cast.responder, None, None, "", anchors_of)
    return ModelSubject(
        model, cast.responder, cast.authority, cast.authority.child_names, "", anchors_of, cast.labels.tags
    )


def _starts(one: Member) -> tuple[tuple[Instant, int], ...]:
    """Return when the lives of a resolver after the first begin, each with its number."""
    absence, starts = one.stratum.absence, [window.end for window in one.absences]
    if one.mended_at is not None and one.stratum.machine.repair == "reinstall":
        starts.append(one.mended_at)
    return tuple((at, 1 + ((at - one.born) // absence.every if absence else 0)) for at in sorted(starts))


def _name(one: Member) -> str:
    return f"resolver-{one.number}"


def _spec(one: Member) -> SubjectSpec:
    machine = one.stratum.machine
    off = tuple(window for window in one.absences if window.end > window.begin)
    return SubjectSpec(_name(one), f"{DAEMON}member", machine.anchors, one.born, off=off)


def _events(one: Member, compiled: Compiled, timeline: Scenario) -> Iterable[EventSpec]:
    machine = one.stratum.machine
    for window in one.absences:
        if window.begin == window.end:
            yield EventSpec(window.begin, _name(one), Restart(machine.keep_state))
    if one.mended_at is not None and machine.repair != "none":
        keys = timeline.timeline.key_set(one.mended_at)
        names = tuple(name for name in keys.ksks if name not in keys.revoked)
        deeds: list[Action] = [SetAnchors(names)]
        deeds += [Restart(keep_state=False)] if machine.repair == "reinstall" else []
        for deed in deeds:
            yield EventSpec(one.mended_at, _name(one), deed)


def play_members(
    compiled: Compiled, scenario: Scenario, members: Sequence[Member], *, child: bool = True
) -> Record:
    """Play resolvers through the scenario, and return the record; those that never start have no part.

    Without `child` only the DNSKEY RRset is judged, which is five times as fast; in the worlds a fleet may
    live in (`world.world_of`) the verdicts are the same.
    """
    present = [one for one in members if one.born < scenario.stop]
    by_name = {_name(one): one for one in present}
    events = [event for one in present for event in _events(one, compiled, scenario)]
    world = replace(
        scenario, subjects=tuple(_spec(one) for one in present), expectations=(),
        events=tuple(sorted(events, key=lambda event: event.at)),
    )  # fmt: skip

    def make(spec: SubjectSpec, cast: Cast) -> Subject:
        one = by_name[spec.name]
        return _player(one, cast, child=child)

    return play(world, daemons=make)


def fates(
    compiled: Compiled, scenario: Scenario, seed: int, numbers: Sequence[int], *, child: bool = True
) -> dict[int, Fate | None]:
    """Return what becomes of resolvers by number, None of one that never starts."""
    return {
        number: fate for number, (_, fate) in lives(compiled, scenario, seed, numbers, child=child).items()
    }


def lives(
    compiled: Compiled, scenario: Scenario, seed: int, numbers: Sequence[int], *, child: bool = True
) -> dict[int, tuple[Member, Fate | None]]:
    """Return resolvers by number, with when each is mended, and what becomes of them.

    A mended one is played twice: its operator mends what has failed, and when that is only playing it tells.
    """
    members = {number: member(compiled, seed, number) for number in numbers}
    results = _results(compiled, scenario, list(members.values()), child=child)
    again = [
        later for number, seen in results.items()
        if (later := mended(compiled, members[number], seen)).mended_at is not None
    ]  # fmt: skip
    results.update(_results(compiled, scenario, again, child=child) if again else {})
    members.update({one.number: one for one in again})
    return {
        number: (one, _fate(compiled, one, results[number]) if number in results else None)
        for number, one in members.items()
    }


def _results(
    compiled: Compiled, scenario: Scenario, members: Sequence[Member], *, child: bool
) -> dict[int, SubjectResult]:
    record = play_members(compiled, scenario, members, child=child)
    seen = {one.name: one for one in judge(record).subjects}
    return {one.number: seen[_name(one)] for one in members if _name(one) in seen}


def _fate(compiled: Compiled, one: Member, seen: SubjectResult) -> Fate:
    keys = compiled.world.keys
    states = {anchor.key: State(anchor.state) for anchor in reversed(seen.anchors)}
    valid = _configured(compiled, one)
    for change in seen.transitions:
        if change.target == State.VALID:
            valid[change.key] = min(change.at, valid.get(change.key, change.at))
    last = seen.outcomes[-1].outcome if seen.outcomes else "off"
    away = any(w.begin < compiled.world.stop <= w.end and w.begin < w.end for w in one.absences)
    return Fate(
        tuple(states.get(name, State.START) for name in keys),
        "off" if away and last != "down" else last, seen.first_failure, seen.recovered_at,
        tuple(valid.get(name) for name in keys),
    )  # fmt: skip


def _configured(compiled: Compiled, one: Member) -> dict[str, Instant]:
    """Return the keys that are trusted because they are configured, and since when; no transition tells that.

    A resolver that cannot start trusts nothing; what one always trusts beside its state is never met by it.
    """
    machine, policy = one.stratum.machine, one.stratum.machine.policy
    if policy.schedule.probes and not machine.writable and policy.persistence.unwritable_start == "exit":
        return {}
    valid = dict.fromkeys(machine.anchors, one.born)
    always = policy.trust.configured == "always" and policy.base == "rfc"
    if one.mended_at is not None and (machine.repair == "reinstall" or (machine.repair != "none" and always)):
        keys = compiled.world.epochs[compiled.world.epoch_at(one.mended_at)].keys
        for name in keys.ksks:
            if name not in keys.revoked:
                valid.setdefault(name, one.mended_at)
    return valid


def fate_of(compiled: Compiled, column: Ints) -> Fate | None:
    """Return one resolver's column of an engine's result in the terms of the scalar engine."""
    start, shape = compiled.world.start, int(column[1])
    if shape < 0:
        return None

    def instant(value: int) -> Instant | None:
        return None if value < 0 else start + int(value)

    return Fate(
        compiled.assembly.states(compiled.assembly.shapes[shape]),
        OUTCOMES[int(compiled.arrays.shapes[shape, OUTCOME])], instant(column[2]), instant(column[3]),
        tuple(instant(value) for value in column[5:]),
    )  # fmt: skip
