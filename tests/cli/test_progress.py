"""Progress: only on a terminal, only after two seconds, and gone when the work is done."""

from __future__ import annotations

import sys

import pytest

from lab.cli import progress
from lab.cli.progress import ProgressBar


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the test say what time it is."""
    now = [100.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def play(clock: list[float], seconds: float) -> None:
    """Report two runs that take some seconds each."""
    with ProgressBar(2) as bar:
        for name in ("2017-planned", "2018-actual"):
            bar.begin(name)
            for share in (0.0, 0.5, 1.0):
                clock[0] += seconds / 3
                bar(share, "2018-10-11")


@pytest.mark.parametrize(
    ("terminal", "seconds", "shown"), [(True, 3.0, True), (True, 0.5, False), (False, 3.0, False)]
)
def test_when_progress_is_shown(
    terminal: bool,
    seconds: float,
    shown: bool,
    clock: list[float],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bar appears on a terminal after two seconds, and never in a pipe."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setenv("TERM", "xterm")
    play(clock, seconds)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("2018-actual 2018-10-11" in err) is shown
