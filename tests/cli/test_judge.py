"""`rootlab judge`: a stored run gives the verdict that the live one gave, or that of other expectations."""

from __future__ import annotations

from pathlib import Path

import pytest

from .ended import Rootlab


@pytest.mark.parametrize("form", ["text", "json", "junit", "markdown"])
def test_a_stored_run_reads_as_the_live_one(
    form: str, record: Path, scenario: Path, rootlab: Rootlab
) -> None:
    """Judging a record gives the very report that the run gave."""
    assert rootlab("judge", record, "--format", form) == rootlab("run", scenario, "--format", form)


def test_other_expectations(record: Path, wrong_scenario: Path, rootlab: Rootlab) -> None:
    """With a scenario its expectations count, not those of the record."""
    ended = rootlab("judge", record, wrong_scenario)
    assert (ended.status, ended.out.splitlines()[-1]) == (
        1,
        "fortnight: failed (1 of 2 subjects as expected)",
    )


def test_files(record: Path, tmp_path: Path, rootlab: Rootlab) -> None:
    """A report can be written of a stored run, too."""
    ended = rootlab("judge", record, "--report", tmp_path / "out.md")
    assert ended.out.splitlines()[-1] == f"report: {tmp_path / 'out.md'}"
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("# fortnight: passed\n")


def test_a_damaged_record(record: Path, rootlab: Rootlab) -> None:
    """A record cut off in the middle of a line is refused with the line's number."""
    content = record.read_bytes()
    record.write_bytes(content[:-20])
    ended = rootlab("judge", record)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith(f"rootlab: {record}: line {content.count(10)}: ")
