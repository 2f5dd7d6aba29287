"""`rootlab scan`: exit statuses, formats, and a planted tree within bounds of time and memory."""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path
from time import perf_counter

import pytest

from ..scan.notations import DECOYS, NOTATIONS
from ..scan.test_archives import ANCHOR, LAYER
from .ended import Rootlab

BEFORE, AFTER = "2026-10-01", "2026-11-01"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder with an anchor, a link out of it, a pipe and a link to itself."""
    folder = tmp_path / "tree"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc" / "root.ds").write_bytes(ANCHOR)
    (tmp_path / "outside.ds").write_bytes(ANCHOR)
    (folder / "link.ds").symlink_to(tmp_path / "outside.ds")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize(("at", "status"), [(BEFORE, 0), ("2026-10-13T16:00:00Z", 0), (AFTER, 1)])
def test_status(at: str, status: int, tree: Path, rootlab: Rootlab) -> None:
    """The exit status is 1 if something has ceased to work before the instant asked about."""
    ended = rootlab("scan", tree, "--at", at)
    assert (ended.status, ended.err) == (status, "")


def test_json(tree: Path, rootlab: Rootlab) -> None:
    """JSON is a list of places; links are not followed, pipes not opened."""
    ended = rootlab("scan", tree, "--at", BEFORE, "--format", "json")
    assert json.loads(ended.out) == [
        {
            "path": f"{tree}/etc/root.ds",
            "line": 1,
            "notation": "ds",
            "keys": [20326],
            "works_until": "2026-10-13T16:00:00Z",
        }
    ]


def test_now_is_the_default(tree: Path, rootlab: Rootlab) -> None:
    """Without --at the scan looks from now, a moment after KSK-2010 ceased to work."""
    (tree / "old").write_text(
        ". IN DS 19036 8 2 49AAC11D7B6F6446702E54A1607371607A1A41855200FD2CE1CDDE32F24E8FB5"
    )
    assert rootlab("scan", tree / "old").status == 1


def test_text(tree: Path, rootlab: Rootlab) -> None:
    """Text names date, keys, notation and place, and a remedy if something ends."""
    lines = rootlab("scan", tree, "--at", BEFORE).out.splitlines()
    assert lines[2].split() == ["2026-10-13T16:00:00Z", "20326", "ds", f"{tree}/etc/root.ds:1"]
    assert "Remedy: add the key 38696 (KSK-2024)" in " ".join(" ".join(lines[3:]).split())


def test_nothing_found(tmp_path: Path, rootlab: Rootlab) -> None:
    """A folder without anchors says so."""
    (tmp_path / "file").write_text("20326")
    assert rootlab("scan", tmp_path) == (0, "No root anchor in 1 file.\n", "")


def test_sarif(tree: Path, rootlab: Rootlab) -> None:
    """SARIF has a rule, a level and a place for every finding; a member of an archive is placed in it."""
    (tree / "image.tar").write_bytes(LAYER)
    log = json.loads(rootlab("scan", tree, "--at", AFTER, "--format", "sarif").out)
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    found = [(rules[r["ruleIndex"]], r["ruleId"], r["level"]) for r in run["results"]]
    assert found == [("anchor-dead", "anchor-dead", "error")] * 2
    places = [result["locations"][0] for result in run["results"]]
    uris = [place["physicalLocation"]["artifactLocation"]["uri"] for place in places]
    assert uris == [f"{tree}/image.tar", f"{tree}/etc/root.ds"]
    assert places[0]["logicalLocations"][0]["fullyQualifiedName"] == f"{tree}/image.tar!etc/root.key:1"


@pytest.mark.parametrize(
    ("keys", "at", "rule"),
    [((20326, 38696), AFTER, "anchor-lives"), ((20326,), BEFORE, "anchor-ends"), ((), BEFORE, "tag-named")],
)
def test_rules(keys: tuple[int, ...], at: str, rule: str, tmp_path: Path, rootlab: Rootlab) -> None:
    """What lives, what will end and what is only named come under rules of their own, and end in status 0."""
    new = ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n"
    text = "".join([ANCHOR.decode()] * (20326 in keys) + [new] * (38696 in keys)) or "root key tag 19036\n"
    (tmp_path / "file").write_text(text)
    ended = rootlab("scan", tmp_path, "--hints", "--at", at, "--format", "sarif")
    (result,) = json.loads(ended.out)["runs"][0]["results"]
    assert (ended.status, result["ruleId"]) == (0, rule)


@pytest.mark.parametrize("path", ["nowhere", "/dev/null"])
def test_unreadable(path: str, tmp_path: Path, rootlab: Rootlab) -> None:
    """What is no file and no folder is an error in one line, and status 2."""
    ended = rootlab("scan", tmp_path / path)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)


def test_damaged_archive_is_named(tmp_path: Path, rootlab: Rootlab) -> None:
    """An archive that cannot be looked into to its end is named on standard error."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(range(256)) * 90)[:60])
    ended = rootlab("scan", tmp_path)
    assert (ended.status, ended.err.startswith(f"rootlab: {tmp_path}/a.gz: damaged")) == (0, True)


def test_planted_tree(tmp_path: Path) -> None:
    """No miss and no false alarm among bombs, links and 50 MB, in bounded memory."""
    for name, content in {**NOTATIONS, **DECOYS}.items():
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with (tmp_path / "large.log").open("wb") as large:
        line = b"The quick brown fox jumps over the lazy dog 20326 times, deadbeef.\n"
        for _ in range(50):
            large.write(line * ((1 << 20) // len(line)))
        large.write(ANCHOR)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(1 << 26))
        archive.writestr("root.key", ANCHOR)
    (tmp_path / "image.tar").write_bytes(LAYER)
    (tmp_path / "loop").symlink_to(tmp_path)
    code = (
        "import re, sys; from lab.cli import main; status = main()\n"
        "print(re.search('VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr)\n"
        "raise SystemExit(status)"
    )
    before, used = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", code, "scan", str(tmp_path), "--at", BEFORE, "--format", "json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = spent.ru_utime - used.ru_utime + spent.ru_stime - used.ru_stime
    rows = json.loads(ended.stdout)
    expected = [*NOTATIONS, "large.log", "bomb.zip!root.key", "image.tar!etc/root.key"]
    assert sorted(row["path"].removeprefix(f"{tmp_path}/") for row in rows) == sorted(expected)
    assert {tuple(row["keys"]) for row in rows} == {(20326,)}
    memory = int(ended.stderr.splitlines()[-1])
    assert memory < 200_000, f"{memory} kB"
    assert busy < 5, f"{busy:.1f} s of processor, {perf_counter() - before:.1f} s"
    print(f"{busy:.2f} s, {memory} kB")
