"""Compare when implementations fetch: the comparison table's lines on intervals, retries and observers."""

from __future__ import annotations

import itertools

import pytest

from lab.clock import DAY, HOUR
from lab.observation import Transition
from lab.resolver.policy import STRICT

from .world import T0, Life, live, signed_set, world

GOOD = (0.0, "1", "1")
STRANGER = "9"


def gaps(life: Life, after: float = 0) -> list[int]:
    """Return the seconds between refreshes, from `after` days on."""
    times = [at for at in life.probes if at >= T0 + after * DAY]
    return [later - at for at, later in itertools.pairwise(times)]


@pytest.mark.parametrize(
    ("model", "form", "interval"),
    [
        ("rfc5011-strict", "ds", DAY),
        ("bind", "ds", DAY),
        ("knot", "ds", 12 * HOUR),
        ("knot", "dnskey", HOUR),
        ("sdns", "ds", 12 * HOUR),
        ("cdnsd", "ds", DAY),
    ],
)
def test_interval_at_the_root(model: str, form: str, interval: int) -> None:
    """A TTL of two days is one day by the RFC, twelve hours if a cache caps it, one where a line has none."""
    life = live(model, world(GOOD), form=form).run(3)
    assert life.probes[0] == T0
    assert set(gaps(life)) == {interval}


def test_unbound_interval() -> None:
    """Unbound refreshes every twelve hours, the last tenth of that at random."""
    life = live("unbound", world(GOOD)).run(60)
    found = gaps(life)
    assert len(found) > 100
    assert 12 * HOUR * 0.9 <= min(found) < 12 * HOUR * 0.91
    assert 12 * HOUR * 0.99 < max(found) < 12 * HOUR


@pytest.mark.parametrize("model", ["dnsmasq", "pdns-recursor", "systemd-resolved", "getdns", "static"])
def test_static_resolvers_do_not_refresh(model: str) -> None:
    """A static resolver fetches the DNSKEY RRset for clients alone."""
    life = live(model, world(GOOD)).run(10)
    assert life.probes == []
    assert life.fetches[0] == T0


@pytest.mark.parametrize(
    ("model", "retry"),
    [("rfc5011-strict", 17280), ("bind", HOUR), ("knot", 8640), ("sdns", 12 * HOUR), ("cdnsd", DAY)],
)
def test_retry_after_no_answer(model: str, retry: int) -> None:
    """Without an answer the RFC retries after a tenth of the TTL, BIND after an hour, always."""
    found = gaps(live(model, world(GOOD, (5, None), (9, "1", "1"))).run(9), 5)
    assert found[0] == retry
    assert [gap % retry for gap in found] == [0] * len(found)


def test_unbound_retry_after_no_answer() -> None:
    """Unbound retries after 2.4 hours, less up to a tenth."""
    found = gaps(live("unbound", world(GOOD, (5, None))).run(9), 5)
    assert 8640 * 0.9 <= min(found) <= max(found) < 8640


@pytest.mark.parametrize(
    ("model", "keys", "expected"),
    [
        ("rfc5011-strict", "1", 17280),
        ("bind", "1", DAY),
        ("bind", "2 3", 27),
        ("sdns", "1", 12 * HOUR),
        ("cdnsd", "1", DAY),
        ("knot", "1 2", 8640),
    ],
)
def test_delay_after_a_bogus_set(model: str, keys: str, expected: int) -> None:
    """A set that does not verify is a retry for the RFC, a full interval for BIND, or a loop of 27 seconds.

    BIND loops when a trusted key is absent and another known key is published.
    """
    place = world((0, "1", "1"), (1, "1 2", "1"), (5, keys, STRANGER), (8, "1", "1"))
    life = live(model, place).run(5.999)
    assert life.model._result in ("bogus", "lost")
    bogus = [at for at in life.probes if at >= T0 + 5 * DAY]
    assert bogus
    assert life.model.planner.at - life.probes[-1] in (expected, _last_before(life, expected))


def _last_before(life: Life, delay: int) -> int:
    """Return the delay a model takes that jumps over failures that cannot end otherwise before day 8."""
    jumps = (T0 + 8 * DAY - life.probes[-1] - 1) // delay
    return jumps * delay


def test_bind_is_blind_for_ever() -> None:
    """With no known key published BIND never looks again, though the zone is fine later; a restart helps."""
    life = live("bind", world(GOOD, (5, "2", "2"), (6, "1", "1"))).run(100)
    assert max(life.probes) < T0 + 6 * DAY
    assert life.model._result == "blind"
    life.restart().run(101)
    assert max(life.probes) >= T0 + 100 * DAY
    assert life.model._result == "ok"


@pytest.mark.parametrize(("model", "gap"), [("bind", HOUR), ("rfc5011-strict", DAY), ("sdns", 12 * HOUR)])
def test_delay_after_a_miss(model: str, gap: int) -> None:
    """BIND looks every hour while a trusted key is absent from verified sets."""
    life = live(model, world((0, "1 2", "1"), (5, "1", "1")), "1 2").run(9)
    assert gaps(life, 7)[0] == gap


def test_bind_returns_to_its_interval() -> None:
    """Once the trusted key is back BIND waits a full interval again."""
    life = live("bind", world((0, "1 2", "1"), (5, "1", "1"), (7, "1 2", "1")), "1 2").run(12)
    assert gaps(life, 8)[-1] == DAY


@pytest.mark.parametrize(("model", "exact"), [("bind", True), ("rfc5011-strict", False), ("cdnsd", False)])
def test_fetch_at_the_deadline(model: str, exact: bool) -> None:
    """BIND fetches at the very end of a hold-down, the others at their next refresh."""
    life = live(model, world((0, "1 3", "1"), (0.3, "1 2 3", "1"))).run(10.1).restart().run(40)
    first = next(at for at in life.probes if at >= T0 + 0.3 * DAY)
    assert (first + 30 * DAY in life.probes) is exact


@pytest.mark.parametrize(
    ("model", "observes"),
    [("unbound", True), ("systemd-resolved", True), ("bind", False), ("knot", False), ("sdns", False)],
)
def test_clients_fetches_drive_the_table(model: str, observes: bool) -> None:
    """A fetch for a client moves Unbound's machine (and resolved's), not the others'."""
    policy = live(model, world(GOOD)).model.policy.override({"after-ok": "P90D", "ttl-cap": "P1D"})
    life = live(policy, world((0, "1", "1"), (0.5, "-1 2", "-1"))).run(2.1)
    assert ("1 Valid" not in life.states()) is observes


def test_client_fetch_moves_unbounds_next_probe() -> None:
    """A client's good fetch reschedules Unbound's timer probe, a failing one does not."""
    policy = live("unbound", world(GOOD)).model.policy.override(
        {"ttl-cap": "PT6H", "jitter-tenths": 0, "floor": "P1D"}
    )
    life = live(policy, world(GOOD)).run(0.9)
    assert life.fetches == [T0 + 6 * HOUR, T0 + 12 * HOUR, T0 + 18 * HOUR]
    assert life.probes == [T0]
    assert life.model.planner.at == T0 + 18 * HOUR + DAY
    dark = live(policy, world(GOOD, (0.6, None))).run(0.9)
    assert dark.model.planner.at == T0 + 12 * HOUR + DAY


@pytest.mark.parametrize(
    ("model", "stored"),
    [("unbound", True), ("bind", False), ("knot", False), ("sdns", False), ("rfc5011-strict", False)],
)
def test_first_probe_after_a_restart(model: str, stored: bool) -> None:
    """Unbound keeps the time of its next probe in its file, the others look at once."""
    life = live(model, world(GOOD)).run(0.1)
    due = life.model.planner.at
    life.restart()
    assert life.model.planner.at == (due if stored else life.now)


def test_stored_probe_in_the_past() -> None:
    """Unbound that was off over its next probe looks at once."""
    life = live("unbound", world(GOOD)).run(0.1).do(lambda model, now: model.stop(now)).run(3)
    life.do(lambda model, now: model.start(now))
    assert life.model.planner.at == life.now


def test_interval_is_relearnt_from_the_set() -> None:
    """The interval follows the TTL of the last verified set, and is the floor before there is one."""
    life = live("rfc5011-strict", world((0, None), (0.2, "1", "1"))).run(3)
    assert gaps(life)[0] == HOUR
    assert gaps(life)[-1] == DAY
    assert STRICT.schedule.floor == HOUR


def test_short_ttl() -> None:
    """Nobody looks more often than once an hour, whatever the TTL."""
    place = world(GOOD)
    place.steps = ((T0, signed_set("1", "1", 60)),)
    for model in ("rfc5011-strict", "bind"):
        assert set(gaps(live(model, place).run(1))) == {HOUR}


@pytest.mark.parametrize(
    ("model", "least", "most"),
    [
        ("rfc5011-strict", 0, 1),
        ("unbound", 0.35, 0.9),
        ("bind", 0, 1),
        ("knot", 0, 1.5),
        ("sdns", 0.5, 1),
        ("cdnsd", 0, 1),
    ],
)
def test_when_a_new_key_is_trusted(model: str, least: float, most: float) -> None:
    """A key published at any hour is trusted 30 days later and within that fraction of a day.

    Who wants more than 30 days waits for one refresh more; Knot may also wait for its cached set to end.
    """
    late = []
    for phase in range(10):
        published = 5.003 + phase / 10
        life = live(model, world(GOOD, (published, "1 2", "1"))).run(45)
        told = [seen for seen in life.out if isinstance(seen, Transition) and seen.key == "2"]
        trusted = next(seen.at for seen in told if seen.target == "Valid")
        late.append((trusted - T0) / DAY - published - 30)
    assert least <= min(late) <= max(late) <= most
