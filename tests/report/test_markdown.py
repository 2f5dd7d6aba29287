"""The report to forward: results, events, inputs and limits, readable without the lab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab import __version__
from lab.report import REPORTS, Page
from lab.run.verdict import RunResult, SuiteResult

Headers = Mapping[str, Mapping[str, Any]]


def lines(result: RunResult | SuiteResult, headers: Headers) -> list[str]:
    """Return the lines of the report of a result."""
    return REPORTS["markdown"].render(result, headers, Page()).splitlines()


def test_the_table_of_a_run(passed_run: RunResult, headers: Headers) -> None:
    """The report begins with the verdict and the table."""
    assert lines(passed_run, headers)[:8] == [
        "# 2018-actual: passed",
        "",
        "Double-KSK roll of the root.",
        "",
        "| subject | outcome | first failure | recovers | cause | verdict |",
        "| --- | --- | --- | --- | --- | --- |",
        "| rfc5011-strict | secure | - | - | - | passed |",
        "| static-old | bogus | 2018-10-12T22:00:00Z | never | static-anchor | passed |",
    ]


def test_the_table_of_a_suite(suite: SuiteResult, headers: Headers) -> None:
    """A suite's table has the scenarios as columns and the verdicts as its last row."""
    table = [line for line in lines(suite, headers) if line.startswith("| ")][:6]
    assert table[0] == "| subject | 2018-actual | 2017-planned | 2026-planned |"
    assert table[-1] == "| **verdict** | passed | **failed** | **inconclusive** |"


def test_what_happened_is_in_order_of_time(passed_run: RunResult, headers: Headers) -> None:
    """Each subject has its changes of keys and outcomes, one below the other, and its keys at the end."""
    text = lines(passed_run, headers)
    begin = text.index("### rfc5011-strict")
    assert text[begin + 2 : begin + 8] == [
        "model (RFC 5011); passed.",
        "",
        "- 2017-07-01T00:00:00Z **secure**",
        "- 2017-07-11T16:00:00Z ksk-2017 (tag 20326): Start to AddPend",
        "- 2017-08-11T03:20:00Z ksk-2017 (tag 20326): AddPend to Valid",
        "- at the end: ksk-2010 (tag 19036) Revoked since 2019-01-11T15:00:00Z, "
        "ksk-2017 (tag 20326) Valid since 2017-08-11T03:20:00Z",
    ]


def test_the_inputs(suite: SuiteResult, headers: Headers) -> None:
    """Digest, seed and version of everything that went in are printed."""
    text = lines(suite, headers)
    row = "| 2017-planned | 2017-07-01T00:00:00Z | 2019-06-01T00:00:00Z | 7 | `0123abcd` |"
    assert row in text
    assert f"Made by rootlab {__version__}. The same scenario, seed and version give the same report." in text


def test_the_limits(passed_run: RunResult, headers: Headers) -> None:
    """The report ends with what is not modelled, even if all passed."""
    text = lines(passed_run, headers)
    limits = text[text.index("## What is not modelled") + 2 :]
    assert len(limits) > 3
    assert all(line.startswith("- ") for line in limits)


def test_hostile_text(failed_run: RunResult, headers: Headers) -> None:
    """Markup in the data shows as text."""
    assert r"\& \[31msaw \<one\>" in "\n".join(lines(failed_run, headers))
