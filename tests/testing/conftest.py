"""Run pytest with the plugin, as a user's suite would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import lab.pytest_plugin
import lab.testing.collect  # noqa: F401 - see `imported`
from lab.scenario.load import load_text
from lab.testing.played import Run
from lab.testing.root import RootAuthority
from tests.cli.conftest import SCENARIO

PLUGIN = ("-p", "no:rootlab", "-p", "lab.pytest_plugin")
"""Load the plugin of this checkout, whether or not the environment has it by its entry point."""


@pytest.fixture(scope="session")
def imported() -> None:
    """Import all that a run imports, be it late: pytester forgets what it did not find at its start.

    What is imported a second time has other classes, and cryptography minds that.
    """
    scenario = load_text(SCENARIO, Path("warm.toml"))
    assert Run(scenario).explain()
    assert RootAuthority(scenario, lambda: scenario.start).rrset_text()


@pytest.fixture
def run_pytest(imported: None, pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Return a function that runs pytest in a folder of its own, in this process, with some arguments."""

    def run(*arguments: object) -> pytest.RunResult:
        quiet = ("-p", "no:cacheprovider", "--strict-markers", "--strict-config")
        return pytester.runpytest_inprocess(*PLUGIN, *quiet, *map(str, arguments))

    return run
