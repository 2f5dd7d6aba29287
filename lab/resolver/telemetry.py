"""What a resolver tells the root about its anchors: RFC 8145 key tag queries."""

from __future__ import annotations

from collections.abc import Iterable

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
