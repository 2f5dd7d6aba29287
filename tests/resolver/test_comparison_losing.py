"""Compare how implementations lose trust in a key: the lower lines on keys of the comparison table."""

from __future__ import annotations

import pytest

from lab.clock import DAY

from .world import T0, Machine, live, policy_of, world

LEARNERS = ("rfc5011-strict", "unbound", "bind", "knot", "sdns", "cdnsd")


def holds_two(model: str) -> Machine:
    """Return a resolver that trusts keys 1 and 2, both from its state (BIND and cdnsd by having learnt 2)."""
    machine = Machine(model, "3").look(0, "3 1 2", "3").look(1, "3 1 2", "3")
    return machine.look(31, "3 1 2", "3").look(32, "1 2 3", "3")


def test_start_of_these_tests() -> None:
    """Every learner trusts keys 1 and 2 at the start of the tests below."""
    assert [holds_two(model).state(1) for model in LEARNERS] == ["Valid"] * len(LEARNERS)
    assert [holds_two(model).state(2) for model in LEARNERS] == ["Valid"] * len(LEARNERS)


@pytest.mark.parametrize("model", LEARNERS)
def test_valid_key_absent(model: str) -> None:
    """A Valid key that is absent is Missing and still trusted; BIND has no such state, yet it is a miss."""
    machine = holds_two(model).look(33, "2 3", "2 3")
    assert machine.state(1) == ("Valid" if model == "bind" else "Missing")
    assert machine.trusts(1)
    assert machine.result == "miss"
    assert machine.look(34, "1 2 3", "3").state(1) == "Valid"
    assert machine.result == "ok"


@pytest.mark.parametrize(
    ("model", "kept", "late"),
    [("unbound", 366, 1), ("knot", 120, 0), ("sdns", 90, 1), ("cdnsd", 30, 0)],
)
def test_missing_key_is_dropped(model: str, kept: int, late: int) -> None:
    """Unbound keeps a missing key for 366 days, Knot for 120, sdns for 90, cdnsd for 30."""
    machine = holds_two(model).look(33, "2 3", "2 3")
    end = T0 + (33 + kept) * DAY + late
    assert machine.look_at(end - 1, "2 3", "2 3").state(1) == "Missing"
    assert machine.look_at(end, "2 3", "2 3").state(1) == "Start"


@pytest.mark.parametrize(("model", "state"), [("rfc5011-strict", "Missing"), ("bind", "Valid")])
def test_missing_key_is_kept_for_ever(model: str, state: str) -> None:
    """RFC 5011 and BIND never drop a trusted key because it is absent (RFC 5011 section 4.2)."""
    assert holds_two(model).look(33, "2 3", "2 3").look(4000, "2 3", "2 3").state(1) == state


@pytest.mark.parametrize(("model", "state"), [("unbound", "Missing"), ("sdns", "Start")])
def test_last_key_missing(model: str, state: str) -> None:
    """Unbound drops no missing key unless another key is Valid; sdns does not look."""
    machine = Machine(model, "1", "dnskey").look(0, "1", "1").look(20, "2", "1")
    assert (machine.result, machine.state(1)) == ("miss", "Missing")
    assert machine.look(500, "3", "1").state(1) == state


@pytest.mark.parametrize("model", LEARNERS)
def test_proof_of_a_revocation(model: str) -> None:
    """Most want the key's own signature, in whatever set; Knot and cdnsd the flag, in a verified set."""
    by_flag = model in ("knot", "cdnsd")
    gone = {"sdns": "Removed", "cdnsd": "Start"}.get(model, "Revoked")
    assert holds_two(model).look(33, "-1 2 3", "-1").state(1) == ("Valid" if by_flag else gone)
    assert holds_two(model).look(33, "-1 2 3", "-1 2").state(1) == gone
    assert not holds_two(model).look(33, "-1 2 3", "-1 2").trusts(1)


@pytest.mark.parametrize(
    ("model", "state"),
    [
        ("rfc5011-strict", "Missing"),
        ("unbound", "Missing"),
        ("bind", "Valid"),
        ("knot", "Revoked"),
        ("sdns", "Missing"),
        ("cdnsd", "Start"),
    ],
)
def test_revoke_bit_without_its_signature(model: str, state: str) -> None:
    """An unproved REVOKE bit makes a Valid key Missing; BIND ignores it, Knot and cdnsd believe it."""
    assert holds_two(model).look(33, "-1 2 3", "2").state(1) == state
    assert holds_two(model).look(33, "-1 2 3", "2 ~-1").state(1) == state


@pytest.mark.parametrize(("model", "state"), [("bind", "Valid"), ("knot", "Revoked"), ("cdnsd", "Start")])
def test_revoke_bit_of_a_missing_key(model: str, state: str) -> None:
    """What holds of a Valid key holds of one that was missing before."""
    machine = holds_two(model).look(33, "2 3", "2").look(34, "-1 2 3", "2")
    assert machine.state(1) == state


def revoked(model: str) -> Machine:
    """Return a resolver that saw key 1 revoked on day 33, and trusts key 2."""
    return holds_two(model).look(33, "-1 2 3", "-1 2")


@pytest.mark.parametrize(
    ("model", "published", "at_30", "late"),
    [
        ("rfc5011-strict", False, "Removed", 0),
        ("unbound", False, "Start", 1),
        ("unbound", True, "Start", 1),
        ("bind", False, "Start", 0),
        ("bind", True, "Start", 0),
        ("knot", True, "Removed", 0),
    ],
)
def test_revoked_key_is_purged(model: str, published: bool, at_30: str, late: int) -> None:
    """After the remove hold-down a revoked key is dropped, whether or not it is published still."""
    end, keys = T0 + 63 * DAY + late, "-1 2 3" if published else "2 3"
    assert revoked(model).look_at(end - 1, keys, "2").state(1) == "Revoked"
    assert revoked(model).look_at(end, keys, "2").state(1) == at_30


@pytest.mark.parametrize(("model", "by"), [("unbound", False), ("bind", True), ("rfc5011-strict", False)])
def test_purge_by_time_alone(model: str, by: bool) -> None:
    """BIND drops a revoked key by its clock; the others need a verified set."""
    assert (revoked(model).look(70, "", "").state(1) == "Start") is by


def test_revoked_key_still_published() -> None:
    """A strict reader keeps a revoked key 30 days longer than it is published (RFC 5011 section 2.4.2)."""
    machine = revoked("rfc5011-strict").look(70, "-1 2 3", "-1 2")
    assert machine.look(99, "2 3", "2").state(1) == "Revoked"
    assert machine.look(100, "2 3", "2").state(1) == "Removed"


def test_knot_never_drops_a_revoked_key_that_is_gone() -> None:
    """Knot leaves Revoked only while the key is published: once it is gone it stays Revoked for ever."""
    assert revoked("knot").look(34, "2 3", "2").look(1000, "2 3", "2").state(1) == "Revoked"


def test_sdns_and_cdnsd_do_not_wait() -> None:
    """Neither has a remove hold-down: sdns keeps a tombstone, cdnsd nothing."""
    assert revoked("sdns").state(1) == "Removed"
    assert revoked("cdnsd").state(1) == "Start"


@pytest.mark.parametrize(
    ("model", "at_once", "after_purge"),
    [
        ("rfc5011-strict", "Revoked", "Removed"),
        ("unbound", "Revoked", "AddPend"),
        ("bind", "AddPend", "AddPend"),
        ("knot", "Revoked", "AddPend"),
        ("sdns", "Removed", "Removed"),
        ("cdnsd", "AddPend", "AddPend"),
    ],
)
def test_revoked_key_returns_unrevoked(model: str, at_once: str, after_purge: str) -> None:
    """For the RFC and sdns revocation is permanent; BIND and cdnsd take the key up again at once."""
    assert revoked(model).look(40, "1 2 3", "2").state(1) == at_once
    machine = revoked(model)
    if model == "knot":
        machine.look(63, "-1 2 3", "2")
    else:
        machine.look(70, "2 3", "2").look(71, "2 3", "2")
    assert machine.look(72, "1 2 3", "2").state(1) == after_purge


@pytest.mark.parametrize("model", ["rfc5011-strict", "unbound"])
def test_returned_key_restarts_the_remove_timer(model: str) -> None:
    """While the unrevoked key is seen the remove timer starts anew each time."""
    machine = revoked(model).look(60, "1 2 3", "2").look(64, "2 3", "2")
    assert machine.state(1) == "Revoked"
    assert machine.look(91, "2 3", "2").state(1) in ("Removed", "Start")


def test_knot_purges_a_removed_key() -> None:
    """Knot drops a Removed key from its file as soon as the key is absent."""
    assert revoked("knot").look(63, "-1 2 3", "2").look(64, "2 3", "2").state(1) == "Start"


@pytest.mark.parametrize(
    ("model", "deleted", "states"),
    [
        ("rfc5011-strict", True, "1 Revoked"),
        ("unbound", True, "1 Revoked"),
        ("bind", False, "1 Revoked"),
        ("knot", False, "1 Valid"),
        ("sdns", False, "1 Removed"),
        ("cdnsd", False, ""),
        ("systemd-resolved", False, ""),
        ("systemd-resolved-downgrade", True, ""),
        ("dnsmasq", False, "1 Valid"),
    ],
)
def test_last_trusted_key_revoked(model: str, deleted: bool, states: str) -> None:
    """With no anchor left the zone is insecure for some and bogus for the others (RFC 5011 section 5)."""
    machine = Machine(model).look(0, "1", "1") if model != "cdnsd" else Machine(model)
    machine.look(1, "-1 2", "-1 2")
    assert (machine.point.deleted, machine.states()) == (deleted, states)
    assert machine.result in ("bogus", "blind")


@pytest.mark.parametrize(
    ("model", "may"),
    [
        ("rfc5011-strict", True), ("unbound", True), ("sdns", True), ("bind", False), ("knot", False),
        ("cdnsd", False), ("pdns-recursor", False), ("dnsmasq", False), ("systemd-resolved", False),
    ],
)  # fmt: skip
def test_absent_anchor_may_sign(model: str, may: bool) -> None:
    """Some verify with the key they have stored, though the RRset does not hold it."""
    machine = Machine(model, "1 2", "dnskey").look(0, "1 2", "1").look(1, "2 3", "1")
    assert (machine.result in ("ok", "miss")) is may


def test_absent_anchor_known_by_ds_alone() -> None:
    """A DS verifies nothing by itself: the key must be in the RRset, whatever the policy."""
    assert Machine("rfc5011-strict").look(0, "2", "1").result == "blind"


@pytest.mark.parametrize(
    ("model", "heals"),
    [("unbound", 30), ("bind", None), ("knot", None), ("sdns", None), ("rfc5011-strict", None)],
)
def test_late_joiner(model: str, heals: int | None) -> None:
    """Who met key 2 fifteen days before key 1 went fails; Unbound heals when its 30 days are over."""
    life = live(model, world((0, "1", "1"), (1, "1 2", "1"), (16, "2", "2"))).run(120)
    broken = life.first("bad")
    assert broken is not None
    assert T0 + 16 * DAY <= broken <= T0 + 18 * DAY
    healed = life.first("good", broken)
    assert (healed is not None) is (heals is not None)
    if heals is not None and healed is not None:
        assert T0 + 31 * DAY < healed < T0 + 31.6 * DAY


def test_promotion_by_time_serves_clients_at_once() -> None:
    """Where a refresh leaves the cache alone, clients are served from the refresh that promoted the key."""
    knobs = {"swap": "bypass", "clients-observe": False, "jitter-tenths": 0, "negative": "PT0S"}
    policy = policy_of("unbound").override(knobs)
    place = world((0, "1", "1"), (1.1, "1 2", "1"), (16, "2", "2"))
    life = live(policy, place).run(120)
    healed = life.first("good", T0 + 20 * DAY)
    assert healed in life.probes


def test_bind_heals_by_a_restart_after_a_quiet_hold_down() -> None:
    """BIND that was off for 30 days trusts the pending key on start; one restarted sooner does not."""
    place = world((0, "1", "1"), (1, "1 2", "1"), (16, "2", "2"))
    life = live("bind", place).run(15).do(lambda model, now: model.stop(now)).run(50)
    life.do(lambda model, now: model.start(now)).run(51)
    assert life.view() == "good"
    assert live("bind", place).run(40).restart().run(41).view() == "bad"
