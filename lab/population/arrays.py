"""What books say, as arrays: what a visit does, when the next one is worth making, and whose book it is.

A *situation* is a shape and which of its clocks have run out: shape times `2**keys`, plus a bit for each key.
A *place* is a situation in an epoch: situation times the number of epochs, plus the epoch. Places name
transitions and plans by number, of which there are few. Arrays have a row for each thing and few columns, so
that what is needed together lies together.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Short: TypeAlias = npt.NDArray[np.int32]

FAR: Final = 1 << 60
"""Later than any instant, with room to add to it."""

VISIT_REFRESH, VISIT_CLIENT, VISIT_BOTH, REPAIRED, PLAN, WAKE = 0, 1, 2, 3, 4, 5
"""Columns of `places`: the transition by what is due, and by an operator; the plan; and when the first epoch
begins in which another plan holds."""

BACK, RESTARTED = 0, 1
"""Columns of `situations`: the transition when an absence ends, and by a restart."""

TARGET, BEGUN, VALID, REFRESH_RULE, STEP, HALF, CLIENT_RULE, PERIOD = 0, 1, 2, 3, 4, 5, 6, 7
"""Columns of `transitions`: the shape it leads to, a mask of keys whose state begins, one of keys that become
Valid or are, what becomes of the refresh (mean delay, and half the span that is drawn), and of the client."""

KEEP, SET, NOW, STORED, NEVER = 0, 1, 2, 3, 4
"""What becomes of the next refresh: kept, set a delay ahead, due at once, kept unless over, never."""
GOOD, BAD = 1, 3
"""What becomes of clients' next question, beside KEEP, NOW and NEVER: after a good set, after a bad one."""

FACTS, MASK, PLAN_STEP, PLAN_HALF, AFTER_REFRESH, PLAN_PERIOD = 0, 1, 2, 3, 4, 5
"""Columns of `plans`: facts as bits, a mask of keys whose state begins anew at each refresh, the grid of
refreshes, when clients ask next after a refresh, and the grid of clients' questions."""
SELF_REFRESH, SELF_CLIENT, RESETS, DORMANT, PURE = 1, 2, 4, 8, 16
"""Facts of a plan: a refresh changes nothing, a client's question changes nothing, a refresh sets clients'
next question, that is never reached before the next refresh, a restart changes nothing but the grids."""

WENT, RUNNING, OUTCOME, DEADLINES, CODE = 0, 1, 2, 3, 4
"""Columns of `shapes`: the transition when an absence begins, whether it runs, what clients see, a mask of
keys whose clock makes a refresh due, and all states as one number."""

OUTCOMES: Final = ("secure", "insecure", "unvalidated", "bogus", "down", "off")
"""What clients see; `off` is nobody there to ask."""
SECURE, OFF = 0, 5

UPTO, FIRST_SHAPE, FIRST_REFRESH, WINDOWS, BLOCKS, BEGINS, SHORTEST, LENGTHS = 0, 1, 2, 3, 4, 5, 6, 7
ZEROS, MENDED, NOTICE, NOTICE_SPAN, FIRST_VALID = 8, 9, 10, 11, 12
"""Columns of `strata`: the upper bound of 32 bits drawn, the first shape, what becomes of its refresh, the
first of its windows; the length of a block of its life, of what an absence begins in at random, the shortest
absence, how many lengths it may have, and how many of them stand for none; of 32 bits the bound for being
mended, and the soonest that happens, and the span; a mask of the keys that are Valid at first."""

WINDOW_UPTO, WINDOW_BEGIN, WINDOW_SPAN = 0, 1, 2
"""Columns of `windows`: the upper bound of 32 bits drawn, the begin, and the length."""


class Arrays(NamedTuple):
    """The books of all machines. Shapes and situations are numbered through."""

    keys: int
    number: int
    stop: int
    epochs: Ints
    places: Short
    situations: Short
    transitions: Ints
    plans: Ints
    shapes: Ints
    clocks: Ints


"""`number` is that of epochs, `stop` the seconds from the world's start to its end, `epochs` has when each
begins, `clocks` a column for each key: how long its clock runs in a shape, FAR where it has none."""


class Strata(NamedTuple):
    """Kinds of resolvers by number: how likely, which machine, and the habits of its life."""

    strata: Ints
    windows: Ints
