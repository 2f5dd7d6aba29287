"""Read what resolvers tell a root server about their trust anchors, query by query.

Three ways are heard: key tag queries (RFC 8145 section 5), the EDNS option in DNSKEY queries (RFC 8145
section 4), and, where a client's question comes through, the labels of RFC 8509. Sources are addresses:
forwarders and NAT merge resolvers, several addresses multiply them.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from ..clock import Instant, format_instant
from ..dnssec.codec import MalformedMessage, parse_message
from ..dnssec.names import labels, name_to_text
from ..dnssec.rrtypes import DNSKEY

Kind = Literal["key-tag-query", "key-tag-option", "sentinel-is-ta", "sentinel-not-ta"]

KEY_TAG_OPTION: Final = 14
"""The EDNS option `edns-key-tag` (RFC 8145 section 4.1)."""
MAX_TAGS: Final = 64
"""Tags that are read of one option; a query name holds fewer."""
MAX_SIGNALS: Final = 100_000
"""Signals that are kept; the oldest go first."""
COLUMNS: Final = ("at", "source", "transport", "signal", "key_tags", "name")
"""Of a file of signals; `key_tags` in decimal, with blanks between."""

_KEY_TAGS: Final = re.compile(rb"_ta-(?P<tags>[0-9a-f]{4}(?:-[0-9a-f]{4})*)")
_SENTINEL: Final = re.compile(rb"root-key-sentinel-(?P<kind>is|not)-ta-(?P<tag>[0-9]{5})")
_MARKS: Final = (b"_ta-", b"root-key-sentinel-", b"\x00\x0e")
"""One of these is in each query with a signal: most queries have none, and are not read."""


class Signal(NamedTuple):
    """One thing one source said: the tags of the keys it speaks of, and the name it asked for."""

    at: Instant
    source: str
    transport: Literal["udp", "tcp"]
    kind: Kind
    key_tags: tuple[int, ...]
    name: str


def signals_in(query: bytes, at: Instant, source: str, tcp: bool) -> tuple[Signal, ...]:
    """Return what a query tells, in general nothing. No octets raise anything."""
    lowered = query.lower()
    if not any(mark in lowered for mark in _MARKS):
        return ()
    try:
        message = parse_message(query)
    except MalformedMessage:
        return ()
    if message.question is None or message.flags & 0x8000:
        return ()
    owner, name = message.question.owner, name_to_text(message.question.owner)
    return tuple(
        Signal(at, source, "tcp" if tcp else "udp", kind, tags, name)
        for kind, tags in (*_in_name(owner), *_in_options(message.question.qtype, message.edns))
    )


def _in_name(owner: bytes) -> Iterator[tuple[Kind, tuple[int, ...]]]:
    """Yield what the first label says."""
    parts = labels(owner)
    first = parts[0] if parts else b""
    listed = _KEY_TAGS.fullmatch(first)
    if listed is not None:
        yield "key-tag-query", tuple(int(tag, 16) for tag in listed["tags"].split(b"-"))
    asked = _SENTINEL.fullmatch(first)
    if asked is not None:
        yield ("sentinel-is-ta" if asked["kind"] == b"is" else "sentinel-not-ta"), (int(asked["tag"]),)


def _in_options(qtype: int, edns: object) -> Iterator[tuple[Kind, tuple[int, ...]]]:
    """Yield what the options of a DNSKEY query say; a forwarder may send its client's beside its own."""
    options: Iterable[tuple[int, bytes]] = getattr(edns, "options", ())
    for code, value in options:
        if qtype == DNSKEY and code == KEY_TAG_OPTION and value and not len(value) % 2:
            octets = value[: 2 * MAX_TAGS]
            yield (
                "key-tag-option",
                tuple(int.from_bytes(octets[at : at + 2]) for at in range(0, len(octets), 2)),
            )


class SignalLog:
    """Keep signals in the order they came, each under a number that counts from 1."""

    def __init__(self, limit: int = MAX_SIGNALS) -> None:
        """Begin empty."""
        self._kept: deque[tuple[int, Signal]] = deque(maxlen=limit)
        self.heard = 0

    def add(self, signal: Signal) -> None:
        """Keep a signal."""
        self.heard += 1
        self._kept.append((self.heard, signal))

    def after(self, number: int, limit: int, source: str | None = None) -> tuple[tuple[int, Signal], ...]:
        """Return the first signals with higher numbers, of one source if one is named."""
        kept = tuple(self._kept)
        found = (one for one in kept if one[0] > number and source in (None, one[1].source))
        return tuple(one for one, _ in zip(found, range(limit), strict=False))

    def clear(self) -> None:
        """Forget all; numbers go on."""
        self._kept.clear()


def csv_row(signal: Signal) -> str:
    """Write a signal as a line of CSV (RFC 4180)."""
    tags = " ".join(map(str, signal.key_tags))
    return csv_line(
        (format_instant(signal.at), signal.source, signal.transport, signal.kind, tags, signal.name)
    )


def csv_line(values: Iterable[str]) -> str:
    """Write a line of CSV, which ends with a line feed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
