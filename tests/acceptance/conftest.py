"""October 11th, played once through the command line for all tests that read its results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..conftest import MakeRun
from .command import Ended, rootlab


@pytest.fixture(scope="session")
def folder(make_run: MakeRun) -> Path:
    """Return the folder in which October is played."""
    return make_run.folder


@pytest.fixture(scope="session")
def suite(make_run: MakeRun) -> Ended:
    """Return how the suite ended that `make run` plays; its records and its report lie in `folder`."""
    return make_run.ended


@pytest.fixture(scope="session")
def october(suite: Ended, folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the JSON of every subject, by scenario and name: 2018 as it is run, the others as stored."""
    assert suite.status == 0
    runs = {
        "2017-planned": rootlab(folder, "judge", "out/october-2017-planned.jsonl", "--format", "json"),
        "2018-actual": rootlab(folder, "run", "2018-actual", "--format", "json"),
        "2026-planned": rootlab(folder, "judge", "out/october-2026-planned.jsonl", "--format", "json"),
    }
    assert [ended.status for ended in runs.values()] == [0, 0, 0]
    return {name: {one["name"]: one for one in ended.json["subjects"]} for name, ended in runs.items()}
