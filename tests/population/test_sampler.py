"""The sampler draws from what it is told to draw from."""

from __future__ import annotations

import numpy as np
import pytest

from lab.population.sampler import Floats, generator, posterior


def test_a_leaning_normal_is_found_again() -> None:
    """Means, spreads and the lean of a two-dimensional normal distribution come out as they went in."""
    cover = np.array([[1.0, 0.9 * 0.2], [0.9 * 0.2, 0.04]])
    inverse = np.linalg.inv(cover)

    def density(rows: Floats) -> Floats:
        off = rows - np.array([3.0, -1.0])
        return np.asarray(-0.5 * np.einsum("ri,ij,rj->r", off, inverse, off))

    chance = generator(7, 1)
    draws, accepted = posterior(density, chance.standard_normal((40, 2)), 2000, chance)
    assert draws.shape == (10_000, 2)
    assert 0.2 < accepted < 0.9
    assert draws.mean(axis=0) == pytest.approx([3.0, -1.0], abs=0.15)
    assert np.cov(draws.T) == pytest.approx(cover, rel=0.25)


def test_chance_has_a_seed_and_a_purpose() -> None:
    """The same seed and purpose give the same numbers, another of either gives others."""
    one = generator(5, 1).random(4).tolist()
    assert generator(5, 1).random(4).tolist() == one
    assert generator(6, 1).random(4).tolist() != one
    assert generator(5, 2).random(4).tolist() != one
