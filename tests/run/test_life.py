"""First starts, absences and restarts: who runs when, and with what state."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.clock import HOUR, format_instant
from lab.observation import Anchor, Outcome, Refresh, Started, Stopped, Transition

from ..effort import examples
from .stage import BOTH, ROLL, STATIC, STRICT, at, event, run, story, subject

SUMMER = {"start": "2017-07-01T00:00:00Z", "stop": "2017-09-15T00:00:00Z"}
"""KSK-2017 is published at 2017-07-11T16:00:00Z; the strict model looks once a day, at first at midnight."""

LEARNT = ["Start>AddPend", "AddPend>Valid"]


def presence(*parts: str) -> list[tuple[str, str]]:
    """Return when the subject `s` starts and stops."""
    return story(run(*parts), "s", Started, Stopped)


def moves(*parts: str) -> list[tuple[str, str]]:
    """Return the transitions of KSK-2017 of the strict model in the summer of 2017."""
    told = story(run(STRICT, *parts, **SUMMER), "rfc5011-strict", Transition)
    return [(when, what.removeprefix("ksk-2017 ")) for when, what in told]


def test_a_first_start_may_come_late() -> None:
    """Nothing is seen of a subject before its first start."""
    told = story(run(subject("s", first_start="2018-10-13T09:00:00Z")), "s")
    assert told[0] == ("2018-10-13T09:00:00Z", "started first")
    assert told[1] == ("2018-10-13T09:00:00Z", "bogus static-anchor")


def test_an_absence() -> None:
    """While it is off nothing is seen of a subject, and then it starts with the state it had."""
    absent = subject("s", off='[{ from = "2018-10-11T00:00:00Z", to = "2018-10-13T06:00:00Z" }]')
    assert story(run(absent), "s", Started, Stopped, Outcome) == [
        ("2018-10-10T00:00:00Z", "started first"),
        ("2018-10-10T00:00:00Z", "secure"),
        ("2018-10-11T00:00:00Z", "stopped off"),
        ("2018-10-13T06:00:00Z", "started restart"),
        ("2018-10-13T06:00:00Z", "bogus static-anchor"),
    ]


def test_what_was_seen_before_an_absence_is_seen_again_after_it() -> None:
    """The first look after an absence is told although it equals the last one before."""
    absent = BOTH + 'off = [{ from = "2018-10-12T00:00:00Z", to = "2018-10-13T00:00:00Z" }]\n'
    outcomes = [("2018-10-10T00:00:00Z", "secure"), ("2018-10-13T00:00:00Z", "secure")]
    assert story(run(absent), "both", Outcome) == outcomes


def test_an_absence_to_the_end() -> None:
    """A subject that is off until the stop does not start again, but keeps its anchors."""
    told = story(run(subject("s", off="[{ from = 2018-10-11T00:00:00Z }]")), "s", Started, Stopped, Anchor)
    assert told == [
        ("2018-10-10T00:00:00Z", "started first"),
        ("2018-10-11T00:00:00Z", "stopped off"),
        ("2018-10-16T00:00:00Z", "anchor ksk-2010 Valid"),
    ]


def test_no_hold_down_while_nobody_looks() -> None:
    """A resolver that is off across the publication begins its hold-down when it is back."""
    assert moves('off = [{ from = "2017-07-10T12:00:00Z", to = "2017-07-20T09:00:00Z" }]\n') == [
        ("2017-07-20T09:00:00Z", LEARNT[0]),
        ("2017-08-19T09:00:00Z", LEARNT[1]),
    ]


def test_an_absence_inside_the_hold_down_costs_nothing() -> None:
    """The hold-down runs on while the resolver is off; its first look after the end makes the key Valid."""
    assert moves('off = [{ from = "2017-07-13T00:00:00Z", to = "2017-08-20T07:00:00Z" }]\n') == [
        ("2017-07-12T00:00:00Z", LEARNT[0]),
        ("2017-08-20T07:00:00Z", LEARNT[1]),
    ]


def test_a_restart_with_its_state() -> None:
    """A restart that keeps the state keeps the hold-down; only the hour of the daily look moves."""
    assert moves(event("2017-07-25T12:00:00Z", "restart = { keep-state = true }")) == [
        ("2017-07-12T00:00:00Z", LEARNT[0]),
        ("2017-08-11T12:00:00Z", LEARNT[1]),
    ]


def test_a_restart_without_its_state() -> None:
    """A restart that loses the state begins the hold-down anew."""
    assert moves(event("2017-07-25T12:00:00Z", "restart = { keep-state = false }")) == [
        ("2017-07-12T00:00:00Z", LEARNT[0]),
        ("2017-07-25T12:00:00Z", LEARNT[0]),
        ("2017-08-24T12:00:00Z", LEARNT[1]),
    ]


DISK = (
    event("2017-07-11T12:00:00Z", "state-writable = false"),
    event("2017-07-25T11:00:00Z", "state-writable = true"),
)
"""The disk is full while the key is learnt, and has room again an hour before the end."""


def test_a_kill_loses_nothing_that_is_written() -> None:
    """What was learnt is written at once: a resolver that is killed goes on as one that was stopped."""
    killed, stopped = (
        moves(event("2017-07-25T12:00:00Z", f"restart = {{ kill = {how} }}")) for how in ("true", "false")
    )
    assert killed == stopped == [("2017-07-12T00:00:00Z", LEARNT[0]), ("2017-08-11T12:00:00Z", LEARNT[1])]


@pytest.mark.parametrize(("how", "again"), [("true", [("2017-07-25T12:00:00Z", LEARNT[0])]), ("false", [])])
def test_a_kill_leaves_no_time_to_write(how: str, again: list[tuple[str, str]]) -> None:
    """What could not be written yet is written by an orderly end, and lost by a kill: the hold-down anew."""
    told = moves(*DISK, event("2017-07-25T12:00:00Z", f"restart = {{ kill = {how} }}"))
    end = "2017-08-24T12:00:00Z" if again else "2017-08-11T12:00:00Z"
    assert told == [("2017-07-12T00:00:00Z", LEARNT[0]), *again, (end, LEARNT[1])]


def test_a_kill_is_told() -> None:
    """A run says that a resolver was killed; it starts as after every restart."""
    record = run(subject("s"), event("2018-10-11T00:00:00Z", "restart = { kill = true }"))
    assert [seen.reason for seen in record.observations if isinstance(seen, Stopped)] == ["killed"]
    assert [seen.how for seen in record.observations if isinstance(seen, Started)] == ["first", "restart"]


def test_restarts_at_intervals() -> None:
    """Restarts count from the first start, and find the state or not as the subject says."""
    told = presence(
        subject("s", first_start="2018-10-11T00:00:00Z", restart_every='"P2D"', keep_state="false")
    )
    assert [entry for entry in told if "started" in entry[1]] == [
        ("2018-10-11T00:00:00Z", "started first"),
        ("2018-10-13T00:00:00Z", "started reset"),
        ("2018-10-15T00:00:00Z", "started reset"),
    ]


def test_every_start_asks_anew() -> None:
    """A restart loses the cache, so an old anchor fails in the second of the first restart after the roll."""
    told = story(run(subject("s", restart_every='"PT7H"')), "s", Outcome)
    assert told[-1] == ("2018-10-11T18:00:00Z", "bogus static-anchor")


def test_nothing_starts_what_is_off() -> None:
    """Restarts within an absence, its first second included, are without effect; at its end it is back."""
    off = '[{ from = "2018-10-11T00:00:00Z", to = "2018-10-14T12:00:00Z" }]'
    assert presence(subject("s", restart_every='"P1D"', off=off)) == [
        ("2018-10-10T00:00:00Z", "started first"),
        ("2018-10-11T00:00:00Z", "stopped off"),
        ("2018-10-14T12:00:00Z", "started restart"),
        ("2018-10-15T00:00:00Z", "stopped off"),
        ("2018-10-15T00:00:00Z", "started restart"),
    ]


@pytest.mark.parametrize("second", ["2018-10-12T00:00:00Z", "2018-10-13T00:00:00Z"])
def test_absences_that_touch_are_one(second: str) -> None:
    """A subject is back when the last of overlapping or touching absences is over."""
    first = event("2018-10-11T00:00:00Z", "off = { until = 2018-10-13T00:00:00Z }")
    inner = event("2018-10-11T06:00:00Z", "off = { until = 2018-10-11T09:00:00Z }")
    assert presence(subject("s"), first, inner, event(second, "off = { until = 2018-10-14T00:00:00Z }")) == [
        ("2018-10-10T00:00:00Z", "started first"),
        ("2018-10-11T00:00:00Z", "stopped off"),
        ("2018-10-14T00:00:00Z", "started restart"),
    ]


@pytest.mark.parametrize("what", ["restart = {}", "off = { until = 2018-10-12T00:00:00Z }"])
def test_nothing_happens_to_what_has_not_started(what: str) -> None:
    """An event for all subjects does not start one before its first start."""
    late = subject("s", first_start="2018-10-13T00:00:00Z")
    assert presence(late, event("2018-10-11T00:00:00Z", what)) == [("2018-10-13T00:00:00Z", "started first")]


def test_a_first_start_waits_for_the_end_of_an_absence() -> None:
    """An outage of everybody puts a first start off, and the subject then starts for the first time."""
    outage = event("2018-10-11T00:00:00Z", "off = { until = 2018-10-14T00:00:00Z }")
    late = subject("s", first_start="2018-10-13T00:00:00Z")
    assert presence(late, outage) == [("2018-10-14T00:00:00Z", "started first")]


def test_an_event_for_all_and_one_for_one() -> None:
    """An event without a subject happens to every subject, one with a subject to that one alone."""
    record = run(
        STATIC,
        BOTH,
        event("2018-10-12T00:00:00Z", "restart = {}"),
        event("2018-10-13T00:00:00Z", "restart = {}", "both"),
    )
    starts = {name: [when[8:10] for when, _ in story(record, name, Started)] for name in ("static", "both")}
    assert starts == {"static": ["10", "12"], "both": ["10", "12", "13"]}


def test_what_ended_by_itself_stays_down() -> None:
    """An absence does not bring back a resolver that ended by itself, and is not told; a restart does."""
    absence = event("2018-10-11T00:00:00Z", "off = { until = 2018-10-11T12:00:00Z }")
    mended = event("2018-10-12T00:00:00Z", "state-writable = true")
    record = run(
        subject("s", "unbound", state_writable="false", anchors='["ksk-2010", "ksk-2017"]'),
        absence,
        mended,
        event("2018-10-13T00:00:00Z", "restart = {}"),
    )
    assert story(record, "s", Started, Stopped, Outcome) == [
        ("2018-10-10T00:00:00Z", "started first"),
        ("2018-10-10T00:00:00Z", "stopped exit"),
        ("2018-10-10T00:00:00Z", "down state-unwritable"),
        ("2018-10-13T00:00:00Z", "started restart"),
        ("2018-10-13T00:00:00Z", "secure"),
    ]


def spans(hours: Sequence[tuple[int, int]]) -> str:
    """Write absences from pairs (begin, length), in hours since the start."""
    return "".join(
        event(
            format_instant(at("10T00:00:00") + begin * HOUR),
            f"off = {{ until = {format_instant(at('10T00:00:00') + (begin + length) * HOUR)} }}",
        )
        for begin, length in hours
    )


@examples(25)
@given(
    first=st.integers(0, 100),
    absences=st.lists(st.tuples(st.integers(0, 130), st.integers(1, 40)), max_size=4).filter(
        lambda spans: all(begin + length <= 143 for begin, length in spans)
    ),
    every=st.integers(20, 90),
)
def test_it_runs_exactly_when_it_is_not_off(first: int, absences: list[tuple[int, int]], every: int) -> None:
    """Hour by hour, a subject runs if its first start is over and no absence holds the hour."""
    begin = at("10T00:00:00")
    late = format_instant(begin + first * HOUR)
    told = presence(subject("s", first_start=late, restart_every=f'"PT{every}H"'), spans(absences))
    for hour in range(144):
        past = [what for when, what in told if when <= format_instant(begin + hour * HOUR)]
        runs = bool(past) and past[-1].startswith("started")
        off = any(start <= hour < start + length for start, length in absences)
        assert runs is (hour >= first and not off), hour


def test_a_refresh_that_ends_alike_is_told_after_every_start() -> None:
    """How a refresh ended is told when it changes, and once after each start."""
    record = run(STRICT, event("2018-10-11T00:00:00Z", "restart = {}"), stop=ROLL)
    told = [(when, "refresh ok") for when in ("2018-10-10T00:00:00Z", "2018-10-11T00:00:00Z")]
    assert story(record, "rfc5011-strict", Refresh) == told
