"""Verdicts made by hand: small ones whose reports can be read in a test, no engine behind them."""

from __future__ import annotations

import pytest

from lab.clock import parse_instant
from lab.observation import Anchor, Outcome, Transition
from lab.run.verdict import Finding, RunResult, SubjectResult, SuiteResult

START, ROLL = parse_instant("2017-07-01T00:00:00Z"), parse_instant("2018-10-11T16:00:00Z")
REVOKED = parse_instant("2019-01-11T15:00:00Z")
HOUR = 3600


def _outcome(at: int, subject: str, outcome: str, cause: str = "") -> Outcome:
    return Outcome(at, subject, outcome, "secure" if outcome == "secure" else outcome, cause, None, "")


def good_subject() -> SubjectResult:
    """Return a resolver that learns the new key and never fails."""
    learnt, valid = parse_instant("2017-07-11T16:00:00Z"), parse_instant("2017-08-11T03:20:00Z")
    return SubjectResult(
        name="rfc5011-strict",
        kind="model",
        version="RFC 5011",
        verdict="passed",
        first_failure=None,
        last_good=None,
        recovered_at=None,
        outcome="secure",
        outcomes=(_outcome(START, "rfc5011-strict", "secure"),),
        cause=None,
        explanation="",
        transitions=(
            Transition(learnt, "rfc5011-strict", "ksk-2017", 20326, 20326, "Start", "AddPend"),
            Transition(valid, "rfc5011-strict", "ksk-2017", 20326, 20326, "AddPend", "Valid"),
        ),
        anchors=(
            Anchor(valid, "rfc5011-strict", "ksk-2010", 19036, "Revoked", REVOKED),
            Anchor(valid, "rfc5011-strict", "ksk-2017", 20326, "Valid", valid),
        ),
        signals=(),
        sentinels=(),
        findings=(Finding("never-fails", "passed", "expected no failure, saw none"),),
    )


def broken_subject(verdict: str = "passed", name: str = "static-old") -> SubjectResult:
    """Return a resolver that has only the old key, fails after the roll and does not recover."""
    failed = ROLL + 30 * HOUR
    return SubjectResult(
        name=name,
        kind="model",
        version="",
        verdict=verdict,
        first_failure=failed,
        last_good=failed - 1,
        recovered_at=None,
        outcome="bogus",
        outcomes=(_outcome(START, name, "secure"), _outcome(failed, name, "bogus", "static-anchor")),
        cause="static-anchor",
        explanation="its only anchor no longer signs the DNSKEY RRset <&>",
        transitions=(),
        anchors=(Anchor(failed, name, "ksk-2010", 19036, "Valid", START),),
        signals=(),
        sentinels=(),
        findings=(Finding("breaks", verdict, "expected a failure & \x1b[31msaw <one>\ud800\uffff"),),
    )


def healed_subject() -> SubjectResult:
    """Return a resolver that fails for eleven days and heals."""
    failed, healed = ROLL + 5 * HOUR, ROLL + 275 * HOUR
    return SubjectResult(
        name="unbound-1.6.4",
        kind="model",
        version="1.6.4",
        verdict="passed",
        first_failure=failed,
        last_good=failed - 1,
        recovered_at=healed,
        outcome="bogus",
        outcomes=(
            _outcome(START, "unbound-1.6.4", "secure"),
            _outcome(failed, "unbound-1.6.4", "bogus", "hold-down-unfinished"),
            _outcome(healed, "unbound-1.6.4", "secure"),
        ),
        cause="hold-down-unfinished",
        explanation="the new key was still in its hold-down",
        transitions=(Transition(healed, "unbound-1.6.4", "ksk-2017", 20326, 20326, "AddPend", "Valid"),),
        anchors=(),
        signals=(),
        sentinels=(),
        findings=(Finding("heals", "passed", "expected recovery, saw it"),),
    )


def run_of(*subjects: SubjectResult, scenario: str = "2018-actual", verdict: str = "passed") -> RunResult:
    """Return a run of the given subjects."""
    return RunResult(scenario, "Double-KSK roll of the root", 7, verdict, subjects, ("Hours are assumed.",))


@pytest.fixture
def passed_run() -> RunResult:
    """Return a run with a good, a broken and a healed subject, all as expected."""
    return run_of(good_subject(), broken_subject(), healed_subject())


@pytest.fixture
def failed_run() -> RunResult:
    """Return a run in which one expectation fails and one cannot be judged."""
    unknown = broken_subject("inconclusive", "unknown-daemon")
    return run_of(good_subject(), broken_subject("failed"), unknown, verdict="failed")


@pytest.fixture
def suite(passed_run: RunResult) -> SuiteResult:
    """Return a suite of three runs; the second lacks a subject and fails."""
    second = run_of(good_subject(), broken_subject("failed"), scenario="2017-planned", verdict="failed")
    third = run_of(broken_subject("inconclusive"), scenario="2026-planned", verdict="inconclusive")
    return SuiteResult("october-11", "failed", (passed_run, second, third))


@pytest.fixture
def headers() -> dict[str, dict[str, str]]:
    """Return what the reports read from the records' headers."""
    header = {"start": "2017-07-01T00:00:00Z", "stop": "2019-06-01T00:00:00Z", "digest": "0123abcd"}
    return dict.fromkeys(("2018-actual", "2017-planned", "2026-planned"), header)
