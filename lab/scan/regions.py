"""Put the anchors of a file into regions: what stands together is trusted together.

Anchors belong to one region if at most `LINES` lines lie between them and nothing parts them: another
product's syntax, a new view, section, document or XML element. A BIND statement or XML element is one region
however long its comments are. In a binary the linker decides where things lie, so there `REACH` octets count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .context import Anchor

LINES: Final = 12
"""The most lines between two anchors of a region: room for comments, not for another configuration."""
TEXT_REACH: Final = 4096
REACH: Final = 1 << 16

_PARTS = re.compile(
    r"^\s*view\s|^\[[^\]\n]+\]\s*$|^---\s*$|</TrustAnchor>|^\s*\}?\s*(?:else|elif|#else|#elif)\b",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Region:
    """Anchors that are trusted together: where they begin, how they are written, the tags of their keys."""

    start: int
    end: int
    notation: str
    tags: tuple[int, ...]


def regions(text: str, anchors: Sequence[Anchor], *, binary: bool = False) -> tuple[Region, ...]:
    """Return the regions of a text whose anchors are given in order."""
    groups: list[list[Anchor]] = []
    for anchor in anchors:
        if groups and _together(text, groups[-1][-1], anchor, binary):
            groups[-1].append(anchor)
        else:
            groups.append([anchor])
    return tuple(_region(group) for group in groups)


def _region(group: Sequence[Anchor]) -> Region:
    notation = "+".join(dict.fromkeys(anchor.notation for anchor in group))
    tags = tuple(sorted({anchor.tag for anchor in group}))
    return Region(group[0].start, group[-1].end, notation, tags)


def _together(text: str, one: Anchor, other: Anchor, binary: bool) -> bool:
    """Tell whether two neighbours are trusted together."""
    if binary:
        return other.start - one.end <= REACH
    between = text[one.end : other.start]
    if one.product != other.product or _PARTS.search(between):
        return False
    if one.product == "bind" and not re.search(r"\}\s*;", between):
        return True
    if one.product == "xml":
        return True
    return between.count("\n") <= LINES + 1 and len(between) <= TEXT_REACH
