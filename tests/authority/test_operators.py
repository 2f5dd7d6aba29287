"""Test back-out, emergency roll and missing revocation, and what no operator may touch."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lab.authority.operators import back_out, delay, emergency, rolls, without_revoke
from lab.authority.slots import quarter_timeline
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, Instant, format_instant, parse_instant
from lab.errors import TimelineError

from ..effort import examples
from .timelines import ACTUAL, HISTORY, KSKS, NEVER, REVOKE_2019, ROLL_2018, events, instants, one_roll


def calendar(timeline: Timeline, at: Instant) -> tuple[object, ...]:
    """Return what operators must not touch at an instant."""
    step = timeline.step(at)
    return step.slot, step.inception, step.expiration, step.keys.zsks, step.keys.zone_signers


def samples(*timelines: Timeline) -> list[Instant]:
    """Return the instants at which any of some timelines changes, and the seconds before."""
    ats = {step.at - before for timeline in timelines for step in timeline.steps for before in (0, 1)}
    return sorted(at for at in ats if at >= max(timeline.start for timeline in timelines))


@examples(25)
@given(one_roll(tail=2), st.integers(0, 160 * DAY), st.integers(0, 160 * DAY))
def test_operators_leave_the_calendar_alone(timeline: Timeline, by: int, offset: int) -> None:
    """Slots, windows and ZSKs are at every instant what they were, whatever is done to the KSKs."""
    at = timeline.start + offset
    changed = (
        delay(timeline, by=by),
        delay(timeline, quarters=1),
        emergency(timeline, at, "ksk-emergency"),
        without_revoke(timeline),
        back_out(timeline, instants(timeline, "sign")[0] + offset % DAY),
    )
    for other in changed:
        for instant in samples(timeline, other):
            assert calendar(other, instant) == calendar(timeline, instant)
        assert other.dnskey_ttl == timeline.dnskey_ttl


@examples(50)
@given(one_roll(), st.data())
def test_backed_out_before_the_roll_never_rolls(timeline: Timeline, data: st.DataObject) -> None:
    """Backed out at any instant before the roll, the new key is published as planned and nothing follows."""
    roll = instants(timeline, "sign")[0]
    undone = back_out(timeline, data.draw(st.integers(timeline.start, roll - 1)))
    assert [event.kind for event in undone.ksk_events()] == ["publish"]
    assert undone.steps[: rolls(timeline)[0].first] == timeline.steps[: rolls(timeline)[0].first]


def test_backed_out_before_the_roll_is_publish_plus() -> None:
    """It is, step by step, the timeline whose quarters stay in publish+."""
    assert back_out(ACTUAL, ROLL_2018 - 1) == NEVER
    assert back_out(ACTUAL, ROLL_2018) == NEVER
    assert back_out(HISTORY, ROLL_2018).steps == quarter_timeline(
        {"2017Q3": "pre-publish"}, KSKS, "2016Q3", "2027Q4").steps  # fmt: skip


def test_backed_out_after_a_day() -> None:
    """After the roll the old key signs again from that instant on; nothing is revoked or removed."""
    undone = back_out(ACTUAL, ROLL_2018 + DAY)
    assert events(undone)[1:] == [
        ("2018-10-11T16:00:00Z", "retire", "ksk-2010"),
        ("2018-10-11T16:00:00Z", "sign", "ksk-2017"),
        ("2018-10-12T16:00:00Z", "sign", "ksk-2010"),
        ("2018-10-12T16:00:00Z", "retire", "ksk-2017"),
    ]
    assert str(undone.step(ROLL_2018 + DAY).slot) == "2018Q4/2"


@examples(50)
@given(one_roll(), st.data())
def test_backed_out_after_the_roll(timeline: Timeline, data: st.DataObject) -> None:
    """From the back-out on the old key alone signs, both stay published, and what was before is unchanged."""
    begin, end = instants(timeline, "sign")[0], instants(timeline, "revoke")[0]
    at = data.draw(st.integers(begin, end - 1))
    undone = back_out(timeline, at)
    for instant in samples(timeline, undone):
        keys = undone.key_set(instant)
        if instant < at:
            assert keys == timeline.key_set(instant)
        else:
            assert (keys.ksks, keys.revoked, keys.dnskey_signers) == (KSKS[:2], (), KSKS[:1])


@pytest.mark.parametrize(
    ("timeline", "at", "problem"),
    [
        (ACTUAL, REVOKE_2019, "back-out: ksk-2010 is revoked since 2019-01-11T14:00:00Z; back out before"),
        (
            ACTUAL,
            parse_instant("2019-03-22T15:59:59Z"),
            "back-out: ksk-2010 is revoked since 2019-01-11T14:00:00Z",
        ),
        (
            ACTUAL,
            parse_instant("2019-03-22T16:00:00Z"),
            "back-out: no roll to back out of at 2019-03-22T16:00:00Z",
        ),
        (
            NEVER,
            ROLL_2018,
            "back-out: no roll to back out of at 2018-10-11T16:00:00Z; back out while the old key",
        ),
        (
            ACTUAL,
            ACTUAL.start - 1,
            "back-out: an instant lies outside the timeline; the timeline runs from 2017-07",
        ),
        (ACTUAL, ACTUAL.steps[-1].expiration + 1, "back-out: an instant lies outside the timeline"),
        (ACTUAL, 10**30, "back-out: an instant lies outside the timeline"),
    ],
)
def test_impossible_back_outs(timeline: Timeline, at: Instant, problem: str) -> None:
    """After a revocation there is no way back (RFC 5011 section 2.1), nor without a roll."""
    with pytest.raises(TimelineError, match=re.escape(problem)):
        back_out(timeline, at)


def test_back_out_means_the_roll_at_hand() -> None:
    """Between two rolls a back-out gives up the one to come; during the second, the second key returns."""
    between, during = (
        back_out(HISTORY, parse_instant("2020-01-01")),
        back_out(HISTORY, parse_instant("2026-12-01")),
    )
    assert events(between)[5:] == [("2025-01-11T16:00:00Z", "publish", "ksk-2024")]
    assert during.steps[-1].keys.dnskey_signers == ("ksk-2017",)


def test_back_out_with_the_key_before_still_there() -> None:
    """A key left over from the roll before is not the one to return to."""
    keys = KeySet(("a", "b", "c"), (), (), ("a",), ())
    steps = tuple(Step(n, replace(keys, dnskey_signers=(name,)), 0, 99) for n, name in enumerate("abc"))
    undone = back_out(Timeline(steps), 5)
    assert [step.keys.dnskey_signers for step in undone.steps] == [("a",), ("b",), ("c",), ("b",)]


def test_emergency_without_notice() -> None:
    """A fresh key is published and signs alone at once; the old ones stay, unrevoked, and the plan is off."""
    rolled = emergency(ACTUAL, ROLL_2018 - 5 * DAY, "ksk-emergency")
    assert events(rolled)[1:] == [
        ("2018-10-06T16:00:00Z", "retire", "ksk-2010"),
        ("2018-10-06T16:00:00Z", "publish", "ksk-emergency"),
        ("2018-10-06T16:00:00Z", "sign", "ksk-emergency"),
    ]
    last = rolled.steps[-1].keys
    assert (last.ksks, last.revoked) == (("ksk-2010", "ksk-2017", "ksk-emergency"), ())
    assert rolled.step(ROLL_2018 - 5 * DAY).assumed is False


def test_emergency_with_notice() -> None:
    """With notice the key is published that much earlier, next to whatever the plan does in between."""
    rolled = emergency(ACTUAL, ROLL_2018 + DAY, "ksk-emergency", notice=2 * DAY)
    assert events(rolled)[1:] == [
        ("2018-10-10T16:00:00Z", "publish", "ksk-emergency"),
        ("2018-10-11T16:00:00Z", "retire", "ksk-2010"),
        ("2018-10-11T16:00:00Z", "sign", "ksk-2017"),
        ("2018-10-12T16:00:00Z", "retire", "ksk-2017"),
        ("2018-10-12T16:00:00Z", "sign", "ksk-emergency"),
    ]


def test_emergency_to_the_standby_key() -> None:
    """A key that is published already needs no notice and is not published twice."""
    rolled = emergency(ACTUAL, ROLL_2018 - 300 * DAY, "ksk-2017", notice=DAY)
    assert [event[1:] for event in events(rolled)] == [
        ("publish", "ksk-2017"), ("retire", "ksk-2010"), ("sign", "ksk-2017"),
    ]  # fmt: skip
    assert rolled.steps[-1].keys.ksks == ("ksk-2010", "ksk-2017")


def test_emergency_during_a_revocation() -> None:
    """A key revoked already goes on signing its revocation and leaves on its day; the other stays."""
    rolled = emergency(ACTUAL, REVOKE_2019 + 20 * DAY, "ksk-emergency")
    keys = rolled.key_set(REVOKE_2019 + 20 * DAY)
    assert (keys.revoked, keys.dnskey_signers) == (("ksk-2010",), ("ksk-2010", "ksk-emergency"))
    assert events(rolled)[-1] == ("2019-03-22T16:00:00Z", "remove", "ksk-2010")
    assert rolled.steps[-1].keys.ksks == ("ksk-2017", "ksk-emergency")


def test_back_out_of_an_emergency() -> None:
    """Backed out of, an emergency roll returns to the key before; what was revoked then has left since."""
    rolled = emergency(ACTUAL, REVOKE_2019 + 20 * DAY, "ksk-emergency")
    undone = back_out(rolled, parse_instant("2019-05-01"))
    assert undone.steps[-1].keys.dnskey_signers == ("ksk-2017",)
    assert undone.steps[-1].keys.ksks == ("ksk-2017", "ksk-emergency")


@examples(50)
@given(one_roll(tail=1), st.integers(0, 500 * DAY), st.integers(0, 60 * DAY))
def test_emergency_alone_signs(timeline: Timeline, offset: int, notice: int) -> None:
    """From the roll on it alone signs, nothing is newly revoked, and before the notice all is as it was."""
    at = timeline.start + notice + offset
    assume(at <= timeline.steps[-1].expiration)
    rolled = emergency(timeline, at, "fresh", notice)
    for instant in samples(timeline, rolled):
        keys = rolled.key_set(instant)
        if instant < at - notice:
            assert keys == timeline.key_set(instant)
        elif instant < at:
            assert keys.state("fresh") == "published"
        else:
            assert keys.trusted_signers == ("fresh",)
            assert keys.revoked in ((), timeline.key_set(max(at - 1, timeline.start)).revoked)


@pytest.mark.parametrize(
    ("at", "key", "notice", "problem"),
    [
        (ROLL_2018, "zsk-2018q4", 0, "zsk-2018q4 is a ZSK of this timeline; roll to a fresh key"),
        (ROLL_2018, "ksk-2010", 0, "ksk-2010 signs alone at 2018-10-11T16:00:00Z already"),
        (REVOKE_2019 + 1, "ksk-2010", 0, "ksk-2010 is revoked by 2019-01-11T14:00:01Z"),
        (ROLL_2018, "fresh", -1, "the notice is negative"),
        (
            ACTUAL.start,
            "fresh",
            1,
            "an instant lies outside the timeline; the timeline runs from 2017-07-01T00:00",
        ),
        (ACTUAL.steps[-1].expiration + 1, "fresh", 0, "an instant lies outside the timeline"),
    ],
)
def test_impossible_emergencies(at: Instant, key: str, notice: int, problem: str) -> None:
    """An emergency roll that cannot be is refused in one line that names the key or the span."""
    with pytest.raises(TimelineError, match=re.escape(f"emergency: {problem}")):
        emergency(ACTUAL, at, key, notice)


def test_emergency_to_a_key_that_has_left() -> None:
    """A key that was taken out unrevoked is not to come back through this door."""
    with pytest.raises(TimelineError, match="ksk-2010 has left the zone by 2019-05-01T00:00:00Z"):
        emergency(without_revoke(ACTUAL), parse_instant("2019-05-01"), "ksk-2010")


def test_without_revoke() -> None:
    """The old key stays published without signing until its day of removal, and is never revoked."""
    assert events(without_revoke(ACTUAL)) == [event for event in events(ACTUAL) if event[1] != "revoke"]
    keys = without_revoke(ACTUAL).key_set(REVOKE_2019)
    assert (keys.ksks, keys.dnskey_signers) == (("ksk-2010", "ksk-2017"), ("ksk-2017",))


@given(one_roll())
def test_without_revoke_twice_is_once(timeline: Timeline) -> None:
    """Leaving the revocations out again changes nothing more."""
    once = without_revoke(timeline)
    assert without_revoke(once) == once
    assert once != timeline


@examples(50)
@given(one_roll(tail=2), st.integers(0, 100 * DAY))
def test_without_revoke_and_delay_commute(timeline: Timeline, by: int) -> None:
    """To delay a roll without revocation is to leave the revocation out of the delayed roll."""
    assert without_revoke(delay(timeline, by=by)) == delay(without_revoke(timeline), by=by)


def test_a_step_that_changes_nothing_is_dropped() -> None:
    """Where only the revocation set two steps apart, one is left: equal functions are equal timelines."""
    keys = KeySet(("a", "b"), (), (), ("b",), ())
    revoking = replace(keys, revoked=("a",), dnskey_signers=("a", "b"))
    steps = (Step(1, keys, 0, 99), Step(2, revoking, 0, 99), Step(3, replace(keys, ksks=("b",)), 0, 99))
    assert without_revoke(Timeline(steps)).steps == (steps[0], steps[2])


def test_rolls_of_the_history() -> None:
    """The root's timeline has two rolls, each found with its old key and its three moments."""
    found = [
        (roll.old, roll.new, [format_instant(HISTORY.steps[i].at) for i in roll.events])
        for roll in rolls(HISTORY)
    ]
    assert found == [
        (
            ("ksk-2010",),
            ("ksk-2017",),
            ["2018-10-11T16:00:00Z", "2019-01-11T14:00:00Z", "2019-03-22T16:00:00Z"],
        ),
        (
            ("ksk-2017",),
            ("ksk-2024",),
            ["2026-10-11T16:00:00Z", "2027-01-11T16:00:00Z", "2027-03-22T16:00:00Z"],
        ),
    ]
