"""Processes of the lab: watched, told to end, made to end, and nothing of them stays."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.drivers import shim
from lab.drivers.clocks import ClockPage
from lab.drivers.process import Process, canary, run_tool
from lab.errors import DriverError
from tests.conftest import unavailable

NOBODY = 65534
STUBBORN = "trap '' TERM; echo begun; while true; do sleep 0.1; done"


def sh(text: str) -> tuple[str, ...]:
    """Return the command line that lets the shell do something."""
    return ("sh", "-c", text)


def until(true: Callable[[], object]) -> bool:
    """Wait for something to become true, and say whether it did."""
    end = time.monotonic() + 10
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)  # noqa: TID251
    return True


def alive(pid: int) -> bool:
    """Say whether there is such a process that is not dead already."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_an_end_of_its_own_is_told(tmp_path: Path) -> None:
    """A process that ends by itself leaves its status and its last lines."""
    process = Process(sh("echo one; echo two >&2; exit 7"), tmp_path)
    assert process.exited is None
    process.start()
    ended = process.wait(10)
    assert ended is not None
    assert (ended.status, ended.lines) == (7, ("one", "two"))
    assert not process.running


def test_a_restart_appends_to_the_log(tmp_path: Path) -> None:
    """A process can be started again, and its log goes on."""
    process = Process(sh("echo run"), tmp_path)
    for _ in range(2):
        process.start()
        process.wait(10)
    assert process.last_lines() == ("run", "run")


def test_who_does_not_listen_is_killed(tmp_path: Path) -> None:
    """A process that ignores SIGTERM is killed after the time of grace."""
    process = Process(sh(STUBBORN), tmp_path)
    process.start()
    assert until(lambda: process.last_lines() == ("begun",))
    ended = process.terminate(grace=0.1)
    assert ended is not None
    assert ended.status == -signal.SIGKILL


def test_children_go_too(tmp_path: Path) -> None:
    """What a process has started ends with it, though the process itself ended before."""
    process = Process(sh("sleep 1000 & echo $!"), tmp_path)
    process.start()
    assert process.wait(10) is not None
    child = int(process.last_lines()[0])
    assert alive(child)
    process.kill()
    assert until(lambda: not alive(child))


def test_an_exception_leaves_nothing(tmp_path: Path) -> None:
    """Leaving the context ends the process."""
    process = Process(("sleep", "1000"), tmp_path)
    with pytest.raises(ZeroDivisionError), process:
        print(1 // (not process.running))
    assert not process.running
    assert not alive(process.pid)


def test_surroundings(tmp_path: Path) -> None:
    """A process gets what it is given and little else, whatever the environment of the lab is."""
    printed = run_tool(("env",), tmp_path, {"ONE": "1"})
    names = {line.partition("=")[0] for line in printed.splitlines()}
    assert names == {"PATH", "HOME", "LANG", "TZ", "ONE"}


def test_another_user() -> None:
    """As root the lab starts processes as nobody, with no groups and a log of their own."""
    if os.geteuid() != 0:
        unavailable("only root can start processes as somebody else")
    assert run_tool(sh("id -u; id -G"), Path("/"), user=NOBODY).split() == ["65534", "65534"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        process = Process(sh("id -u"), folder, user=NOBODY)
        process.start()
        process.wait(10)
        assert process.last_lines() == ("65534",)
        assert process.log.stat().st_uid == NOBODY


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("no-such-program",), "no-such-program is not installed; `rootlab doctor` says which package"),
        (sh("echo hm; echo it broke >&2; exit 3"), "sh: status 3: it broke"),
        (sh("exit 4"), "sh: status 4: it says nothing"),
        (("sleep", "1000"), "sleep: no answer within 0.1 s: sleep 1000"),
    ],
)
def test_a_tool_that_fails(tmp_path: Path, command: tuple[str, ...], problem: str) -> None:
    """A control program that is missing, fails or hangs is an error of one line."""
    with pytest.raises(DriverError) as caught:
        run_tool(command, tmp_path, timeout=0.1 if command[0] == "sleep" else 10)
    assert str(caught.value).startswith(problem)
    assert caught.value.exit_status == 3


def test_canary(tmp_path: Path) -> None:
    """A process with the shim passes; without it, or ended, it cannot be shown to see the lab's time."""
    if reason := shim.unavailable():
        unavailable(reason)
    page = ClockPage.create(tmp_path / "clock")
    told = {}
    for name, command in (
        ("sees", (sys.executable, "-c", "import time; time.sleep(1000)")),
        ("blind", ("sleep", "1000")),
        ("ended", sh("echo no such option; exit 2")),
    ):
        folder = tmp_path / name
        folder.mkdir()
        environment = page.environment(name)
        if name == "blind":
            del environment["LD_PRELOAD"]
        with Process(command, folder, environment, label=name) as process:
            if name == "ended":
                process.wait(10)
            told[name] = canary(page, process)
    page.close()
    assert told["sees"] == ""
    assert told["blind"].startswith("blind does not see the lab's clock: no thread of it has loaded the shim")
    assert told["ended"] == "ended ended with status 2: no such option"
