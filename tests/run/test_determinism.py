"""The same scenario and seed give the same bytes, whatever the clock, the place and the hash seed say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AT = """
import sys, time, freezegun
clock = freezegun.freeze_time({moment!r}, tick=True)
clock.start()
assert abs(time.time() - {seconds}) < 3600, time.time()
from lab.cli import main
sys.exit(main())
"""
"""The command under a faked wall clock that ticks on."""

WORLDS = {
    "here": ("2018-10-11T15:59:59", 1539273599, "UTC", "0"),
    "west": ("1999-12-31T23:59:59", 946684799, "America/Los_Angeles", "1"),
    "east": ("2041-06-05T04:03:02", 2254017782, "Asia/Kathmandu", "424242"),
}
"""Wall clock as text and in seconds, time zone, hash seed."""


def record(folder: Path, world: str, *arguments: str) -> bytes:
    """Run `rootlab run` in a world of its own, in a folder of its own, and return the record it writes."""
    moment, seconds, zone, hash_seed = WORLDS[world]
    home = folder / world
    home.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "TZ": zone,
        "PYTHONHASHSEED": hash_seed,
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }
    code = AT.format(moment=moment, seconds=seconds)
    target = home / f"{world}-{len(arguments)}.jsonl"
    command = [sys.executable, "-c", code, "run", *arguments, "--record", str(target)]
    ended = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return target.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of all records."""
    return tmp_path_factory.mktemp("worlds")


@pytest.fixture(scope="module")
def here(folder: Path) -> bytes:
    """Return the record of a whole scenario with seed 7."""
    return record(folder, "here", "2018-actual", "--seed", "7")


@pytest.mark.parametrize("world", ["west", "east"])
def test_the_same_bytes(world: str, here: bytes, folder: Path) -> None:
    """Another wall clock, time zone, folder, file name and hash seed give the same bytes."""
    assert record(folder, world, "2018-actual", "--seed", "7") == here


def test_other_chances(here: bytes, folder: Path) -> None:
    """With another seed Unbound looks at other times; whoever draws nothing does the same."""
    other = record(folder, "here", "2018-actual", "--seed", "8", "--format", "json")
    rows, others = ([json.loads(line) for line in content.splitlines()] for content in (here, other))
    assert (rows[0]["seed"], others[0]["seed"]) == (7, 8)

    def of(seen: list[dict[str, object]], name: str) -> list[dict[str, object]]:
        return [row for row in seen if row.get("subject") == name]

    assert of(rows, "unbound") != of(others, "unbound")
    assert of(rows, "rfc5011-strict") == of(others, "rfc5011-strict")


def test_no_trace(here: bytes, folder: Path) -> None:
    """Neither the folder nor the wall clock nor the zone is in the record."""
    text = here.decode("ascii")
    for trace in (str(folder), str(ROOT), "Kathmandu", "1999-12-31", "2041-06"):
        assert trace not in text
