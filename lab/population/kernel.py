"""Live through one resolver's time by jumps: the text of the engine, which numba compiles as it stands.

Two things recur in a resolver: refreshes, and clients' questions when what they hold has ended. Each stands
on a grid. While a visit of either would leave everything as it is, the resolver is left alone until the
horizon: the first instant at which the answer, a clock (the timer of a key) or the resolver's own life
changes things. The grids are then carried to the horizon by arithmetic, whatever their number of steps.

An absence (or a restart: one of length zero) lies once in each block of a resolver's life. Where a restart
leaves everything as it is but the phase of the grids, only the last one before the horizon is looked at.

All instants are seconds since the world's start; `vector` does the same with arrays of resolvers.
"""

from __future__ import annotations

from typing import Any

# isort: off
from .arrays import (
    AFTER_REFRESH, BACK, BAD, BEGINS, BEGUN, BLOCKS, CLIENT_RULE, DEADLINES, DORMANT, FACTS, FAR,
    FIRST_REFRESH, FIRST_SHAPE, FIRST_VALID, GOOD, HALF, LENGTHS, MASK, MENDED, NEVER, NOTICE, NOTICE_SPAN,
    NOW, OFF, OUTCOME, PERIOD, PLAN, PLAN_HALF, PLAN_PERIOD, PLAN_STEP, PURE, REFRESH_RULE, REPAIRED, RESETS,
    RESTARTED, RUNNING, SECURE, SELF_CLIENT, SELF_REFRESH, SET, SHORTEST, STEP, STORED, TARGET, UPTO, VALID,
    WAKE, WENT, WINDOW_BEGIN, WINDOW_SPAN, WINDOW_UPTO, WINDOWS, ZEROS, Arrays, Strata,
)  # fmt: skip

# isort: on
from .draws import ABSENCE, COHORT, LIFE_SHIFT, REFRESH, REPAIR, START, draw, resolver_key

NOW_AT, SHAPE, EPOCH, NEXT_REFRESH, COUNT, LIFE, NEXT_CLIENT = 0, 1, 2, 3, 4, 5, 6
STRATUM, BORN, BLOCK, BEGIN, END, MENDED_AT, FAILED, RECOVERED, VISITS = 7, 8, 9, 10, 11, 12, 13, 14, 15
REGISTERS = 16
"""The places of a resolver's registers in an array.

The instant it has come to, its shape, epoch, next refresh, refreshes planned in this life, number of the
life, next client's question; then its stratum, first start, the next absence (block, begin, end), when an
operator mends it, first failure, recovery, and visits made so far.
"""

LIMIT = 1_000_000
"""Visits of one resolver; none comes near, so that more of them are a mistake of ours."""


def key_of(seed: Any, number: int) -> Any:
    """Return a resolver's key."""
    return resolver_key(seed, number)


def upper(key: Any, purpose: int, counter: int) -> int:
    """Return 32 bits drawn."""
    return draw(key, purpose, int(counter)) >> 32


def lower(key: Any, purpose: int, counter: int) -> int:
    """Return the other 32 bits of the same draw."""
    return draw(key, purpose, int(counter)) & 0xFFFFFFFF


def begin(key: Any, a: Arrays, s: Strata, reg: Any, since: Any, valid: Any) -> None:
    """Draw who a resolver is, and start it; its first start may lie beyond the stop."""
    bits, stratum = upper(key, COHORT, 0), 0
    while bits >= s.strata[stratum, UPTO]:
        stratum += 1
    bits, window = upper(key, START, 0), s.strata[stratum, WINDOWS]
    while bits >= s.windows[window, WINDOW_UPTO]:
        window += 1
    bits = lower(key, START, 0)
    born = s.windows[window, WINDOW_BEGIN] + ((bits * s.windows[window, WINDOW_SPAN]) >> 32)
    reg[:] = 0
    reg[NOW_AT] = reg[BORN] = born
    shape = s.strata[stratum, FIRST_SHAPE]
    reg[STRATUM], reg[SHAPE] = stratum, shape
    reg[NEXT_REFRESH] = born if s.strata[stratum, FIRST_REFRESH] == NOW else FAR
    reg[NEXT_CLIENT], reg[MENDED_AT] = born, FAR
    reg[FAILED] = reg[RECOVERED] = -1
    if a.shapes[shape, RUNNING] == 0:
        reg[NEXT_REFRESH] = reg[NEXT_CLIENT] = FAR
    since[:] = born
    for k in range(a.keys):
        valid[k] = born if (s.strata[stratum, FIRST_VALID] >> k) & 1 else -1
    seek_absence(key, s, reg, 0)
    seek_epoch(a, reg)


def seek_absence(key: Any, s: Strata, reg: Any, block: int) -> None:
    """Put the absence of a block into the registers."""
    stratum = reg[STRATUM]
    if s.strata[stratum, BLOCKS] >= FAR:
        reg[BLOCK], reg[BEGIN], reg[END] = 0, FAR, FAR
        return
    first = reg[BORN] + block * s.strata[stratum, BLOCKS] + 1
    reg[BLOCK] = block
    reg[BEGIN] = first + ((upper(key, ABSENCE, block) * s.strata[stratum, BEGINS]) >> 32)
    length = ((lower(key, ABSENCE, block) * s.strata[stratum, LENGTHS]) >> 32) - s.strata[stratum, ZEROS]
    reg[END] = reg[BEGIN] + (s.strata[stratum, SHORTEST] + length if length >= 0 else 0)


def seek_epoch(a: Arrays, reg: Any) -> None:
    """Bring the epoch up to the instant."""
    epoch = reg[EPOCH]
    while epoch + 1 < a.number and a.epochs[epoch + 1] <= reg[NOW_AT]:
        epoch += 1
    reg[EPOCH] = epoch


def situation(a: Arrays, reg: Any, since: Any) -> Any:
    """Return the situation: the shape, and which clocks have run out by now."""
    shape, now = reg[SHAPE], reg[NOW_AT]
    bits = 0
    for k in range(a.keys):
        if now - since[k] >= a.clocks[shape, k]:
            bits |= 1 << k
    return (shape << a.keys) + bits


def height(key: Any, life: int, number: int, half: int) -> int:
    """Return h(number) of a life, as `draws.Drift` has it."""
    if half == 0:
        return 0
    return (upper(key, REFRESH, (life << LIFE_SHIFT) | number) * half) >> 32


def undergo(key: Any, a: Arrays, reg: Any, since: Any, valid: Any, transition: int) -> None:
    """Do to the registers what a transition does."""
    now = reg[NOW_AT]
    mask, shape = a.transitions[transition, BEGUN], a.transitions[transition, TARGET]
    for k in range(a.keys):
        if (mask >> k) & 1:
            since[k] = now
        if (a.transitions[transition, VALID] >> k) & 1 and valid[k] < 0:
            valid[k] = now
    reg[SHAPE] = shape
    refresh, client = a.transitions[transition, REFRESH_RULE], a.transitions[transition, CLIENT_RULE]
    if refresh == SET:
        half, life, count = a.transitions[transition, HALF], reg[LIFE], reg[COUNT] + 1
        drift = height(key, life, count, half) - height(key, life, count - 1, half)
        reg[COUNT] = count
        reg[NEXT_REFRESH] = now + a.transitions[transition, STEP] + drift
        for k in range(a.keys):
            end = since[k] + a.clocks[shape, k]
            if (a.shapes[shape, DEADLINES] >> k) & 1 and now < end < reg[NEXT_REFRESH]:
                reg[NEXT_REFRESH] = end
    elif refresh == NEVER:
        reg[NEXT_REFRESH] = FAR
    elif refresh == NOW or (refresh == STORED and not now <= reg[NEXT_REFRESH] < FAR):
        reg[NEXT_REFRESH] = now
    if client in (GOOD, BAD):
        reg[NEXT_CLIENT] = now + a.transitions[transition, PERIOD]
    elif client == NOW:
        reg[NEXT_CLIENT] = now
    elif client == NEVER:
        reg[NEXT_CLIENT] = FAR


def note(key: Any, a: Arrays, s: Strata, reg: Any) -> None:
    """Note what clients see now; at the first failure, see when an operator will mend it."""
    seen, now = a.shapes[reg[SHAPE], OUTCOME], reg[NOW_AT]
    if seen == OFF:
        return
    if seen == SECURE:
        if reg[FAILED] >= 0 and reg[RECOVERED] < 0:
            reg[RECOVERED] = now
        return
    reg[RECOVERED] = -1
    if reg[FAILED] >= 0:
        return
    reg[FAILED] = now
    stratum = reg[STRATUM]
    if upper(key, REPAIR, 0) < s.strata[stratum, MENDED]:
        wait = (lower(key, REPAIR, 0) * s.strata[stratum, NOTICE_SPAN]) >> 32
        at = now + s.strata[stratum, NOTICE] + wait
        reg[MENDED_AT] = after_absence(key, s, reg, at)


def after_absence(key: Any, s: Strata, reg: Any, at: int) -> int:
    """Return an instant, or the one after an absence it falls into; the registers stay as they are."""
    stratum = reg[STRATUM]
    if s.strata[stratum, BLOCKS] >= FAR:
        return at
    block, start, end = reg[BLOCK], reg[BEGIN], reg[END]
    seek_absence(key, s, reg, (at - reg[BORN]) // s.strata[stratum, BLOCKS])
    if reg[BEGIN] <= at <= reg[END]:
        at = reg[END] + 1
    reg[BLOCK], reg[BEGIN], reg[END] = block, start, end
    return at


def carry(key: Any, a: Arrays, reg: Any, since: Any, plan: int, to: int) -> None:
    """Carry the grids of refreshes and clients' questions, if they change nothing, to `to` or after."""
    facts, step, half = a.plans[plan, FACTS], a.plans[plan, PLAN_STEP], a.plans[plan, PLAN_HALF]
    mask = a.plans[plan, MASK]
    if facts & SELF_REFRESH and reg[NEXT_REFRESH] < to:
        life, count = reg[LIFE], reg[COUNT]
        grid = reg[NEXT_REFRESH] - height(key, life, count, half)
        steps = max(1, -((grid + max(half - 1, 0) - to) // step))
        at = grid + steps * step + height(key, life, count + steps, half)
        if at < to:
            steps += 1
            at = grid + steps * step + height(key, life, count + steps, half)
        if facts & RESETS or mask:
            last = grid + (steps - 1) * step + height(key, life, count + steps - 1, half)
            if facts & RESETS:
                reg[NEXT_CLIENT] = last + a.plans[plan, AFTER_REFRESH]
            for k in range(a.keys):
                if (mask >> k) & 1:
                    since[k] = last
        reg[NEXT_REFRESH], reg[COUNT] = at, count + steps
    if facts & SELF_CLIENT and reg[NEXT_CLIENT] < to:
        period = a.plans[plan, PLAN_PERIOD]
        if period >= FAR:
            reg[NEXT_CLIENT] = FAR
        else:
            reg[NEXT_CLIENT] += -((reg[NEXT_CLIENT] - to) // period) * period


def skip_absences(key: Any, a: Arrays, s: Strata, reg: Any, plan: int, horizon: int) -> int:
    """Look at the last absence that is over before the horizon; return the horizon, or an absence across it.

    The plan says that absences change the phase of the grids alone.
    """
    first, stratum = reg[BLOCK], reg[STRATUM]
    block = (horizon - 1 - reg[BORN]) // s.strata[stratum, BLOCKS]
    seek_absence(key, s, reg, block)
    if reg[BEGIN] >= horizon:
        block -= 1
        seek_absence(key, s, reg, block)
    following = block + 1
    if reg[END] >= horizon:
        horizon, following = reg[BEGIN], block
        block -= 1
        if block >= first:
            seek_absence(key, s, reg, block)
    if block >= first:
        end, half = reg[END], a.plans[plan, PLAN_HALF]
        reg[LIFE], reg[COUNT] = block + 1, 1
        if reg[NEXT_REFRESH] < FAR:
            drift = height(key, block + 1, 1, half) - height(key, block + 1, 0, half)
            reg[NEXT_REFRESH] = end + a.plans[plan, PLAN_STEP] + drift
        resets = a.plans[plan, FACTS] & RESETS
        reg[NEXT_CLIENT] = end + a.plans[plan, AFTER_REFRESH if resets else PLAN_PERIOD]
    seek_absence(key, s, reg, following)
    return horizon


def horizon_of(a: Arrays, reg: Any, since: Any, place: int, plan: int) -> Any:
    """Return when, refreshes and clients apart, something may change next."""
    shape, now, facts = reg[SHAPE], reg[NOW_AT], a.plans[plan, FACTS]
    horizon = min(a.stop, reg[MENDED_AT], a.places[place, WAKE])
    for k in range(a.keys):
        end = since[k] + a.clocks[shape, k]
        restarted = facts & SELF_REFRESH and (a.plans[plan, MASK] >> k) & 1
        if end > now and (not restarted or end <= reg[NEXT_REFRESH]):
            horizon = min(horizon, end)
    return horizon


def next_visit(a: Arrays, reg: Any, plan: int) -> Any:
    """Return when the next refresh or client's question comes that may change something."""
    facts = a.plans[plan, FACTS]
    visit = FAR if facts & SELF_REFRESH else reg[NEXT_REFRESH]
    if not facts & SELF_CLIENT and not (facts & DORMANT and reg[NEXT_CLIENT] > reg[NEXT_REFRESH]):
        visit = min(visit, reg[NEXT_CLIENT])
    return visit


def change_life(key: Any, a: Arrays, s: Strata, reg: Any, since: Any, valid: Any) -> None:
    """Go through the absence that begins now: a restart, or a time away."""
    block = reg[BLOCK]
    if reg[END] == reg[BEGIN]:
        reg[LIFE], reg[COUNT] = block + 1, 0
        undergo(key, a, reg, since, valid, a.situations[situation(a, reg, since), RESTARTED])
    else:
        if a.shapes[reg[SHAPE], RUNNING]:
            undergo(key, a, reg, since, valid, a.shapes[reg[SHAPE], WENT])
        reg[NOW_AT] = min(reg[END], a.stop)
        seek_epoch(a, reg)
        if reg[END] < a.stop:
            transition = a.situations[situation(a, reg, since), BACK]
            if transition >= 0:
                reg[LIFE], reg[COUNT] = block + 1, 0
                undergo(key, a, reg, since, valid, transition)
    seek_absence(key, s, reg, block + 1)


def advance(key: Any, a: Arrays, s: Strata, reg: Any, since: Any, valid: Any) -> None:
    """Go from one thing that happens to the next one, until the stop."""
    while reg[NOW_AT] < a.stop:
        reg[VISITS] += 1
        assert reg[VISITS] < LIMIT
        place = situation(a, reg, since) * a.number + reg[EPOCH]
        now, running = reg[NOW_AT], a.shapes[reg[SHAPE], RUNNING]
        due = (reg[NEXT_REFRESH] <= now) + 2 * (reg[NEXT_CLIENT] <= now)
        if running and due:
            undergo(key, a, reg, since, valid, a.places[place, due - 1])
            continue
        note(key, a, s, reg)
        if running:
            plan = a.places[place, PLAN]
            horizon = horizon_of(a, reg, since, place, plan)
            if not a.plans[plan, FACTS] & PURE:
                horizon = min(horizon, reg[BEGIN])
            visit = next_visit(a, reg, plan)
            if visit < horizon:
                horizon = min(visit, reg[BEGIN])
            elif reg[BEGIN] < horizon:
                horizon = skip_absences(key, a, s, reg, plan, horizon)
            carry(key, a, reg, since, plan, horizon)
            if reg[NEXT_REFRESH] < FAR and horizon < reg[NEXT_REFRESH]:
                for k in range(a.keys):
                    deadline = (a.shapes[reg[SHAPE], DEADLINES] >> k) & 1
                    if deadline and since[k] + a.clocks[reg[SHAPE], k] == horizon:
                        reg[NEXT_REFRESH] = horizon
        else:
            horizon = min(a.stop, reg[BEGIN], reg[MENDED_AT])
        reg[NOW_AT] = horizon
        seek_epoch(a, reg)
        if horizon < a.stop:
            if horizon == reg[MENDED_AT]:
                reg[MENDED_AT] = FAR
                place = situation(a, reg, since) * a.number + reg[EPOCH]
                mend(key, a, s, reg, since, valid, a.places[place, REPAIRED])
            if horizon == reg[BEGIN]:
                change_life(key, a, s, reg, since, valid)


def mend(key: Any, a: Arrays, s: Strata, reg: Any, since: Any, valid: Any, transition: int) -> None:
    """Let an operator mend the resolver; if that starts it anew, another life begins."""
    if transition < 0:
        return
    if a.transitions[transition, CLIENT_RULE] == NOW:
        block = s.strata[reg[STRATUM], BLOCKS]
        reg[LIFE] = 1 + ((reg[NOW_AT] - reg[BORN]) // block if block < FAR else 0)
        reg[COUNT] = 0
    undergo(key, a, reg, since, valid, transition)


def run(
    first: int, count: int, seed: Any, a: Arrays, s: Strata, reg: Any, since: Any, valid: Any, seen: Any
) -> None:
    """Live through `count` resolvers from number `first` on; `seen` gets a column for each.

    The rows are stratum, shape at the stop (-1 if it never started), first failure, recovery, visits, and for
    each key when it was first Valid; -1 is never.
    """
    for index in range(count):
        key = key_of(seed, first + index)
        begin(key, a, s, reg, since, valid)
        seen[0, index] = reg[STRATUM]
        if reg[BORN] >= a.stop:
            seen[1:, index] = -1
            continue
        advance(key, a, s, reg, since, valid)
        seen[1, index], seen[2, index] = reg[SHAPE], reg[FAILED]
        seen[3, index], seen[4, index] = reg[RECOVERED], reg[VISITS]
        for k in range(a.keys):
            seen[5 + k, index] = valid[k]
