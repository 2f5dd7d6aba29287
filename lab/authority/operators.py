"""Operators on timelines: delay, back out, roll in an emergency, leave the revocation out.

Each returns another Timeline and touches KSKs alone: slots, signature windows and ZSKs are the calendar's.
A *roll* is everything that follows from a KSK's first signature: the old keys' retirement, revocation and
removal, and a back-out if there was one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..clock import Instant, Seconds, format_duration, format_instant
from ..errors import TimelineError
from .timeline import KeySet, KeyState, Step, Timeline


@dataclass(frozen=True, slots=True)
class Roll:
    """Hold one roll of a timeline, by indices into its steps.

    At step `first` the keys `new` sign for the first time, next to or instead of `old`; `events` are the
    steps from there on at which any of them changes; at `end` the next roll begins, or the timeline ends.
    `held` is the key set right before, with the new keys published.
    """

    new: tuple[str, ...]
    old: tuple[str, ...]
    first: int
    end: int
    events: tuple[int, ...]
    held: KeySet


def rolls(timeline: Timeline) -> tuple[Roll, ...]:
    """Return the rolls of a timeline, ascending; keys that sign from the start are in no roll's `new`."""
    steps = timeline.steps
    seen = set(_ksk_signers(steps[0].keys))
    begun: list[tuple[int, tuple[str, ...]]] = []
    for index, step in enumerate(steps):
        new = tuple(name for name in _ksk_signers(step.keys) if name not in seen)
        if new:
            begun.append((index, new))
            seen.update(new)
    ends = [*(index for index, _ in begun[1:]), len(steps)]
    return tuple(_roll(steps, first, end, new) for (first, new), end in zip(begun, ends, strict=False))


def _roll(steps: tuple[Step, ...], first: int, end: int, new: tuple[str, ...]) -> Roll:
    """Collect one roll."""
    before = steps[first - 1].keys
    old = _ksk_signers(before)
    events = tuple(
        index
        for index in range(first, end)
        if any(steps[index].keys.state(name) != steps[index - 1].keys.state(name) for name in old + new)
    )
    missing = tuple(name for name in new if name not in before.published)
    return Roll(new, old, first, end, events, replace(before, ksks=before.ksks + missing))


def delay(timeline: Timeline, *, quarters: int = 0, by: Seconds = 0, key: str | None = None) -> Timeline:
    """Postpone a roll: signing, revocation and removal move together, publication stays.

    `quarters` moves along the slot grid, from slot (q, n) to (q + quarters, n); `by` moves by a duration,
    inside slots if need be (such steps are marked assumed: nobody knows their hour). Until the new date the
    keys stand as right before the roll. `key` names the new key of the roll; without it the first roll moves.
    The end of the timeline stays: raises TimelineError if an event would fall beyond it or into the next
    roll, if there is no such roll, or if the delay is negative. Source: facts.md 1.1 and 2.3, where the roll
    of 2018 is the plan of 2017 delayed by four quarters.
    """
    if quarters < 0 or by < 0 or (quarters and by):
        raise TimelineError(
            "give either quarters or a duration, not negative",
            place="delay",
            remedy="a roll can be postponed only",
        )
    if not quarters and not by:
        return timeline
    roll = _named_roll(timeline, key)
    return _delay_slots(timeline, roll, quarters) if quarters else _delay_by(timeline, roll, by)


def _named_roll(timeline: Timeline, key: str | None) -> Roll:
    """Return the first roll, or the one to the named key."""
    known = rolls(timeline)
    for roll in known:
        if key is None or key in roll.new:
            return roll
    problem = f"no roll to {key} in this timeline" if key else "no roll in this timeline"
    names = ", ".join(name for roll in known for name in roll.new)
    raise TimelineError(problem, place="delay", remedy=f"rolls to: {names or 'none'}")


def _delay_slots(timeline: Timeline, roll: Roll, quarters: int) -> Timeline:
    """Move a roll along the slot grid; every step is a slot, so that indices are positions."""
    steps, shift = timeline.steps, 9 * quarters
    origin = _position(steps[0])
    for index, step in enumerate(steps):
        if _position(step) != origin + index:
            raise TimelineError(
                "the steps are not one a slot",
                place=f"delay: {step.place()}",
                remedy="delay by a duration instead",
            )
    last = roll.events[-1]
    if last + shift >= roll.end:
        _refuse(timeline, roll, f"{quarters} quarters after {format_instant(steps[last].at)}")
    names = _ksk_names(timeline)
    moved = list(steps)
    for index in range(roll.first, roll.end):
        source = steps[index - shift].keys if index - shift >= roll.first else roll.held
        moved[index] = replace(steps[index], keys=_delayed(steps[index].keys, source, roll, names))
    return Timeline(tuple(moved), timeline.dnskey_ttl)


def _position(step: Step) -> int:
    """Return the number of a step's slot on the grid of all slots. Raises TimelineError off the grid."""
    if step.slot is None:
        raise TimelineError(
            "not a slot of IANA's grid",
            place=f"delay: {step.place()}",
            remedy="delay by a duration instead of quarters",
        )
    return (step.slot.year * 4 + step.slot.quarter - 1) * 9 + step.slot.number - 1


def _delay_by(timeline: Timeline, roll: Roll, by: Seconds) -> Timeline:
    """Move a roll by a duration, pointwise: what stood at t - by stands at t."""
    steps = timeline.steps
    first = steps[roll.first].at
    until = steps[roll.end].at if roll.end < len(steps) else steps[-1].expiration + 1
    cuts = tuple(steps[index].at + by for index in roll.events)
    if cuts[-1] >= until:
        _refuse(timeline, roll, f"{format_duration(by)} after {format_instant(steps[roll.events[-1]].at)}")
    names = _ksk_names(timeline)

    def keys_at(at: Instant, keys: KeySet) -> KeySet:
        if not first <= at < until:
            return keys
        source = timeline.key_set(at - by) if at - by >= first else roll.held
        return _delayed(keys, source, roll, names)

    return _rewrite(timeline, cuts, keys_at, assumed=True)


def _refuse(timeline: Timeline, roll: Roll, target: str) -> None:
    """Raise the error of a roll whose last event would fall on `target`, where it cannot be."""
    ahead = timeline.steps[roll.end :]
    limit = f"the next roll at {format_instant(ahead[0].at)}" if ahead else "the end of the timeline"
    raise TimelineError(
        f"the end of the roll to {', '.join(roll.new)} would move to {target}, past {limit}",
        place="delay",
        remedy="delay by less, or extend the timeline's quarters",
    )


def _delayed(keys: KeySet, source: KeySet, roll: Roll, names: tuple[str, ...]) -> KeySet:
    """Return `keys` with the keys of the roll as `source` has them, all others unchanged."""

    def having(name: str) -> KeySet:
        return source if name in roll.old + roll.new else keys

    ksks = tuple(name for name in names if name in having(name).ksks)
    signers = tuple(name for name in names if name in having(name).dnskey_signers)
    others = tuple(name for name in keys.dnskey_signers if name not in names)
    revoked = tuple(name for name in ksks if name in having(name).revoked)
    return replace(keys, ksks=ksks, revoked=revoked, dnskey_signers=signers + others)


def back_out(timeline: Timeline, at: Instant) -> Timeline:
    """Return to the old KSK at an instant, or never leave it, and give up what was planned after.

    Before the roll: the new key stays published and never signs. After it and before the revocation: the old
    key signs again from `at` on and is not revoked. Either way the KSKs stay so for good, later rolls
    included. The roll meant is the one under way, or else the next. Raises TimelineError once the
    old key is revoked, for then there is no way back (facts.md 1.3; RFC 5011 section 2.1).
    """
    _check_inside(timeline, at, "back-out")
    roll = _current_roll(timeline, at)
    if roll is None:
        raise TimelineError(
            f"no roll to back out of at {format_instant(at)}",
            place="back-out",
            remedy="back out while the old key is still published",
        )
    revoked = _first_at(timeline, roll, "revoked")
    if revoked is not None and revoked <= at:
        raise TimelineError(
            f"{', '.join(roll.old)} is revoked since {format_instant(revoked)}",
            place="back-out",
            remedy="back out before the revocation",
        )
    begins = timeline.steps[roll.first].at
    start = max(at, begins)
    stand = timeline.key_set(at) if at >= begins else roll.held

    def keys_at(now: Instant, keys: KeySet) -> KeySet:
        return _frozen(keys, stand, roll.old) if now >= start else keys

    return _rewrite(timeline, (start,), keys_at)


def _current_roll(timeline: Timeline, at: Instant) -> Roll | None:
    """Return the roll under way, whose old keys are still published, or else the next, if any."""
    begun = [roll for roll in rolls(timeline) if timeline.steps[roll.first].at <= at]
    ahead = [roll for roll in rolls(timeline) if timeline.steps[roll.first].at > at]
    for roll in begun[-1:] + ahead[:1]:
        gone = _first_at(timeline, roll, "absent")
        if gone is None or gone > at:
            return roll
    return None


def _first_at(timeline: Timeline, roll: Roll, state: KeyState) -> Instant | None:
    """Return the instant at which an old key of a roll first is in a state, or None."""
    for step in timeline.steps[roll.first : roll.end]:
        if any(step.keys.state(name) == state for name in roll.old):
            return step.at
    return None


def emergency(timeline: Timeline, at: Instant, key: str, notice: Seconds = 0) -> Timeline:
    """Roll to `key` at an instant: published `notice` before, from then on the only KSK that signs.

    The other KSKs stay as they stand, published and not revoked, and every later plan is given up; only a key
    already revoked goes on signing its own revocation and leaves on its day. Raises TimelineError if the
    instants lie outside the timeline, or if the key is a ZSK, is revoked, has left, or signs alone already.
    """
    published = at - notice
    _check_inside(timeline, at, "emergency")
    _check_inside(timeline, published, "emergency")
    stand = timeline.key_set(max(at - 1, timeline.start))
    problem = _unfit(timeline, at, key, stand)
    if key not in stand.ksks:
        stand = replace(stand, ksks=(*stand.ksks, key))
    if notice < 0 or problem:
        raise TimelineError(
            problem or "the notice is negative",
            place="emergency",
            remedy="roll to a fresh key, with a notice of PT0S or more",
        )

    def keys_at(now: Instant, keys: KeySet) -> KeySet:
        if now < published:
            return keys
        if now < at:
            return keys if key in keys.ksks else replace(keys, ksks=(*keys.ksks, key))
        return _frozen(keys, stand, (key,))

    return _rewrite(timeline, (published, at), keys_at)


def _unfit(timeline: Timeline, at: Instant, key: str, stand: KeySet) -> str:
    """Say why a key cannot be rolled to at an instant, or nothing."""
    past = [step.keys for step in timeline.steps if step.at < at]
    if any(key in step.keys.zsks for step in timeline.steps):
        return f"{key} is a ZSK of this timeline"
    if any(key in keys.revoked for keys in past):
        return f"{key} is revoked by {format_instant(at)}"
    if key not in stand.ksks and any(key in keys.ksks for keys in past):
        return f"{key} has left the zone by {format_instant(at)}"
    return f"{key} signs alone at {format_instant(at)} already" if stand.trusted_signers == (key,) else ""


def without_revoke(timeline: Timeline) -> Timeline:
    """Leave the revocations out: revoked copies are published unrevoked and do not sign; removals stay."""

    def keys_at(_now: Instant, keys: KeySet) -> KeySet:
        return replace(keys, revoked=(), dnskey_signers=keys.trusted_signers)

    return _rewrite(timeline, (), keys_at)


def _check_inside(timeline: Timeline, at: Instant, place: str) -> None:
    """Refuse an instant at which the timeline serves nothing."""
    if not timeline.start <= at <= timeline.steps[-1].expiration:
        begin, end = format_instant(timeline.start), format_instant(timeline.steps[-1].expiration)
        raise TimelineError(
            "an instant lies outside the timeline",
            place=place,
            remedy=f"the timeline runs from {begin} to {end}",
        )


def _ksk_names(timeline: Timeline) -> tuple[str, ...]:
    """Return all KSKs in the order in which they appear; the operators write key sets in that order."""
    return tuple(dict.fromkeys(name for step in timeline.steps for name in step.keys.ksks))


def _ksk_signers(keys: KeySet) -> tuple[str, ...]:
    """Return the KSKs that sign and are not revoked; a ZSK that co-signs the DNSKEY RRset rolls nothing."""
    return tuple(name for name in keys.trusted_signers if name in keys.ksks)


def _frozen(keys: KeySet, stand: KeySet, signers: tuple[str, ...]) -> KeySet:
    """Return `keys` with the KSKs as they stand in `stand`, signed by `signers`.

    Only what is revoked there already goes on signing its revocation for as long as `keys` has it.
    """
    leaving = tuple(name for name in stand.revoked if name in keys.revoked)
    ksks = tuple(name for name in stand.ksks if name not in stand.revoked or name in leaving)
    signing = tuple(name for name in ksks if name in leaving + signers)
    others = tuple(name for name in keys.dnskey_signers if name in keys.zsks)
    return replace(keys, ksks=ksks, revoked=leaving, dnskey_signers=signing + others)


def _rewrite(
    timeline: Timeline,
    cuts: tuple[Instant, ...],
    keys_at: Callable[[Instant, KeySet], KeySet],
    assumed: bool = False,
) -> Timeline:
    """Rewrite the key set of every step, with new steps at `cuts`, each under the window of the step it cuts.

    A step that changes nothing any more is dropped, so that equal functions of time are equal timelines.
    """
    steps: list[Step] = []
    own = {step.at: step for step in timeline.steps}
    for at in sorted({*own, *cuts}):
        base = own.get(at) or replace(timeline.step(at), at=at, assumed=assumed)
        step = replace(base, keys=keys_at(at, base.keys))
        if not steps or replace(step, at=steps[-1].at, assumed=steps[-1].assumed) != steps[-1]:
            steps.append(step)
    return Timeline(tuple(steps), timeline.dnskey_ttl)
