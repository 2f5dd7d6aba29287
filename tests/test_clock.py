"""Test instants and durations: what is read, what is written, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.clock import (
    DAY,
    HOUR,
    MINUTE,
    format_duration,
    format_instant,
    from_datetime,
    parse_duration,
    parse_instant,
    to_datetime,
)

ROLL = 1539273600
"""2018-10-11T16:00:00Z by `date -u +%s`."""


@pytest.mark.parametrize(
    "text",
    [
        "2018-10-11T16:00:00Z",
        "2018-10-11T18:00:00+02:00",
        "2018-10-11 16:00:00",
        " 2018-10-11T16:00 ",
        "2018-10-11T16:00:00.999Z",
    ],
)
def test_spellings_of_an_instant(text: str) -> None:
    """Every spelling of an instant is the same second; a fraction is cut off."""
    assert parse_instant(text) == ROLL


def test_bare_date_is_midnight() -> None:
    """A bare date is its midnight in UTC."""
    assert parse_instant("2018-10-11") == ROLL - 16 * HOUR


@pytest.mark.parametrize("text", ["", "yesterday", "2018-13-01", "2018-10-11T25:00:00Z", "1539273600x"])
def test_what_is_no_instant(text: str) -> None:
    """What is no instant is named, together with a spelling that is one."""
    with pytest.raises(ValueError, match="is not an instant; write it like 2018") as caught:
        parse_instant(text)
    assert repr(text) in str(caught.value)


def test_instant_beyond_the_calendar() -> None:
    """An instant before year 1 in UTC is one of its own, not an overflow."""
    assert parse_instant("0001-01-01T00:00:00+01:00") == parse_instant("0001-01-01") - HOUR


@given(st.integers(-62135596800, 253402300799))
def test_instants_round_trip(instant: int) -> None:
    """What `format_instant` writes is read back, over all years that have four digits."""
    text = format_instant(instant)
    assert parse_instant(text) == instant
    assert len(text) == 20


def test_early_years_are_padded() -> None:
    """A year below 1000 has four digits, so that instants sort as text."""
    assert format_instant(parse_instant("0007-01-02")) == "0007-01-02T00:00:00Z"


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7)), None])))
def test_datetimes_round_trip(moment: datetime) -> None:
    """A datetime keeps its whole second in UTC, and a naive one is read as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    assert timedelta(0) <= aware - to_datetime(from_datetime(moment)) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P30D", 30 * DAY),
        ("PT12H", 12 * HOUR),
        ("P1DT2H3M4S", DAY + 2 * HOUR + 3 * MINUTE + 4),
        ("P2W", 14 * DAY),
        ("-PT1M", -MINUTE),
        ("+P1D", DAY),
        ("PT0S", 0),
        ("PT86400S", DAY),
        (" P1D ", DAY),
    ],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    """A duration of weeks to seconds is read, with its sign."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "30D", "P30", "P1Y", "P1M", "PT1.5H", "1 day", "P1H", "PT" + "9" * 11 + "S"]
)
def test_what_is_no_duration(text: str) -> None:
    """Years, months, fractions and empty durations are refused, with a spelling that is one."""
    with pytest.raises(ValueError, match="is not a duration; write it like P30D or PT12H"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "PT0S"),
        (30 * DAY + HOUR, "P30DT1H"),
        (8 * HOUR + MINUTE + 1, "PT8H1M1S"),
        (-DAY, "-P1D"),
        (14 * DAY, "P14D"),
        (61, "PT1M1S"),
    ],
)
def test_durations_are_written(seconds: int, text: str) -> None:
    """Days are the largest unit, and units of zero are left out."""
    assert format_duration(seconds) == text


@given(st.integers(-(10**10), 10**10))
def test_durations_round_trip(seconds: int) -> None:
    """What `format_duration` writes is read back."""
    assert parse_duration(format_duration(seconds)) == seconds
