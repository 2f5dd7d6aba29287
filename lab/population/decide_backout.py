"""Back out of a roll: the same resolvers through the same days twice, with the back-out and without it.

Resolvers are numbered and their chances are functions of the number, so that what differs between the two
runs is what the back-out did. It is in force at once; operators know nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np

from ..authority.operators import back_out
from ..clock import DAY, Instant, format_instant
from ..errors import ScenarioError
from ..scenario.load import load_scenario
from ..scenario.spec import Scenario
from .arrays import Ints
from .draws import seed_key
from .fleet import Fleet
from .plan_cells import compiled
from .plan_result import Sure
from .plan_weigh import Floats, draws, interval, rates
from .plan_worlds import Delayed, roll_of
from .simulate import CHUNK, Engine, engine_named
from .strata import Compiled

GROUPS: dict[str, str] = {
    "broken": "broken right before",
    "healed": "of these: secure again, with the back-out",
    "healed_anyway": "of these: secure again without it, mended or by itself",
    "stay": "of these: still broken at the end, with the back-out",
    "spared": "well then, broken later if the roll goes on only",
    "harmed": "well then, broken later with the back-out only",
}
"""What becomes of resolvers, in words; in percent of those present at the end."""


@dataclass(frozen=True, slots=True)
class Share:
    """Percent of resolvers and of users."""

    resolvers: Sure
    users: Sure


@dataclass(frozen=True, slots=True)
class Moment:
    """Percent of resolvers broken some days after the second before the back-out, with and without it."""

    days: int
    with_it: Sure
    without_it: Sure


@dataclass(frozen=True, slots=True)
class BackOut:
    """What a back-out does: groups by name (`GROUPS`), counts of cohorts by group, and a curve by day."""

    scenario: Scenario
    at: Instant
    seed: int
    resolvers: int
    worlds: int
    groups: dict[str, Share]
    counts: dict[str, tuple[int, ...]]
    drawn: tuple[int, ...]
    curve: tuple[Moment, ...]


def two_worlds(argument: str, at: Instant, watch: int) -> tuple[Delayed, Delayed]:
    """Return a scenario as it is and with the back-out, both until `watch` days after it.

    Raises ScenarioError or TimelineError: no roll, an instant at which there is no way back, or no time left.
    """
    plain = load_scenario(argument)
    roll, rolled_at = roll_of(plain)
    turned = back_out(plain.timeline, at)
    stop = min(plain.stop, at + watch * DAY)
    if stop <= at:
        raise ScenarioError(
            f"ends before {format_instant(at)}", place=plain.path, remedy="back out while it lasts"
        )
    one = Delayed(replace(plain, stop=stop), 0, rolled_at, roll.new[0])
    digest = sha256(f"{plain.digest} back-out {at}".encode()).hexdigest()
    return one, replace(one, scenario=replace(plain, stop=stop, timeline=turned, digest=digest))


def rehearse(
    fleet: Fleet, argument: str, at: Instant, *, resolvers: int, seed: int, worlds: int = 1024,
    watch: int = 60, engine: Engine = "numpy",
) -> BackOut:  # fmt: skip
    """Back out of a roll and say who heals, who stays broken, and whom the back-out itself breaks.

    Raises what `two_worlds` does, and DriverError for an engine that is not to be had.
    """
    plain, turned = two_worlds(argument, at, watch)
    pair = (compiled(fleet, plain), compiled(fleet, turned))
    since = at - plain.scenario.start
    days = (plain.scenario.stop - at) // DAY + 1
    cohorts = len(fleet.cohorts)
    counts = {name: np.zeros(cohorts) for name in GROUPS}
    drawn, present = np.zeros(cohorts), np.zeros(cohorts)
    broken = np.zeros((2, days, cohorts))
    for one, other in _both(pair, resolvers, seed_key(seed), engine):
        cohort = np.array([stratum.cohort for stratum in pair[0].strata])[one[0]]
        there = (one[1] >= 0) & (other[1] >= 0)
        drawn += np.bincount(cohort, minlength=cohorts)
        present += np.bincount(cohort[there], minlength=cohorts)
        for name, some in _groups(one, other, since).items():
            counts[name] += np.bincount(cohort[some & there], minlength=cohorts)
        for number, seen in enumerate((other, one)):
            for day in range(days):
                some = _broken(seen, since - 1 + day * DAY) if day else _broken_before(one, other, since)
                some &= there
                broken[number, day] += np.bincount(cohort[some], minlength=cohorts)
    weights, chances = draws(fleet, seed, worlds)
    weigh = _Weigh(weights.shares, weights.users, chances, drawn, present)
    return BackOut(
        turned.scenario, at, seed, resolvers, worlds,
        {name: weigh.share(some) for name, some in counts.items()},
        {name: tuple(int(n) for n in some) for name, some in counts.items()}, tuple(int(n) for n in drawn),
        tuple(Moment(day, weigh.resolvers(broken[0, day]), weigh.resolvers(broken[1, day]))
              for day in range(days)),
    )  # fmt: skip


def _both(
    pair: tuple[Compiled, Compiled], resolvers: int, key: int, engine: Engine
) -> Iterator[tuple[Ints, Ints]]:
    """Yield what becomes of resolvers without and with the back-out, a chunk at a time."""
    live = engine_named(engine)
    for first in range(0, resolvers, CHUNK):
        size = min(CHUNK, resolvers - first)
        one, other = (live(first, size, key, ready.arrays, ready.tables) for ready in pair)
        yield one, other


def _broken(seen: Ints, at: int) -> Ints:
    """Tell who is broken at an instant: failed by then, and not yet secure again for good."""
    failed, recovered = seen[2], seen[3]
    found: Ints = (failed >= 0) & (failed <= at) & ((recovered < 0) | (recovered > at))
    return found


def _broken_before(one: Ints, other: Ints, since: int) -> Ints:
    """Tell who is broken right before an instant until which both runs are the same.

    A resolver that was mended and breaks again is known by its last recovery alone, so that the run in which
    it does not break again says how it stood.
    """
    return _broken(one, since - 1) & _broken(other, since - 1)


def _broken_after(seen: Ints, since: int) -> Ints:
    """Tell who is broken at some time from an instant on."""
    found: Ints = (seen[2] >= since) | ((seen[2] >= 0) & ((seen[3] < 0) | (seen[3] >= since)))
    return found


def _groups(one: Ints, other: Ints, since: int) -> dict[str, Ints]:
    """Return who belongs to which of `GROUPS`; `one` goes on with the roll, `other` backs out."""
    broken = _broken_before(one, other, since)
    well = ~broken
    later, later_too = _broken_after(one, since) & well, _broken_after(other, since) & well
    return {
        "broken": broken, "healed": broken & (other[3] >= 0),
        "healed_anyway": broken & (one[3] >= 0), "stay": broken & (other[3] < 0),
        "spared": later & ~later_too, "harmed": later_too & ~later,
    }  # fmt: skip


@dataclass(frozen=True)
class _Weigh:
    """Weights of cohorts in worlds, and how many of each cohort there are."""

    shares: Floats
    users: Floats
    chances: Floats
    drawn: Floats
    present: Floats

    def _percent(self, some: Floats, weights: Floats) -> Sure:
        there = weights @ (self.present / np.maximum(1, self.drawn))
        found = rates(some, np.maximum(self.drawn, some), self.chances)
        values = 100 * (weights * np.where(some > 0, found, 0.0)).sum(axis=1) / np.maximum(there, 1e-300)
        low, median, high = (round(end or 0.0, 6) for end in interval(np.minimum(values, 100.0)))
        return Sure(low=low, median=median, high=high)

    def resolvers(self, some: Floats) -> Sure:
        """Return percent of resolvers: counts of cohorts, weighted."""
        return self._percent(some, self.shares)

    def share(self, some: Floats) -> Share:
        """Return percent of resolvers and of users."""
        return Share(self.resolvers(some), self._percent(some, self.shares * self.users))
