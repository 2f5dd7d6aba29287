"""The kernel compiled by numba (extra `fast`): the same text, with draws of 64 bits done by the machine.

Compiling takes some fifteen seconds the first time; the result is kept beside the module, or in the folder
NUMBA_CACHE_DIR names.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numba import njit
from numba.core.errors import NumbaIRAssumptionWarning
from numba.extending import overload, register_jitable

from . import kernel
from .arrays import Arrays, Ints, Strata
from .draws import FIRST, GOLDEN, PURPOSE_SHIFT, SECOND

_FIRST, _SECOND, _GOLDEN = np.uint64(FIRST), np.uint64(SECOND), np.uint64(GOLDEN)
_PURPOSE = np.uint64(PURPOSE_SHIFT)
_30, _27, _31, _32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@register_jitable
def _mix(value: Any) -> Any:
    """Scramble 64 bits, as `draws.mix`."""
    value = (value ^ (value >> _30)) * _FIRST
    value = (value ^ (value >> _27)) * _SECOND
    return value ^ (value >> _31)


@overload(kernel.key_of, strict=False)
def _key_of(_seed: Any, _number: Any) -> Any:
    return lambda seed, number: _mix(seed ^ _mix(np.uint64(number + 1) * _GOLDEN))


@overload(kernel.upper, strict=False)
def _upper(_key: Any, _purpose: Any, _counter: Any) -> Any:
    return lambda key, purpose, counter: np.int64(
        _mix(key + ((np.uint64(purpose) << _PURPOSE) | np.uint64(counter)) * _GOLDEN) >> _32
    )


@overload(kernel.lower, strict=False)
def _lower(_key: Any, _purpose: Any, _counter: Any) -> Any:
    return lambda key, purpose, counter: np.int64(
        _mix(key + ((np.uint64(purpose) << _PURPOSE) | np.uint64(counter)) * _GOLDEN) & _LOW
    )


# Called in place, a part costs a hundred counts of references; written into its caller, none. numba's check
# of its own text then wonders about names that are never read; the results are held equal by a test.
warnings.filterwarnings("ignore", category=NumbaIRAssumptionWarning)
for _part in (
    kernel.begin, kernel.seek_absence, kernel.seek_epoch, kernel.situation, kernel.height, kernel.undergo,
    kernel.note, kernel.after_absence, kernel.carry, kernel.skip_absences, kernel.horizon_of,
    kernel.next_visit, kernel.change_life, kernel.advance, kernel.mend,
):  # fmt: skip
    register_jitable(inline="always")(_part)

_run = njit(kernel.run, cache=True, nogil=True)


def live(first: int, count: int, seed: int, arrays: Arrays, strata: Strata) -> Ints:
    """Return what becomes of `count` resolvers from `first` on, as `kernel.run` has it; `seed` is a key."""
    seen = np.empty((5 + arrays.keys, count), np.int64)
    registers = np.zeros(kernel.REGISTERS, np.int64)
    since, valid = np.zeros(arrays.keys, np.int64), np.zeros(arrays.keys, np.int64)
    _run(first, count, np.uint64(seed), arrays, strata, registers, since, valid, seen)
    return seen
