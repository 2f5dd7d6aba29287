"""The table of formats."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pytest

from lab.errors import UserError
from lab.report import REPORTS, Page, report_for
from lab.run.verdict import RunResult


@pytest.mark.parametrize(("name", "form"), [("r.md", "markdown"), ("R.MD", "markdown"), ("r.xml", "junit")])
def test_the_suffix_chooses_the_format(name: str, form: str) -> None:
    """A report's format follows from the suffix of its file."""
    assert report_for(PurePath(name)) is REPORTS[form]


def test_an_unknown_suffix() -> None:
    """A suffix that no format has is refused, with those that there are."""
    with pytest.raises(UserError) as refused:
        report_for(PurePath("out.pdf"))
    assert str(refused.value) == (
        "out.pdf: no report has the suffix '.pdf'; end the name in one of .txt, .json, .xml, .md, .markdown"
    )


def test_suffixes_are_unambiguous() -> None:
    """No two formats claim a suffix."""
    suffixes = [suffix for report in REPORTS.values() for suffix in report.suffixes]
    assert len(set(suffixes)) == len(suffixes)


@pytest.mark.parametrize("form", list(REPORTS))
def test_a_report_is_whole_lines_and_the_same_each_time(
    form: str, passed_run: RunResult, headers: dict[str, dict[str, Any]]
) -> None:
    """Every format ends in a line break and gives the same text for the same result."""
    text = REPORTS[form].render(passed_run, headers, Page())
    assert text.endswith("\n")
    assert text == REPORTS[form].render(passed_run, headers, Page())
