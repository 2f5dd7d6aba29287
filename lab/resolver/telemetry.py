"""What a resolver tells the root about its anchors: RFC 8145 key tag queries."""

from __future__ import annotations

from collections.abc import Iterable

from ..clock import DAY, Instant
from .client import FAR
from .policy import Signals
from .rfc5011 import State, TrustPoint

MAX_TAGS = 12
"""Unbound and BIND list no more tags than this in one query name (resolvers.md A1, A2)."""


def key_tag_name(tags: Iterable[int]) -> str:
    """Return the query name for the root: `_ta-4a5c-4f66.`, tags sorted, four hexadecimal digits each.

    RFC 8145 section 5.1.
    """
    digits = "-".join(f"{tag:04x}" for tag in sorted(dict.fromkeys(tags))[:MAX_TAGS])
    return f"_ta-{digits}."


def listed_tags(point: TrustPoint, signals: Signals) -> tuple[int, ...]:
    """Return the tags a resolver lists: of all keys it trusts, or of the Valid ones alone (Knot Resolver)."""
    cells = point.trusted()
    if signals.key_tag_states == "valid":
        cells = tuple(cell for cell in cells if cell.state is State.VALID)
    return tuple(sorted(dict.fromkeys(cell.anchor.key_tag for cell in cells)))


class Telemetry:
    """When one resolver sends its key tag query, and what the root gets to see of it.

    The name is listed when the query is sent, so before an answer of that second changes what is trusted. A
    query that is asked like any other can be answered by the resolver itself: with a validated NSEC of the
    apex in its cache it knows that no such name exists (RFC 8198 section 5.1), `key-tag-memory` long.
    """

    def __init__(self, signals: Signals) -> None:
        """Begin with nothing said."""
        self._signals = signals
        self.at: Instant = FAR
        self._said = ""
        self._known_until: Instant = 0

    def begin(self, now: Instant) -> None:
        """Take note of a start: nothing is cached, and a timer of its own begins to run."""
        self.at = now + DAY if self._signals.key_tag_query == "daily" else FAR
        self._known_until = 0

    def end(self) -> None:
        """Take note of an end: nothing is due."""
        self.at = FAR

    def at_timer(self, point: TrustPoint, now: Instant) -> str:
        """Return the name the root sees, "" if it is none or the last one."""
        self.at = now + DAY
        return self._sent(point)

    def at_fetch(self, point: TrustPoint, now: Instant) -> str:
        """Return the name the root sees with a fetch of the keys, "" if it is none or the last one."""
        asks = self._signals.key_tag_query == "prime" and now >= self._known_until
        return self._sent(point) if asks else ""

    def validated(self, now: Instant) -> None:
        """Take note that keys were fetched and are good: so is the denial of a query sent with them."""
        if now >= self._known_until:
            self._known_until = now + self._signals.key_tag_memory

    def _sent(self, point: TrustPoint) -> str:
        tags = listed_tags(point, self._signals)
        name = key_tag_name(tags) if tags else ""
        if not name or name == self._said:
            return ""
        self._said = name
        return name
