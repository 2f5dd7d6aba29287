"""Measure UDP answers per second of the server's CPU time, beside NSD with the same zone (`make bench`).

dnsperf asks both in turn over loopback. CPU time is the server's alone, so it does not matter which core the
client gets. Where nsd or dnsperf is not installed nothing is measured, and that is said.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab.authority.delegations import top_level_domains
from lab.dnssec.names import name_to_text

TOOLS: Final = ("nsd", "dnsperf")
GOAL: Final = 0.75
"""The share of NSD's answers per CPU second that was hoped for: what two system calls a datagram leave to
Python, however little is done between them (docs/decisions.md)."""
LIMIT: Final = 0.5
"""The share that is promised."""
ROUNDS: Final = 3
SECONDS: Final = 3
NAMES: Final = 1000
"""Top-level domains that are asked for: fewer questions than the responder remembers answers."""
SCENARIO, AT = "2018-actual", "2018-10-12T16:00:00Z"
_TICKS = os.sysconf("SC_CLK_TCK")
_ANSWERED = re.compile(r"Queries completed:\s+(\d+)")
_LOST = re.compile(r"Queries lost:\s+(\d+)")

NSD = """server:
  ip-address: 127.0.0.1
  port: {port}
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  logfile: "{folder}/nsd.log"
  username: ""
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "zone"
"""


def questions() -> str:
    """Return what is asked, as dnsperf reads it: 30 % `. DNSKEY`, the rest DS, referrals and SOA."""
    names = [name_to_text(delegation.owner) for delegation in top_level_domains()][:NAMES]
    lines = []
    for name in names:
        lines += [". DNSKEY"] * 6 + [f"{name} DS"] * 5 + [f"www.{name} A"] * 5 + [". SOA"] * 4
    return "\n".join([*lines, ""])


def cpu_of(leader: int) -> float:
    """Return the CPU seconds that a process and those of its session have used so far."""
    total = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader:
            total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a server in a session of its own, so that all its processes are counted."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def ask(port: int, folder: Path, seconds: int = SECONDS) -> tuple[int, int]:
    """Ask over UDP with DO for some seconds; return how much was answered and how much was lost."""
    command = (
        "dnsperf",
        "-s",
        "127.0.0.1",
        "-p",
        str(port),
        "-d",
        str(folder / "questions"),
        "-D",
        "-T",
        "1",
    )
    run = subprocess.run(
        [*command, "-q", "100", "-l", str(seconds)], capture_output=True, text=True, check=True
    )
    answered, lost = _ANSWERED.search(run.stdout), _LOST.search(run.stdout)
    assert answered is not None, run.stdout
    assert lost is not None, run.stdout
    return int(answered[1]), int(lost[1])


def bench_serving() -> bool:
    """Measure both; True if the promise is kept, or nothing can be measured here."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f"answers per CPU second: not measured, install {' and '.join(missing)}")
        return True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "questions").write_text(questions())
        lab = (sys.executable, "-m", "lab")
        told = ("--at", AT, "--size", "full")
        subprocess.run([*lab, "zone", SCENARIO, *told, "--output", str(folder / "zone")], check=True)
        with running(*lab, "serve", SCENARIO, *told, "--hold") as ours:
            assert ours.stdout is not None
            port = int(ours.stdout.readline().rpartition(":")[2])
            other = port + 1 if port < 65535 else port - 1
            (folder / "nsd.conf").write_text(NSD.format(port=other, folder=folder))
            with running("nsd", "-d", "-c", str(folder / "nsd.conf")) as nsd:
                return compare((ours.pid, port), (nsd.pid, other), folder)


def compare(ours: tuple[int, int], nsd: tuple[int, int], folder: Path) -> bool:
    """Ask both in turn, (process, port) each, and print how they compare."""
    time.sleep(2)  # noqa: TID251 - NSD reads its zone
    rates: dict[int, list[float]] = {ours[1]: [], nsd[1]: []}
    lost = 0
    for _, port in (ours, nsd):
        ask(port, folder, 15)  # every answer has been given once before anything is measured
    for _ in range(ROUNDS):
        for process, port in (ours, nsd):
            begin = cpu_of(process)
            answered, gone = ask(port, folder)
            rates[port].append(answered / (cpu_of(process) - begin))
            lost += gone
    lab, peer = (statistics.median(rates[port]) for _, port in (ours, nsd))
    verdict = "ok" if lab / peer >= LIMIT else "MISSED"
    print(f"{'anchor: NSD, answers over UDP per CPU second':<58} {peer:9.0f}")
    print(
        f"{'rootlab serve --size full, the same':<58} {lab:9.0f}      {lab / peer:6.2f} x  "
        f"promised {LIMIT:5.2f}  {verdict}, hoped for {GOAL:.2f}{f', {lost} lost' if lost else ''}"
    )
    return lab / peer >= LIMIT


if __name__ == "__main__":
    sys.exit(not bench_serving())
