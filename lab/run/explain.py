"""Tell the story of a run: what happened to each subject, day by day, beside what RFC 5011 says about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..causes import CAUSES
from ..clock import Instant, format_instant
from ..errors import RecordError
from ..observation import (
    Anchor,
    Gap,
    Looked,
    NoEvidence,
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
from .record import Record


@dataclass(frozen=True, slots=True)
class Row:
    """One dated line: when, to whom (empty for the authority), what, and the rule with its section."""

    at: Instant
    subject: str
    what: str
    rule: str


_TRANSITIONS: dict[tuple[str, str], str] = {
    ("Start", "AddPend"): "a new key in a verified set starts its add hold-down (RFC 5011 section 2.2)",
    ("Start", "Valid"): "the first verified set is taken whole, without a hold-down (not RFC 5011)",
    (
        "AddPend",
        "Valid",
    ): "the add hold-down is over: the key becomes a trust anchor (RFC 5011 section 2.4.1)",
    ("AddPend", "Start"): (
        "a verified set lacks the pending key, or every key that vouched for it is revoked: it starts over "
        "(RFC 5011 section 2.2)"
    ),
    ("AddPend", "Revoked"): "a pending key is revoked; RFC 5011 section 4 has no such step",
    ("Valid", "Missing"): "a verified set lacks the key; it stays trusted (RFC 5011 section 4.2)",
    ("Valid", "AddPend"): "the anchor did not sign the first set, and has to wait (not RFC 5011)",
    ("Valid", "Start"): "the anchor is forgotten (not RFC 5011)",
    ("Missing", "Valid"): "the key is back in a verified set (RFC 5011 section 4.2)",
    ("Missing", "Start"): "a key missing for long is forgotten (not RFC 5011)",
    ("Valid", "Revoked"): "the key revokes itself: never trusted again (RFC 5011 section 2.1)",
    ("Missing", "Revoked"): "the key revokes itself: never trusted again (RFC 5011 section 2.1)",
    ("Revoked", "Removed"): "the remove hold-down is over (RFC 5011 section 2.4.2)",
    ("Revoked", "Start"): "the revoked key is forgotten altogether (not RFC 5011)",
    ("Revoked", "AddPend"): "a revoked key that returns is watched anew (not RFC 5011)",
    ("Removed", "AddPend"): "a removed key that returns is watched anew (not RFC 5011)",
    ("Removed", "Start"): "the removed key is gone, and forgotten (not RFC 5011)",
    ("Valid", "Removed"): "the key revokes itself, and is removed without a hold-down (not RFC 5011)",
    ("Missing", "Removed"): "the key revokes itself, and is removed without a hold-down (not RFC 5011)",
}

_RESULTS = {
    "ok": ("the DNSKEY RRset verifies", "refresh after half the TTL at most (RFC 5011 section 2.3)"),
    "miss": ("the DNSKEY RRset verifies, a trusted key is absent", "RFC 5011 section 4.2"),
    "none": ("no DNSKEY RRset came", "ask again after a tenth of the TTL at most (RFC 5011 section 2.3)"),
    "bogus": ("the DNSKEY RRset does not verify", "nothing is learnt from it (RFC 5011 section 2.2)"),
    "lost": (
        "the DNSKEY RRset does not verify, a trusted key is absent",
        "nothing is learnt from it (RFC 5011 section 2.2)",
    ),
    "blind": (
        "the DNSKEY RRset does not verify and holds no known key",
        "nothing is learnt (RFC 5011 section 2.2)",
    ),
}

_STARTS = {
    "first": "starts for the first time",
    "restart": "starts with its state",
    "reset": "starts without its state",
}

Told = tuple[str, str]


def _zone_change(seen: ZoneChange) -> Told:
    revoked = f", revoked: {', '.join(seen.revoked)}" if seen.revoked else ""
    return f"zone: KSKs {', '.join(seen.ksks)}{revoked}; signed by {', '.join(seen.signers)}", ""


def _refresh(seen: Refresh) -> Told:
    what, rule = _RESULTS[seen.result]
    tags = ", ".join(str(tag) for tag in seen.signers)
    return f"refresh: {what}" + (f" (signed by {tags})" if tags else ""), rule


def _transition(seen: Transition) -> Told:
    tag = f"{seen.key_tag}" if seen.wire_tag == seen.key_tag else f"{seen.key_tag}, as {seen.wire_tag}"
    rule = _TRANSITIONS.get((seen.source, seen.target), "not in RFC 5011")
    return f"{seen.key} ({tag}): {seen.source} -> {seen.target}", rule


def _outcome(seen: Outcome) -> Told:
    cause = CAUSES.get(seen.cause)
    rule = f"{cause.sentence} ({cause.cites})" if cause else ""
    return f"clients: {seen.outcome}" + (f" [{seen.cause}]" if seen.cause else ""), rule


def _signal(seen: Signal) -> Told:
    return f"signals {seen.name}", "RFC 8145 section 5.1"


def _sentinel(seen: Sentinel) -> Told:
    tags = ", ".join(str(tag) for tag in seen.is_ta) or "no key"
    return f"sentinel: answers is-ta for {tags}", "a trust anchor's tag is answered (RFC 8509 section 3)"


def _anchor(seen: Anchor) -> Told:
    return f"ends with {seen.key} ({seen.key_tag}) {seen.state} since {format_instant(seen.since)}", ""


_TELLERS: dict[type[Observation], Callable[[Any], Told]] = {
    ZoneChange: _zone_change,
    Started: lambda seen: (_STARTS[seen.how], ""),
    Stopped: lambda seen: (
        f"stops ({seen.how})" + (f": {seen.reason}" if seen.reason != seen.how else ""),
        "",
    ),
    Refresh: _refresh,
    Transition: _transition,
    Outcome: _outcome,
    Signal: _signal,
    Sentinel: _sentinel,
    Anchor: _anchor,
    Looked: lambda seen: (f"{seen.of} as before; changed by {format_instant(seen.until)}", ""),
    NoEvidence: lambda seen: (f"shows nothing: {seen.reason}", ""),
    Gap: lambda seen: (f"no data until {format_instant(seen.until)}", ""),
}


def explain(record: Record, subject: str | None = None) -> tuple[Row, ...]:
    """Return the dated rows of one subject, or of all of them, the authority's changes in between.

    A change of the zone that leaves the KSKs and the signers as they were is left out. Raises RecordError for
    a subject the record does not have.
    """
    names = [row["name"] for row in record.header.get("subjects", [])]
    if subject is not None and subject not in names:
        raise RecordError(f"there is no subject {subject!r}", remedy=f"its subjects are {', '.join(names)}")
    rows: list[Row] = []
    last: tuple[tuple[str, ...], ...] = ()
    for seen in record.observations:
        if isinstance(seen, ZoneChange):
            now = (seen.ksks, seen.revoked, seen.signers)
            if now == last:
                continue
            last = now
        elif seen.subject and subject is not None and seen.subject != subject:
            continue
        rows.append(Row(seen.at, seen.subject, *_TELLERS[type(seen)](seen)))
    return tuple(rows)
