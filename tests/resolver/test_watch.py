"""Hold every short cut of the models to its slow twin: remembered looks, and failures jumped over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.clock import DAY, HOUR
from lab.resolver import managed, watch
from lab.resolver.policy import STRICT, ResolverPolicy
from lab.resolver.rfc5011 import Cell, State, TrustPoint
from lab.resolver.watch import Watch, still_for

from ..effort import examples
from .world import ROOT, T0, TTL, Life, Machine, World, dnskeys, key, policy_of, resolver_of, signed_set

MODELS = ("rfc5011-strict", "unbound", "bind", "knot", "sdns", "cdnsd", "systemd-resolved", "bind-9.11.2")
SETS = (
    ("1", "1"), ("1 2", "1"), ("1 2", "2"), ("2", "2"), ("1 2 3", "1 2"), ("-1 2", "-1 2"), ("-1 2", "2"),
    ("2 3", "3"), ("1 -2", "1 -2"), ("1", "3"), ("1 2", "~1"), ("2", "1"), ("-1", "-1"),
)  # fmt: skip
short_windows = st.sampled_from(
    [(T0 - DAY, T0 + 4000 * DAY), (T0 - DAY, T0 + 9 * DAY), (T0 + 5 * DAY, T0 + 90 * DAY)]
)
answers = st.none() | st.builds(
    lambda pair, window: signed_set(*pair, TTL, window), st.sampled_from(SETS), short_windows
)


@given(
    st.sampled_from(MODELS),
    st.lists(
        st.tuples(st.sampled_from([HOUR, DAY, 10 * DAY, 29 * DAY, 1]), st.sampled_from(SETS), short_windows),
        max_size=12,
    ),
    st.booleans(),
)
def test_watch_is_observe(
    model: str, looks: list[tuple[int, tuple[str, str], tuple[int, int]]], memo: bool
) -> None:
    """A remembered look is what looking again would give: same point, changes, result and validators."""
    machine = Machine(model)
    policy, point, now = machine.policy, machine.point, T0
    seen = Watch(policy, memo=memo)
    for wait, pair, window in looks:
        for _ in range(3):
            now += wait
            held = dnskeys(*pair, TTL, window)
            slow = managed.observe(point, policy, held, now, memo=False)
            fast = seen.observe(point, held, now)
            assert fast == slow
            point = fast.point


@given(st.sampled_from(MODELS), st.sampled_from(SETS), short_windows, st.integers(0, 40 * DAY))
def test_still_for(model: str, pair: tuple[str, str], window: tuple[int, int], later: int) -> None:
    """A look that changed nothing changes nothing for as long as `still_for` says."""
    machine = Machine(model).look(0, "1 2", "1").look(0.1, "1 2", "1")
    held = dnskeys(*pair, TTL, window)
    first = managed.observe(machine.point, machine.policy, held, T0 + DAY)
    if first.point is machine.point and later <= still_for(machine.point, machine.policy, held, T0 + DAY):
        again = managed.observe(machine.point, machine.policy, held, T0 + DAY + later)
        assert again == first


@pytest.mark.parametrize(("age", "days"), [(0, 10), (9, 1), (10, 10), (19, 1), (20, 20), (39, 1), (40, 600)])
def test_still_until_a_timer_ends(age: int, days: int) -> None:
    """A look stays what it is up to the second before a timer or a signature ends, whichever is first."""
    policy = STRICT.override({"add-hold-down": "P10D", "remove-hold-down": "P20D", "keep-missing": "P40D"})
    held = dnskeys("1", "1", TTL, (T0 - DAY, T0 + 600 * DAY - 1))
    point = TrustPoint(ROOT, (Cell(key(1), State.VALID, T0 - age * DAY),))
    assert still_for(point, policy, held, T0) == days * DAY - 1


def test_work_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same set looked at again at the same trust point is not looked at."""
    machine = Machine("rfc5011-strict").look(0, "1", "1")
    looks: list[int] = []
    real = managed.observe

    def counted(*args: Any, **named: Any) -> managed.Sighting:
        looks.append(1)
        return real(*args, **named)

    monkeypatch.setattr(watch, "observe", counted)
    seen = Watch(machine.policy, memo=True)
    for day in range(5):
        seen.observe(machine.point, dnskeys("1", "1"), T0 + day * DAY)
    assert len(looks) == 1
    seen.observe(machine.point, None, T0 + 6 * DAY)
    seen.observe(machine.point, dnskeys("1", "1"), T0 + 7 * DAY)
    assert len(looks) == 3


@pytest.mark.parametrize("memo", [True, False])
def test_signatures_are_verified_anew(memo: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the memo every look costs a verification, even one that is remembered otherwise."""
    machine = Machine("rfc5011-strict").look(0, "1", "1")
    checks: list[int] = []

    def counted(*_: Any, **named: Any) -> tuple[tuple[int, bytes], ...]:
        checks.append(1)
        assert named["memo"] is False
        return machine_validators

    machine_validators = managed.observe(machine.point, machine.policy, dnskeys("1", "1"), T0).validators
    monkeypatch.setattr(watch, "validate", counted)
    seen = Watch(machine.policy, memo=memo)
    for day in range(4):
        assert seen.observe(machine.point, dnskeys("1", "1"), T0 + day * DAY).result == "ok"
    assert len(checks) == (0 if memo else 3)


def lived(
    policy: ResolverPolicy, steps: tuple[tuple[int, Any], ...], *, stride: int = 99 * DAY, **setup: Any
) -> Any:
    """Return all that can be seen of forty days, told of changes at most `stride` seconds ahead."""
    place = World(steps)
    real, end = place.next_change, T0 + 40 * DAY
    place.next_change = lambda now: min(real(now), end, now + stride)  # type: ignore[method-assign]
    life = Life(resolver_of(policy, **setup), place).run(40)
    return life.out, life.seen, life.states(), [cell.since for cell in life.model.point.cells]


@examples(50)
@given(
    st.sampled_from(MODELS),
    st.lists(st.tuples(st.integers(1, 39 * DAY), answers), max_size=4, unique_by=lambda step: step[0]),
    st.sampled_from([2 * HOUR, 7 * HOUR + 13, 3 * DAY]),
    st.sampled_from([0, 0, 5 * DAY, -3 * DAY]),
)
def test_jumps_change_nothing(model: str, changes: list[tuple[int, Any]], stride: int, offset: int) -> None:
    """A model told far ahead that nothing changes lives as one told it step by step."""
    steps = (
        (T0, signed_set("1", "1")),
        *sorted(((T0 + at, what) for at, what in changes), key=lambda step: step[0]),
    )
    policy = (
        policy_of(model).override({"after-lost": "PT2H"}) if model.startswith("bind") else policy_of(model)
    )
    assert lived(policy, steps, offset=offset) == lived(policy, steps, offset=offset, stride=stride)


@examples(20)
@given(
    st.sampled_from(MODELS),
    st.lists(st.tuples(st.integers(1, 39 * DAY), answers), max_size=4, unique_by=lambda step: step[0]),
)
def test_memo_changes_nothing(model: str, changes: list[tuple[int, Any]]) -> None:
    """A model that verifies every signature anew lives as one that remembers."""
    steps = (
        (T0, signed_set("1", "1")),
        *sorted(((T0 + at, what) for at, what in changes), key=lambda step: step[0]),
    )
    assert lived(policy_of(model), steps, memo=False) == lived(policy_of(model), steps)
