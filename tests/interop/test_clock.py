"""Real daemons under the lab's clock: timers fire right after a jump, and it shows when they are done."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.zone import CHILD_SERVER, ROOT_SERVERS
from lab.clock import DAY, HOUR, MINUTE
from lab.dnssec.codec import make_query
from lab.dnssec.names import ROOT, name_from_text
from lab.dnssec.rrtypes import A
from lab.drivers import netns, shim
from lab.drivers.clocks import ClockPage
from lab.drivers.driver import FOLDERS, Setting
from lab.drivers.process import Process, canary, run_tool
from lab.drivers.table import driver_of
from lab.nameserver.listener import Listener
from lab.nameserver.responder import Responder
from lab.scenario.load import load_scenario
from tests.conftest import unavailable

SERVERS = (*(address for _, *both in ROOT_SERVERS for address in both), CHILD_SERVER)
ADDRESS, ADDRESS6 = "127.0.0.3", "fd00:1ab::3"
USER = 65534 if os.geteuid() == 0 else None
PATIENCE = 20.0
JUMPS = (12 * HOUR + 5 * MINUTE, 5 * DAY, 12 * HOUR + 5 * MINUTE, 5 * DAY)

Change = Callable[[Path, list[str]], list[str]]


def as_shipped(_folder: Path, command: list[str]) -> list[str]:
    """Run it as the driver says."""
    return command


def four_workers(_folder: Path, command: list[str]) -> list[str]:
    """Run named with four workers."""
    at = command.index("-n")
    return [*command[:at], "-n", "4", *command[at + 2 :]]


def four_threads(folder: Path, command: list[str]) -> list[str]:
    """Run Unbound with four threads."""
    file = folder / "unbound.conf"
    file.write_text(file.read_text().replace("server:", "server:\n    num-threads: 4", 1))
    return command


def without_the_shim(_folder: Path, command: list[str]) -> list[str]:
    """Run it as if it were linked statically."""
    return ["env", "-u", "LD_PRELOAD", *command]


@dataclass(frozen=True)
class Seen:
    """What a daemon did over the jumps: queries until it was quiet, queries after that, what was to come."""

    canary: str
    threads: int = 0
    quiet: tuple[bool, ...] = ()
    queries: tuple[int, ...] = ()
    late: tuple[int, ...] = ()
    due_in: tuple[float, ...] = ()
    latencies: tuple[float, ...] = ()
    tool: str = ""


def watch(name: str, change: Change) -> Seen:
    """Take a daemon over the jumps, in a network of the lab's own."""
    return netns.run_inside(
        lambda folder: _watch(folder, name, change), addresses=(*SERVERS, ADDRESS, ADDRESS6)
    )


def _watch(folder: Path, name: str, change: Change) -> Seen:
    scenario = load_scenario("2018-actual")
    ring = KeyRing(scenario.key_files)
    signer = ZoneSigner(scenario.timeline, ring, watermark=scenario.name)
    roles = Responder(signer, apexes=tuple(signer.child_names or ())), Responder(signer, apexes=(ROOT,))
    page = ClockPage.create(folder / "clock")
    page.jump(scenario.start)

    def answer(wire: bytes, _client: str, local: str, tcp: bool) -> bytes | None:
        return roles[local != CHILD_SERVER].answer(wire, int(page.emulated), tcp)

    driver, place = driver_of(name), folder / "daemon"
    anchors = tuple(ring.key(key).ds(ROOT) for key in scenario.anchors_default)
    setting = Setting(place, ADDRESS, anchors, address6=ADDRESS6)
    for part in ("", *FOLDERS):
        (place / part).mkdir(exist_ok=True)
    for file, text in {**driver.files(setting), **driver.seeds(setting)}.items():
        (place / file).write_text(text)
    command = change(place, driver.command(setting))
    if USER is not None:
        for path in (place, *place.rglob("*")):
            os.chown(path, USER, USER)
    process = Process(
        command, place, page.environment("it") | driver.environment(setting), label="it", user=USER
    )
    with Listener(answer, SERVERS, 53, anywhere=True) as listener, process:
        if told := canary(page, process):
            return Seen(told)
        _await(process)
        return _jumps(page, listener, process)


def _await(process: Process) -> None:
    """Wait until it answers."""
    query = make_query(name_from_text("a.root-servers.net."), A, id=1, rd=True)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.running:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.1)
            try:
                client.connect((ADDRESS, 53))
                client.send(query)
                client.recv(65535)
            except OSError:
                continue
            return
    raise AssertionError("\n".join(process.last_lines()))


def _jumps(page: ClockPage, listener: Listener, process: Process) -> Seen:
    def settle() -> bool:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if page.quiet(("it",), lambda: listener.received if listener.idle() else None):
                return True
            time.sleep(0.0002)  # noqa: TID251
        return False

    quiet, queries, late, due_in, latencies = [settle()], [], [], [], []
    for jump in JUMPS:
        before = listener.received
        page.jump(page.emulated + jump)
        quiet.append(settle())
        done = listener.received
        time.sleep(0.2)  # noqa: TID251
        queries.append(done - before)
        late.append(listener.received - done)
        due_in.append((page.next_deadline("it") or 0) - page.emulated)
    for _ in range(100):
        began = time.monotonic()
        page.jump(page.emulated + 0.001)
        settle()
        latencies.append(time.monotonic() - began)
    date = run_tool(("date", "+%s"), process.folder, page.environment("tool"), user=USER)
    return Seen(
        "",
        page.threads("it"),
        tuple(quiet),
        tuple(queries),
        tuple(late),
        tuple(due_in),
        tuple(sorted(latencies)),
        "right" if abs(int(date) - page.emulated) < 5 else f"{date} at {page.emulated}",
    )


@pytest.fixture(autouse=True)
def _needs(debian_tool: Callable[[str], str]) -> None:
    for reason in (netns.available(), shim.unavailable()):
        if reason:
            unavailable(reason)
    for name in ("unbound", "named", "kresd", "pdns_recursor"):
        debian_tool(name)


@pytest.mark.parametrize(
    ("name", "change", "threads"),
    [
        ("unbound", as_shipped, 1),
        ("unbound", four_threads, 4),
        ("named", as_shipped, 4),
        ("named", four_workers, 10),
        ("kresd", as_shipped, 1),
        ("pdns_recursor", as_shipped, 3),
    ],
)
def test_timers_fire_after_a_jump(name: str, change: Change, threads: int) -> None:
    """What a jump makes due is done by itself, and once the daemon is quiet nothing comes any more."""
    seen = watch(name, change)
    assert (seen.canary, seen.tool) == ("", "right")
    assert seen.threads >= threads
    assert seen.quiet == (True,) * (1 + len(JUMPS))
    assert seen.late == (0,) * len(JUMPS)
    assert all(due > -1 for due in seen.due_in)
    if driver_of(name).managed:  # a probe of RFC 5011 section 2.3 was due at each, half a day or a day on
        assert all(count > 0 for count in seen.queries[1::2])
    assert seen.latencies[50] < 0.005


def test_a_daemon_that_does_not_see_the_clock() -> None:
    """A daemon that does not load the shim does not pass the canary."""
    seen = watch("unbound", without_the_shim)
    assert seen.canary.startswith("it does not see the lab's clock: no thread of it has loaded the shim")
