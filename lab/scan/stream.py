"""Scan one file of any size, in windows: what is read is never more than a few of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Protocol

from .context import anchor_of
from .hints import hints_in
from .matching import find
from .regions import regions

WINDOW: Final = 1 << 22
"""Octets looked at together. Files of this size or less are seen whole."""
OVERLAP: Final = 1 << 16
"""Octets that two windows share, so that no anchor is cut in two."""
_HEAD: Final = 8192


class Readable(Protocol):
    """What can be read piece by piece."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` octets, none at the end."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One region of a file: path, line where it begins (from 1), notation, tags of its keys."""

    path: str
    line: int
    notation: str
    keys: tuple[int, ...]


def scan_stream(stream: Readable, path: str, *, hints: bool = False, head: bytes = b"") -> Iterator[Finding]:
    """Yield what a stream holds, in order. `head` is what has been read of it already."""
    carried, line, binary = head, 1, False
    first, done = True, False
    skip = 0
    while not done:
        window, done = _fill(stream, carried)
        if first:
            window, wide = _narrow(window)
            binary, first = not wide and b"\0" in window[:_HEAD], False
        limit = len(window) if done else max(len(window) - OVERLAP, 0)
        for start, end, notation, tags in _look(window, path, binary, hints):
            if skip <= start < limit:
                yield Finding(path, line + window.count(b"\n", 0, start), notation, tags)
                skip = max(skip, end)
        line += window.count(b"\n", 0, limit)
        skip = max(skip - limit, 0)
        carried = window[limit:]


def _fill(stream: Readable, carried: bytes) -> tuple[bytes, bool]:
    """Return the next window, which begins with what was carried over, and whether the stream has ended."""
    pieces, size = [carried], len(carried)
    while size < WINDOW + OVERLAP:
        piece = stream.read(min(WINDOW + OVERLAP - size, 1 << 20))
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces), False


def _narrow(window: bytes) -> tuple[bytes, bool]:
    """Return text in UTF-16 with one octet a character; other text and binaries as they are."""
    if window[:2] in (b"\xff\xfe", b"\xfe\xff") and window.count(b"\0") * 3 > len(window):
        return window[2:].replace(b"\0", b""), True
    return window, False


def _look(
    window: bytes, path: str, binary: bool, hints: bool
) -> Iterator[tuple[int, int, str, tuple[int, ...]]]:
    """Yield (start, end, notation, tags) of the regions of a window, and of hints if they are wanted."""
    hits = find(window, binary=binary) if window.strip(b"\0") else ()
    if not hits and not hints:
        return
    text = window.decode("latin-1")
    suffix = PurePosixPath(path.rpartition("!")[2]).suffix.lower()
    anchors = [anchor_of(text, hit, suffix=suffix, binary=binary) for hit in hits]
    found = regions(text, [anchor for anchor in anchors if anchor is not None], binary=binary)
    rows = [(region.start, region.end, region.notation, region.tags) for region in found]
    if hints:
        taken = [(hit.start - 400, hit.end + 400) for hit in hits]
        rows.extend(hints_in(window, taken))
    yield from sorted(rows)
