"""Test what a look leaves in a cell beside its state: sightings, hold-downs, and the order of events."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.clock import DAY
from lab.dnssec.keys import Key
from lab.dnssec.rrset import SignedRRset, sign_rrset
from lab.resolver import managed
from lab.resolver.managed import MAX_SIGHTINGS, NEVER_SEEN, load, observe
from lab.resolver.policy import STRICT
from lab.resolver.rfc5011 import Cell, State, TrustPoint
from lab.resolver.validator import DnskeySet

from .world import ROOT, T0, WINDOW, Machine, dnskeys, ds, key, policy_of, signed_set, signing


def test_load_ends_well() -> None:
    """Reading the state is no look that can fail."""
    assert load(TrustPoint(ROOT, ()), STRICT, T0).result == "ok"


def test_sightings_stop_at_250() -> None:
    """The count of sightings stops where Unbound's does, and a set seen then changes nothing."""
    machine = Machine("unbound")
    for look in range(260):
        before = machine.point
        machine.look_at(T0 + look, "1 2", "1")
        assert machine.point.cells[1].sightings == min(look + 1, 250)
    assert machine.point is before
    assert MAX_SIGHTINGS == 250


@pytest.mark.parametrize(("model", "hold"), [("unbound", 0), ("rfc5011-strict", 40 * DAY)])
def test_hold_down_of_a_key_is_the_ttl_it_came_with(model: str, hold: int) -> None:
    """The TTL of the first set is kept, where it counts at all, and that of no later one."""
    machine = Machine(model).look(0, "1", "1").look(1, "1 2", "1", ttl=40 * DAY)
    assert machine.point.cells[1].hold == hold
    machine.look(2, "1 2", "1", ttl=50 * DAY).look(60, "1 2", "1", ttl=60 * DAY)
    assert (machine.state(2), machine.point.cells[1].hold) == ("Valid", hold)
    machine.look(61, "1", "1")
    assert [cell.hold for cell in machine.point.cells] == [0, hold]


def test_hold_down_of_a_key_met_again() -> None:
    """A revoked key that becomes pending again has the hold-down of the set it came back with."""
    policy = STRICT.with_rows("Revoked seen AddPend")
    machine = Machine(policy, "1 2").look(0, "1 2", "1").look(1, "1 -2", "1 -2")
    assert machine.look(2, "1 2", "1", ttl=40 * DAY).point.cells[1].hold == 40 * DAY
    silent = policy.override({"hold-down-takes-ttl": False})
    machine = Machine(silent, "1 2").look(0, "1 2", "1").look(1, "1 -2", "1 -2")
    assert machine.look(2, "1 2", "1", ttl=40 * DAY).point.cells[1].hold == 0


def test_key_published_twice_is_met_once() -> None:
    """A key published with two values of the flags is one key: what it is lies in its public key."""
    twin = Key(257 | 2, key(2).algorithm, key(2).public_key)
    rrset = signed_set("1 2", "1").rrset
    both = replace(rrset, rdatas=(*rrset.rdatas, twin.rdata))
    signed = SignedRRset(both, (sign_rrset(both, signing(1), ROOT, *WINDOW),))
    machine = Machine("rfc5011-strict")
    found = observe(machine.point, STRICT, DnskeySet(signed), T0)
    assert [cell.state for cell in found.point.cells] == [State.VALID, State.ADD_PEND]


def test_key_revoked_twice_is_revoked_once() -> None:
    """A key whose revocation is published with two values of the flags, both signed, is forgotten once."""
    twin = replace(signing(2), key=Key(257 | 128 | 2, key(2).algorithm, key(2).public_key))
    rrset = signed_set("1 -2", "1").rrset
    both = replace(rrset, rdatas=(*rrset.rdatas, twin.key.rdata))
    by = (signing(1), signing(2).revoked(), twin)
    signed = SignedRRset(both, tuple(sign_rrset(both, signer, ROOT, *WINDOW) for signer in by))
    machine = Machine(STRICT.with_rows("Valid revoked Start"), "1 2").look(0, "1 2", "1")
    found = observe(machine.point, machine.policy, DnskeySet(signed), T0 + DAY)
    assert [cell.anchor for cell in found.point.cells] == [key(1)]
    assert len(found.changes) == 1


def test_valid_keys_are_missed_first() -> None:
    """Of keys absent at once the Valid ones are dealt with first, so none of them saves a missing one."""
    cells = (Cell(key(1), State.MISSING, T0), Cell(key(2), State.VALID, T0))
    point = TrustPoint(ROOT, cells, initialised=True)
    found = observe(point, policy_of("unbound"), dnskeys("3", "2"), T0 + 400 * DAY)
    assert [cell.state for cell in found.point.cells] == [State.MISSING, State.MISSING, State.ADD_PEND]


def test_ds_merged_into_a_state_finds_its_key() -> None:
    """A DS that came to a state later is replaced by its key as soon as that is seen."""
    point = TrustPoint(ROOT, (Cell(ds(1), State.VALID, T0),), initialised=True)
    found = observe(point, STRICT, dnskeys("1", "1"), T0 + DAY)
    assert [(cell.anchor, cell.since) for cell in found.point.cells] == [(key(1), T0 + DAY)]


def test_anchor_from_a_file_is_dated_when_first_seen() -> None:
    """A configured key counts from the first verified set that holds it, though one lacked it before."""
    cells = (Cell(key(1), State.VALID, NEVER_SEEN), Cell(key(2), State.VALID, T0))
    point = TrustPoint(ROOT, cells, initialised=True)
    found = managed.observe(point, STRICT, dnskeys("1 2", "2"), T0 + DAY)
    assert [cell.since for cell in found.point.cells] == [T0 + DAY, T0]
