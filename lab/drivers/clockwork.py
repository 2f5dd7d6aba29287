"""What a stage and its seats need of a clock, be it the shim's page or the real time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Clockwork(Protocol):
    """Tell the time of a run, move it, and tell what those who live by it wait for."""

    @property
    def emulated(self) -> float:
        """Return the scenario's time, seconds since 1970."""

    def jump(self, to: float) -> None:
        """Let it be an instant of the scenario."""

    def environment(self, label: str) -> dict[str, str]:
        """Return what a process needs in its environment to live by this clock under a label."""

    def skew(self, label: str, seconds: float) -> None:
        """Put one subject's idea of the date off by so many seconds."""

    def threads(self, label: str) -> int:
        """Count the threads under a label that see this clock."""

    def idle(self, label: str) -> bool:
        """Tell whether everybody under a label waits, and nothing that is waited for is due."""

    def quiet(self, labels: Sequence[str], wire: Callable[[], int | None]) -> bool:
        """Tell whether all labels are idle at once and no message is on its way to or from the lab."""

    def busy(self, labels: Sequence[str]) -> str:
        """Say in a few words why labels are not idle all at once, "" if they are."""

    def next_deadline(self, label: str) -> float | None:
        """Return when somebody under a label wants to go on, emulated seconds since 1970; None if nobody."""

    def forget(self, label: str) -> None:
        """Learn that the processes under a label are gone."""

    def close(self) -> None:
        """Be of no more use."""
