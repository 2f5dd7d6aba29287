"""`rootlab ceremony export` writes files that the other commands take, into a file, a folder or a pipe."""

from __future__ import annotations

from pathlib import Path

from lab.authority.ceremony import parse_ceremony, read_ceremony

from .ended import Rootlab


def test_one_quarter_to_standard_output(rootlab: Rootlab, scenario: Path) -> None:
    """One quarter goes to standard output as XML, and a quarter is named in either case."""
    ended = rootlab("ceremony", "export", scenario, "--quarter", "2018q4")
    assert (ended.status, ended.err) == (0, "")
    file = parse_ceremony(ended.out.encode(), "out.xml")
    assert (file.kind, file.id, len(file.bundles)) == ("skr", "rootlab-fortnight-2018Q4", 9)


def test_the_only_quarter(rootlab: Rootlab, scenario: Path, tmp_path: Path) -> None:
    """A scenario that plays in one quarter needs none named; `--output FILE` is silent."""
    path = tmp_path / "own.xml"
    ended = rootlab("ceremony", "export", scenario, "--kind", "ksr", "-o", path)
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert read_ceremony(path).kind == "ksr"


def test_folder(rootlab: Rootlab, tmp_path: Path) -> None:
    """Into a folder goes a file for each quarter of the run, and each is named on standard output."""
    ended = rootlab("ceremony", "export", "2017-planned", "--output", tmp_path)
    assert ended.status == 0
    names = [Path(line).name for line in ended.out.splitlines()]
    assert names == ["skr-root-2017-q3-0.xml", "skr-root-2017-q4-0.xml", "skr-root-2018-q1-0.xml",
                     "skr-root-2018-q2-0.xml"]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert rootlab("ceremony", "lint", *ended.out.split()).status == 0
    assert rootlab("ceremony", "verify", *ended.out.split()).status == 0


def test_several_quarters_need_a_folder(rootlab: Rootlab, tmp_path: Path) -> None:
    """Several quarters and no folder is a mistake that names both ways out; nothing is written."""
    for arguments in ([], ["--output", tmp_path / "one.xml"]):
        ended = rootlab("ceremony", "export", "2017-planned", *arguments)
        assert (ended.status, ended.out) == (2, "")
        assert ended.err == (
            "rootlab: 2017-planned: 4 quarters, from 2017Q3 to 2018Q2, are a file each; choose one with"
            " --quarter, or name a folder that exists: --output FOLDER\n"
        )
    assert list(tmp_path.iterdir()) == []


def test_mistakes(rootlab: Rootlab, scenario: Path, tmp_path: Path) -> None:
    """A quarter that is none or outside, a folder that is not there, an unknown kind: one line, status 2."""
    (tmp_path / "skr-root-2018-q4-0.xml").mkdir()
    for arguments, problem in (
        (["--quarter", "autumn"], "'AUTUMN' is not a quarter; write it like 2018Q4"),
        (["--quarter", "2030Q1"], "fortnight has no slot in 2030Q1; choose one from 2017Q2 to 2019Q1"),
        (["--output", tmp_path / "no" / "a.xml"], "its folder does not exist"),
        (["--output", tmp_path], "is a folder"),
        (["--kind", "zip"], "'zip' is not one of"),
    ):
        ended = rootlab("ceremony", "export", scenario, *arguments)
        assert (ended.status, ended.out) == (2, "")
        assert len(ended.err.splitlines()) == 1
        assert problem in ended.err


def test_what_is_written_runs(rootlab: Rootlab, scenario: Path, tmp_path: Path) -> None:
    """Models live through files the lab wrote, and the one that knows the old key alone fails at the roll."""
    path = tmp_path / "own.xml"
    assert rootlab("ceremony", "export", scenario, "--output", path).status == 0
    ended = rootlab("run", "--skr", path, "--subject", "static-old")
    assert ended.status == 1
    assert "2018-10-1" in ended.out
