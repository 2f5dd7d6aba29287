"""The lab's own network: what is inside, what comes back out, and that nothing is left, whatever ends it."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from lab.authority.zone import CHILD_SERVER, ROOT_SERVERS
from lab.drivers.netns import available, run_inside
from lab.errors import DriverError, UserError
from tests.conftest import unavailable
from tests.drivers.somebody import start, users

ADDRESSES = (*(a for server in ROOT_SERVERS for a in server[1:]), CHILD_SERVER, "127.0.0.2")

INSIDE = """
import os, signal, subprocess, sys, time
from lab.drivers.netns import run_inside
from lab.errors import DriverError

def work(folder):
    (folder / "file").write_text("")
    subprocess.Popen(["sleep", "1000"], start_new_session=True, stdout=subprocess.DEVNULL)
    print(os.readlink("/proc/self/ns/net"), os.getuid(), flush=True)
    HOW

try:
    print(run_inside(work, addresses=("192.0.2.53", "2001:db8::53")))
except KeyboardInterrupt:
    print("interrupted")
    sys.exit(130)
except ValueError as error:
    print("raised", error)
    sys.exit(1)
"""


LINK = """
import fcntl, os, socket, struct
from lab.drivers.netns import run_inside

def asked(number, name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            return fcntl.ioctl(one, number, struct.pack("16sH14x", name.encode(), 0))
        except OSError:
            return bytes(32)

def about(name):
    flags, address = asked(0x8913, name), asked(0x8915, name)  # SIOCGIFFLAGS, SIOCGIFADDR
    return f"{name}:{flags[16] & 0x41:x}:{socket.inet_ntoa(address[20:24])}"

def work(folder):
    print(*sorted(about(name) for _, name in socket.if_nameindex()))
    print(*sorted({line.split()[-1] for line in open("/proc/net/if_inet6")}))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        print(one.connect_ex(("192.0.2.54", 53)))

run_inside(work, addresses=("127.0.0.2",), link="192.0.2.200")
"""


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    reason = available()
    if reason:
        unavailable(reason)


def test_what_is_inside() -> None:
    """The interface lo has every address asked for, usable at once (no RFC 4862 section 5.4 there)."""

    def look(_folder: Path) -> list[str]:
        bound = []
        for address in ADDRESSES:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as one:
                one.bind((address, 53))
                bound.append(one.getsockname()[0])
        return bound

    assert run_inside(look, addresses=ADDRESSES) == list(ADDRESSES)


@pytest.mark.parametrize("address", ["198.51.100.1", "2001:db8::1", "192.0.2.54"])
def test_nothing_gets_out(address: str) -> None:
    """There is no way to any address that is not on lo."""

    def leave(_folder: Path) -> int:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as one:
            return one.connect_ex((address, 53))

    assert run_inside(leave, addresses=ADDRESSES) == errno.ENETUNREACH


@pytest.mark.parametrize("uid", users())
def test_a_link(uid: int) -> None:
    """A link beside lo has the address asked for, is up and running, has no IPv6, and leads nowhere."""
    with start(LINK, uid=uid) as lab:
        assert lab.stdout is not None
        out = lab.stdout.read().split("\n")
        assert lab.wait(30) == 0, out
    assert out[0] == "lab0:41:192.0.2.200 lab1:41:0.0.0.0 lo:41:127.0.0.1"
    assert out[1:] == ["lo", str(errno.ENETUNREACH), ""]
    assert [name for _, name in socket.if_nameindex() if name.startswith("lab")] == []


def test_services_of_the_host_are_out_of_reach() -> None:
    """Sockets below /run, through which the host's resolver could be asked, are not there."""
    assert run_inside(lambda _: sorted(os.listdir("/run")), addresses=()) == ["rootlab"]
    assert not Path("/run/rootlab").exists()


def test_the_folder() -> None:
    """The folder is empty, writable, a tmpfs of its own, and every user can reach what is in it."""

    def look(folder: Path) -> tuple[list[str], bool, int]:
        before = os.listdir(folder)
        (folder / "x").write_text("y")
        return before, os.path.ismount(folder.parent), folder.stat().st_mode & 0o777

    assert run_inside(look, addresses=()) == ([], True, 0o755)


def test_an_exception_comes_back() -> None:
    """What the work raises is raised here, with the traceback from there as a note."""

    def fail(_folder: Path) -> None:
        raise ValueError("a reason")

    with pytest.raises(ValueError, match="a reason") as caught:
        run_inside(fail, addresses=())
    assert "in fail" in caught.value.__notes__[0]


@pytest.mark.parametrize("error", [DriverError("one line"), UserError("bad", place="here", remedy="mend it")])
def test_an_error_of_the_lab_stays_what_it_is(error: Exception) -> None:
    """Errors with an exit status of their own keep class and text, and have no notes."""

    def fail(_folder: Path) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        run_inside(fail, addresses=())
    assert (str(caught.value), hasattr(caught.value, "__notes__")) == (str(error), False)


def test_what_cannot_be_sent() -> None:
    """A result that cannot be pickled is an error that says so."""
    with pytest.raises(RuntimeError, match="cannot leave the namespace"):
        run_inside(lambda _: lambda: None, addresses=())


def test_a_killed_worker() -> None:
    """If the process inside is killed, that is what the error says."""
    with pytest.raises(DriverError, match="process inside was killed"):
        run_inside(lambda _: os.kill(os.getpid(), signal.SIGKILL), addresses=())


def test_an_address_that_is_none() -> None:
    """An address the kernel refuses is named."""
    with pytest.raises(DriverError, match=r"namespace: ff02::1 cannot be had on lo: "):
        run_inside(lambda _: None, addresses=("ff02::1",))


def test_orphans_are_reaped() -> None:
    """Processes whose parent is gone do not stay as zombies."""

    def leave_orphans(_folder: Path) -> list[str]:
        for _ in range(3):
            subprocess.run(["sh", "-c", "sleep 0.05 &"], check=True)
        time.sleep(0.3)  # noqa: TID251 - the orphans' time
        return sorted(
            name for name in os.listdir("/proc") if name.isdigit() and b"sleep" in _command(f"/proc/{name}")
        )

    def _command(place: str) -> bytes:
        return Path(place, "stat").read_bytes()

    assert run_inside(leave_orphans, addresses=()) == []


@pytest.mark.parametrize("uid", users())
@pytest.mark.parametrize(
    ("how", "number", "status", "told"),
    [
        ("return 5", None, 0, "5"),
        ("raise ValueError(7)", None, 1, "raised 7"),
        ("os.kill(1, signal.SIGKILL); time.sleep(100)", signal.SIGINT, 130, "interrupted"),
        ("time.sleep(100)", signal.SIGINT, 130, "interrupted"),
        ("time.sleep(100)", signal.SIGTERM, -signal.SIGTERM, ""),
        ("time.sleep(100)", signal.SIGKILL, -signal.SIGKILL, ""),
    ],
    ids=["success", "exception", "unkillable-init", "ctrl-c", "sigterm", "kill-9"],
)
def test_nothing_is_left(uid: int, how: str, number: int | None, status: int, told: str) -> None:
    """No process, namespace, mount or file is left, as root and as nobody, whatever ends the lab."""
    before = _mounts_and_files()
    with start(INSIDE.replace("HOW", how), uid=uid) as lab:
        assert lab.stdout is not None
        namespace, who = lab.stdout.readline().split()
        assert (who, namespace != os.readlink("/proc/self/ns/net")) == (str(uid), True)
        if number == signal.SIGINT:
            os.killpg(lab.pid, number)
        elif number is not None:
            os.kill(lab.pid, number)
        output = lab.stdout.read()
    assert (lab.returncode, output.strip()) == (status, told)
    _await_nobody(namespace, at_once=number in (None, signal.SIGINT))
    assert _mounts_and_files() == before


def test_an_interrupt_of_the_caller_alone() -> None:
    """SIGINT to the caller, not from a terminal, reaches the work too, and once only."""
    how = """
    try:
        print("begun", flush=True)
        time.sleep(100)
    except KeyboardInterrupt:
        time.sleep(0.2)
        print("unwound", flush=True)
        raise
    """
    with start(INSIDE.replace("HOW", how), uid=os.geteuid()) as lab:
        assert lab.stdout is not None
        lab.stdout.readline()
        lab.stdout.readline()
        lab.send_signal(signal.SIGINT)
        assert lab.stdout.read().split() == ["unwound", "interrupted"]
    assert lab.returncode == 130


def _mounts_and_files() -> tuple[str, list[str], list[str]]:
    """Return what could be left on this machine: mounts, and files where temporary ones are made."""
    own = [name for name in os.listdir("/tmp") if "rootlab" in name]
    return Path("/proc/self/mountinfo").read_text(), sorted(own), sorted(os.listdir("/run"))


def _await_nobody(namespace: str, *, at_once: bool) -> None:
    """Wait until no process is in a network namespace; nothing else holds it, so it is gone then."""
    deadline = time.monotonic() + 10
    while inside := _members(namespace):
        assert not at_once, f"left in the namespace: {inside}"
        assert time.monotonic() < deadline, f"left in the namespace: {inside}"
        select.select([], [], [], 0.02)


def _members(namespace: str) -> list[str]:
    """Return the processes in a network namespace."""
    inside = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "ns/net") == namespace:
                inside.append(process.name)
        except OSError:
            continue
    return inside
