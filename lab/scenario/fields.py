"""The scalar types of a scenario file: how each is read, what is said of a bad one, how an editor sees it.

Every reader takes whatever TOML yields and raises ValueError in words of the format, not of Python.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, StrictBool, StrictInt, StrictStr
from pydantic import WithJsonSchema as Schema

from ..clock import DAY, Instant, Seconds, format_duration, format_instant, from_datetime, parse_duration
from ..clock import parse_instant as parse_text

EARLIEST: Instant = 315532800
"""1980-01-01. No root zone was signed before 2010; the margin is for clocks and what-ifs."""

LATEST: Instant = 4102444800
"""2100-01-01. RRSIG times are 32 bits wide and end in 2106 (RFC 4034 section 3.1.5)."""

LONGEST: Seconds = 36500 * DAY

LONGEST_TEXT = 40
"""Characters of an instant or a duration; with more an error would be nothing but that text."""

KEY_NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
SUBJECT_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
MODEL_NAME = rf"(?:{SUBJECT_NAME}|daemon:[^\x00-\x1f\x7f]{{1,200}})"
IDENTIFIER = r"[a-z0-9][a-z0-9.-]{0,63}"
QUARTER = r"(?:19[89]\d|20\d\d)Q[1-4]"


def shown(value: object) -> str:
    """Describe a value as its writer sees it, short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:37]}..."'
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "an array"
    return str(value)[:40]


def read_instant(value: Any) -> Instant:
    """Read an instant from a TOML date, a date-time (UTC unless it has an offset) or their text."""
    if isinstance(value, datetime):
        if value.microsecond:
            raise ValueError(f"must be in whole seconds, not {value.isoformat()}")
        instant = from_datetime(value)
    elif isinstance(value, date):
        instant = parse_text(value.isoformat())
    elif isinstance(value, str) and len(value) <= LONGEST_TEXT:
        instant = parse_text(value)
    else:
        raise ValueError(f"must be an instant such as 2018-10-11T16:00:00Z, not {shown(value)}")
    if not EARLIEST <= instant < LATEST:
        raise ValueError("must lie between 1980-01-01 and 2100-01-01")
    return instant


def read_duration(value: Any, least: Seconds, rule: str) -> Seconds:
    """Read an ISO 8601 duration of at least `least` seconds; `rule` says so in words."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError(f'must be a duration such as "P30D" or "PT12H", not {shown(value)}')
    seconds = parse_duration(value)
    if not least <= seconds <= LONGEST:
        raise ValueError(f"must be {rule} and at most {format_duration(LONGEST)}, not {shown(value)}")
    return seconds


def read_yes(value: Any) -> bool:
    """Read `true`; a key that could also be false would say nothing."""
    if value is not True:
        raise ValueError(f"must be true, not {shown(value)}; leave the key out otherwise")
    return True


def read_policy_value(value: Any) -> str | int | bool:
    """Read the value of one policy knob; what the knob itself takes is the policy's to say."""
    if not isinstance(value, (str, int)) or (isinstance(value, int) and abs(value) >= 2**63):
        raise ValueError(f"must be a string, a whole number, true or false, not {shown(value)}")
    return value


def _matching(pattern: str, rule: str) -> Any:
    """Return a validator for a string that matches a pattern; `rule` says so in words."""
    whole = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if whole.fullmatch(text) is None:
            raise ValueError(f"must be {rule}, not {shown(text)}")
        return text

    return AfterValidator(check)


def _string(pattern: str, description: str = "") -> Any:
    """Return the JSON Schema of a string that matches a pattern."""
    schema = {"type": "string", "pattern": f"^{pattern}$"}
    return Schema(schema | ({"description": description} if description else {}))


def _duration(least: Seconds, rule: str) -> tuple[Any, Any, Any]:
    """Return the parts of a duration type."""
    schema = {"type": "string", "description": f"ISO 8601 duration, {rule}", "examples": ["P30D", "PT12H"]}
    read = partial(read_duration, least=least, rule=rule)
    return PlainValidator(read), PlainSerializer(format_duration, when_used="json"), Schema(schema)


_INSTANT_SCHEMA = {
    "description": "an instant in UTC: 2018-10-11T16:00:00Z, or a date for its midnight",
    "type": "string",
    "anyOf": [{"format": "date-time"}, {"format": "date"}],
}
FileInstant = Annotated[
    int,
    PlainValidator(read_instant),
    PlainSerializer(format_instant, when_used="json"),
    Schema(_INSTANT_SCHEMA),
]
Span = Annotated[int, *_duration(1, "longer than zero")]
Wait = Annotated[int, *_duration(0, "not negative")]
Offset = Annotated[int, *_duration(-LONGEST, "of either sign")]
Knob = Annotated[
    str | int | bool, PlainValidator(read_policy_value), Schema({"type": ["string", "integer", "boolean"]})
]

Yes = Annotated[bool, PlainValidator(read_yes), Schema({"const": True})]

KeyName = Annotated[
    StrictStr,
    _matching(KEY_NAME, "a key's name of lower-case letters, digits and inner hyphens"),
    _string(KEY_NAME, "a key of zones/keys, zsk-YYYYqN, or one of [keys]"),
]
SubjectName = Annotated[
    StrictStr,
    _matching(SUBJECT_NAME, "a name of letters, digits, dots, hyphens and underscores, 64 at most"),
    _string(SUBJECT_NAME),
]
ModelName = Annotated[
    StrictStr,
    _matching(MODEL_NAME, "a model's name, or daemon: and that of a driver or a driver's file"),
    _string(MODEL_NAME),
]
Identifier = Annotated[
    StrictStr,
    _matching(IDENTIFIER, "an identifier of lower-case letters, digits, dots and hyphens, 64 at most"),
    _string(IDENTIFIER),
]
Quarter = Annotated[StrictStr, _matching(QUARTER, "a quarter such as 2018Q4"), _string(QUARTER)]
Line = Annotated[StrictStr, Field(min_length=1, max_length=300)]
Text = Annotated[StrictStr, Field(max_length=10_000)]
Flag = StrictBool
Whole = StrictInt
