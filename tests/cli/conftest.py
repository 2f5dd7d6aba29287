"""Run the command in this process, and scenarios small enough to play in a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.cli import main

from .ended import Ended, Rootlab

SCENARIO = """\
title = "A fortnight around the roll"
start = 2018-10-05T00:00:00Z
stop = 2018-10-19T00:00:00Z

[authority]
quarters = { 2017Q3 = "pre-publish", 2017Q4 = "publish+", 2018Q4 = "rollover", 2019Q1 = "revoke" }
keys = { current = "ksk-2010", next = "ksk-2017" }

[[subject]]
name = "static-old"
model = "static"
anchors = ["ksk-2010"]

[[subject]]
name = "static-both"
model = "static"
anchors = ["ksk-2010", "ksk-2017"]

[[expect]]
id = "breaks"
subject = "static-old"
fails = { from = 2018-10-11T16:00:00Z, to = 2018-10-13T16:00:00Z }
"""


@pytest.fixture
def rootlab(capsys: pytest.CaptureFixture[str]) -> Rootlab:
    """Return a function that runs `rootlab ARGUMENTS...` and returns how it ended."""

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ended(status, out, err)

    return run


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return the file of a scenario of two weeks that passes."""
    path = tmp_path / "fortnight.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


@pytest.fixture
def wrong_scenario(tmp_path: Path) -> Path:
    """Return the same scenario, expecting that the subject with both keys fails."""
    path = tmp_path / "wrong.toml"
    path.write_text(
        f'{SCENARIO}\n[[expect]]\nid = "odd"\nsubject = "static-both"\nfails = {{}}\n', encoding="utf-8"
    )
    return path


@pytest.fixture
def record(scenario: Path, tmp_path: Path, rootlab: Rootlab) -> Path:
    """Return the file of a stored run of the scenario."""
    path = tmp_path / "run.jsonl"
    assert rootlab("run", scenario, "--record", path).status == 0
    return path
