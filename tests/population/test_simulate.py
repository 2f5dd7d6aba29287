"""Counting a fleet: chunks, processes and engines make no difference."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context

import numpy as np
import pytest

from lab.errors import DriverError
from lab.population.simulate import Tally, engine_named, simulate

from .fleets import case


def same(one: Tally, other: Tally) -> bool:
    """Tell whether two tallies are equal in everything."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in Tally.__dataclass_fields__
    )


def test_chunks_and_processes_make_no_difference() -> None:
    """Three sizes of chunks, one process, two processes and two threads come to the same tally."""
    compiled = case(11, 4).compiled
    tallies = [simulate(compiled, 3, 3000, chunk=size) for size in (4096, 1000, 333)]
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        tallies += [simulate(compiled, 3, 3000, chunk=size, executor=pool) for size in (1000, 333)]
    with ThreadPoolExecutor(2) as threads:
        tallies.append(simulate(compiled, 3, 3000, chunk=512, executor=threads))
    assert all(same(tallies[0], other) for other in tallies[1:])
    assert tallies[0].resolvers == 3000 == tallies[0].absent.sum() + tallies[0].final.sum()
    assert tallies[0].checksum != simulate(compiled, 4, 3000).checksum


def test_another_number_of_resolvers_begins_alike() -> None:
    """A larger fleet holds the smaller one: whoever failed in that did so in it."""
    compiled = case(12, 4).compiled
    few, more = (simulate(compiled, 0, count) for count in (500, 700))
    assert (more.failed - few.failed).min() >= 0
    assert few.failed.sum() > 0


def test_an_engine_that_is_not_there_is_said() -> None:
    """Without numba the engine of that name says what to install."""
    if find_spec("numba") is None:
        with pytest.raises(DriverError, match="needs numba, which is not installed: pip install"):
            engine_named("numba")
    else:
        assert engine_named("numba") is not engine_named("numpy")
