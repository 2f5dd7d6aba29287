"""An instant as tests compare it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lab.testing.moment import Moment, instant_of, moment, seconds_of

AT = 1539273600
SAME = (AT, "2018-10-11T16:00:00Z", "2018-10-11T18:00+02:00", datetime(2018, 10, 11, 16, tzinfo=UTC))


@pytest.mark.parametrize("same", SAME)
def test_equals_every_way_to_say_it(same: int | str | datetime) -> None:
    """Seconds, text and datetimes of one instant are equal to it, and neither before nor after it."""
    one = Moment(AT)
    assert one == same
    assert (one != same) is False
    assert (one <= same, one >= same, one < same, one > same) == (True, True, False, False)


def test_is_ordered() -> None:
    """It comes before a later date, and after an earlier one."""
    assert "2018-10-11" < Moment(AT) < "2018-10-12"
    assert Moment(AT + 1) > Moment(AT) >= Moment(AT)


def test_what_is_no_instant_equals_none() -> None:
    """A wrong text, nothing, or another type is not equal; ordering by it is an error."""
    one = Moment(AT)
    assert one != "October"
    assert one != None  # noqa: E711
    assert one != [AT]
    with pytest.raises(ValueError, match="October"):
        assert one < "October"
    with pytest.raises(TypeError, match="list"):
        instant_of([AT])  # type: ignore[arg-type]


def test_shows_a_date() -> None:
    """A failed assert shows RFC 3339; it hashes as the int it is."""
    assert [repr(Moment(AT)), str(Moment(AT))] == ["2018-10-11T16:00:00Z"] * 2
    assert {Moment(AT): 1}[Moment(AT)] == 1
    assert (moment(None), moment(AT)) == (None, AT)


@pytest.mark.parametrize("span", [3600, "PT1H", timedelta(hours=1)])
def test_durations(span: int | str | timedelta) -> None:
    """A duration is seconds, ISO 8601 or a timedelta."""
    assert seconds_of(span) == 3600
