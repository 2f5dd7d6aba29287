"""Which assumption moves the answer: Sobol indices of a fleet's ranges, by scipy's estimators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .fleet import Fleet
from .plan_cells import Cell
from .plan_weigh import Floats, Outcome, assumptions, weights_at

RESAMPLES = 99
"""Of the bootstrap behind the intervals of indices."""


def answers(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return the names of what `sobol` explains for one cell or two, in order."""
    return ("resolvers_broken", "users_broken", "resolvers_gain", "users_gain")[: 2 * len(cells)]


def sobol(fleet: Fleet, cells: Sequence[Cell], ttl_days: int, seed: int, size: int) -> tuple[Floats, Floats]:
    """Return first-order and total Sobol indices: arrays of answers x assumptions x (low, value, high).

    `cells` are the least delay and, if there is another, the greatest: what breaks at the first, and how much
    less at the second. First order is the part of the variance that ends once an assumption becomes known,
    total the part that stays if all others do; intervals are bootstrapped, at 90 %. `size`, a power of two,
    times (assumptions + 2) worlds are drawn, from Sobol's sequence scrambled by the seed. An answer that does
    not vary has indices of 0. The estimators are those of scipy.stats.sobol_indices (Saltelli et al. 2010).
    """
    from scipy.stats import qmc

    width = len(assumptions(fleet))
    tables = np.zeros((2, len(answers(cells)), width, 3))
    if not width:
        return tables[0], tables[1]
    chance = np.random.Generator(np.random.PCG64(seed))
    drawn = qmc.Sobol(2 * width, rng=chance).random(size)
    one, other = drawn[:, :width], drawn[:, width:]
    found = [_outputs(fleet, cells, ttl_days, one), _outputs(fleet, cells, ttl_days, other)]
    mixed = []
    for column in range(width):
        exchanged = one.copy()
        exchanged[:, column] = other[:, column]
        mixed.append(_outputs(fleet, cells, ttl_days, exchanged))
    moving = found[0].std(axis=1) > 1e-9
    if moving.any():
        given = (found[0][moving], found[1][moving], np.array(mixed)[:, moving])
        picks = [np.arange(size), *chance.integers(0, size, (RESAMPLES, size))]
        values = np.array([_indices(*(part[..., pick] for part in given)) for pick in picks])
        low, high = np.quantile(values[1:], (0.05, 0.95), axis=0)
        tables[:, moving] = np.stack((low, values[0], high), axis=-1)
    return tables[0], tables[1]


def _outputs(fleet: Fleet, cells: Sequence[Cell], ttl_days: int, quantiles: Floats) -> Floats:
    """Return the answers in worlds: an array of answers x worlds."""
    weights = weights_at(fleet, quantiles)
    found = [Outcome(weights, cell, ttl_days) for cell in cells]
    rows = [found[0].resolvers, found[0].users]
    if len(found) > 1:
        rows += [found[0].resolvers - found[1].resolvers, found[0].users - found[1].users]
    return np.array(rows)


def _indices(one: Floats, other: Floats, mixed: Floats) -> Floats:
    """Return first-order and total indices (2 x answers x assumptions) of what was found in worlds."""
    from scipy.stats import sobol_indices

    found = sobol_indices(func={"f_A": one, "f_B": other, "f_AB": mixed}, n=one.shape[-1])
    return np.array([found.first_order, found.total_order]).reshape(2, len(one), len(mixed))
