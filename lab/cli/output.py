"""Write what a command has to say: to the terminal, or whole to files, or not at all.

A file appears under its name when it is complete and when every other file of the same command is too. A
command that ends with exit status 2 has written nothing.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..report import Page

_UNKNOWN_WIDTH = 120
"""Columns where nobody says how many there are: in a pipe or a CI log."""
_NARROWEST = 40


def page(*, to_file: bool = False) -> Page:
    """Return the sheet standard output is: its width (COLUMNS wins), coloured on a terminal.

    NO_COLOR (https://no-color.org) and TERM=dumb switch colour off. A file is 120 columns wide, without
    colour.
    """
    if to_file:
        return Page(_UNKNOWN_WIDTH, colour=False)
    terminal = sys.stdout.isatty()
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        width = int(columns)
    else:
        width = shutil.get_terminal_size((_UNKNOWN_WIDTH, 0)).columns if terminal else _UNKNOWN_WIDTH
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Page(max(width, _NARROWEST), colour=terminal and not plain)


def check_targets(*paths: Path | None) -> None:
    """Refuse, before any work is done, files that could not be written or would overwrite each other.

    Raises UserError that names the file. `-` stands for standard output and is always fine.
    """
    seen: dict[str, Path] = {}
    for path in paths:
        if path is None or is_stdout(path):
            continue
        folder = path.resolve().parent
        if path.is_dir():
            raise UserError("is a folder", place=str(path), remedy="name a file")
        if not folder.is_dir():
            raise UserError(
                "its folder does not exist", place=str(path), remedy=f"make it: mkdir -p {path.parent}"
            )
        if str(path.resolve()) in seen:
            raise UserError("named for two outputs", place=str(path), remedy="give each a file of its own")
        seen[str(path.resolve())] = path


def is_stdout(path: Path | None) -> bool:
    """Say whether an output goes to standard output: no file given, or `-`."""
    return path is None or str(path) == "-"


def write_files(files: Sequence[tuple[Path, bytes]]) -> None:
    """Write files so that all of them appear complete, or none.

    Each goes to a temporary file in its own folder, and when all are written they are renamed. A device or a
    pipe (`/dev/null`, a process substitution) cannot be renamed onto and is written straight away. Raises
    UserError that names the file.
    """
    waiting: list[tuple[Path, Path]] = []
    try:
        for number, (path, content) in enumerate(files):
            target = Path(os.path.realpath(path))
            if target.exists() and not target.is_file():
                target.write_bytes(content)
                continue
            temporary = target.with_name(f".{target.name[:200]}.{os.getpid()}-{number}.tmp")
            waiting.append((temporary, target))
            temporary.write_bytes(content)
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        for temporary, target in waiting:
            temporary.replace(target)
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror or error}", place=str(path), remedy="name another file"
        ) from error
    finally:
        for temporary, _ in waiting:
            temporary.unlink(missing_ok=True)


def show(text: str) -> None:
    """Print text that ends its own lines; a reader that has left is no error, and the verdict stands."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def silence_stdout() -> None:
    """Turn standard output to the null device after it failed: its reader left, or its disk is full.

    Otherwise the interpreter would complain about what is left in its buffer when it exits.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def deliver(text: str, output: Path | None, files: Sequence[tuple[Path, bytes]] = ()) -> None:
    """Write a command's result to `output` or standard output, together with its other files."""
    if output is None or is_stdout(output):
        write_files(files)
        show(text)
    else:
        write_files([*files, (output, text.encode("utf-8", "backslashreplace"))])
