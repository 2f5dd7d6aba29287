"""Read a configuration and what it includes: never outside its own folder, and never more than so much.

The file may be anybody's, and its include lines may name anything: other people's files, devices, themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from ..errors import UserError, one_line
from ..infile import Kind, read_limited, shown
from .reading import Place

FILES: Final = 64
"""Files read for one configuration."""
DEPTH: Final = 8
"""Files that include one another."""
LINES: Final = 500
"""Include lines that are followed."""
NOTES: Final = 40
"""Notes that are kept."""
FOLDER: Final = 1000
"""Entries of a folder that a pattern is held against."""
CONFIG: Final = Kind(
    UserError, "a resolver's configuration", "the resolver's own folder", "less than a megabyte", 1 << 20
)
_LONGEST_TEXT: Final = 160


class Source:
    """One file of a configuration, its text in Latin-1 so that an octet is a character."""

    def __init__(self, path: str, real: str, text: str) -> None:
        """Take the path as shown to the user, the real one, and the text."""
        self.path, self.real, self.text = path, real, text
        self.lines = text.split("\n")

    @property
    def suffix(self) -> str:
        """Return the suffix of the file's name, lower case, with its dot."""
        return os.path.splitext(self.real)[1].lower()

    def place(self, line: int) -> Place:
        """Return a line, counted from 1, as results show it."""
        return Place(self.path, line, one_line(self.lines[line - 1], _LONGEST_TEXT))


class Tree:
    """A configuration file and the files below its folder that it may name."""

    def __init__(self, path: Path) -> None:
        """Read the file itself. Raises UserError."""
        self._shown = os.path.dirname(str(path))
        real = os.path.realpath(path)
        self.folder = os.path.dirname(real)
        self.notes: list[str] = []
        self._count = self._asked = 0
        self._open: list[str] = []
        self.main = Source(str(path), real, read_limited(path, CONFIG).decode("latin-1"))

    def note(self, what: str) -> None:
        """Remember what was left out; each thing once, and not without end."""
        if what not in self.notes and len(self.notes) < NOTES:
            self.notes.append(what)

    def included(self, pattern: str, place: Place) -> Iterator[Source]:
        """Yield the files that an include line names, for as long as bounds and folder allow.

        What is left out is noted. Each file counts as open while its reader works on it, so that one which
        includes itself is met and left out too.
        """
        self._asked += 1
        if self._asked > LINES:
            self.note(f"more than {LINES} lines that include files; the rest is not followed")
            return
        for real in self._matching(pattern, place):
            source = self.read(real, f"{place}: ")
            if source is not None:
                with self._opened(real):
                    yield source

    @contextmanager
    def _opened(self, real: str) -> Iterator[None]:
        self._open.append(real)
        try:
            yield
        finally:
            self._open.pop()

    def read(self, real: str, why: str) -> Source | None:
        """Read a file that `locate` found; None, and a note, if it cannot be."""
        name = self._name(real)
        if real in self._open or real == self.main.real:
            self.note(f"{why}{name} includes itself; not read again")
        elif len(self._open) >= DEPTH:
            self.note(f"{why}{name} is nested more than {DEPTH} files deep; not read")
        elif self._count >= FILES:
            self.note(f"{why}more than {FILES} files; the rest is not read")
        else:
            self._count += 1
            try:
                return Source(name, real, read_limited(Path(real), CONFIG).decode("latin-1"))
            except UserError as error:
                self.note(f"{why}{name}: {error.problem}; not read")
        return None

    def locate(self, name: str) -> tuple[str, str]:
        """Return the real path of a file that a line names, and "", or "" and why it is not read.

        A path from the root of a file system is also looked for in the image of one: `image/etc/a.conf` is
        what `/etc/a.conf` means to `image/etc/main.conf`; and in a copy of the resolver's folder, if that has
        kept its name.
        """
        if not name or not name.isprintable():
            return "", "not a usable path"
        if not os.path.isabs(name):
            candidates = [os.path.join(self.folder, name)]
        else:
            tops = [self.folder]
            while os.path.dirname(tops[-1]) != tops[-1]:
                tops.append(os.path.dirname(tops[-1]))
            candidates = [name, *(os.path.join(top, name.lstrip("/")) for top in tops)]
            before, own, after = name.rpartition(f"/{os.path.basename(self.folder)}/")
            if own and before:
                candidates.append(os.path.join(self.folder, after))
        why = f"outside {shown(self._shown or '.')}"
        for candidate in candidates:
            real = os.path.realpath(candidate)
            if os.path.commonpath([self.folder, real]) == self.folder:
                if os.path.exists(real):
                    return real, ""
                if candidate == candidates[0]:
                    why = "not there"
        return "", why

    def _matching(self, pattern: str, place: Place) -> list[str]:
        """Return the files below the folder that a name or pattern means, in the order of their names."""
        folder, _, last = pattern.rpartition("/")
        if not any(sign in pattern for sign in "*?["):
            real, why = self.locate(pattern)
            if why:
                self.note(f"{place}: {one_line(pattern, 80)} is {why}; not read")
            return [real] if real else []
        if any(sign in folder for sign in "*?["):
            self.note(f"{place}: a pattern in the name of a folder is not followed")
            return []
        real, why = self.locate(folder or ("/" if pattern.startswith("/") else "."))
        if why:
            self.note(f"{place}: {one_line(pattern, 80)} is {why}; not read")
            return []
        return self.files_in(real, last, place)

    def files_in(self, folder: str, pattern: str, place: Place | None = None) -> list[str]:
        """Return the real paths of the files of a folder that a pattern matches, in order of their names."""
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return []
        if len(names) > FOLDER:
            self.note(f"{place or folder}: more than {FOLDER} entries; the rest is not looked at")
        hidden = pattern.startswith(".")
        wanted = [n for n in names[:FOLDER] if fnmatchcase(n, pattern) and (hidden or not n.startswith("."))]
        found = [os.path.realpath(os.path.join(folder, name)) for name in wanted]
        inside = [real for real in found if os.path.commonpath([self.folder, real]) == self.folder]
        if len(inside) < len(found):
            self.note(f"{place or folder}: a link out of the folder is not followed")
        return [real for real in inside if os.path.isfile(real)]

    def _name(self, real: str) -> str:
        """Return a file's path as the user would name it."""
        return os.path.join(self._shown, os.path.relpath(real, self.folder))
