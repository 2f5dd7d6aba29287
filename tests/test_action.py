"""The GitHub Action: its script does what it promises, and the Action gives it what it reads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import SCENARIO

ROOT = Path(__file__).resolve().parent.parent


def act(folder: Path, scenarios: str, **more: str) -> tuple[int, str]:
    """Run the script in a folder as the Action would, `rootlab` on the path; return status and output."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    start = "from lab.cli import main; raise SystemExit(main())"
    (programs / "rootlab").write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{start}' \"$@\"\n")
    (programs / "rootlab").chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "ROOTLAB_SCENARIOS": scenarios,
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), **more,
    }  # fmt: skip
    ended = subprocess.run(
        [str(ROOT / "tools/action")], cwd=folder, env=environment, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return ended.returncode, ended.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a checkout with a scenario that passes and one that does not."""
    (tmp_path / "good.toml").write_text(SCENARIO)
    odd = '\n[[expect]]\nid = "odd"\nsubject = "static-both"\nfails = {}\n'
    (tmp_path / "bad.toml").write_text(SCENARIO + odd)
    return tmp_path


def test_reports_and_summary(folder: Path) -> None:
    """Every scenario leaves Markdown, JUnit and a record, and its Markdown is in the step summary."""
    status, told = act(folder, "good.toml", ROOTLAB_SUBJECTS="static-old")
    assert (status, "good: exit status 0" in told) == (0, True)
    assert {path.name for path in (folder / "rootlab").iterdir()} == {"good.md", "good.xml", "good.jsonl"}
    assert (folder / "summary.md").read_text() == (folder / "rootlab/good.md").read_text()
    assert ElementTree.parse(folder / "rootlab/good.xml").getroot().find(".//testcase") is not None


def test_worst_status_is_the_last_word(folder: Path) -> None:
    """One failure fails the job, and the others are played all the same; unusable input is worse."""
    status, told = act(folder, "bad.toml good.toml", ROOTLAB_OUTPUT="reports")
    assert (status, "good: exit status 0" in told) == (1, True)
    assert (folder / "reports/good.md").exists()
    assert act(folder, "bad.toml none.toml")[0] == 2


def test_action_gives_the_script_what_it_reads() -> None:
    """Each input is an environment variable of the step that runs the script."""
    action = (ROOT / "action.yml").read_text()
    script = (ROOT / "tools/action").read_text()
    given = dict(re.findall(r"(ROOTLAB_[A-Z]+): \$\{\{ inputs\.([a-z-]+) \}\}", action))
    assert set(given) == set(re.findall(r"ROOTLAB_[A-Z]+", script))
    inputs = action.partition("inputs:")[2].partition("runs:")[0]
    assert set(given.values()) | {"python-version"} == set(
        re.findall(r"^  ([a-z-]+):$", inputs, re.MULTILINE)
    )
    assert '"$GITHUB_ACTION_PATH/tools/action"' in action
