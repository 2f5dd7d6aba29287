"""Tell the time of a root that is served: it runs at some rate, can be moved ahead, and never goes back.

Resolvers take a clock that goes back for an attack or a fault, so a lab that did so would test that and not a
rollover. Only `reset` goes back, to the beginning, for a new run with new resolvers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from ..clock import Instant, format_instant, parse_instant
from ..errors import UserError

LATEST: Final[Instant] = parse_instant("2100-01-01")
"""Where emulated time stands still: signatures tell the time in 32 bits (RFC 4034 section 3.1.5)."""
MAX_RATE: Final = 1e9
"""Emulated seconds in a real one; the whole of the lab's time in four of them."""


class ConflictError(UserError):
    """Report a request that makes sense, but not now."""


class _Pace(NamedTuple):
    """Say that it was `start` when the real clock showed `began`, and how fast time goes since."""

    start: float
    began: float
    rate: float


class LiveClock:
    """Show emulated time: `start` at first, then `rate` times as fast as `real`, which counts seconds.

    Readers need no lock: each change puts one new value in place of another. Who changes it takes care that
    nobody else does at the same time.
    """

    def __init__(self, start: Instant, rate: float, real: Callable[[], float]) -> None:
        """Begin now. `real` is a clock that never goes back, such as time.monotonic."""
        self.start, self._real, self._rate = start, real, rate
        self._pace = _Pace(start, real(), rate)

    def now(self) -> float:
        """Return the emulated time, seconds since 1970."""
        start, began, rate = self._pace
        return min(start + (self._real() - began) * rate, float(LATEST))

    @property
    def instant(self) -> Instant:
        """Return the emulated time in whole seconds."""
        return int(self.now())

    @property
    def rate(self) -> float:
        """Return how fast time goes; 0 holds it."""
        return self._pace.rate

    def advance(self, to: Instant) -> None:
        """Move the time ahead. Raises ConflictError for the past, UserError beyond the lab's time."""
        if to >= LATEST:
            raise UserError("the lab's time ends with the year 2099", place="to")
        now = self.now()
        if to < int(now):
            raise ConflictError(
                f"it is {format_instant(int(now))}, and time does not go back to {format_instant(to)}",
                place="clock",
                remedy="choose a later instant, or reset",
            )
        self._pace = _Pace(max(now, to), self._real(), self._pace.rate)

    def set_rate(self, rate: float) -> None:
        """Let time go so fast from now on; 0 holds it. Raises UserError for a rate that makes no sense."""
        if not 0 <= rate <= MAX_RATE:
            raise UserError(f"{rate} is no rate", place="rate", remedy=f"0 to {MAX_RATE:g}; 0 holds the time")
        self._pace = _Pace(self.now(), self._real(), rate)

    def reset(self) -> None:
        """Begin again at the start, at the first rate."""
        self._pace = _Pace(self.start, self._real(), self._rate)
