"""October 11th, played once through the command line for all tests that read its results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .command import Ended, rootlab


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which October is played."""
    return tmp_path_factory.mktemp("october")


@pytest.fixture(scope="session")
def suite(folder: Path) -> Ended:
    """Return how the suite ended that `make run` plays; its records and its report lie in `folder`."""
    return rootlab(folder, "run", "october-11", "--report", "october-11.md", "--record", "r.jsonl")


@pytest.fixture(scope="session")
def october(suite: Ended, folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the JSON of every subject, by scenario and name: 2018 as it is run, the others as stored."""
    assert suite.status == 0
    runs = {
        "2017-planned": rootlab(folder, "judge", "r-2017-planned.jsonl", "--format", "json"),
        "2018-actual": rootlab(folder, "run", "2018-actual", "--format", "json"),
        "2026-planned": rootlab(folder, "judge", "r-2026-planned.jsonl", "--format", "json"),
    }
    assert [ended.status for ended in runs.values()] == [0, 0, 0]
    return {name: {one["name"]: one for one in ended.json["subjects"]} for name, ended in runs.items()}
