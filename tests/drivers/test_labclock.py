"""The shim: every way to wait ends after a jump, as after the time itself; threads tell of themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.drivers import shim
from lab.drivers.clocks import ClockPage
from tests.conftest import unavailable

HOUR = 3600
START = 1_539_273_600.0
"""2018-10-11T16:00:00Z."""
PATIENCE = 10.0

WAITS = {
    "sleep": "0",
    "usleep": "0",
    "nanosleep": "0",
    "nanosleep-until": "0",
    "poll": "0",
    "ppoll": "0",
    "epoll": "0",
    "epoll_pwait": "0",
    "select": "0",
    "pselect": "0",
    "cond-realtime": "ETIMEDOUT",
    "cond-monotonic": "ETIMEDOUT",
    "sem": "-1 ETIMEDOUT",
    "sigtimedwait": "-1 EAGAIN",
    "timerfd": "1",
    "timerfd-until": "1",
    "timerfd-again": "1",
    "exec-fails": "0",
}
"""A way to wait for an hour in clock_probe.c: what it says when the hour is over."""


@pytest.fixture(scope="module", autouse=True)
def _shim() -> None:
    reason = shim.unavailable()
    if reason:
        unavailable(reason)


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the compiled clock_probe.c."""
    target = tmp_path_factory.mktemp("probe") / "clock_probe"
    source = Path(__file__).with_name("clock_probe.c")
    subprocess.run(["cc", "-O1", "-o", target, source, "-pthread"], check=True)
    return target


@pytest.fixture
def page(tmp_path: Path) -> Iterator[ClockPage]:
    """Return a clock page that stands at the hour of the roll."""
    page = ClockPage.create(tmp_path / "clock")
    page.jump(START)
    yield page
    page.close()


Starter = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(page: ClockPage) -> Iterator[Starter]:
    """Return a function that starts a program under the clock, by default under the label `it`."""
    running: list[subprocess.Popen[str]] = []

    def begin(*command: object, label: str = "it", **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(part) for part in command],
            env={**os.environ, **page.environment(label), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def until(true: Callable[[], object]) -> bool:
    """Wait for something to become true, and say whether it did."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.0005)  # noqa: TID251
    return True


def said(process: subprocess.Popen[str]) -> str:
    """Return the next line a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


@pytest.mark.parametrize("how", WAITS)
def test_wait_ends_by_a_jump(page: ClockPage, start: Starter, probe: Path, how: str) -> None:
    """The wait is seen with its deadline; it outlasts a small jump, and ends as if the hour had passed."""
    process = start(probe, how)
    assert said(process) == "ready"
    assert until(lambda: page.idle("it") and page.next_deadline("it") is not None)
    deadline = page.next_deadline("it")
    assert deadline is not None
    assert deadline == pytest.approx(START + HOUR, abs=5)

    page.jump(START + HOUR / 2)
    time.sleep(0.02)  # noqa: TID251
    assert process.poll() is None
    assert until(lambda: page.idle("it"))
    assert page.next_deadline("it") == pytest.approx(deadline, abs=0.1)

    page.jump(START + HOUR + 10)
    assert said(process) == WAITS[how]


def test_a_lock_is_waited_for(page: ClockPage, start: Starter, probe: Path) -> None:
    """A lock with a time limit is given up when the emulated time has come."""
    process = start(probe, "lock")
    assert said(process) == "ready"
    assert until(lambda: page.threads("it") == 2 and page.idle("it"))
    page.jump(START + HOUR + 10)
    assert said(process) == "ETIMEDOUT"


def test_select_asks_again(page: ClockPage, start: Starter, probe: Path) -> None:
    """What select was to look at survives the slices, and what it says to be left is emulated time."""
    process = start(probe, "select-input")
    assert said(process) == "ready"
    assert until(lambda: page.idle("it"))
    page.jump(START + HOUR)
    time.sleep(0.02)  # noqa: TID251
    assert process.stdin is not None
    process.stdin.write("x\n")
    process.stdin.flush()
    assert said(process) == "1"


def test_interrupted_sleep(page: ClockPage, start: Starter, probe: Path) -> None:
    """A signal ends a sleep, and what is left of it is emulated time."""
    process = start(probe, "interrupted")
    assert said(process) == "ready"
    assert until(lambda: page.next_deadline("it") and page.idle("it"))
    page.jump(START + HOUR)
    assert said(process) == "-1 EINTR 5"


@pytest.mark.parametrize(
    ("how", "expected"), [("invalid", "-1 EINVAL"), ("signals", "40000"), ("stamps", "0 0")]
)
def test_semantics(start: Starter, probe: Path, how: str, expected: str) -> None:
    """Errors are libc's, no signal to a condition variable is lost, the kernel stamps no packets."""
    process = start(probe, how)
    assert said(process) == "ready"
    assert said(process) == expected


def test_monotonic(page: ClockPage, start: Starter, probe: Path) -> None:
    """The monotonic clock does not run back, even when the date is set back again and again."""
    process = start(probe, "backwards")
    assert said(process) == "ready"
    for _ in range(2000):
        page.jump(page.emulated + 3)
        page.jump(page.emulated - 2)
    assert said(process) == "forwards"


def test_slots_are_given_back(page: ClockPage, start: Starter, probe: Path) -> None:
    """A thread takes a slot when it begins and gives it back when it ends; so does a process."""
    process = start(probe, "thread")
    assert said(process) == "ready"
    assert until(lambda: page.threads("it") == 2 and page.idle("it"))
    page.jump(START + HOUR + 1)
    assert said(process) == "joined"
    assert page.threads("it") == 1
    assert until(lambda: page.next_deadline("it") and page.idle("it"))
    page.jump(START + 3 * HOUR)
    assert process.wait(PATIENCE) == 0
    assert page.threads("it") == 0


def test_the_dead_are_forgotten(page: ClockPage, start: Starter, probe: Path) -> None:
    """The slots of a process that was killed are free again."""
    process = start(probe, "sleep")
    assert said(process) == "ready"
    assert until(lambda: page.idle("it"))
    process.kill()
    process.wait()
    assert page.threads("it") == 0
    assert page.busy(("it",)) == "no thread of it has the lab's clock"


PYTHON = """
import os, sys, time
print("ready", flush=True)
{}
"""


@pytest.mark.parametrize("work", ["while True: pass", "while True: time.time()"])
def test_who_works_is_not_idle(page: ClockPage, start: Starter, work: str) -> None:
    """A thread that computes, or reads the clock all the time, is busy."""
    process = start(sys.executable, "-c", PYTHON.format(work))
    assert said(process) == "ready"
    assert not any(page.idle("it") for _ in range(50))
    assert page.idle_for_ns("it") == 0


def test_a_child_counts_from_the_fork_on(page: ClockPage, start: Starter, probe: Path) -> None:
    """Who waits for a child is not idle before the child has a slot: it may not have run at all yet."""
    process = start(probe, "forks")
    assert said(process) == "ready"
    idle = 0
    while process.poll() is None:
        idle += page.idle("it")
    assert (said(process), idle) == ("forked", 0)


def test_a_forked_child_counts(page: ClockPage, start: Starter) -> None:
    """A child that works makes its label busy while its parent waits, and has a slot of its own."""
    process = start(sys.executable, "-c", PYTHON.format("if os.fork():\n    os.wait()\nwhile True: pass"))
    assert said(process) == "ready"
    assert until(lambda: page.threads("it") == 2)
    assert not any(page.idle("it") for _ in range(50))
    child = next(slot.pid for slot in page.slots("it") if slot.pid != process.pid)
    os.kill(child, 9)
    assert until(lambda: page.threads("it") == 1)


def test_a_program_without_the_shim_is_seen(page: ClockPage, start: Starter) -> None:
    """Whoever is executed with LD_PRELOAD cleared, as a static program is in effect, has no slot left."""
    process = start("env", "-u", "LD_PRELOAD", sys.executable, "-c", PYTHON.format("time.sleep(60)"))
    assert said(process) == "ready"
    assert page.threads("it") == 0


def test_a_wait_for_anything_else(page: ClockPage, start: Starter) -> None:
    """A thread that sleeps in a system call the shim does not know is idle all the same."""
    process = start(sys.executable, "-c", PYTHON.format("sys.stdin.read(1)\nprint('read')"))
    assert said(process) == "ready"
    assert until(lambda: page.idle("it"))
    assert page.next_deadline("it") is None


def test_without_a_page(start: Starter) -> None:
    """The library is harmless where there is no page: real time, real waits."""
    code = PYTHON.format("time.sleep(0.01); print(int(time.time()))")
    process = start(sys.executable, "-c", code, LABCLOCK_FILE="/nonexistent/page")
    assert said(process) == "ready"
    assert int(said(process)) == pytest.approx(time.time(), abs=60)  # noqa: TID251


def test_time_of_day(start: Starter) -> None:
    """`date` tells the emulated time, and no child of a program gets another."""
    process = start("sh", "-c", "date -u +%Y-%m-%dT%H:%M; date -u +%Y-%m")
    assert [said(process), said(process)] == ["2018-10-11T16:00", "2018-10"]


def test_compiles_without_warnings(tmp_path: Path) -> None:
    """The shim compiles with all warnings as errors."""
    target = str(tmp_path / "labclock.so")
    command = ["cc", *shim.FLAGS, "-Werror", "-o", target, str(shim.SOURCE), "-ldl", "-pthread"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""
