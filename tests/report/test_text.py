"""The screens of a verdict: what they say, and that they keep to the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lab.report import REPORTS, Page
from lab.run.verdict import RunResult, SuiteResult

Headers = Mapping[str, Mapping[str, Any]]


def show(result: RunResult | SuiteResult, headers: Headers, width: int = 120, *, colour: bool = False) -> str:
    """Return the screen of a result."""
    return REPORTS["text"].render(result, headers, Page(width, colour))


def test_the_table_of_a_run(passed_run: RunResult, headers: Headers) -> None:
    """A scenario is a table of subject, outcome, first failure, recovery, cause and verdict."""
    assert show(passed_run, headers).splitlines()[:8] == [
        "2018-actual: Double-KSK roll of the root",
        "2017-07-01 to 2019-06-01, seed 7",
        "",
        "subject         outcome  first failure         recovers              cause                 verdict",
        "--------------------------------------------------------------------------------------------------",
        "rfc5011-strict  secure   -                     -                     -                     passed",
        "static-old      bogus    2018-10-12T22:00:00Z  never                 static-anchor         passed",
        "unbound-1.6.4   bogus    2018-10-11T21:00:00Z  2018-10-23T03:00:00Z  hold-down-unfinished  passed",
    ]


def test_the_narrow_table_of_a_run(passed_run: RunResult, headers: Headers) -> None:
    """Where six columns do not fit, failure, recovery and cause share one."""
    assert show(passed_run, headers, 80).splitlines()[3:11] == [
        "subject         outcome  first failure, recovery, cause  verdict",
        "----------------------------------------------------------------",
        "rfc5011-strict  secure   -                               passed",
        "static-old      bogus    2018-10-12T22:00:00Z            passed",
        "                         static-anchor",
        "unbound-1.6.4   bogus    2018-10-11T21:00:00Z            passed",
        "                         until 2018-10-23T03:00:00Z",
        "                         hold-down-unfinished",
    ]


def test_the_grid_of_a_suite(suite: SuiteResult, headers: Headers) -> None:
    """A suite is one table: configurations as rows, a column group for each scenario, blanks where absent."""
    lines = show(suite, headers).splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("subject "))
    assert [line.split("|")[1:3] for line in lines[head - 1 : head + 1]] == [
        [" 2018-actual                   ", " 2017-planned                  "],
        [" outcome  first failure, cause ", " outcome  first failure, cause "],
    ]
    assert [line.split("|")[0].strip() for line in lines[head + 2 : head + 9]] == [
        "rfc5011-strict", "static-old", "", "", "unbound-1.6.4", "", "",
    ]  # fmt: skip
    assert [line.split("|")[2].strip() for line in lines[head + 2 : head + 9]] == [
        "secure", "bogus    2018-10-12T22:00:00Z", "static-anchor", "NOT AS EXPECTED", "", "", "",
    ]  # fmt: skip
    assert [line.split("|")[1].strip() for line in lines[head + 6 : head + 9]] == [
        "bogus    2018-10-11T21:00:00Z", "until 2018-10-23T03:00:00Z", "hold-down-unfinished",
    ]  # fmt: skip


def test_a_suite_on_a_narrow_sheet(suite: SuiteResult, headers: Headers) -> None:
    """Where the columns of a suite do not fit, each scenario gets a table of its own."""
    lines = show(suite, headers, 80).splitlines()
    assert [line for line in lines if line in ("2018-actual", "2017-planned", "2026-planned")] == [
        "2018-actual",
        "2017-planned",
        "2026-planned",
    ]


@pytest.mark.parametrize("width", [40, 80, 100, 120])
def test_no_line_is_wider_than_the_sheet(
    width: int, suite: SuiteResult, failed_run: RunResult, headers: Headers
) -> None:
    """Every screen keeps to the width it is given."""
    text = show(suite, headers, width) + show(failed_run, headers, width)
    assert max(len(line) for line in text.splitlines()) <= width


def test_nothing_is_cut_off(suite: SuiteResult, headers: Headers) -> None:
    """No identifier or instant is shortened to an ellipsis at the usual widths."""
    assert "…" not in show(suite, headers, 120) + show(suite, headers, 80)


def test_the_legend_explains_the_words_that_occur(passed_run: RunResult, headers: Headers) -> None:
    """A newcomer finds secure and bogus explained, each cause with its citation, and no word too many."""
    text = show(passed_run, headers)
    assert "\nsecure       answers" in text
    assert "\nbogus        the check fails, so clients get SERVFAIL" in text
    assert "\nunvalidated" not in text
    assert "\nWhy\nstatic-anchor         " in text


def test_what_is_not_as_expected_stands_before_the_verdict(failed_run: RunResult, headers: Headers) -> None:
    """The last lines name every expectation that failed or could not be judged, then the verdict."""
    assert show(failed_run, headers).splitlines()[-5:] == [
        "Not as expected",
        "  failed static-old, breaks: expected a failure & [31msaw <one>",
        "  inconclusive unknown-daemon, breaks: expected a failure & [31msaw <one>",
        "",
        "2018-actual: failed (1 of 3 subjects as expected)",
    ]


def test_the_last_lines_of_a_suite(suite: SuiteResult, headers: Headers) -> None:
    """A suite ends with a verdict for each scenario and one for all."""
    assert show(suite, headers).splitlines()[-4:] == [
        "2018-actual: passed (3 of 3 subjects as expected)",
        "2017-planned: failed (1 of 2 subjects as expected)",
        "2026-planned: inconclusive (0 of 1 subject as expected)",
        "october-11: failed",
    ]


def test_an_empty_run(headers: Headers) -> None:
    """A run without subjects says so."""
    text = show(RunResult("nobody", "Nobody", 0, "inconclusive", ()), headers)
    assert text.endswith("nobody: inconclusive (no subject was played)\n")


def test_only_a_coloured_sheet_has_escape_sequences(failed_run: RunResult, headers: Headers) -> None:
    """Colour is on if the page says so, and nothing in the data can switch it on."""
    assert "\x1b" not in show(failed_run, headers)
    assert "\x1b[31mbogus" in show(failed_run, headers, colour=True)
    assert "\x1b[31msaw" not in show(failed_run, headers, colour=True)
