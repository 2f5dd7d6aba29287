"""The command `rootlab plan`: what it prints, and how it ends."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cli.plan_work import alone_in
from lab.errors import UserError

from ..population.sweeps import GATE, sweep
from .ended import Rootlab

ROOT = Path(__file__).resolve().parents[2]
FLEET = """
title = "Two kinds, one of which breaks"
[[cohort]]
name = "old"
model = "static"
share = { value = 1, low = 0.5, high = 2, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
[[cohort]]
name = "both"
model = "static"
anchors = ["current", "next"]
share = { value = 9, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Return the path of a small fleet."""
    path = tmp_path / "two.toml"
    path.write_text(FLEET)
    return path


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """Return the path of a made-up result: 3 [2 to 4] % broken, 2 [1 to 3] % after six months."""
    path = tmp_path / "sweep.json"
    path.write_text(sweep().text())
    return path


def small(fleet: Path, out: Path, *more: object) -> list[object]:
    """Return the arguments of a small sweep."""
    return [
        "plan", "sweep", "--fleet", fleet, "--timeline", "2017-planned", "--resolvers", 200, "--worlds", 100,
        "--sobol", 64, "--watch", 10, "--out", out, *more,
    ]  # fmt: skip


def test_sweep_says_what_a_delay_buys(rootlab: Rootlab, fleet: Path, tmp_path: Path) -> None:
    """Every delay has its line; tables and result lie in the folder, and so do seed and hashes."""
    ended = rootlab(*small(fleet, tmp_path / "out", "--delays", "0,1"))
    assert ended.status == 0
    lines = ended.out.splitlines()
    assert lines[0] == "2017-planned with fleet two: median [90 % interval]"
    assert [line.split()[:2] for line in lines[3:5]] == [["0", "2017-10-11"], ["1", "2017-11-11"]]
    assert lines[3].endswith("> 10 [> 10 to > 10]")
    for word in ("seed 0, 200 resolvers", "fleet two, SHA-256 ", "timeline 2017-planned, SHA-256 ",
                 "Not modelled: ", "Not computed: the load", "share of old"):  # fmt: skip
        assert word in ended.out
    rows = list(csv.DictReader((tmp_path / "out" / "delays.csv").read_text().splitlines()))
    assert [row["months"] for row in rows] == ["0", "1"]
    assert float(rows[0]["resolvers_broken_low"]) < 10 < float(rows[0]["resolvers_broken_high"])
    assert rows[0]["days_to_repair_median"] == ""
    assert json.loads((tmp_path / "out" / "sweep.json").read_text())["inputs"]["delays"] == [0, 1]
    assert rootlab(*small(fleet, tmp_path / "out", "--delays", "0..1", "--jobs", 1)).out == ended.out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--delays", "x"), "'x' are no delays; write months like 0..24"),
        (("--delays", "3..1"), "are no delays"),
        (("--delays", "0..4/0"), "are no delays"),
        (("--delays", "-1"), "are no delays"),
        (("--sobol", "65"), "65 is no power of two"),
    ],
)
def test_bad_options_are_one_line(
    rootlab: Rootlab, fleet: Path, tmp_path: Path, more: tuple[object, ...], said: str
) -> None:
    """Options that make no sense end in exit status 2 before any work."""
    ended = rootlab(*small(fleet, tmp_path / "out", *more))
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert said in ended.err
    assert not (tmp_path / "out").exists()


def test_a_folder_belongs_to_one_sweep_at_a_time(tmp_path: Path) -> None:
    """While one process works in a folder, another one is refused in one line; when it is gone, it may."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom lab.cli.plan_work import alone_in\n"
        "with alone_in(Path(sys.argv[1])):\n    print('here', flush=True)\n    sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"here\n"
        with pytest.raises(UserError, match="another sweep is at work in it"), alone_in(tmp_path):
            pass
    with alone_in(tmp_path):
        assert (tmp_path / "lock").exists()


@pytest.mark.parametrize(
    ("at_most", "status", "first"),
    [(4, 0, "GO: every gate is met"), (0.5, 1, "NO-GO: a gate is missed"), (3, 3, "OPEN: an interval")],
)
def test_gate_ends_as_its_gates_say(
    rootlab: Rootlab, result: Path, tmp_path: Path, at_most: float, status: int, first: str
) -> None:
    """Exit status 0 go, 1 no-go, 3 not decided; text and JSON say the distance."""
    gates = tmp_path / "gates.toml"
    gates.write_text(GATE.replace("0.5", str(at_most)))
    ended = rootlab("plan", "gate", result, "--gates", gates)
    assert ended.status == status
    assert ended.out.startswith(first)
    assert "half: 3 [2 to 4] % of resolvers broken, at most" in ended.out
    assert "gates SHA-256" in ended.out
    assert "seed 7" in ended.out
    told = rootlab("plan", "gate", result, "--gates", gates, "--format", "json")
    assert told.status == status
    assert json.loads(told.out)["gates"][0]["distance"] == 3 - at_most


def test_gate_refuses_what_is_malformed(rootlab: Rootlab, result: Path, tmp_path: Path) -> None:
    """Exit status 2, and one line."""
    for name, text in (("gates.toml", "gate = 1"), ("sweep.json", "{}")):
        (tmp_path / "gates.toml").write_text(GATE)
        (tmp_path / name).write_text(text)
        ended = rootlab("plan", "gate", result, "--gates", tmp_path / "gates.toml")
        assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert name in ended.err


def test_report_writes_page_markdown_and_pictures(rootlab: Rootlab, result: Path, tmp_path: Path) -> None:
    """All files are named on standard output, and lie where it says."""
    ended = rootlab("plan", "report", result, "--out", tmp_path / "new" / "report")
    assert (ended.status, ended.err) == (0, "")
    names = [Path(line).name for line in ended.out.splitlines()]
    charts = ("delays", "curve", "sensitivity", "lanes-0", "lanes-6")
    assert names[:2] == ["report.html", "report.md"]
    assert set(names[2:]) == {f"study1-{name}.{form}" for name in charts for form in ("svg", "png")}
    assert all(Path(line).stat().st_size > 1000 for line in ended.out.splitlines())
    (tmp_path / "file").touch()
    ended = rootlab("plan", "report", result, "--out", tmp_path / "file" / "below")
    assert (ended.status, ended.err.count("\n")) == (2, 1)


def test_compare_ends_as_intervals_stand(rootlab: Rootlab, result: Path, tmp_path: Path) -> None:
    """Exit status 0 where all overlap, 1 where some stand apart, 3 where no delay is in both."""
    found = json.loads(result.read_text())
    ended = rootlab("plan", "compare", result, result)
    assert (ended.status, ended.out.count("overlap\n")) == (0, 6)
    assert ended.out.count("seed 7") == 2
    found["studies"][0]["rows"][0]["users_broken"] = {"low": 8, "median": 9, "high": 10}
    other = tmp_path / "other.json"
    other.write_text(json.dumps(found))
    ended = rootlab("plan", "compare", result, other, "--format", "json")
    assert ended.status == 1
    assert [pair["b_is"] for pair in json.loads(ended.out)["pairs"]][:3] == ["overlap", "more", "overlap"]
    for months, row in enumerate(found["studies"][0]["rows"], 1):
        row["months"] = months
    other.write_text(json.dumps(found))
    assert rootlab("plan", "compare", result, other).status == 3


def test_backout_says_who_heals(rootlab: Rootlab, fleet: Path) -> None:
    """Groups, curve and cohorts are told, with seed and hashes; JSON has the same numbers."""
    line = ("plan", "backout", "--at", "2018-10-12T16:00:00Z", "--fleet", fleet, "--timeline", "2018-actual",
            "--resolvers", 200, "--worlds", 100, "--watch", 5)  # fmt: skip
    ended = rootlab(*line)
    assert ended.status == 0
    for word in (
        "two",
        "broken right before",
        "days after",
        "Not modelled: ",
        "seed 0, 200 resolvers",
        "SHA-256",
    ):
        assert word in ended.out
    said = json.loads(rootlab(*line, "--format", "json").out)
    old = said["cohorts"][0]
    assert f"{'old':<16}{old['drawn']:>8}{old['broken']:>14}{old['healed']:>14}" in ended.out
    assert said["curve"][0]["with"] == said["curve"][0]["without"]
    assert len(said["curve"]) == 6
    ended = rootlab(*line[:2], "--at", "2019-02-01", *line[4:])
    assert (ended.status, ended.err.count("\n")) == (2, 1)


def test_sequence_decides_date_by_date(rootlab: Rootlab, fleet: Path, tmp_path: Path) -> None:
    """Each date has its verdict from its own fleet; what is wrong with a date is one line."""
    fleet.write_text(f"known-until = 2017-09-20\n{FLEET}")
    (tmp_path / "gates.toml").write_text(GATE)
    line = ("plan", "sequence", "--timeline", "2017-planned", "--gates", tmp_path / "gates.toml", "--delays",
            "0,3", "--resolvers", 200, "--worlds", 100, "--watch", 5, "--out", tmp_path / "out")  # fmt: skip
    dates = ("--at", f"2017-09-27={fleet}", "--at", f"2017-12-18={fleet}")
    ended = rootlab(*line, *dates)
    assert ended.status == 0
    assert "2017-09-27: no delay left meets the gates (fleet two, evidence 7 days old)" in ended.out
    assert "2017-12-18: no delay left meets the gates (fleet two, evidence 89 days old)" in ended.out
    said = json.loads(rootlab(*line, *dates, "--format", "json").out)
    assert [[option["months"] for option in date["options"]] for date in said["dates"]] == [[0, 3], [3]]
    for wrong, why in (
        ("2017-12-18", "names no fleet"),
        (f"x={fleet}", "is not an instant"),
        (f"2017-01-01={fleet}", "knows"),
    ):
        ended = rootlab(*line, "--at", wrong)
        assert (ended.status, ended.err.count("\n")) == (2, 1)
        assert why in ended.err
