"""Walk a folder, or take one file, and scan its regular files: no link is followed, no device opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..errors import UserError
from ..infile import shown
from .archives import Bomb, Budget, note_of_bomb, scan_container
from .stream import Finding

_KERNEL: Final = frozenset(("/proc", "/sys", "/dev"))
"""Folders that hold no files but the kernel's answers."""


@dataclass(slots=True)
class Scan:
    """What a scan has met: findings in the order of the paths, files that were read, what was left out.

    `notes` are archives that were not looked into to the end, `unreadable` files that could not be read.
    """

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    notes: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def scan_path(path: Path, *, hints: bool = False) -> Scan:
    """Scan a file or a folder. Raises UserError if there is nothing of the kind.

    A link is followed only if it is `path` itself: whoever names it means what it leads to.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise UserError(reason.lower(), place=shown(str(path)), remedy="name a file or a folder") from None
    found = Scan()
    if stat.S_ISDIR(mode):
        for file in _files(str(path), found):
            _scan_file(file, found, hints)
        if not found.files and found.unreadable:
            raise UserError("cannot be read", place=shown(str(path)), remedy="name a folder you may read")
    elif stat.S_ISREG(mode):
        _scan_file(os.path.realpath(path), found, hints, str(path))
        if found.unreadable:
            raise UserError("cannot be read", place=shown(str(path)), remedy="name a file you may read")
    else:
        raise UserError("neither a file nor a folder", place=shown(str(path)), remedy="name one of these")
    return found


def _files(folder: str, found: Scan) -> Iterator[str]:
    """Yield the regular files below a folder in the order of their names, without folders of the kernel."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        if os.path.realpath(here) in _KERNEL:
            continue
        try:
            with os.scandir(here) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            found.unreadable.append(f"{here}: {error.strerror}")
            continue
        yield from (entry.path for entry in listed if entry.is_file(follow_symlinks=False))
        waiting.extend(entry.path for entry in reversed(listed) if entry.is_dir(follow_symlinks=False))


def _scan_file(file: str, found: Scan, hints: bool, name: str = "") -> None:
    """Scan one file; opened without following a link or waiting for a pipe that has taken its place."""
    path = name or file
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        found.unreadable.append(f"{path}: {error.strerror}")
        return
    with open(handle, "rb", buffering=0) as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return
        found.files += 1
        budget = Budget(status.st_size, found.notes, hints)
        try:
            found.findings.extend(scan_container(stream, path, budget))
        except Bomb:
            found.notes.append(note_of_bomb(path))
        except OSError as error:
            found.unreadable.append(f"{path}: {error.strerror}")
