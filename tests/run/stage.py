"""Small rehearsals for tests of the engine: a few days around the roll of 2018, told in short lines."""

from __future__ import annotations

from typing import Any

from lab.clock import Instant, format_instant, parse_instant
from lab.observation import (
    Anchor,
    Gap,
    Observation,
    Outcome,
    Refresh,
    Sentinel,
    Signal,
    Started,
    Stopped,
    Transition,
    ZoneChange,
)
from lab.run.engine import header_of, play
from lab.run.record import Record
from lab.scenario.load import load_text
from lab.scenario.spec import Scenario

ROLL = "2018-10-11T16:00:00Z"
HEAD = """
title = "A rehearsal"
start = {start}
stop = {stop}
[authority]
quarters = {{ 2017Q3 = "pre-publish", 2018Q4 = "rollover", 2019Q1 = "revoke" }}
keys = {{ current = "ksk-2010", next = "ksk-2017" }}
"""

STATIC = """
[[subject]]
name = "static"
"""
"""A validator with the old key alone: its DNSKEY RRset is fetched at the start and every 48 hours."""

BOTH = """
[[subject]]
name = "both"
model = "static"
anchors = ["ksk-2010", "ksk-2017"]
"""

STRICT = """
[[subject]]
name = "rfc5011-strict"
"""


def subject(name: str, model: str = "static", **settings: Any) -> str:
    """Write a subject; a setting is TOML, with `_` for `-`."""
    lines = [f"{key.replace('_', '-')} = {value}" for key, value in settings.items()]
    return "\n".join(["[[subject]]", f'name = "{name}"', f'model = "{model}"', *lines, ""])


def event(at: str, what: str, name: str | None = None) -> str:
    """Write an event: `what` is TOML such as `dark = { until = ... }`."""
    own = [] if name is None else [f'subject = "{name}"']
    return "\n".join(["[[event]]", f"at = {at}", *own, what, ""])


def scenario(
    *parts: str, start: str = "2018-10-10T00:00:00Z", stop: str = "2018-10-16T00:00:00Z"
) -> Scenario:
    """Build a scenario around the roll of 2018 from parts of TOML."""
    return load_text("\n".join([HEAD.format(start=start, stop=stop), *parts]))


def run(*parts: str, start: str = "2018-10-10T00:00:00Z", stop: str = "2018-10-16T00:00:00Z") -> Record:
    """Play such a scenario."""
    return play(scenario(*parts, start=start, stop=stop))


def at(text: str) -> Instant:
    """Return an instant; a day and a time are in October 2018: `11T16:00:00`."""
    return parse_instant(text if len(text) > 12 else f"2018-10-{text}Z")


def line(seen: Observation) -> str:
    """Tell one observation in a few words, without its instant."""
    match seen:
        case ZoneChange():
            words = ["zone", ",".join(seen.ksks), "by", ",".join(seen.signers)]
        case Started():
            words = ["started", seen.how]
        case Stopped():
            words = ["stopped", seen.how]
        case Refresh():
            words = ["refresh", seen.result]
        case Transition():
            words = [seen.key, f"{seen.source}>{seen.target}"]
        case Outcome():
            words = [seen.outcome, seen.cause]
        case Signal():
            words = ["signal", seen.name]
        case Sentinel():
            words = ["sentinel", ",".join(str(tag) for tag in seen.is_ta)]
        case Anchor():
            words = ["anchor", seen.key, seen.state]
        case Gap():
            words = ["gap", format_instant(seen.until)]
        case _:
            raise AssertionError(f"an observation nobody tells: {seen}")
    return " ".join(word for word in (seen.subject, *words) if word)


def story(record: Record, name: str | None = None, *kinds: type[Observation]) -> list[tuple[str, str]]:
    """Return (instant, line) of a subject's observations, or of all; of some kinds if they are named."""
    return [
        (format_instant(seen.at), line(seen).removeprefix(f"{name} "))
        for seen in record.observations
        if name in (None, seen.subject) and isinstance(seen, kinds or Observation)
    ]


def record_of(*seen: Observation, start: Instant = 0, stop: Instant = 1000, **header: Any) -> Record:
    """Return a record made by hand; its subject is `s`."""
    values = header_of("made", "Made by hand", 0, start, stop, "0" * 64)
    values["subjects"] = [{"name": "s", "kind": "model", "model": "static", "version": "any"}]
    return Record(values | header, tuple(seen))


def outcome(moment: Instant, word: str, cause: str | None = None, name: str = "s") -> Outcome:
    """Return an outcome; what is not secure has a cause."""
    found = ("" if word == "secure" else "static-anchor") if cause is None else cause
    return Outcome(moment, name, word, "insecure" if word == "secure" else word, found, None, "")
