"""The timelines of the shipped rolls: what was planned, signed or delayed is what the files say."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lab.authority.intervals import add_wall_clock_time, i_trp, retry_count, retry_safety_margin
from lab.authority.timeline import Timeline
from lab.clock import DAY, HOUR, Instant, format_instant
from lab.scenario.load import load_scenario


class Slot(NamedTuple):
    """One slot as the table of published slots has it."""

    inception: str
    expiration: str
    ksks: tuple[str, ...]
    signers: tuple[str, ...]


BOTH = ("ksk-2010", "ksk-2017")
UNUSED = (
    Slot("01-01", "01-22", BOTH, ("ksk-2010",)),
    *(
        Slot(begin, end, BOTH, ("ksk-2017",))
        for begin, end in (
            ("01-11", "02-01"), ("01-21", "02-11"), ("01-31", "02-21"), ("02-10", "03-03"),
            ("02-20", "03-13"), ("03-02", "03-23"), ("03-12", "04-02"), ("03-22", "04-12"),
        )
    ),
)  # fmt: skip
"""The SKR of 2018Q1 that was signed and not used (facts.md 2.2: inceptions of slots 1, 2, 8, 9; 21 days)."""


def timeline_of(name: str) -> Timeline:
    """Return the timeline of a shipped scenario."""
    return load_scenario(name).timeline


def events(timeline: Timeline) -> list[tuple[Instant, str, str]]:
    """Return when which KSK is published, signs, retires, is revoked and leaves."""
    return [(event.at, event.kind, event.name) for event in timeline.ksk_events()]


def test_the_unused_roll_is_what_was_signed() -> None:
    """The nine slots of 2018Q1: keys, signers, inceptions and expirations."""
    found = tuple(
        Slot(
            format_instant(step.inception)[5:10], format_instant(step.expiration)[5:10],
            step.keys.ksks, step.keys.dnskey_signers,
        )
        for step in timeline_of("2018-unused").steps
        if step.slot is not None and (step.slot.year, step.slot.quarter) == (2018, 1)
    )  # fmt: skip
    assert found == UNUSED


def test_a_quarter_of_delay_is_the_unused_roll() -> None:
    """The plan of 2017 a quarter late has the events that the unused signatures would have had."""
    assert events(timeline_of("2017-delayed-a-quarter")) == events(timeline_of("2018-unused"))


def test_a_year_of_delay_is_what_happened() -> None:
    """The plan of 2017 four quarters late is the roll of 2018, up to the hours of the switches."""
    late, real = events(timeline_of("2017-delayed-a-year")), events(timeline_of("2018-actual"))
    assert [event[1:] for event in late] == [event[1:] for event in real]
    assert all(abs(one[0] - other[0]) <= 2 * HOUR for one, other in zip(late, real, strict=True))
    assert late


@pytest.mark.parametrize("name", ["2017-planned", "2018-actual", "2026-planned"])
def test_october_runs_past_the_remove_hold_down(name: str) -> None:
    """Each run ends more than 30 days after the old key has left the zone (RFC 5011 section 2.4.2)."""
    scenario = load_scenario(name)
    removed = [event.at for event in scenario.timeline.ksk_events() if event.kind == "remove"]
    assert len(removed) == 1
    assert scenario.stop > removed[0] + 30 * DAY


def test_the_replays_are_before_and_after_the_safe_day() -> None:
    """The roll comes after RFC 7583's 32 days and before addWallClockTime, and then after that."""
    early, late = timeline_of("replay-attack"), timeline_of("replay-attack-outwaited")
    published = next(at for at, kind, name in events(early) if (kind, name) == ("publish", "ksk-spare-2"))
    rolled = [
        next(at for at, kind, name in events(timeline) if (kind, name) == ("sign", "ksk-spare-2"))
        for timeline in (early, late)
    ]
    last = max(step.expiration for step in early.steps if step.at < published)
    retries = retry_safety_margin(retry_count(10**6, 0.9), early.dnskey_ttl, 21 * DAY)
    safe = add_wall_clock_time(last, early.dnskey_ttl, 21 * DAY, retries)
    assert published + i_trp(early.dnskey_ttl) < rolled[0] < safe < rolled[1]
