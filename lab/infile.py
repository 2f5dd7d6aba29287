"""Read a file somebody else made: a regular one of bounded size, and errors that say whose file it is.

Every format has a `Kind`: how its errors are raised and worded. Readers of bytes (XML, state files) take the
octets that `read_limited` returns and refuse through the same kind, so that all complaints look alike.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from .errors import UserError

DAMAGED = "the file is damaged, fetch it again"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file as errors speak of it.

    `error` is what is raised, `name` the file's kind with its article ("a KSR or SKR"), `source` whence a
    good one comes, `usual` how large one is, `octets` the largest one that is read.
    """

    error: type[UserError]
    name: str
    source: str
    usual: str
    octets: int

    def refuse(self, place: str, problem: str, remedy: str = DAMAGED) -> NoReturn:
        """Raise the one-line error."""
        raise self.error(problem, place=place, remedy=remedy)


def read_limited(path: Path, kind: Kind) -> bytes:
    """Return the octets of a regular file of at most `kind.octets`.

    Opened without blocking and inspected before the first read, so that a pipe or an endless device is
    refused and never waited for. Raises `kind.error`.
    """
    place = shown(str(path))
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        raise kind.error(_open_problem(error), place=place, remedy=f"give {kind.name} file") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            what = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
            kind.refuse(place, what, f"give {kind.name} file")
        with os.fdopen(handle, "rb", closefd=False) as stream:
            data = stream.read(kind.octets + 1)
    except OSError as error:
        raise kind.error(_open_problem(error), place=place, remedy="give a readable file") from None
    finally:
        os.close(handle)
    if len(data) > kind.octets:
        kind.refuse(
            place, f"larger than {kind.octets} octets", f"{kind.name} has {kind.usual}; check the path"
        )
    return data


def _open_problem(error: OSError | ValueError) -> str:
    code = getattr(error, "errno", None)
    if code == errno.ENOENT:
        return "no such file"
    if code is None:
        return "not a usable path"
    return f"cannot be read ({os.strerror(code)})"


def shown(file: str, limit: int = 160) -> str:
    """Return a path as error lines have room for it: a long one loses its beginning."""
    return file if len(file) <= limit else "..." + file[3 - limit :]


def short(text: str, limit: int = 48) -> str:
    """Cut text from a file to what an error line has room for."""
    return text if len(text) <= limit else text[: limit - 3] + "..."
