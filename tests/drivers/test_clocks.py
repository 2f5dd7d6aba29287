"""The clock page by itself: jumps, labels, readers; and the table of clocks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.drivers import shim
from lab.drivers.clocks import CLOCKS, ClockPage
from lab.drivers.table import DRIVERS
from lab.errors import DriverError
from lab.scenario.spec import CLOCK_NAMES
from tests.conftest import unavailable

START = 1_539_273_600.0


@pytest.fixture
def page(tmp_path: Path) -> Iterator[ClockPage]:
    """Return a clock page that stands at the hour of the roll."""
    if reason := shim.unavailable():
        unavailable(reason)
    page = ClockPage.create(tmp_path / "clock")
    page.jump(START)
    yield page
    page.close()


def test_jump(page: ClockPage) -> None:
    """The date is what was asked for, there and back, and runs on at the real rate."""
    for day in (0, 3000, -7000, 1, 2):
        page.jump(START + 86400 * day)
        assert page.emulated == pytest.approx(START + 86400 * day, abs=0.5)
    first = page.emulated_ns
    assert page.emulated_ns > first
    assert page.seq == 7


def test_another_process_may_read(page: ClockPage) -> None:
    """A page can be attached to from elsewhere, and sees the same time under the same names."""
    page.environment("unbound")
    reader = ClockPage.attach(page.path)
    page.jump(START + 86400)
    assert reader.emulated == pytest.approx(page.emulated, abs=0.5)
    assert reader.environment("unbound") == page.environment("unbound")
    reader.close()


@pytest.mark.parametrize("content", [b"", b"x" * 1_000_000])
def test_not_a_page(tmp_path: Path, content: bytes) -> None:
    """A file that is no clock page is refused."""
    path = tmp_path / "clock"
    path.write_bytes(content)
    with pytest.raises(DriverError, match="not a page of the lab's clock"):
        ClockPage.attach(path)
    with pytest.raises(DriverError, match="cannot be read"):
        ClockPage.attach(tmp_path / "none")


def test_a_wrong_clock(page: ClockPage) -> None:
    """One subject's date can be wrong while the others' is right, from its start or from any moment on."""
    page.skew("late", -30 * 86400)
    dates = {
        label: subprocess.run(
            ["date", "+%F"],
            env={**os.environ, **page.environment(label)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for label in ("late", "right")
    }
    assert dates == {"late": "2018-09-11", "right": "2018-10-11"}


def test_labels_are_limited(page: ClockPage) -> None:
    """There is room for 63 subjects; one more is an error that says so."""
    environments = {page.environment(f"subject-{n}")["LABCLOCK_LABEL"] for n in range(63)}
    assert len(environments) == 63
    with pytest.raises(DriverError, match="more than 63 daemons"):
        page.environment("one-more")


def test_nobody_is_not_idle(page: ClockPage) -> None:
    """A label without a process is not idle: nothing shows that it is done."""
    assert not page.idle("nobody")
    assert page.next_deadline("nobody") is None
    assert not page.quiet(("nobody",), lambda: 0)
    assert page.quiet((), lambda: 0)


def test_quiet_asks_the_wire_twice(page: ClockPage) -> None:
    """Who is idle while messages come and go is not quiet."""
    count = iter(range(10))
    assert not page.quiet((), lambda: next(count))
    assert not page.quiet((), lambda: None)


@pytest.mark.parametrize(
    ("variables", "place"),
    [({"XDG_CACHE_HOME": "cache"}, "cache/rootlab"), ({"HOME": "home"}, "home/.cache/rootlab")],
)
def test_the_library_is_cached(tmp_path: Path, variables: dict[str, str], place: str) -> None:
    """The compiled shim goes to the user's cache, complete, once."""
    env = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "HOME")}
    env |= {name: str(tmp_path / value) for name, value in variables.items()}
    code = "from lab.drivers.shim import compiled; print(compiled())"
    paths = {subprocess.check_output([sys.executable, "-c", code], env=env, text=True) for _ in range(2)}
    assert len(paths) == 1
    assert os.listdir(tmp_path / place) == [Path(paths.pop().strip()).name]


def test_without_a_home(tmp_path: Path) -> None:
    """Where there is nowhere to cache, the shim lives in a private folder that goes with the process."""
    env = {**os.environ, "XDG_CACHE_HOME": "/proc/nothing", "TMPDIR": str(tmp_path)}
    code = (
        "from lab.drivers.shim import compiled; import os; path = compiled()\n"
        "print(path.is_file(), oct(path.parent.stat().st_mode)[-3:])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], env=env, text=True) == "True 700\n"
    assert os.listdir(tmp_path) == []


def test_without_a_compiler(tmp_path: Path) -> None:
    """Without a C compiler the clock is not to be had, and it is said what to install."""
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PATH": str(tmp_path)}
    code = "from lab.drivers.shim import unavailable; print(unavailable())"
    told = subprocess.check_output([sys.executable, "-c", code], env=env, text=True)
    assert told == "no C compiler for the clock shim: install gcc (cc) and the headers, libc6-dev\n"


def test_table() -> None:
    """Every clock that a driver names is in the table, under its own name, with a text for users."""
    assert {name for driver in DRIVERS.values() for name in driver.clocks} <= set(CLOCKS)
    assert [clock.name for clock in CLOCKS.values()] == list(CLOCKS)
    assert set(CLOCK_NAMES) == set(CLOCKS)
    assert all(clock.what and clock.needs for clock in CLOCKS.values())
