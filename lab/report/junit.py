"""Render verdicts as JUnit XML: a test suite per scenario, a test case per subject and expectation.

A finding that is inconclusive becomes an `error`, not a `skipped`: CI servers show skipped cases as green,
and no evidence is never a pass. The file agrees with the exit status: it holds a failure or an error
exactly if the verdict is not passed. No run time is written, so that the same run gives the same bytes.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from .. import __version__
from ..run.verdict import Finding, RunResult, SubjectResult, SuiteResult, worst_verdict
from . import Headers, Page, Result, runs_of
from .wording import cause_words, when

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) does not allow, not even as a character reference."""

_TAGS = {"failed": "failure", "inconclusive": "error"}
_LEVELS = ("failed", "inconclusive")


def render(result: Result, headers: Headers, page: Page) -> str:
    """Return the JUnit XML text of one run or one suite."""
    name = result.suite if isinstance(result, SuiteResult) else result.scenario
    runs = runs_of(result)
    verdicts = [verdict for run in runs for verdict in _verdicts(run)]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f"<testsuites {_attributes(name=f'rootlab {name}')} {_counts(verdicts)}>")
    for run in runs:
        lines += _testsuite(run, headers)
    lines.append("</testsuites>")
    return "\n".join(lines) + "\n"


def clean(text: object) -> str:
    """Return text without the characters that XML cannot hold."""
    return _NOT_XML.sub("", str(text))


def _attributes(**values: object) -> str:
    """Return attributes with their values escaped."""
    return " ".join(f"{name}={quoteattr(clean(value))}" for name, value in values.items())


def _counts(verdicts: list[str]) -> str:
    """Return the attributes that count test cases."""
    failures, errors = (verdicts.count(level) for level in _LEVELS)
    return _attributes(tests=len(verdicts), failures=failures, errors=errors, skipped=0)


def _findings(subject: SubjectResult) -> tuple[Finding, ...]:
    """Return the findings on a subject, with one more where they do not add up to its verdict."""
    findings = subject.findings
    if worst_verdict([finding.verdict for finding in findings]) == subject.verdict and findings:
        return findings
    return (*findings, Finding("verdict", subject.verdict, subject.explanation or "no finding says why"))


def _verdicts(run: RunResult) -> list[str]:
    """Return the verdict of every test case of a run."""
    return [finding.verdict for subject in run.subjects for finding in _findings(subject)] or [run.verdict]


def _testsuite(run: RunResult, headers: Headers) -> list[str]:
    """Return the lines of one scenario."""
    header = headers.get(run.scenario, {})
    properties = {
        "title": run.title,
        "seed": run.seed,
        "digest": header.get("digest"),
        "start": header.get("start"),
        "stop": header.get("stop"),
        "lab_version": __version__,
    }
    lines = [f"  <testsuite {_attributes(name=run.scenario)} {_counts(_verdicts(run))}>", "    <properties>"]
    lines += [
        f"      <property {_attributes(name=name, value=value)}/>"
        for name, value in properties.items()
        if value is not None
    ]
    lines.append("    </properties>")
    for subject in run.subjects:
        for finding in _findings(subject):
            lines += _testcase(f"{run.scenario}.{subject.name}", finding, _story(subject))
    if not run.subjects:
        lines += _testcase(run.scenario, Finding("subjects", run.verdict, "no subject was played"), "")
    return [*lines, "  </testsuite>"]


def _testcase(classname: str, finding: Finding, story: str) -> list[str]:
    """Return the lines of one expectation of one subject."""
    lines = [f"    <testcase {_attributes(classname=classname, name=finding.expectation, time=0)}>"]
    tag = _TAGS.get(finding.verdict)
    if tag:
        attributes = _attributes(message=finding.message, type=finding.verdict)
        lines.append(f"      <{tag} {attributes}>{escape(clean(finding.message))}</{tag}>")
    if story:
        lines.append(f"      <system-out>{escape(clean(story))}</system-out>")
    return [*lines, "    </testcase>"]


def _story(subject: SubjectResult) -> str:
    """Return what was seen of a subject in one line, for a reader who has only the test report."""
    if subject.first_failure is None:
        return f"outcome {subject.outcome}; no failure"
    words = f"outcome {subject.outcome}; first failure {when(subject.first_failure)}"
    words += f"; secure again from {when(subject.recovered_at)}" if subject.recovered_at is not None else ""
    return f"{words}; cause {subject.cause}: {cause_words(subject.cause)}" if subject.cause else words
