"""JUnit XML: a CI server sees the verdict that the exit status gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from lab.report import REPORTS, Page
from lab.run.verdict import RunResult, SuiteResult

Headers = Mapping[str, Mapping[str, Any]]


def tree(result: RunResult | SuiteResult, headers: Headers) -> Element:
    """Return the parsed XML of a result."""
    root = fromstring(REPORTS["junit"].render(result, headers, Page()).encode())
    assert isinstance(root, Element)
    return root


def test_a_test_case_for_each_subject_and_expectation(suite: SuiteResult, headers: Headers) -> None:
    """Each scenario is a test suite, each expectation of each subject a test case in it."""
    root = tree(suite, headers)
    cases = [
        (group.get("name"), case.get("classname"), case.get("name"), [child.tag for child in case])
        for group in root
        for case in group.iter("testcase")
    ]
    assert cases == [
        ("2018-actual", "2018-actual.rfc5011-strict", "never-fails", ["system-out"]),
        ("2018-actual", "2018-actual.static-old", "breaks", ["system-out"]),
        ("2018-actual", "2018-actual.unbound-1.6.4", "heals", ["system-out"]),
        ("2017-planned", "2017-planned.rfc5011-strict", "never-fails", ["system-out"]),
        ("2017-planned", "2017-planned.static-old", "breaks", ["failure", "system-out"]),
        ("2026-planned", "2026-planned.static-old", "breaks", ["error", "system-out"]),
    ]


def test_the_counts(suite: SuiteResult, headers: Headers) -> None:
    """The counts of the whole are the sums of those of its suites, and agree with the cases."""
    root = tree(suite, headers)
    names = ("tests", "failures", "errors", "skipped")
    assert [root.get(name) for name in names] == ["6", "1", "1", "0"]
    assert [[group.get(name) for name in names] for group in root] == [
        ["3", "0", "0", "0"], ["2", "1", "0", "0"], ["1", "0", "1", "0"],
    ]  # fmt: skip


def test_hostile_text(failed_run: RunResult, headers: Headers) -> None:
    """Markup is escaped, and characters that XML cannot hold are dropped."""
    failure = tree(failed_run, headers).find(".//failure")
    assert failure is not None
    assert failure.text == "expected a failure & [31msaw <one>"
    assert failure.get("message") == failure.text


def test_the_properties_say_what_was_played(passed_run: RunResult, headers: Headers) -> None:
    """Seed, digest and version stand in the file, so that the run can be repeated."""
    found = {item.get("name"): item.get("value") for item in tree(passed_run, headers).iter("property")}
    assert (found["seed"], found["digest"], found["start"]) == ("7", "0123abcd", "2017-07-01T00:00:00Z")


def test_a_run_without_subjects_is_an_error(headers: Headers) -> None:
    """An inconclusive run of nobody is not green."""
    root = tree(RunResult("nobody", "Nobody", 0, "inconclusive", ()), headers)
    assert (root.get("tests"), root.get("errors")) == ("1", "1")
    assert [child.tag for case in root.iter("testcase") for child in case] == ["error"]


def test_a_verdict_that_no_finding_gives(passed_run: RunResult, headers: Headers) -> None:
    """A subject that failed although each finding passed gets a case of its own: the file is not green."""
    odd = replace(passed_run.subjects[0], verdict="inconclusive", explanation="the daemon did not start")
    root = tree(replace(passed_run, verdict="inconclusive", subjects=(odd,)), headers)
    assert [(case.get("name"), [child.tag for child in case]) for case in root.iter("testcase")] == [
        ("never-fails", ["system-out"]),
        ("verdict", ["error", "system-out"]),
    ]
