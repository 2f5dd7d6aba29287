"""Test the quirks of single versions: what each preset with a version in its name is there for."""

from __future__ import annotations

import pytest

from lab.clock import DAY, HOUR
from lab.observation import Stopped

from .world import T0, Machine, live, policy_of, world


@pytest.mark.parametrize(
    ("model", "state"),
    [
        ("unbound-1.5.3", "AddPend"),
        ("unbound-1.5.4", "AddPend"),
        ("unbound-1.6.4", "AddPend"),
        ("unbound-1.6.5", "Valid"),
        ("unbound", "Valid"),
    ],
)
def test_two_ds_anchors(model: str, state: str) -> None:
    """Before Unbound 1.6.5 only the DS anchor that signed the first set was trusted at once."""
    machine = Machine(model, "1 2").look(0, "1 2", "1")
    assert machine.states() == f"1 Valid, 2 {state}"


def test_two_ds_anchors_that_both_sign() -> None:
    """Unbound 1.6.4 trusts both if both sign."""
    assert Machine("unbound-1.6.4", "1 2").look(0, "1 2", "1 2").states() == "1 Valid, 2 Valid"


def test_dnskey_anchors_need_no_signature() -> None:
    """An anchor given as DNSKEY is Valid from the start in every Unbound."""
    assert Machine("unbound-1.6.4", "1 2", "dnskey").look(0, "1 2", "1").states() == "1 Valid, 2 Valid"


def test_unbound_1_6_4_heals_after_thirty_days() -> None:
    """Installed three weeks before the roll, 1.6.4 fails at it and heals 30 days after; 1.6.5 never fails.

    That was the Unbound of autumn 2017 with its shipped root.key.
    """
    place = world((0, "1 2", "1"), (21, "2 1", "2"))
    old = live("unbound-1.6.4", place, "1 2").run(40)
    broken = old.first("bad")
    assert broken is not None
    assert T0 + 21 * DAY <= broken <= T0 + 21.5 * DAY
    healed = old.first("good", broken)
    assert healed is not None
    assert T0 + 30 * DAY < healed <= T0 + 30.6 * DAY
    assert live("unbound-1.6.5", place, "1 2").run(40).first("bad") is None


@pytest.mark.parametrize(
    ("model", "passes"),
    [("unbound-1.5.3", False), ("unbound-1.5.4", False), ("unbound-1.6.4", True), ("unbound", True)],
)
def test_all_algorithms_of_the_trust_point(model: str, passes: bool) -> None:
    """Up to 1.5.4 every algorithm of the trust point had to verify; since 1.5.5 one does."""
    machine = Machine(model, "1 r", "dnskey").look(0, "1 r", "1")
    assert (machine.result == "ok") is passes
    assert machine.look(1, "1 r", "1 r").result == "ok"


@pytest.mark.parametrize(("model", "view"), [("unbound-1.5.3", "good"), ("unbound-1.5.4", "down")])
def test_unwritable_file(model: str, view: str) -> None:
    """A file that cannot be written is fatal since Unbound 1.5.4; before it was logged."""
    life = live(model, world((0, "1", "1"))).run(1)
    life.do(lambda resolver, _: setattr(resolver, "writable", False)).run(3)
    assert life.view() == view


@pytest.mark.parametrize(
    ("model", "signals", "sentinel"),
    [
        ("unbound-1.5.4", False, False),
        ("unbound-1.6.4", False, False),
        ("unbound-1.6.5", False, False),
        ("unbound-1.6.7", True, False),
        ("unbound", True, True),
        ("bind-9.11.2", True, False),
        ("bind-9.20", True, True),
    ],
)
def test_what_versions_tell(model: str, signals: bool, sentinel: bool) -> None:
    """RFC 8145 signals came before RFC 8509 sentinels."""
    policy = policy_of(model)
    assert (policy.signals.key_tag_query != "none") is signals
    assert (policy.signals.sentinel == "yes") is sentinel


def test_bind_9_11_2_refreshes_from_its_cache() -> None:
    """A refresh answered from the cache sees a new key up to two days late; since 9.11.3 it asks anew."""
    place = world((0, "1", "1"), (2.1, "1 2", "1"))
    seen = {}
    for model in ("bind-9.11.2", "bind-9.11.3"):
        life = live(model, place).run(6)
        seen[model] = next(entry.at for entry in life.out if entry.kind == "transition")
    assert seen == {"bind-9.11.2": T0 + 4 * DAY, "bind-9.11.3": T0 + 3 * DAY}


def test_refresh_from_an_empty_cache() -> None:
    """Where nothing good is cached the refresh of 9.11.2 asks the authority."""
    life = live("bind-9.11.2", world((0, "1", "1"))).run(1.5)
    assert life.world.queries[0] == (T0, False)
    assert life.states() == "1 Valid"


@pytest.mark.parametrize(
    ("model", "view"),
    [("bind-9.11.2", "good"), ("bind-9.11.3", "good"), ("bind", "down"), ("bind-9.20", "down")],
)
def test_directory_that_cannot_be_written(model: str, view: str) -> None:
    """Since 9.12 BIND does not start if it cannot write its managed-keys directory."""
    assert live(model, world((0, "1", "1")), writable=False).run(1).view() == view


@pytest.mark.parametrize("model", ["bind", "bind-9.11.2", "bind-9.11.3", "unbound", "rfc5011-strict"])
def test_key_of_an_unknown_algorithm(model: str) -> None:
    """A new key of an algorithm nobody knows is ignored; BIND 9.11.3 crashes on it (CVE-2018-5745)."""
    life = live(model, world((0, "1", "1"), (2.2, "1 u", "1"))).run(40)
    if model == "bind-9.11.3":
        assert life.view() == "down"
        assert life.first("down") == T0 + 3 * DAY
        assert "unsupported algorithm" in life.model.ended
    else:
        assert (life.view(), life.states()) == ("good", "1 Valid")


def test_crash_needs_a_verified_set() -> None:
    """A key of an unknown algorithm in a set that does not verify crashes nobody."""
    life = live("bind-9.11.3", world((0, "1", "1"), (2.2, "1 u", "2"))).run(5)
    assert life.model.running


def test_crash_repeats_after_a_restart() -> None:
    """A BIND that is started again meets the same key and crashes again."""
    life = live("bind-9.11.3", world((0, "1", "1"), (2.2, "1 u", "1"))).run(4)
    life.do(lambda model, now: model.start(now)).run(5)
    stops = [(seen.at, seen.how) for seen in life.out if isinstance(seen, Stopped)]
    assert stops == [(T0 + 3 * DAY, "crash"), (T0 + 4 * DAY, "crash")]


@pytest.mark.parametrize(("model", "moved"), [("bind", True), ("bind-9.20", False)])
def test_bind_9_20_runs_on_the_monotonic_clock(model: str, moved: bool) -> None:
    """A clock put forward fires the timers of BIND 9.18 at once, and not those of 9.20."""
    life = live(model, world((0, "1", "1"))).run(0.3)
    life.do(lambda resolver, now: resolver.set_clock(30 * HOUR, now))
    assert (life.model.planner.at == life.now) is moved


def test_knot_5_1_2_never_stores_a_new_key() -> None:
    """From 4.0.0 to 5.1.2 Knot saw new keys and stored none; 5.1.3 stores them again."""
    place = world((0, "1", "1"), (1.2, "1 2", "1"), (60, "1 2", "2"))
    old, new = live("knot-5.1.2", place).run(90), live("knot-5.1.3", place).run(90)
    assert (old.states(), old.view()) == ("1 Valid", "bad")
    assert (new.states(), new.view()) == ("1 Valid, 2 Valid", "good")


def test_knot_5_1_2_does_not_take_a_removed_key_up_again() -> None:
    """What 5.1.2 has dropped is a new key to it, so it is not stored either."""
    machine = Machine("knot-5.1.2", "1 2").look(0, "1 2", "1").look(1, "-1 2", "2").look(40, "-1 2", "2")
    assert machine.state(1) == "Removed"
    assert machine.look(41, "1 2", "2").state(1) == "Start"


@pytest.mark.parametrize(
    ("keys", "by", "result"), [("1", "2", "bogus"), ("1 2", "2", "ok"), ("2", "2", "blind")]
)
def test_trust_by_presence(keys: str, by: str, result: str) -> None:
    """A validator that looks for its anchor takes any set that holds it, if somebody in the set signed."""
    assert Machine("presence").look(0, keys, by).result == result


@pytest.mark.parametrize("model", ["fail-open", "unbound-permissive"])
def test_fail_open(model: str) -> None:
    """A permissive validator fails as the others do; only what clients get of it differs."""
    assert policy_of(model).trust.on_bogus == "pass"
    assert live(model, world((0, "1", "1"), (1, "2", "2"))).run(4).view() == "bad"


@pytest.mark.parametrize(
    ("model", "deleted"), [("systemd-resolved", False), ("systemd-resolved-downgrade", True)]
)
def test_resolved_with_nothing_left(model: str, deleted: bool) -> None:
    """With its last anchor revoked resolved fails, or with allow-downgrade stops validating."""
    life = live(model, world((0, "1", "1"), (1, "-1 2", "-1 2"))).run(2)
    assert life.view() == ("insecure" if deleted else "bad")
