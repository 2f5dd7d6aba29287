"""Find key tags of the root beside words of DNSSEC: no anchors, but places to look at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .gate import may_hint
from .material import KNOWN

NOTATION = "hint"

_TAG = re.compile(rb"(?<![\w.-])(?:%s)(?![\w-])" % b"|".join(str(known.tag).encode() for known in KNOWN))
_WORDS = re.compile(
    rb"dnssec|dnskey|trust.?anchor|root.?key|root.?anchor|key.?tag|key.?id|\bksk\b|\bds\b", re.IGNORECASE
)
_LONGEST_LINE = 400


def hints_in(
    window: bytes, taken: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, str, tuple[int, ...]]]:
    """Yield (start, end, notation, tags) of every line that names a tag beside such a word.

    `taken` are the places of keys and digests: a line in or beside one says nothing new.
    """
    if not may_hint(window):
        return
    last = -1
    for match in _TAG.finditer(window):
        start = max(window.rfind(b"\n", 0, match.start()) + 1, match.start() - _LONGEST_LINE)
        stop = window.find(b"\n", match.end())
        end = min(stop if stop >= 0 else len(window), match.end() + _LONGEST_LINE)
        line = window[start:end]
        if start == last or not _WORDS.search(line):
            continue
        if any(low <= match.start() < high for low, high in taken):
            continue
        last = start
        tags = sorted({int(tag) for tag in _TAG.findall(line)})
        yield match.start(), match.end(), NOTATION, tuple(tags)
