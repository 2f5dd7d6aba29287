"""Be a root that is served and operated while it is: time moves, rolls are put off, backed out of, hurried.

An operator on a timeline (lab/authority/operators.py) returns another one. Here that one takes the place of
the first, if both agree about the past: what was served cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from ..authority.timeline import KskEvent, Step, Timeline
from ..clock import Instant, format_instant
from .impairments import Deliveries
from .live_clock import ConflictError, LiveClock

AnswerAt: TypeAlias = Callable[[bytes, float, bool, str, str], bytes | Deliveries | None]
"""(query, now, over TCP, client's address, letter) -> what a Listener takes; `Letters.answer` is one."""
Build: TypeAlias = Callable[[Timeline], AnswerAt]
"""Make what answers for a timeline. Raises UserError if a key of the timeline cannot be had."""


class Applied(NamedTuple):
    """Say which operator was applied, and when on the lab's clock."""

    at: Instant
    operator: str


class LiveRoot:
    """Answer for a timeline as of a clock's time; the timeline may be replaced, its past excepted.

    `build` makes what answers, `letters` says as which letter at an address. Without `operable` the timeline
    stays as it is, as ceremony files must. `changed` is called after each change of the timeline. Not for
    several threads at a time, but for `answer`, which sees the old or the new.
    """

    def __init__(
        self,
        clock: LiveClock,
        timeline: Timeline,
        build: Build,
        letters: Mapping[str, str],
        *,
        operable: bool = True,
    ) -> None:
        """Begin with a timeline."""
        self.clock, self.timeline, self.operable = clock, timeline, operable
        self._first, self._build = timeline, build
        self.changed: Callable[[], None] = lambda: None
        self._answer, self._letters = build(timeline), letters
        self.applied: tuple[Applied, ...] = ()

    def answer(self, wire: bytes, client: str, local: str, tcp: bool) -> bytes | Deliveries | None:
        """Return the response to a query, as of now; what a Listener asks for."""
        return self._answer(wire, self.clock.now(), tcp, client, self._letters[local])

    def next_step(self) -> Instant | None:
        """Return when the next DNSKEY RRset is served, or None after the last."""
        return self.timeline.next_change(self.clock.instant)

    def next_key_event(self) -> KskEvent | None:
        """Return what happens to a KSK next, or None."""
        now = self.clock.instant
        return next((event for event in self.timeline.ksk_events() if event.at > now), None)

    def advance_to_next(self, kind: str) -> None:
        """Move the time to the next `step`, or to the next step at which a KSK changes (`key`).

        Raises ConflictError if none is ahead.
        """
        event = self.next_key_event()
        at = self.next_step() if kind == "step" else None if event is None else event.at
        if at is None:
            raise ConflictError(
                f"no {kind} is ahead on this timeline", place="clock", remedy="advance to an instant"
            )
        self.clock.advance(at)

    def operate(
        self, operator: str, change: Callable[[Timeline, Instant], Timeline], *, at_once: bool = True
    ) -> None:
        """Put `change(timeline, now)` in place of the timeline; `at_once`: also in this second.

        Raises ConflictError if the past would be another, if nothing would change, or if this root cannot be
        operated; UserError, of which TimelineError and KeyFileError are kinds, if there is no such timeline.
        """
        now = self.clock.instant
        if not self.operable:
            raise ConflictError(
                "ceremony files are signed as they are", place=operator, remedy="serve a scenario"
            )
        timeline = change(self.timeline, now)
        rewritten = _first_difference(self.timeline, timeline)
        if rewritten is None:
            raise ConflictError(
                "nothing would change", place=operator, remedy="see the timeline's next events"
            )
        if rewritten < now + (not at_once):
            raise ConflictError(
                f"the root of {format_instant(rewritten)} would have been another, and that is past",
                place=operator,
                remedy=f"change what comes after {format_instant(now)}",
            )
        self._replace(timeline)
        self.applied += (Applied(now, operator),)

    def reset(self) -> None:
        """Begin again: the first timeline, at its first instant."""
        self.clock.reset()
        self._replace(self._first)
        self.applied = ()

    def _replace(self, timeline: Timeline) -> None:
        """Serve another timeline."""
        self._answer, self.timeline = self._build(timeline), timeline
        self.changed()


def _first_difference(one: Timeline, other: Timeline) -> Instant | None:
    """Return the first instant at which two timelines serve different DNSKEY RRsets, or None.

    Operators leave the beginning where it is.
    """
    ats = sorted({step.at for timeline in (one, other) for step in timeline.steps})
    return next((at for at in ats if _served(one, at) != _served(other, at)), None)


def _served(timeline: Timeline, at: Instant) -> object:
    """Return what is served at an instant, whatever it is called."""
    step: Step = timeline.step(at)
    return step.keys, step.inception, step.expiration
