"""Strata: resolvers that differ by chance alone, as the engines take them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..clock import DAY, Instant, Seconds
from .arrays import FAR, Arrays, Strata
from .assemble import Assembly
from .explore import Book, explore
from .machine import Machine
from .world import Stage, World

Books: TypeAlias = dict[tuple[Machine, Hashable], Book]
"""Books of machines by what their worlds have in common (`like`)."""

WARM_UP: Seconds = 2 * DAY
"""Resolvers that are older than the world start within its first two days, each with its own phase."""
FULL = 1 << 32


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a stratum starts within a span of time."""

    share: float
    begin: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Absence:
    """Once in every `every` seconds a resolver is away for `shortest` to `longest` seconds.

    A part of the absences, `restarts`, are restarts that take no time.
    """

    every: Seconds
    shortest: Seconds = 1
    longest: Seconds = 1
    restarts: float = 1.0


@dataclass(frozen=True, slots=True)
class Mending:
    """A part of the operators mends a failure, some time after it began."""

    share: float
    soonest: Seconds
    latest: Seconds


@dataclass(frozen=True, slots=True)
class Stratum:
    """One kind of resolver: the machine, its part of the fleet (any unit), and its habits."""

    machine: Machine
    share: float
    windows: tuple[Window, ...]
    absence: Absence | None = None
    mending: Mending | None = None
    cohort: int = 0


@dataclass(frozen=True, slots=True)
class Compiled:
    """A fleet ready to be simulated: what the engines read, and what the strata and shapes mean."""

    world: World
    strata: tuple[Stratum, ...]
    assembly: Assembly
    arrays: Arrays
    tables: Strata


def compile_strata(
    world: World, stage: Stage, strata: Sequence[Stratum], books: Books | None = None
) -> Compiled:
    """Explore the machines of strata, each once, and lay everything out in arrays. Raises ScenarioError.

    `books` keeps what was explored, for another world in which the same sets are published in the same order
    at other times: it has the same books, and a timeline that is delayed month by month needs them once.
    """
    assembly = Assembly(world)
    kept: Books = {} if books is None else books
    firsts: dict[Machine, tuple[int, int, int]] = {}
    for stratum in strata:
        machine = stratum.machine
        if machine not in firsts:
            place = (machine, like(world))
            if place not in kept:
                kept[place] = explore(machine, world, stage)
            firsts[machine] = assembly.add(kept[place])
    tables = _tables(world, strata, [firsts[stratum.machine] for stratum in strata])
    return Compiled(world, tuple(strata), assembly, assembly.arrays(), tables)


def like(world: World) -> Hashable:
    """Return what a world has in common with all in which machines have the same books."""
    meanings = tuple((keys.ksks, keys.revoked, keys.dnskey_signers) for keys in world.kinds)
    order = tuple(epoch.kind for epoch in world.epochs)
    return meanings, order, world.keys, world.dnskey_ttl, world.margin < 2 * world.dnskey_ttl


def bounds(shares: Sequence[float]) -> list[int]:
    """Return upper bounds of 32 bits drawn, in proportion to shares; the last one is 2**32."""
    total, upto, found = sum(shares), 0.0, []
    assert total > 0, "nobody at all"
    for share in shares:
        upto += share
        found.append(round(upto / total * FULL))
    last = max(number for number, share in enumerate(shares) if share > 0)
    return found[:last] + [FULL] * (len(found) - last)


def _tables(world: World, strata: Sequence[Stratum], firsts: Sequence[tuple[int, int, int]]) -> Strata:
    places: list[int] = []
    parts: list[tuple[int, int, int]] = []
    for stratum in strata:
        places.append(len(parts))
        windows = _pieces(world, stratum.windows)
        for upto, window in zip(bounds([window.share for window in windows]), windows, strict=True):
            parts.append((upto, window.begin - world.start, max(1, window.end - window.begin)))
    absences = [_absence(stratum.absence) for stratum in strata]
    mending = [stratum.mending or Mending(0.0, 1, 1) for stratum in strata]
    columns: list[Sequence[int]] = [
        bounds([stratum.share for stratum in strata]), [first[0] for first in firsts],
        [first[1] for first in firsts], places, *zip(*absences, strict=True),
        [round(mend.share * FULL) for mend in mending], [mend.soonest for mend in mending],
        [mend.latest - mend.soonest + 1 for mend in mending], [first[2] for first in firsts],
    ]  # fmt: skip
    return Strata(np.array(columns, np.int64).T.copy(), np.array(parts, np.int64))


def _pieces(world: World, windows: Sequence[Window]) -> list[Window]:
    """Return windows of which none lies before the world; what does starts in its first two days."""
    pieces = []
    for window in windows:
        if window.begin >= world.start:
            pieces.append(window)
            continue
        before = (min(window.end, world.start) - window.begin) / max(1, window.end - window.begin)
        pieces.append(Window(window.share * before, world.start, world.start + WARM_UP))
        if window.end > world.start:
            pieces.append(Window(window.share * (1 - before), world.start, window.end))
    return pieces


def _absence(absence: Absence | None) -> tuple[int, int, int, int, int]:
    """Return block, begins, shortest, lengths and zeros, as `arrays.Strata` has them."""
    if absence is None:
        return FAR, 1, 0, 1, 1
    longest = 0 if absence.restarts >= 1 else absence.longest
    begins = absence.every - longest - 4
    assert begins > 0, "an absence does not fit into its block"
    if absence.restarts >= 1:
        return absence.every, begins, 0, 1, 1
    lengths = absence.longest - absence.shortest + 1
    zeros = round(lengths * absence.restarts / (1 - absence.restarts))
    return absence.every, begins, absence.shortest, lengths + zeros, zeros
