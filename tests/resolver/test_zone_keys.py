"""Test anchors that are no entry points, and anchors nobody has seen yet: what Unbound makes of old files."""

from __future__ import annotations

from lab.clock import DAY
from lab.resolver.managed import NEVER_SEEN
from lab.resolver.policy import STRICT
from lab.resolver.rfc5011 import Cell, State, TrustPoint

from .world import ROOT, T0, Machine, key, policy_of

KEPT = policy_of("unbound").override({"zone-keys": "kept"})


def holding(policy: object, *cells: Cell) -> Machine:
    """Return a resolver with some cells in its file, not one of them confirmed by a set yet."""
    machine = Machine(policy)  # type: ignore[arg-type]
    machine.point = TrustPoint(ROOT, cells)
    return machine


def from_file(number: int) -> Cell:
    """Return a trusted key as an old file holds it: without a date."""
    return Cell(key(number), State.VALID, NEVER_SEEN)


def test_zone_key_hands_over_at_once() -> None:
    """On the word of a configured zone key Unbound trusts the entry points of the first set at once."""
    machine = holding("unbound", from_file(0)).look(0, "1 2", "0")
    assert machine.states() == "2 Valid, 1 Valid"
    assert machine.log == [
        "2 Start->AddPend", "1 Start->AddPend", "2 AddPend->Valid", "1 AddPend->Valid", "0 Valid->Start",
    ]  # fmt: skip


def test_zone_key_hands_nothing_to_a_revoked_key() -> None:
    """A revoked entry point stays revoked, whoever vouches for the others."""
    machine = holding("unbound", from_file(0), Cell(key(1), State.REVOKED, T0)).look(0, "1 2", "0")
    assert machine.states() == "1 Revoked, 2 Valid"


def test_zone_key_seen_before_hands_nothing_over() -> None:
    """A zone key that a set has confirmed vouches for nobody: entry points wait as ever."""
    machine = holding("unbound", Cell(key(0), State.VALID, T0 - DAY)).look(0, "1", "0")
    assert machine.states() == "0 Valid, 1 AddPend"


def test_zone_key_is_dropped_for_an_entry_point() -> None:
    """Once an entry point is Valid the configured zone keys are dropped."""
    assert Machine("unbound", "0 1", "dnskey").look(0, "1", "1").states() == "1 Valid"


def test_zone_key_stays_while_no_entry_point_is_trusted() -> None:
    """Without a Valid entry point the zone key is all there is, published or not."""
    machine = holding("unbound", Cell(key(0), State.VALID, T0 - DAY), Cell(key(1), State.ADD_PEND, T0))
    assert machine.look(1, "1", "0").states() == "0 Valid, 1 AddPend"


def test_others_keep_their_zone_keys() -> None:
    """Where zone keys are kept they are keys like any other: absent ones go missing."""
    machine = holding(KEPT, from_file(0), Cell(key(1), State.VALID, T0))
    assert machine.look(0, "1", "1").states() == "0 Valid, 1 Valid"
    assert holding(STRICT, from_file(5)).look(0, "1", "5").states() == "5 Missing, 1 AddPend"


def test_date_of_a_configured_key() -> None:
    """A configured key is dated from the first set that holds it."""
    machine = holding("unbound", from_file(1)).look(3, "1", "1")
    assert [cell.since for cell in machine.point.cells] == [T0 + 3 * DAY]
    assert [cell.since for cell in machine.look(4, "1", "1").point.cells] == [T0 + 3 * DAY]


def test_dated_key_stays_dated() -> None:
    """A key with a date keeps it, as one that is not trusted does."""
    machine = holding("unbound", Cell(key(1), State.VALID, T0), Cell(key(2), State.MISSING, NEVER_SEEN))
    assert [cell.since for cell in machine.look(3, "1 2", "1").point.cells] == [T0, T0 + 3 * DAY]
    assert machine.log == ["2 Missing->Valid"]


def test_zone_key_does_not_guard_a_missing_one() -> None:
    """A missing key is dropped only where another entry point is Valid; a zone key does not count."""
    cells = (Cell(key(0), State.VALID, T0), Cell(key(1), State.MISSING, T0))
    policy = KEPT.with_rows("Start seen -")
    assert holding(policy, *cells).look(400, "3", "0").states() == "0 Valid, 1 Missing"
    both = (Cell(key(1), State.MISSING, T0), Cell(key(2), State.VALID, T0))
    assert holding(policy, *both).look(400, "2", "2").states() == "2 Valid"
