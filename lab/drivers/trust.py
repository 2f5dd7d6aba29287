"""What a daemon's readings of its keys amount to: RFC 5011 transitions, told as models tell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..clock import Instant
from ..dnssec.keys import DS, REVOKE, Key
from ..observation import Looked, Observation, Transition
from ..resolver.rfc5011 import State
from ..run.cast import Labels
from .driver import Reading


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one key: its state, since when, and its tag with REVOKE clear."""

    state: State
    since: Instant
    key_tag: int


class Trust:
    """Follow the states of the keys of one daemon from reading to reading."""

    def __init__(self, labels: Labels, subject: str) -> None:
        """Know the names of keys; `subject` is whom observations are of."""
        self._labels, self._subject = labels, subject
        self._known: dict[str, Known] = {}
        self._read_at: Instant | None = None

    def reset(self, anchors: Sequence[tuple[Key | DS, Instant]]) -> None:
        """Forget everything: the daemon starts from its configured anchors, which are Valid."""
        self._known = {self._labels(key): Known(State.VALID, at, tag_of(key)) for key, at in anchors}
        self._read_at = None

    def unchanged(self, now: Instant) -> None:
        """Take note that nothing has changed since the last reading."""
        self._read_at = now

    def read(self, readings: Sequence[Reading], now: Instant, ahead: int = 0) -> list[Observation]:
        """Take a reading and return the transitions since the last one, in order of time.

        A transition is stamped by what the daemon says of it; its clock is `ahead` by so many seconds. If it
        says nothing, or what lies outside of the time between the two readings, it is stamped by this
        reading, and the reading before it is told. What is written down late need only lie behind the state
        before it. No key goes back from Valid to pending: one that validates no more while the key data call
        it trusted was seen revoked with an answer to a client (BIND: lib/dns/view.c, `dns_view_untrust`).
        """
        fresh = {self._label(reading): reading for reading in readings}
        before, found = self._read_at, []
        for label, reading in fresh.items():
            held = self._known.get(label)
            source = held.state if held else State.START
            state = reading.state
            if reading.by_clock and state is State.ADD_PEND and source in (State.VALID, State.REVOKED):
                state = State.REVOKED
            if source is state:
                continue
            since = None if reading.since is None else reading.since - ahead
            floor = before if held is None or not reading.late else held.since
            told = since is not None and (floor or 0) <= since <= now
            at = since if told and since is not None else now
            found.append((label, Known(state, at, reading.key_tag), source, told))
        for label, held in self._known.items():
            if label not in fresh and held.state is not State.START:
                found.append((label, Known(State.START, now, held.key_tag), held.state, False))
        self._read_at = now
        seen: list[Observation] = []
        for label, known, source, told in sorted(found, key=lambda one: one[1].since):
            self._known[label] = known
            if not told and before is not None and before < now:
                seen.append(Looked(before, self._subject, "transition", now))
            wire_tag = revoked_tag(known.key_tag) if known.state is State.REVOKED else known.key_tag
            seen.append(
                Transition(
                    known.since, self._subject, label, known.key_tag, wire_tag,
                    source.value, known.state.value,
                )
            )  # fmt: skip
        return seen

    def state(self, label: str) -> State | None:
        """Return the state of a key by name, None if the daemon does not know it."""
        held = self._known.get(label)
        return None if held is None or held.state is State.START else held.state

    def states(self) -> tuple[State, ...]:
        """Return the states of all keys it knows."""
        return tuple(held.state for held in self._known.values())

    def final(self) -> list[tuple[str, int, str, Instant]]:
        """Return label, tag, state and since of every key it knows, in order of appearance."""
        known = [(label, held) for label, held in self._known.items() if held.state is not State.START]
        return [(label, held.key_tag, held.state.value, held.since) for label, held in known]

    def _label(self, reading: Reading) -> str:
        if reading.key is not None:
            return self._labels(reading.key)
        return self._labels.of_tag(reading.key_tag)


def tag_of(anchor: Key | DS) -> int:
    """Return the tag of an anchor with REVOKE clear."""
    return anchor.unrevoked().tag if isinstance(anchor, Key) else anchor.key_tag


def revoked_tag(tag: int) -> int:
    """Return the tag a key has on the wire when REVOKE is set, from the tag without (RFC 4034 appendix B)."""
    total = tag + REVOKE
    return (total + (total >> 16)) & 0xFFFF
