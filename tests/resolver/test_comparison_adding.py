"""Compare how implementations come to trust a key: the upper lines of the comparison table, one test a line.

The presets were read from the implementations' source and seen live; `profiles` names the places.
"""

from __future__ import annotations

import pytest

from lab.clock import DAY

from .world import T0, Machine

LEARNERS = ("rfc5011-strict", "unbound", "bind", "knot", "sdns", "cdnsd")
STATIC = (
    "pdns-recursor", "dnsmasq", "systemd-resolved", "getdns", "stubby", "knot-debian", "hickory",
    "technitium", "static", "presence", "fail-open",
)  # fmt: skip


def met(model: str, configured: str = "1", form: str = "ds") -> Machine:
    """Return a resolver that knows its anchors, and met key 2 one day after its start."""
    return Machine(model, configured, form).look(0, "1", "1").look(1, "1 2", "1")


@pytest.mark.parametrize("model", LEARNERS)
def test_learns_new_keys(model: str) -> None:
    """A new entry point in a verified set becomes pending."""
    assert met(model).state(2) == "AddPend"


@pytest.mark.parametrize("model", STATIC)
def test_never_learns(model: str) -> None:
    """A static resolver keeps what was configured, however long it sees another key."""
    machine = met(model).look(40, "1 2", "1").look(80, "1 2", "2")
    assert machine.log == []
    assert machine.states() == "1 Valid"


@pytest.mark.parametrize("model", LEARNERS)
@pytest.mark.parametrize("form", ["ds", "dnskey"])
def test_trusted_at_the_first_set(model: str, form: str) -> None:
    """In the very first verified set configured keys are trusted; BIND trusts every entry point it meets."""
    machine = Machine(model, "1 2", form).look(0, "1 2 3", "1")
    assert machine.trusts(1)
    assert machine.trusts(2)
    assert machine.state(3) == ("Valid" if model == "bind" else "AddPend")


@pytest.mark.parametrize(
    ("model", "form", "state", "trusted"),
    [
        ("rfc5011-strict", "ds", "Missing", True),
        ("rfc5011-strict", "dnskey", "Missing", True),
        ("unbound", "ds", "Start", False),
        ("unbound", "dnskey", "Missing", True),
        ("bind", "ds", "Start", True),
        ("bind", "dnskey", "Start", True),
        ("knot", "ds", "Missing", True),
        ("sdns", "ds", "Missing", True),
        ("cdnsd", "ds", "Start", True),
        ("dnsmasq", "ds", "Valid", True),
    ],
)
def test_configured_key_not_published_at_first(model: str, form: str, state: str, trusted: bool) -> None:
    """Unbound loses a DS whose key is not in the first verified set; BIND keeps it until it is restarted."""
    machine = Machine(model, "1 2", form).look(0, "1", "1")
    assert (machine.state(2), machine.trusts(2)) == (state, trusted)


def test_bind_loses_the_unpublished_anchor_at_its_restart() -> None:
    """What BIND trusts by configuration alone is gone once its state is read."""
    assert not Machine("bind", "1 2").look(0, "1", "1").load(1).trusts(2)


@pytest.mark.parametrize(
    ("model", "late"),
    [("rfc5011-strict", 0), ("unbound", 1), ("bind", 0), ("knot", 0), ("sdns", 1), ("cdnsd", 0)],
)
def test_hold_down_to_the_second(model: str, late: int) -> None:
    """The hold-down is 30 days; Unbound and sdns ask for more than that, by whole seconds."""
    end = T0 + 31 * DAY + late
    assert met(model).look(2, "1 2", "1").look_at(end - 1, "1 2", "1").state(2) == "AddPend"
    assert met(model).look(2, "1 2", "1").look_at(end, "1 2", "1").state(2) == "Valid"


@pytest.mark.parametrize("model", LEARNERS)
def test_long_ttl(model: str) -> None:
    """Only a strict reader makes the hold-down as long as a TTL of 40 days (RFC 5011 section 2.4.1)."""
    machine = Machine(model).look(0, "1 2 3", "1", ttl=40 * DAY) if model != "bind" else met(model)
    machine.look(2, "1 2 3", "1", ttl=40 * DAY)
    wanted = "AddPend" if model == "rfc5011-strict" else "Valid"
    assert machine.look(32, "1 2 3", "1").state(2) == wanted


@pytest.mark.parametrize("model", LEARNERS)
def test_time_alone(model: str) -> None:
    """Unbound promotes by time, before it looks at an answer; the others need a verified set with the key."""
    machine = met(model).look(2, "1 2", "1").look(32, "3", "3")
    assert machine.state(2) == ("Valid" if model == "unbound" else "AddPend")


@pytest.mark.parametrize("model", LEARNERS)
def test_nothing_comes(model: str) -> None:
    """Without an answer nobody promotes: Unbound has nothing to validate, and so it does not prime."""
    assert met(model).look(2, "1 2", "1").look(32, "", "").state(2) == "AddPend"


def test_time_alone_takes_two_sightings() -> None:
    """Unbound promotes no key that it saw only once."""
    assert met("unbound").look(40, "3", "3").state(2) == "AddPend"
    assert met("unbound").look(40, "1 2", "1").state(2) == "Valid"


def test_set_signed_by_the_pending_key_alone() -> None:
    """Once the hold-down is over Unbound takes a set that nothing but the pending key signs."""
    machine = met("unbound").look(2, "1 2", "1").look(32, "2", "2")
    assert (machine.result, machine.states()) == ("miss", "1 Missing, 2 Valid")


@pytest.mark.parametrize("model", LEARNERS)
@pytest.mark.parametrize("days", [30.9, 31.0])
def test_promotion_at_load(model: str, days: float) -> None:
    """BIND trusts, on start, a pending key whose time ended while it was down, unseen and unsigned."""
    promoted = model == "bind" and days >= 31
    assert met(model).load(days).state(2) == ("Valid" if promoted else "AddPend")


@pytest.mark.parametrize("model", LEARNERS)
def test_pending_key_absent_from_a_verified_set(model: str) -> None:
    """BIND starts the timer anew; the others forget the key."""
    machine = met(model).look(10, "1", "1")
    assert machine.state(2) == ("AddPend" if model == "bind" else "Start")
    machine.look(11, "1 2", "1").look(31.5, "1 2", "1")
    assert machine.state(2) == "AddPend"


@pytest.mark.parametrize(("days", "state"), [(39.9, "AddPend"), (40, "Valid")])
def test_bind_restarts_the_timer_of_an_absent_key(days: float, state: str) -> None:
    """BIND counts 30 days from the last verified set that lacked the key, not from the next that had it."""
    machine = met("bind").look(10, "1", "1").look(11, "1 2", "1")
    assert machine.look(days, "1 2", "1").state(2) == state


def test_bind_pending_key_past_its_time_and_absent() -> None:
    """The timer of a pending key that is over is not restarted by absence; the next sight accepts the key."""
    machine = met("bind").look(32, "1", "1").look(33, "1 2", "1")
    assert machine.state(2) == "Valid"


@pytest.mark.parametrize("model", LEARNERS)
def test_pending_key_in_a_bogus_set(model: str) -> None:
    """BIND starts the timer anew, the others take no notice."""
    machine = met(model).look(2, "1 2", "1").look(20, "1 2", "2")
    assert (machine.result, machine.state(2)) == ("bogus", "AddPend")
    wanted = "AddPend" if model == "bind" else "Valid"
    assert machine.look(32, "1 2", "1").state(2) == wanted
    assert machine.look(50, "1 2", "1").state(2) == "Valid"


@pytest.mark.parametrize("model", LEARNERS)
@pytest.mark.parametrize("signed", [True, False])
def test_pending_key_revoked(model: str, signed: bool) -> None:
    """A pending key published as revoked is forgotten; Knot keeps it, and BIND does without a proof."""
    machine = met(model).look(10, "1 -2", "1 -2" if signed else "1")
    kept = model == "knot" or (model == "bind" and not signed)
    assert machine.state(2) == ("AddPend" if kept else "Start")


def test_knot_trusts_a_revoked_pending_key() -> None:
    """Knot makes a revoked pending key Valid when its time is over, and revokes it one refresh later."""
    machine = met("knot").look(10, "1 -2", "1 -2").look(31, "1 -2", "1 -2")
    assert machine.state(2) == "Valid"
    assert machine.look(31.5, "1 -2", "1 -2").state(2) == "Revoked"


@pytest.mark.parametrize("model", ["rfc5011-strict", "unbound", "knot", "sdns", "cdnsd"])
def test_pending_key_revoked_in_a_bogus_set(model: str) -> None:
    """Only BIND forgets a pending key by a revocation in a set that does not verify."""
    assert met(model).look(10, "1 -2", "-2").state(2) == "AddPend"
    assert met("bind").look(10, "1 -2", "-2").state(2) == "Start"
