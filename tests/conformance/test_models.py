"""The models in all cases: RFC 5011 read strictly passes, the others fail what they are known to fail."""

from __future__ import annotations

from lab.conformance.case import choose, shipped_cases
from lab.conformance.examine import examine
from lab.conformance.examinee import DAEMONS, examinee
from lab.conformance.findings import all_findings
from lab.conformance.result import FAIL, INCONCLUSIVE, NOT_APPLICABLE, PASS, XFAIL, Examination
from lab.conformance.stage import player_for
from lab.drivers.table import PREFIX
from lab.report import Page
from lab.report.conformance import render_json
from lab.resolver.profiles import MODELS


def test_strict_reader_passes_everything(everybody: Examination) -> None:
    """RFC 5011 read strictly passes every case that applies to it."""
    own = [one for one in everybody.results if one.examinee == "rfc5011-strict"]
    assert {one.status for one in own} == {PASS, NOT_APPLICABLE}
    assert [one.case for one in own if one.status == NOT_APPLICABLE] == [
        case.id for case in shipped_cases() if "signals" in case.needs
    ]


def test_failures_are_those_listed(everybody: Examination) -> None:
    """Every failure of a model is in the list, and every entry of the list is a failure."""
    unlisted = [
        (one.case, one.examinee, one.message)
        for one in everybody.results
        if one.status in (FAIL, INCONCLUSIVE)
    ]
    assert unlisted == []
    found = {(one.examinee, one.case): one.reason for one in everybody.results if one.status == XFAIL}
    listed = {
        (name, case): reason
        for name, cases in all_findings().items()
        for case, reason in cases.items()
        if not name.startswith(PREFIX)
    }
    assert found == listed
    assert everybody.verdict == "passed"


def test_findings_name_who_there_is() -> None:
    """The list names models and the real resolvers that are examined, and cases that there are."""
    known = {case.id for case in shipped_cases()}
    for name, cases in all_findings().items():
        assert name in MODELS or name.removeprefix(PREFIX) in DAEMONS
        assert set(cases) <= known


def test_nothing_moves(everybody: Examination) -> None:
    """The results of some cases are those that they have among all, to the byte."""
    who = [examinee(name) for name in ("unbound", "bind")]
    again = examine(choose(("RFC5011-2.2-*",)), who, player_for(who))
    for one in again.results:
        before = everybody.of(one.case, one.examinee)
        assert (before.status, before.message) == (one.status, one.message)
    twice = examine(choose(("RFC5011-2.2-*",)), who, player_for(who))
    assert render_json(twice, Page(), {}) == render_json(again, Page(), {})


def test_chance_does_not_decide() -> None:
    """Whoever draws refresh times passes and fails the same with another seed."""
    who = [examinee("unbound")]
    assert examine(shipped_cases(), who, player_for(who), seed=1).count(FAIL) == 0


def test_static_validators_are_spared(everybody: Examination) -> None:
    """What RFC 5011 demands does not apply to who does not follow it; what RFC 4035 demands does."""
    static = {one.case: one.status for one in everybody.results if one.examinee == "static"}
    assert static["RFC5011-2.2-ADD-01"] == NOT_APPLICABLE
    assert static["RFC4035-5.2-SIG-04"] == PASS
    assert static["BOOT-2024-06-AFTER"] == PASS
