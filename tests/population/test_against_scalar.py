"""The jumps and the scalar engine agree to the second, on random resolvers in random timelines."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import settings

from lab.population import vector
from lab.population.draws import seed_key
from lab.population.scalar import fate_of, fates
from lab.population.simulate import Engine, engine_named

from ..effort import ORDINARY
from .fleets import by_kernel, case

WORLDS = 25 * settings().max_examples // ORDINARY
"""Random worlds by `make test`; twenty times as many by night, each with as many resolvers."""
RESOLVERS = 200
HERE: tuple[Engine, ...] = ("numpy", "numba") if find_spec("numba") else ("numpy",)
"""The engines that are installed: the extra `fast` is more than a test machine needs."""


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(WORLDS))
def test_jumps_are_what_the_scalar_engine_does(seed: int) -> None:
    """Final state, outcome, first failure, recovery, and when each key became Valid are the same."""
    one = case(seed, 4)
    seen = vector.live(0, RESOLVERS, seed_key(seed), one.compiled.arrays, one.compiled.tables)
    expected = fates(one.compiled, one.scenario, seed, range(RESOLVERS), child=False)
    assert {number: fate_of(one.compiled, seen[:, number]) for number in range(RESOLVERS)} == expected
    assert any(expected.values())


@pytest.mark.parametrize("engine", HERE)
@pytest.mark.parametrize("seed", range(100, 104))
def test_engines_do_what_the_kernel_does(seed: int, engine: Engine) -> None:
    """The engines and the kernel as plain Python come to the same, visits included, whatever the chunks."""
    live = engine_named(engine)
    one = case(seed, 5)
    alone, tables = by_kernel(one.compiled, seed, 0, 300), (one.compiled.arrays, one.compiled.tables)
    for size in (300, 97, 16):
        parts = [
            live(first, min(size, 300 - first), seed_key(seed), *tables) for first in range(0, 300, size)
        ]
        assert np.array_equal(np.concatenate(parts, axis=1), alone)
