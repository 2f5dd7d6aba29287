"""The jumps and the scalar engine agree to the second, on random resolvers in random timelines."""

from __future__ import annotations

import pytest

from lab.population.scalar import fates

from .fleets import by_kernel, case, fate


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(6))
def test_jumps_are_what_the_scalar_engine_does(seed: int) -> None:
    """Final state, outcome, first failure, recovery, and when each key became Valid are the same."""
    count = 25
    one = case(seed, 4)
    seen = by_kernel(one.compiled, seed, 0, count)
    expected = fates(one.compiled, one.scenario, seed, range(count), child=False)
    found = {number: fate(one.compiled, seen[:, number]) for number in range(count)}
    assert found == expected
    assert any(expected.values())
