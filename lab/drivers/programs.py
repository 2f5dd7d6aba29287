"""Find the programs of real resolvers on this machine, and say what to install."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import DriverError
from .driver import Driver
from .process import find_program, run_tool


def missing(driver: Driver) -> str:
    """Say what to install for a daemon, "" if its program is there."""
    try:
        find_program(driver.program)
    except DriverError:
        return f"{driver.program} is not installed: {driver.install}"
    return ""


def version_of(driver: Driver) -> str:
    """Return the version of a daemon's program. Raises DriverError if it is not there or does not tell."""
    if reason := missing(driver):
        raise DriverError(f"daemon:{driver.name}: {reason}")
    with TemporaryDirectory(prefix="rootlab-") as folder:
        text = run_tool(driver.version_command, Path(folder))
    return driver.version(text) or "of unknown version"
