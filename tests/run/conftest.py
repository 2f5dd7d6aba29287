"""The October scenarios, played once for all tests that look at whole records."""

from __future__ import annotations

import pytest

from lab.run.engine import play
from lab.run.record import Record
from lab.scenario.catalogue import suites
from lab.scenario.load import load_scenario


@pytest.fixture(scope="session")
def october() -> dict[str, Record]:
    """Return the records of the suite `october-11` by scenario."""
    return {name: play(load_scenario(name)) for name in suites()["october-11"].scenarios}
