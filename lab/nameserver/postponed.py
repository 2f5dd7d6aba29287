"""Send datagrams later: one thread, begun when the first has to wait, for all sockets of a listener."""

from __future__ import annotations

import contextlib
import heapq
import socket
import threading
import time
from typing import Any, Final

MOST: Final = 10_000
"""Datagrams that wait at a time; one more is lost, as in a network whose queues are full."""


class Postponed:
    """Hold datagrams until their time has come; `close` forgets those that still wait."""

    def __init__(self) -> None:
        """Begin without a thread."""
        self._waiting: list[tuple[float, int, socket.socket, bytes, Any]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._count = 0
        self._closed = False

    def send(self, seconds: float, udp: socket.socket, wire: bytes, client: Any) -> None:
        """Send a datagram to a client after so many seconds; those due together keep their order."""
        with self._changed:
            if self._closed or len(self._waiting) >= MOST:
                return
            self._count += 1
            heapq.heappush(self._waiting, (time.monotonic() + seconds, self._count, udp, wire, client))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Send nothing more, and wait until the thread has ended."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        """Send what is due, until closed."""
        with self._changed:
            while not self._closed:
                first = self._waiting[0][0] if self._waiting else None
                rest = None if first is None else first - time.monotonic()
                if rest is None or rest > 0:
                    self._changed.wait(rest)
                    continue
                _, _, udp, wire, client = heapq.heappop(self._waiting)
                with contextlib.suppress(OSError):
                    udp.sendto(wire, client)
