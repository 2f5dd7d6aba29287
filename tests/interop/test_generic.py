"""The driver file that the documentation shows, played."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.drivers.generic import load_driver
from lab.drivers.netns import available
from lab.drivers.process import find_program
from lab.errors import DriverError
from tests.conftest import unavailable
from tests.docs.pages import ROOT, File, steps
from tests.interop.rehearsal import Play, rehearse


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Write the driver file of docs/drivers.md."""
    (file,) = (step for step in steps((ROOT / "docs/drivers.md").read_text()) if isinstance(step, File))
    path = tmp_path / file.name
    path.write_text(file.content)
    return path


def test_example_of_the_documentation(example: Path) -> None:
    """It validates by its anchors, offers the size it is told, and does not trust another key."""
    if reason := available():
        unavailable(reason)
    driver = load_driver(example)
    try:
        find_program(driver.program)
    except DriverError as error:
        unavailable(str(error))
    seen = rehearse(driver, Play(udp_size=1400))
    assert seen.ended == ""
    assert seen.version.startswith("1.")
    assert {query[3] for query in seen.queries} == {1400}
    (answers, readings), *_ = seen.at
    assert (answers["signed"], answers["unsigned"], readings) == ((0, True), (0, False), None)
    assert (answers["is-ta-new"][0], answers["is-ta-old"][0]) == (0, 2)
    (answers, _), *_ = rehearse(driver, Play(anchors=("old",))).at
    assert answers["signed"] == (2, False)
