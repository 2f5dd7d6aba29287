"""What a real Unbound tells the root of its anchors while a new key is accepted, heard and written down."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.cli import main
from lab.clock import DAY, parse_instant
from lab.drivers.netns import available
from lab.drivers.process import find_program
from lab.errors import DriverError
from tests.conftest import unavailable

pytestmark = pytest.mark.no_cover

PUBLISHED = parse_instant("2017-07-11T16:00:00Z")
SCENARIO = """\
title = "The forty days in which a new key is accepted"
start = 2017-07-08T00:00:00Z
stop = 2017-08-16T00:00:00Z
[authority]
base = "2017-planned"
"""


def test_unbound_is_heard(
    tmp_path: Path, debian_tool: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It lists the old key, and both once 30 days are over; both captures agree (RFC 8145 section 5)."""
    try:
        find_program("unbound")
    except DriverError as error:
        unavailable(str(error))
    if reason := available():
        unavailable(reason)
    scenario, heard, pcap, tap = (tmp_path / name for name in ("hold.toml", "a.csv", "a.pcap", "a.dnstap"))
    scenario.write_text(SCENARIO)
    keep = ("--signals", heard, "--capture", pcap, "--capture", tap)
    status = main(["run", str(scenario), "--subject", "daemon:unbound", *map(str, keep)])
    assert status == 0, capsys.readouterr()
    with heard.open() as file:
        rows = [row for row in csv.DictReader(file) if row["signal"] == "key-tag-query"]
    tags = [(parse_instant(row["at"]), row["key_tags"]) for row in rows]
    learnt = next(at for at, listed in tags if listed == "19036 20326")
    assert {listed for at, listed in tags if at < learnt} == {"19036"}
    assert {listed for at, listed in tags if at >= learnt} == {"19036 20326"}
    assert PUBLISHED + 30 * DAY < learnt < PUBLISHED + 32 * DAY
    packets = lines(debian_tool("tcpdump"), "-n", "-r", str(pcap), "udp")
    messages = lines(debian_tool("dnstap-read"), str(tap))
    assert len(packets) == sum(" UDP " in message for message in messages) > 1000
    names = [message for message in messages if " AQ " in message and "_ta-" in message]
    assert len(names) == len(rows)


def lines(*command: str) -> list[str]:
    """Return what a program prints."""
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()
