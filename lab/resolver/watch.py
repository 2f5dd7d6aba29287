"""Look at the same trust point and the same DNSKEY RRset again without doing the work again.

A look that changed nothing changes nothing until a timer of a key ends, or a signature begins or ceases to
be valid. `Watch` remembers the last look and that instant, and forgets both when the clock steps back;
`managed.observe` is the slow twin it equals.
"""

from __future__ import annotations

from ..clock import Instant, Seconds
from .client import FAR
from .managed import Sighting, observe, timer
from .policy import ResolverPolicy
from .rfc5011 import TrustPoint
from .validator import DnskeySet, edges, proved_revoked, validate


class Watch:
    """Observe for one resolver. With `memo` off every signature is verified each time."""

    __slots__ = ("_dnskeys", "_memo", "_policy", "_sighting", "_since", "_until")

    def __init__(self, policy: ResolverPolicy, *, memo: bool) -> None:
        """Begin with nothing remembered."""
        self._policy, self._memo = policy, memo
        self._dnskeys: DnskeySet | None = None
        self._sighting: Sighting | None = None
        self._since: Instant = 0
        self._until: Instant = -1

    def observe(
        self, point: TrustPoint, dnskeys: DnskeySet | None, now: Instant, *, reached: bool = False
    ) -> Sighting:
        """Return what `managed.observe` returns; `now` is by the resolver's own clock."""
        known = self._sighting
        if (
            known is not None
            and dnskeys is self._dnskeys
            and point is known.point
            and self._since <= now <= self._until
            and (self._memo or self._verified_anew(known, now))
        ):
            return known
        sighting = observe(point, self._policy, dnskeys, now, memo=self._memo, reached=reached)
        self._sighting = None
        if dnskeys is not None and sighting.point is point:
            self._sighting, self._dnskeys = sighting, dnskeys
            self._since, self._until = now, now + still_for(point, self._policy, dnskeys, now)
        return sighting

    def _verified_anew(self, known: Sighting, now: Instant) -> bool:
        """Verify every signature that counts again, and tell whether the outcome is the one remembered."""
        trust, point, dnskeys = self._policy.trust, known.point, self._dnskeys
        assert dnskeys is not None
        proved_revoked(dnskeys, trust, now, memo=False)
        validators = validate(dnskeys, point.trusted(), point.owner, trust, now, memo=False)
        return validators == known.validators


def still_for(point: TrustPoint, policy: ResolverPolicy, dnskeys: DnskeySet, now: Instant) -> Seconds:
    """Return for how many seconds after `now` no timer of a key ends and no signature changes."""
    bounds: list[Seconds] = [FAR]
    for cell in point.cells:
        for name in ("add", "rem", "keep"):
            length = timer(policy, name, cell)
            if length is not None and cell.since + length > now:
                bounds.append(cell.since + length - now - 1)
    for rrsig in dnskeys.rrsigs:
        bounds += [wait - 1 for wait in edges(rrsig, policy.trust, now)]
    return min(bounds)
