"""`rootlab shrink`: from a record or a scenario to a file that passes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import SCENARIO
from .ended import Rootlab


def test_record_to_scenario(rootlab: Rootlab, record: Path, scenario: Path, tmp_path: Path) -> None:
    """The file is written, what was dropped is shown, and `rootlab run` of it passes."""
    path = tmp_path / "small.toml"
    ended = rootlab("shrink", record, scenario, "--output", path)
    lines = ended.out.splitlines()
    assert (ended.status, lines[0].split(" at ")[0]) == (0, "static-old fails")
    assert any(line.startswith("time ") and line.endswith("P14D -> P2DT1S") for line in lines)
    assert lines[-1] == f"scenario: {path}"
    assert path.read_text().startswith(f"# {lines[0]}\n")
    assert rootlab("run", path).status == 0


def test_scenario_to_standard_output(rootlab: Rootlab, scenario: Path) -> None:
    """Without a record the scenario is played first; the file goes to standard output alone."""
    ended = rootlab("shrink", scenario, "--subject", "static-old")
    assert ended.status == 0
    assert '[[expect]]\nid = "fails-the-same-way"\nsubject = "static-old"\n' in ended.out
    assert "scenario: " not in ended.out


def test_record_of_a_shipped_scenario(rootlab: Rootlab, tmp_path: Path) -> None:
    """A shipped scenario is found by the name in the record."""
    path = tmp_path / "old.jsonl"
    assert rootlab("run", "static-anchor", "--record", path, "--output", tmp_path / "out").status == 0
    ended = rootlab("shrink", path)
    assert (ended.status, "[static-anchor]" in ended.out) == (0, True)


def test_who_failed_against_expectation_comes_first(rootlab: Rootlab, tmp_path: Path) -> None:
    """In a record with a failure as expected and one that is not, the latter is shrunk."""
    path, record = tmp_path / "two.toml", tmp_path / "two.jsonl"
    path.write_text(SCENARIO + '\n[[subject]]\nname = "stubby"\n')
    assert rootlab("run", path, "--record", record).status == 1
    assert "# stubby fails at " in rootlab("shrink", record, path).out


def test_refused(rootlab: Rootlab, record: Path, scenario: Path, tmp_path: Path) -> None:
    """Another scenario, a record of nobody knows what, or without a failure: one line, status 2."""
    good = tmp_path / "good.jsonl"
    assert rootlab("run", scenario, "--subject", "static-both", "--record", good).status == 0
    real = tmp_path / "real.jsonl"
    real.write_text(record.read_text().replace('"kind":"model"', '"kind":"daemon"'))
    for arguments, message in (
        ((record,), "is of fortnight, which is no shipped scenario; name its file"),
        ((record, "2018-actual"), "is not what the record is of"),
        ((good, scenario), "nobody fails in it"),
        ((real, scenario), "static-old is a real resolver"),
        (("2018-actual", "--subject", "static-both"), "static-both does not fail in it"),
        ((tmp_path / "none.jsonl",), "cannot be read"),
    ):
        ended = rootlab("shrink", *arguments)
        assert (ended.status, len(ended.err.splitlines())) == (2, 1), ended.err
        assert message in ended.err


def test_help_says_what_comes_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names what is dropped."""
    from lab.cli import main

    assert main(["shrink", "--help"]) == 0
    assert "versions of the DNSKEY RRset, and time" in " ".join(capsys.readouterr().out.split())
