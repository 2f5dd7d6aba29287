"""Verdicts: what was seen against what was expected, now or later, and what counts where there is a gap."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from lab.errors import RecordError
from lab.observation import Gap, Signal, Started, Transition
from lab.run.engine import play
from lab.run.judge import judge
from lab.run.record import Record
from lab.run.verdict import EXIT_STATUS, VERDICTS, RunResult, worst_verdict

from .stage import BOTH, STATIC, STRICT, at, outcome, record_of, run, scenario

BREAKS = """
[[expect]]
id = "breaks"
subject = "static"
fails = { from = 2018-10-11T16:00:00Z, to = 2018-10-13T16:00:00Z, cause = "static-anchor" }
"""
TOO_LATE = BREAKS.replace("from = 2018-10-11T16", "from = 2018-10-12T16")


def verdicts(result: RunResult) -> dict[str, str]:
    """Return the verdict on each subject."""
    return {one.name: one.verdict for one in result.subjects}


def expecting(expected: dict[str, Any], *seen: Any, **header: Any) -> tuple[str, str]:
    """Return the verdict on one expectation of a record made by hand, and its message."""
    values = {"expectations": [{"id": "x", "subject": "s", **expected}]} | header
    (one,) = judge(record_of(*seen, **values)).subjects
    (finding,) = one.findings
    assert finding.expectation == "x"
    return finding.verdict, finding.message


def test_an_expected_failure_passes() -> None:
    """A subject that breaks when it should is as expected; one without expectations has to stay secure."""
    assert verdicts(judge(run(STATIC, BOTH, BREAKS))) == {"static": "passed", "both": "passed"}
    assert verdicts(judge(run(STATIC, BOTH))) == {"static": "failed", "both": "passed"}
    assert verdicts(judge(run(STATIC, TOO_LATE))) == {"static": "failed"}


def test_a_subject_that_is_not_played_is_not_judged() -> None:
    """A run of some subjects holds the expectations of those alone."""
    record = play(scenario(STATIC, BOTH, BREAKS), subjects=["both"])
    assert record.header["expectations"] == []
    assert verdicts(judge(record)) == {"both": "passed"}
    whole = play(scenario(STATIC, BOTH, BREAKS))
    assert [expected["id"] for expected in whole.header["expectations"]] == ["breaks"]


def test_a_stored_run_is_judged_as_the_live_one(tmp_path: Path) -> None:
    """Nothing of a verdict is lost in a file."""
    record = run(STRICT, STATIC, BOTH, BREAKS)
    record.write(tmp_path / "run.jsonl")
    assert judge(Record.read(tmp_path / "run.jsonl")) == judge(record)


def test_other_expectations() -> None:
    """An old record can be held against the expectations of another scenario; what was seen stays."""
    record, other = run(STATIC, BOTH, BREAKS), scenario(STATIC, TOO_LATE)
    before, after = judge(record), judge(record, other)
    assert (before.verdict, after.verdict) == ("passed", "failed")
    assert verdicts(after) == {"static": "failed", "both": "passed"}
    assert [one.outcomes for one in after.subjects] == [one.outcomes for one in before.subjects]
    assert (after.scenario, after.title) == (before.scenario, before.title)


def test_what_a_result_holds() -> None:
    """Result and record agree on who was played, with which seed, and what each did."""
    result = judge(play(scenario(STRICT, STATIC, BREAKS), seed=3))
    assert (result.scenario, result.title, result.seed) == ("scenario", "A rehearsal", 3)
    strict, static = result.subjects
    assert (strict.kind, strict.version, static.version) == ("model", "RFC 5011", "any")
    assert [(move.source, move.target) for move in strict.transitions] == [("Start", "AddPend")]
    assert [(anchor.key, anchor.state) for anchor in strict.anchors] == [
        ("ksk-2010", "Valid"),
        ("ksk-2017", "AddPend"),
    ]
    assert (static.first_failure, static.last_good) == (at("12T00:00:00"), at("11T23:59:59"))
    assert (static.recovered_at, static.outcome, static.cause) == (None, "bogus", "static-anchor")
    assert static.explanation.endswith("(RFC 5011 section 1)")
    assert static.findings[0].message == (
        "expected a first failure from 2018-10-11T16:00:00Z to 2018-10-13T16:00:00Z with cause "
        "static-anchor; first failure 2018-10-12T00:00:00Z (static-anchor)"
    )


def test_no_evidence_is_inconclusive() -> None:
    """Where nothing was seen of a subject, nothing passes, not even that it never fails."""
    late = STATIC + "first-start = 2018-10-16T00:00:00Z\n"
    assert verdicts(judge(run(late))) == {"static": "inconclusive"}
    assert expecting({"never-fails": True}, Started(0, "s", "first"))[0] == "inconclusive"
    assert expecting({"never-signals": {"name": "_ta-4a5c"}})[0] == "inconclusive"


def test_no_subject_is_inconclusive() -> None:
    """A run without subjects shows nothing."""
    assert judge(record_of(subjects=[])).verdict == "inconclusive"


GAP = Gap(100, "", 200)
KEY = {"key": "ksk-2017", "state": "Valid"}


@pytest.mark.parametrize(
    ("expected", "seen", "verdict"),
    [
        ({"never-fails": True}, (outcome(0, "secure"),), "inconclusive"),
        ({"never-fails": True}, (outcome(0, "secure"), outcome(50, "bogus")), "failed"),
        ({"stays-broken": True}, (outcome(0, "secure"),), "failed"),
        ({"never-reaches": KEY}, (outcome(0, "secure"),), "inconclusive"),
        (
            {"never-reaches": KEY},
            (outcome(0, "secure"), Transition(9, "s", "ksk-2017", 20326, 20326, "AddPend", "Valid")),
            "failed",
        ),
        (
            {"never-signals": {"name": "_ta-4a5c"}},
            (outcome(0, "secure"), Signal(9, "s", "_ta-4a5c.")),
            "failed",
        ),
    ],
)
def test_a_gap(expected: dict[str, Any], seen: tuple[Any, ...], verdict: str) -> None:
    """Where the files leave a gap nothing passes for not having been seen; what was seen to fail, failed."""
    assert expecting(expected, GAP, *seen)[0] == verdict


def test_a_gap_is_named() -> None:
    """Finding and notes say from when to when nobody looked."""
    _, message = expecting({"never-fails": True}, GAP, outcome(0, "secure"))
    assert message.endswith("; the files leave a gap: 1970-01-01T00:01:40Z to 1970-01-01T00:03:20Z")
    result = judge(record_of(GAP, outcome(0, "secure")))
    assert result.notes == ("no bundle is in force from 1970-01-01T00:01:40Z to 1970-01-01T00:03:20Z",)


def test_without_children() -> None:
    """Where only the DNSKEY RRset could be asked for, the notes say so, and two outcomes cannot be seen."""
    assert expecting({"outcome": "insecure"}, outcome(0, "secure"), has_child=False)[0] == "inconclusive"
    assert expecting({"outcome": "secure"}, outcome(0, "secure"), has_child=False)[0] == "passed"
    (note,) = judge(record_of(outcome(0, "secure"), has_child=False)).notes
    assert "only the DNSKEY RRset exists" in note


def test_assumed_hours_are_noted() -> None:
    """Hours of switches that nobody knows are listed, under the name that the design gives them."""
    (note,) = judge(record_of(outcome(0, "secure"), assumed_hours=["2017-07-11T16:00:00Z"])).notes
    assert note.startswith("switch-hour: ")
    assert note.endswith(": 2017-07-11T16:00:00Z")


@pytest.mark.parametrize(
    "damage",
    [
        {"expectations": [5]},
        {"expectations": [{"id": "x", "subject": "s", "never-fails": 3}]},
        {"expectations": None},
        {"subjects": [{"name": "s"}]},
        {"start": None},
        {"stop": "soon"},
        {"assumed_hours": [5]},
    ],
)
def test_a_damaged_header(damage: dict[str, Any]) -> None:
    """A header that nobody would write is the caller's fault, not the lab's."""
    with pytest.raises(RecordError, match=r"^its header is damaged \(.*\); record the run again$"):
        judge(Record(record_of().header | damage, (outcome(0, "secure"),)))


def test_the_worst_verdict() -> None:
    """Failed beats inconclusive, inconclusive beats passed, and of nothing nothing is known."""
    for first, second in product(VERDICTS, VERDICTS):
        expected = VERDICTS[max(VERDICTS.index(first), VERDICTS.index(second))]
        assert worst_verdict([first, second]) == expected
    assert VERDICTS == ("passed", "inconclusive", "failed")
    assert worst_verdict([]) == "inconclusive"


def test_exit_statuses() -> None:
    """Each verdict has an exit status of its own."""
    assert EXIT_STATUS == {"passed": 0, "failed": 1, "inconclusive": 3}


def test_the_worst_subject_decides() -> None:
    """One subject that fails fails the run; one that was never seen makes it inconclusive."""
    late = BOTH + "first-start = 2018-10-16T00:00:00Z\n"
    assert judge(run(STATIC, BOTH, BREAKS)).verdict == "passed"
    assert judge(run(STATIC, late, BREAKS)).verdict == "inconclusive"
    assert judge(run(STATIC, late)).verdict == "failed"
