"""A trust point becomes a state and back, whatever the hold-downs of the policy at hand."""

from __future__ import annotations

import pytest

from lab.clock import DAY
from lab.resolver.policy import Durations
from lab.resolver.rfc5011 import Cell, State, TrustPoint
from lab.resolver.state.points import holds_of, of_point, to_point
from lab.resolver.state.vocabulary import HOLDS, Entry, Holds, TrustState, since_of, until_of

from .material import EXAMPLE, ROOT, ds, key, points

SHORT = Durations(add_hold_down=5, remove_hold_down=6, keep_missing=7)


def test_thousand_points() -> None:
    """A state made of a trust point leads back to it, cell by cell, in the same order."""
    for point in points(1000):
        again = to_point(of_point(point, Durations()), Durations())
        if point.initialised:
            assert again == point
        else:
            assert [(c.anchor, c.since, c.ttl) for c in again.cells] == [
                (c.anchor, 0, c.ttl) for c in point.cells
            ]
            assert not again.initialised


def test_times() -> None:
    """A state says when it began and, where it has a timer, when that ends."""
    cells = tuple(
        Cell(key(number), state, 100)
        for number, state in enumerate(
            (State.ADD_PEND, State.VALID, State.MISSING, State.REVOKED, State.REMOVED)
        )
    )
    state = of_point(TrustPoint(EXAMPLE, cells, True), SHORT)
    assert [(entry.since, entry.until) for entry in state.entries] == [
        (100, 105),
        (100, None),
        (100, 107),
        (100, 106),
        (100, None),
    ]
    assert state.owner == EXAMPLE
    forever = of_point(TrustPoint(ROOT, cells[2:3], True), Durations()).entries[0]
    assert (forever.since, forever.until) == (100, None)


def test_longer_hold_down_of_a_key() -> None:
    """A key that waits longer than the policy's hold-down shows the end of its own."""
    cell = Cell(key(1), State.ADD_PEND, 100, hold=50)
    assert of_point(TrustPoint(ROOT, (cell,), True), SHORT).entries[0].until == 150


def test_from_the_ends_of_timers() -> None:
    """Where a file has only the end of a timer, the state began as long before as the policy's timer runs."""
    states = (State.ADD_PEND, State.MISSING, State.REVOKED, State.VALID)
    entries = tuple(Entry(key(n), state, until=1000) for n, state in enumerate(states))
    found = to_point(TrustState(ROOT, entries), SHORT)
    assert [cell.since for cell in found.cells] == [995, 993, 994, 0]


def test_what_a_file_does_not_say() -> None:
    """A pending key was seen once at least; a key line without TTL counts as one hour."""
    entries = (Entry(key(1), State.ADD_PEND, 5), Entry(key(2)), Entry(ds(3)), Entry(key(4), ttl=0))
    cells = to_point(TrustState(ROOT, entries), Durations()).cells
    assert [(cell.sightings, cell.ttl) for cell in cells] == [(1, 3600), (0, 3600), (0, 0), (0, 0)]


def test_start_and_doubles_are_left_out() -> None:
    """An anchor that must not be used makes no cell, nor does a second entry for one key."""
    entries = (
        Entry(ds(1), State.START, note="not valid"),
        Entry(key(2), State.ADD_PEND, 5),
        Entry(key(2), State.VALID, 6),
    )
    assert [cell.state for cell in to_point(TrustState(ROOT, entries), Durations()).cells] == [State.ADD_PEND]


def test_deleted() -> None:
    """That all anchors were revoked is part of a state, and makes it one that was initialised."""
    point = TrustPoint(ROOT, (), True, deleted=True)
    state = of_point(point, Durations())
    assert (state.deleted, state.is_initialised) == (True, True)
    assert to_point(state, Durations()) == point


def test_revoked_key() -> None:
    """The REVOKE bit of a revoked key is clear in a state, since the state says it."""
    state = of_point(TrustPoint(ROOT, (Cell(key(1).revoked(), State.REVOKED, 5),), True), Durations())
    assert state.entries[0].anchor == key(1)


@pytest.mark.parametrize(
    ("state", "length"),
    [(State.ADD_PEND, 30 * DAY), (State.REVOKED, 30 * DAY), (State.MISSING, None), (State.VALID, None)],
)
def test_holds(state: State, length: int | None) -> None:
    """Timers run as long as RFC 5011 sections 2.4.1 and 2.4.2 say; a missing key is kept for ever."""
    assert HOLDS.of(state) == length
    since = Entry(key(1), state, since=10**9)
    assert until_of(since, HOLDS) == (None if length is None else 10**9 + length)
    until = Entry(key(1), state, until=10**9)
    assert since_of(until, HOLDS) == (None if length is None else 10**9 - length)


def test_times_stay_in_bounds() -> None:
    """Times computed from others stay within 32 bits without sign."""
    assert since_of(Entry(key(1), State.ADD_PEND, until=5), HOLDS) == 0
    assert until_of(Entry(key(1), State.ADD_PEND, since=2**32 - 5), HOLDS) == 2**32 - 1
    assert holds_of(Durations()) == Holds(30 * DAY, 30 * DAY, None)
