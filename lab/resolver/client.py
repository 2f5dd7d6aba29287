"""What clients of a resolver live on: a DNSKEY RRset, good or bad, and how long it lasts.

Traffic is taken to be steady: an entry that ends is fetched again in the same second, and a failure that is
remembered for a while is retried the second the memory ends. While nothing in the world changes a retry
cannot end otherwise than the one before it, so only retries at or after the next change are made; their grid
stays exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..clock import Instant, Seconds
from ..dnssec.rrset import serial_difference
from .policy import Cache, ResolverPolicy, Trust
from .validator import DnskeySet, edges, tolerance

FAR: Instant = 2**62
"""Later than any instant of a run."""


@dataclass(frozen=True, slots=True)
class Held:
    """One entry of the key cache: made at `fetched`, gone at `expires` (true time).

    `trouble` says why a bad entry has no set: `no-answer`, `udp-size`, `no-dnskey`; empty if it did not
    verify.
    """

    dnskeys: DnskeySet | None
    good: bool
    fetched: Instant
    expires: Instant
    trouble: str = ""


def good_entry(dnskeys: DnskeySet, cache: Cache, trust: Trust, now: Instant, offset: Seconds) -> Held:
    """Return the entry for a set that verified.

    It lasts min(TTL, original TTL, cap), at least the floor, and not beyond the signature's expiration (RFC
    4035 section 5.3.3); a signature taken beyond its expiration counts up to the end of the tolerance.
    """
    local = now + offset
    life = min([dnskeys.ttl, *(rrsig.original_ttl for rrsig in dnskeys.rrsigs)])
    if cache.ttl_cap is not None:
        life = min(life, cache.ttl_cap)
    life = max(life, cache.ttl_floor)
    for rrsig in dnskeys.rrsigs:
        left = serial_difference(rrsig.expiration, local)
        if left <= 0:
            left += tolerance(rrsig, trust)
        if left >= 0:
            life = min(life, max(1, left))
    return Held(dnskeys, True, now, now + life)


def bad_entry(dnskeys: DnskeySet | None, cache: Cache, now: Instant, trouble: str = "") -> Held:
    """Return the entry for a set that did not verify or come; it lasts as long as failures do."""
    return Held(dnskeys, False, now, now + cache.negative, trouble)


def retry_at(held: Held, cache: Cache, target: Instant) -> Instant:
    """Return the first instant on a bad entry's grid of retries that is at or after `target`."""
    if cache.negative <= 0 or target >= FAR:
        return target
    if target <= held.expires:
        return held.expires
    steps = -(-(target - held.expires) // cache.negative)
    return held.expires + steps * cache.negative


def next_edge(dnskeys: DnskeySet | None, trust: Trust, local: Instant) -> Seconds | None:
    """Return the seconds until a signature becomes valid or ceases to be, None if none does any more.

    A failure may end at the one; at the other it has another cause from then on.
    """
    if dnskeys is None:
        return None
    return min((wait for rrsig in dnskeys.rrsigs for wait in edges(rrsig, trust, local)), default=None)


class KeyCache:
    """The key cache of one resolver: the entry clients live on, and when it is fetched again (`at`)."""

    def __init__(self, policy: ResolverPolicy) -> None:
        """Begin empty and idle."""
        self._cache, self._trust = policy.cache, policy.trust
        self.held: Held | None = None
        self.at: Instant = FAR
        self._future: Instant = 0

    def drop(self, at: Instant) -> None:
        """Forget the entry; the next client comes at `at`."""
        self.held, self.at, self._future = None, at, 0

    def good_set(self, now: Instant) -> DnskeySet | None:
        """Return the cached set if it verified and is not over yet."""
        held = self.held
        return held.dnskeys if held is not None and held.good and held.expires > now else None

    def hold_good(self, dnskeys: DnskeySet, now: Instant, offset: Seconds, change: Instant) -> None:
        """Keep a set that verified. One that is not cached at all is fetched again when it can be another.

        `change` is when the world, a timer or a signature changes next.
        """
        self.held = good_entry(dnskeys, self._cache, self._trust, now, offset)
        self.at = self.held.expires
        if self.at > now:
            return
        self.at = change
        for rrsig in dnskeys.rrsigs:
            left = serial_difference(rrsig.expiration, now + offset)
            if left >= 0:
                self.at = min(self.at, now + left + 1)

    def hold_bad(self, dnskeys: DnskeySet | None, now: Instant, change: Instant, trouble: str) -> None:
        """Remember a failure; the next try is the first on its grid at which it could end otherwise."""
        self.held = bad_entry(dnskeys, self._cache, now, trouble)
        self.at = retry_at(self.held, self._cache, change)

    def retry_from(self, now: Instant) -> None:
        """Let clients try again after a change of what is trusted, as soon as the failure is forgotten."""
        if self.held is not None and not self.held.good:
            self.at = retry_at(self.held, self._cache, now)

    def is_from_the_future(self, now: Instant) -> bool:
        """Tell whether a failure is remembered from before the clock was set back.

        No refresh heals that: seen at unbound 1.17.1, named 9.18.49 and pdns_recursor 4.8.8, which fail until
        the date at which the failure was met has come.
        """
        return now < self._future

    def clock_stepped(self, step: Seconds, now: Instant) -> None:
        """Move the entry's end with the clock it is measured by.

        A failure that is remembered by the wall clock outlasts the time by which that is set back; any other
        is tried again at once.
        """
        if self.held is None:
            return
        if self.held.good:
            self.held = replace(self.held, expires=max(now, self.held.expires - step))
            self.at = self.held.expires
            return
        self.at = now
        if self._cache.negative_clock == "wall" and self._cache.negative > 0:
            self.at = max(now, retry_at(self.held, self._cache, now) - step)
            self.held = replace(self.held, expires=self.at)
            self._future = self.at if self.at > now + self._cache.negative else 0
