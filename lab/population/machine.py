"""Freeze a resolver model into what is finite about it, and thaw it at will.

At any instant a model is a *shape*, of which there are few (which key is in which state, what clients hold),
and *registers*, instants (since when a key is in its state, when the next refresh is due). What a visit does
depends on the registers by comparison alone: is a timer over, is something due. So one visit of a thawed
model, per shape, kind of answer and outcome of the comparisons, stands for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..clock import DAY, Instant, Seconds
from ..dnssec.keys import DS, Key
from ..dnssec.names import ROOT
from ..errors import ScenarioError
from ..resolver.client import FAR, Held
from ..resolver.fetch import Path, fetch_dnskey
from ..resolver.managed import timer
from ..resolver.model import Anchors, ResolverModel, Setup
from ..resolver.policy import ResolverPolicy
from ..resolver.refresh import Intervals, Jitter
from ..resolver.rfc5011 import Cell, State, TrustPoint
from ..resolver.validator import DnskeySet, Identity
from .world import Stage

SIGHTINGS = 2
"""Sightings beyond the second make no difference to any row; where no row says `twice`, none does."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What makes two resolvers the same but for chance: policy, anchors, and what operators do."""

    policy: ResolverPolicy
    anchors: tuple[str, ...]
    anchor_format: str = "ds"
    writable: bool = True
    keep_state: bool = True
    repair: str = "none"

    @property
    def from_cache(self) -> bool:
        """Tell whether a refresh may see the cached RRset in place of the one served."""
        return self.policy.schedule.refresh_from_cache


@dataclass(frozen=True, slots=True)
class CellShape:
    """One key at the trust point, less the instant; `validators` are names of keys."""

    name: str
    whole: bool
    state: State
    hold: Seconds
    ttl: Seconds
    sightings: int
    validators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A model less its registers. `held` is `none`, `good` or `bad`; `held_kind` matters to few machines."""

    running: bool
    ended: bool
    cells: tuple[CellShape, ...]
    residue: tuple[CellShape, ...]
    initialised: bool
    deleted: bool
    held: str
    held_kind: int
    set_at_hand: bool
    times: Intervals
    anchors: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """Return what a client sees, as `observation.OUTCOMES` has it; `off` where nobody is there to ask.

        `bogus` stands for `unvalidated` too, if the policy lets clients have what did not verify.
        """
        if not self.running:
            return "down" if self.ended else "off"
        if self.deleted:
            return "insecure"
        return "secure" if self.held == "good" else "bogus"


class Watched(Jitter):
    """Draw nothing, and count the delays that would have been drawn."""

    __slots__ = ("draws",)
    draws: int

    def __init__(self) -> None:
        """Begin with nothing drawn."""
        super().__init__(0, "")
        object.__setattr__(self, "draws", 0)

    def spread(self, delay: Seconds, tenths: int, number: int, now: Instant) -> Seconds:
        """Return the delay itself."""
        object.__setattr__(self, "draws", self.draws + 1)
        return delay


@dataclass(frozen=True, slots=True)
class Effects:
    """What an event does to the registers, in terms of the event's instant.

    `since` are the keys whose state begins now, `turned` those that became Valid, if for an instant.
    `refresh` is `keep`, `set` (after `delay`, whose last `tenths` tenths are drawn), `now`, `stored` (kept
    unless over) or `never`; `client` is `keep`, `good` or `bad` (again after `period`), `now` or `never`.
    """

    since: frozenset[str]
    turned: frozenset[str]
    refresh: str
    delay: Seconds
    tenths: int
    client: str
    period: Seconds


LATER: Seconds = 5 * DAY
"""How far ahead of a visit something lies that is not due: any time would do."""
_REASON = "it ended by itself"


class Freezer:
    """Thaw and freeze the models of one machine, on one stage."""

    def __init__(self, machine: Machine, stage: Stage, names: tuple[str, ...]) -> None:
        """Take the machine; `names` are the entry points there are. Raises ScenarioError."""
        _refuse(machine)
        self.machine, self.stage, self.policy = machine, stage, machine.policy
        self._keys = {name: stage.keyring.key(name) for name in names}
        self._names: dict[Identity, str] = {key.identity: name for name, key in self._keys.items()}
        self._names_of_ds = {key.ds(ROOT): name for name, key in self._keys.items()}
        self._sets: dict[int, DnskeySet] = {}
        rows = (row for some in self.policy.table.values() for row in some)
        self._sightings = SIGHTINGS if any(row.twice for row in rows) else 0

    def set_of(self, kind: int) -> DnskeySet:
        """Return the DNSKEY RRset of a kind as models see it."""
        if kind not in self._sets:
            self.stage.shown = kind
            found = fetch_dnskey(self.stage.exchange, ROOT, self.stage.now, Path()).dnskeys
            assert found is not None, "the stage answers every question"
            self._sets[kind] = found
        return self._sets[kind]

    def anchors(self, names: tuple[str, ...]) -> Anchors:
        """Return anchors as the machine is configured with them."""
        keys = [self._keys[name] for name in names]
        return tuple(key if self.machine.anchor_format == "dnskey" else key.ds(ROOT) for key in keys)

    def name_of(self, anchor: Key | DS) -> str:
        """Return the name of a key or of a DS."""
        return self._names[anchor.identity] if isinstance(anchor, Key) else self._names_of_ds[anchor]

    def fresh(self) -> ResolverModel:
        """Return a model that has never run."""
        setup = Setup("one", ROOT, self.anchors(self.machine.anchors), Watched(), self.name_of)
        return ResolverModel(self.policy, setup, writable=self.machine.writable)

    def clocks(self, shape: Shape) -> dict[str, tuple[Seconds, bool]]:
        """Return, for keys a timer matters to, how long it runs and whether its end makes a refresh due."""
        found: dict[str, tuple[Seconds, bool]] = {}
        for cell in shape.cells:
            wanted = {
                row.after or row.before
                for (state, _), some in self.policy.table.items()
                for row in some
                if state is cell.state and (row.after or row.before)
            }
            planned = {State.ADD_PEND: "add", State.REVOKED: "rem"}.get(cell.state, "")
            deadline = bool(planned) and self.policy.schedule.deadline_probe
            wanted |= {planned} if deadline else set()
            thawed = self._cell(cell, 1)
            lengths = {timer(self.policy, name, thawed) for name in wanted} - {None}
            if len(lengths) > 1:
                raise ScenarioError(
                    f"the policy has rows of {cell.state} with two timers", place="fleet",
                    remedy="a fleet takes one timer a state",
                )  # fmt: skip
            for length in lengths:
                assert length is not None
                found[cell.name] = (length, deadline)
        return found

    def thaw(
        self, shape: Shape, since: Mapping[str, Instant], *, refresh: bool, client: bool, shown: int
    ) -> ResolverModel:
        """Return a model of a shape at the stage's instant, with a refresh or a client's question due or not.

        `shown` is the kind of what clients hold, if they hold a good set.
        """
        now, model = self.stage.now, self.fresh()
        model.start(now - 1)
        model.anchors = model.file_anchors = self.anchors(shape.anchors)
        model.point = TrustPoint(
            ROOT, tuple(self._cell(cell, since[cell.name]) for cell in shape.cells), shape.initialised,
            tuple(self._cell(cell, 1) for cell in shape.residue), shape.deleted,
        )  # fmt: skip
        model.planner.times = shape.times
        model.planner.resume(now if refresh else now + LATER, 0)
        model.cache.held, model.cache.at = None, FAR if shape.deleted else now
        if shape.held != "none":
            good, ends = shape.held == "good", now if client else now + LATER
            held = self.set_of(shown) if good or shape.set_at_hand else None
            model.cache.held, model.cache.at = Held(held, good, now - 1, ends), ends
        if not shape.running:
            model.stop(now - 1)
            model.ended = _REASON if shape.ended else ""
        model.out.clear()
        return model

    def _cell(self, cell: CellShape, since: Instant) -> Cell:
        key = self._keys[cell.name]
        validators = tuple(self._keys[name].identity for name in cell.validators)
        anchor = key if cell.whole else key.ds(ROOT)
        return Cell(anchor, cell.state, since, cell.hold, cell.ttl, cell.sightings, validators)

    def freeze(self, model: ResolverModel) -> Shape:
        """Return the shape of a model."""
        held = model.cache.held
        kind = -1
        if held is not None and held.good and self.machine.from_cache:
            kind = next(kind for kind, known in self._sets.items() if known is held.dnskeys)
        return Shape(
            model.running, bool(model.ended), tuple(self._frozen(cell) for cell in model.point.cells),
            tuple(self._frozen(cell) for cell in model.point.residue), model.point.initialised,
            model.point.deleted, "none" if held is None else "good" if held.good else "bad", kind,
            held is not None and held.dnskeys is not None, model.planner.times,
            tuple(self.name_of(anchor) for anchor in model.anchors),
        )  # fmt: skip

    def _frozen(self, cell: Cell) -> CellShape:
        validators = tuple(self._names[identity] for identity in cell.validators)
        return CellShape(
            self.name_of(cell.anchor), isinstance(cell.anchor, Key), cell.state, cell.hold, cell.ttl,
            min(cell.sightings, self._sightings), validators,
        )  # fmt: skip


def _refuse(machine: Machine) -> None:
    """Refuse what the engine cannot foretell."""
    policy = machine.policy
    if policy.trust.feed == "xml":
        raise ScenarioError(
            "anchors from XML depend on when they are fetched", place="fleet", remedy="leave this model out"
        )
    if machine.from_cache and policy.cache.swap != "bypass":
        raise ScenarioError(
            "refreshes from the cache renew what is cached for ever", place="fleet",
            remedy="let swap be bypass",
        )  # fmt: skip
    cap = policy.cache.ttl_cap
    if cap is not None and max(cap, policy.cache.ttl_floor) < 1:
        raise ScenarioError("a cache that keeps nothing", place="fleet", remedy="keep sets for a second")
