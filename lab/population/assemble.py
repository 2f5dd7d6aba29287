"""Write the books of all machines into one set of arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..clock import Seconds
from ..resolver.rfc5011 import State

# isort: off
from .arrays import (
    BAD, DORMANT, FAR, GOOD, KEEP, NEVER, NOW, OUTCOMES, PURE, RESETS, SELF_CLIENT, SELF_REFRESH, SET, STORED,
    Arrays,
)  # fmt: skip

# isort: on
from .explore import BOTH, CLIENT, REFRESH, Book, Passed, Step
from .machine import Shape
from .world import World

_REFRESHES = {"keep": KEEP, "set": SET, "now": NOW, "stored": STORED, "never": NEVER}
_CLIENTS = {"keep": KEEP, "good": GOOD, "bad": BAD, "now": NOW, "never": NEVER}
STATES = tuple(State)

Transition = tuple[int, ...]
"""A row of `arrays.Arrays.transitions`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What may be left alone in a place; see `arrays`. The order is that of the arrays."""

    facts: int = 0
    mask: int = 0
    step: Seconds = 1
    half: Seconds = 0
    after_refresh: Seconds = 1
    period: Seconds = 1


class Assembly:
    """Arrays under way: the shapes of books that came before are numbered from 0 to `offset`."""

    def __init__(self, world: World) -> None:
        """Begin with no book."""
        self.world = world
        self.keys = len(world.keys)
        self.width = 1 << self.keys
        self.shapes: list[Shape] = []
        self.transitions: dict[Transition, int] = {}
        self.known: list[Transition] = []
        self.plans: dict[Plan, int] = {}
        self.places: list[list[int]] = []
        self.situations: list[list[int]] = []
        self.rows: list[list[int]] = []
        self.clocks: list[list[int]] = []

    def add(self, book: Book) -> tuple[int, int, int]:
        """Add a book; return its first shape, what becomes of the first refresh, and a mask of Valid keys."""
        page = _Page(self, book)
        self.shapes += book.shapes
        for number, shape in enumerate(book.shapes):
            page.add_shape(number, shape)
        first = book.shapes[book.first.shape]
        return page.offset + book.first.shape, _REFRESHES[book.first.effects.refresh], self.valid(first)

    def transition(self, step: Step, offset: int) -> int:
        """Return the number of a transition; the book's shapes are numbered from `offset` on."""
        effects = step.effects
        stride, half = effects.delay, 0
        if effects.tenths:
            half = effects.delay * effects.tenths // 20
            stride = effects.delay - effects.delay * effects.tenths // 10 + half
        shape = step.shape + offset
        known = (
            shape, self.mask(effects.since), self.mask(effects.turned) | self.valid(self.shapes[shape]),
            _REFRESHES[effects.refresh], stride, half, _CLIENTS[effects.client], effects.period,
        )  # fmt: skip
        if known not in self.transitions:
            self.known.append(known)
        return self.transitions.setdefault(known, len(self.transitions))

    def mask(self, names: Passed) -> int:
        """Return keys as a mask."""
        return sum(1 << self.world.keys.index(name) for name in names)

    def grid(self, step: Step, offset: int) -> tuple[Seconds, Seconds]:
        """Return the mean distance of refreshes that a visit asks for, and the half that is drawn."""
        known = self.known[self.transition(step, offset)]
        return known[4], known[5]

    def arrays(self) -> Arrays:
        """Return the arrays of all books added so far."""
        world, start = self.world, self.world.start
        plans = [(p.facts, p.mask, p.step, p.half, p.after_refresh, p.period) for p in self.plans]
        return Arrays(
            self.keys, len(world.epochs), world.stop - start,
            np.array([epoch.at - start for epoch in world.epochs], np.int64),
            np.array(self.places, np.int32), np.array(self.situations, np.int32),
            np.array(self.known, np.int64), np.array(plans, np.int64), np.array(self.rows, np.int64),
            np.array(self.clocks, np.int64).reshape(-1, self.keys),
        )  # fmt: skip

    def states(self, shape: Shape) -> tuple[State, ...]:
        """Return the states of all keys in a shape."""
        known = {cell.name: cell.state for cell in shape.cells}
        kept = {cell.name: cell.state for cell in shape.residue}
        return tuple(known.get(name, kept.get(name, State.START)) for name in self.world.keys)

    def valid(self, shape: Shape) -> int:
        """Return a mask of the keys that are Valid in a shape."""
        return sum(1 << k for k, state in enumerate(self.states(shape)) if state is State.VALID)

    def code(self, shape: Shape, outcome: int) -> int:
        """Return the states of all keys and the outcome as one number."""
        code = outcome
        for state in self.states(shape):
            code = code * len(STATES) + STATES.index(state)
        return code


class _Page:
    """One book as rows of arrays."""

    def __init__(self, assembly: Assembly, book: Book) -> None:
        self.all, self.book, self.world = assembly, book, assembly.world
        self.offset = len(assembly.shapes)

    def add_shape(self, number: int, shape: Shape) -> None:
        """Add the rows of one shape: a place for each of its situations and epochs."""
        clocks, names, machine = self.book.clocks[number], self.world.keys, self.book.machine
        for bits in range(self.all.width):
            self._add_situation(number, shape, bits)
        self.all.clocks.append([clocks[name][0] if name in clocks else FAR for name in names])
        deadlines = self.all.mask(frozenset(name for name in clocks if clocks[name][1]))
        passes = shape.outcome == "bogus" and machine.policy.trust.on_bogus == "pass" and shape.set_at_hand
        outcome = OUTCOMES.index("unvalidated" if passes else shape.outcome)
        went = self._number(self.book.off.get(number))
        self.all.rows.append([went, int(shape.running), outcome, deadlines, self.all.code(shape, outcome)])

    def _passed(self, bits: int) -> Passed:
        return frozenset(name for k, name in enumerate(self.world.keys) if (bits >> k) & 1)

    def _number(self, step: Step | None) -> int:
        return -1 if step is None else self.all.transition(step, self.offset)

    def _add_situation(self, number: int, shape: Shape, bits: int) -> None:
        """Add the rows of one situation."""
        passed, book = self._passed(bits), self.book
        kinds = [epoch.kind for epoch in self.world.epochs]
        self.all.situations.append(
            [self._number(book.on.get((number, passed))), self._number(book.restart.get((number, passed)))]
        )
        plans = {kind: self._plan(number, shape, passed, kind) for kind in dict.fromkeys(kinds)}
        wakes = self._wakes(shape, [plans[kind] for kind in kinds])
        for place, kind in enumerate(kinds):
            visits = [book.visits.get((number, passed, kind, due)) for due in (REFRESH, CLIENT, BOTH)]
            steps = [*visits, book.repair.get((number, passed, kind))]
            plan = self.all.plans.setdefault(plans[kind], len(self.all.plans))
            self.all.places.append([*(self._number(step) for step in steps), plan, wakes[place]])

    def _wakes(self, shape: Shape, plans: list[Plan]) -> list[int]:
        """Return for each epoch when one begins after it in which something else may be left alone."""
        epochs, wakes = self.world.epochs, [self.world.stop - self.world.start] * len(plans)
        for place in reversed(range(len(plans) - 1)):
            here, there = plans[place], plans[place + 1]
            rests = here.facts & SELF_REFRESH and here.facts & (SELF_CLIENT | DORMANT)
            if not rests or here != there:
                wakes[place] = epochs[place + 1].at - self.world.start
            else:
                wakes[place] = wakes[place + 1]
        return wakes

    # -- what may be left alone ------------------------------------------------------------------------------

    def _plan(self, number: int, shape: Shape, passed: Passed, kind: int) -> Plan:
        """Return what may be left alone in a situation and a kind of epoch."""
        if not shape.running:
            return Plan(SELF_REFRESH | SELF_CLIENT)
        visits = {due: self.book.visits.get((number, passed, kind, due)) for due in (REFRESH, CLIENT, BOTH)}
        refresh, client, both = visits[REFRESH], visits[CLIENT], visits[BOTH]
        if client is None or (both is not None and refresh is None):
            return Plan()
        own = self._leaves(client, number, passed) and not client.effects.since & self._clocked(number)
        own = own and client.effects.refresh == "keep" and client.effects.client in ("good", "bad", "never")
        facts = SELF_CLIENT if own else 0
        period = client.effects.period if client.effects.client != "never" else FAR
        plan = Plan(facts, period=period if own else 1)
        if refresh is None:
            plan = Plan(facts | SELF_REFRESH, period=plan.period)
        elif self._regular(refresh, number, passed):
            plan = self._with_refresh(plan, refresh, both, number, passed)
        if self._pure(plan, number, passed, kind):
            plan = Plan(
                plan.facts | PURE, plan.mask, plan.step, plan.half, plan.after_refresh, plan.period
            )  # fmt: skip
        return plan

    def _with_refresh(
        self, plan: Plan, refresh: Step, both: Step | None, number: int, passed: Passed
    ) -> Plan:
        """Return a plan in which refreshes are left alone too, if clients' questions allow it."""
        effects = refresh.effects
        clocked = self._clocked(number)
        mask = sum(1 << k for k, name in enumerate(self.world.keys) if name in effects.since & clocked)
        resets = effects.client != "keep"
        dormant = resets and effects.period > effects.delay
        facts = plan.facts | SELF_REFRESH | (RESETS if resets else 0) | (DORMANT if dormant else 0)
        if resets and not dormant and not plan.facts & SELF_CLIENT:
            return plan
        if plan.facts & SELF_CLIENT and both is not None:
            again = both.effects
            same = again.refresh == "set" and again.since == effects.since
            same = same and self.all.grid(both, self.offset) == self.all.grid(refresh, self.offset)
            if not (self._leaves(both, number, passed) and same):
                return Plan()
        step, half = self.all.grid(refresh, self.offset)
        return Plan(facts, mask, step, half, effects.period if resets else 1, plan.period)

    def _clocked(self, number: int) -> frozenset[str]:
        return frozenset(self.book.clocks[number])

    def _leaves(self, step: Step, number: int, passed: Passed) -> bool:
        """Tell whether a visit leads back to the situation it comes from."""
        return step.shape == number and not step.effects.since & self._clocked(number) & passed

    def _regular(self, refresh: Step, number: int, passed: Passed) -> bool:
        """Tell whether refreshes stand on a grid and change nothing but when a state began."""
        effects, clocks = refresh.effects, self.book.clocks[number]
        lengths = [clocks[name][0] for name in effects.since if name in clocks]
        return (
            self._leaves(refresh, number, passed)
            and effects.refresh == "set"
            and effects.delay * 2 >= 2 + effects.delay * effects.tenths // 10
            and all(effects.delay < length for length in lengths)
            and effects.client in ("keep", "good", "bad")
        )

    def _pure(self, plan: Plan, number: int, passed: Passed, kind: int) -> bool:
        """Tell whether a restart changes nothing but where the grids stand."""
        if plan.mask or not plan.facts & SELF_REFRESH or not plan.facts & (SELF_CLIENT | DORMANT):
            return False
        begun = self.book.restart.get((number, passed))
        if not self.book.machine.keep_state or begun is None:
            return False
        if begun.effects.since & self._clocked(number):
            return False
        refreshes = plan.after_refresh if plan.facts & RESETS else plan.period
        expected = {"never": (CLIENT,), "now": (BOTH,), "stored": (CLIENT, BOTH)}.get(begun.effects.refresh)
        return expected is not None and all(
            self._comes_back(self.book.visits.get((begun.shape, passed, kind, due)), plan, number, refreshes)
            for due in expected
        )

    def _comes_back(self, visit: Step | None, plan: Plan, number: int, period: Seconds) -> bool:
        """Tell whether the first visit after a restart leads to the grids of the plan."""
        if visit is None or visit.shape != number or visit.effects.since & self._clocked(number):
            return False
        effects = visit.effects
        if effects.client not in ("good", "bad") or effects.period != period:
            return False
        if self.book.machine.policy.schedule.probes:
            return effects.refresh == "set" and self.all.grid(visit, self.offset) == (plan.step, plan.half)
        return effects.refresh in ("keep", "never")
