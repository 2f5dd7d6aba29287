"""Compare what clients see: the lines on caches, on the onset of SERVFAIL and on lost state."""

from __future__ import annotations

import pytest

from lab.clock import DAY, HOUR
from lab.resolver.policy import ResolverPolicy

from .world import T0, Life, Machine, anchors, live, policy_of, signed_set, world

GOOD = (0.0, "1", "1")
ROLL = T0 + 10 * DAY + 20 * HOUR
"""From here on key 2 signs, which nobody has: 20 hours after everybody's last timer on a whole day."""


def roll() -> Life:
    """Return a world in which key 2 signs alone from ROLL on."""
    place = world(GOOD)
    place.steps = ((T0, signed_set("1", "1")), (ROLL, signed_set("2", "2")))
    return live("static", place)


@pytest.mark.parametrize(
    ("model", "onset"),
    [
        ("rfc5011-strict", T0 + 12 * DAY),
        ("bind", T0 + 11 * DAY),
        ("knot", T0 + 11.5 * DAY),
        ("pdns-recursor", T0 + 11 * DAY),
        ("systemd-resolved", ROLL),
        ("dnsmasq", T0 + 12 * DAY),
        ("getdns", ROLL),
        ("stubby", ROLL),
        ("static", T0 + 12 * DAY),
    ],
)
def test_onset(model: str, onset: int) -> None:
    """A stale resolver fails when it must fetch again: after min(TTL, its cap), or at its next refresh."""
    life = live(model, roll().world).run(14)
    assert life.first("bad") == onset


def test_onset_of_unbound() -> None:
    """Unbound flushes before it refreshes, so it fails at its next refresh, hours before its cache ends."""
    life = live("unbound", roll().world).run(14)
    first = next(at for at in life.probes if at >= ROLL)
    assert life.first("bad") == first
    assert first - ROLL <= 12 * HOUR


def test_knots_refresh_leaves_its_clients_alone() -> None:
    """Knot's clients live on until their own copy ends, though its refreshes fail from the roll on."""
    place = world((0, "1", "1"), (10.3, "2", "2"))
    life = live("knot", place).run(14)
    assert [at for at in life.probes if T0 + 10.3 * DAY <= at < T0 + 10.6 * DAY] != []
    assert life.first("bad") == T0 + 11 * DAY


@pytest.mark.parametrize("floor", ["PT1M", "PT0S"])
def test_short_ttl(floor: str) -> None:
    """Dnsmasq keeps a set for at least a minute, others as long as its TTL says."""
    place = world(GOOD)
    place.steps = ((T0, signed_set("1", "1", 7)), (T0 + 10, signed_set("2", "2", 7)))
    policy = policy_of("dnsmasq").override({"ttl-floor": floor})
    assert live(policy, place).run(1).first("bad") == (T0 + 60 if floor == "PT1M" else T0 + 14)


@pytest.mark.parametrize(
    ("model", "negative"),
    [("unbound", 61), ("bind", 30), ("pdns-recursor", 3600), ("knot", 0), ("dnsmasq", 0), ("static", 0)],
)
def test_failures_are_remembered(model: str, negative: int) -> None:
    """Unbound remembers a failure for 61 s, BIND 30 s, PowerDNS an hour, the others not at all."""
    place = world((0, "2", "2"))
    place.steps += ((T0 + 1000, signed_set("1", "1")),)
    policy = policy_of(model).override({"probes": False})
    life = live(policy, place).until(T0 + 2 * HOUR)
    retries = -(-1000 // negative) * negative if negative else 1000
    assert life.first("good") == T0 + retries


def test_failure_outlives_the_repair_of_the_anchor() -> None:
    """A PowerDNS Recursor that gets the right anchor still fails until its bogus entry is over."""
    place = world(GOOD, (1, "2", "2"))
    life = live("pdns-recursor", place).run(5)
    broken = life.first("bad")
    assert broken == T0 + 1 * DAY
    now = life.now + 100
    life.until(now).do(lambda model, at: model.set_anchors(anchors("2"), at, at_once=True)).run(6)
    healed = life.first("good", broken)
    assert healed is not None
    assert 0 < healed - now <= HOUR
    assert (healed - broken) % HOUR == 0


def test_knots_copy_is_as_old_as_its_last_good_refresh() -> None:
    """Knot's good refreshes renew what clients live on; a failed one leaves it, for a day at most."""
    life = live("knot", world(GOOD, (10.2, "1 2", "2"))).run(15)
    assert life.probes[20:23] == [T0 + 10 * DAY, T0 + 10.5 * DAY, T0 + 10.6 * DAY]
    assert life.first("bad") == T0 + 11 * DAY


@pytest.mark.parametrize("model", ["rfc5011-strict", "knot", "sdns", "cdnsd"])
def test_refresh_bypasses_the_cache(model: str) -> None:
    """A refresh sees a new key at once, whatever is cached."""
    life = live(model, world((0, "1", "1"), (9.9, "1 2", "1"))).run(10.1)
    assert life.states().endswith("2 AddPend")


@pytest.mark.parametrize("swap", ["flush", "replace", "bypass", "renew"])
def test_refresh_without_an_answer(swap: str) -> None:
    """A refresh that gets no answer spoils the clients' copy only where it was flushed before."""
    policy = policy_of("rfc5011-strict").override({"swap": swap})
    life = live(policy, world(GOOD, (0.9, None))).run(1.5)
    assert life.first("bad") == (T0 + DAY if swap == "flush" else None)


@pytest.mark.parametrize("swap", ["flush", "replace", "bypass", "renew"])
def test_good_refresh(swap: str) -> None:
    """A good refresh renews the clients' copy, unless it bypasses the cache: then the TTL ends that."""
    policy = policy_of("rfc5011-strict").override({"swap": swap})
    life = live(policy, world(GOOD)).run(4.5)
    assert life.fetches == ([] if swap != "bypass" else [T0, T0 + 2 * DAY, T0 + 4 * DAY])


@pytest.mark.parametrize(
    ("model", "view", "states"),
    [
        ("unbound", "down", "1 Valid"),
        ("bind", "good", "1 Valid"),
        ("knot", "down", "1 Valid"),
        ("sdns", "good", "1 Valid"),
        ("cdnsd", "good", "1 AddPend, 2 AddPend"),
        ("rfc5011-strict", "good", "1 Valid, 2 AddPend"),
        ("dnsmasq", "good", "1 Valid"),
    ],
)
def test_state_cannot_be_written_any_more(model: str, view: str, states: str) -> None:
    """Unbound exits, Knot panics, BIND rolls back, sdns keeps the old set, the others go on in memory."""
    life = live(model, world((0, "1", "1"), (2.9, "1 2", "1"))).run(2.8)
    life.do(lambda resolver, _: setattr(resolver, "writable", False)).run(60)
    assert life.view() == view
    if model in ("cdnsd", "rfc5011-strict"):
        states = states.replace("AddPend", "Valid")
    assert life.states() == states


@pytest.mark.parametrize("model", ["bind", "knot"])
def test_start_with_an_unwritable_directory(model: str) -> None:
    """BIND and Knot do not start if they cannot write their state, Unbound ends when it first has to."""
    life = live(model, world(GOOD), writable=False).run(2)
    assert life.world.queries == []
    stopped = [seen for seen in life.out if seen.kind == "stopped"]
    assert (life.view(), len(stopped)) == ("down", 1)
    later = live("unbound", world(GOOD), writable=False).run(2)
    assert (later.view(), len(later.world.queries)) == ("down", 1)


@pytest.mark.parametrize("known", [True, False])
def test_unbound_writes_no_failure_before_its_first_success(known: bool) -> None:
    """Unbound writes its file after a failed verification only if there was a success before."""
    place = world((0, "1" if known else "2", "1" if known else "2"), (0.3, "2", "2"))
    life = live("unbound", place).run(0.2)
    life.do(lambda resolver, _: setattr(resolver, "writable", False)).run(5)
    assert life.view() == ("down" if known else "bad")


@pytest.mark.parametrize("model", ["unbound", "knot"])
def test_no_answer_writes_nothing(model: str) -> None:
    """A refresh without an answer writes no state, so it ends nobody."""
    life = live(model, world(GOOD, (1, None))).run(1.2)
    life.do(lambda resolver, _: setattr(resolver, "writable", False)).run(5)
    assert life.model.running


def test_bogus_set_ends_unbound_but_not_knot() -> None:
    """Unbound writes its file after a failed verification too, Knot only after a good one."""
    for model, running in (("unbound", False), ("knot", True)):
        life = live(model, world(GOOD, (1, "2", "2"))).run(1)
        life.do(lambda resolver, _: setattr(resolver, "writable", False)).run(5)
        assert life.model.running is running


@pytest.mark.parametrize(("model", "passes"), [("unbound", False), ("unbound-harden", True)])
def test_all_algorithms(model: str, passes: bool) -> None:
    """Only harden-algo-downgrade wants every algorithm of the trust point to verify."""
    mixed = Machine(model, "1 r").look(0, "1 r", "1")
    assert (mixed.result == "bogus") is passes
    assert Machine(model, "1 r").look(0, "1 r", "1 r").result == "ok"
    assert Machine(model, "1").look(0, "1 r", "1").result == "ok"


@pytest.mark.parametrize("timers", ["wall", "monotonic"])
def test_clock_of_the_timers(timers: str) -> None:
    """A wall clock put forward fires a timer that runs on it at once, and leaves a monotonic one alone."""
    policy = policy_of("bind").override({"timers": timers})
    life = live(policy, world(GOOD)).run(0.5).do(lambda model, now: model.set_clock(3 * DAY, now))
    assert life.model.planner.at == (life.now if timers == "wall" else T0 + DAY)


def test_clock_of_the_hold_down() -> None:
    """Hold-downs run on the wall clock: put forward by 20 days, a key is trusted 20 days early."""
    for model in ("rfc5011-strict", "bind", "knot"):
        life = live(model, world((0, "1", "1"), (1, "1 2", "1"))).run(5)
        life.do(lambda resolver, now: resolver.set_clock(20 * DAY, now)).run(12.5)
        assert life.states() == "1 Valid, 2 Valid"


def test_clock_goes_back() -> None:
    """A clock put back delays both the timer that runs on it and the end of the hold-down."""
    life = live("bind", world((0, "1", "1"), (1, "1 2", "1"))).run(5.5)
    life.do(lambda resolver, now: resolver.set_clock(-10 * DAY, now)).run(40)
    assert life.probes[6] == T0 + 16 * DAY
    assert life.states() == "1 Valid, 2 AddPend"
    assert life.run(41.1).states() == "1 Valid, 2 Valid"


def test_policy_is_a_value() -> None:
    """Overriding a policy leaves the preset it came from as it was."""
    before = policy_of("bind")
    assert isinstance(before.override({"swap": "flush"}), ResolverPolicy)
    assert policy_of("bind").cache.swap == "replace"
