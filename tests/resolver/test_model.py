"""Test the life of a model: starts, stops, what it tells, and what a restart finds."""

from __future__ import annotations

from typing import Any

import pytest

from lab.clock import DAY, HOUR
from lab.observation import Refresh, Started, Stopped, Transition
from lab.resolver.model import ResolverModel
from lab.resolver.profiles import MODELS

from .world import T0, Life, World, anchors, key, live, policy_of, resolver_of, signed_set, world

STAY = world((0, "1", "1"))
LEARN = world((0, "1", "1"), (1.2, "1 2", "1"))
GONE = world((0, "1", "1"), (1.2, "-1 2", "-1 2"))


def told(life: Life, kind: type) -> list[Any]:
    """Return the observations of a kind."""
    return [seen for seen in life.out if isinstance(seen, kind)]


def lock(model: ResolverModel, _: int) -> None:
    """Take away the right to write the state."""
    model.writable = False


def unlock(model: ResolverModel, _: int) -> None:
    """Give the right to write the state back."""
    model.writable = True


def stop(model: ResolverModel, now: int) -> None:
    """Switch the resolver off."""
    model.stop(now)


def start(model: ResolverModel, now: int) -> None:
    """Switch the resolver on, with the state it had."""
    model.start(now)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_lives(name: str) -> None:
    """Every preset starts, follows a root that stays as it is, and serves its clients."""
    life = live(name, World(STAY.steps)).run(40)
    assert life.view() == "good"
    assert life.first("bad") is None
    assert {entry.result for entry in told(life, Refresh)} <= {"ok"}


def test_nothing_happens_before_the_start() -> None:
    """A model that was not started asks nothing and wants nothing."""
    model = resolver_of(policy_of("unbound"))
    assert model.next_timer() is None
    model.stop(T0)
    assert (model.take(), model.ended) == ([], "")


def test_starts_and_stops() -> None:
    """The first start, a restart with state and one without are told apart, and so are the stops."""
    life = live("bind", World(STAY.steps)).run(1).restart().run(2).restart(keep=False).run(3).do(stop)
    assert [entry.how for entry in told(life, Started)] == ["first", "restart", "reset"]
    assert [(entry.how, entry.reason) for entry in told(life, Stopped)] == [
        ("off", "restart"), ("off", "restart"), ("off", "off"),
    ]  # fmt: skip
    assert life.model.next_timer() is None
    assert life.view() == "down"


def test_clock_unless_said() -> None:
    """A model of which nothing else is said has the true time."""
    life = Life(ResolverModel(policy_of("unbound"), resolver_of(policy_of("unbound")).setup), STAY).run(1)
    assert [cell.since for cell in life.model.point.cells] == [T0]


def test_take_empties() -> None:
    """Observations are taken once."""
    model = resolver_of(policy_of("static"))
    model.start(T0)
    assert [entry.kind for entry in model.take()] == ["started"]
    assert model.take() == []


def test_refreshes_are_told_when_they_end_otherwise() -> None:
    """A refresh is observed when its result is another than before, with the tags of the signers."""
    place = world((0, "1", "1"), (2.2, "1", "2"), (5, "1", "1"))
    found = told(live("rfc5011-strict", place).run(8), Refresh)
    assert [(entry.result, entry.signers) for entry in found] == [
        ("ok", (key(1).tag,)), ("bogus", (key(2).tag,)), ("ok", (key(1).tag,)),
    ]  # fmt: skip


def test_refresh_after_a_restart_is_told_anew() -> None:
    """A restart forgets what was told, so the first refresh after it is told."""
    life = live("rfc5011-strict", World(STAY.steps)).run(1.5).restart().run(2)
    assert [entry.at for entry in told(life, Refresh)] == [T0, T0 + 3 * DAY // 2]


def test_refresh_without_an_answer_has_no_signers() -> None:
    """Where no answer came no signer is told."""
    found = told(live("rfc5011-strict", world((0, "1", "1"), (2, None))).run(4), Refresh)
    assert (found[-1].result, found[-1].signers) == ("none", ())


def test_transitions_carry_both_tags() -> None:
    """A transition names the key, its tag for life, and the tag on the wire, which REVOKE changes."""
    found = told(
        live("rfc5011-strict", world((0, "1 2", "1"), (1.2, "-1 2", "-1 2")), "1 2").run(3), Transition
    )
    assert [(entry.key, entry.source, entry.target) for entry in found] == [("1", "Valid", "Revoked")]
    assert (found[0].key_tag, found[0].wire_tag) == (key(1).tag, key(1).revoked().tag)


def test_transition_of_a_ds() -> None:
    """A key known by its DS alone is told by the DS's tag."""
    found = told(live("rfc5011-strict", world((0, "1", "1")), "1 2").run(1), Transition)
    assert [(entry.key, entry.target, entry.wire_tag) for entry in found] == [("2", "Missing", key(2).tag)]


# -- what a restart finds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("keep", "states"), [(True, "1 Valid, 2 AddPend"), (False, "1 Valid")])
def test_restart(keep: bool, states: str) -> None:
    """A restart with its state goes on, one without begins from the configured anchors."""
    life = live("rfc5011-strict", World(LEARN.steps)).run(20).restart(keep=keep)
    assert life.states() == states
    assert life.model.resets == (0 if keep else 1)
    reached = life.run(35).states()
    assert reached == ("1 Valid, 2 Valid" if keep else "1 Valid, 2 AddPend")


def test_static_resolver_has_no_state() -> None:
    """A resolver without the RFC's table reads its configuration at every start."""
    life = live("systemd-resolved", World(GONE.steps)).run(2)
    assert life.states() == ""
    life.restart()
    assert life.states() == "1 Valid"
    assert life.run(2.1).states() == ""


@pytest.mark.parametrize("model", ["rfc5011-strict", "unbound"])
def test_deletion_is_persisted(model: str) -> None:
    """A deleted trust point stays deleted: insecure, never asked for again, until the state is lost."""
    life = live(model, World(GONE.steps)).run(3)
    assert life.view() == "insecure"
    asked = len(life.world.queries)
    assert life.restart().run(60).view() == "insecure"
    assert len(life.world.queries) == asked
    assert life.restart(keep=False).run(61).view() == "bad"


def test_bind_with_everything_revoked() -> None:
    """BIND fails with everything revoked, turns insecure at a restart, and begins anew after its 30 days."""
    life = live("bind", World((*GONE.steps, (T0 + 50 * DAY, signed_set("1", "1"))))).run(5)
    assert (life.view(), life.states()) == ("bad", "1 Revoked")
    life.restart().run(20)
    assert life.view() == "insecure"
    life.restart().run(31)
    assert life.view() == "insecure"
    life.run(60).restart()
    assert life.states() == "1 Valid"
    assert life.run(61).view() == "good"


def test_bind_left_with_a_revoked_key() -> None:
    """A BIND left with a revoked key refreshes no more, drops it at its next start, and begins anew."""
    life = live("bind", World((*GONE.steps, (T0 + 50 * DAY, signed_set("1", "1"))))).run(5).run(60)
    assert life.states() == "1 Revoked"
    assert life.restart().run(61).view() == "good"


def test_bind_with_something_pending_stays_bogus() -> None:
    """A key pending keeps the zone bogus where all trusted ones are revoked, restart or not."""
    place = world((0, "1", "1"), (1.2, "1 2", "1"), (5.2, "-1 2", "-1 2"))
    life = live("bind", place).run(10)
    assert (life.view(), life.states()) == ("bad", "1 Revoked, 2 AddPend")
    assert life.restart().run(12).view() == "bad"


@pytest.mark.parametrize(("model", "view"), [("knot", "bad"), ("sdns", "bad")])
def test_others_with_everything_revoked(model: str, view: str) -> None:
    """Knot and sdns stay bogus, restarted or not."""
    assert live(model, World(GONE.steps)).run(5).restart().run(8).view() == view


def test_bind_promotes_on_load() -> None:
    """A pending key whose time ended while BIND was off is trusted at its start, and that is told."""
    life = live("bind", World(LEARN.steps)).run(5).do(stop).run(40).do(start)
    assert life.states() == "1 Valid, 2 Valid"
    assert [(entry.at, entry.target) for entry in told(life, Transition)][-1] == (T0 + 40 * DAY, "Valid")


def test_first_set_after_a_restart() -> None:
    """A resolver restarted before it verified anything still takes the next set for its first.

    BIND then trusts all it finds, and Unbound loses the anchor that is not there.
    """
    place = World(((T0, None), (T0 + 2 * DAY, signed_set("1 3", "1"))))
    bind = live("bind", place, "1 2").run(1).restart().run(3)
    assert bind.states() == "1 Valid, 3 Valid"
    unbound = live("unbound", World(place.steps), "1 2").run(1).restart().run(3)
    assert unbound.states() == "1 Valid, 3 AddPend"


@pytest.mark.parametrize(("model", "reached"), [("rfc5011-strict", "AddPend"), ("cdnsd", "AddPend")])
def test_unwritten_state_is_lost_at_a_restart(model: str, reached: str) -> None:
    """What could not be written is known to the running process alone."""
    life = live(model, World(LEARN.steps)).run(1.1).do(lock).run(20)
    assert "2 AddPend" in life.states()
    life.restart()
    assert "2" not in life.states()
    assert life.model.resets == 1
    assert f"2 {reached}" in life.run(35).states()


def test_written_state_survives_a_later_lock() -> None:
    """What was written before the state became unwritable is found again."""
    life = live("rfc5011-strict", World(LEARN.steps)).run(5).do(lock).run(10).restart()
    assert life.states() == "1 Valid, 2 AddPend"
    assert life.run(33).states() == "1 Valid, 2 Valid"
    assert life.restart().states() == "1 Valid, 2 AddPend"


def test_unlocked_state_is_written_again() -> None:
    """Once it can write again a resolver writes all it knows."""
    life = live("rfc5011-strict", World(LEARN.steps)).run(1.1).do(lock).run(20).do(unlock).run(22).restart()
    assert life.states() == "1 Valid, 2 AddPend"
    assert life.model.resets == 0


def test_a_kill_loses_what_was_not_written() -> None:
    """An orderly end writes what the disk had no room for before, a kill does not."""
    life = live("rfc5011-strict", World(LEARN.steps)).run(1.1).do(lock).run(20.1).do(unlock)
    life.do(lambda model, now: model.stop(now, "killed", kill=True)).do(start)
    assert life.states() == "1 Valid"
    life.run(25).do(lambda model, now: model.stop(now, "killed", kill=True)).do(start)
    assert life.states() == "1 Valid, 2 AddPend"
    assert [entry.reason for entry in told(life, Stopped)] == ["killed", "killed"]


def test_anchors_set_live_survive_a_kill() -> None:
    """An operator writes anchors down: a resolver that is killed in the same second finds them."""
    life = live("unbound", World(STAY.steps)).run(5)
    life.do(lambda model, now: model.set_anchors(anchors("1 2"), now, at_once=True))
    life.do(lambda model, now: model.stop(now, "killed", kill=True)).do(start)
    assert life.states() == "1 Valid, 2 Valid"


def test_ended_resolver_stays_down() -> None:
    """A resolver that ended by itself does nothing more, until somebody starts it."""
    life = live("unbound", World(STAY.steps)).run(1.1).do(lock).run(3)
    assert life.model.ended == "could not write the trust anchor file"
    assert [(entry.how, entry.reason) for entry in told(life, Stopped)] == [("exit", life.model.ended)]
    asked = len(life.world.queries)
    assert len(life.run(9).world.queries) == asked
    life.do(unlock).do(start).run(10)
    assert (life.model.ended, life.view()) == ("", "good")


def test_knot_panics() -> None:
    """Knot's end is a crash, where Unbound's is an exit."""
    life = live("knot", World(STAY.steps)).run(1.1).do(lock).run(3)
    assert [entry.how for entry in told(life, Stopped)] == ["crash"]


def test_clock_offset_from_the_start() -> None:
    """Times of keys are by the resolver's own clock, timers are not."""
    life = live("rfc5011-strict", World(LEARN.steps), offset=3 * HOUR).run(3)
    assert [cell.since - T0 for cell in life.model.point.cells] == [3 * HOUR, 2 * DAY + 3 * HOUR]
    assert life.probes[:2] == [T0, T0 + DAY]


def test_state_is_read_by_the_resolvers_clock() -> None:
    """What time alone allows at a start is judged by the clock of the machine (BIND's promotion)."""
    for hours, states in ((47, "1 Valid, 2 AddPend"), (49, "1 Valid, 2 Valid")):
        life = live("bind", World(LEARN.steps)).run(5).do(stop).run(30)
        since = life.model.point.cells[1].since
        life.model.offset = since + 30 * DAY + (hours - 48) * HOUR - life.now
        assert life.do(start).states() == states


def test_intervals_end_with_the_state() -> None:
    """With the state are lost the intervals learnt from the zone: retries come hourly again."""
    place = world((0, "1", "1"), (1.5, None))
    kept = live("rfc5011-strict", World(place.steps)).run(2).restart().run(2.3)
    lost = live("rfc5011-strict", World(place.steps)).run(2).restart(keep=False).run(2.3)
    assert [at - T0 - 2 * DAY for at in kept.probes if at >= T0 + 2 * DAY][:2] == [0, DAY // 5]
    assert [at - T0 - 2 * DAY for at in lost.probes if at >= T0 + 2 * DAY][:2] == [0, HOUR]


def test_merged_anchors_count_from_now_by_the_resolvers_clock() -> None:
    """An anchor merged into the state is Valid from then on, by the clock of the machine (sdns)."""
    life = live("sdns", World(STAY.steps), offset=3 * HOUR).run(0.2)
    life.do(lambda model, now: model.set_anchors(anchors("1 2"), now, at_once=False)).restart().run(0.3)
    assert [cell.since - T0 for cell in life.model.point.cells if cell.state == "Missing"] == [
        DAY // 5 + 3 * HOUR
    ]


def test_set_that_lacks_an_anchor_serves_clients() -> None:
    """Unbound's clients live on a set that verified although it lacks a trusted key."""
    place = World(((T0, signed_set("1 2", "1", 1800)), (T0 + DAY, signed_set("1", "1", 1800))))
    life = live("unbound", place, "1 2", "dnskey").run(1.5)
    assert (life.states(), life.first("bad")) == ("1 Valid, 2 Missing", None)
    assert len([at for at in life.fetches if at > T0 + DAY]) > 10


def test_configured_anchors_count_from_the_start_by_the_resolvers_clock() -> None:
    """An anchor given as DNSKEY is Valid since the start, by the clock of the machine."""
    life = live("rfc5011-strict", World(STAY.steps), form="dnskey", offset=3 * HOUR).run(1)
    assert [cell.since - T0 for cell in life.model.point.cells] == [3 * HOUR]


def test_nothing_is_held_while_down() -> None:
    """A resolver that is switched off serves nothing from its cache."""
    life = live("static", World(STAY.steps)).run(0.5)
    assert life.model.held is not None
    assert life.do(stop).model.held is None


def test_clock_set_to_what_it_was() -> None:
    """A clock that is wrong already and is set to the same time moves no timer."""
    life = live("rfc5011-strict", World(STAY.steps), offset=3 * HOUR).run(0.5)
    due = life.model.next_timer()
    life.do(lambda model, now: model.set_clock(3 * HOUR, now))
    assert life.model.next_timer() == due == T0 + DAY


def test_clock_step_ends_a_cached_set() -> None:
    """A clock put forward beyond the end of the cached set makes clients fetch at once."""
    life = live("static", World(STAY.steps)).run(0.5)
    life.do(lambda model, now: model.set_clock(3 * DAY, now)).run(0.6)
    assert life.fetches == [T0, T0 + DAY // 2]


def test_wrong_clock_fails_and_heals() -> None:
    """With a clock beyond all signatures a resolver fails, and heals in the second that is set right."""
    place = World(((T0, signed_set("1", "1", 3600, (T0 - DAY, T0 + 20 * DAY))),))
    life = live("rfc5011-strict", place).run(5).do(lambda model, now: model.set_clock(30 * DAY, now)).run(6)
    assert life.view() == "bad"
    life.do(lambda model, now: model.set_clock(0, now)).run(6.1)
    assert life.first("good", T0 + 5 * DAY + 1) == T0 + 6 * DAY


def test_configured_anchors_replace_the_state() -> None:
    """New anchors applied at once begin the state anew from them."""
    life = live("rfc5011-strict", World(LEARN.steps)).run(5)
    life.do(lambda model, now: model.set_anchors(anchors("2"), now, at_once=True))
    assert life.states() == "2 Valid"
    assert life.run(6).view() == "good"
