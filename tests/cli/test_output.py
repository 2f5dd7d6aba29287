"""Files appear whole or not at all, and a sheet is as wide as whoever reads it says."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from lab.cli.output import check_targets, page, write_files
from lab.errors import UserError
from lab.report import Page


def names(folder: Path) -> list[str]:
    """Return the names in a folder, temporary files included."""
    return sorted(path.name for path in folder.iterdir())


def test_files_are_written(tmp_path: Path) -> None:
    """All files appear, and nothing else is left in their folder."""
    write_files([(tmp_path / "a", b"1"), (tmp_path / "b", b"2")])
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == {"a": b"1", "b": b"2"}


def test_all_or_none(tmp_path: Path) -> None:
    """If one file cannot be written, none is, and an old one stays as it was."""
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(
        UserError, match=r"gone/b: cannot be written: No such file or directory; name another file$"
    ):
        write_files([(tmp_path / "a", b"new"), (tmp_path / "gone" / "b", b"2")])
    assert (names(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"old")


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    """Replacing a private file does not publish it."""
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_files([(path, b"new")])
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Writing to a symbolic link replaces what it points to."""
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_files([(tmp_path / "link", b"new")])
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "real").read_bytes()) == (True, b"new")


def test_a_pipe_is_written_straight_away(tmp_path: Path) -> None:
    """What is not a regular file is never replaced by one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_files([(pipe, b"through")])
    assert (os.read(reader, 100), pipe.is_fifo()) == (b"through", True)
    os.close(reader)


def test_targets_are_checked_first(tmp_path: Path) -> None:
    """A folder, a missing folder and a file named twice are refused before any work."""
    with pytest.raises(UserError, match=r": is a folder; name a file$"):
        check_targets(tmp_path)
    with pytest.raises(UserError, match=r"gone/a: its folder does not exist; make it: mkdir -p .*/gone$"):
        check_targets(tmp_path / "gone" / "a")
    with pytest.raises(UserError, match=r"a: named for two outputs; give each a file of its own$"):
        check_targets(tmp_path / "a", None, tmp_path / "." / "a")
    check_targets(None, Path("-"), tmp_path / "a", Path("-"))


@pytest.mark.parametrize(
    ("environment", "terminal", "expected"),
    [
        ({}, False, Page(120, colour=False)),
        ({"COLUMNS": "80"}, False, Page(80, colour=False)),
        ({"COLUMNS": "80"}, True, Page(80, colour=True)),
        ({"COLUMNS": "80", "NO_COLOR": "1"}, True, Page(80, colour=False)),
        ({"COLUMNS": "80", "NO_COLOR": ""}, True, Page(80, colour=True)),
        ({"COLUMNS": "80", "TERM": "dumb"}, True, Page(80, colour=False)),
        ({"COLUMNS": "7"}, True, Page(40, colour=True)),
        ({"COLUMNS": "wide"}, False, Page(120, colour=False)),
    ],
)
def test_the_sheet(
    environment: dict[str, str], terminal: bool, expected: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COLUMNS gives the width, a terminal the colour, and NO_COLOR or a dumb terminal take it."""
    for name in ("COLUMNS", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert page() == expected
    assert page(to_file=True) == Page(120, colour=False)
