"""Test how a new key comes to be trusted: RFC 5011 section 2.2, add hold-down."""

from __future__ import annotations

from lab.clock import DAY

from ..resolver.world import T0, Machine, dnskeys, key


def test_acceptance_needs_a_sighting_after_the_hold_down() -> None:
    """The key is accepted the next time the validated RRset with it is seen, not by time (section 2.2)."""
    machine = Machine("rfc5011-strict").look(0, "1 2", "1").look(40, "", "")
    assert machine.state(2) == "AddPend"
    assert machine.look(41, "1 2", "2").states() == "1 Valid, 2 AddPend"
    assert machine.look(42, "1 2", "1").states() == "1 Valid, 2 Valid"


def test_set_that_does_not_verify_is_no_evidence() -> None:
    """Neither is a key met in a bogus set, nor does one leave by it (RFC 5011 section 2.2)."""
    machine = Machine("rfc5011-strict").look(0, "1 2", "1").look(1, "1 2 3", "3")
    assert (machine.result, machine.states()) == ("bogus", "1 Valid, 2 AddPend")
    machine.look(2, "1", "3").look(30, "1 2", "1")
    assert machine.states() == "1 Valid, 2 Valid"


def test_validated_set_without_the_key_stops_acceptance() -> None:
    """A validated RRset without the new key stops the process and resets the timer (section 2.2)."""
    machine = Machine("rfc5011-strict").look(0, "1 2", "1").look(10, "1", "1").look(11, "1 2", "1")
    assert machine.look(40, "1 2", "1").state(2) == "AddPend"
    assert machine.look(41, "1 2", "1").state(2) == "Valid"


def test_validators_revoked() -> None:
    """If all keys that validated the new key are revoked, the timer is reset (RFC 5011 section 2.2)."""
    machine = Machine("rfc5011-strict", "1 3").look(0, "1 2 3", "1").look(10, "-1 2 3", "-1 3")
    assert machine.states() == "1 Revoked, 3 Valid, 2 AddPend"
    assert machine.look(30, "-1 2 3", "-1 3").state(2) == "AddPend"
    assert machine.look(40, "-1 2 3", "-1 3").state(2) == "Valid"


def test_one_validator_left() -> None:
    """One validator that is not revoked keeps the acceptance going (RFC 5011 section 2.2)."""
    machine = Machine("rfc5011-strict", "1 3").look(0, "1 2 3", "1 3").look(10, "-1 2 3", "-1 3")
    assert machine.look(30, "-1 2 3", "-1 3").state(2) == "Valid"


def test_validators_are_remembered() -> None:
    """A pending key knows the keys that verified the set it was first seen in (RFC 5011 section 2.2)."""
    machine = Machine("rfc5011-strict", "1 3").look(0, "1 2 3", "3").look(1, "1 2 3", "1")
    cell = machine.point.cell_of(key(2))
    assert cell is not None
    assert cell.validators == (key(3).identity,)


def test_zone_signing_key_is_not_adopted() -> None:
    """Only a key with the SEP bit becomes an anchor (RFC 5011 section 3)."""
    machine = Machine("rfc5011-strict").look(0, "1", "1").look(31, "1", "1")
    assert any(not known.is_sep for known in dnskeys("1", "1").keys)
    assert machine.states() == "1 Valid"


def test_several_pending_keys() -> None:
    """At least five keys can be pending or trusted at once (RFC 5011 section 2.2 and section 6)."""
    machine = Machine("rfc5011-strict").look(0, "1 2 3 4 5 6", "1").look(30, "1 2 3 4 5 6", "1")
    assert machine.states() == ", ".join(f"{number} Valid" for number in _in_order(machine))
    assert len(machine.point.trusted()) == 6


def _in_order(machine: Machine) -> list[str]:
    order = sorted((2, 3, 4, 5, 6), key=lambda number: key(number).sort_key)
    assert machine.now == T0 + 30 * DAY
    return ["1", *map(str, order)]
