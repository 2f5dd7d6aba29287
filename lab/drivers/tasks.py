"""Look at what the kernel knows of the threads of processes: which sleep, which run, which are gone."""

from __future__ import annotations

import os
from typing import Final

ASLEEP: Final = frozenset("SIT")
"""States of a thread that wait for something to happen (proc(5)); D works for it, at a disk."""
GONE: Final = frozenset("ZXx")

_OPEN: Final = os.O_RDONLY | os.O_CLOEXEC
_DOT_DIRECTORIES: Final = 2


def in_sight() -> bool:
    """Tell whether /proc is that of our own process namespace, so that numbers mean the same."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError:
        return False


class Tasks:
    """Watch the threads of some processes. Their files in /proc stay open, so that a look is a read each."""

    def __init__(self) -> None:
        """Watch nobody yet."""
        self._folders: dict[int, int] = {}
        self._files: dict[int, dict[int, int]] = {}

    def states(self, pid: int) -> dict[int, str]:
        """Return the state of each living thread of a process by its number; none if the process is gone."""
        for _ in range(3):
            files = self._files.get(pid)
            if files is None or not self._complete(pid, files):
                files = self._open(pid)
            try:
                read = {thread: os.pread(file, 256, 0) for thread, file in files.items()}
            except OSError:
                self.drop(pid)  # one of them has just ended
                continue
            found = {thread: chr(text[text.rindex(b")") + 2]) for thread, text in read.items()}
            return {thread: state for thread, state in found.items() if state not in GONE}
        return {}

    def drop(self, pid: int) -> None:
        """Watch a process no more."""
        for file in self._files.pop(pid, {}).values():
            os.close(file)
        folder = self._folders.pop(pid, None)
        if folder is not None:
            os.close(folder)

    def close(self) -> None:
        """Watch nobody any more."""
        for pid in list(self._folders):
            self.drop(pid)

    def _complete(self, pid: int, files: dict[int, int]) -> bool:
        """Tell whether a process has as many threads as we have files: the link count of the folder."""
        try:
            return os.fstat(self._folders[pid]).st_nlink == len(files) + _DOT_DIRECTORIES
        except OSError:
            return False

    @staticmethod
    def _there(files: dict[int, int]) -> bool:
        """Tell whether a process still is there, from its files: those of one that is gone cannot be read."""
        try:
            return all(os.pread(file, 1, 0) for file in files.values())
        except OSError:
            return False

    def _open(self, pid: int) -> dict[int, int]:
        """Open what there is of a process, and close what there was of those that are gone."""
        self.drop(pid)
        for other in [one for one, files in self._files.items() if not self._there(files)]:
            self.drop(other)
        files: dict[int, int] = {}
        try:
            self._folders[pid] = folder = os.open(f"/proc/{pid}/task", _OPEN | os.O_DIRECTORY)
            threads = os.listdir(folder)
        except OSError:
            self.drop(pid)
            return files
        self._files[pid] = files
        for thread in threads:
            try:
                files[int(thread)] = os.open(f"{thread}/stat", _OPEN, dir_fd=folder)
            except OSError:
                continue
        return files
