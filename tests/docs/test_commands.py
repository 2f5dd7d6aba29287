"""Every command in README.md and docs/ is run, and does what the page says: exit status and output.

The pages are played in an empty folder each, in order. A file that a page tells its reader to write is
written there. Commands that set up a machine are not run; most of them have a stand-in that does the same.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.drivers import netns, shim
from tests.conftest import unavailable
from tests.docs.pages import ROOT, Command, File, first_difference, page_name, pages, steps

NOT_RUN: dict[str, str | None] = {
    "make run": 'cp -r "$PLAYED/out" . && grep -v "^record: " "$PLAYED/printed"',
    "make test": None,
    "make lint": None,
    "make bench": None,
    ". .venv/bin/activate": None,
    "pip install .": None,
}
"""What is not run as it stands: set-up of the machine, or hours of work. Value: what is run in its place."""

PLAYED = tuple(page for page in pages() if any(isinstance(step, Command) for step in steps(page.read_text())))


class Reader:
    """Somebody who does what a page says, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        """Put `rootlab` on the path, as `make run` or pip does."""
        programs, self.place = folder / "bin", folder / "place"
        programs.mkdir()
        self.place.mkdir()
        start = "from lab.cli import main; raise SystemExit(main())"
        self._program(programs / "rootlab", f"exec '{sys.executable}' -c '{start}' \"$@\"")
        self._program(programs / "python", f"exec '{sys.executable}' \"$@\"")
        plugin = "-p no:rootlab -p lab.pytest_plugin -p no:cacheprovider"
        self._program(programs / "pytest", f"exec '{sys.executable}' -m pytest {plugin} \"$@\"")
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
        }

    @staticmethod
    def _program(path: Path, line: str) -> None:
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def write(self, file: File) -> None:
        """Write a file the page shows."""
        path = self.place / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.content)

    def run(self, command: Command) -> None:
        """Run a command and compare its exit status and what it prints with the page."""
        text = NOT_RUN.get(command.text, command.text)
        if text is None:
            assert command.status == 0
            return
        run = subprocess.run(
            ["bash", "-c", text],
            cwd=self.place,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert run.returncode == command.status, f"$ {command.text}\n{run.stdout}"
        wrong = first_difference(command.shown, tuple(run.stdout.splitlines()))
        assert wrong is None, f"$ {command.text}\nshown, but not printed there: {wrong}\n{run.stdout}"


@pytest.mark.parametrize("page", PLAYED, ids=page_name)
def test_page(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Whoever types what a page says gets what it shows."""
    text = page.read_text(encoding="utf-8")
    reader = Reader(tmp_path)
    if "skr-root-" in text:
        for file in sorted((request.getfixturevalue("shared_data") / "skr").glob("*.xml")):
            shutil.copy(file, reader.place)
    played = re.findall(r"^\$ .*daemon:([a-z_]+)", text, re.MULTILINE)
    for program in played + ["dig"] * ("$ rootlab netns run" in text):
        request.getfixturevalue("debian_tool")(program)
        for reason in filter(None, (netns.available(), shim.unavailable())):
            unavailable(reason)
    if "$ make run" in text:
        reader.environment["PLAYED"] = str(request.getfixturevalue("make_run").folder)
    for step in steps(text):
        if isinstance(step, File):
            reader.write(step)
        else:
            reader.run(step)


def test_there_are_commands() -> None:
    """README.md and the three pages for users show commands."""
    names = {page_name(page) for page in PLAYED}
    howto = {f"docs/howto/{user}.md" for user in ("planner", "vendor", "ci")}
    assert {"README.md", *howto} <= names


def test_make_targets_exist() -> None:
    """Every target that a page tells its reader to make is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        (page_name(page), target)
        for page in pages()
        for target in re.findall(r"(?:`|^\$ )make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {target for _, target in named} >= {"run", "test"}
    assert sorted((page, target) for page, target in named if target not in targets) == []


def test_nothing_else_is_left_out() -> None:
    """Every exception is used by some page, so that the list does not outlive its reasons."""
    used = {step.text for page in pages() for step in steps(page.read_text()) if isinstance(step, Command)}
    assert set(NOT_RUN) - used <= {"make test", "make lint", "make bench"}
