"""A real resolver inside the lab's network: it works as it comes, and no packet of it is seen outside."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.authority.zone import CHILD_SERVER, ROOT_SERVERS
from lab.drivers import netns, shim
from tests.conftest import unavailable
from tests.drivers.somebody import start, users

RUN = "import sys; from lab.cli import main; raise SystemExit(main(['netns', 'run', *sys.argv[1:]]))"
HINTS = "/usr/share/dns/root.hints"
MARK = "seen-by-nobody"

SCRIPT = f"""
cd "$ROOTLAB_FOLDER" && mkdir unbound && cat > unbound.conf <<END
server:
  interface: 127.0.0.2
  directory: "$ROOTLAB_FOLDER/unbound"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: "$ROOTLAB_FOLDER/unbound/log"
  do-daemonize: no
  do-not-query-localhost: no
  root-hints: "{HINTS}"
  trust-anchor-file: "$ROOTLAB_FOLDER/root.key"
END
unbound -d -c unbound.conf &
until dig +short +tries=1 +time=1 @127.0.0.2 . NS > answer; grep -q root-servers answer; do sleep 0.1; done
dig @127.0.0.2 {MARK}.alpha | grep -e ";; flags:" -e ^{MARK}
dig @127.0.0.2 {MARK}.beta | grep -e ";; flags:" -e ^{MARK}
"""


@pytest.fixture(autouse=True)
def _what_it_takes(debian_tool: Callable[[str], str]) -> None:
    for reason in (netns.available(), shim.unavailable()):
        if reason:
            unavailable(reason)
    for tool in ("dig", "unbound", "tcpdump"):
        debian_tool(tool)
    if not Path(HINTS).exists():
        unavailable(f"{HINTS} is missing: run `make setup-system`")


def run_resolver(uid: int) -> str:
    """Run Unbound inside as a user, the day after the roll of 2018, and return what its client sees."""
    arguments = ("2018-actual", "--at", "2018-10-12T12:00:00Z", "--", "sh", "-c", SCRIPT)
    with start(RUN, uid=uid, arguments=arguments) as lab:
        assert lab.stdout is not None
        out = lab.stdout.read()
        assert lab.wait(60) == 0, out
        return out


@pytest.mark.parametrize("uid", users())
def test_a_resolver_with_its_own_hints(uid: int) -> None:
    """Unbound finds the root by its package's hints, on port 53, and validates what is signed."""
    signed, address, unsigned, other = run_resolver(uid).splitlines()
    assert (" ad;" in signed, address.split()[-1]) == (True, "192.0.2.1")
    assert (" ad;" in unsigned, other.split()[-1]) == (False, "192.0.2.1")


def test_nothing_is_seen_outside(tmp_path: Path) -> None:
    """A capture on every interface of the host sees none of it, while it does see a packet sent outside."""
    if os.geteuid() != 0:
        unavailable("capturing packets takes root")
    with capture(tmp_path / "packets") as seen:
        run_resolver(0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            control.sendto(
                bytes(5) + b"\x01" + bytes(6) + b"\x07control\x00\x00\x01\x00\x01", ("127.0.0.1", 53)
            )
        _await(lambda: "control" in seen())
        lines = seen().splitlines()
    addresses = [address for _, *both in ROOT_SERVERS for address in both]
    ours = (*(f" {address}." for address in (*addresses, CHILD_SERVER, "127.0.0.2")), MARK, "alpha", "_ta-")
    assert [line for line in lines if any(mark in line for mark in ours)] == []


@contextmanager
def capture(file: Path) -> Iterator[Callable[[], str]]:
    """Capture DNS on all interfaces of the host, and yield a function that returns the packets so far."""
    recorder = subprocess.Popen(
        ["tcpdump", "-i", "any", "--immediate-mode", "-U", "-Z", "root", "-w", str(file), "port 53"],
        stderr=subprocess.PIPE,
        text=True,
    )
    with recorder:
        try:
            assert recorder.stderr is not None
            assert "listening on" in recorder.stderr.readline() + recorder.stderr.readline()
            yield (
                lambda: (
                    subprocess.run(
                        ["tcpdump", "-nn", "-r", str(file)], capture_output=True, text=True, check=True
                    ).stdout
                )
            )
        finally:
            recorder.terminate()


def _await(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.05)
