"""`rootlab explain`: what happened when, and what the RFC says about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .ended import Rootlab


def test_the_story_of_a_subject(record: Path, rootlab: Rootlab) -> None:
    """A failing subject's story has the roll, the failure with its cause, and ends in a sentence."""
    ended = rootlab("explain", record, "static-old")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert ended.status == 0
    assert lines[0] == "fortnight, static-old: A fortnight around the roll"
    assert "2018-10-11T16:00:00Z zone: KSKs ksk-2010, ksk-2017; signed by" in lines
    assert any(line.startswith("2018-10-13T00:00:00Z clients: bogus [static-anchor]") for line in lines)
    assert "static-old fails at 2018-10-13T00:00:00Z, static-anchor: " in " ".join(lines)
    assert "It is not secure at the end." in " ".join(lines)
    assert "static-both" not in ended.out


def test_the_story_of_all(record: Path, rootlab: Rootlab) -> None:
    """Without a subject all are told of, each row with its subject, the authority in between."""
    values = json.loads(rootlab("explain", record, "--format", "json").out)
    assert list(values) == ["scenario", "seed", "rows"]
    assert {tuple(row) for row in values["rows"]} == {("at", "subject", "what", "rule")}
    assert [row["at"] for row in values["rows"]] == sorted(row["at"] for row in values["rows"])
    assert {row["subject"] for row in values["rows"]} == {None, "static-old", "static-both"}


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_story_fits(width: int, record: Path, rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The story keeps to the terminal, with nothing cut off; a narrow one has the rule below the event."""
    monkeypatch.setenv("COLUMNS", str(width))
    out = rootlab("explain", record, "static-old").out
    assert max(map(len, out.splitlines())) <= width
    assert "…" not in out
    assert ("what the RFC says" in out) is (width >= 100)
    assert "RFC 5011" in out


def test_a_subject_that_is_not_there(record: Path, rootlab: Rootlab) -> None:
    """A subject that the record does not have is refused, with those that it has."""
    ended = rootlab("explain", record, "nobody")
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "static-old, static-both" in ended.err


def test_output(record: Path, tmp_path: Path, rootlab: Rootlab) -> None:
    """The story can go to a file."""
    assert rootlab("explain", record, "--output", tmp_path / "story.txt") == (0, "", "")
    assert (tmp_path / "story.txt").read_text(encoding="utf-8").startswith("fortnight: ")
