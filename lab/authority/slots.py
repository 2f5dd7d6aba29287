"""IANA's grid: nine slots a quarter, seven schemas, and the history of the root written in them.

A quarter is handled as an index, year * 4 + (quarter - 1), so that a quarter later is plus one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from ..clock import DAY, HOUR, Instant, Seconds, parse_instant, to_datetime
from ..errors import TimelineError
from .timeline import ROOT_DNSKEY_TTL, KeySet, SlotId, Step, Timeline

QuarterIndex: TypeAlias = int

SCHEMAS: dict[str, tuple[str, str, str]] = {
    # schema:     slot 1     slots 2-8    slot 9      published / signs; K current, N next, * revoked
    "normal":      ("K / K",   "K / K",     "K / K"),
    "pre-publish": ("K / K",   "K N / K",   "K N / K"),
    "publish+":    ("K N / K", "K N / K",   "K N / K"),
    "rollover":    ("K N / K", "K N / N",   "K N / N"),
    "rollover+":   ("K N / N", "K N / N",   "K N / N"),
    "revoke":      ("K N / N", "K* N / K N", "N / N"),
    "revoke+":     ("N / N",   "K* N / K N", "N / N"),
}  # fmt: skip
"""The schemas of IANA's keytools, config/ksrsigner.yaml (facts.md 1.3)."""

_CONTINUES = {
    "normal": "normal",
    "pre-publish": "publish+",
    "publish+": "publish+",
    "rollover": "rollover+",
    "rollover+": "rollover+",
    "revoke": "normal",
    "revoke+": "normal",
}
"""What a quarter that is not named does after each schema: it stays in the phase reached."""

_MAY_FOLLOW = {
    "normal": ("normal", "revoke", "revoke+"),
    "pre-publish": ("normal", "revoke", "revoke+"),
    "publish+": ("pre-publish", "publish+"),
    "rollover": ("pre-publish", "publish+"),
    "rollover+": ("rollover", "rollover+"),
    "revoke": ("rollover", "rollover+"),
    "revoke+": ("revoke", "revoke+"),
}
"""Which schemas each schema may follow: a key is published for a quarter before it rolls."""

_MAY_BEGIN = ("normal", "pre-publish", "publish+", "rollover+")
"""The schemas a timeline may begin with; the others change what a quarter before must have shown."""

SWITCH_HOURS: dict[str, tuple[int, bool]] = {
    # day the zone changed slot: hour (UTC), known
    "2017-09-19": (15, False),
    "2018-10-11": (16, True),
    "2019-01-11": (14, True),
}
"""At which hour a zone with the new slot went out (facts.md 1.1, design.md section 7)."""

ASSUMED_SWITCH_HOUR = 16

ROOT_KSKS = ("ksk-2010", "ksk-2017", "ksk-2024")

ROOT_FIRST_QUARTER, ROOT_LAST_QUARTER = "2016Q3", "2027Q4"

ROOT_HISTORY: dict[str, str] = {
    "2016Q3": "normal",
    "2017Q3": "pre-publish",
    "2017Q4": "publish+",
    "2018Q4": "rollover",
    "2019Q1": "revoke",
    "2019Q2": "normal",
    "2025Q1": "pre-publish",
    "2025Q2": "publish+",
    "2026Q4": "rollover",
    "2027Q1": "revoke",
    "2027Q2": "normal",
}
"""The quarters that reproduce the root's history, and from 2026Q4 on its plan (facts.md 2.3)."""

_SIGNATURE_VALIDITY: Seconds = 21 * DAY
"""RRSIG(DNSKEY) validity from 2017Q1 on (facts.md 2.1)."""

_NEW_GRID = 2017 * 4
"""2017Q1, the first quarter with signatures of 21 days."""

_OLD_SLOT_9_UNTIL = 2017 * 4
"""2017Q1, the last quarter whose slot 9 lay 11 days before the next quarter (2016Q3: 20 September)."""

_FIRST_2048_BIT_ZSK = 2016 * 4 + 3
"""2016Q4 (tag 39291) is the first ZSK of 2048 bits (facts.md 2.2)."""

_QUARTER = re.compile(r"(\d{4})Q([1-4])", re.ASCII)
_YEARS = range(1970, 2105)
_MOST_QUARTERS = 400


class SlotWindow(NamedTuple):
    """Hold the validity of a slot's RRSIG(DNSKEY), both ends inclusive."""

    inception: Instant
    expiration: Instant


def parse_quarter(text: str) -> QuarterIndex:
    """Read a quarter such as `2018Q4`. Raises TimelineError."""
    match = _QUARTER.fullmatch(text)
    if match is None or int(match[1]) not in _YEARS:
        raise TimelineError(
            f"{text!r} is not a quarter", remedy="write it like 2018Q4, from 1970Q1 to 2104Q4"
        )
    return int(match[1]) * 4 + int(match[2]) - 1


def format_quarter(index: QuarterIndex) -> str:
    """Write a quarter as `2018Q4`."""
    return f"{index // 4}Q{index % 4 + 1}"


def quarter_of(at: Instant) -> str:
    """Return the calendar quarter that holds an instant, as `2018Q4`."""
    moment = to_datetime(at)
    return f"{moment.year}Q{(moment.month + 2) // 3}"


def quarter_start(index: QuarterIndex) -> Instant:
    """Return the first instant of a quarter."""
    return parse_instant(f"{index // 4:04}-{index % 4 * 3 + 1:02}-01")


def slot_inception(quarter: QuarterIndex, number: int) -> Instant:
    """Return the inception of a slot: every ten days from the quarter's first, always at 00:00:00Z.

    Slot 9 begins on day 80; up to 2017Q1 it began 11 days before the next quarter, as the two known files
    of that time say (2016Q3: day 81, 2017Q1: day 79); that 2016Q4 did so too is inferred.
    """
    if number == 9 and quarter <= _OLD_SLOT_9_UNTIL:
        return quarter_start(quarter + 1) - 11 * DAY
    return quarter_start(quarter) + 10 * (number - 1) * DAY


def slot_window(slot: SlotId) -> SlotWindow:
    """Return the validity of a slot's RRSIG(DNSKEY).

    21 days since 2017Q1. Before, a signature ended one second before the fifth day of the next slot was over:
    14 d 23:59:59, or a day more in slots 8 and 9, which are 11 days long (facts.md 2.1; KSR 2016Q3). 2016Q4
    has not been seen; it is taken to follow the rule of its year.
    """
    quarter = slot.year * 4 + slot.quarter - 1
    inception = slot_inception(quarter, slot.number)
    if quarter >= _NEW_GRID:
        return SlotWindow(inception, inception + _SIGNATURE_VALIDITY)
    following = (quarter, slot.number + 1) if slot.number < 9 else (quarter + 1, 1)
    return SlotWindow(inception, slot_inception(*following) + 5 * DAY - 1)


def switch(inception: Instant) -> tuple[Instant, bool]:
    """Return when the zone with a slot goes out, on the day of its inception, and whether that is assumed."""
    day = to_datetime(inception).date().isoformat()
    hour, known = SWITCH_HOURS.get(day, (ASSUMED_SWITCH_HOUR, False))
    return parse_instant(day) + hour * HOUR, not known


def zsk_name(quarter: QuarterIndex) -> str:
    """Return the name of the ZSK that signs the zone during a quarter, such as `zsk-2017q3`."""
    return f"zsk-{format_quarter(quarter).lower()}"


def root_key_bits(name: str) -> int:
    """Return the RSA modulus size of a root key by its name: 1024 for ZSKs before 2016Q4, else 2048."""
    quarter = _QUARTER.fullmatch(name.removeprefix("zsk-").upper()) if name.startswith("zsk-") else None
    old = quarter is not None and int(quarter[1]) * 4 + int(quarter[2]) - 1 < _FIRST_2048_BIT_ZSK
    return 1024 if old else 2048


def quarter_timeline(
    quarters: Mapping[str, str],
    ksks: tuple[str, ...],
    first_quarter: str,
    last_quarter: str,
    dnskey_ttl: Seconds = ROOT_DNSKEY_TTL,
) -> Timeline:
    """Build the timeline of IANA's grid from one schema a quarter.

    `quarters` maps `2018Q4` to a name of SCHEMAS; a quarter not named continues the one before it. `ksks` are
    the KSKs in order: each completed roll moves on to the next. The zone with a slot goes out at its switch
    hour; only the first one is there from its inception, so that the zone exists when its quarter begins.
    Raises TimelineError, naming the quarter, for an unknown schema or a sequence that cannot be.
    """
    first, last = parse_quarter(first_quarter), parse_quarter(last_quarter)
    if not 0 <= last - first < _MOST_QUARTERS:
        raise TimelineError(
            f"{first_quarter} to {last_quarter} is not a span of quarters",
            place="timeline",
            remedy=f"put the first quarter first, at most {_MOST_QUARTERS} in all",
        )
    named = {parse_quarter(text): schema for text, schema in quarters.items()}
    for index in named:
        if not first <= index <= last:
            raise TimelineError(
                "outside the timeline",
                place=f"quarter {format_quarter(index)}",
                remedy=f"the timeline runs from {first_quarter} to {last_quarter}",
            )
    steps: list[Step] = []
    rolled, before = 0, ""
    for index in range(first, last + 1):
        schema = named.get(index, _CONTINUES.get(before, "normal"))
        _check_sequence(index, before, schema)
        if before in ("revoke", "revoke+") and schema != "revoke+":
            rolled += 1
        steps.extend(_quarter_steps(index, schema, _key_pair(index, schema, ksks[rolled : rolled + 2])))
        before = schema
    opening = steps[0]
    steps[0] = Step(opening.inception, opening.keys, opening.inception, opening.expiration, opening.slot)
    return Timeline(tuple(steps), dnskey_ttl)


def may_follow(schema: str, before: str) -> bool:
    """Tell whether a quarter of one schema may come after a quarter of another."""
    return before in _MAY_FOLLOW[schema]


def root_history() -> Timeline:
    """Return the root's own timeline, 2016Q3 to 2027Q4; from 2026-10-11 on it is the plan (facts.md 2.3)."""
    return quarter_timeline(ROOT_HISTORY, ROOT_KSKS, ROOT_FIRST_QUARTER, ROOT_LAST_QUARTER)


def _check_sequence(index: QuarterIndex, before: str, schema: str) -> None:
    """Refuse a schema that is unknown or cannot follow the quarter before."""
    place = f"quarter {format_quarter(index)}"
    if schema not in SCHEMAS:
        raise TimelineError(f"unknown schema {schema!r}", place=place, remedy=f"one of {', '.join(SCHEMAS)}")
    if before and before not in _MAY_FOLLOW[schema]:
        raise TimelineError(
            f"{schema} cannot follow {before}",
            place=place,
            remedy=f"it follows {' or '.join(_MAY_FOLLOW[schema])}",
        )
    if not before and schema not in _MAY_BEGIN:
        raise TimelineError(
            f"a timeline cannot begin with {schema}",
            place=place,
            remedy=f"name the quarter before it: {' or '.join(_MAY_FOLLOW[schema])}",
        )


def _key_pair(index: QuarterIndex, schema: str, pair: tuple[str, ...]) -> dict[str, str]:
    """Return the current (K) and the next key (N) of a quarter, N only where the schema speaks of it."""
    needed = ("K",) if schema == "normal" else ("K", "N")
    if len(pair) < len(needed):
        raise TimelineError(
            f"{schema} needs {'a key' if needed == ('K',) else 'a next key'}, and there is none",
            place=f"quarter {format_quarter(index)}",
            remedy="name one more KSK",
        )
    return dict(zip(needed, pair, strict=False))


def _quarter_steps(quarter: QuarterIndex, schema: str, pair: Mapping[str, str]) -> list[Step]:
    """Return the nine steps of a quarter."""
    steps = []
    for number in range(1, 10):
        slot = SlotId(quarter // 4, quarter % 4 + 1, number)
        cell = SCHEMAS[schema][0 if number == 1 else 2 if number == 9 else 1]
        published, signers = (side.split() for side in cell.split("/"))
        window = slot_window(slot)
        at, assumed = switch(window.inception)
        keys = KeySet(
            ksks=tuple(pair[letter.rstrip("*")] for letter in published),
            zsks=_slot_zsks(quarter, number),
            revoked=tuple(pair[letter[0]] for letter in published if letter.endswith("*")),
            dnskey_signers=tuple(pair[letter] for letter in signers),
            zone_signers=(zsk_name(quarter),),
        )
        steps.append(Step(at, keys, window.inception, window.expiration, slot, assumed))
    return steps


def _slot_zsks(quarter: QuarterIndex, number: int) -> tuple[str, ...]:
    """Return the ZSKs of a slot: the old one stays through slot 1, the next one comes in slot 9."""
    if number == 1:
        return zsk_name(quarter - 1), zsk_name(quarter)
    return (zsk_name(quarter), zsk_name(quarter + 1)) if number == 9 else (zsk_name(quarter),)
