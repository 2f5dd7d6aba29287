"""Show that every knob does something: turned, a life ends otherwise, and otherwise in the way it says."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lab.clock import DAY
from lab.resolver.policy import KNOBS, STRICT, ResolverPolicy
from lab.resolver.sentinel import sentinel_answer

from .world import T0, TTL, World, anchors, live, policy_of, signed_set, world

LEARN = world((0, "1", "1"), (1.3, "1 2", "1"))
MISSING = world((0, "1 2", "1 2"), (5.1, "2", "2"))
REVOKED = world((0, "1 2", "1"), (2.2, "-1 2", "-1 2"), (5.2, "2", "2"), (150, "1 2", "2"))
ROLL = world((0, "1", "1"), (5.3, "2", "2"))
BLINK = world((0, "1 2", "1"), (3.3, "1 2", "3"), (6.2, "1 2", "1"))
LOST = world((0, "1", "1"), (2.2, "1 2", "1"), (5.4, "2", "3"), (9, "1 2", "1"))
DARK = world((0, "1", "1"), (3.3, None), (8.05, "1", "1"))
DEAD = world((0, "1", "1"), (3.3, "-1 2", "-1 2"))
LONG = World(((T0, signed_set("1 2", "1", 60 * DAY)),))
BRIEF = World(((T0, signed_set("1", "1", TTL, (T0 - DAY, T0 + DAY + 5))),))
MIXED = world((0, "1 r", "1"))
ABSENT = world((0, "1 2", "2"), (3.3, "2 3", "1"))
STAY = world((0, "1", "1"))


@dataclass(frozen=True)
class Turn:
    """Turn one knob to a value, on a policy, in a world."""

    value: object
    place: World
    model: str | ResolverPolicy = STRICT
    configured: str = "1"
    form: str = "ds"
    others: tuple[tuple[str, object], ...] = ()
    writable: bool = True
    restart: float = 0
    keep: bool = True
    step: int = 0
    anchors: str = ""
    days: float = 60


FLUSH = STRICT.override({"swap": "flush"})
TURNS: dict[str, Turn] = {
    "add-hold-down": Turn("P20D", LEARN),
    "hold-down-takes-ttl": Turn(False, LONG, days=70),
    "remove-hold-down": Turn("P1D", REVOKED, configured="1 2"),
    "keep-missing": Turn("P3D", MISSING, STRICT.with_rows("Missing absent Start after keep"), "1 2"),
    "strictly-after": Turn("PT1S", LEARN),
    "configured": Turn("merge", LEARN, restart=30, others=(("rows", "Valid seen Start"),)),
    "match-ds-by": Turn("tag", STAY, "static", configured="1x"),
    "signer": Turn("in-set", ABSENT, configured="1 2", form="dnskey"),
    "revoked-ds": Turn(False, world((0, "-1 2", "-1 2")), "systemd-resolved"),
    "skew": Turn("tenth", BRIEF),
    "algorithms": Turn("all", MIXED, configured="1 r"),
    "when-empty": Turn("fail", DEAD),
    "when-empty-at-start": Turn("fail", DEAD, others=(("when-empty", "fail"),), restart=10),
    "unsupported": Turn("crash", world((0, "1", "1"), (1.3, "1 u", "1"))),
    "feed": Turn("file", ROLL, "static", restart=3, anchors="2"),
    "feed-every": Turn("PT5H", ROLL, "pdns-recursor", restart=6, anchors="2"),
    "validators-matter": Turn(
        False, world((0, "1 2 3", "1"), (9.2, "-1 2 3", "-1 3")), configured="1 3", days=33
    ),
    "zone-keys": Turn("replaced", STAY, configured="0 1", form="dnskey"),
    "probes": Turn(False, LEARN),
    "after-ok": Turn("PT5H", STAY),
    "after-miss": Turn("PT5H", MISSING, configured="1 2"),
    "after-none": Turn("PT5H", DARK),
    "after-bogus": Turn("interval", BLINK),
    "after-lost": Turn("PT27S", LOST),
    "after-blind": Turn("never", ROLL),
    "interval-divisor": Turn(4, STAY),
    "interval-cap": Turn("PT6H", STAY),
    "retry-divisor": Turn(4, DARK),
    "retry-cap": Turn("PT2H", DARK),
    "floor": Turn("P2D", STAY),
    "fixed-interval": Turn("PT7H", STAY),
    "ttl-source": Turn("stored", STAY, form="dnskey"),
    "expiry-source": Turn("none", BRIEF, days=0.9),
    "jitter-tenths": Turn(5, STAY),
    "deadline-probe": Turn(True, LEARN, restart=9.99),
    "first-probe": Turn("stored", STAY, restart=9.99),
    "clients-observe": Turn(True, LEARN, others=(("probes", False),)),
    "refresh-from-cache": Turn(True, world((0, "1", "1"), (2.3, "1 2", "1"))),
    "timers": Turn("monotonic", STAY, restart=5.5, step=12 * 3600),
    "swap": Turn("flush", STAY),
    "ttl-cap": Turn("PT7H", STAY),
    "ttl-floor": Turn("P7D", ROLL),
    "negative": Turn("PT7M", DARK, FLUSH),
    "negative-clock": Turn("wall", DARK, others=(("negative", "PT7M"),), restart=5, step=-10 * DAY),
    "unwritable-start": Turn("exit", STAY, writable=False),
    "unwritable": Turn("rollback", LEARN, writable=False),
    "key-tag-query": Turn("prime", STAY),
    "key-tag-memory": Turn(
        "P3D",
        world((0, "1", "1"), (1.2, "1 2", "1")),
        "knot",
        days=36,
    ),
    "key-tag-states": Turn(
        "valid",
        world((0, "1 2", "1"), (3.3, "1", "1")),
        configured="1 2",
        others=(("key-tag-query", "prime"),),
    ),
}
ELSEWHERE = {
    "burst": "DNSKEY queries a failing resolver sends, for the query load; a life here counts attempts",
    "sentinel": "shown below, as it is no part of a life",
    "on-bogus": "what clients get is put together by lab.run; tests/run looks at it",
}


def trace(turn: Turn, policy: ResolverPolicy) -> tuple[object, ...]:
    """Return all that can be seen of a life under a policy."""
    place = World(turn.place.steps)
    life = live(policy, place, turn.configured, turn.form, writable=turn.writable)
    if turn.restart:
        life.run(turn.restart)
        if turn.anchors:
            life.do(lambda model, now: model.set_anchors(anchors(turn.anchors), now, at_once=False))
        elif turn.step:
            life.do(lambda model, now: model.set_clock(turn.step, now))
        else:
            life.restart(keep=turn.keep)
    life.run(turn.days)
    wakes = life.model.next_timer()
    return life.out, life.seen, life.probes, life.fetches, life.states(), wakes, life.model.running


def of(turn: Turn) -> ResolverPolicy:
    """Return the policy on which a knob is turned."""
    return policy_of(turn.model).override(dict(turn.others))


@pytest.mark.parametrize("knob", TURNS)
def test_knob_turns_something(knob: str) -> None:
    """A life under the turned knob can be told from one under the policy it was turned on."""
    turn = TURNS[knob]
    base = of(turn)
    turned = base.override({knob: turn.value})
    assert turned.value(knob) != base.value(knob)
    assert trace(turn, turned) != trace(turn, base)


def test_every_knob_is_turned() -> None:
    """No knob is left out here without a word on where it is shown."""
    assert sorted({*TURNS, *ELSEWHERE}) == sorted(KNOBS)


def test_sentinel_knob() -> None:
    """With sentinels off a resolver gives the plain answer, with inverted logic the wrong one."""
    point = live(STRICT, STAY).run(1).model.point
    label = "root-key-sentinel-not-ta-63472"
    assert [sentinel_answer(label, point, how) for how in ("no", "yes", "inverted")] == [
        "original", "servfail", "original",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "queries"),
    [("unbound", 6), ("bind", 26), ("bind-static", 13), ("knot", 5), ("knot-debian", 5), ("static", 1)],
)
def test_burst_of_presets(model: str, queries: int) -> None:
    """A failing prime is six DNSKEY queries at Unbound (1 + val-max-restart), five at Knot.

    BIND asks every address of the root servers: 26, half of them without IPv6.
    """
    assert policy_of(model).cache.burst == queries


def test_traces_are_reproducible() -> None:
    """The same life twice leaves the same trace, so that a difference above is the knob's."""
    for turn in TURNS.values():
        assert trace(turn, of(turn)) == trace(turn, of(turn))
