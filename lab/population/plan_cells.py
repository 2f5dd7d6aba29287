"""One cell of a sweep: a fleet through one timeline, cohort by cohort, small enough to keep in a file.

Every cohort gets the same number of resolvers, whatever its share, so that rare ones are counted as well as
common ones, and shares and users are weights that are put on afterwards: drawing them needs no new run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..clock import DAY
from .fleet import Fleet, names_of, strata_of
from .plan_worlds import Delayed
from .simulate import Engine, simulate
from .strata import Books, Compiled, Stratum, compile_strata
from .world import Stage, world_of

_BOOKS: Books = {}
"""What this process has explored: cells differ in times, and machines know nothing of those."""

LAYOUT = 1
"""Of the files of parts; another number makes old parts worth nothing."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a cohort: resolvers drawn, those present at the stop, and counts by day.

    `failed` and `recovered` count from the day of the roll on, `learnt` (the new key became Valid) from the
    start on; days are cut at the stop. `before` are those that failed first before the day of the roll.
    """

    drawn: int
    present: int
    before: int
    failed: tuple[int, ...]
    recovered: tuple[int, ...]
    learnt: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A fleet through one timeline: counts of each cohort in the order of the fleet file."""

    key: str
    cohorts: tuple[Counts, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """A cell to be computed: everything its result depends on."""

    fleet: Fleet
    delayed: Delayed
    resolvers: int
    seed: int

    @property
    def key(self) -> str:
        """Return a SHA-256 in hex over all the result depends on; the engine is left out, for it does not."""
        facts = [
            LAYOUT, self.fleet.digest, self.delayed.scenario.digest, self.delayed.scenario.stop,
            self.delayed.rolled_at, self.delayed.key, self.resolvers, self.seed,
        ]  # fmt: skip
        return sha256(json.dumps(facts).encode()).hexdigest()


def even_strata(fleet: Fleet, delayed: Delayed) -> tuple[Stratum, ...]:
    """Return the strata of a fleet with the same share for every cohort. Raises ScenarioError."""
    strata = strata_of(fleet, delayed.scenario)
    total = [sum(one.share for one in strata if one.cohort == k) for k in range(len(fleet.cohorts))]
    return tuple(
        replace(one, share=one.share / total[one.cohort] if total[one.cohort] else 0.0) for one in strata
    )


def compiled(fleet: Fleet, delayed: Delayed) -> Compiled:
    """Compile a fleet of even cohorts for a timeline. Raises ScenarioError."""
    strata = even_strata(fleet, delayed)
    world = world_of(delayed.scenario, names_of(strata))
    return compile_strata(world, Stage(world, delayed.scenario), strata, _BOOKS)


def compute(order: Order, engine: Engine) -> Cell:
    """Compute a cell; what a process is asked to do."""
    ready = compiled(order.fleet, order.delayed)
    tally = simulate(ready, order.seed, order.resolvers, engine=engine)
    first = (order.delayed.rolled_at - ready.world.start) // DAY
    key = ready.world.keys.index(order.delayed.key)
    cohorts = []
    for number in range(len(order.fleet.cohorts)):
        own = [k for k, stratum in enumerate(ready.strata) if stratum.cohort == number]
        failed, absent = tally.failed[own].sum(axis=0), int(tally.absent[own].sum())
        present = int(tally.final[own].sum())
        cohorts.append(
            Counts(
                present + absent, present, int(failed[:first].sum()), _days(failed[first:]),
                _days(tally.recovered[own].sum(axis=0)[first:]), _days(tally.valid[key][own].sum(axis=0)),
            )
        )  # fmt: skip
    return Cell(order.key, tuple(cohorts))


def _days(counts: np.ndarray[Any, Any]) -> tuple[int, ...]:
    return tuple(int(one) for one in counts)


class Parts:
    """A folder of finished cells, one file each, named by what they were computed from.

    A file appears whole under its name or not at all, whenever its writer is killed, and says itself what its
    content adds up to: one that was damaged later is computed anew.
    """

    def __init__(self, folder: Path) -> None:
        """Use a folder, which need not exist yet."""
        self.folder = folder

    def path(self, key: str) -> Path:
        """Return where the cell of a key is kept."""
        return self.folder / f"{key}.json"

    def load(self, key: str) -> Cell | None:
        """Return a finished cell, or None if there is none that can be used."""
        try:
            found = json.loads(self.path(key).read_bytes())
            cell = _cell(found["cell"])
            whole = found["sha256"] == _digest(cell)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cell if whole and cell.key == key else None

    def save(self, cell: Cell) -> None:
        """Keep a finished cell, for good: it is on the disk before it has its name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(
            self.path(cell.key), json.dumps({"cell": asdict(cell), "sha256": _digest(cell)}).encode() + b"\n"
        )

    def leftovers(self) -> Iterator[Path]:
        """Yield the files that writers left half-written when they were killed."""
        yield from sorted(self.folder.glob(".*.part"))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole under its name or not at all, also across a crash."""
    waiting = path.with_name(f".{path.name}.{os.getpid()}.part")
    with waiting.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(path)


def _cell(found: Any) -> Cell:
    """Return a cell from JSON. Raises KeyError, TypeError or ValueError."""
    cohorts = (
        Counts(
            int(one["drawn"]), int(one["present"]), int(one["before"]),
            *(tuple(int(n) for n in one[name]) for name in ("failed", "recovered", "learnt")),
        )
        for one in found["cohorts"]
    )  # fmt: skip
    return Cell(str(found["key"]), tuple(cohorts))


def _digest(cell: Cell) -> str:
    return sha256(json.dumps(asdict(cell), sort_keys=True).encode()).hexdigest()
