"""A model with its state file: what it writes and when, and how it starts from a file."""

from __future__ import annotations

import pytest

from lab.clock import DAY, HOUR, Instant, Seconds
from lab.observation import Started, Stopped
from lab.resolver.fetch import Path
from lab.resolver.model import Setup
from lab.resolver.refresh import Jitter
from lab.resolver.rfc5011 import State
from lab.resolver.state.formats import FORMATS, written_by_model
from lab.resolver.state.keeper import FiledModel
from lab.resolver.state.loading import load_for
from lab.resolver.state.vocabulary import Entry, Loaded, TrustState

from ..world import ROOT, T0, Life, anchors, ds, key, number_of, policy_of, resolver_of, world

ROLL = world((0, "1", "1"), (10, "1 2", "1"), (60, "1 2", "2"), (70, "-1 2", "2 -1"), (120, "2", "2"))
"""Key 2 is published on day 10 and signs from day 60, key 1 is revoked on day 70 and gone on day 120."""
FILED = ("unbound", "bind", "knot")


def filed(model: str, configured: str = "1", form: str = "ds", offset: Seconds = 0) -> FiledModel:
    """Return a model with a state file, not yet started."""
    setup = Setup("subject", ROOT, anchors(configured, form), Jitter(1, "test"), number_of, Path())
    return FiledModel(policy_of(model), setup, offset=offset)


def state_of(life: Life) -> TrustState:
    """Return the state of the model of a life at its present instant."""
    assert isinstance(life.model, FiledModel)
    return life.model.state(life.now)


def words(state: TrustState) -> str:
    """Return keys and states: `1 Valid, 2 AddPend`."""
    return ", ".join(f"{number_of(entry.anchor)} {entry.state.value}" for entry in state.entries)


def reloaded(life: Life, model: str, now: Instant) -> FiledModel:
    """Return a new model that has nothing but the file of an old one."""
    form = FORMATS[model]
    fresh = filed(model, "7")
    fresh.load_state(load_for(model, written_by_model(state_of(life), form), at=now))
    return fresh


@pytest.mark.parametrize("model", [*FILED, "rfc5011-strict", "sdns", "static"])
def test_bookkeeping_changes_nothing(model: str) -> None:
    """A model with a state file sees, says and does to the second what one without does."""
    plain, kept = Life(resolver_of(policy_of(model)), ROLL), Life(filed(model), ROLL)
    for days in (5.3, 45, 130):
        plain.run(days)
        kept.run(days)
        state_of(kept)
    assert kept.model.point == plain.model.point
    assert kept.out == plain.out
    assert (kept.probes, kept.fetches) == (plain.probes, plain.fetches)


def test_unbound_writes_what_it_saw() -> None:
    """After a success Unbound's file has its time, the next probe within the jitter, and the two delays."""
    life = Life(filed("unbound"), ROLL).run(11)
    state, last = state_of(life), max(life.probes + life.fetches)
    assert (state.last_queried, state.last_success, state.query_failed) == (last, last, 0)
    assert (state.query_interval, state.retry_time) == (12 * HOUR, 8640)
    assert state.next_probe_time == life.model.planner.at
    assert state.next_probe_time is not None
    assert last + 0.9 * 12 * HOUR <= state.next_probe_time < last + 12 * HOUR
    assert words(state) == "1 Valid, 2 AddPend"
    assert state.entries[1].sightings == sum(1 for at in life.probes + life.fetches if at >= T0 + 10 * DAY)


def test_unbound_misses_a_key() -> None:
    """A verified set that lacks a trusted key is a success in Unbound's file."""
    life = Life(filed("unbound", "1 2"), world((0, "1 2", "1"), (5, "1", "1"))).run(9)
    state, last = state_of(life), max(life.probes + life.fetches)
    assert last > T0 + 8 * DAY
    assert words(state) == "1 Valid, 2 Missing"
    assert (state.last_queried, state.last_success, state.query_failed) == (last, last, 0)


def test_unbound_before_its_first_success() -> None:
    """Before a first success the file is the operator's, whatever was asked and failed."""
    for place in (world((0, None)), world((0, "2", "2"))):
        state = state_of(Life(filed("unbound"), place).run(3))
        assert state.entries == (Entry(ds(1), since=0, sightings=0, ttl=0),)
        assert (state.last_queried, state.is_initialised) == (None, False)


def test_unbound_counts_failures() -> None:
    """A set that does not verify is counted, six queries a failure; no answer leaves the file as it was."""
    life = Life(filed("unbound"), world((0, "1", "1"), (2, None), (3, "1", "~1"))).run(2)
    good = state_of(life)
    assert state_of(life.run(3)) == good
    bad = state_of(life.run(3.5))
    assert bad.last_success == good.last_success
    assert bad.last_queried is not None
    assert bad.last_queried >= T0 + 3 * DAY
    assert bad.query_failed
    assert bad.query_failed % 6 == 0
    assert bad.next_probe_time == life.model.planner.at


def test_unbound_writes_nothing_where_it_cannot() -> None:
    """A file that cannot be written stays as it was, and the resolver ends."""
    life = Life(filed("unbound"), ROLL).run(5)
    before = state_of(life)
    life.do(lambda model, _: setattr(model, "writable", False)).run(7)
    assert not life.model.running
    assert state_of(life) == before


def test_unbound_with_all_anchors_revoked() -> None:
    """A deleted trust point is written as such: a success, and never probed again."""
    state = state_of(Life(filed("unbound"), world((0, "1", "1"), (5, "-1", "-1"))).run(9))
    assert (state.deleted, words(state), state.next_probe_time) == (True, "1 Revoked", 0)
    assert state.last_success == state.last_queried
    assert b";;REVOKED" in FORMATS["unbound"].write(state)


@pytest.mark.parametrize("model", FILED)
@pytest.mark.parametrize("day", [5, 30, 65, 75, 110])
def test_restart_from_the_file(model: str, day: float) -> None:
    """Who starts from the file alone knows the same keys in the same states, and goes the same way."""
    life = Life(filed(model), ROLL).run(day)
    fresh = Life(reloaded(life, model, life.now), ROLL, now=life.now)
    life.restart()
    assert sorted(words(state_of(life)).split(", ")) == sorted(words(state_of(fresh)).split(", "))
    for later in (day + 3, 105, 160):
        life.run(later)
        fresh.run(later)
        assert sorted(life.states().split(", ")) == sorted(fresh.states().split(", "))
    assert fresh.view() == life.view()


def test_schedule_is_kept() -> None:
    """Unbound goes on with the probe in its file; BIND and Knot Resolver look at once."""
    for model in FILED:
        life = Life(filed(model), ROLL).run(20.1)
        fresh = reloaded(life, model, life.now)
        fresh.start(life.now)
        assert fresh.planner.at == (life.model.planner.at if model == "unbound" else life.now)


def test_hold_down_goes_on() -> None:
    """A hold-down half over is not started anew by a restart from the file (RFC 5011 section 2.4.1)."""
    for model in FILED:
        life = Life(filed(model), ROLL).run(25)
        begun = life.model.point.cells[1].since
        fresh = Life(reloaded(life, model, life.now), ROLL, now=life.now).run(41.6)
        accepted = next(cell for cell in fresh.model.point.cells if number_of(cell.anchor) == "2")
        assert accepted.state is State.VALID
        assert begun + 30 * DAY <= accepted.since <= begun + 30 * DAY + 13 * HOUR


def test_refused_file() -> None:
    """A resolver that cannot read its file ends as soon as it is started, and says why."""
    model = filed("unbound")
    model.load_state(load_for("unbound", b";;id: . 1\n;;id: . 1\n"))
    model.start(T0)
    assert not model.running
    assert model.next_timer() is None
    ended = [seen for seen in model.take() if isinstance(seen, Stopped)]
    assert [(seen.how, seen.reason) for seen in ended] == [("exit", "line 2: trust anchor presented twice")]
    model.start(T0 + DAY, keep=False)
    assert model.running


def test_begin_anew() -> None:
    """BIND throws a damaged file away, so that every key published is trusted at once."""
    model = filed("bind")
    model.load_state(load_for("bind", b"garbage\n"))
    life = Life(model, world((0, "1 2", "1"))).run(1)
    assert life.states() == "1 Valid, 2 Valid"


def test_bug_of_long_lines() -> None:
    """A line too long for Unbound's buffer makes a pending key trusted, and what it alone signs verifies."""
    pending = TrustState(
        ROOT,
        (Entry(key(2), State.ADD_PEND, T0 - DAY, sightings=1), Entry(key(1), State.VALID, T0 - 90 * DAY)),
        last_success=T0 - DAY,
    )
    text = FORMATS["unbound"].write(pending)
    long = text.replace(b" ;;state=1", b" " * 10_240 + b" ;;state=1")
    views = []
    for data in (text, long):
        model = filed("unbound")
        model.load_state(load_for("unbound", data))
        views.append(Life(model, world((0, "2", "2"))).run(2).view())
    assert views == ["bad", "good"]


def test_seed_file() -> None:
    """A file of configured anchors is no state: the first verified set is still the first."""
    model = filed("unbound", "7")
    data = f". IN DS {ds(1).to_text()}\n. IN DS {ds(3).to_text()}\n".encode()
    model.load_state(load_for("unbound", data))
    life = Life(model, world((0, "1 2", "1"))).run(1)
    assert life.states() == "1 Valid, 2 AddPend"


def test_loaded_state_before_the_first_write() -> None:
    """Until it writes, a model's file is the one it was given."""
    given = TrustState(ROOT, (Entry(key(1), State.VALID, 5, sightings=0, ttl=60),), last_success=9)
    model = filed("unbound")
    model.load_state(Loaded("state", given))
    assert model.state(T0) is given


def test_state_of_another_format() -> None:
    """Any state can be loaded, not only what an implementation makes of its file."""
    model = filed("bind")
    model.load_state(TrustState(ROOT, (Entry(key(2), State.VALID, 5),)))
    assert Life(model, world((0, "2", "2"))).run(1).view() == "good"


def test_next_probe_at_the_end_of_a_hold_down() -> None:
    """BIND looks at the very end of a hold-down, so that its next probe may come before the key's refresh."""
    outage = world((0, "1", "1"), (10.3, "1 2", "1"), (20, None), (20.45, "1 2", "1"))
    life = Life(filed("bind"), outage).run(25)
    pending = life.model.point.cells[1]
    life.until(pending.since + 30 * DAY - HOUR)
    state = state_of(life)
    assert state.next_probe_time == state.entries[1].until == pending.since + 30 * DAY
    assert life.model.planner.regular > state.next_probe_time


def test_reset_forgets() -> None:
    """A start without state forgets file and bookkeeping."""
    life = Life(filed("unbound"), ROLL).run(5).restart(keep=False)
    assert (state_of(life).last_success, words(state_of(life))) == (None, "1 Valid")


def test_clock_of_its_own() -> None:
    """All times in the file are by the resolver's own clock."""
    right, fast = (state_of(Life(filed("bind", offset=offset), ROLL).run(20)) for offset in (0, 500))
    assert right.last_success is not None
    assert fast.last_success == right.last_success + 500
    assert right.entries[1].until is not None
    assert fast.entries[1].until == right.entries[1].until + 500


def test_between_refreshes_that_must_fail() -> None:
    """Where a model jumps over refreshes that cannot but fail, its file is as if it had made each of them."""
    broken = world((0, "1", "1"), (10, "1 2", "1"), (15, "1 2", "~1"), (40, "1 2", "1"))
    life = Life(filed("bind"), broken)
    for day in range(16, 39):
        now = T0 + day * DAY + HOUR
        state = state_of(life.run(day + 1 / 24))
        assert state.next_probe_time is not None
        assert now < state.next_probe_time <= now + DAY
        assert state.entries[1].until is not None
        assert now + 29 * DAY - HOUR <= state.entries[1].until <= now + 30 * DAY


def test_static() -> None:
    """A validator that never looks by itself has anchors and no times."""
    state = state_of(Life(filed("static", form="dnskey"), ROLL).run(5))
    assert (state.next_probe_time, [entry.anchor for entry in state.entries]) == (None, [key(1)])


VALID = (Entry(key(1), State.VALID, T0 - DAY, sightings=0, ttl=60),)


def test_bookkeeping_goes_on_from_the_file() -> None:
    """Times and failures of the file count until there are others."""
    given = TrustState(ROOT, VALID).noting(
        {"last_queried": T0 - 9, "last_success": T0 - 10, "query_failed": 12, "next_probe_time": T0 + HOUR}
    )
    life = Life(filed("unbound"), world((0, "1", "~1")))
    assert isinstance(life.model, FiledModel)
    life.model.load_state(given)
    state = state_of(life.until(T0 + 2 * HOUR))
    assert state.last_success == T0 - 10
    assert state.query_failed is not None
    assert state.query_failed > 12
    plain = filed("bind")
    plain.load_state(TrustState(ROOT, VALID))
    assert (plain.state(T0).last_queried, plain.state(T0).last_success) == (0, 0)
    plain.load_state(given)
    assert (plain.state(T0).last_queried, plain.state(T0).last_success) == (T0 - 9, T0 - 10)
    assert plain.state(T0).query_failed == 12


def test_clock_unless_said() -> None:
    """A model with a state file of which nothing else is said has the true time, too."""
    life = Life(FiledModel(policy_of("bind"), filed("bind").setup), ROLL).run(5)
    assert state_of(life).last_success == max(life.probes + life.fetches)


@pytest.mark.parametrize(
    ("numbers", "times"),
    [
        ({"query_interval": 7200, "retry_time": 4000}, (7200, 4000)),
        ({"query_interval": 7200, "retry_time": 0}, (HOUR, HOUR)),
        ({"query_interval": 0, "retry_time": 4000}, (HOUR, HOUR)),
    ],
)
def test_delays_of_the_file(numbers: dict[str, int], times: tuple[int, int]) -> None:
    """The two delays of the file count if both are there."""
    model = filed("unbound")
    model.load_state(TrustState(ROOT, VALID).noting(numbers))
    assert (model.planner.times.interval, model.planner.times.retry) == times


def test_probe_of_the_file_is_by_the_resolvers_clock() -> None:
    """The next probe in the file is a time by the clock of the machine, as all its times are."""
    model = filed("unbound", offset=500)
    model.load_state(TrustState(ROOT, VALID).noting({"next_probe_time": T0 + HOUR}))
    model.start(T0)
    assert model.next_timer() == T0
    assert model.planner.at == T0 + HOUR - 500


def test_refusal_is_told_as_a_restart() -> None:
    """A start that ends at a file it cannot read is a restart all the same."""
    model = filed("unbound")
    model.load_state(load_for("unbound", b";;id: . 1\n;;id: . 1\n"))
    model.start(T0)
    assert [seen.how for seen in model.take() if isinstance(seen, Started)] == ["restart"]


def test_timer_of_a_pending_key_that_is_not_ahead() -> None:
    """A pending key seen in this very second has the timer of this second, whatever refreshes lie ahead."""
    life = Life(filed("bind"), ROLL).run(10.5)
    pending = life.model.point.cells[1]
    assert pending.state is State.ADD_PEND
    assert isinstance(life.model, FiledModel)
    assert life.model.state(pending.since).entries[1].until == pending.since + 30 * DAY


def test_no_next_probe() -> None:
    """A BIND that knows no key of the set never looks again, and its file names no next refresh."""
    state = state_of(Life(filed("bind"), world((0, "1", "1"), (3, "2", "2"))).run(9))
    assert (state.next_probe_time, [entry.refresh for entry in state.entries]) == (None, [None])
