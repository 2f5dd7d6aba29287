"""An instant as tests like to have it: it equals text and datetimes, and a failed assert shows a date."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeAlias

from ..clock import Instant, Seconds, format_instant, from_datetime, parse_duration, parse_instant

When: TypeAlias = "int | str | datetime"
"""An instant: seconds since 1970, RFC 3339 (or a bare date) as text, or a datetime (UTC if it is naive)."""
Span: TypeAlias = "int | str | timedelta"
"""A duration: whole seconds, ISO 8601 as text (`P30D`), or a timedelta."""


def instant_of(when: When) -> Instant:
    """Return an instant in seconds. Raises ValueError for text that is none, TypeError for another type."""
    if isinstance(when, str):
        return parse_instant(when)
    if isinstance(when, datetime):
        return from_datetime(when)
    if isinstance(when, int):
        return int(when)
    raise TypeError(f"an instant is an int, a str or a datetime, not {type(when).__name__}")


def seconds_of(span: Span) -> Seconds:
    """Return a duration in seconds. Raises ValueError for text that is none."""
    if isinstance(span, str):
        return parse_duration(span)
    return span // timedelta(seconds=1) if isinstance(span, timedelta) else span


class Moment(int):
    """An instant, in whole seconds since 1970: an int that reads `2018-10-11T16:00:00Z`.

    It equals, and is ordered with, ints, datetimes and RFC 3339 text alike.
    """

    def __repr__(self) -> str:
        """Return RFC 3339."""
        return format_instant(int(self))

    __str__ = __repr__

    def __hash__(self) -> int:
        """Hash as the int it is; text and datetimes that equal it do not hash alike."""
        return int.__hash__(self)

    def __eq__(self, other: object) -> bool:
        """Compare with another way to say an instant; text that is no instant equals none."""
        try:
            return int(self) == instant_of(other)  # type: ignore[arg-type]  # TypeError below
        except (TypeError, ValueError):
            return False

    def __ne__(self, other: object) -> bool:
        """Return the opposite of `==`; int has a `!=` of its own."""
        return not self == other

    def __lt__(self, other: When) -> bool:
        """Tell whether it is earlier."""
        return int(self) < instant_of(other)

    def __le__(self, other: When) -> bool:
        """Tell whether it is not later."""
        return int(self) <= instant_of(other)

    def __gt__(self, other: When) -> bool:
        """Tell whether it is later."""
        return int(self) > instant_of(other)

    def __ge__(self, other: When) -> bool:
        """Tell whether it is not earlier."""
        return int(self) >= instant_of(other)


def moment(instant: Instant | None) -> Moment | None:
    """Return an instant as a Moment; None stays None."""
    return None if instant is None else Moment(instant)
