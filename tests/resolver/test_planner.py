"""Test the planner: when the next refresh is due, and that jumping over failures changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.clock import DAY, HOUR
from lab.resolver.client import FAR
from lab.resolver.planner import Planner, deadlines, next_change
from lab.resolver.policy import STRICT
from lab.resolver.refresh import Jitter
from lab.resolver.rfc5011 import Cell, State, TrustPoint

from .world import ROOT, T0, TTL, dnskeys, key, policy_of

LATER = T0 + 90 * DAY


def planner(**knobs: object) -> Planner:
    """Return a planner under a strict policy with some knobs turned."""
    policy = STRICT.override({name.replace("_", "-"): value for name, value in knobs.items()})
    return Planner(policy, Jitter(1, "test"))


def point(state: State, since: int = T0) -> TrustPoint:
    """Return a trust point that holds key 1 in a state."""
    return TrustPoint(ROOT, (Cell(key(1), state, since),))


def test_idle_at_first() -> None:
    """Nothing is planned before a start."""
    assert planner().at == FAR


@pytest.mark.parametrize(
    ("keep", "deleted", "at"), [(True, False, T0), (False, False, T0), (True, True, FAR), (False, True, FAR)]
)
def test_begin(keep: bool, deleted: bool, at: int) -> None:
    """The first refresh is at once, and never where the trust point is deleted."""
    plan = planner()
    plan.begin(T0, 0, keep=keep, deleted=deleted)
    assert plan.at == at


def test_begin_without_refreshes() -> None:
    """A resolver that does not refresh by itself plans nothing."""
    plan = planner(probes=False)
    plan.begin(T0, 0, keep=True, deleted=False)
    assert plan.at == FAR


@pytest.mark.parametrize(
    ("at", "keep", "expected"),
    [(T0 + 9, True, T0 + 9), (T0 - 9, True, T0), (FAR, True, T0), (T0 + 9, False, T0)],
)
def test_begin_with_a_stored_time(at: int, keep: bool, expected: int) -> None:
    """A stored time counts if it was kept, is not over, and is one."""
    plan = planner(first_probe="stored")
    plan.at = at
    plan.begin(T0, 0, keep=keep, deleted=False)
    assert plan.at == expected


@pytest.mark.parametrize(("step", "at"), [(100, T0 + 400), (-100, T0 + 600), (9999, T0)])
def test_clock_step(step: int, at: int) -> None:
    """A timer on the wall clock moves with it, but not into the past."""
    plan = planner()
    plan.clock_stepped(step, T0)
    assert plan.at == FAR
    plan.at = T0 + 500
    plan.clock_stepped(step, T0)
    assert plan.at == at


def test_nothing_after_deletion() -> None:
    """A deleted trust point is never refreshed again (RFC 5011 section 5)."""
    plan, gone = planner(), replace(point(State.REVOKED), deleted=True)
    plan.at = T0
    assert plan.plan(gone, "bogus", dnskeys("-1", "-1"), T0, 0, LATER) is gone
    assert plan.at == FAR


def test_first_failures_are_not_jumped() -> None:
    """The first failure is followed by a retry; only one that repeats it can be jumped over."""
    plan, held = planner(), point(State.VALID)
    plan.plan(held, "none", None, T0, 0, LATER)
    assert plan.at == T0 + HOUR
    plan.plan(held, "none", None, T0 + HOUR, 0, LATER)
    assert plan.at == LATER - 1 - (LATER - 1 - T0) % HOUR
    assert plan.delay == HOUR


def test_jump_ends_right_before_the_change() -> None:
    """The last refresh before a change is made, on the grid of the retries."""
    plan, held = planner(after_none="PT1000S"), point(State.VALID)
    for now in (T0, T0 + 1000):
        plan.plan(held, "none", None, now, 0, T0 + 9001)
    assert plan.at == T0 + 9000
    plan = planner(after_none="PT1000S")
    for now in (T0, T0 + 1000):
        plan.plan(held, "none", None, now, 0, T0 + 9000)
    assert plan.at == T0 + 8000


def test_another_failure_is_not_jumped() -> None:
    """A failure of another kind, or with another set, is none of a row."""
    plan, held = planner(), point(State.VALID)
    plan.plan(held, "none", None, T0, 0, LATER)
    plan.plan(held, "bogus", dnskeys("1", "2"), T0 + HOUR, 0, LATER)
    assert plan.at == T0 + 2 * HOUR
    plan.plan(held, "bogus", dnskeys("1 2", "2"), T0 + 2 * HOUR, 0, LATER)
    assert plan.at == T0 + 3 * HOUR
    plan.plan(held, "ok", dnskeys("1", "1"), T0 + 3 * HOUR, 0, LATER)
    plan.plan(held, "bogus", dnskeys("1 2", "2"), T0 + 4 * HOUR, 0, LATER)
    assert plan.at == T0 + 4 * HOUR + TTL // 10


def test_jitter_is_not_jumped() -> None:
    """Where delays are drawn every attempt is made, as the draws are part of the outcome."""
    plan, held = planner(jitter_tenths=5), point(State.VALID)
    for now in (T0, T0 + HOUR, T0 + 2 * HOUR):
        plan.plan(held, "none", None, now, 0, LATER)
        assert now + HOUR // 2 <= plan.at < now + HOUR


@pytest.mark.parametrize("since", [T0 + DAY, T0])
def test_timers_move_with_a_jump(since: int) -> None:
    """A pending key whose timer this failure restarted is taken along to the last failure; others stay."""
    plan = Planner(policy_of("bind"), Jitter(1, "test"))
    bogus = dnskeys("1", "2")
    plan.plan(point(State.ADD_PEND, T0), "bogus", bogus, T0, 0, T0 + 20 * DAY)
    moved = plan.plan(point(State.ADD_PEND, since), "bogus", bogus, T0 + DAY, 0, T0 + 20 * DAY)
    assert plan.at == T0 + 19 * DAY
    assert moved.cells[0].since == (T0 + 18 * DAY if since == T0 + DAY else T0)


def test_jump_ends_where_the_delay_changes() -> None:
    """BIND's interval after a bogus set shrinks when the signature nears its end: a jump stops before."""
    plan = Planner(policy_of("bind"), Jitter(1, "test"))
    bogus = dnskeys("1", "2", TTL, (T0 - DAY, T0 + 10 * DAY))
    for now in (T0, T0 + DAY):
        plan.plan(point(State.VALID), "bogus", bogus, now, 0, LATER)
    assert plan.at == T0 + 9 * DAY
    plan.plan(point(State.VALID), "bogus", bogus, T0 + 9 * DAY, 0, LATER)
    assert plan.at == T0 + 9 * DAY + DAY // 2


def test_jump_ends_in_the_second_before_the_delay_changes() -> None:
    """A second less to the signature's end, and the attempt before counts as one with a shorter delay."""
    plan = Planner(policy_of("bind"), Jitter(1, "test"))
    bogus = dnskeys("1", "2", TTL, (T0 - DAY, T0 + 10 * DAY - 1))
    for now in (T0, T0 + DAY):
        plan.plan(point(State.VALID), "bogus", bogus, now, 0, LATER)
    assert plan.at == T0 + 8 * DAY
    plan.plan(point(State.VALID), "bogus", bogus, T0 + 8 * DAY, 0, LATER)
    assert plan.at == T0 + 9 * DAY - 1


def test_intervals_follow_the_keys_stored() -> None:
    """Where stored TTLs set the interval another key's TTL changes it, though the set is the same."""
    plan = Planner(policy_of("knot"), Jitter(1, "test"))
    first, second = Cell(key(1), State.VALID, T0, ttl=DAY), Cell(key(2), State.ADD_PEND, T0, ttl=3 * HOUR)
    delays = []
    for cells in ((first,), (first, second)):
        plan.plan(TrustPoint(ROOT, cells), "ok", dnskeys("1 2", "1"), T0, 0, LATER)
        delays.append(plan.at - T0)
    assert delays == [DAY // 2, 3 * HOUR // 2]


def test_deadlines() -> None:
    """The ends of hold-downs that lie ahead are deadlines, by true time."""
    cells = (
        Cell(key(1), State.ADD_PEND, T0),
        Cell(key(2), State.REVOKED, T0 + 5),
        Cell(key(3), State.ADD_PEND, T0 - 30 * DAY),
        Cell(key(4), State.VALID, T0),
        Cell(key(5), State.ADD_PEND, T0, hold=40 * DAY),
    )
    ends = [T0 + 30 * DAY, T0 + 30 * DAY + 5, T0 + 40 * DAY]
    assert deadlines(TrustPoint(ROOT, cells), STRICT, T0, 0) == ends
    assert deadlines(TrustPoint(ROOT, cells), STRICT, T0, 100) == [end - 100 for end in ends]


def test_deadline_probe() -> None:
    """A refresh at the deadline comes before the one of the interval."""
    plan, pending = planner(deadline_probe=True), point(State.ADD_PEND, T0 - 30 * DAY + 500)
    plan.plan(pending, "ok", dnskeys("1", "1"), T0, 0, LATER)
    assert (plan.at, plan.regular, plan.delay) == (T0 + 500, T0 + DAY, DAY)


@pytest.mark.parametrize(
    ("model", "state", "change"),
    [
        ("unbound", State.ADD_PEND, T0 + 30 * DAY + 1),
        ("bind", State.REVOKED, T0 + 30 * DAY),
        ("rfc5011-strict", State.ADD_PEND, LATER),
        ("knot", State.REVOKED, LATER),
    ],
)
def test_next_change_by_time(model: str, state: State, change: int) -> None:
    """A failure can end otherwise when time alone moves a key, for those whose table has such rows."""
    assert next_change(point(state), policy_of(model), None, T0, 0, LATER) == change


def test_next_change_by_a_signature() -> None:
    """A failure can end otherwise when a signature begins to be valid, by the resolver's clock."""
    early = dnskeys("1", "1", TTL, (T0 + 700, T0 + DAY))
    assert next_change(point(State.VALID), STRICT, early, T0, 0, LATER) == T0 + 700
    assert next_change(point(State.VALID), STRICT, early, T0, 100, LATER) == T0 + 600
    assert next_change(point(State.VALID), STRICT, early, T0, 0, T0 + 5) == T0 + 5


def test_next_change_lies_ahead() -> None:
    """Even where the world is about to change the next attempt is at least a second away."""
    assert next_change(point(State.VALID), STRICT, None, T0, 0, T0) == T0 + 1


def test_forget() -> None:
    """With a new state the intervals learnt from the zone are gone."""
    plan = planner()
    plan.plan(point(State.VALID), "ok", dnskeys("1", "1"), T0, 0, LATER)
    assert plan.times.interval == DAY
    plan.forget()
    assert plan.times.interval == HOUR
    plan.plan(point(State.VALID), "none", None, T0, 0, LATER)
    assert plan.at == T0 + HOUR


def test_failed_set_lends_its_interval() -> None:
    """BIND takes the interval after a bogus set from that set; the one learnt stays for later."""
    plan = Planner(policy_of("bind"), Jitter(1, "test"))
    plan.plan(point(State.VALID), "ok", dnskeys("1", "1"), T0, 0, LATER)
    plan.plan(point(State.VALID), "bogus", dnskeys("1", "2", 5 * HOUR), T0, 0, LATER)
    assert plan.at == T0 + 5 * HOUR // 2
    assert plan.times.interval == DAY


@pytest.mark.parametrize("result", ["ok", "miss"])
def test_verified_set_teaches_its_intervals(result: str) -> None:
    """A set that verified sets the intervals, whether it lacks a trusted key or not."""
    plan = planner()
    plan.plan(point(State.VALID), result, dnskeys("1", "1"), T0, 0, LATER)
    assert (plan.times.interval, plan.at) == (DAY, T0 + DAY)


def test_unsigned_set_teaches_nothing() -> None:
    """A set without signatures leaves the intervals as they are."""
    plan = planner()
    plan.plan(point(State.VALID), "ok", dnskeys("1", ""), T0, 0, LATER)
    assert plan.times.interval == HOUR


def test_intervals_shrink_as_a_signature_ages() -> None:
    """The same set asks for shorter intervals when its signature nears its end."""
    plan, held, old = planner(), point(State.VALID), dnskeys("1", "1", TTL, (T0 - DAY, T0 + 3 * DAY))
    delays = []
    for now in (T0, T0 + DAY, T0 + 2 * DAY, T0 + 2 * DAY + 20 * HOUR):
        plan.plan(held, "ok", old, now, 0, LATER)
        delays.append(plan.at - now)
    assert delays == [DAY, DAY, DAY // 2, 2 * HOUR]


def test_dated_timer() -> None:
    """Unbound wakes by the monotonic clock, and sleeps on until its own clock has the date it planned."""
    plan = planner(timers="dated")
    plan.resume(T0 + 100, 0)
    plan.clock_stepped(-5000, T0)
    assert (plan.at, plan.is_due(T0 + 99, -5000)) == (T0 + 100, False)
    assert (plan.is_due(T0 + 100, -5000), plan.at) == (False, T0 + 5100)
    assert plan.is_due(T0 + 5100, -5000)


def test_dated_timer_of_a_clock_ahead() -> None:
    """A clock set ahead does not wake Unbound; when it wakes, the date is past."""
    plan = planner(timers="dated")
    plan.resume(T0 + 100, 0)
    plan.clock_stepped(5000, T0)
    assert [plan.is_due(T0 + 50, 5000), plan.is_due(T0 + 100, 5000)] == [False, True]


def test_dated_timer_of_a_new_state() -> None:
    """Without the state it had, a resolver keeps no date."""
    plan = planner(timers="dated")
    plan.resume(T0 + 1000, 0)
    plan.begin(T0, 0, keep=False, deleted=False)
    assert plan.is_due(T0, 0)
