"""Show how far a long run is, on a terminal, once it has taken more than two seconds."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 2.0
"""Seconds of silence before the bar appears."""


class ProgressBar:
    """Be the callback of `play`: takes the share of the work that is done (0 to 1) and what it is busy with.

    Prints nothing unless standard error is a terminal, and leaves nothing behind when it is closed.
    """

    def __init__(self, parts: int = 1) -> None:
        """Start the clock. `parts` is the number of runs that the whole work consists of."""
        self._parts = parts
        self._part = -1
        self._name = ""
        self._since = monotonic()
        self._silent = not sys.stderr.isatty()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Return the callback."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wipe the bar off the terminal."""
        if self._progress is not None:
            self._progress.stop()

    def begin(self, name: str) -> None:
        """Say which run begins now; the one before it is over."""
        self._part += 1
        self._name = name

    def __call__(self, share: float, what: str) -> None:
        """Take note of the progress of the current run, and show it if the user has waited long enough."""
        if self._silent or (self._progress is None and monotonic() - self._since < PATIENCE):
            return
        if self._progress is None or self._task is None:
            self._open()
        assert self._progress is not None
        assert self._task is not None
        done = (self._part + min(max(share, 0.0), 1.0)) / self._parts
        self._progress.update(self._task, completed=done, description=f"{self._name} {what}")

    def _open(self) -> None:
        """Put up the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._progress.start()
        self._task = self._progress.add_task(self._name, total=1.0)
