"""Chance that can be looked up: a draw is a function of seed, resolver number, purpose and counter.

No draw needs another one to have been made, so that any resolver can be made again alone, by its number, and
a fleet comes out the same whatever its chunks and processes. The generator is SplitMix64's finaliser over a
counter (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). `vector` and `kernel` draw
the same numbers from arrays.
"""

from __future__ import annotations

from typing import Final

from ..clock import Instant, Seconds
from ..resolver.refresh import Jitter

MASK: Final = 2**64 - 1
GOLDEN: Final = 0x9E3779B97F4A7C15
FIRST: Final = 0xBF58476D1CE4E5B9
SECOND: Final = 0x94D049BB133111EB

COHORT: Final = 1
START: Final = 2
ABSENCE: Final = 3
REFRESH: Final = 4
REPAIR: Final = 5
"""What is drawn: the cohort, the start, absences, refresh times, whether and when an operator mends."""

PURPOSE_SHIFT: Final = 56
LIFE_SHIFT: Final = 24
"""A counter has 56 bits; of those of refresh times 32 number the life and 24 the refresh in it."""


def mix(value: int) -> int:
    """Scramble 64 bits."""
    value &= MASK
    value = ((value ^ (value >> 30)) * FIRST) & MASK
    value = ((value ^ (value >> 27)) * SECOND) & MASK
    return value ^ (value >> 31)


def seed_key(seed: int) -> int:
    """Return the key of a seed, which may be any whole number."""
    return mix(mix(seed) + GOLDEN)


def resolver_key(key: int, number: int) -> int:
    """Return the key of a resolver of a fleet whose seed has the key `key`."""
    return mix(key ^ mix((number + 1) * GOLDEN))


def draw(key: int, purpose: int, counter: int) -> int:
    """Return 64 bits drawn for a resolver's key, a purpose, and a counter in [0, 2**56)."""
    return mix(key + ((purpose << PURPOSE_SHIFT) | counter) * GOLDEN)


def halves(bits: int) -> tuple[int, int]:
    """Take 64 bits for two draws of 32: the upper ones, and the lower ones."""
    return bits >> 32, bits & 0xFFFFFFFF


def below(bits: int, bound: int) -> int:
    """Turn 32 bits into a whole number in [0, bound), for a bound below 2**31; 0 for no bound at all."""
    return (bits * bound) >> 32 if bound > 0 else 0


class Drift(Jitter):
    """Refresh times whose sum has a closed form, so that the first one after an instant can be computed.

    Draw n of a life is half the bound, plus h(n) - h(n - 1), where h is drawn anew for each n from half the
    bound: so the n-th refresh stands at n mean steps, give or take half the bound. Each interval lies in the
    range the implementation draws from, with its mean; intervals that follow each other lean against each
    other, and a phase wanders by half the bound at most until the next start, which begins another life.
    """

    __slots__ = ("_count", "_key", "_life", "_starts")
    _count: int
    _key: int
    _life: int
    _starts: tuple[tuple[Instant, int], ...]

    def __init__(self, key: int, starts: tuple[tuple[Instant, int], ...] = ()) -> None:
        """Take a resolver's key, and when its lives after the first begin, each with its number."""
        super().__init__(key, "refresh")
        for name, value in (("_key", key), ("_starts", starts), ("_life", 0), ("_count", 0)):
            object.__setattr__(self, name, value)

    def height(self, number: int, half: int) -> int:
        """Return h(number) in [0, half) of the life under way."""
        return below(draw(self._key, REFRESH, (self._life << LIFE_SHIFT) | number) >> 32, half)

    def spread(self, delay: Seconds, tenths: int, number: int, now: Instant) -> Seconds:
        """Return the next delay, whose last `tenths` tenths are drawn; the life counts, not the caller."""
        life = 0
        while self._starts and self._starts[0][0] <= now:
            life = self._starts[0][1]
            object.__setattr__(self, "_starts", self._starts[1:])
        if life:
            object.__setattr__(self, "_life", life)
            object.__setattr__(self, "_count", 0)
        object.__setattr__(self, "_count", self._count + 1)
        half = delay * tenths // 20
        step = delay - delay * tenths // 10 + half
        return max(1, step + self.height(self._count, half) - self.height(self._count - 1, half))
