"""Simulate a fleet: chunks of resolvers, one engine or another, any executor, one sum.

What a chunk comes to is added up, never kept, so that memory does not grow with the fleet; and the sums are
of whole numbers, so that neither chunks nor processes nor their order make a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from typing import Literal, TypeAlias

import numpy as np

from ..clock import DAY
from ..errors import DriverError
from .arrays import OUTCOME, OUTCOMES, Arrays, Ints, Strata
from .columns import mix
from .draws import seed_key
from .strata import Compiled

Engine: TypeAlias = Literal["numpy", "numba"]
ENGINES: tuple[Engine, ...] = ("numpy", "numba")
CHUNK = 1 << 17
"""Resolvers taken through at a time: enough to make a pass worth its overhead, few enough for memory."""
TASK = 1 << 20
"""Resolvers given to a process at a time."""

_WEIGHTS = np.array([0x9E3779B97F4A7C15 * (2 * n + 1) % 2**64 for n in range(32)], np.uint64)


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of resolvers, by stratum; days count from the world's start, the last one is its stop.

    `final` counts by outcome at the stop (`arrays.OUTCOMES`), and `absent` those that never started. `failed`
    and `recovered` count by day those that failed first and were secure again to the end, `valid` (key by
    key) those that first trusted a key then. `checksum` is over all that every resolver came to.
    """

    resolvers: int
    visits: int
    checksum: int
    absent: Ints
    final: Ints
    failed: Ints
    recovered: Ints
    valid: Ints

    def __add__(self, other: Tally) -> Tally:
        """Return the tally of both."""
        return Tally(
            self.resolvers + other.resolvers, self.visits + other.visits,
            (self.checksum + other.checksum) % 2**64, self.absent + other.absent, self.final + other.final,
            self.failed + other.failed, self.recovered + other.recovered, self.valid + other.valid,
        )  # fmt: skip


Live: TypeAlias = Callable[[int, int, int, Arrays, Strata], Ints]


def engine_named(name: Engine) -> Live:
    """Return an engine. Raises DriverError for one whose library is not installed."""
    try:
        found: Live = import_module(".vector" if name == "numpy" else ".compiled", __package__).live
    except ModuleNotFoundError as problem:
        raise DriverError(
            f"engine {name} needs {problem.name}, which is not installed: pip install "
            "'root-rollover-lab[fast]', or choose the engine numpy"
        ) from None
    return found


def simulate(
    compiled: Compiled,
    seed: int,
    resolvers: int,
    *,
    engine: Engine = "numpy",
    chunk: int = CHUNK,
    executor: Executor | None = None,
    progress: Callable[[float], None] = lambda done: None,
) -> Tally:
    """Return what becomes of resolvers number 0 to `resolvers` - 1 of a fleet.

    The result depends on fleet, world, seed and number of resolvers alone. `executor` is anything with the
    face of concurrent.futures; without one all is done here. Raises DriverError for an engine that is not
    to be had.
    """
    engine_named(engine)
    size = max(chunk, TASK // 4 if resolvers < 4 * TASK else TASK)
    work = [(first, min(size, resolvers - first)) for first in range(0, resolvers, size)]
    fixed = (compiled.arrays, compiled.tables, len(compiled.strata), seed_key(seed), engine, chunk)
    if executor is None:
        parts: Iterable[Tally] = (tally(first, count, *fixed) for first, count in work)
    else:
        waiting = [executor.submit(tally, first, count, *fixed) for first, count in work]
        parts = (one.result() for one in waiting)
    total = _nothing(compiled.arrays, len(compiled.strata))
    for number, part in enumerate(parts, 1):
        total += part
        progress(number / len(work))
    return total


def tally(
    first: int, count: int, arrays: Arrays, tables: Strata, strata: int, key: int, engine: Engine, chunk: int
) -> Tally:
    """Return the tally of some resolvers; what a process is asked to do."""
    live = engine_named(engine)
    parts = (
        _sum_up(at, live(at, min(chunk, first + count - at), key, arrays, tables), arrays, strata)
        for at in range(first, first + count, chunk)
    )
    return reduce(Tally.__add__, parts, _nothing(arrays, strata))


def _nothing(arrays: Arrays, strata: int) -> Tally:
    """Return the tally of nobody."""
    days = arrays.stop // DAY + 1

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    return Tally(
        0, 0, 0, zeros(strata), zeros(strata, len(OUTCOMES)), zeros(strata, days), zeros(strata, days),
        zeros(arrays.keys, strata, days),
    )  # fmt: skip


def _sum_up(first: int, seen: Ints, arrays: Arrays, strata: int) -> Tally:
    """Add up what an engine made of resolvers."""
    days = arrays.stop // DAY + 1
    stratum, shape, visits = seen[0], seen[1], seen[4]
    there = shape >= 0
    outcome = arrays.shapes[shape[there], OUTCOME]

    def by_day(row: Ints) -> Ints:
        some = row >= 0
        place = stratum[some] * days + row[some] // DAY
        return np.bincount(place, minlength=strata * days).reshape(strata, days)

    places = stratum[there] * len(OUTCOMES) + outcome
    return Tally(
        seen.shape[1], int(visits[there].sum()), _checksum(first, seen, arrays),
        np.bincount(stratum[~there], minlength=strata),
        np.bincount(places, minlength=strata * len(OUTCOMES)).reshape(strata, -1),
        by_day(seen[2]), by_day(seen[3]), np.stack([by_day(row) for row in seen[5:]]),
    )  # fmt: skip


def _checksum(first: int, seen: Ints, arrays: Arrays) -> int:
    """Return a sum over resolvers of a digest of number, states of all keys, outcome, and all instants."""
    code = np.where(seen[1] >= 0, arrays.shapes[seen[1], -1], -1)
    digest = np.arange(first, first + seen.shape[1], dtype=np.uint64) * _WEIGHTS[0]
    for number, row in enumerate((seen[0], code, seen[2], seen[3], *seen[5:]), 1):
        digest += row.view(np.uint64) * _WEIGHTS[number]
    return int(mix(digest).sum(dtype=np.uint64))
