"""Look at what the kernel knows of the threads of a process: which sleep, which run, which are gone."""

from __future__ import annotations

import os

ASLEEP = frozenset("SIT")
"""States of a thread that wait for something to happen (proc(5)); D works for it, at a disk."""
GONE = frozenset("ZXx")


def in_sight() -> bool:
    """Tell whether /proc is that of our own process namespace, so that numbers mean the same."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())
    except OSError:
        return False


def states(pid: int) -> dict[int, str]:
    """Return the state of each living thread of a process by its number; none if the process is gone."""
    found: dict[int, str] = {}
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return {}
    for thread in threads:
        try:
            handle = os.open(f"/proc/{pid}/task/{thread}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            text = os.read(handle, 256)
        except OSError:
            continue
        finally:
            os.close(handle)
        state = chr(text[text.rindex(b")") + 2])
        if state not in GONE:
            found[int(thread)] = state
    return found
