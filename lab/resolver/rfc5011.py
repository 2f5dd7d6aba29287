"""RFC 5011 as one literal table, complete, with its theory above it.

A resolver that follows RFC 5011 keeps one *cell* for each key it has met. Each look at the zone's DNSKEY
RRset yields exactly one *event* per key, in this order:

    load             the state was read at start
    attempt          a refresh ended, whatever its outcome, before its answer is looked at
    answer           the same, where an answer came
    revoked          a copy with the REVOKE bit proved by its own signature, in any set, verified or not
    bogus            a plain copy stands in a set that does not verify (nothing follows)
    seen             the set verified and holds a plain copy
    flagged          the set verified and holds only a copy with the REVOKE bit      (else: absent)
    absent           the set verified and holds neither
    first            `seen` in the very first verified set, when nothing was known yet (else: seen)
    first-unsigned   `first` of an anchor configured as DS that did not sign the set   (else: first)
    nofirst          `absent` in the very first verified set                           (else: absent)
    nofirst-ds       `nofirst` of an anchor configured as DS                           (else: nofirst)

A row reads `STATE event TARGET [after X] [before X] [twice] [if-valid]`. The target `!` means stay and start
the timer anew, `-` empties the row (an override that removes what it overrides), `Start+` means forgotten,
but still trusted by the running process. `after add` holds once the add hold-down has passed since the state
was entered, `rem` stands for the remove hold-down and `keep` for the time a missing key is kept; `before` is
the opposite; `twice` asks for two verified sightings, `if-valid` for some other key that is Valid now.
Start is "not stored"; Removed is "stored, and for ever unless a row leaves it".

The RFC's own table (section 4) has eight transitions, and section 2.1 gives two rows that restart a timer.
AddPend to Revoked does not exist there. What implementations do differently is rows that override these,
listed with their sources in `profiles`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ..clock import Instant, Seconds
from ..dnssec.keys import DS, Key


class State(StrEnum):
    """The states of a key at a trust point (RFC 5011 section 4.2)."""

    START = "Start"
    ADD_PEND = "AddPend"
    VALID = "Valid"
    MISSING = "Missing"
    REVOKED = "Revoked"
    REMOVED = "Removed"


class Event(StrEnum):
    """What one look at the DNSKEY RRset means for one key; see the module's docstring."""

    LOAD = "load"
    ATTEMPT = "attempt"
    ANSWER = "answer"
    REVOKED = "revoked"
    BOGUS = "bogus"
    SEEN = "seen"
    FLAGGED = "flagged"
    ABSENT = "absent"
    FIRST = "first"
    FIRST_UNSIGNED = "first-unsigned"
    NOFIRST = "nofirst"
    NOFIRST_DS = "nofirst-ds"


TRUSTED = (State.VALID, State.MISSING)
"""States in which a key may validate (RFC 5011 section 4: a missing key is still trusted)."""

FALLBACK = {
    Event.FLAGGED: Event.ABSENT,
    Event.FIRST: Event.SEEN,
    Event.FIRST_UNSIGNED: Event.FIRST,
    Event.NOFIRST: Event.ABSENT,
    Event.NOFIRST_DS: Event.NOFIRST,
}
"""The event a key's event stands for where no row names it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One guarded transition. `target` is None for an emptied row."""

    state: State
    event: Event
    target: State | None
    restart: bool = False
    residue: bool = False
    after: str = ""
    before: str = ""
    twice: bool = False
    if_valid: bool = False

    def __str__(self) -> str:
        """Write the row in the notation it is read from."""
        target = "-" if self.target is None else "!" if self.restart else self.target
        words = [self.state, self.event, target + "+" if self.residue else target]
        words += [f"after {self.after}"] * bool(self.after) + [f"before {self.before}"] * bool(self.before)
        words += ["twice"] * self.twice + ["if-valid"] * self.if_valid
        return " ".join(words)


TIMERS = ("add", "rem", "keep")
"""The timers a guard may name: add hold-down, remove hold-down, time a missing key is kept."""

MEETINGS = (Event.SEEN, Event.FIRST)
"""What can happen to a key never met, so the only events of a row that leads out of Start."""


def rows(text: str) -> tuple[Row, ...]:
    """Read rows in the notation above, one a line. Raises ValueError naming the line and what is wrong."""
    return tuple(_row(line) for line in text.splitlines() if line.strip())


def _row(line: str) -> Row:
    try:
        return _read_row(line.split())
    except ValueError as problem:
        raise ValueError(f"the row {line.strip()!r}: {problem}") from None


def _read_row(words: list[str]) -> Row:
    if len(words) < 3:
        raise ValueError("a row needs a state, an event and a target")
    state, event, target = State(words[0]), Event(words[1]), words[2]
    residue, restart = target == "Start+", target == "!"
    aim = None if target == "-" else state if restart else State.START if residue else State(target)
    guards = _guards(words[3:])
    if state is State.START and (guards or restart or aim is state or event not in MEETINGS):
        raise ValueError(f"Start is left by {', '.join(MEETINGS)}, for another state and without a guard")
    return Row(
        state, event, aim, restart, residue,
        guards.get("after", ""), guards.get("before", ""), "twice" in guards, "if-valid" in guards,
    )  # fmt: skip


def _guards(words: list[str]) -> dict[str, str]:
    """Read the guards of a row: the word of each, with the timer it names."""
    found: dict[str, str] = {}
    left = iter(words)
    for word in left:
        timer = next(left, "") if word in ("after", "before") else ""
        if word in ("after", "before") and timer not in TIMERS:
            raise ValueError(f"{word} takes one of {', '.join(TIMERS)}, not {timer!r}")
        if word not in ("after", "before", "twice", "if-valid"):
            raise ValueError(f"unknown guard {word!r}")
        found[word] = timer
    if "after" in found and "before" in found:
        raise ValueError("a row takes one timer")
    return found


RFC_TABLE = rows(
    """
    Start    seen     AddPend
    AddPend  seen     Valid     after add
    AddPend  absent   Start
    Valid    absent   Missing
    Missing  seen     Valid
    Valid    revoked  Revoked
    Missing  revoked  Revoked
    Revoked  seen     !
    Revoked  flagged  !
    Revoked  absent   Removed   after rem
    """
)
"""RFC 5011 section 4, and 2.1 for the two rows that keep a revoked key revoked while it is published."""

Table = dict[tuple[State, Event], tuple[Row, ...]]


@lru_cache(maxsize=512)
def compile_table(overrides: tuple[Row, ...], base: tuple[Row, ...] = RFC_TABLE) -> Table:
    """Return the rows to try for every (state, event): the overrides' where they have any, else the base's.

    Fallbacks are resolved here, so that a look-up at run time is one dictionary access.
    """
    own: Table = {}
    for source in (base, overrides):
        fresh: Table = {}
        for row in source:
            cell = (row.state, row.event)
            fresh[cell] = (*fresh.get(cell, ()), row)
        own.update(fresh)
    table: Table = {}
    for state in State:
        for event in Event:
            meant = event
            while (state, meant) not in own and meant in FALLBACK:
                meant = FALLBACK[meant]
            table[state, event] = tuple(row for row in own.get((state, meant), ()) if row.target is not None)
    return table


@dataclass(frozen=True, slots=True)
class Cell:
    """One key at a trust point: what it is, its state, and since when (by the resolver's own clock).

    `anchor` is a DS until the key itself has been met. `hold` is the add hold-down of this key where it is
    longer than the policy's (RFC 5011 section 2.4.1: at least the original TTL of the first RRset with the
    key), `ttl` the TTL the key was first seen with, `sightings` the verified sets that held it while
    pending, `validators` the identities of the keys that verified the first of them (RFC 5011 section 2.2).
    """

    anchor: Key | DS
    state: State
    since: Instant
    hold: Seconds = 0
    ttl: Seconds = 0
    sightings: int = 0
    validators: tuple[tuple[int, bytes], ...] = ()

    def restarted(self, now: Instant) -> Cell:
        """Return the cell with its timer started anew."""
        return Cell(self.anchor, self.state, now, self.hold, self.ttl, self.sightings, self.validators)

    def sighted(self) -> Cell:
        """Return the cell with one more verified sighting."""
        return Cell(
            self.anchor, self.state, self.since, self.hold, self.ttl, self.sightings + 1, self.validators
        )


@dataclass(frozen=True, slots=True)
class TrustPoint:
    """What a resolver holds for one owner name: cells in the order in which they were met.

    `initialised` is False until a first DNSKEY RRset was verified since the state began. `residue` are keys
    trusted by the running process alone. `deleted` means that every anchor was revoked and the zone is
    treated as if it had never been configured (RFC 5011 section 5).
    """

    owner: bytes
    cells: tuple[Cell, ...]
    initialised: bool = False
    residue: tuple[Cell, ...] = ()
    deleted: bool = False

    def trusted(self) -> tuple[Cell, ...]:
        """Return the cells whose keys may validate now."""
        return tuple(cell for cell in self.cells if cell.state in TRUSTED) + self.residue

    def cell_of(self, key: Key) -> Cell | None:
        """Return the cell that holds a key, whatever its REVOKE bit; None if the key is not known."""
        for cell in self.cells:
            if isinstance(cell.anchor, Key) and cell.anchor.identity == key.identity:
                return cell
        return None


@dataclass(frozen=True, slots=True)
class Change:
    """A transition of one key: what happened, not yet to whom it is told."""

    anchor: Key | DS
    source: State
    target: State
    published: Key | None = None
    """The copy in the DNSKEY RRset at hand, which carries the REVOKE bit where it does; None if absent."""
