"""Find out what works on this machine: the clock, the network, and which resolvers can be driven.

Everything is tried, nothing is guessed: the shim is compiled and must move the time of a program, a namespace
is made, and each resolver's program is run once under the lab's clock.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ..errors import DriverError, one_line
from . import netns, shim
from .clocks import ClockPage
from .driver import Driver
from .process import Process, find_program, run_tool
from .table import DRIVERS, PREFIX

NEEDED: Final = ("unbound", "named", "kresd", "pdns_recursor")
"""The resolvers that the lab's models are held against: with these the machine is fit."""

_ROLL: Final = 1_539_273_600
_DAY: Final = 86400
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was found, and what is wrong and can be done, "" if it works.

    `subject` is set for a resolver: the name of the subject that it makes possible.
    """

    name: str
    found: str
    problem: str = ""
    remedy: str = ""
    subject: str = ""

    @property
    def works(self) -> bool:
        """Tell whether nothing is wrong with it."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found on a machine."""

    checks: tuple[Check, ...]

    @property
    def sound(self) -> bool:
        """Tell whether what every daemon needs works."""
        return all(check.works for check in self.checks if not check.subject)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Return the subjects that can be played here."""
        return tuple(c.subject for c in self.checks if c.subject and c.works) if self.sound else ()

    @property
    def fit(self) -> bool:
        """Tell whether the four resolvers that have models can be driven."""
        return {f"{PREFIX}{name}" for name in NEEDED} <= set(self.subjects)


def diagnose() -> Diagnosis:
    """Try everything. Call it before threads are started: a namespace is made."""
    network = _network()
    with TemporaryDirectory(prefix="rootlab-") as name:
        return Diagnosis((_python(), _compiler(), *_clocked(Path(name)), network, *_daemons(Path(name))))


def _python() -> Check:
    return Check("Python", f"{platform.python_version()}, {sys.executable}")


def _compiler() -> Check:
    path = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if path is None:
        # A shim that was compiled before still serves, so that the next line decides.
        return Check("C compiler", "none: needed once, to compile the clock shim (apt-get install gcc)")
    try:
        version = run_tool((path, "--version"), Path("/")).splitlines()[0]
    except (DriverError, IndexError):
        version = "of unknown version"
    return Check("C compiler", f"{version}, {path}")


def _clocked(folder: Path) -> Iterator[Check]:
    """Compile the shim, and see a program's date and its timer follow the lab's clock."""
    libc = " ".join(platform.libc_ver()) or "unknown C library"
    reason = shim.unavailable()
    if not reason:
        reason = _clock_works(folder)
    remedy = "apt-get install gcc libc6-dev" if "install gcc" in reason else ""
    yield Check("clock", f"shim for {libc}, {platform.machine()}", reason, remedy)


def _clock_works(folder: Path) -> str:
    """Return why a program does not live at the lab's time, "" if it does."""
    page = ClockPage.create(folder / "clock")
    try:
        page.jump(_ROLL)
        date = run_tool(("date", "+%F"), folder, page.environment("date")).strip()
        if date != "2018-10-11":
            return f"`date` says {date} where the lab's clock says 2018-10-11"
        with Process(("sleep", str(_DAY)), folder, page.environment("sleep"), label="sleep") as sleeper:
            if not _until(lambda: page.next_deadline("sleep") is not None):
                return "the shim does not tell what a program waits for"
            page.jump(_ROLL + _DAY + 60)
            return (
                "" if sleeper.wait(_PATIENCE) else "a timer does not fire when the lab's clock jumps over it"
            )
    except DriverError as error:
        return str(error)
    finally:
        page.close()


def _network() -> Check:
    who = "root" if os.geteuid() == 0 else f"uid {os.geteuid()}"
    reason = netns.available()
    remedy = "daemon:unbound can do without, on loopback; most others cannot" if reason else ""
    return Check("network", f"namespaces of the lab's own, as {who}", reason, remedy)


def _daemons(folder: Path) -> Iterator[Check]:
    for driver in DRIVERS.values():
        place = folder / driver.name
        place.mkdir()
        yield _daemon(driver, place)


def _daemon(driver: Driver, folder: Path) -> Check:
    """Run a program once, under the clock if there is one: does it tell a version, and load the shim?"""
    subject = f"{PREFIX}{driver.name}"
    try:
        path = find_program(driver.program)
    except DriverError:
        return Check(driver.name, "none", f"{driver.program} is not installed", driver.install, subject)
    clock = None if shim.unavailable() else ClockPage.create(folder / "clock")
    try:
        environment = clock.environment(driver.name) if clock else {}
        version = driver.version(run_tool(driver.version_command, folder, environment))
        blind = "it does not load the clock shim: is it linked statically?"
        problem = blind if clock and not clock.met(driver.name) else ""
    except DriverError as error:
        return Check(driver.name, path, one_line(str(error)), "see whether it runs at all", subject)
    finally:
        if clock:
            clock.close()
    return Check(driver.name, f"{version or 'unknown version'}, {path}", problem, "", subject)


def _until(true: Callable[[], bool]) -> bool:
    """Wait a moment for something to become true, and tell whether it did."""
    end = time.monotonic() + _PATIENCE
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)  # noqa: TID251
    return True
