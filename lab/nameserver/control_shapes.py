"""Say what the control API takes and gives, as types that check input and describe themselves.

The OpenAPI description is made of them, so it cannot say anything else than what is checked.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

from ..clock import Instant, Seconds, format_duration, format_instant, parse_duration, parse_instant
from .live_clock import MAX_RATE

_LONGEST = 40
_SERIALS = 2**32
"""RRSIG times are 32 bits wide (RFC 4034 section 3.1.5)."""


def _instant(value: Any) -> Instant:
    """Read an instant. Raises ValueError."""
    if isinstance(value, int) and 0 <= value < _SERIALS and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError("must be an instant such as 2018-10-11T16:00:00Z")
    return parse_instant(value)


def _duration(value: Any) -> Seconds:
    """Read a duration that is not negative. Raises ValueError."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError("must be a duration such as P30D")
    found = parse_duration(value)
    if found < 0:
        raise ValueError("must not be negative")
    return found


Moment = Annotated[
    Instant,
    PlainValidator(_instant),
    PlainSerializer(format_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2018-10-11T16:00:00Z"]}),
]
Span = Annotated[
    Seconds,
    PlainValidator(_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "format": "duration", "examples": ["P30D"]}),
]


class Shape(BaseModel):
    """A JSON object with these members and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Shape):
    """No member at all."""


class Problem(Shape):
    """What went wrong, in one line, and whose fault it is."""

    error: str
    fault: Literal["caller", "environment", "lab"]


class Health(Shape):
    """Whether the server answers queries."""

    status: Literal["ok", "failed"]
    version: str
    scenario: str
    listening: list[str]


class Clock(Shape):
    """What time it is in the emulated world, and how fast it goes; a rate of 0 holds it."""

    now: Moment
    rate: float
    start: Moment


class Advance(Shape):
    """Where to: exactly one of an instant, a duration from now, and the next event."""

    to: Moment | None = None
    by: Span | None = None
    next: Literal["step", "key"] | None = Field(
        None, description="step: the next DNSKEY RRset; key: the next one at which a KSK changes"
    )


class Rate(Shape):
    """How fast time goes from now on."""

    rate: float = Field(ge=0, le=MAX_RATE, allow_inf_nan=False)


class KeyNow(Shape):
    """One key of the DNSKEY RRset; `wire_tag` is its tag as published, with the REVOKE bit if it has it."""

    key: str
    role: Literal["KSK", "ZSK"]
    state: Literal["published", "signing", "revoked"]
    algorithm: int
    key_tag: int
    wire_tag: int


class KeyEvent(Shape):
    """What happens to a KSK, and when."""

    at: Moment
    kind: Literal["publish", "sign", "retire", "revoke", "remove"]
    key: str


class Operated(Shape):
    """Which operator was applied, and when on the lab's clock."""

    at: Moment
    operator: str


class TimelineNow(Shape):
    """What is served now, and what is ahead."""

    now: Moment
    since: Moment
    until: Moment | None
    slot: str | None
    inception: Moment
    expiration: Moment
    keys: list[KeyNow]
    ahead: list[KeyEvent]
    operators: list[Operated]


class Delay(Shape):
    """By how much the roll to `key` (by default the first ahead) is put off: quarters or a duration."""

    quarters: int | None = Field(None, ge=1, le=400)
    by: Span | None = None
    key: str | None = Field(None, max_length=63)


class BackOut(Shape):
    """When the old key takes over again; by default now."""

    at: Moment | None = None


class Emergency(Shape):
    """To which key, when (by default as soon as the notice allows), and how long before it is published."""

    key: str = Field(max_length=63)
    at: Moment | None = None
    notice: Span = 0


class Entry(Shape):
    """One thing that can be switched on, and what it does."""

    name: str
    does: str


class Switched(Shape):
    """One thing that is on, its argument, and the letters of the root it is for; none means all."""

    name: str
    argument: str
    letters: str


class Board(Shape):
    """What there is to switch on, and what is on."""

    known: list[Entry]
    active: list[Switched]


class Setting(Shape):
    """How to switch something on: its argument, and for which letters of the root; none means all."""

    argument: str = Field("", max_length=300)
    letters: str = Field("", pattern="^[a-m]{0,13}$")


class Heard(Shape):
    """One signal, under its number."""

    number: int
    at: Moment
    source: str
    transport: Literal["udp", "tcp"]
    signal: Literal["key-tag-query", "key-tag-option", "sentinel-is-ta", "sentinel-not-ta"]
    key_tags: list[int]
    name: str


class Signals(Shape):
    """Signals in the order they came; `heard` counts all, those forgotten too."""

    heard: int
    signals: list[Heard]


class SignalQuery(Shape):
    """Which signals: those with a number above `after`, of one source, so many at most."""

    after: int = Field(0, ge=0)
    limit: int = Field(1000, ge=1, le=10_000)
    source: str | None = Field(None, max_length=60)
