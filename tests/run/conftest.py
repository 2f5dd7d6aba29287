"""The October scenarios, played once for all tests that look at whole records."""

from __future__ import annotations

import pytest

from lab.run.record import Record
from lab.scenario.catalogue import suites

from ..conftest import MakeRun


@pytest.fixture(scope="session")
def october(make_run: MakeRun) -> dict[str, Record]:
    """Return the records of the suite `october-11` by scenario."""
    records = make_run.folder / "out"
    return {name: Record.read(records / f"october-{name}.jsonl") for name in suites()["october-11"].scenarios}
