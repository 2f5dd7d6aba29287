"""Weigh counts of cohorts by shares and users that nobody knows: draws and intervals.

A number with a range is drawn so that its best value is the median and the ends of the range are never left:
on either side evenly in the logarithm, or evenly if the range begins at 0. The same draws serve all delays,
so that differences between delays are differences within a world.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .fleet import Fleet
from .plan_cells import Cell
from .tables import Estimate

Floats: TypeAlias = npt.NDArray[np.float64]

LEVELS = (0.05, 0.5, 0.95)
"""The quantiles shown: the median in a 90 % interval."""
RESIDUE = 0.1
"""Days to repair are those until no more than this part of the worst day is still broken."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number of a fleet file that has a range: `kind` is `share` or `users`, `cohort` whose it is."""

    kind: str
    cohort: int
    name: str
    estimate: Estimate

    def at(self, quantile: Floats) -> Floats:
        """Return the values at quantiles from 0 to 1."""
        low, high = self.estimate.range
        best = float(self.estimate.value)
        below, above = np.minimum(2 * quantile, 1.0), np.maximum(2 * quantile - 1, 0.0)
        if low > 0:
            found = low * (best / low) ** below * (high / best) ** above
        else:
            found = best * below + (high - best) * above
        return np.asarray(found, np.float64)


def assumptions(fleet: Fleet) -> tuple[Assumption, ...]:
    """Return the shares and users of a fleet that have a range, in the order of the file."""
    found = []
    for number, cohort in enumerate(fleet.cohorts):
        for kind, estimate in (("share", cohort.share), ("users", cohort.users)):
            if estimate is not None and estimate.range[0] < estimate.range[1]:
                found.append(Assumption(kind, number, f"{kind} of {cohort.name}", estimate))
    return tuple(found)


@dataclass(frozen=True)
class Weights:
    """Shares and users of cohorts in many worlds: arrays of worlds x cohorts."""

    shares: Floats
    users: Floats


def weights_at(fleet: Fleet, quantiles: Floats) -> Weights:
    """Return the weights at quantiles of a fleet's assumptions: an array of worlds x assumptions."""
    best = [
        [float(cohort.share.value), float(cohort.users.value) if cohort.users else 1.0]
        for cohort in fleet.cohorts
    ]
    table = np.tile(np.array(best).T, (len(quantiles), 1, 1))
    for column, one in enumerate(assumptions(fleet)):
        table[:, 0 if one.kind == "share" else 1, one.cohort] = one.at(quantiles[:, column])
    return Weights(table[:, 0], table[:, 1])


def rates(some: Floats, of: Floats, chances: Floats) -> Floats:
    """Return parts of cohorts at quantiles of what counting `some` out of `of` leaves open (Jeffreys)."""
    from scipy.special import betaincinv

    return np.asarray(betaincinv(some + 0.5, of - some + 0.5, chances), np.float64)


@dataclass(frozen=True)
class Outcome:
    """What one delay comes to, in each of many worlds."""

    weights: Weights
    cell: Cell
    ttl_days: int
    """Days after the day of the roll that may still see resolvers fail because of it: those of the TTL."""
    chances: Floats | None = None
    """Quantiles, worlds x cohorts, of what sampling alone leaves open about cohorts; None: leave it out."""

    @cached_property
    def present(self) -> Floats:
        """Return the part of each cohort that is there."""
        return np.array([one.present / max(1, one.drawn) for one in self.cell.cohorts])

    @cached_property
    def failing(self) -> Floats:
        """Return the part of each cohort that fails in the days of the roll: worlds x cohorts, or cohorts."""
        failed = np.array([sum(one.failed[: self.ttl_days + 1]) for one in self.cell.cohorts], np.float64)
        drawn = np.array([max(1, one.drawn) for one in self.cell.cohorts], np.float64)
        return failed / drawn if self.chances is None else rates(failed, drawn, self.chances)

    def _mean(self, found: Floats, weights: Floats) -> Floats:
        """Return percentages: rates of cohorts, weighted, of what is present."""
        there = weights @ self.present
        return np.asarray(100 * (weights * found).sum(axis=1) / np.maximum(there, 1e-300), np.float64)

    @cached_property
    def resolvers(self) -> Floats:
        """Return the percentage of resolvers that fail, world by world."""
        return self._mean(self.failing, self.weights.shares)

    @cached_property
    def users(self) -> Floats:
        """Return the percentage of users behind a resolver that fails, world by world."""
        return self._mean(self.failing, self.weights.shares * self.weights.users)

    @cached_property
    def curve(self) -> Floats:
        """Return the percentage of resolvers that are broken at the end of each day (worlds x days)."""
        broken = np.array([
            (np.cumsum(one.failed) - np.cumsum(one.recovered)) / max(1, one.drawn)
            for one in self.cell.cohorts
        ])  # fmt: skip
        there = np.maximum(self.weights.shares @ self.present, 1e-300)
        return np.asarray(100 * (self.weights.shares @ broken) / there[:, None], np.float64)

    @cached_property
    def repair(self) -> Floats:
        """Return the days from the roll until a tenth of the worst day is left; inf if that is not seen."""
        curve = self.curve
        worst = curve.max(axis=1)
        peak = curve.argmax(axis=1)
        days = np.arange(curve.shape[1])
        good = (curve <= RESIDUE * worst[:, None]) & (days >= peak[:, None])
        first = np.where(good.any(axis=1), good.argmax(axis=1), np.inf)
        return np.where(worst > 0, first, 0.0)


def interval(values: Floats) -> tuple[float | None, float | None, float | None]:
    """Return the median between the ends of its 90 % interval: low, median, high; None for infinity."""
    found = np.quantile(values, LEVELS, method="inverted_cdf")
    low, median, high = (None if np.isinf(one) else float(one) for one in found)
    return low, median, high


def draws(fleet: Fleet, seed: int, worlds: int) -> tuple[Weights, Floats]:
    """Draw worlds: weights, and the quantiles of `Outcome.chances`."""
    chance = np.random.Generator(np.random.PCG64(seed))
    weights = weights_at(fleet, chance.random((worlds, len(assumptions(fleet)))))
    return weights, chance.random((worlds, len(fleet.cohorts)))
