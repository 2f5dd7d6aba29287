"""`rootlab run`: verdicts as exit statuses, results on the screen or in files."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from .ended import Rootlab


def names(folder: Path) -> list[str]:
    """Return the names in a folder, temporary files included."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("fixture", "status", "verdict"),
    [("scenario", 0, "passed"), ("wrong_scenario", 1, "failed")],
)
def test_the_exit_status_is_the_verdict(
    fixture: str, status: int, verdict: str, rootlab: Rootlab, request: pytest.FixtureRequest
) -> None:
    """0 passed, 1 failed, and the JSON says the same."""
    ended = rootlab("run", request.getfixturevalue(fixture), "--format", "json")
    assert (ended.status, ended.err, json.loads(ended.out)["verdict"]) == (status, "", verdict)


def test_the_screen(scenario: Path, rootlab: Rootlab) -> None:
    """A run shows who fails, when and why, and ends with the verdict."""
    lines = rootlab("run", scenario).out.splitlines()
    assert lines[0] == "fortnight: A fortnight around the roll"
    assert lines[5].split() == [
        "static-old", "bogus", "2018-10-13T00:00:00Z", "never", "static-anchor", "passed"
    ]  # fmt: skip
    assert lines[-1] == "fortnight: passed (2 of 2 subjects as expected)"


def test_files(scenario: Path, tmp_path: Path, rootlab: Rootlab) -> None:
    """Report and record are written, and named in the last lines, the report last."""
    report, record = tmp_path / "out.md", tmp_path / "out.jsonl"
    ended = rootlab("run", scenario, "--report", report, "--record", record)
    assert ended.out.splitlines()[-2:] == [f"record: {record}", f"report: {report}"]
    assert report.read_text(encoding="utf-8").startswith("# fortnight: passed\n")
    assert json.loads(record.read_text(encoding="utf-8").splitlines()[0])["scenario"] == "fortnight"


def test_output(scenario: Path, tmp_path: Path, rootlab: Rootlab) -> None:
    """With --output the screen stays empty and the file holds the result."""
    ended = rootlab("run", scenario, "--format", "junit", "--output", tmp_path / "junit.xml")
    assert (ended.status, ended.out) == (0, "")
    root = fromstring((tmp_path / "junit.xml").read_bytes())
    assert isinstance(root, Element)
    assert (root.get("tests"), root.get("failures")) == ("2", "0")


def test_a_dash_is_standard_output(scenario: Path, rootlab: Rootlab) -> None:
    """`--output -` prints, and makes no file of that name."""
    assert rootlab("run", scenario, "--output", "-") == rootlab("run", scenario)


def test_nothing_else_in_json(scenario: Path, tmp_path: Path, rootlab: Rootlab) -> None:
    """A report beside JSON does not spoil the JSON."""
    ended = rootlab("run", scenario, "--format", "json", "--report", tmp_path / "out.md")
    assert json.loads(ended.out)["scenario"] == "fortnight"


@pytest.mark.parametrize(
    "bad",
    [
        ["--report", "{tmp}/out.pdf"],
        ["--report", "{tmp}/gone/out.md"],
        ["--output", "{tmp}/out.md"],
        ["--subject", "nobody"],
        ["--seed", "-1"],
    ],
)
def test_nothing_is_written_on_exit_2(
    bad: list[str], scenario: Path, tmp_path: Path, rootlab: Rootlab
) -> None:
    """A command that cannot do all that was asked leaves no file."""
    before = names(tmp_path)
    extra = [argument.format(tmp=tmp_path) for argument in bad]
    report = [] if "--report" in bad else ["--report", tmp_path / "out.md"]
    ended = rootlab("run", scenario, *extra, "--record", tmp_path / "r.jsonl", *report)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert names(tmp_path) == before


def test_one_subject(scenario: Path, rootlab: Rootlab) -> None:
    """--subject plays only what it names."""
    ended = rootlab("run", scenario, "--subject", "static-both", "--format", "json")
    assert [subject["name"] for subject in json.loads(ended.out)["subjects"]] == ["static-both"]


def test_a_subject_that_is_not_there(scenario: Path, rootlab: Rootlab) -> None:
    """A subject's name that is nearly right is put right."""
    ended = rootlab("run", scenario, "--subject", "static-odl")
    assert ended.err == (
        f"rootlab: {scenario}: there is no subject 'static-odl'; did you mean 'static-old'? there are "
        "static-old, static-both\n"
    )


def test_the_seed(scenario: Path, rootlab: Rootlab) -> None:
    """--seed replaces the scenario's seed, and is reported."""
    assert json.loads(rootlab("run", scenario, "--seed", "42", "--format", "json").out)["seed"] == 42


def test_a_suite(tmp_path: Path, rootlab: Rootlab) -> None:
    """A suite plays its scenarios in order; each gets a record, named after it."""
    ended = rootlab(
        "run", "october-11", "--subject", "static-old", "--format", "json", "--record", tmp_path / "r.jsonl"
    )
    suite = json.loads(ended.out)
    assert (ended.status, suite["suite"], suite["verdict"]) == (0, "october-11", "passed")
    assert [run["scenario"] for run in suite["runs"]] == ["2017-planned", "2018-actual", "2026-planned"]
    assert names(tmp_path) == ["r-2017-planned.jsonl", "r-2018-actual.jsonl", "r-2026-planned.jsonl"]


def test_a_suite_plays_only_scenarios_with_the_subject(rootlab: Rootlab) -> None:
    """A subject that only one scenario has does not make the others inconclusive."""
    ended = rootlab("run", "root-rolls", "--subject", "static-new", "--format", "json")
    assert [run["scenario"] for run in json.loads(ended.out)["runs"]] == ["2018-back-out"]


@pytest.mark.parametrize("again", [["--skr"], []], ids=["repeated", "listed"])
def test_ceremony_files(again: list[str], shared_data: Path, rootlab: Rootlab) -> None:
    """--skr takes several files after one option as well as one each, and plays the real signatures."""
    first, second = sorted((shared_data / "skr").glob("*2017*.xml"))[1:3]
    ended = rootlab("run", "--skr", first, *again, second, "--subject", "static", "--format", "json")
    run = json.loads(ended.out)
    assert (ended.status, run["start"], run["stop"]) == (0, "2017-04-01T00:00:00Z", "2017-10-10T00:00:00Z")
    assert [(subject["name"], subject["outcome"]) for subject in run["subjects"]] == [("static", "secure")]


def test_a_gap_between_ceremony_files(shared_data: Path, rootlab: Rootlab) -> None:
    """Where a quarter is missing there is no evidence: exit status 3, and the report names the gap."""
    first, _, third = sorted((shared_data / "skr").glob("*2017*.xml"))
    ended = rootlab("run", "--skr", first, third, "--subject", "static")
    assert (ended.status, ended.out.splitlines()[-1]) == (3, "skr: inconclusive (0 of 1 subject as expected)")
    assert "2017-04-11T00:00:01Z to 2017-07-01T00:00:00Z" in ended.out


def test_no_model_of_that_name(shared_data: Path, rootlab: Rootlab) -> None:
    """A model that does not exist is a usage error that names those that do."""
    file = sorted((shared_data / "skr").glob("*2017*.xml"))[0]
    ended = rootlab("run", "--skr", file, "--subject", "unbund")
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert "unbund" in ended.err


@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (
            ("2018-actual", "--signals", "x.csv"),
            2,
            "--capture and --signals are for one scenario with a real",
        ),
        (("october-11", "--capture", "x.pcap"), 2, "models are asked in memory"),
        (("--skr", "x.xml", "--capture", "x.pcap"), 2, "models are asked in memory"),
        (("2018-actual", "--capture", "x.txt"), 2, "x.txt: nothing is captured so"),
        (("2018-actual", "--capture", "none/x.pcap"), 2, "none/x.pcap: its folder does not exist"),
    ],
)
def test_nothing_said(rootlab: Rootlab, arguments: tuple[str, ...], status: int, problem: str) -> None:
    """Models are asked in memory, so there is nothing to capture; nor is what nobody writes."""
    ended = rootlab("run", *arguments)
    assert (ended.status, problem in ended.err, ended.err.count("\n")) == (status, True, 1)
