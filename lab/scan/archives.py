"""Look into images and packages without unpacking them: tar, zip, ar, and what is compressed, in each other.

Nothing is written to a disk under a member's name, so `..`, absolute names, links and devices do no harm:
only what regular members hold is read, in pieces. What grows out of all proportion is a bomb and is left.
"""

from __future__ import annotations

import bz2
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Final, cast

from .stream import Finding, Readable, scan_stream

HEAD: Final = 512
"""Octets that tell what a file is."""
MAX_DEPTH: Final = 8
"""How deep archives lie in each other at most; an image of a package of a jar has five layers."""
ALWAYS: Final = 1 << 27
"""Octets a file may always expand to."""
RATIO: Final = 250
"""Beyond that, how many times its size: packages of near copies come to 150, a bomb of zeros to 1000."""
_SMALL: Final = 1 << 25
"""Octets a member of a zip file may always expand to."""
MAX_MEMBERS: Final = 500_000
_SPOOL: Final = 1 << 24
_PIECE: Final = 1 << 20

_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
           NotImplementedError, RuntimeError, IndexError, OverflowError)  # fmt: skip
"""What the readers of the standard library raise on damaged, encrypted or hostile archives."""


class Bomb(Exception):
    """Say that something expands out of all proportion."""


@dataclass(slots=True)
class Budget:
    """What one file may expand to, its members and theirs together; `notes` say what was not looked at."""

    size: int
    notes: list[str]
    hints: bool = False
    spent: int = 0
    members: int = 0

    @property
    def limit(self) -> int:
        """Return how many octets may come out of the file."""
        return max(ALWAYS, RATIO * self.size)

    def spend(self, octets: int) -> None:
        """Account for octets that were expanded. Raises Bomb."""
        self.spent += octets
        if self.spent > self.limit:
            raise Bomb

    def count(self) -> None:
        """Account for a member. Raises Bomb."""
        self.members += 1
        if self.members > MAX_MEMBERS:
            raise Bomb


@dataclass(slots=True)
class Metered:
    """A stream whose octets are accounted for, and that gives back what was read to look at it."""

    source: Readable
    budget: Budget | None
    pending: bytes = b""
    seen: int = field(default=0)

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` octets, all that are left if it is negative. Raises Bomb."""
        if size < 0:
            return b"".join(iter(lambda: self.read(_PIECE), b""))
        if self.pending:
            piece, self.pending = self.pending[:size], self.pending[size:]
            return piece
        piece = self.source.read(size)
        self.seen += len(piece)
        if self.budget is not None:
            self.budget.spend(len(piece))
        return piece

    def peek(self, size: int) -> bytes:
        """Return the next octets and keep them."""
        while len(self.pending) < size:
            kept, self.pending = self.pending, b""
            piece = self.read(size - len(kept))
            self.pending = kept + piece
            if not piece:
                break
        return self.pending[:size]

    def exactly(self, size: int) -> bytes:
        """Return `size` octets, fewer only at the end."""
        pieces = []
        while size > 0 and (piece := self.read(min(size, _PIECE))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


@dataclass(slots=True)
class Expanding:
    """The octets of a compressed stream, made as they are asked for; further streams behind it too."""

    source: Metered
    make: Callable[[], zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor]
    engine: zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor | None = None
    left: bytes = b""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` octets. Raises EOFError for a stream that is cut off."""
        while True:
            if self.engine is None or self.engine.eof:
                rest = (
                    self.left or (self.engine.unused_data if self.engine else b"") or self.source.read(_PIECE)
                )
                if not rest.strip(b"\0"):
                    return b""
                self.engine, self.left = self.make(), rest
            piece = self._step(size)
            if piece or self.engine.eof:
                if piece:
                    return piece
                self.left = b""

    def _step(self, size: int) -> bytes:
        """Expand some more."""
        engine = self.engine
        assert engine is not None
        given, self.left = self.left, b""
        if isinstance(engine, bz2.BZ2Decompressor | lzma.LZMADecompressor):
            if not given and engine.needs_input and not (given := self.source.read(_PIECE)):
                raise EOFError
            return engine.decompress(given, size)
        given = given or engine.unconsumed_tail or self.source.read(_PIECE)
        if not given:
            raise EOFError
        return engine.decompress(given, size)


def _gzip() -> zlib._Decompress:
    return zlib.decompressobj(wbits=31)


COMPRESSED: Final[tuple[tuple[bytes, Callable[[], object]], ...]] = (
    (b"\x1f\x8b\x08", _gzip),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\0", lzma.LZMADecompressor),
    (b"\x5d\0\0", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE)),
)
"""How compressed files begin, and what expands them."""
_ZSTD: Final = b"\x28\xb5\x2f\xfd"


def scan_container(stream: Readable, path: str, budget: Budget, depth: int = 0) -> Iterator[Finding]:
    """Yield what a file holds, and what the files in it hold. `path` names it, `!` parts archive and member.

    Whatever goes wrong in an archive ends that archive and is a note; Bomb is left to the outermost.
    """
    source = stream if isinstance(stream, Metered) else Metered(stream, None)
    head = source.peek(HEAD)
    make = _expander(head)
    if depth >= MAX_DEPTH and (make or head[:2] == b"PK" or _is_tar(head)):
        budget.notes.append(f"{path}: archives lie deeper than {MAX_DEPTH} in each other; not looked into")
    elif make is not None:
        expanded = Metered(Expanding(source, cast("Callable[[], zlib._Decompress]", make)), budget)
        yield from _guarded(scan_container(expanded, path, budget, depth + 1), path, budget)
    elif _is_tar(head):
        yield from _guarded(_scan_tar(source, path, budget, depth), path, budget)
    elif head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        yield from _guarded(_scan_zip(source, path, budget, depth), path, budget)
    elif head[:8] == b"!<arch>\n":
        yield from _guarded(_scan_ar(source, path, budget, depth), path, budget)
    elif head[:6] in (b"070701", b"070702"):
        yield from _guarded(_scan_cpio(source, path, budget, depth), path, budget)
    else:
        if head[:4] == _ZSTD:
            budget.notes.append(f"{path}: compressed with zstd, which is not looked into; expand it first")
        yield from scan_stream(source, path, hints=budget.hints)


def _guarded(findings: Iterator[Finding], path: str, budget: Budget) -> Iterator[Finding]:
    """Pass findings on until the archive proves to be damaged, and note that."""
    try:
        yield from findings
    except _DAMAGE as error:
        what = str(error) or type(error).__name__
        budget.notes.append(
            f"{path}: damaged or not readable as an archive ({what}); the rest is not looked into"
        )


def _expander(head: bytes) -> Callable[[], object] | None:
    for magic, make in COMPRESSED:
        if head.startswith(magic):
            return make
    return None


def _is_tar(head: bytes) -> bool:
    """Tell a tar header by its checksum: old ones have no magic number."""
    if len(head) < HEAD or not head[0]:
        return False
    try:
        stated = int(head[148:156].split(b"\0")[0].strip() or b"-1", 8)
    except ValueError:
        return False
    return stated == sum(head[:148]) + 8 * 32 + sum(head[156:])


def _scan_tar(source: Metered, path: str, budget: Budget, depth: int) -> Iterator[Finding]:
    """Scan the regular members of a tar file, read from front to end."""
    with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r|", bufsize=1 << 18) as archive:
        for member in archive:
            budget.count()
            archive.members = []  # type: ignore[attr-defined]  # or it would keep every header
            if not member.isreg():
                continue
            content = archive.extractfile(member)
            if content is not None:
                sparse = Metered(content, budget if member.issparse() else None)
                yield from scan_container(sparse, _inside(path, member.name), budget, depth + 1)


def _scan_zip(source: Metered, path: str, budget: Budget, depth: int) -> Iterator[Finding]:
    """Scan the members of a zip file, which is put aside first, in memory if it is small: its end counts."""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as aside:
        while piece := source.read(_PIECE):
            aside.write(piece)
        aside.seek(0)
        with zipfile.ZipFile(cast("IO[bytes]", aside)) as archive:
            for member in archive.infolist():
                budget.count()
                if member.is_dir() or member.external_attr >> 28 not in (0, 8):
                    continue
                name = _inside(path, member.filename)
                yield from _guarded(_scan_member(archive, member, name, budget, depth), name, budget)


def _scan_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, budget: Budget, depth: int
) -> Iterator[Finding]:
    """Scan one member of a zip file; a bomb is left, the others are read."""
    if member.file_size > _SMALL and member.file_size > RATIO * max(member.compress_size, 1):
        budget.notes.append(f"{name}: {_bomb()}")
        return
    with archive.open(member) as content:
        yield from scan_container(Metered(content, budget), name, budget, depth + 1)


def _bomb() -> str:
    return f"expands to more than {RATIO} times its size; taken for a bomb, the rest is not looked into"


def note_of_bomb(path: str) -> str:
    """Return what is said of a file that expands out of all proportion."""
    return f"{path}: {_bomb()}"


def _scan_ar(source: Metered, path: str, budget: Budget, depth: int) -> Iterator[Finding]:
    """Scan the members of an ar file, such as a Debian package (deb(5))."""
    source.exactly(8)
    while len(header := source.exactly(60)) == 60:
        budget.count()
        size = int(header[48:58])
        name = header[:16].decode("latin-1").rstrip(" /") or "members"
        yield from _part(source, size, size % 2, _inside(path, name), budget, depth)


def _scan_cpio(source: Metered, path: str, budget: Budget, depth: int) -> Iterator[Finding]:
    """Scan the members of a cpio file in the new ASCII format, such as an initial RAM disk."""
    while len(header := source.exactly(110)) == 110 and header[:5] == b"07070":
        budget.count()
        mode, size, length = (int(header[at : at + 8], 16) for at in (14, 54, 94))
        name = source.exactly(length + -(110 + length) % 4)[: length - 1].decode("utf-8", "replace")
        if name == "TRAILER!!!":
            return
        padding = -size % 4
        if mode >> 12 == 8:
            yield from _part(source, size, padding, _inside(path, name), budget, depth)
        else:
            source.exactly(size + padding)


def _part(
    source: Metered, size: int, padding: int, name: str, budget: Budget, depth: int
) -> Iterator[Finding]:
    """Scan the next octets of a stream as a member, and pass over what nobody has read."""
    part = Limited(source, size)
    yield from scan_container(Metered(part, None), name, budget, depth + 1)
    while part.read(_PIECE):
        pass
    source.exactly(padding)


@dataclass(slots=True)
class Limited:
    """The next `left` octets of a stream."""

    source: Metered
    left: int

    def read(self, size: int, /) -> bytes:
        """Return at most `size` octets."""
        piece = self.source.read(min(size, self.left))
        self.left -= len(piece)
        return piece


def _inside(path: str, name: str) -> str:
    """Name a member: the archive, `!`, and its name there."""
    return f"{path}!{name.removeprefix('./')}"
