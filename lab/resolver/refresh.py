"""When the DNSKEY RRset is fetched next (RFC 5011 section 2.3, and what implementations make of it)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from ..clock import DAY, HOUR, MINUTE, Instant, Seconds, parse_duration
from ..dnssec.rrset import serial_difference
from .client import FAR
from .policy import ResolverPolicy, Schedule
from .rfc5011 import TrustPoint
from .validator import DnskeySet

RESULTS: Final = ("ok", "miss", "none", "bogus", "lost", "blind")
"""How a refresh can end; see `observation.Refresh`."""
UNKNOWN_TTL: Seconds = HOUR
"""The TTL of an anchor whose line names none (Knot Resolver's root.keys, zone-file default)."""
_EXPIRY_CAP: Seconds = 15 * DAY


@dataclass(frozen=True, slots=True)
class Intervals:
    """The two times of RFC 5011 section 2.3, as last computed from a DNSKEY RRset."""

    interval: Seconds
    retry: Seconds


def intervals_of(policy: ResolverPolicy, point: TrustPoint, dnskeys: DnskeySet, now: Instant) -> Intervals:
    """Return the refresh interval and retry time that a DNSKEY RRset asks for.

    queryInterval = max(1 h, min(15 d, TTL/2, expiry/2)), retryTime = max(1 h, min(1 d, TTL/10, expiry/10));
    expiry is the time from now to the expiration of a signature; `now` is by the resolver's own clock.
    """
    schedule = policy.schedule
    if schedule.fixed_interval is not None:
        return Intervals(schedule.fixed_interval, schedule.fixed_interval)
    base = _ttl(policy, point, dnskeys)
    expiry = _expiry(schedule, dnskeys, now)
    if expiry is not None:
        base = min(base, max(0, expiry))
    return Intervals(
        max(schedule.floor, min(schedule.interval_cap, base // schedule.interval_divisor)),
        max(schedule.floor, min(schedule.retry_cap, base // schedule.retry_divisor)),
    )


def initial_intervals(policy: ResolverPolicy) -> Intervals:
    """Return the times to use before any DNSKEY RRset was verified: the shortest there are."""
    schedule = policy.schedule
    fixed = schedule.floor if schedule.fixed_interval is None else schedule.fixed_interval
    return Intervals(fixed, fixed)


def _ttl(policy: ResolverPolicy, point: TrustPoint, dnskeys: DnskeySet) -> Seconds:
    source, cap = policy.schedule.ttl_source, policy.cache.ttl_cap
    if source == "stored":
        return min((cell.ttl or UNKNOWN_TTL for cell in point.cells), default=UNKNOWN_TTL)
    if source == "capped":
        return dnskeys.ttl if cap is None else min(dnskeys.ttl, cap)
    return dnskeys.rrsigs[0].original_ttl if dnskeys.rrsigs else dnskeys.ttl


def _expiry(schedule: Schedule, dnskeys: DnskeySet, now: Instant) -> Seconds | None:
    """Return the seconds to a signature's expiration: of the first, or of the first yet to expire.

    The latter is at most 15 days (Unbound's `min_expiry`).
    """
    if schedule.expiry_source == "none" or not dnskeys.rrsigs:
        return None
    left = [serial_difference(rrsig.expiration, now) for rrsig in dnskeys.rrsigs]
    if schedule.expiry_source == "first":
        return left[0]
    return min([_EXPIRY_CAP, *(seconds for seconds in left if seconds >= 0)])


def rule(schedule: Schedule, result: str) -> str | Seconds:
    """Return what follows a result: `interval`, `retry`, `never`, or seconds; names are followed."""
    for _ in RESULTS:
        word: str = getattr(schedule, f"after_{result}")
        if word in ("interval", "retry", "never"):
            return word
        if word not in RESULTS:
            return parse_duration(word)
        result = word
    return "interval"


def delay_for(what: str | Seconds, times: Intervals) -> Seconds | None:
    """Return the delay a rule stands for, before jitter; None for never."""
    if what == "interval":
        return times.interval
    if what == "retry":
        return times.retry
    return what if isinstance(what, int) else None


def bounded_by_ttl(policy: ResolverPolicy, point: TrustPoint, dnskeys: DnskeySet, now: Instant) -> Seconds:
    """Return for how many seconds after `now` the TTL alone sets the intervals; negative if it does not."""
    expiry = _expiry(policy.schedule, dnskeys, now)
    return FAR if expiry is None else expiry - _ttl(policy, point, dnskeys)


@dataclass(frozen=True, slots=True)
class Jitter:
    """A random sequence named by seed and purpose, readable anywhere: draw n needs no others."""

    seed: int
    purpose: str

    def draw(self, number: int, bound: int) -> int:
        """Return draw number `number`, a whole number in [0, bound)."""
        digest = sha256(f"{self.seed}/{self.purpose}/{number}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % bound if bound > 0 else 0

    def spread(self, delay: Seconds, tenths: int, number: int, now: Instant) -> Seconds:
        """Return a delay from `now` whose last `tenths` tenths are drawn (Unbound's `calc_next_probe`).

        It is never zero.
        """
        part = delay * tenths // 10
        return max(1, delay - part + self.draw(number, part))


@dataclass(frozen=True, slots=True)
class Witnessed(Jitter):
    """The chance another resolver had, witnessed: who is to be held against it gets the same.

    `plans` has, in order of time, when it planned a refresh and for when.
    """

    plans: list[tuple[Instant, Instant]] = field(default_factory=list)

    def spread(self, delay: Seconds, tenths: int, number: int, now: Instant) -> Seconds:
        """Return the delay that the other one drew at this time, as far as it lies where draws lie.

        Without a plan made within a minute of `now` the delay is drawn.
        """
        part = delay * tenths // 10
        place = bisect_left(self.plans, (now - MINUTE, 0))
        near = [plan for plan in self.plans[place : place + 10] if plan[0] <= now + MINUTE]
        if not near:
            return Jitter.spread(self, delay, tenths, number, now)
        _, target = min(near, key=lambda plan: abs(plan[0] - now))
        return max(1, delay - part, min(delay, target - now))
