"""Plan the next refresh: the delay its result asks for, jitter, the end of a hold-down, or never.

Refreshes that must fail like the one before are jumped over while nothing outside changes (`settled`); what
each of them would have done to the timers is kept, so that nobody can tell.
"""

from __future__ import annotations

from dataclasses import replace

from ..clock import Instant, Seconds
from .client import FAR, next_edge
from .managed import timer
from .policy import ResolverPolicy
from .refresh import (
    RESULTS,
    Intervals,
    Jitter,
    bounded_by_ttl,
    delay_for,
    initial_intervals,
    intervals_of,
    rule,
)
from .rfc5011 import Event, State, TrustPoint
from .validator import DnskeySet


class Planner:
    """Hold when the next refresh is due (`at`, true time) and the intervals last computed.

    `regular` is when it were due if no hold-down ended before, and `delay` what lies between two refreshes
    where `at` jumps over some.
    """

    def __init__(self, policy: ResolverPolicy, jitter: Jitter) -> None:
        """Begin with nothing planned."""
        self._policy, self._jitter = policy, jitter
        self.at: Instant = FAR
        self.regular: Instant = FAR
        self.delay: Seconds = 0
        self.times: Intervals = initial_intervals(policy)
        self._date: Instant = 0
        self._draws = 0
        self._last: tuple[DnskeySet | None, str] = (None, "")
        self._tenths = policy.schedule.jitter_tenths
        self._per_key = policy.schedule.ttl_source == "stored"
        self._ends_matter = policy.schedule.deadline_probe
        self._rules = {result: rule(policy.schedule, result) for result in RESULTS}
        self._seen: tuple[DnskeySet | None, TrustPoint | None, Instant] = (None, None, -1)

    def forget(self) -> None:
        """Forget the intervals learnt from a DNSKEY RRset: the state is new."""
        self._seen = (None, None, -1)
        self.times = initial_intervals(self._policy)

    def begin(self, now: Instant, offset: Seconds, *, keep: bool, deleted: bool) -> None:
        """Plan the first refresh after a start: now, or as kept (Unbound's next_probe_time)."""
        schedule = self._policy.schedule
        if schedule.timers == "dated" and self.at != FAR:
            self.at = self._date - offset
        if not schedule.probes or deleted:
            self.at = FAR
        elif not keep or schedule.first_probe == "now" or self.at == FAR or self.at < now:
            self.at, self._date = now, now + offset

    def clock_stepped(self, step: Seconds, now: Instant) -> None:
        """Move the timer with the wall clock, if that is what it runs on."""
        if self._policy.schedule.timers == "wall" and self.at != FAR:
            self.at = max(now, self.at - step)

    def resume(self, date: Instant, offset: Seconds) -> None:
        """Plan the next refresh for a date by the resolver's own clock, as its state file has it."""
        self.at = self.regular = date - offset
        self._date = date

    def is_due(self, now: Instant, offset: Seconds) -> bool:
        """Tell whether a refresh is due; who wakes before the date it is planned for sleeps on until then.

        Unbound (validator/autotrust.c, `autr_probe_timer`) sleeps by the monotonic clock and plans by dates:
        while a clock that was set back has not come to the date again, it does not refresh.
        """
        if self.at > now:
            return False
        if self._policy.schedule.timers == "dated" and now + offset < self._date:
            self.at = self._date - offset
        return self.at <= now

    def plan(
        self,
        point: TrustPoint,
        result: str,
        dnskeys: DnskeySet | None,
        now: Instant,
        offset: Seconds,
        settled: Instant,
    ) -> TrustPoint:
        """Set `at` after a refresh that ended with `result`; return the point, timers moved by jumps."""
        policy = self._policy
        if point.deleted:
            self.at = FAR
            return point
        delay = delay_for(self._rules[result], self._times_for(point, result, dnskeys, now + offset))
        if delay is None:
            self.at = FAR
            return point
        if self._tenths:
            self._draws += 1
            delay = self._jitter.spread(delay, self._tenths, self._draws, now)
        self.at, self.delay = now + delay, delay
        if result in ("ok", "miss"):
            self._last = (None, "")
        elif not self._tenths:
            change = next_change(point, policy, dnskeys, now, offset, settled)
            if self._rules[result] == "interval" and dnskeys is not None:
                steady = bounded_by_ttl(policy, point, dnskeys, now + offset)
                change = min(change, now + max(0, steady) + delay + 1)
            point = self._jump(point, result, dnskeys, now, offset, delay, change)
        self.regular = self.at
        if self._ends_matter:
            self.at = min([self.at, *deadlines(point, policy, now, offset)])
        self._date = self.at + offset
        return point

    def _times_for(
        self, point: TrustPoint, result: str, dnskeys: DnskeySet | None, local: Instant
    ) -> Intervals:
        """Return the intervals to use: of the set at hand if it verified, else of the last one that did.

        A refresh that failed and is followed by a full interval (BIND) takes it from the set at hand.
        """
        if dnskeys is None or not dnskeys.rrsigs:
            return self.times
        if result in ("ok", "miss"):
            known, of, until = self._seen
            if dnskeys is not known or (point is not of and self._per_key) or local > until:
                self.times = intervals_of(self._policy, point, dnskeys, local)
                self._seen = (dnskeys, point, local + bounded_by_ttl(self._policy, point, dnskeys, local))
        elif self._rules[result] == "interval":
            return intervals_of(self._policy, point, dnskeys, local)
        return self.times

    def _jump(
        self,
        point: TrustPoint,
        result: str,
        dnskeys: DnskeySet | None,
        now: Instant,
        offset: Seconds,
        delay: Seconds,
        change: Instant,
    ) -> TrustPoint:
        """Jump over refreshes that must fail like this one and the one before it.

        The last one before `change` is made, so that timers restarted by each failure (BIND) end up where
        the last failure puts them; those restarted now move with the jump.
        """
        repeated = self._last == (dnskeys, result)
        self._last = (dnskeys, result)
        jumps = (change - now - 1) // delay
        if not repeated or jumps <= 1:
            return point
        self.at = now + jumps * delay
        local, shift = now + offset, (jumps - 1) * delay
        cells = tuple(
            replace(cell, since=cell.since + shift)
            if cell.since == local and cell.state is State.ADD_PEND
            else cell
            for cell in point.cells
        )
        return point if cells == point.cells else replace(point, cells=cells)


def deadlines(point: TrustPoint, policy: ResolverPolicy, now: Instant, offset: Seconds) -> list[Instant]:
    """Return the true instants, after now, at which a timer of a pending or revoked key ends."""
    wanted = {State.ADD_PEND: "add", State.REVOKED: "rem"}
    ends = []
    for cell in point.cells:
        length = timer(policy, wanted[cell.state], cell) if cell.state in wanted else None
        if length is not None:
            ends.append(cell.since + length)
    return [end - offset for end in ends if end - offset > now]


def next_change(
    point: TrustPoint,
    policy: ResolverPolicy,
    dnskeys: DnskeySet | None,
    now: Instant,
    offset: Seconds,
    settled: Instant,
) -> Instant:
    """Return when a failing attempt could first end otherwise: the world, a timer or a signature changes.

    Timers count where time alone moves a key: Unbound's promotion with any `answer`, BIND's deletion with any
    `attempt`.
    """
    bounds = [settled]
    table = policy.table
    events = (Event.ATTEMPT, Event.ANSWER)
    if any(table[state, event] for state in (State.ADD_PEND, State.REVOKED) for event in events):
        bounds += deadlines(point, policy, now, offset)
    wait = next_edge(dnskeys, policy.trust, now + offset)
    if wait is not None:
        bounds.append(now + wait)
    return max(now + 1, min(bounds))
