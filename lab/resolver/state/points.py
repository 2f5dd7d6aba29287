"""From a state file to the trust point of a model, and back.

A trust point counts all times from when a state was entered, so the ends of timers in a file are turned into
beginnings with the hold-downs of the policy at hand.
"""

from __future__ import annotations

from ...dnssec.keys import Key
from ..policy import Durations
from ..refresh import UNKNOWN_TTL
from ..rfc5011 import Cell, State, TrustPoint
from .vocabulary import CONFIGURED, Entry, Holds, TrustState, since_of


def holds_of(durations: Durations) -> Holds:
    """Return how long a policy's timers run."""
    return Holds(durations.add_hold_down, durations.remove_hold_down, durations.keep_missing)


def to_point(state: TrustState, durations: Durations) -> TrustPoint:
    """Return the trust point a resolver makes of its state, keys met in the order of the entries.

    Anchors in state Start are left out, and so is the second of two entries for one key. A pending key of
    which a file does not say how often it was seen counts as seen once.
    """
    holds = holds_of(durations)
    cells: dict[tuple[int, bytes], Cell] = {}
    for entry in state.entries:
        if entry.state is not State.START:
            cells.setdefault(entry.identity, _cell(entry, holds))
    return TrustPoint(state.owner, tuple(cells.values()), state.is_initialised, deleted=state.deleted)


def _cell(entry: Entry, holds: Holds) -> Cell:
    pending = entry.state is State.ADD_PEND
    unknown = UNKNOWN_TTL if isinstance(entry.anchor, Key) else 0
    return Cell(
        entry.anchor,
        entry.state,
        since_of(entry, holds) or 0,
        ttl=unknown if entry.ttl is None else entry.ttl,
        sightings=int(pending) if entry.sightings is None else entry.sightings,
    )


def of_point(point: TrustPoint, durations: Durations) -> TrustState:
    """Return the state of a trust point, in the order in which its keys were met.

    What no file has is lost: keys trusted by the running process alone, hold-downs longer than the policy's,
    and who vouched for a pending key. Before a first verified DNSKEY RRset anchors are configuration.
    """
    holds = holds_of(durations)
    entries = tuple(_entry(cell, holds, confirmed=point.initialised) for cell in point.cells)
    return TrustState(point.owner, entries, deleted=point.deleted)


def _entry(cell: Cell, holds: Holds, *, confirmed: bool) -> Entry:
    anchor = cell.anchor
    if isinstance(anchor, Key) and cell.state is State.REVOKED:
        anchor = anchor.unrevoked()
    length = holds.of(cell.state)
    if cell.state is State.ADD_PEND:
        length = max(holds.add, cell.hold)
    unconfirmed = cell.state is State.VALID and not confirmed
    return Entry(
        anchor,
        cell.state,
        CONFIGURED if unconfirmed else cell.since,
        None if length is None else cell.since + length,
        cell.sightings,
        cell.ttl,
    )
