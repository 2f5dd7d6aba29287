"""Measure the signing of a full root, beside `openssl speed` and `dnssec-signzone` (a part of `make bench`).

The lab makes the zone from the list of names and writes it signed, digest and all; dnssec-signzone reads the
same zone unsigned and writes it signed, without a digest. Both are whole processes, measured in turn. The
command `rootlab zone` reads a scenario besides, for which it loads a library as large as the rest.
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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from lab.authority.delegations import top_level_domains
from lab.authority.keyring import KeyRing
from lab.authority.signer import ROOT_CYCLE, SigningCycle, ZoneSigner
from lab.authority.zone import zones_of
from lab.authority.zone_data import Place, fetch_all
from lab.clock import DAY, HOUR, Instant, format_instant, parse_instant, to_datetime
from lab.dnssec.rrset import SignedRRset
from lab.scenario.load import load_scenario

ROUNDS = 5
SCENARIO = "2018-actual"
ROLL = parse_instant("2018-10-11T16:00:00Z")
FLOOR_LIMIT, PEER_LIMIT, LOAD_LIMIT = 1.45, 1.15, 0.5
TOOLS = ("openssl", "dnssec-keygen", "dnssec-signzone")
RATE = re.compile(r"^rsa 2048 bits\s.*?\s([0-9.]+)\s+[0-9.]+\s*$", re.MULTILINE)
ADDED_BY_A_SIGNER = ("RRSIG", "NSEC", "DNSKEY", "ZONEMD")


class Cost(NamedTuple):
    """What a process took: seconds of CPU, and on the clock."""

    cpu: float
    wall: float


def cost(folder: Path, *command: str) -> Cost:
    """Run a command to its end and return what it took."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    assert not status, " ".join(command)
    return Cost(usage.ru_utime + usage.ru_stime, wall)


def openssl_rate() -> float:
    """Return how many RSA-2048 signatures OpenSSL makes in a second of CPU."""
    command = ("openssl", "speed", "-seconds", "1", "rsa2048")
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    found = RATE.search(run.stdout)
    assert found is not None, run.stdout
    return float(found[1])


def lab_command(output: Path) -> tuple[str, ...]:
    """Return a command that signs and writes the zone with one thread."""
    code = f"""
from pathlib import Path
from lab.authority.keyring import KeyRing
from lab.authority.signer import ROOT_CYCLE, SigningCycle, ZoneSigner
from lab.authority.slots import root_history
from lab.authority.zone_file import zone_text
Path({str(output)!r}).write_text(zone_text(ZoneSigner(root_history(), KeyRing()), {ROLL}, "full"))
"""
    return (sys.executable, "-c", code)


def rootlab_command(output: Path) -> tuple[str, ...]:
    """Return the command that people type, which uses two threads."""
    options = ("--at", format_instant(ROLL), "--size", "full", "--output", str(output))
    return (sys.executable, "-m", "lab", "zone", SCENARIO, *options)


def peer_command(folder: Path, threads: str) -> tuple[str, ...]:
    """Return the command that does it with dnssec-signzone, made ready in a folder: the zone and two keys."""
    lines = [
        line for line in (folder / "lab").read_text().splitlines() if kind(line) not in ADDED_BY_A_SIGNER
    ]
    stems = []
    for extra in (("-f", "KSK"), ()):
        command = ("dnssec-keygen", "-q", "-a", "RSASHA256", "-b", "2048", *extra, ".")
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        stems.append(run.stdout.strip())
    (folder / "unsigned").write_text("\n".join([*lines, *(f"$INCLUDE {stem}.key" for stem in stems), ""]))
    window = [f"{to_datetime(ROLL + days * DAY):%Y%m%d%H%M%S}" for days in (0, 13)]
    ends = ("-s", window[0], "-e", window[1])
    files = ("-f", "peer", "-k", stems[0], "unsigned", stems[1])
    return ("dnssec-signzone", "-P", "-n", threads, "-o", ".", *ends, *files)


def kind(line: str) -> str:
    """Return the type of a line of a master file."""
    return line.split("\t", 4)[3]


def bench_files() -> bool:
    """Measure signing from file to file; True if both promises are kept."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print("signing the full root: not measured, install openssl and bind9-utils")
        return True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        signed = folder / "lab"
        cost(Path.cwd(), *lab_command(signed))
        count = sum(kind(line) == "RRSIG" for line in signed.read_text().splitlines())
        commands = (
            (Path.cwd(), lab_command(signed)),
            (folder, peer_command(folder, "1")),
            (Path.cwd(), rootlab_command(signed)),
            (folder, peer_command(folder, "2")),
        )
        rates: list[float] = []
        taken: list[list[Cost]] = [[] for _ in commands]
        for _ in range(ROUNDS):
            rates.append(openssl_rate())
            for costs, (place, command) in zip(taken, commands, strict=True):
                costs.append(cost(place, *command))
    floor = count / statistics.median(rates)
    lab, peer, rootlab, peer_two = (
        Cost(*(statistics.median(column) for column in zip(*costs, strict=True))) for costs in taken
    )
    print(f"{f'anchor: {count} RSA-2048 signatures, openssl speed':<58} {floor:9.2f} s")
    print(f"{'anchor: dnssec-signzone -n 1, file to file':<58} {peer.cpu:9.2f} s")
    print(f"{'anchor: dnssec-signzone -n 2, on the clock':<58} {peer_two.wall:9.2f} s")
    kept = show("sign the full root, file to file, against openssl", lab.cpu, floor, FLOOR_LIMIT)
    kept &= show("the same, against dnssec-signzone -n 1", lab.cpu, peer.cpu, PEER_LIMIT)
    show("rootlab zone --size full, two threads: CPU, openssl", rootlab.cpu, floor, None)
    show("the same on the clock, against dnssec-signzone -n 2", rootlab.wall, peer_two.wall, None)
    return kept


def show(what: str, seconds: float, anchor: float, promise: float | None) -> bool:
    """Print one figure beside its anchor; True if nothing was promised or the promise is kept."""
    ratio = seconds / anchor
    kept = promise is None or ratio <= promise
    said = "" if promise is None else f"  promised {promise:5.2f}  {'ok' if kept else 'MISSED'}"
    print(f"{what:<58} {seconds:9.2f} s   {ratio:6.2f} x{said}")
    return kept


def bench_steps() -> bool:
    """Count the signatures that steps of the clock cost; True if at most two more than RRsets changed.

    The root renews every signature twice a day: there an RRset counts as changed if its signature must be
    another. Where signatures are kept for a week, only other content counts.
    """
    return all([steps_of("as in the root", ROOT_CYCLE), steps_of("signatures kept for a week", WEEKLY)])


WEEKLY = SigningCycle(7 * DAY, 0, HOUR, 21 * DAY)
STEPS: tuple[tuple[str, Instant], ...] = (
    ("cold", ROLL - 1),
    ("a second later, another key signs DNSKEY", ROLL),
    ("a day later", ROLL + DAY - 1),
)


def steps_of(what: str, cycle: SigningCycle) -> bool:
    """Take a full root signed in some cycle over the steps."""
    authority = ZoneSigner(load_scenario(SCENARIO).timeline, KeyRing(), watermark=SCENARIO, cycle=cycle)
    zone = zones_of(authority, "full")[0]
    held: dict[Place, SignedRRset] = {}
    kept = True
    for step, now in STEPS:
        before, made, begin = held, authority.store.made, time.process_time()
        found = fetch_all(authority, zone, now)
        seconds, made = time.process_time() - begin, authority.store.made - made
        held = {(signed.rrset.owner, signed.rrset.rrtype): signed for signed in found if signed.rrsigs}
        others = [signed for place, signed in held.items() if before.get(place) != signed]
        known = {signed.rrset for signed in before.values()}
        contents = [signed for signed in others if signed.rrset not in known]
        good = made <= len(others if cycle is ROOT_CYCLE else contents) + 2
        kept &= good
        print(
            f"{f'sign the full root, {what}: {step}':<75} {seconds:5.2f} s   {made:4} signatures: "
            f"{len(contents)} RRsets changed, {len(others)} signed anew  {'ok' if good else 'MISSED'}"
        )
    return kept


def bench_loading() -> bool:
    """Measure how long it takes to make the full zone, unsigned; True if the promise is kept."""
    authority = ZoneSigner(load_scenario(SCENARIO).timeline, KeyRing())

    def load() -> object:
        top_level_domains.cache_clear()
        return zones_of(authority, "full")

    seconds = statistics.median(cpu(load) for _ in range(ROUNDS))
    verdict = "ok" if seconds <= LOAD_LIMIT else "MISSED"
    print(f"{'load the full zone':<58} {seconds:9.2f} s   promised {LOAD_LIMIT:5.2f} s  {verdict}")
    return seconds <= LOAD_LIMIT


def cpu(what: Callable[[], object]) -> float:
    """Return the CPU seconds one call takes."""
    begin = time.process_time()
    what()
    return time.process_time() - begin


def bench_zones() -> bool:
    """Measure all of it; True if every promise is kept."""
    results: Sequence[bool] = [bench() for bench in (bench_loading, bench_steps, bench_files)]
    return all(results)


if __name__ == "__main__":
    sys.exit(not bench_zones())
