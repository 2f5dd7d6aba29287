"""Registers of many resolvers at a time, as columns, and what transitions do to them.

The names are `kernel`'s, and so is the meaning; a test holds the two equal to the bit.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from . import arrays as t
from .arrays import FAR, Arrays, Ints, Strata
from .draws import ABSENCE, COHORT, FIRST, GOLDEN, LIFE_SHIFT, PURPOSE_SHIFT, REFRESH, REPAIR, SECOND, START

Bits: TypeAlias = npt.NDArray[np.uint64]
Mask: TypeAlias = npt.NDArray[np.bool_]

_FIRST, _SECOND, _GOLDEN = np.uint64(FIRST), np.uint64(SECOND), np.uint64(GOLDEN)
_27, _30, _31, _32 = (np.uint64(n) for n in (27, 30, 31, 32))
_LOW = np.uint64(0xFFFFFFFF)
_REGISTERS = (
    "now", "shape", "epoch", "refresh", "count", "life", "client", "stratum", "born", "block", "begin", "end",
    "mended", "failed", "recovered", "visits", "number",
)  # fmt: skip


def mix(value: Bits) -> Bits:
    """Scramble 64 bits, in place."""
    value ^= value >> _30
    value *= _FIRST
    value ^= value >> _27
    value *= _SECOND
    value ^= value >> _31
    return value


def keys_of(seed: int, first: int, count: int) -> Bits:
    """Return the keys of resolvers from number `first` on."""
    numbers = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    return mix(np.uint64(seed) ^ mix(numbers * _GOLDEN))


def draw(key: Bits, purpose: int, counter: Ints) -> Bits:
    """Return 64 bits for each key and counter."""
    place = counter.astype(np.uint64)
    place |= np.uint64(purpose << PURPOSE_SHIFT)
    place *= _GOLDEN
    place += key
    return mix(place)


def upper(bits: Bits) -> Ints:
    """Return the upper 32 bits."""
    return (bits >> _32).view(np.int64)


def lower(bits: Bits) -> Ints:
    """Return the lower 32 bits."""
    return (bits & _LOW).view(np.int64)


class Tables:
    """The columns of `Arrays` and `Strata`, each on its own."""

    def __init__(self, a: Arrays, s: Strata) -> None:
        """Take the tables apart."""
        self.keys, self.number, self.stop = a.keys, a.number, a.stop
        self.width = 1 << a.keys
        self.epoch_at = a.epochs
        self.places = [np.ascontiguousarray(column) for column in a.places.T]
        self.visits = a.places[:, :3].reshape(-1).copy()
        self.situations = [np.ascontiguousarray(column) for column in a.situations.T]
        self.transitions = a.transitions
        self.plans = [np.ascontiguousarray(column) for column in a.plans.T]
        self.shapes = [np.ascontiguousarray(column) for column in a.shapes.T]
        self.clocks = [np.ascontiguousarray(column) for column in a.clocks.T]
        self.strata = [np.ascontiguousarray(column) for column in s.strata.T]
        self.windows = s.windows


class Columns:
    """Resolvers under way: a column for each, a row for each register."""

    def __init__(self, tables: Tables, seed: int, first: int, count: int) -> None:
        """Draw who the resolvers are, and start them."""
        self.t, self.size = tables, count
        self.key = keys_of(seed, first, count)
        self.reg = {name: np.zeros(count, np.int64) for name in _REGISTERS}
        self.reg["number"] = np.arange(count)
        self.seen = np.full((5 + tables.keys, count), -1, np.int64)
        strata = tables.strata
        none = np.zeros(count, np.int64)
        bits = upper(draw(self.key, COHORT, none))
        stratum = np.searchsorted(strata[t.UPTO], bits, side="right")
        self.seen[0] = self.reg["stratum"] = stratum
        born = self._born(draw(self.key, START, none), stratum)
        shape = strata[t.FIRST_SHAPE][stratum]
        running = tables.shapes[t.RUNNING][shape] != 0
        due = running & (strata[t.FIRST_REFRESH][stratum] == t.NOW)
        self.reg |= {
            "now": born, "born": born.copy(), "shape": shape, "refresh": np.where(due, born, FAR),
            "client": np.where(running, born, FAR), "mended": none + FAR, "failed": none - 1,
            "recovered": none - 1,
        }  # fmt: skip
        self.since = [born.copy() for _ in range(tables.keys)]
        valid = strata[t.FIRST_VALID][stratum]
        self.valid = [np.where((valid >> k) & 1, born, -1) for k in range(tables.keys)]
        every = np.arange(count)
        self._put_absence(every, none)
        self._seek_epoch(every)
        self._leave(born >= tables.stop, started=False)

    def _born(self, bits: Bits, stratum: Ints) -> Ints:
        """Return when resolvers start: the window that one draw chooses, and the place in it."""
        windows, first = self.t.windows, self.t.strata[t.WINDOWS][stratum]
        chance, window = upper(bits), first.copy()
        last = np.append(self.t.strata[t.WINDOWS][1:], len(windows))[stratum] - 1
        while (later := (chance >= windows[window, t.WINDOW_UPTO]) & (window < last)).any():
            window += later
        offset = (lower(bits) * windows[window, t.WINDOW_SPAN]) >> 32
        return np.asarray(windows[window, t.WINDOW_BEGIN] + offset, np.int64)

    def _leave(self, through: Mask, *, started: bool = True) -> None:
        """Write down those that are through, and take them out."""
        number = self.reg["number"][through]
        if started and len(number):
            for row, name in enumerate(("shape", "failed", "recovered", "visits"), 1):
                self.seen[row, number] = self.reg[name][through]
            for k, valid in enumerate(self.valid):
                self.seen[5 + k, number] = valid[through]
        if not len(number):
            return
        stays = np.flatnonzero(~through)
        self.key = self.key[stays]
        self.reg = {name: register[stays] for name, register in self.reg.items()}
        self.since = [register[stays] for register in self.since]
        self.valid = [register[stays] for register in self.valid]

    def _place(self, some: slice | Ints) -> Ints:
        """Return the places of resolvers: shape, clocks, epoch."""
        reg, tables = self.reg, self.t
        shape, now, epoch = reg["shape"][some], reg["now"][some], reg["epoch"][some]
        bits = np.zeros(len(shape), np.int64)
        for k in range(tables.keys):
            bits |= (now - self.since[k][some] >= tables.clocks[k][shape]).astype(np.int64) << k
        return (shape * tables.width + bits) * tables.number + epoch

    def _height(self, some: Ints, life: Ints, number: Ints, half: Ints) -> Ints:
        """Return h(number) of lives, as `draws.Drift` has it."""
        if not half.any():
            return np.zeros(len(some), np.int64)
        bits = draw(self.key[some], REFRESH, (life << LIFE_SHIFT) | number)
        return (upper(bits) * half) >> 32

    def _undergo(self, some: Ints, transition: Ints) -> None:
        """Do to the registers what transitions do."""
        reg, table = self.reg, np.take(self.t.transitions, transition, axis=0).T
        now, shape = reg["now"][some], table[t.TARGET]
        for k in range(self.t.keys):
            begun = (table[t.BEGUN] & (1 << k)) != 0
            self.since[k][some[begun]] = now[begun]
            fresh = (table[t.VALID] & (1 << k)) != 0
            fresh &= self.valid[k][some] < 0
            self.valid[k][some[fresh]] = now[fresh]
        reg["shape"][some] = shape
        rule, refresh = table[t.REFRESH_RULE], reg["refresh"][some]
        planned = np.flatnonzero(rule == t.SET)
        if len(planned):
            refresh[planned] = self._planned(some[planned], table[:, planned], now[planned])
        refresh[rule == t.NEVER] = FAR
        at_once = (rule == t.NOW) | ((rule == t.STORED) & ((refresh < now) | (refresh >= FAR)))
        reg["refresh"][some] = np.where(at_once, now, refresh)
        rule, client = table[t.CLIENT_RULE], reg["client"][some]
        client = np.where((rule == t.GOOD) | (rule == t.BAD), now + table[t.PERIOD], client)
        client[rule == t.NOW] = now[rule == t.NOW]
        client[rule == t.NEVER] = FAR
        reg["client"][some] = client

    def _planned(self, some: Ints, table: Ints, now: Ints) -> Ints:
        """Return when resolvers refresh next that plan it now: after a delay, or when a clock runs out."""
        reg, half, shape = self.reg, table[t.HALF], table[t.TARGET]
        life, count = reg["life"][some], reg["count"][some] + 1
        reg["count"][some] = count
        at: Ints = now + table[t.STEP]
        drawn = np.flatnonzero(half)
        if len(drawn):
            who, spans = some[drawn], half[drawn]
            at[drawn] += self._height(who, life[drawn], count[drawn], spans)
            at[drawn] -= self._height(who, life[drawn], count[drawn] - 1, spans)
        for k in range(self.t.keys):
            end = self.since[k][some] + self.t.clocks[k][shape]
            nearer = ((self.t.shapes[t.DEADLINES][shape] >> k) & 1 != 0) & (now < end) & (end < at)
            at = np.where(nearer, end, at)
        return at

    def _note(self, some: Ints) -> None:
        """Note what clients see now; at a first failure, see when an operator will mend it."""
        reg = self.reg
        seen = self.t.shapes[t.OUTCOME][reg["shape"][some]]
        bad = some[(seen != t.SECURE) & (seen != t.OFF)]
        failed = reg["failed"]
        well = some[(seen == t.SECURE) & (failed[some] >= 0)]
        well = well[reg["recovered"][well] < 0]
        reg["recovered"][well] = reg["now"][well]
        reg["recovered"][bad] = -1
        first = bad[failed[bad] < 0]
        if not len(first):
            return
        failed[first] = reg["now"][first]
        strata, stratum = self.t.strata, reg["stratum"][first]
        bits = draw(self.key[first], REPAIR, np.zeros(len(first), np.int64))
        will = upper(bits) < strata[t.MENDED][stratum]
        wait = (lower(bits) * strata[t.NOTICE_SPAN][stratum]) >> 32
        at = failed[first] + strata[t.NOTICE][stratum] + wait
        block = np.maximum(0, (at - reg["born"][first]) // strata[t.BLOCKS][stratum])
        begin, end = self._absence(first, block)
        at = np.where((begin <= at) & (at <= end), end + 1, at)
        reg["mended"][first[will]] = at[will]

    # -- absences --------------------------------------------------------------------------------------------

    def _absence(self, some: Ints, block: Ints) -> tuple[Ints, Ints]:
        """Return begin and end of the absence in a block of each resolver, FAR for those always there."""
        strata, stratum = self.t.strata, self.reg["stratum"][some]
        length = strata[t.BLOCKS][stratum]
        away = length < FAR
        bits = draw(self.key[some], ABSENCE, block)
        begin = self.reg["born"][some] + block * np.where(away, length, 0) + 1
        begin += (upper(bits) * strata[t.BEGINS][stratum]) >> 32
        spent = ((lower(bits) * strata[t.LENGTHS][stratum]) >> 32) - strata[t.ZEROS][stratum]
        end = begin + np.where(spent >= 0, strata[t.SHORTEST][stratum] + spent, 0)
        return np.where(away, begin, FAR), np.where(away, end, FAR)

    def _put_absence(self, some: Ints, block: Ints) -> None:
        """Put the absence of a block into the registers."""
        reg = self.reg
        reg["begin"][some], reg["end"][some] = self._absence(some, block)
        reg["block"][some] = block

    def _seek_epoch(self, some: Ints) -> None:
        """Bring the epochs up to the instant."""
        at = np.searchsorted(self.t.epoch_at, self.reg["now"][some], side="right") - 1
        self.reg["epoch"][some] = np.maximum(at, 0)
