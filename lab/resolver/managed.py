"""Turn one look at the DNSKEY RRset into events, and events into the next trust point.

The order of the steps is behaviour (Unbound's `autr_process_prime` and BIND's `keyfetch_done` agree in it):
first what time alone allows, then revocations, which need no verified set, then verification, then one event
per key, present keys first, absent Valid ones next, absent Missing ones last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..clock import Instant, Seconds
from ..dnssec.keys import DS, Key
from .policy import ResolverPolicy
from .rfc5011 import TRUSTED, Cell, Change, Event, Row, State, TrustPoint
from .validator import DnskeySet, Identity, is_copy, key_of, proved_revoked, validate

MAX_SIGHTINGS = 250
"""Unbound's pending count stops here (validator/autotrust.c, `update_events`)."""
NEVER_SEEN: Instant = 0
"""The `since` of an anchor from a file that no verified set has confirmed (Unbound's `lastchange=0`)."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look did: the next trust point, the transitions in order, and how the look ended.

    `result` is `ok`, `miss`, `none`, `bogus`, `lost` or `blind` (see `observation.Refresh`); `validators`
    are the identities of the keys that verified the set, empty if nothing did.
    """

    point: TrustPoint
    changes: tuple[Change, ...]
    result: str
    validators: tuple[Identity, ...] = ()


def observe(
    point: TrustPoint,
    policy: ResolverPolicy,
    dnskeys: DnskeySet | None,
    now: Instant,
    *,
    memo: bool = True,
    reached: bool = False,
) -> Sighting:
    """Return what a look at the DNSKEY RRset makes of a trust point; `dnskeys` is None where no answer came.

    `reached` tells that the root answers other questions nevertheless. `now` is by the resolver's own clock.
    With `memo` off every signature is verified again.
    """
    look = _Look(point, policy, now)
    look.all_cells(Event.ATTEMPT)
    if dnskeys is not None or reached:
        look.all_cells(Event.ANSWER)
    if dnskeys is None:
        return look.done("none")
    revoked = proved_revoked(dnskeys, policy.trust, now, memo=memo)
    if revoked:
        look.revocations(dnskeys, revoked)
        if look.deleted:
            return look.done("bogus")
    validators = validate(dnskeys, look.trusted(), point.owner, policy.trust, now, memo=memo)
    if not validators:
        return look.done(look.unverified(dnskeys))
    return look.done("miss" if look.verified(dnskeys, validators) else "ok", validators)


def load(point: TrustPoint, policy: ResolverPolicy, now: Instant) -> Sighting:
    """Return what reading the state at start makes of a trust point: residue is gone, `load` rows apply."""
    look = _Look(replace(point, residue=()), policy, now)
    look.all_cells(Event.LOAD)
    return look.done("ok")


def remembered(point: TrustPoint, sighting: Sighting) -> Sighting:
    """Return what is left in memory of a look whose outcome could not be written: who is trusted, or is not.

    BIND rolls its database of keys back, and has by then told the validator of every key whose hold-down is
    over or that was revoked (lib/dns/zone.c, `keyfetch_done`: `trust_key`, `dns_view_untrust`).
    """
    known = {cell.anchor for cell in point.cells}
    told = (change for change in sighting.changes if change.target in (State.VALID, State.REVOKED))
    kept = tuple(change for change in told if change.anchor in known)
    moved = {change.anchor: cell for change in kept for cell in sighting.point.cells if _is_of(cell, change)}
    cells = tuple(moved.get(cell.anchor, cell) for cell in point.cells)
    return replace(sighting, point=replace(point, cells=cells), changes=kept)


def _is_of(cell: Cell, change: Change) -> bool:
    return cell.anchor == change.anchor and cell.state is change.target


class _Look:
    """One look in progress: the cells as a list, and what has happened to them so far."""

    def __init__(self, point: TrustPoint, policy: ResolverPolicy, now: Instant) -> None:
        self.point, self.policy, self.now = point, policy, now
        self.table = policy.table
        self.cells: list[Cell | None] = list(point.cells)
        self.residue = list(point.residue)
        self.changes: list[Change] = []
        self.initialised = point.initialised
        self.deleted = False
        self.touched = False

    def done(self, result: str, validators: tuple[Identity, ...] = ()) -> Sighting:
        """Return the outcome; the trust point itself if nothing changed."""
        if not self.touched and self.initialised == self.point.initialised:
            return Sighting(self.point, (), result, validators)
        cells = tuple(cell for cell in self.cells if cell is not None)
        point = TrustPoint(self.point.owner, cells, self.initialised, tuple(self.residue), self.deleted)
        return Sighting(point, tuple(self.changes), result, validators)

    def trusted(self) -> tuple[Cell, ...]:
        """Return the cells that may validate now."""
        return tuple(cell for cell in self.cells if cell is not None and cell.state in TRUSTED) + tuple(
            self.residue
        )

    def all_cells(self, event: Event) -> None:
        """Deliver an event that needs no answer to every cell that has a row for it."""
        for index, cell in enumerate(self.cells):
            if cell is not None and self.table[cell.state, event]:
                self.fire(index, event)

    def revocations(self, dnskeys: DnskeySet, revoked: tuple[Identity, ...]) -> None:
        """Deliver `revoked`, then see what is left to trust (RFC 5011 sections 2.1, 2.2 and 5)."""
        had_trust = bool(self.trusted())
        proved = [key for key in dnskeys.revoked if key.identity in revoked]
        for index, cell in enumerate(self.cells):
            for key in proved:
                if cell is not None and is_copy(cell, key, self.point.owner, self.policy.trust):
                    self.fire(index, Event.REVOKED, key)
                    break
        if self.policy.trust.validators_matter and self.changes:
            self._restart_orphans()
        if had_trust and not self.trusted() and self.policy.trust.when_empty == "insecure":
            self.deleted = self.touched = True

    def _restart_orphans(self) -> None:
        """Forget pending keys all of whose validators are revoked now (RFC 5011 section 2.2)."""
        dead = [
            cell.anchor.identity
            for cell in self.cells
            if cell is not None and cell.state is State.REVOKED and isinstance(cell.anchor, Key)
        ]
        for index, cell in enumerate(self.cells):
            orphan = cell is not None and cell.state is State.ADD_PEND and bool(cell.validators)
            if cell is not None and orphan and all(identity in dead for identity in cell.validators):
                self._move(index, cell, State.START, None)

    def unverified(self, dnskeys: DnskeySet) -> str:
        """Deliver `bogus` to keys whose plain copy is present, and name the kind of failure."""
        present = lacking = False
        for index, cell in enumerate(self.cells):
            key = None if cell is None else key_of(cell, dnskeys, self.point.owner, self.policy.trust)
            if cell is not None and key is not None:
                present = present or cell.state is not State.REVOKED
                if not key.is_revoked:
                    self.fire(index, Event.BOGUS, key)
            elif cell is not None and cell.state in TRUSTED:
                lacking = True
        if not present:
            return "blind"
        return "lost" if lacking else "bogus"

    def verified(self, dnskeys: DnskeySet, validators: tuple[Identity, ...]) -> bool:
        """Deliver one event per key of a set that verified, and adopt keys never met.

        True if the set lacks a key that is trusted all the same.
        """
        first = not self.initialised
        self.initialised = True
        owner, trust = self.point.owner, self.policy.trust
        absent: list[tuple[int, Event, Key | None]] = []
        known: list[Identity] = []
        for index, cell in enumerate(self.cells):
            if cell is None:
                continue
            key = key_of(cell, dnskeys, owner, trust)
            if key is not None:
                known.append(key.identity)
            if trust.zone_keys == "replaced" and not _is_entry_point(cell):
                continue
            if key is None:
                absent.append((index, self._absence(cell, first), None))
            elif key.is_revoked:
                absent.append((index, Event.FLAGGED, key))
            else:
                presence = self._presence(cell, key, dnskeys, first)
                self._bind(index, cell, key, dnskeys)
                self.fire(index, presence, key, validators, dnskeys.ttl)
        for key in dnskeys.entry_points:
            if dnskeys.supports(key) and not key.is_revoked and key.identity not in known:
                known.append(key.identity)
                self._adopt(key, Event.FIRST if first else Event.SEEN, validators, dnskeys.ttl)
        if len(absent) > 1:
            absent.sort(key=lambda entry: self._absence_order(entry[0]))
        lacking = False
        for index, event, key in absent:
            self.fire(index, event, key)
            left = self.cells[index]
            lacking |= key is None and left is not None and left.state in TRUSTED
        if trust.zone_keys == "replaced":
            self._replace_zone_keys()
        return lacking

    def _replace_zone_keys(self) -> None:
        """Drop trusted keys that are no entry points as soon as an entry point is Valid.

        Where none is, pending ones become Valid at once, on the word of a configured zone key (Unbound's
        `init_zsk_to_ksk` and `remove_missing_trustanchors`).
        """
        zone_keys = [
            (index, cell)
            for index, cell in enumerate(self.cells)
            if cell is not None and not _is_entry_point(cell)
        ]
        if not zone_keys:
            return
        entry_points = [(i, cell) for i, cell in enumerate(self.cells) if cell and _is_entry_point(cell)]
        valid = [cell for _, cell in entry_points if cell.state is State.VALID]
        if not valid and any(c.state is State.VALID and c.since == NEVER_SEEN for _, c in zone_keys):
            valid = [cell for _, cell in entry_points if cell.state is State.ADD_PEND]
            for index, cell in entry_points:
                if cell.state is State.ADD_PEND:
                    self._move(index, cell, State.VALID, None)
        for index, cell in zone_keys if valid else ():
            self._move(index, cell, State.START, None)

    def _absence_order(self, index: int) -> int:
        cell = self.cells[index]
        assert cell is not None
        return {State.VALID: 0, State.MISSING: 1}.get(cell.state, 2)

    @staticmethod
    def _absence(cell: Cell, first: bool) -> Event:
        if not first:
            return Event.ABSENT
        return Event.NOFIRST if isinstance(cell.anchor, Key) else Event.NOFIRST_DS

    @staticmethod
    def _presence(cell: Cell, key: Key, dnskeys: DnskeySet, first: bool) -> Event:
        if not first:
            return Event.SEEN
        signs = key.tag in dnskeys.signer_tags
        return Event.FIRST if signs or isinstance(cell.anchor, Key) else Event.FIRST_UNSIGNED

    def _bind(self, index: int, cell: Cell, key: Key, dnskeys: DnskeySet) -> None:
        """Replace an anchor known by DS alone by the key itself; note when a configured key is first seen."""
        if not isinstance(cell.anchor, Key):
            self.cells[index] = replace(cell, anchor=key, since=self.now, ttl=self._kept_ttl(dnskeys.ttl))
            self.touched = True
        elif cell.state is State.VALID and cell.since == NEVER_SEEN:
            self.cells[index] = cell.restarted(self.now)
            self.touched = True

    def _kept_ttl(self, ttl: Seconds) -> Seconds:
        cap = self.policy.cache.ttl_cap
        return ttl if cap is None else min(ttl, cap)

    def _adopt(self, key: Key, event: Event, validators: tuple[Identity, ...], ttl: Seconds) -> None:
        """Make a cell for a key never met, if a row leads out of Start."""
        for row in self.table[State.START, event]:
            hold = ttl if self.policy.durations.hold_down_takes_ttl else 0
            assert row.target is not None
            self.cells.append(
                Cell(key, row.target, self.now, hold, self._kept_ttl(ttl), sightings=1, validators=validators)
            )
            self.changes.append(Change(key, State.START, row.target, key))
            self.touched = True
            return

    def fire(
        self,
        index: int,
        event: Event,
        key: Key | None = None,
        validators: tuple[Identity, ...] = (),
        ttl: Seconds = 0,
    ) -> None:
        """Deliver one event to one cell: the first row whose guards hold is taken."""
        cell = self.cells[index]
        assert cell is not None
        for row in self.table[cell.state, event]:
            if self._guards_hold(row, cell):
                self._take(row, index, cell, key, validators, ttl)
                return
        counted = event in (Event.SEEN, Event.FIRST, Event.FIRST_UNSIGNED)
        if counted and cell.state is State.ADD_PEND and cell.sightings < MAX_SIGHTINGS:
            self.cells[index] = cell.sighted()
            self.touched = True

    def _guards_hold(self, row: Row, cell: Cell) -> bool:
        if row.after or row.before:
            wanted = timer(self.policy, row.after or row.before, cell)
            over = wanted is not None and self.now - cell.since >= wanted
            if over is bool(row.before):
                return False
        if row.twice and cell.sightings < 2:
            return False
        return not row.if_valid or any(
            c is not None and c.state is State.VALID and _is_entry_point(c) for c in self.cells
        )

    def _take(
        self,
        row: Row,
        index: int,
        cell: Cell,
        key: Key | None,
        validators: tuple[Identity, ...],
        ttl: Seconds,
    ) -> None:
        """Apply a row: stay, stay with a new timer, forget, or move."""
        assert row.target is not None
        if row.restart:
            self.cells[index] = cell.restarted(self.now)
            self.touched = True
        elif row.target is not cell.state:
            if row.residue:
                self.residue.append(cell)
            self._move(index, cell, row.target, key, validators, ttl)

    def _move(
        self,
        index: int,
        cell: Cell,
        target: State,
        key: Key | None,
        validators: tuple[Identity, ...] = (),
        ttl: Seconds = 0,
    ) -> None:
        self.changes.append(Change(cell.anchor, cell.state, target, key))
        self.touched = True
        if target is State.START:
            self.cells[index] = None
            return
        pending = target is State.ADD_PEND
        hold = max(cell.hold, ttl if pending and self.policy.durations.hold_down_takes_ttl else 0)
        self.cells[index] = replace(
            cell, state=target, since=self.now, hold=hold, sightings=int(pending), validators=validators
        )


def _is_entry_point(cell: Cell) -> bool:
    """Tell whether a cell is of an entry point, as the key of any DS is."""
    return not isinstance(cell.anchor, Key) or cell.anchor.is_sep


def replaced(before: TrustPoint, after: TrustPoint, name: Callable[[Key | DS], str]) -> tuple[Change, ...]:
    """Return what becomes of each anchor when an operator or a feed replaces them all.

    `name` is what makes a key and the DS of it the same. Those that are gone come first.
    """
    old = {name(cell.anchor): cell for cell in before.cells}
    new = {name(cell.anchor): cell for cell in after.cells}
    gone = [Change(cell.anchor, cell.state, State.START) for label, cell in old.items() if label not in new]
    for label, cell in new.items():
        source = old[label].state if label in old else State.START
        if source is not cell.state:
            gone.append(Change(cell.anchor, source, cell.state))
    return tuple(gone)


def timer(policy: ResolverPolicy, name: str, cell: Cell) -> Seconds | None:
    """Return how long a timer (`add`, `rem` or `keep`) runs for a cell, None for ever."""
    durations = policy.durations
    if name == "add":
        return max(durations.add_hold_down, cell.hold) + durations.strictly_after
    length = durations.remove_hold_down if name == "rem" else durations.keep_missing
    return None if length is None else length + durations.strictly_after
