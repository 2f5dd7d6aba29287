"""When to look at a real daemon: often where something may happen, seldom elsewhere. A pure function of time.

Steps are a little longer than a whole number of hours: a refresh that is due 24 h after the last one, and
three milliseconds, would otherwise be missed by one step now and then, and runs would differ.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..authority.timeline import Timeline
from ..clock import DAY, HOUR, Instant, Seconds

SHARP: Final[Seconds] = HOUR + 2
"""Between looks while what was cached before a change of signers runs out."""
FINE: Final[Seconds] = 12 * HOUR + 300
"""Between looks while a hold-down may run."""
COARSE: Final[Seconds] = 5 * DAY + 300
"""Between looks otherwise: TTLs and signatures lapse, and a resolver simply fetches again."""

BEFORE: Final[Seconds] = 2 * DAY
AFTER: Final[Seconds] = 36 * DAY
"""Around an event looks are fine: a hold-down is 30 days, a refresh at most 2 days (RFC 5011 section 2.3)."""
CACHED: Final[Seconds] = 50 * HOUR
"""After a change of signers looks are sharp: the root's DNSKEY TTL is 48 h."""
VERGE: Final[Seconds] = 2
"""How long before false answers end, or a clock is set, a look is: what is cached then decides the rest."""

Span = tuple[Instant, Instant]


@dataclass(frozen=True, slots=True)
class Grid:
    """Hold the spans of time in which looks are sharp or fine, and looks of their own: all ascending."""

    sharp: tuple[Span, ...]
    fine: tuple[Span, ...]
    looks: tuple[Instant, ...] = ()

    def step(self, now: Instant) -> Seconds:
        """Return the greatest distance to the next look."""
        if _inside(self.sharp, now):
            return SHARP
        return FINE if _inside(self.fine, now) else COARSE

    def next_look(self, now: Instant) -> Instant:
        """Return when to look next; at the latest where a span begins."""
        begins = [_next_begin(spans, now) for spans in (self.sharp, self.fine)]
        begins += self.looks[bisect_right(self.looks, now) :][:1]
        return min(now + self.step(now), *(begin for begin in begins if begin is not None), now + COARSE)


def grid_of(timeline: Timeline, lives: Iterable[Instant], ends: Iterable[Instant] = ()) -> Grid:
    """Return the grid for a timeline, and when something happens to a daemon or ceases to."""
    events = [event.at for event in timeline.ksk_events()]
    own = sorted(set(lives))
    changes = [
        after.at
        for before, after in zip(timeline.steps, timeline.steps[1:], strict=False)
        if before.keys.dnskey_signers != after.keys.dnskey_signers
    ]
    fine = _joined([(at - BEFORE, at + AFTER) for at in events] + [(at, at + AFTER) for at in own])
    verges = sorted({at for end in ends for at in (end - VERGE, end)})
    return Grid(_joined([(at, at + CACHED) for at in changes]), fine, tuple(verges))


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return tuple(joined)


def _inside(spans: tuple[Span, ...], now: Instant) -> bool:
    place = bisect_right(spans, (now, 2**62)) - 1
    return place >= 0 and spans[place][0] <= now < spans[place][1]


def _next_begin(spans: tuple[Span, ...], now: Instant) -> Instant | None:
    place = bisect_right(spans, (now, 2**62))
    return spans[place][0] if place < len(spans) else None
