"""Do without namespaces: the lab and its daemons on loopback addresses of this machine, in one folder.

What a namespace gives for nothing is seen to by hand. Everybody is bound to an address of 127.0.0.0/8, from
which no packet can leave the machine. Processes are on a leash (process.py), and the folder is gone at the
end; what a lab that was killed has left is found by the next one, by a lock that nobody holds any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from ..errors import DriverError

T = TypeVar("T")

ROOTS: Final = tuple(f"127.0.53.{number}" for number in range(1, 14))
"""Where the 13 root servers are."""
CHILDREN: Final = "127.0.53.53"
"""Where the server of the zones below the root is."""
DNS: Final = 53

_PREFIX: Final = "rootlab-loopback-"
_LOCK: Final = "lock"
_LONGEST: Final = 48
"""Characters of the folder's path: sockets lie below it, and their paths end at 107 (unix(7))."""


def run_on_loopback(work: Callable[[Path], T]) -> T:
    """Do `work(folder)` and return its result; the folder is empty, and gone afterwards with all in it."""
    sweep()
    with _folder() as folder:
        return work(folder)


def why_not(port: int, own: Sequence[str] = ()) -> str:
    """Return nothing if a port can be bound by servers and at other addresses, else the reason in a line."""
    for address in (*ROOTS, CHILDREN, *own):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as one:
                try:
                    one.bind((address, port))
                except OSError as error:
                    return f"port {port} of {address} cannot be had: {error.strerror}"
    return ""


def free_port(own: Sequence[str] = ()) -> int:
    """Return a port that is free for servers and at other addresses. Raises DriverError."""
    for _ in range(20):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind((ROOTS[0], 0))
            port = int(one.getsockname()[1])
        if not why_not(port, own):
            return port
    raise DriverError(f"loopback: no port is free on all of {ROOTS[0]} to {CHILDREN}")


def sweep() -> None:
    """Kill and remove what labs of this user have left that were killed themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            about = folder.lstat()
            if about.st_uid == os.geteuid() and folder.is_dir() and not folder.is_symlink():
                _remove_if_left(folder)


def _remove_if_left(folder: Path) -> None:
    """Remove a folder whose lock nobody holds, and who still lives in it."""
    file = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for pid in _inhabitants(folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder)
    finally:
        os.close(file)


def _inhabitants(folder: Path) -> Iterator[int]:
    """Find the processes that have their working directory below a folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if Path(os.readlink(entry / "cwd")).is_relative_to(folder):
                yield int(entry.name)


@contextmanager
def _folder() -> Iterator[Path]:
    """Make the folder, hold its lock, and remove it."""
    place = tempfile.gettempdir()
    if len(place) > _LONGEST:
        raise DriverError(f"loopback: {place} is too long a path for sockets; set TMPDIR to a shorter one")
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(file)
