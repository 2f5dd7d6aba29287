"""Write instants as the implementations do, always in UTC and in English whatever the locale."""

from __future__ import annotations

from calendar import timegm

from ...clock import Instant, to_datetime
from .vocabulary import MAX_INSTANT

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ctime(instant: Instant) -> str:
    """Write an instant as C's ctime does, without line break: `Mon Nov 23 07:46:40 2009`."""
    when = to_datetime(instant)
    return (
        f"{_DAYS[when.weekday()]} {_MONTHS[when.month - 1]}{when.day:3d} "
        f"{when.hour:02d}:{when.minute:02d}:{when.second:02d} {when.year}"
    )


def http_time(instant: Instant) -> str:
    """Write an instant as HTTP and BIND's comments do: `Tue, 24 Nov 2026 02:41:58 GMT`."""
    when = to_datetime(instant)
    day = f"{_DAYS[when.weekday()]}, {when.day:02d} {_MONTHS[when.month - 1]} {when.year}"
    return f"{day} {when.hour:02d}:{when.minute:02d}:{when.second:02d} GMT"


def digits(instant: Instant) -> str:
    """Write an instant as master files do: `20261124024158` (RFC 4034 section 3.2)."""
    when = to_datetime(instant)
    return f"{when.year:04d}{when.month:02d}{when.day:02d}{when.hour:02d}{when.minute:02d}{when.second:02d}"


def from_digits(text: str) -> Instant | None:
    """Read YYYYMMDDHHMMSS in UTC, from 1970 to 2106; None if it is no such time.

    The leap second 60 is the second after it, as BIND reads it (lib/dns/time.c).
    """
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return None
    leap = text.endswith("60")
    plain = f"{text[:12]}59" if leap else text
    parts = (int(plain[:4]), *(int(plain[at : at + 2]) for at in range(4, 14, 2)))
    if not (1970 <= parts[0] <= 2106 and 1 <= parts[1] <= 12):
        return None
    seconds = timegm(parts)
    if not 0 <= seconds <= MAX_INSTANT or digits(seconds) != plain:
        return None
    return min(MAX_INSTANT, seconds + leap)
