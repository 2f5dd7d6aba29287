"""What the test suite promises of itself: sessions side by side, a bound on shrinking, the same examples."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import find, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine

from .conftest import BY_NIGHT, PROFILE, SHRINK_SECONDS, TESTS
from .effort import ORDINARY, examples

INNER = """
def test_it(tmp_path, tmp_path_factory):
    (tmp_path / "its-own").touch()
    print("in", tmp_path_factory.getbasetemp())
"""


def sessions(place: Path, count: int) -> list[str]:
    """Run pytest so many times at once, on one small test under the real conftest; return what each said."""
    folder = place / "tests"
    folder.mkdir(parents=True)
    shutil.copy(TESTS / "conftest.py", folder)
    (folder / "test_it.py").write_text(INNER)
    (place / "tmp").mkdir()
    command = (
        sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-W", "error",
        "--rootdir", str(place), str(folder),
    )  # fmt: skip
    surroundings = os.environ | {"TMPDIR": str(place / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    running = [
        subprocess.Popen(command, cwd=place, env=surroundings, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    told = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * count, told
    return told


def test_sessions_at_once_share_no_folder(tmp_path: Path) -> None:
    """Each session has a temporary folder of its own, and nothing is left of it afterwards."""
    told = sessions(tmp_path, 3)
    folders = [line.removeprefix("in ") for one in told for line in one.splitlines() if "rootlab-" in line]
    assert len(dict.fromkeys(folders)) == 3
    assert all(Path(folder).is_relative_to(tmp_path / "tmp") for folder in folders)
    assert not list((tmp_path / "tmp").iterdir())


def calls_until_found(seconds: float, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how often a property is called to find and shrink a long counterexample."""
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", seconds)
    calls: list[int] = []

    def fails(numbers: list[int]) -> bool:
        calls.append(len(numbers))
        return sum(numbers) > 5000

    numbers = st.lists(st.integers(0, 1000), min_size=20, max_size=60)
    find(numbers, fails, settings=settings(derandomize=True, database=None))
    return len(calls)


def test_shrinking_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis heeds the limit that conftest sets: without any time it shrinks next to nothing."""
    assert SHRINK_SECONDS == engine.MAX_SHRINKING_SECONDS
    assert (300 if PROFILE == BY_NIGHT else 60) >= SHRINK_SECONDS
    assert calls_until_found(-1, monkeypatch) < 20 < 100 < calls_until_found(300, monkeypatch)


def test_profiles_say_what_is_tried() -> None:
    """The suite tries the same examples everywhere; by night they are others, and many times as many."""
    ordinary, nightly = settings.get_profile("ci"), settings.get_profile(BY_NIGHT)
    assert (ordinary.derandomize, nightly.derandomize) == (True, False)
    assert (ordinary.max_examples, nightly.max_examples) == (ORDINARY, 20 * ORDINARY)
    assert examples(40).max_examples == 40 * settings().max_examples // ORDINARY
