"""The order of ties and the bounds of a run: zone, scenario steps, timers, each in the file's order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.clock import parse_instant
from lab.errors import ScenarioError
from lab.observation import Anchor, Outcome, Started, ZoneChange
from lab.run.engine import play

from .stage import BOTH, ROLL, STATIC, STRICT, at, event, line, run, scenario, story, subject


def test_steps_come_before_timers_in_the_order_of_the_file() -> None:
    """At the start the zone comes first, then every first start, then each subject's timers in turn."""
    record = run(STRICT, STATIC)
    assert [line(seen) for seen in record.observations if seen.at == at("10T00:00:00")] == [
        "zone ksk-2010,ksk-2017 by ksk-2010",
        "rfc5011-strict started first",
        "static started first",
        "rfc5011-strict ksk-2017 Start>AddPend",
        "rfc5011-strict refresh ok",
        "rfc5011-strict secure",
        "static secure",
    ]


def test_the_zone_changes_before_steps_and_steps_before_timers() -> None:
    """A restart in the second of the roll meets the new zone, and what it fetches is seen after it."""
    record = run(STATIC, event(ROLL, "restart = {}"))
    assert [line(seen) for seen in record.observations if seen.at == parse_instant(ROLL)] == [
        "zone ksk-2010,ksk-2017 by ksk-2017",
        "static stopped off",
        "static started restart",
        "static bogus static-anchor",
    ]


def test_the_zone_changes_before_timers() -> None:
    """A cache that ends in the second of the roll is filled from the new zone."""
    record = run(subject("tie", first_start="2018-10-09T16:00:00Z"), start="2018-10-09T00:00:00Z")
    assert story(record, "tie", Outcome) == [
        ("2018-10-09T16:00:00Z", "secure"),
        (ROLL, "bogus static-anchor"),
    ]


def test_a_step_comes_before_the_timer_of_its_second() -> None:
    """A root that is dark from the second in which the cache ends is dark for the fetch of that second."""
    dark = event("2018-10-12T00:00:00Z", "dark = { until = 2018-10-12T00:00:01Z }")
    assert story(run(BOTH, dark), "both", Outcome) == [
        ("2018-10-10T00:00:00Z", "secure"),
        ("2018-10-12T00:00:00Z", "bogus root-unreachable"),
        ("2018-10-12T00:00:01Z", "secure"),
    ]


def test_steps_of_one_second_keep_the_order_of_the_file() -> None:
    """Of two events in one second the one written first happens first."""
    steps = [
        event("2018-10-11T00:00:00Z", 'anchors = { set = ["ksk-2010", "ksk-2017"], apply = "next-read" }'),
        event("2018-10-11T00:00:00Z", "restart = {}"),
    ]
    read, unread = run(STATIC, *steps), run(STATIC, *reversed(steps))
    assert [len(story(record, "static", Anchor)) for record in (read, unread)] == [2, 1]


def test_the_file_orders_subjects_whatever_was_asked_for() -> None:
    """Subjects are played in the order of the file, not in that of the command line."""
    record = play(scenario(STATIC, BOTH), subjects=["both", "static"])
    assert [one["name"] for one in record.header["subjects"]] == ["static", "both"]
    assert [seen.subject for seen in record.observations if isinstance(seen, Started)] == ["static", "both"]


def test_nothing_happens_at_the_stop() -> None:
    """The stop is outside the run: no change of the zone, no event, no timer; only the last words."""
    stop = event(ROLL, "restart = {}")
    record = run(
        subject("tie", first_start="2018-10-09T16:00:00Z"), stop, start="2018-10-09T00:00:00Z", stop=ROLL
    )
    assert [line(seen) for seen in record.observations if seen.at == parse_instant(ROLL)] == [
        "tie anchor ksk-2010 Valid"
    ]


def test_the_second_before_the_stop_is_played() -> None:
    """A run one second longer sees the roll."""
    record = run(STATIC, stop="2018-10-11T16:00:01Z")
    assert story(record, None, ZoneChange)[-1] == (ROLL, "zone ksk-2010,ksk-2017 by ksk-2017")


def test_a_run_begins_with_the_zone_in_force() -> None:
    """The keys served at the start are told at the start, though they are older."""
    record = run(STATIC, start="2018-10-13T00:00:00Z")
    assert story(record)[0] == ("2018-10-13T00:00:00Z", "zone ksk-2010,ksk-2017 by ksk-2017")


def test_progress() -> None:
    """Progress only grows, ends at one, and names the day it has come to."""
    told: list[tuple[float, str]] = []
    restarted = scenario(STATIC, event("2018-10-13T12:00:00Z", "restart = {}"))
    play(restarted, progress=lambda fraction, day: told.append((fraction, day)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert (min(fractions) > 0, fractions[-1]) == (True, 1.0)
    assert [day for _, day in told] == ["2018-10-11", "2018-10-13", "2018-10-16"]


def test_an_unknown_subject() -> None:
    """Asking for a subject that is not there names the file and those that are."""
    with pytest.raises(
        ScenarioError, match=r"^scenario\.toml: there is no subject 'nobody'; .* static, both$"
    ):
        play(scenario(STATIC, BOTH), subjects=["static", "nobody"])


def test_the_seed() -> None:
    """A seed given wins over the scenario's, be it zero, and is told in the header."""
    seeded = scenario(STATIC, start="2018-10-10T00:00:00Z\nseed = 5")
    assert [play(seeded, seed=seed).header["seed"] for seed in (None, 0, 7)] == [5, 0, 7]


def test_the_header_tells_hours_that_are_assumed() -> None:
    """Changes of KSKs within the run whose hour nobody knows are listed; the roll of 2018 has a known one."""
    assert run(STATIC).header["assumed_hours"] == []
    whole = replace(scenario(STATIC), start=parse_instant("2017-07-01"), stop=parse_instant("2019-06-01"))
    assert play(whole).header["assumed_hours"] == ["2017-07-11T16:00:00Z", "2019-03-22T16:00:00Z"]


def test_texts_of_the_scenario_are_folded() -> None:
    """A title or a version with control characters gives a header that can be read back."""
    odd = replace(scenario(subject("static", version='"1\\t2"')), title="one\ntwo\u200b", name="a\tb")
    header = play(odd).header
    assert (header["scenario"], header["title"], header["subjects"][0]["version"]) == (
        "a b",
        "one two",
        "1 2",
    )
