"""The kernel with arrays of resolvers in place of one: numpy, for everybody who has no numba.

Each pass takes every resolver of a chunk one thing further: first the visit that is due, then on to the next
thing that happens. Those that are through leave the arrays. The names are `kernel`'s, and so is the meaning;
a test holds the two equal to the bit.
"""

from __future__ import annotations

import numpy as np

from . import arrays as t
from .arrays import FAR, Arrays, Ints, Strata
from .columns import Columns, Mask, Tables


def live(first: int, count: int, seed: int, arrays: Arrays, strata: Strata) -> Ints:
    """Return what becomes of `count` resolvers from `first` on, as `kernel.run` has it; `seed` is a key."""
    return Chunk(Tables(arrays, strata), seed, first, count).run()


class Chunk(Columns):
    """Resolvers on their way from one thing that happens to the next."""

    def run(self) -> Ints:
        """Return what becomes of the resolvers, as `kernel.run` has it."""
        while len(self.key):
            self._pass()
        return self.seen

    def _pass(self) -> None:
        """Make the visits that are due, then take everybody to the next thing that happens."""
        reg, tables = self.reg, self.t
        reg["visits"] += 1
        place = self._place(slice(None))
        running = tables.shapes[t.RUNNING][reg["shape"]] != 0
        due = (reg["refresh"] <= reg["now"]) + 2 * (reg["client"] <= reg["now"])
        due *= running
        visited = np.flatnonzero(due)
        if len(visited):
            self._undergo(visited, tables.visits[place[visited] * 3 + (due[visited] - 1)])
            place[visited] = self._place(visited)
            running[visited] = tables.shapes[t.RUNNING][reg["shape"][visited]] != 0
            again = running & ((reg["refresh"] <= reg["now"]) | (reg["client"] <= reg["now"]))
            reg["visits"][visited[~again[visited]]] += 1
            idle = np.flatnonzero(~again)
        else:
            idle = np.arange(len(running))
        self._note(idle)
        self._go_on(idle, place[idle], running[idle])
        through = reg["now"] >= tables.stop
        if through.any():
            self._leave(through)

    def _go_on(self, some: Ints, place: Ints, running: Mask) -> None:
        """Take resolvers of which nothing is due to the next thing that happens to them."""
        reg, tables = self.reg, self.t
        begin, mended = reg["begin"][some], reg["mended"][some]
        plan = tables.places[t.PLAN][place]
        facts = tables.plans[t.FACTS][plan]
        horizon = self._horizon(some, place, plan, facts)
        pure = (facts & t.PURE) != 0
        horizon = np.where(pure, horizon, np.minimum(horizon, begin))
        visit = self._next_visit(some, facts)
        nearer = visit < horizon
        horizon = np.where(nearer, np.minimum(visit, begin), horizon)
        ends = np.minimum(tables.stop, np.minimum(begin, mended))
        horizon = np.where(running, horizon, ends)
        across = np.flatnonzero(running & ~nearer & (begin < horizon))
        if len(across):
            horizon[across] = self._skip_absences(some[across], plan[across], horizon[across])
        self._carry(some, plan, np.where(running, horizon, 0))
        self._meet_deadlines(some, running, horizon)
        reg["now"][some] = horizon
        self._seek_epoch(some)
        within = horizon < tables.stop
        self._mend(some[within & (horizon == reg["mended"][some])])
        self._change_life(some[within & (horizon == reg["begin"][some])])

    def _horizon(self, some: Ints, place: Ints, plan: Ints, facts: Ints) -> Ints:
        """Return when, refreshes and clients apart, something may change next."""
        reg, tables = self.reg, self.t
        shape, now, refresh = reg["shape"][some], reg["now"][some], reg["refresh"][some]
        horizon: Ints = np.minimum(tables.places[t.WAKE][place], reg["mended"][some])
        horizon = np.minimum(horizon, tables.stop)
        mask = np.where(facts & t.SELF_REFRESH, tables.plans[t.MASK][plan], 0)
        for k in range(tables.keys):
            end = self.since[k][some] + tables.clocks[k][shape]
            counts = (end > now) & ((((mask >> k) & 1) == 0) | (end <= refresh))
            horizon = np.where(counts & (end < horizon), end, horizon)
        return horizon

    def _next_visit(self, some: Ints, facts: Ints) -> Ints:
        """Return when the next refresh or client's question comes that may change something."""
        refresh, client = self.reg["refresh"][some], self.reg["client"][some]
        visit = np.where(facts & t.SELF_REFRESH, FAR, refresh)
        rests = ((facts & t.SELF_CLIENT) != 0) | (((facts & t.DORMANT) != 0) & (client > refresh))
        both: Ints = np.minimum(visit, client)
        return np.where(rests, visit, both)

    def _skip_absences(self, some: Ints, plan: Ints, horizon: Ints) -> Ints:
        """Look at the last absences over before the horizons; return horizons, or absences across."""
        reg, tables = self.reg, self.t
        first = reg["block"][some]
        block = (horizon - 1 - reg["born"][some]) // tables.strata[t.BLOCKS][reg["stratum"][some]]
        begin, end = self._absence(some, block)
        early = np.flatnonzero(begin >= horizon)
        block[early] -= 1
        begin[early], end[early] = self._absence(some[early], block[early])
        following = block + 1
        across = np.flatnonzero(end >= horizon)
        horizon[across], following[across] = begin[across], block[across]
        block[across] -= 1
        earlier = across[block[across] >= first[across]]
        begin[earlier], end[earlier] = self._absence(some[earlier], block[earlier])
        over = np.flatnonzero(block >= first)
        who, used, over_at, life = some[over], plan[over], end[over], block[over] + 1
        reg["life"][who], reg["count"][who] = life, 1
        half, one = tables.plans[t.PLAN_HALF][used], np.ones(len(who), np.int64)
        drift = self._height(who, life, one, half) - self._height(who, life, one - 1, half)
        refresh = reg["refresh"][who]
        reg["refresh"][who] = np.where(
            refresh < FAR, over_at + tables.plans[t.PLAN_STEP][used] + drift, refresh
        )
        resets = tables.plans[t.FACTS][used] & t.RESETS
        periods = np.where(resets, tables.plans[t.AFTER_REFRESH][used], tables.plans[t.PLAN_PERIOD][used])
        reg["client"][who] = over_at + periods
        self._put_absence(some, following)
        return horizon

    def _carry(self, some: Ints, plan: Ints, to: Ints) -> None:
        """Carry the grids of refreshes and clients' questions, if they change nothing, to `to` or after."""
        reg, plans = self.reg, self.t.plans
        facts = plans[t.FACTS][plan]
        late = np.flatnonzero(((facts & t.SELF_REFRESH) != 0) & (reg["refresh"][some] < to))
        if len(late):
            self._carry_refreshes(some[late], plan[late], facts[late], to[late])
        client = reg["client"][some]
        late = np.flatnonzero(((facts & t.SELF_CLIENT) != 0) & (client < to))
        if len(late):
            at, period = client[late], plans[t.PLAN_PERIOD][plan[late]]
            steps = -((at - to[late]) // period)
            reg["client"][some[late]] = np.where(
                period >= FAR, FAR, at + np.where(period < FAR, steps, 0) * period
            )

    def _carry_refreshes(self, some: Ints, plan: Ints, facts: Ints, to: Ints) -> None:
        """Carry the grids of refreshes that lie before `to`."""
        reg, plans = self.reg, self.t.plans
        step, half = plans[t.PLAN_STEP][plan], plans[t.PLAN_HALF][plan]
        life, count = reg["life"][some], reg["count"][some]
        grid = reg["refresh"][some] - self._height(some, life, count, half)
        steps = np.maximum(1, -((grid + np.maximum(half - 1, 0) - to) // step))
        at = grid + steps * step + self._height(some, life, count + steps, half)
        short = np.flatnonzero(at < to)
        if len(short):
            steps[short] += 1
            drift = self._height(some[short], life[short], count[short] + steps[short], half[short])
            at[short] = grid[short] + steps[short] * step[short] + drift
        mask = plans[t.MASK][plan]
        marked = np.flatnonzero(((facts & t.RESETS) != 0) | (mask != 0))
        if len(marked):
            before = steps[marked] - 1
            drift = self._height(some[marked], life[marked], count[marked] + before, half[marked])
            last = grid[marked] + before * step[marked] + drift
            resets = (facts[marked] & t.RESETS) != 0
            who = some[marked]
            reg["client"][who[resets]] = (last + plans[t.AFTER_REFRESH][plan[marked]])[resets]
            for k in range(self.t.keys):
                begun = ((mask[marked] >> k) & 1) != 0
                self.since[k][who[begun]] = last[begun]
        reg["refresh"][some], reg["count"][some] = at, count + steps

    def _meet_deadlines(self, some: Ints, running: Mask, horizon: Ints) -> None:
        """Let a refresh be due where a clock runs out that makes it so."""
        reg, shapes = self.reg, self.t.shapes
        shape, refresh = reg["shape"][some], reg["refresh"][some]
        for k in range(self.t.keys):
            meets = ((shapes[t.DEADLINES][shape] >> k) & 1) != 0
            meets &= running & (refresh < FAR) & (horizon < refresh)
            meets &= self.since[k][some] + self.t.clocks[k][shape] == horizon
            reg["refresh"][some[meets]] = horizon[meets]

    def _mend(self, some: Ints) -> None:
        """Let operators mend resolvers; those that start anew begin another life."""
        if not len(some):
            return
        reg, tables = self.reg, self.t
        reg["mended"][some] = FAR
        transition = tables.places[t.REPAIRED][self._place(some)]
        some, transition = some[transition >= 0], transition[transition >= 0]
        anew = tables.transitions[transition, t.CLIENT_RULE] == t.NOW
        who = some[anew]
        block = tables.strata[t.BLOCKS][reg["stratum"][who]]
        reg["life"][who] = 1 + np.where(block < FAR, (reg["now"][who] - reg["born"][who]) // block, 0)
        reg["count"][who] = 0
        self._undergo(some, transition)

    def _change_life(self, some: Ints) -> None:
        """Let resolvers go through the absence that begins now: a restart, or a time away."""
        if not len(some):
            return
        reg, tables = self.reg, self.t
        block = reg["block"][some]
        at_once = reg["end"][some] == reg["begin"][some]
        again, away = some[at_once], some[~at_once]
        reg["life"][again], reg["count"][again] = block[at_once] + 1, 0
        self._undergo(again, tables.situations[t.RESTARTED][self._place(again) // tables.number])
        going = away[tables.shapes[t.RUNNING][reg["shape"][away]] != 0]
        self._undergo(going, tables.shapes[t.WENT][reg["shape"][going]])
        reg["now"][away] = np.minimum(reg["end"][away], tables.stop)
        self._seek_epoch(away)
        back = away[reg["end"][away] < tables.stop]
        transition = tables.situations[t.BACK][self._place(back) // tables.number]
        back, transition = back[transition >= 0], transition[transition >= 0]
        reg["life"][back], reg["count"][back] = reg["block"][back] + 1, 0
        self._undergo(back, transition)
        self._put_absence(some, block + 1)
