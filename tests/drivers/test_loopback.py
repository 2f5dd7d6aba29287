"""Without namespaces: a folder and processes of the lab's own on the machine itself, and nothing stays."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.drivers import loopback
from lab.drivers.loopback import free_port, run_on_loopback, sweep, why_not
from lab.drivers.process import Process, run_tool
from lab.errors import DriverError
from tests.drivers.somebody import python_for, start, users

LAB = """
import sys, tempfile, time
from pathlib import Path
from lab.drivers.loopback import run_on_loopback
from lab.drivers.process import Process

tempfile.tempdir = sys.argv[1]

def work(folder):
    inner = folder / "daemon"
    inner.mkdir()
    process = Process(("sh", "-c", "sleep 1000 & echo $! > child; wait"), inner, leash=True)
    process.start()
    while not (inner / "child").exists() or not (inner / "child").read_text():
        time.sleep(0.01)
    print(folder, process.pid, (inner / "child").read_text().strip(), flush=True)
    time.sleep(1000)

run_on_loopback(work)
"""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the lab a folder for temporary files that is nobody else's, by a short path."""
    folder = Path(tempfile.mkdtemp(prefix="lab", dir="/tmp"))
    folder.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def alive(pid: int) -> bool:
    """Say whether there is such a process that is not dead already."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def soon(true: Callable[[], object]) -> bool:
    """Wait for something to become true, and say whether it did."""
    end = time.monotonic() + 10
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)  # noqa: TID251
    return True


def test_the_folder_goes(place: Path) -> None:
    """The folder is empty but for its lock, everybody may enter it, and at the end it is gone."""

    def work(folder: Path) -> tuple[int, Path]:
        assert folder.parent == place
        assert [path.name for path in folder.iterdir()] == ["lock"]
        return folder.stat().st_mode & 0o777, folder

    assert run_on_loopback(work)[0] == 0o755
    assert list(place.iterdir()) == []


def test_the_folder_goes_whatever_happens(place: Path) -> None:
    """What work raises comes through, and nothing is left."""

    def work(folder: Path) -> None:
        (folder / "sub").mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_on_loopback(work)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("uid", users())
def test_a_lab_that_is_killed(place: Path, uid: int) -> None:
    """A daemon dies with the lab; its folder, and what it had started itself, are cleared by the next lab."""
    lab = start(LAB, uid=uid, arguments=(str(place),))
    assert lab.stdout is not None
    folder, daemon, child = lab.stdout.readline().split()
    lab.kill()
    lab.wait()
    lab.stdout.close()
    try:
        assert soon(lambda: not alive(int(daemon)))
        assert Path(folder).is_dir()
        assert alive(int(child))
        next_lab = start(LAB, uid=uid, arguments=(str(place),))
        assert next_lab.stdout is not None
        other = next_lab.stdout.readline().split()[0]
        next_lab.send_signal(signal.SIGINT)
        next_lab.stdout.read()
        next_lab.wait()
        next_lab.stdout.close()
        assert soon(lambda: not alive(int(child)))
        assert other != folder
        assert list(place.iterdir()) == []
    finally:
        if alive(int(child)):
            os.kill(int(child), signal.SIGKILL)


def test_a_lab_that_lives_is_left_alone(place: Path) -> None:
    """Another lab that runs at the same time keeps its folder; so does what only looks like one."""
    (place / "rootlab-loopback-mine").mkdir()
    (place / "rootlab-loopback-link").symlink_to(place)

    def work(folder: Path) -> bool:
        sweep()
        return folder.is_dir()

    assert run_on_loopback(work)
    assert {path.name for path in place.iterdir()} == {"rootlab-loopback-mine", "rootlab-loopback-link"}


def test_a_long_path_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets lie below the folder, and their paths are short."""
    monkeypatch.setattr(tempfile, "tempdir", str(place / ("x" * 60)))
    with pytest.raises(DriverError, match="set TMPDIR to a shorter one"):
        run_on_loopback(lambda folder: None)


def test_ports() -> None:
    """A free port is free everywhere; one that somebody has on one of the addresses is not."""
    port = free_port()
    assert why_not(port) == ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as somebody:
        somebody.bind((loopback.CHILDREN, port))
        assert why_not(port) == f"port {port} of {loopback.CHILDREN} cannot be had: Address already in use"


def test_a_leash_hides_nothing(tmp_path: Path) -> None:
    """A program on a leash has the environment it is given and no more, and tells its own status."""
    text = run_tool(("env",), tmp_path, {"LD_SHOWN": "yes", "WORD": "a b=c"}, leash=True)
    lines = dict(line.partition("=")[::2] for line in text.splitlines())
    assert (lines["WORD"], lines["TZ"], lines["HOME"]) == ("a b=c", "UTC", str(tmp_path))
    with Process(("sh", "-c", "exit 7"), tmp_path, leash=True) as process:
        ended = process.wait(10)
    assert ended is not None
    assert ended.status == 7


@pytest.mark.parametrize("uid", users())
def test_a_leash_for_another_user(tmp_path: Path, uid: int) -> None:
    """As another user a program on a leash may bind the port of DNS, and nothing else that root may."""
    other = uid != os.geteuid()
    code = (
        "import os, socket, sys; one = socket.socket(); one.bind(('127.0.53.99', int(sys.argv[1]))); "
        "print(os.getuid(), open('/proc/self/status').read().split('CapEff:')[1].split()[0])"
    )
    command = (python_for(uid), "-c", code, "53" if other else "0")
    told, rights = run_tool(command, tmp_path, user=uid if other else None, leash=True).split()
    assert int(told) == uid
    if other:
        assert int(rights, 16) == 1 << 10
