"""Find every shape a machine can be in, and what each event makes of it, by trying it on the model itself.

The exploration is breadth-first from the first start. A shape reached in one epoch may live into every later
one; clocks (timers of keys) may have ended or not; what is tried is what can be due. So the number of trials
is small, some hundred for a machine, and each is one visit of the scalar model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from ..clock import Instant, Seconds
from ..errors import ScenarioError
from ..observation import Transition
from ..resolver.client import FAR
from ..resolver.model import ResolverModel
from ..resolver.rfc5011 import State
from .machine import LATER, Effects, Freezer, Machine, Shape, Watched
from .world import Stage, World

REFRESH, CLIENT, BOTH = 1, 2, 3
"""What is due at a visit."""

Passed = frozenset[str]
"""The keys whose clock has run out."""
LIMIT = 2000
"""Shapes of one machine; those of the presets have a few dozen."""
_NOTHING = Effects(frozenset(), frozenset(), "keep", 0, 0, "keep", 0)


@dataclass(frozen=True, slots=True)
class Step:
    """What an event leads to."""

    shape: int
    effects: Effects


@dataclass(slots=True)
class Book:
    """All that was found out about one machine; shapes by number, in the order in which they were met.

    `first` is the start of one that never ran, `visits` go by (shape, clocks, kind, what is due), `off` by
    shape, `on` and `restart` by (shape, clocks), `repair` by (shape, clocks, kind).
    """

    machine: Machine
    first: Step
    shapes: list[Shape] = field(default_factory=list)
    clocks: list[dict[str, tuple[Seconds, bool]]] = field(default_factory=list)
    visits: dict[tuple[int, Passed, int, int], Step] = field(default_factory=dict)
    off: dict[int, Step] = field(default_factory=dict)
    on: dict[tuple[int, Passed], Step] = field(default_factory=dict)
    restart: dict[tuple[int, Passed], Step] = field(default_factory=dict)
    repair: dict[tuple[int, Passed, int], Step] = field(default_factory=dict)


def explore(machine: Machine, world: World, stage: Stage) -> Book:
    """Return the book of a machine in a world. Raises ScenarioError for one that has no finite book."""
    return _Explorer(machine, world, stage).run()


class _Explorer:
    """One exploration under way."""

    def __init__(self, machine: Machine, world: World, stage: Stage) -> None:
        self.machine, self.world, self.stage = machine, world, stage
        if machine.from_cache and world.margin < 2 * world.dnskey_ttl:
            raise ScenarioError(
                "signatures end too soon for a resolver that refreshes from its cache", place="fleet",
                remedy="leave the model out, or let signatures hold two TTLs longer than they are served",
            )  # fmt: skip
        self.freezer = Freezer(machine, stage, world.keys)
        self.numbers: dict[Shape, int] = {}
        self.waiting: list[tuple[int, int]] = []
        self.seen: dict[int, int] = {}
        self.book = Book(machine, Step(0, _NOTHING))

    def run(self) -> Book:
        """Explore until nothing new turns up."""
        model = self.freezer.fresh()
        model.start(self.stage.now)
        self.book.first = self._arrive(model, {}, 0, 0, start=True)
        while self.waiting:
            number, epoch = self.waiting.pop(0)
            self._try_everything(number, epoch)
            if len(self.numbers) > LIMIT:
                raise ScenarioError(
                    "a policy has too many shapes for a fleet", place="fleet", remedy="use a shipped model"
                )
        return self.book

    def _number(self, shape: Shape, epoch: int) -> int:
        """Return the number of a shape that was reached in an epoch; queue it if that is news."""
        number = self.numbers.get(shape)
        if number is None:
            number = self.numbers[shape] = len(self.numbers)
            self.book.shapes.append(shape)
            self.book.clocks.append(self.freezer.clocks(shape))
        if epoch < self.seen.get(number, 1 << 30):
            self.seen[number] = epoch
            self.waiting.append((number, epoch))
        return number

    def _try_everything(self, number: int, epoch: int) -> None:
        """Let every event happen to a shape, in every kind of epoch from `epoch` on."""
        shape, kinds = self.book.shapes[number], self._kinds(epoch)
        for passed in self._passed(number):
            if not shape.running:
                if not shape.ended:
                    self._start(self.book.on, number, passed, epoch, keep=True)
            else:
                for kind, at in kinds:
                    for due in self._due(shape):
                        self._visit(number, passed, kind, due, at)
            if shape.running or shape.ended:
                self._start(self.book.restart, number, passed, epoch, keep=self.machine.keep_state)
                mends = {"none": False, "anchors": shape.running}.get(self.machine.repair, True)
                for kind, at in kinds if mends else ():
                    self._repair(number, passed, kind, at)
        if shape.running and number not in self.book.off:
            model, since = self._thaw(number, frozenset(), 0, 0)
            model.stop(self.stage.now)
            self.book.off[number] = self._arrive(model, since, 0, epoch)

    def _kinds(self, epoch: int) -> list[tuple[int, int]]:
        """Return the kinds there are from an epoch on, each with its first epoch."""
        found: dict[int, int] = {}
        for at in range(epoch, len(self.world.epochs)):
            found.setdefault(self.world.epochs[at].kind, at)
        return list(found.items())

    def _passed(self, number: int) -> Iterator[Passed]:
        """Return what may have passed: any of the clocks."""
        names = list(self.book.clocks[number])
        for chosen in product((False, True), repeat=len(names)):
            yield frozenset(name for name, one in zip(names, chosen, strict=True) if one)

    def _due(self, shape: Shape) -> tuple[int, ...]:
        if shape.deleted or not self.machine.policy.schedule.probes:
            return (CLIENT,)
        return (CLIENT, BOTH) if shape.held == "none" else (REFRESH, CLIENT, BOTH)

    def _thaw(
        self, number: int, passed: Passed, kind: int, due: int
    ) -> tuple[ResolverModel, dict[str, Instant]]:
        """Return a model of a shape in which some clocks have passed, and the instants it was given."""
        shape, clocks, now = self.book.shapes[number], self.book.clocks[number], self.stage.now
        since: dict[str, Instant] = {}
        for place, cell in enumerate(shape.cells, 1):
            length = clocks[cell.name][0] if cell.name in clocks else 2000 * place
            since[cell.name] = now - (length + 1000 * place if cell.name in passed else length // 2)
        shown = shape.held_kind if shape.held_kind >= 0 else kind
        model = self.freezer.thaw(
            shape, since, refresh=bool(due & REFRESH), client=bool(due & CLIENT), shown=shown
        )
        self.stage.shown = kind
        return model, since

    def _visit(self, number: int, passed: Passed, kind: int, due: int, epoch: int) -> None:
        place = (number, passed, kind, due)
        if place in self.book.visits:
            return
        self.freezer.set_of(kind)
        model, since = self._thaw(number, passed, kind, due)
        now = self.stage.now
        model.advance(now, self.stage.exchange, now + 1)
        self.book.visits[place] = self._arrive(model, since, due, epoch)

    def _start(
        self, into: dict[tuple[int, Passed], Step], number: int, passed: Passed, epoch: int, *, keep: bool
    ) -> None:
        model, since = self._thaw(number, passed, 0, 0)
        if model.running:
            model.stop(self.stage.now)
        model.start(self.stage.now, keep=keep)
        into[number, passed] = self._arrive(model, since, 0, epoch, start=True)

    def _repair(self, number: int, passed: Passed, kind: int, epoch: int) -> None:
        """Let an operator configure the keys published now and not revoked, and reinstall if asked to."""
        keys = self.world.kinds[kind]
        model, since = self._thaw(number, passed, kind, 0)
        names = tuple(name for name in keys.ksks if name not in keys.revoked)
        model.set_anchors(self.freezer.anchors(names), self.stage.now, at_once=True)
        if self.machine.repair == "reinstall":
            if model.running:
                model.stop(self.stage.now)
            model.start(self.stage.now, keep=False)
        started = self.machine.repair == "reinstall"
        self.book.repair[number, passed, kind] = self._arrive(model, since, 0, epoch, start=started)

    def _arrive(
        self, model: ResolverModel, since: dict[str, Instant], due: int, epoch: int, *, start: bool = False
    ) -> Step:
        """Freeze what a model has become, and read off what happened to the registers."""
        refresh = self._refresh_effect(model, due, start=start)
        turned = frozenset(
            seen.key for seen in model.out if isinstance(seen, Transition) and seen.target == State.VALID
        )
        effects = Effects(self._begun(model, since), turned, *refresh, *self._client_effect(model, due))
        return Step(self._number(self.freezer.freeze(model), epoch), effects)

    def _begun(self, model: ResolverModel, since: dict[str, Instant]) -> frozenset[str]:
        now, begun = self.stage.now, []
        for cell in model.point.cells:
            name = self.freezer.name_of(cell.anchor)
            if cell.since == now:
                begun.append(name)
            else:
                assert cell.since == since[name], "a register that is neither kept nor set"
        assert len(dict.fromkeys(begun)) == len(begun), "two cells of one key"
        return frozenset(begun)

    def _refresh_effect(self, model: ResolverModel, due: int, *, start: bool) -> tuple[str, Seconds, int]:
        now, planner = self.stage.now, model.planner
        draws = model.setup.jitter.draws if isinstance(model.setup.jitter, Watched) else 0
        if draws > 1:
            raise ScenarioError(
                "a policy plans twice at one visit", place="fleet", remedy="use a shipped model"
            )
        tenths = self.machine.policy.schedule.jitter_tenths if draws else 0
        if planner.at >= FAR:
            return "never", 0, 0
        if not model.running:
            return "keep", 0, 0
        if start:
            return ("now" if planner.at == now else "stored"), 0, 0
        if due & REFRESH or planner.at != now + LATER:
            return "set", planner.regular - now, tenths
        return "keep", 0, 0

    def _client_effect(self, model: ResolverModel, due: int) -> tuple[str, Seconds]:
        """Return what becomes of clients' next question.

        Of a zone no longer validated nobody asks; but a failure's grid goes on, for an operator may mend it.
        """
        now, held, cache = self.stage.now, model.cache.held, self.machine.policy.cache
        if not model.running:
            return "never", 0
        if held is None:
            return ("never" if model.cache.at >= FAR else "now"), 0
        fresh = held.fetched == now or (model.point.deleted and due & CLIENT)
        if not held.good:
            return ("bad", cache.negative or 1) if fresh else ("keep", 0)
        if model.cache.at >= FAR:
            return "never", 0
        return ("good", held.expires - now) if fresh else ("keep", 0)
