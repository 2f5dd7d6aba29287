"""Read a scenario file line by line, with bounds, and say of any mistake where it stands.

Octets are read as Latin-1, so that every octet is one character and comes back as the same octet: strings in
zone-file records may hold any.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from ..errors import RplError
from ..infile import Kind, read_limited, shown

RPL: Final = Kind(RplError, "an .rpl scenario", "the suite it is part of", "at most a few MB", 32 << 20)
"""A scenario file as `infile.read_limited` speaks of it."""
MAX_LINE: Final = 1 << 18
"""Octets of a line: a message of 65535 octets in hexadecimal, and room for a comment."""


def read_text(path: Path) -> str:
    """Return the text of a file. Raises RplError if it cannot be read or is too long."""
    return read_limited(path, RPL).removeprefix(b"\xef\xbb\xbf").decode("latin-1")


class Lines:
    """The lines of one file, read forwards; `number` is that of the line taken last, from 1."""

    def __init__(self, text: str, name: str) -> None:
        """Take the text apart. Raises RplError for a line that is too long or a NUL octet."""
        self.name = name
        self.number = 0
        self._lines = text.split("\n")
        if self._lines and not self._lines[-1]:
            self._lines.pop()
        for number, line in enumerate(self._lines, 1):
            if len(line) > MAX_LINE:
                raise self.wrong(f"a line longer than {MAX_LINE >> 10} KiB", "break it up", line=number)
        if "\0" in text:
            raise self.wrong(
                "a NUL octet", "give a text file", line=text.count("\n", 0, text.index("\0")) + 1
            )

    def __iter__(self) -> Iterator[str]:
        """Yield the lines that are left, without their ends."""
        while self.number < len(self._lines):
            self.number += 1
            yield self._lines[self.number - 1].rstrip("\r")

    def back(self) -> None:
        """Put the line taken last back."""
        self.number -= 1

    def block(self, end: str, begun: int) -> tuple[str, ...]:
        """Return the lines up to one that begins with the word `end`, which is taken too.

        Raises RplError that names line `begun`, where the block began.
        """
        found: list[str] = []
        for line in self:
            if first_word(line) == end:
                return tuple(found)
            found.append(line)
        raise self.wrong(f"what begins here has no {end}", f"end it with a line {end}", line=begun)

    def wrong(self, problem: str, remedy: str, *, line: int | None = None) -> RplError:
        """Return the error of the line taken last, or of another one."""
        number = self.number if line is None else line
        return RplError(problem, place=f"{shown(self.name)}: line {number}", remedy=remedy)

    def unknown(self, what: str, word: str, known: tuple[str, ...]) -> RplError:
        """Return the error of a word that has no meaning here, with the nearest ones that have."""
        near = get_close_matches(word, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else "the words are " + ", ".join(known)
        return self.wrong(f"{what} {word[:60]!r} is not known", remedy)


def first_word(line: str) -> str:
    """Return the first word of a line, without a comment that touches it; empty for a comment or nothing."""
    words = line.split(None, 1)
    return words[0].split(";", 1)[0].split("#", 1)[0] if words else ""


def is_comment(line: str) -> bool:
    """Tell whether a line says nothing: it is empty or begins with `;` or `#`."""
    stripped = line.lstrip()
    return not stripped or stripped[0] in ";#"


def without_comment(text: str) -> str:
    """Return what stands before a `;` or `#`."""
    return text.split(";", 1)[0].split("#", 1)[0].strip()
