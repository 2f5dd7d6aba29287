"""Draw from a posterior known up to a factor: walkers that stretch towards each other.

The affine-invariant ensemble of Goodman and Weare (2010), in its parallel form: half of the walkers move
along lines through walkers of the other half. It needs no step sizes, so that nothing is tuned by hand, and
all of its chance comes from one counter-based generator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

STRETCH = 2.0
"""The longest stretch; the authors' value."""


def generator(seed: int, purpose: int) -> np.random.Generator:
    """Return a generator of its own for a seed and a purpose (Philox, which counts)."""
    return np.random.Generator(np.random.Philox(key=[seed % 2**64, purpose]))


def posterior(
    density: Callable[[Floats], Floats], start: Floats, steps: int, chance: np.random.Generator
) -> tuple[Floats, float]:
    """Return draws of shape (steps / 2 * walkers / 4, parameters), and the part of moves that was accepted.

    `start` has a row for each walker, an even number of them; `density` takes such rows to logarithms of the
    density. The first half of the steps is thrown away, and of the rest every fourth is kept.
    """
    here = start.copy()
    level = density(here)
    half, size = len(here) // 2, here.shape[1]
    kept, accepted = [], 0
    for step in range(steps):
        for mine, other in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
            stretch = (1 + (STRETCH - 1) * chance.random(half)) ** 2 / STRETCH
            partner = here[other][chance.integers(half, size=half)]
            there = partner + stretch[:, None] * (here[mine] - partner)
            new = density(there)
            gain = (size - 1) * np.log(stretch) + new - level[mine]
            takes = np.log(chance.random(half)) < gain
            here[mine] = np.where(takes[:, None], there, here[mine])
            level[mine] = np.where(takes, new, level[mine])
            accepted += int(takes.sum())
        if step >= steps // 2 and step % 4 == 0:
            kept.append(here.copy())
    return np.concatenate(kept), accepted / (steps * len(here))
