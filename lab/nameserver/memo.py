"""Remember responses, so that a question asked again is answered without being read.

Two kinds: whole responses by the octets of the query, and the tails of wildcard answers, which are the same
for every label between two neighbours of the NSEC chain. Ids are never part of what is remembered.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from ..authority.zone_data import Zone
from ..clock import Instant
from ..dnssec.codec import Message
from ..dnssec.names import MAX_LABEL, MAX_NAME, labels, parent

Window: TypeAlias = tuple[Instant, Instant]
"""From this instant until before that one."""

HEADER: Final = 12
"""Octets of a message's header, the id the first two."""
_TYPE_AND_CLASS: Final = 4


class WholeResponses:
    """Remember responses by query, each good for a window of time; at most `limit`, the oldest go first."""

    def __init__(self, limit: int) -> None:
        """Begin empty."""
        self._known: dict[bytes, tuple[Instant, Instant, bytes]] = {}
        self._limit = limit

    def find(self, wire: bytes, now: Instant) -> bytes | None:
        """Return the response to a query, or None if it is not known for this instant."""
        known = self._known.get(wire[2:])
        if known is not None and known[0] <= now < known[1]:
            return wire[:2] + known[2]
        return None

    def keep(self, wire: bytes, window: Window, response: bytes) -> None:
        """Remember the response to a query."""
        if len(self._known) >= self._limit:
            del self._known[next(iter(self._known))]
        self._known[wire[2:]] = (*window, response[2:])


class _Tail(NamedTuple):
    """Hold a wildcard's answer less id and question, good for labels strictly between `low` and `high`.

    The bounds are neighbours in the NSEC chain; `high` is empty after the last. `size` is that of the
    question after its first label.
    """

    start: Instant
    until: Instant
    low: bytes
    high: bytes
    head: bytes
    size: int
    rest: bytes


class WildcardTails:
    """Remember answers made from a wildcard for labels never asked before.

    Owners in such an answer are pointers to the question, so only header, question and this tail make it
    up. At most `limit` kinds of query are held, the oldest go first.
    """

    def __init__(self, limit: int) -> None:
        """Begin empty."""
        self._known: dict[tuple[bytes, bytes], tuple[_Tail, ...]] = {}
        self._limit = limit

    def find(self, wire: bytes, now: Instant) -> bytes | None:
        """Return the response to a query whose first label lies where one did before, or None."""
        if len(wire) <= HEADER:
            return None
        after = HEADER + 1 + wire[HEADER]
        for start, until, low, high, head, size, rest in self._known.get((wire[2:HEADER], wire[after:]), ()):
            label = wire[HEADER + 1 : after].lower()
            if start <= now < until and low < label and (not high or label < high):
                return b"".join((wire[:2], head, wire[HEADER : after + size], rest))
        return None

    def keep(
        self, wire: bytes, query: Message, zone: Zone, window: Window, response: bytes, room: int
    ) -> bool:
        """Remember a wildcard's answer if it serves for other labels too, and tell whether it does.

        It does if a single label stands before the apex, no octet of the query can point elsewhere (name
        compression), and the answer for the longest label still fits into `room` octets.
        """
        name = query.question_name
        size, tail = name[0], parent(name)
        end = HEADER + len(name) + _TYPE_AND_CLASS
        if (
            tail.lower() != zone.apex
            or 1 + MAX_LABEL + len(tail) > MAX_NAME
            or wire[HEADER : HEADER + len(name)] != name
            or wire[end : end + 1] not in (b"", b"\x00")
            or query.authority
            or query.additional
            or len(response) + MAX_LABEL - size > room
        ):
            return False
        low, high = (_label_below(owner, zone.apex) for owner in zone.covering(name.lower()))
        place = (wire[2:HEADER], wire[HEADER + 1 + size :])
        others = tuple(other for other in self._known.get(place, ()) if other.low != low)
        if not others and len(self._known) >= self._limit:
            del self._known[next(iter(self._known))]
        head, rest = response[2:HEADER], response[end:]
        self._known[place] = (_Tail(*window, low, high, head, len(tail) + _TYPE_AND_CLASS, rest), *others)
        return True


def _label_below(owner: bytes, apex: bytes) -> bytes:
    """Return the label of a name right below the apex, or nothing for the apex itself."""
    depth = len(labels(apex))
    found = labels(owner)
    return found[-depth - 1] if len(found) > depth else b""
