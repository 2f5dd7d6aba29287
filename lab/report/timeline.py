"""Show an authority's timeline: what happens to the KSKs, how long the waits are, and every step's size.

The vocabulary is IANA's: a key is published, signs, is revoked; a step is a slot of the quarter where it
has one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from ..authority.lint import (
    IDENTIFIERS,
    FieldSizes,
    TimelineWarning,
    lint,
    response_size,
    safe_to_remove,
    safe_to_sign_alone,
)
from ..authority.timeline import KskEvent, Step, Timeline
from ..clock import DAY, Instant, Seconds, format_duration, format_instant
from ..dnssec.keys import REVOKE, SEP, ZONE, Key
from ..errors import one_line
from . import Page
from .as_json import dump
from .sheet import fits, paragraph, screen, table, text_of

_LETTERS = {"published": "P", "signing": "S", "revoked": "R"}
_COLUMNS = ("served from", "slot", "KSKs", "ZSKs", "size")
_LEGEND = (
    "P published only; S published, and signs the DNSKEY RRset; R published with the REVOKE bit, and signs. "
    "A ZSK in brackets does not sign, one with + signs and is not published. size = octets of the DNSKEY "
    "response over UDP, with EDNS and DO. ~ = the hour is assumed."
)
_WORDS = {
    "publish": "is published",
    "sign": "begins to sign the DNSKEY RRset",
    "retire": "ceases to sign as a trusted key",
    "revoke": "is published as revoked",
    "remove": "is no longer published",
}


@dataclass(frozen=True, slots=True)
class TimelineView:
    """A part of a timeline as a scenario looks at it, with what the names of its keys stand for.

    `key` gives the public key of a name under given flags, `sizes` the octets of its fields in a response.
    """

    name: str
    title: str
    start: Instant
    stop: Instant
    timeline: Timeline
    key: Callable[[str, int | None], Key]
    sizes: Callable[[str], FieldSizes]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the step in force at the start and those that follow before the stop."""
        first = self.timeline.step(self.start).at
        return tuple(step for step in self.timeline.steps if first <= step.at <= self.stop)

    @property
    def events(self) -> tuple[KskEvent, ...]:
        """Return what happens to the KSKs between start and stop."""
        return tuple(event for event in self.timeline.ksk_events() if self.start <= event.at <= self.stop)

    @property
    def warnings(self) -> tuple[TimelineWarning, ...]:
        """Return the lint warnings about the steps shown."""
        first = self.steps[0].at
        found = lint(self.timeline, self.sizes)
        return tuple(warning for warning in found if first <= warning.at <= self.stop)

    def tag(self, name: str, *, revoked: bool = False) -> int:
        """Return a key's tag, on request the one it has on the wire once it is revoked."""
        return self.key(name, ZONE | SEP | REVOKE if revoked else None).tag

    def size(self, step: Step) -> int:
        """Return the octets of the DNSKEY response of a step."""
        return response_size(step.keys, self.sizes)


def render_table(view: TimelineView, page: Page) -> str:
    """Return the whole timeline: events, waits, steps."""
    console = screen(page)
    console.print(Text(f"{one_line(view.name)}: {one_line(view.title)}", style="bold"))
    console.print(f"{format_instant(view.start)} to {format_instant(view.stop)}")
    console.print()
    for event in view.events:
        step = view.timeline.step(event.at)
        tag = view.tag(event.name, revoked=event.kind == "revoke")
        console.print(f"{_at(step)} {event.name} ({tag}) {_WORDS[event.kind]}")
    if not view.events:
        console.print("Nothing happens to the KSKs.")
    for wait in waits(view):
        paragraph(console, _wait_line(wait))
    console.print()
    rows = [_row(view, step) for step in view.steps]
    wide = _grid(rows, (*_COLUMNS, "signatures valid"))
    console.print(wide if fits(console, wide) else _grid(rows, _COLUMNS))
    console.print()
    paragraph(console, _LEGEND)
    return text_of(console)


def render_step(view: TimelineView, at: Instant, page: Page) -> str:
    """Return what is served at one instant, key by key."""
    step = view.timeline.step(at)
    later = view.timeline.next_change(at)
    console = screen(page)
    console.print(Text(f"{one_line(view.name)} at {format_instant(at)}", style="bold"))
    slot = f", slot {step.slot}" if step.slot else ""
    hour = " (the hour is assumed)" if step.assumed else ""
    console.print(f"served since {format_instant(step.at)}{hour}{slot}")
    console.print(f"signatures valid {format_instant(step.inception)} to {format_instant(step.expiration)}")
    console.print(f"DNSKEY response {view.size(step)} octets, TTL {view.timeline.dnskey_ttl}")
    console.print(f"next change {format_instant(later) if later is not None else 'never'}")
    console.print()
    grid = table()
    for title in ("key", "tag", "flags", "state", "signs"):
        grid.add_column(title, no_wrap=True)
    for key in _keys(view, step):
        signs = ", ".join(what for what in ("DNSKEY", "zone") if key[f"signs_{what.lower()}"])
        grid.add_row(key["key"], str(key["wire_tag"]), str(key["flags"]), key["state"], signs or "-")
    console.print(grid)
    return text_of(console)


def render_lint(view: TimelineView, page: Page) -> str:
    """Return the warnings, and what their identifiers mean."""
    console = screen(page)
    warnings = view.warnings
    grid = table()
    grid.add_column("at", no_wrap=True)
    grid.add_column("warning", no_wrap=True)
    grid.add_column("")
    for warning in warnings:
        grid.add_row(format_instant(warning.at), warning.identifier, one_line(warning.message))
    if warnings:
        console.print(grid)
        console.print()
    for identifier, meaning in IDENTIFIERS.items():
        if any(warning.identifier == identifier for warning in warnings):
            paragraph(console, f"{identifier}: {meaning}")
    if warnings:
        console.print()
    noun = "warning" if len(warnings) == 1 else "warnings"
    console.print(Text(f"{one_line(view.name)}: {len(warnings) or 'no'} {noun}"))
    return text_of(console)


def render_json(view: TimelineView, at: Instant | None = None) -> str:
    """Return the timeline as JSON (docs/json.md), or with `at` the one step that is served then."""
    steps = view.steps if at is None else (view.timeline.step(at),)
    return dump(
        {
            "scenario": view.name,
            "title": view.title,
            "start": format_instant(view.start),
            "stop": format_instant(view.stop),
            "dnskey_ttl": view.timeline.dnskey_ttl,
            "events": [_event(view, event) for event in view.events],
            "waits": [_wait_values(wait) for wait in waits(view)],
            "steps": [_step(view, step) for step in steps],
            "warnings": [
                {
                    "identifier": warning.identifier,
                    "at": format_instant(warning.at),
                    "message": warning.message,
                }
                for warning in view.warnings
            ],
        }
    )


def _at(step: Step) -> str:
    """Write the instant of a step, marked if its hour is assumed."""
    return f"{format_instant(step.at)}{'~' if step.assumed else ' '}"


def _grid(rows: list[tuple[str, ...]], titles: tuple[str, ...]) -> Table:
    """Return the table of steps with as many columns as there are titles."""
    grid = table()
    for title in titles:
        grid.add_column(title, justify="right" if title == "size" else "left", no_wrap=title != "KSKs")
    for row in rows:
        grid.add_row(*row[: len(titles)])
    return grid


def _row(view: TimelineView, step: Step) -> tuple[str, ...]:
    """Return the cells of one step."""
    ksks = "  ".join(f"{name} {_LETTERS[step.keys.state(name)]}" for name in step.keys.ksks)
    signers = step.keys.zone_signers or step.keys.zsks
    zsks = " ".join(
        name.removeprefix("zsk-") if name in signers else f"({name.removeprefix('zsk-')})"
        for name in step.keys.zsks
    )
    zsks = " ".join((zsks, *(f"+{name.removeprefix('zsk-')}" for name in _unpublished(step))))
    window = f"{_short(step.inception)} to {_short(step.expiration)}"
    return _at(step), str(step.slot or "-"), ksks, zsks, str(view.size(step)), window


def _short(instant: Instant) -> str:
    """Write midnight as a bare date: most windows begin and end there."""
    return format_instant(instant)[:10] if instant % DAY == 0 else format_instant(instant)


def _alone_from(timeline: Timeline, name: str) -> Instant | None:
    """Return when a KSK first is the only one that can validate the DNSKEY RRset."""
    return next((step.at for step in timeline.steps if step.keys.trusted_signers == (name,)), None)


class Wait(NamedTuple):
    """Compare the earliest safe instant of a step of a roll with the planned one."""

    key: str
    what: str
    safe_from: Instant
    planned: Instant | None

    @property
    def margin(self) -> Seconds | None:
        """Return how much later than necessary the step is planned; negative if it is too early."""
        return None if self.planned is None else self.planned - self.safe_from


def waits(view: TimelineView) -> tuple[Wait, ...]:
    """Return the waits of every KSK that is published or revoked in the part shown.

    Source: draft-ietf-dnsop-rfc5011-security-considerations-13, wall clock times (facts.md 7.4).
    """
    found: list[Wait] = []
    for event in view.timeline.ksk_events():
        if event.kind == "publish":
            safe = safe_to_sign_alone(view.timeline, event.name)
            planned = _alone_from(view.timeline, event.name)
        elif event.kind == "revoke":
            safe = safe_to_remove(view.timeline, event.name)
            planned = _removed_at(view.timeline, event)
        else:
            continue
        shown = any(at is not None and view.start <= at <= view.stop for at in (event.at, planned))
        if safe is not None and shown:
            what = "sign-alone" if event.kind == "publish" else "remove"
            found.append(Wait(event.name, what, safe, planned))
    return tuple(found)


def _removed_at(timeline: Timeline, revoked: KskEvent) -> Instant | None:
    """Return when a revoked KSK leaves the zone."""
    return next(
        (
            event.at
            for event in timeline.ksk_events()
            if event.kind == "remove" and event.name == revoked.name and event.at > revoked.at
        ),
        None,
    )


_WAITS = {
    "sign-alone": "sign alone from {}, when every RFC 5011 resolver that is up has learnt it",
    "remove": "leave the zone from {}, when every RFC 5011 resolver that is up has seen the revocation",
}


def _wait_line(wait: Wait) -> str:
    """Return a wait in words."""
    line = f"{wait.key} may {_WAITS[wait.what].format(format_instant(wait.safe_from))}"
    if wait.planned is None or wait.margin is None:
        return f"{line}; here it does not."
    planned = format_instant(wait.planned)
    if wait.margin < 0:
        return f"{line}; here it does from {planned}, {_days(-wait.margin)} TOO EARLY."
    return f"{line}; here it does from {planned}, {_days(wait.margin)} later."


def _wait_values(wait: Wait) -> dict[str, Any]:
    """Return a wait as JSON values."""
    return {
        "key": wait.key,
        "what": wait.what,
        "safe_from": format_instant(wait.safe_from),
        "planned": None if wait.planned is None else format_instant(wait.planned),
        "margin": None if wait.margin is None else format_duration(wait.margin),
    }


def _days(seconds: int) -> str:
    """Write a duration in whole days where it is one, else in ISO 8601."""
    days, rest = divmod(seconds, DAY)
    return f"{days} days" if days and (days > 9 or not rest) else format_duration(seconds)


def _unpublished(step: Step) -> tuple[str, ...]:
    """Return the keys that sign the zone without being in it, as an algorithm roll begins and ends."""
    return tuple(name for name in step.keys.zone_signers if name not in step.keys.published)


def _keys(view: TimelineView, step: Step) -> list[dict[str, Any]]:
    """Return every key of a step with its tags, flags and state."""
    rows = []
    for name in (*step.keys.published, *_unpublished(step)):
        revoked = name in step.keys.revoked
        key = view.key(name, ZONE | SEP | REVOKE if revoked else None)
        rows.append(
            {
                "key": name,
                "role": "ksk" if name in step.keys.ksks else "zsk",
                "state": step.keys.state(name),
                "key_tag": key.key_tag,
                "wire_tag": key.tag,
                "flags": key.flags,
                "algorithm": key.algorithm,
                "signs_dnskey": name in step.keys.dnskey_signers,
                "signs_zone": name in step.keys.zone_signers,
            }
        )
    return rows


def _event(view: TimelineView, event: KskEvent) -> dict[str, Any]:
    """Return one event as JSON values."""
    return {
        "at": format_instant(event.at),
        "assumed": view.timeline.step(event.at).assumed,
        "kind": event.kind,
        "key": event.name,
        "key_tag": view.tag(event.name),
        "wire_tag": view.tag(event.name, revoked=event.kind == "revoke"),
    }


def _step(view: TimelineView, step: Step) -> dict[str, Any]:
    """Return one step as JSON values."""
    return {
        "at": format_instant(step.at),
        "assumed": step.assumed,
        "slot": str(step.slot) if step.slot else None,
        "inception": format_instant(step.inception),
        "expiration": format_instant(step.expiration),
        "response_size": view.size(step),
        "keys": _keys(view, step),
    }
