"""Show that the tripwire for code that reads a wall clock bites, and leaves the test tools alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from _pytest import timing
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import DeadlineExceeded

YEARS: dict[str, Callable[[], int]] = {
    "datetime.now": lambda: datetime.now(UTC).year,
    "date.today": lambda: date.today().year,
    "time.time": lambda: time.gmtime(time.time()).tm_year,
    "time.time_ns": lambda: time.gmtime(time.time_ns() / 1e9).tm_year,
    "time.gmtime": lambda: time.gmtime().tm_year,
}

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = """
from datetime import UTC, datetime
import pytest
{mark}
def test_year():
    assert datetime.now(UTC).year {relation} 1999
"""
OUTSIDE_CASES = (
    ("run", "", "=="),
    ("rfc5011", "", "=="),
    (".", "", ">"),
    ("cli", "", ">"),
    ("run", "pytestmark = pytest.mark.real_clock", ">"),
)


@pytest.mark.parametrize("name", YEARS)
def test_wall_clock_is_absurd(name: str) -> None:
    """Every way to read the wall clock gives 1999 in a core test."""
    assert YEARS[name]() == 1999


@given(st.sampled_from(sorted(YEARS)))
def test_wall_clock_is_absurd_in_an_example(name: str) -> None:
    """Hypothesis keeps real time for itself and not for the test body it calls."""
    assert YEARS[name]() == 1999


def test_pytest_measures_real_time() -> None:
    """Pytest still sees time pass, so that durations in reports are true."""
    start = timing.Instant()
    assert any(start.elapsed().seconds > 0 for _ in range(100_000))


def test_hypothesis_measures_real_time() -> None:
    """Hypothesis still sees time pass, so that its limits on examples and shrinking hold."""

    @settings(deadline=1, max_examples=1, database=None)
    @given(st.just(2_000_000))
    def slow(size: int) -> None:
        assert sum(range(size)) > 0

    with pytest.raises(DeadlineExceeded):
        slow()


def test_folder_decides(tmp_path: Path) -> None:
    """Core folders are frozen, the shells around the core are not, and a module can opt out."""
    for number, (folder, mark, relation) in enumerate(OUTSIDE_CASES):
        test = tmp_path / "tests" / folder / f"test_year_{number}.py"
        test.parent.mkdir(parents=True, exist_ok=True)
        test.write_text(OUTSIDE.format(mark=mark, relation=relation))
    for name in ("tests/conftest.py", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"{len(OUTSIDE_CASES)} passed" in run.stdout, run.stdout
