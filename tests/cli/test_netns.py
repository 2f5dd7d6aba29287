"""`rootlab netns run`: any program in the lab's own network, with its own exit status and the lab's time."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable

import pytest

from lab.drivers import netns, shim
from tests.conftest import unavailable
from tests.drivers.somebody import start, users

RUN = "import sys; from lab.cli import main; raise SystemExit(main(['netns', 'run', *sys.argv[1:]]))"


@pytest.fixture(autouse=True)
def _what_it_takes(debian_tool: Callable[[str], str]) -> None:
    for reason in (netns.available(), shim.unavailable()):
        if reason:
            unavailable(reason)
    debian_tool("dig")


def run(*arguments: str, uid: int | None = None) -> tuple[int, str]:
    """Run `rootlab netns run ARGUMENTS...` as a user; return its exit status and all it printed."""
    with start(RUN, uid=os.geteuid() if uid is None else uid, arguments=arguments) as lab:
        assert lab.stdout is not None
        return lab.wait(60), lab.stdout.read()


@pytest.mark.parametrize("uid", users())
def test_a_command_sees_the_root_and_its_time(uid: int) -> None:
    """The root answers at its own addresses, and the command's clock shows the scenario's date."""
    script = (
        "date -u +%F; dig +short @198.41.0.4 . NS; dig +short @2001:dc3::35 _rootlab. TXT;"
        ' cat "$ROOTLAB_FOLDER/root.key";'
        " dig +norecurse @192.33.4.12 www.alpha | grep ^alpha; dig +short @192.0.2.53 www.alpha; id -u"
    )
    status, out = run("2018-actual", "--at", "2018-10-11T17:00:00Z", "--", "sh", "-c", script, uid=uid)
    lines = out.splitlines()
    assert (status, lines[0], lines[-1]) == (0, "2018-10-11", str(uid))
    assert "m.root-servers.net." in lines
    assert any("scenario=2018-actual" in line for line in lines)
    assert any(line.startswith(". 172800 IN DS 20326 8 2 ") for line in lines)
    assert [line.split()[3:] for line in lines if line.startswith("alpha.")] == [["NS", "ns.alpha."]]
    assert lines[-2] == "192.0.2.1"


def test_letters_at_their_own_addresses() -> None:
    """A fault of one letter is met at its address, and at no other."""
    script = "for letter in 198.41.0.4 170.247.170.2; do dig +short @$letter id.server CH TXT;" \
        " dig +short +dnssec @$letter . DNSKEY | awk '/^DNSKEY/ { print $7 }'; done"  # fmt: skip
    options = ("--at", "2018-10-12T16:00:00Z", "--fault", "stale=P2D@b", "--impair", "tcp-refused@c")
    status, out = run("2018-actual", *options, "--", "sh", "-c", script)
    assert (status, out.splitlines()) == (0, ['"a.rootlab"', "20326", '"b.rootlab"', "19036"])


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("sleep 1000 & exit 3", 3)]
)
def test_its_exit_status_is_ours(script: str, status: int) -> None:
    """The command's exit status is the exit status, as a shell tells it; what it leaves running is ended."""
    assert run("2018-actual", "--clock", "none", "--", "sh", "-c", script) == (status, "")


def test_a_command_that_is_none() -> None:
    """A program that does not exist is named in one line, with exit status 2."""
    status, out = run("2018-actual", "--", "/nonesuch")
    assert (status, out.count("\n")) == (2, 1)
    assert out.startswith(
        "rootlab: /nonesuch: the command cannot be started: No such file or directory; give "
    )


def test_no_command() -> None:
    """Without a command there is nothing to run."""
    status, out = run("2018-actual")
    assert (status, "give a command to run, after --" in out) == (2, True)


def test_time_goes_fast() -> None:
    """At a high rate the command's hours take a moment, and the root's go with them."""
    script = "date -u +%F; date +%s; sleep 7200; date +%s; dig +short @198.41.0.4 . SOA | cut -d' ' -f3"
    begin = time.monotonic()
    arguments = ("2018-actual", "--at", "2018-10-01T04:00:00Z", "--rate", "7200", "--", "sh", "-c", script)
    status, out = run(*arguments)
    date, before, after, serial = out.split()
    assert (status, date, int(after) - int(before) >= 7200) == (0, "2018-10-01", True)
    assert serial.startswith("20181001")
    assert time.monotonic() - begin < 30


def test_time_stands_still() -> None:
    """With --hold the root's time stands still, and the command's goes on from there."""
    script = "dig +short @198.41.0.4 . SOA; date -u +%FT%H"
    arguments = (
        "2018-actual",
        "--at",
        "2018-10-01T04:59:59Z",
        "--hold",
        "--",
        "sh",
        "-c",
        f"sleep 1; {script}",
    )
    status, out = run(*arguments)
    soa, date = out.splitlines()
    assert (status, soa.split()[2], date) == (0, "2018093001", "2018-10-01T05")


def test_real_time() -> None:
    """With --clock none the command sees the real date."""
    status, out = run("2018-actual", "--clock", "none", "--", "date", "-u", "+%Y")
    assert (status, int(out) >= 2024) == (0, True)


@pytest.mark.parametrize("whole_group", [True, False])
def test_ctrl_c(whole_group: bool) -> None:
    """Ctrl-C ends the command and the lab, with 130, whether the command heard it or not."""
    script = "trap 'exit 5' INT; echo begun; while :; do sleep 0.1; done"
    with start(
        RUN, uid=os.geteuid(), arguments=("2018-actual", "--clock", "none", "--", "sh", "-c", script)
    ) as lab:
        assert lab.stdout is not None
        assert lab.stdout.readline() == "begun\n"
        select.select([], [], [], 0.05)
        if whole_group:
            os.killpg(lab.pid, signal.SIGINT)
        else:
            lab.send_signal(signal.SIGINT)
        assert (lab.wait(20), lab.stdout.read()) == (130, "rootlab: interrupted\n")
