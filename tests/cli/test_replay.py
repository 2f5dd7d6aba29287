"""`rootlab replay` and `rootlab run --export-rpl`: statuses, what is shown, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .ended import Rootlab

HEAD = 'server:\n\tmodule-config: "iterator"\n\tlog-time-ascii: yes\n{}CONFIG_END\nSCENARIO_BEGIN a title\n'
RANGE = """\
RANGE_BEGIN 0 100
	ADDRESS 193.0.14.129
ENTRY_BEGIN
MATCH opcode qname qtype qcase
ADJUST copy_id
REPLY QR AA
SECTION QUESTION
www.example. IN A
SECTION ANSWER
www.example. IN A 192.0.2.1
ENTRY_END
RANGE_END
"""
STEPS = """\
STEP 1 QUERY
ENTRY_BEGIN
REPLY RD
SECTION QUESTION
www.example. IN A
ENTRY_END
STEP 2 CHECK_ANSWER
ENTRY_BEGIN
MATCH all
REPLY QR RD RA NOERROR
SECTION QUESTION
www.example. IN A
SECTION ANSWER
www.example. IN A 192.0.2.{}
ENTRY_END
"""


def text(config: str = "", steps: str = STEPS.format(1)) -> str:
    """Return a scenario."""
    return f"{HEAD.format(config)}{RANGE}{steps}SCENARIO_END\n"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Return a file whose check holds."""
    path = tmp_path / "good.rpl"
    path.write_text(text(), encoding="utf-8")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """Return a file whose check does not hold."""
    path = tmp_path / "bad.rpl"
    path.write_text(text(steps=STEPS.format(2)), encoding="utf-8")
    return path


def write(folder: Path, name: str, content: str) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_passed(rootlab: Rootlab, good: Path) -> None:
    """A file whose checks hold: status 0, a row, what compares nothing, and a sum."""
    ended = rootlab("replay", good)
    assert (ended.status, ended.err) == (0, "")
    assert "good.rpl  passed        1       0" in ended.out
    assert "not-compared: MATCH qcase (good.rpl:9)" in ended.out
    assert "of no effect on what is checked: log-time-ascii" in ended.out
    assert ended.out.endswith("1 file, model unbound: 1 passed\n")


def test_failed(rootlab: Rootlab, good: Path, bad: Path) -> None:
    """A check that does not hold: status 1, the step, its line and what differs."""
    ended = rootlab("replay", good, bad)
    assert ended.status == 1
    assert "step 2 CHECK_ANSWER, line 24: answer: 1 records missing, 1 too many" in ended.out
    assert ended.out.endswith("2 files, model unbound: 1 passed, 1 failed\n")


def test_inconclusive(rootlab: Rootlab, tmp_path: Path) -> None:
    """Nothing to check, or a failure that an option not acted on may explain: status 3 and why."""
    idle = write(tmp_path, "idle.rpl", text(steps="STEP 1 TRAFFIC\n"))
    ended = rootlab("replay", idle)
    assert ended.status == 3
    assert "inconclusive: nothing was checked" in ended.out
    lacking = write(tmp_path, "lacking.rpl", text("\tserve-expired: yes\n", STEPS.format(2)))
    ended = rootlab("replay", lacking)
    assert ended.status == 3
    assert "inconclusive: the lab does not act on serve-expired: yes" in ended.out


def test_unreadable(rootlab: Rootlab, good: Path, tmp_path: Path) -> None:
    """Files that cannot be read: status 2, a line for each on stderr, and nothing is run."""
    wrong = write(tmp_path, "wrong.rpl", text(steps="STEP x\n"))
    ended = rootlab("replay", good, wrong, tmp_path / "none.rpl", tmp_path)
    assert (ended.status, ended.out) == (2, "")
    lines = ended.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("rootlab: ") for line in lines)
    assert "wrong.rpl: line 18: 'x' is not the number of a step" in lines[0]
    assert "none.rpl: no such file" in lines[1]
    assert "a directory" in lines[2]


def test_bad_option(rootlab: Rootlab, tmp_path: Path) -> None:
    """An option whose value cannot be read is found before anything is run."""
    path = write(tmp_path, "option.rpl", text("\tadd-holddown: soon\n"))
    ended = rootlab("replay", path)
    assert ended.status == 2
    assert "option.rpl: line 4: add-holddown: 'soon' is not a number of seconds" in ended.err


def test_usage(rootlab: Rootlab, good: Path) -> None:
    """A model that does not exist is named with the nearest that does; a file must be given."""
    ended = rootlab("replay", good, "--model", "unboud")
    assert (ended.status, ended.out) == (2, "")
    assert "there is no model 'unboud'; did you mean 'unbound'?" in ended.err
    assert rootlab("replay").status == 2


def test_validate_only(rootlab: Rootlab, bad: Path) -> None:
    """Reading only: a row with what is in the file, status 0 even if a check would fail."""
    ended = rootlab("replay", bad, "--validate-only")
    assert ended.status == 0
    assert "bad.rpl       1      2  a title" in ended.out
    assert ended.out.endswith("1 file read\n")
    values = json.loads(rootlab("replay", bad, "--validate-only", "--format", "json").out)
    assert values["files"][0]["steps"] == 2
    assert values["files"][0]["notes"] == [
        {"line": 9, "kind": "not-compared", "text": "MATCH qcase"},
        {"line": 3, "kind": "no-effect", "text": "log-time-ascii"},
    ]


def test_json(rootlab: Rootlab, good: Path, bad: Path) -> None:
    """JSON has every step with its outcome."""
    ended = rootlab("replay", good, bad, "--model", "bind", "--format", "json")
    values = json.loads(ended.out)
    assert (ended.status, values["model"], values["verdict"]) == (1, "bind", "failed")
    assert [file["verdict"] for file in values["files"]] == ["passed", "failed"]
    assert values["files"][1]["steps"][1] == {
        "number": 2,
        "line": 24,
        "kind": "CHECK_ANSWER",
        "outcome": "failed",
        "details": ["answer: 1 records missing, 1 too many"],
    }


def test_output(rootlab: Rootlab, good: Path, tmp_path: Path) -> None:
    """The report can go to a file."""
    ended = rootlab("replay", good, "--output", tmp_path / "out.txt")
    assert (ended.status, ended.out) == (0, "")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").endswith("1 passed\n")


def test_bad_signatures(rootlab: Rootlab, shared_data: Path) -> None:
    """A signature that is bad where the file asks for fakes is told."""
    file = shared_data / "rpl-unbound-autotrust" / "autotrust_rollover.rpl"
    ended = rootlab("replay", file, "--model", "bind")
    assert ended.status == 1
    assert "example.com. DNSKEY, algorithm 5, key tag 30899: taken for bad" in ended.out


class TestExport:
    """`rootlab run SCENARIO --export-rpl FILE`."""

    ROLL = """\
title = "A roll"
start = 2018-09-01T00:00:00Z
stop = 2018-12-01T00:00:00Z

[authority]
quarters = { 2017Q3 = "pre-publish", 2017Q4 = "publish+", 2018Q4 = "rollover", 2019Q1 = "revoke" }
keys = { current = "ksk-2010", next = "ksk-2017" }

[[subject]]
name = "u"
model = "unbound"
anchors = ["ksk-2010", "ksk-2017"]

[[subject]]
name = "b"
model = "bind"
anchors = ["ksk-2010"]

[[event]]
at = 2018-10-01T00:00:00Z
subject = "u"
restart = { keep-state = true }
"""

    def test_written_and_passed(self, rootlab: Rootlab, tmp_path: Path) -> None:
        """The file is written with the report, names what it leaves out, and passes."""
        roll, out = write(tmp_path, "roll.toml", self.ROLL), tmp_path / "out.rpl"
        ended = rootlab("run", roll, "--export-rpl", out)
        assert f"rpl: {out}\n" in ended.out
        assert "export: restarts, absences, clock and state of the subject are left out" in ended.err
        assert rootlab("replay", out).status == 0

    def test_no_unbound(self, rootlab: Rootlab, tmp_path: Path) -> None:
        """Without an Unbound there is nothing to check: status 2, and no file."""
        roll, out = write(tmp_path, "roll.toml", self.ROLL), tmp_path / "out.rpl"
        ended = rootlab("run", roll, "--subject", "b", "--export-rpl", out)
        assert ended.status == 2
        assert "no subject of the run is an Unbound" in ended.err
        assert not out.exists()

    def test_suite(self, rootlab: Rootlab, tmp_path: Path) -> None:
        """A suite is refused before it is played."""
        ended = rootlab("run", "october-11", "--export-rpl", tmp_path / "out.rpl")
        assert ended.status == 2
        assert "--export-rpl is for one scenario" in ended.err
