"""`rootlab conformance`: list, run, exit statuses, reports and artifacts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lab.clock import parse_instant
from lab.run.record import Record

from .ended import Rootlab

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the SUT file of a library without a hold-down."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    path = tmp_path / "broken.toml"
    command = [sys.executable, "-m", "lab.conformance.example", "--rows", "AddPend seen Valid"]
    path.write_text(f'name = "broken"\nlibrary = {json.dumps(command)}\n')
    return path


def test_list(rootlab: Rootlab) -> None:
    """The list has every case, or those that are asked for."""
    ended = rootlab("conformance", "list", "--format", "json")
    assert ended.status == 0
    assert len(json.loads(ended.out)) > 60
    ended = rootlab("conformance", "list", "--case", "REPLAY-*")
    assert [line.split()[0] for line in ended.out.splitlines() if line.startswith("REPLAY")] == [
        "REPLAY-01", "REPLAY-02", "REPLAY-03", "REPLAY-04",
    ]  # fmt: skip


def test_passed(rootlab: Rootlab, tmp_path: Path) -> None:
    """A model that fails what it is known to fail passes, and a report is written beside."""
    page = tmp_path / "page.html"
    ended = rootlab(
        "conformance", "run", "--subject", "unbound", "--case", "RFC5011-2.2-ADD-0*", "--report", page
    )
    assert ended.status == 0
    assert ended.out.splitlines()[-2:] == ["conformance: passed", f"report: {page}"]
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_failure_is_kept(rootlab: Rootlab, tmp_path: Path, broken: Path) -> None:
    """Of a failure everything is kept, with a line that repeats it."""
    folder = tmp_path / "kept"
    ended = rootlab(
        "conformance", "run", "--sut", broken, "--case", "RFC5011-2.4.1-ADD-02", "--artifacts", folder
    )
    assert ended.status == 1
    repro = f"rootlab conformance run --case RFC5011-2.4.1-ADD-02 --sut {broken}"
    assert repro in " ".join(ended.out.split())
    place = folder / "broken" / "RFC5011-2.4.1-ADD-02"
    names = sorted(path.name for path in place.iterdir())
    assert names == ["case.toml", "record.jsonl", "repro.txt", "state.json", "zone.txt"]
    assert (place / "repro.txt").read_text().splitlines()[0] == repro
    record = Record.read(place / "record.jsonl")
    assert [row["name"] for row in record.header["subjects"]] == ["broken@RFC5011-2.1-REV-01"]
    assert parse_instant(record.header["stop"]) > 0
    assert "_rootlab." in (place / "zone.txt").read_text()
    assert {row["key"] for row in json.loads((place / "state.json").read_text())} == {
        "ksk-spare-1", "ksk-spare-2",
    }  # fmt: skip
    assert rootlab("explain", place / "record.jsonl").status == 0


def test_nothing_applies(rootlab: Rootlab) -> None:
    """Where no case applies there is no evidence: exit status 3."""
    assert rootlab("conformance", "run", "--subject", "static", "--case", "ALG-01").status == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--case", "REPLAY-1"), 'did you mean "REPLAY-01"'),
        (("--subject", "unbuond"), 'did you mean "unbound"'),
        (("--driver", "unbuond"), "no driver 'unbuond'"),
        (("--sut", "mine.yaml"), "name a file that ends in .toml"),
        (("--sut", "no-such.toml"), "cannot be read"),
        (("--report", "x.pdf"), "end the name in .txt, .json, .xml, .html"),
    ],
)
def test_mistakes(rootlab: Rootlab, arguments: tuple[str, ...], said: str) -> None:
    """A mistake is one line on standard error, exit status 2, and nothing is played."""
    ended = rootlab("conformance", "run", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_two_of_a_name(rootlab: Rootlab, tmp_path: Path, broken: Path) -> None:
    """Two subjects cannot have one name."""
    twin = tmp_path / "twin.toml"
    twin.write_text(broken.read_text() + 'version = "2"\n')
    ended = rootlab("conformance", "run", "--sut", broken, "--sut", twin, "--case", "ALG-01")
    assert (ended.status, "two are called broken" in ended.err) == (2, True)
