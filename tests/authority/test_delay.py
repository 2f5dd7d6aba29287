"""Test delays: everything but the publication moves, by quarters or by seconds, and nothing else does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority.operators import back_out, delay, emergency
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, HOUR, parse_instant
from lab.errors import TimelineError

from ..effort import examples
from .timelines import ACTUAL, HISTORY, NEVER, PLANNED, ROLL_2018, events, instants, one_roll


def test_2018_is_2017_delayed_by_a_year() -> None:
    """The plan of 2017 delayed by four quarters is what happened in 2018, hours included."""
    assert delay(PLANNED, quarters=4) == ACTUAL


def test_2018_is_2017_delayed_by_a_year_as_a_duration() -> None:
    """Delayed by 365 days instead, it is the same key set at any noon, for 2018 has no leap day."""
    late = delay(PLANNED, by=365 * DAY)
    noons = range(PLANNED.start + 12 * HOUR, PLANNED.steps[-1].at, DAY)
    assert [late.key_set(at) for at in noons] == [ACTUAL.key_set(at) for at in noons]


def test_delay_by_a_quarter() -> None:
    """A roll put off by one quarter happens on 11 January: everything after the publication moves along."""
    assert events(delay(PLANNED, quarters=1)) == [
        ("2017-07-11T16:00:00Z", "publish", "ksk-2017"),
        ("2018-01-11T16:00:00Z", "retire", "ksk-2010"),
        ("2018-01-11T16:00:00Z", "sign", "ksk-2017"),
        ("2018-04-11T16:00:00Z", "revoke", "ksk-2010"),
        ("2018-06-20T16:00:00Z", "remove", "ksk-2010"),
    ]


def test_delay_inside_a_slot() -> None:
    """A delay by a duration cuts slots where it must; such a step keeps its slot and its hour is assumed."""
    late = delay(ACTUAL, by=DAY + 1)
    assert events(late)[1:] == [
        ("2018-10-12T16:00:01Z", "retire", "ksk-2010"),
        ("2018-10-12T16:00:01Z", "sign", "ksk-2017"),
        ("2019-01-12T14:00:01Z", "revoke", "ksk-2010"),
        ("2019-03-23T16:00:01Z", "remove", "ksk-2010"),
    ]
    step = late.step(ROLL_2018 + DAY + 1)
    assert (str(step.slot), step.at, step.assumed) == ("2018Q4/2", ROLL_2018 + DAY + 1, True)
    assert late.step(ROLL_2018).keys == replace(step.keys, dnskey_signers=("ksk-2010",))


@examples(40)
@given(one_roll(tail=3), st.integers(0, 2), st.integers(0, 1))
def test_delays_by_quarters_add_up(timeline: Timeline, a: int, b: int) -> None:
    """Delaying by a, then by b quarters is delaying by a + b; delaying by none changes nothing."""
    assert delay(delay(timeline, quarters=a), quarters=b) == delay(timeline, quarters=a + b)
    assert delay(timeline, quarters=0) == timeline


@examples(40)
@given(one_roll(tail=2), st.integers(0, 80 * DAY), st.integers(0, 80 * DAY))
def test_delays_by_durations_add_up(timeline: Timeline, a: int, b: int) -> None:
    """Delaying by a, then by b seconds is delaying by a + b; delaying by none changes nothing."""
    assert delay(delay(timeline, by=a), by=b) == delay(timeline, by=a + b)
    assert delay(timeline, by=0) == timeline


@examples(40)
@given(one_roll(tail=2), st.integers(0, 160 * DAY))
def test_a_delay_never_moves_publication(timeline: Timeline, by: int) -> None:
    """The new key is published when it was; all other events come later by the delay, to the second."""
    late = delay(timeline, by=by)
    assert instants(late, "publish") == instants(timeline, "publish")
    moved = ("sign", "retire", "revoke", "remove")
    assert instants(late, *moved) == [at + by for at in instants(timeline, *moved)]


@examples(40)
@given(one_roll(tail=2), st.integers(0, 2))
def test_a_delay_by_quarters_never_moves_publication(timeline: Timeline, quarters: int) -> None:
    """The new key is published when it was; all other events move to the same slot, quarters later."""
    late = delay(timeline, quarters=quarters)
    assert instants(late, "publish") == instants(timeline, "publish")
    moved = ("sign", "retire", "revoke", "remove")
    index = {step.at: i for i, step in enumerate(timeline.steps)}
    expected = [index[at] + 9 * quarters for at in instants(timeline, *moved)]
    assert [index[at] for at in instants(late, *moved)] == expected


def test_delay_of_the_named_roll() -> None:
    """Of two rolls the first is delayed unless another is named, and the other one does not move."""
    first, second = delay(HISTORY, quarters=1), delay(HISTORY, quarters=1, key="ksk-2024")
    years = {name: [at[:4] for at, _, _ in events(t)] for name, t in (("first", first), ("second", second))}
    assert years == {
        "first": ["2017", "2019", "2019", "2019", "2019", "2025", "2026", "2026", "2027", "2027"],
        "second": ["2017", "2018", "2018", "2019", "2019", "2025", "2027", "2027", "2027", "2027"],
    }
    assert delay(HISTORY, quarters=1, key="ksk-2017") == first


def test_first_roll_may_move_past_the_next_publication() -> None:
    """A roll delayed until the key after is published leaves all three published; that publication stays."""
    late = delay(HISTORY, quarters=25)
    keys = late.key_set(parse_instant("2025-02-01"))
    assert (keys.ksks, keys.dnskey_signers) == (("ksk-2010", "ksk-2017", "ksk-2024"), ("ksk-2017",))
    assert [event[:2] for event in events(late)][:5] == [
        ("2017-07-11T16:00:00Z", "publish"),
        ("2025-01-11T16:00:00Z", "retire"),
        ("2025-01-11T16:00:00Z", "sign"),
        ("2025-01-11T16:00:00Z", "publish"),
        ("2025-04-11T16:00:00Z", "revoke"),
    ]


def test_delay_of_an_unannounced_roll_announces_it() -> None:
    """A key first published on the day it signs is still published that day, and signs later."""
    surprise = emergency(NEVER, ROLL_2018, "ksk-emergency")
    late = delay(surprise, by=30 * DAY, key="ksk-emergency")
    assert events(late)[1:] == [
        ("2018-10-11T16:00:00Z", "publish", "ksk-emergency"),
        ("2018-11-10T16:00:00Z", "retire", "ksk-2010"),
        ("2018-11-10T16:00:00Z", "sign", "ksk-emergency"),
    ]


def test_a_back_out_moves_with_its_roll() -> None:
    """A back-out belongs to the roll it undoes, and is delayed with it."""
    undone = back_out(ACTUAL, ROLL_2018 + DAY)
    assert events(delay(undone, by=10 * DAY)) == events(
        back_out(delay(ACTUAL, by=10 * DAY), ROLL_2018 + 11 * DAY)
    )


def steps_off_the_grid() -> Timeline:
    """Return a roll from a to b in three steps of no slot; a ZSK signs the DNSKEY RRset as well."""
    before = KeySet(("a", "b"), ("z",), (), ("a", "z"), ("z",))
    sets = (
        before,
        replace(before, dnskey_signers=("b", "z")),
        replace(before, ksks=("b",), dnskey_signers=("b", "z")),
    )
    return Timeline(tuple(Step(n * DAY, keys, 0, 9 * DAY) for n, keys in enumerate(sets, 1)), 60)


def test_delay_off_the_grid() -> None:
    """A duration delays any timeline; a key that co-signs and is no KSK goes on doing so."""
    late = delay(steps_off_the_grid(), by=DAY)
    assert [(step.at // DAY, step.keys.dnskey_signers, step.keys.ksks) for step in late.steps] == [
        (1, ("a", "z"), ("a", "b")),
        (3, ("b", "z"), ("a", "b")),
        (4, ("b", "z"), ("b",)),
    ]


@pytest.mark.parametrize(
    ("timeline", "how", "problem"),
    [
        (
            ACTUAL,
            {"quarters": 3},
            "3 quarters after 2019-03-22T16:00:00Z, past the end of the timeline; delay by l",
        ),
        (ACTUAL, {"by": 210 * DAY}, "P210D after 2019-03-22T16:00:00Z, past the end of the timeline"),
        (
            HISTORY,
            {"quarters": 31},
            "31 quarters after 2019-03-22T16:00:00Z, past the next roll at 2026-10-11T16",
        ),
        (
            HISTORY,
            {"by": 2800 * DAY},
            "P2800D after 2019-03-22T16:00:00Z, past the next roll at 2026-10-11T16",
        ),
        (
            ACTUAL,
            {"quarters": -1},
            "give either quarters or a duration, not negative; a roll can be postponed",
        ),
        (ACTUAL, {"by": -1}, "give either quarters or a duration, not negative"),
        (ACTUAL, {"quarters": 1, "by": 1}, "give either quarters or a duration"),
        (
            ACTUAL,
            {"quarters": 1, "key": "ksk-2024"},
            "no roll to ksk-2024 in this timeline; rolls to: ksk-2017",
        ),
        (NEVER, {"quarters": 1}, "no roll in this timeline; rolls to: none"),
        (delay(ACTUAL, by=1), {"quarters": 1}, "the steps are not one a slot; delay by a duration instead"),
        (steps_off_the_grid(), {"quarters": 1}, "not a slot of IANA's grid; delay by a duration instead"),
    ],
)
def test_impossible_delays(timeline: Timeline, how: dict[str, int | str], problem: str) -> None:
    """A delay that cannot be is refused in one line that begins with the operator and names the instant."""
    with pytest.raises(TimelineError, match=re.escape(problem)) as caught:
        delay(timeline, **how)  # type: ignore[arg-type]
    assert str(caught.value).startswith("delay: ")


def test_the_longest_delay() -> None:
    """The old key may leave in the last slot of the grid, not later."""
    assert events(delay(ACTUAL, quarters=2))[-1] == ("2019-09-19T16:00:00Z", "remove", "ksk-2010")
