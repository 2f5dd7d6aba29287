"""Work on a sweep in processes that end with their parent, in a folder that only one sweep works in."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from ..errors import UserError


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder for this process until the block ends, or the process does, however it dies.

    Raises UserError if another one has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                "another sweep is at work in it", place=str(folder), remedy="wait for it, or stop it"
            ) from None
        yield


@contextmanager
def workers(jobs: int | None, cells: int) -> Iterator[Executor | None]:
    """Give an executor for so many cells; None where there is work for one process alone."""
    used = min(jobs or len(os.sched_getaffinity(0)), cells)
    if used < 2:
        yield None
        return
    pool = ProcessPoolExecutor(used, initializer=_end_with, initargs=(os.getpid(),))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with(parent: int) -> None:
    """Watch the parent from a thread, and end when it is gone: a killed one cannot send its workers home."""

    def watch() -> None:
        gone = threading.Event()
        while os.getppid() == parent:
            gone.wait(0.2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
