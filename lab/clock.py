"""Instants and durations of the lab: whole seconds of UTC, never read from a wall clock.

The core of the lab takes `now` as an argument. Both kinds of quantity are plain integers, because one
emulated rollover compares and adds them a hundred thousand times; files and screens show RFC 3339 and ISO
8601.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Instant: TypeAlias = int
"""Whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted."""

Seconds: TypeAlias = int
"""A duration in whole seconds."""

MINUTE: Seconds = 60
HOUR: Seconds = 3600
DAY: Seconds = 86400

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<w>\d{1,6})W)?(?:(?P<d>\d{1,6})D)?"
    r"(?:T(?:(?P<h>\d{1,8})H)?(?:(?P<m>\d{1,8})M)?(?:(?P<s>\d{1,10})S)?)?"
)


def from_datetime(moment: datetime) -> Instant:
    """Return the instant of an aware `datetime`; a naive one is read as UTC. Fractions are cut off."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(seconds=1)


def to_datetime(instant: Instant) -> datetime:
    """Return the aware UTC `datetime` of an instant (years 1 to 9999, else OverflowError)."""
    return _EPOCH + timedelta(seconds=instant)


def parse_instant(text: str) -> Instant:
    """Read an RFC 3339 timestamp, or a bare date as its midnight UTC. Raises ValueError."""
    try:
        return from_datetime(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not an instant; write it like 2018-10-11T16:00:00Z") from None


def format_instant(instant: Instant) -> str:
    """Write an instant as RFC 3339 in Z with whole seconds."""
    return to_datetime(instant).isoformat()[:19] + "Z"


def parse_duration(text: str) -> Seconds:
    """Read an ISO 8601 duration of weeks to seconds, such as `P30D`. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match[unit] for unit in "wdhms"):
        raise ValueError(f"{text!r} is not a duration; write it like P30D or PT12H")
    size = {unit: int(match[unit] or 0) for unit in "wdhms"}
    total = size["w"] * 7 * DAY + size["d"] * DAY + size["h"] * HOUR + size["m"] * MINUTE + size["s"]
    return -total if match["sign"] == "-" else total


def format_duration(seconds: Seconds) -> str:
    """Write a duration in ISO 8601, days the largest unit: 2595600 is `P30DT1H`."""
    sign, rest = ("-", -seconds) if seconds < 0 else ("", seconds)
    days, rest = divmod(rest, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, secs = divmod(rest, MINUTE)
    clock = "".join(f"{n}{u}" for n, u in ((hours, "H"), (minutes, "M"), (secs, "S")) if n)
    if not days and not clock:
        return "PT0S"
    return f"{sign}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"
