"""Issue 2, "What it must show": October 11th, as the command line tells it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lab.clock import DAY, Instant, parse_instant
from lab.run.oracle import Prediction, predict_subject
from lab.scenario.load import load_scenario

from .command import ROOT, Ended, rootlab

October = dict[str, dict[str, dict[str, Any]]]

ROLLS = {
    "2017-planned": "2017-10-11T16:00:00Z",
    "2018-actual": "2018-10-11T16:00:00Z",
    "2026-planned": "2026-10-11T16:00:00Z",
}
NAMED = (
    "rfc5011-strict", "unbound", "bind", "knot", "pdns-recursor", "static-old", "static-both",
    "frozen-offline", "off-in-hold-down", "not-persisted", "new-install-old-anchor",
)  # fmt: skip
"""Subjects that all three scenarios share (item 5)."""


def foretold(scenario: str, subject: str) -> Prediction:
    """Return what the oracle says, which simulates nothing."""
    return predict_subject(load_scenario(scenario), subject)


def failure(one: dict[str, Any]) -> Instant | None:
    """Return a subject's first failure."""
    return None if one["first_failure"] is None else parse_instant(one["first_failure"])


def moves(one: dict[str, Any], tag: int, state: str) -> list[dict[str, Any]]:
    """Return the transitions of a key, by its tag, into a state."""
    return [move for move in one["transitions"] if (move["key_tag"], move["to"]) == (tag, state)]


def test_make_run_plays_october() -> None:
    """`make run` is this very command, with a report."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nrun:", 1)[1].split("\n\n", 1)[0]
    assert "$(BIN)/rootlab run october-11 --report $(REPORT)" in recipe


def test_the_table(suite: Ended) -> None:
    """A table of at least twelve configurations by three scenarios, the verdicts, then the report's path."""
    assert (suite.status, suite.err) == (0, "")
    lines = suite.out.splitlines()
    (rule,) = [number for number, line in enumerate(lines) if re.fullmatch(r"-+(\+-+){3}", line)]
    header = [cell.split() for cell in lines[rule - 1].split("|")]
    assert header == [["subject"]] + [["outcome", "first", "failure,", "cause"]] * 3
    table = lines[rule + 1 : lines.index("", rule)]
    rows = [[cell.strip() for cell in line.split("|")] for line in table]
    whole = [cells[0] for cells in rows if cells[0] and all(cells[1:])]
    assert len(whole) >= 12
    assert set(NAMED) <= set(whole)
    assert "october-11: passed" in lines
    assert lines[-1] == "report: out/october-11.md"


def test_a_cell(suite: Ended) -> None:
    """A configuration that fails has outcome, first failure and cause in its cells."""
    lines = suite.out.splitlines()
    (row,) = [number for number, line in enumerate(lines) if line.startswith("static-old ")]
    first, second = ([cell.split() for cell in lines[row + extra].split("|")][1:] for extra in (0, 1))
    assert [cell[0] for cell in first] == ["bogus"] * 3
    assert [cell[1][:7] for cell in first] == ["2017-10", "2018-10", "2026-10"]
    assert second == [["static-anchor"]] * 3


def test_the_report(suite: Ended, folder: Path) -> None:
    """The report that the last line names is there, and has every configuration."""
    report = (folder / suite.out.splitlines()[-1].removeprefix("report: ")).read_text(encoding="utf-8")
    assert report.startswith("# october-11: passed\n")
    assert [name for name in NAMED if name not in report] == []


def test_twelve_configurations(october: October) -> None:
    """At least twelve subjects are in each of the three scenarios."""
    shared = [
        name for name in october["2018-actual"] if all(name in subjects for subjects in october.values())
    ]
    assert len(shared) >= 12
    assert set(NAMED) <= set(shared)


def test_stored_and_live(october: October, folder: Path) -> None:
    """The record of the suite and the run by itself say the same of 2018."""
    stored = rootlab(folder, "judge", "out/october-2018-actual.jsonl", "--format", "json").json["subjects"]
    assert stored == list(october["2018-actual"].values())


@pytest.mark.parametrize("scenario", ROLLS)
def test_a_static_model_with_the_old_key(scenario: str, october: October) -> None:
    """It fails within 48 hours of the roll, at the second the oracle says."""
    first, roll = failure(october[scenario]["static-old"]), parse_instant(ROLLS[scenario])
    assert first is not None
    assert roll <= first <= roll + 2 * DAY
    assert first == foretold(scenario, "static-old").first_failure
    assert october[scenario]["static-old"]["cause"] == "static-anchor"


def test_strict_learns(october: October) -> None:
    """RFC-strict has 20326 Valid in [2017-08-10, 2017-08-12), and never fails (RFC 5011 section 2.4.1)."""
    strict = october["2018-actual"]["rfc5011-strict"]
    (valid,) = moves(strict, 20326, "Valid")
    assert "2017-08-10T00:00:00Z" <= valid["at"] < "2017-08-12T00:00:00Z"
    assert (strict["first_failure"], strict["outcome"]) == (None, "secure")


def test_strict_revokes(october: October) -> None:
    """RFC-strict has 19036 Revoked at its first refresh after 2019-01-11T14:00Z, wire tag 19164.

    It started at a midnight, and TTL/2 is a day: that refresh is at the next midnight (RFC 5011 section 2.3).
    """
    (revoked,) = moves(october["2018-actual"]["rfc5011-strict"], 19036, "Revoked")
    assert (revoked["at"], revoked["wire_tag"]) == ("2019-01-12T00:00:00Z", 19164)
    assert revoked["from"] == "Valid"


@pytest.mark.parametrize("scenario", ROLLS)
def test_frozen_offline(scenario: str, october: October) -> None:
    """Back three weeks before the roll with its old state, it fails within 48 hours of the roll."""
    first, roll = failure(october[scenario]["frozen-offline"]), parse_instant(ROLLS[scenario])
    assert first is not None
    assert roll <= first <= roll + 2 * DAY
    assert first == foretold(scenario, "frozen-offline").first_failure


@pytest.mark.parametrize("scenario", ROLLS)
def test_off_in_hold_down(scenario: str, october: October) -> None:
    """Off across the 30 days it does not fail in 2018; in 2017 it fails when the oracle says, if at all."""
    first = failure(october[scenario]["off-in-hold-down"])
    assert first == foretold(scenario, "off-in-hold-down").first_failure
    if scenario == "2018-actual":
        assert first is None


@pytest.mark.parametrize("scenario", ROLLS)
def test_new_install_with_an_old_anchor(scenario: str, october: October) -> None:
    """Started on 1 November with the old key alone, it fails at its first query."""
    new = october[scenario]["new-install-old-anchor"]
    assert new["first_failure"] == f"{ROLLS[scenario][:4]}-11-01T00:00:00Z"
    assert (new["last_good"], new["outcomes"][0]["outcome"]) == (None, "bogus")


def test_unbound_1_6_4_with_two_anchors(october: October) -> None:
    """Installed 2017-09-20 with both DS anchors it fails at the roll, and heals when its 30 days are over."""
    old = october["2017-planned"]["unbound-1.6.4"]
    first, healed = failure(old), parse_instant(old["recovered_at"])
    roll, over = parse_instant(ROLLS["2017-planned"]), parse_instant("2017-10-20T09:00:00Z")
    assert first is not None
    assert roll <= first <= roll + 2 * DAY
    assert over <= healed <= over + DAY // 2
    expected = foretold("2017-planned", "unbound-1.6.4")
    assert (first, healed) == (expected.first_failure, expected.recovered_at)


def test_unbound_1_6_5_with_two_anchors(october: October) -> None:
    """The version after it does not fail."""
    new = october["2017-planned"]["unbound-1.6.5"]
    assert (new["first_failure"], new["outcome"]) == (None, "secure")


def test_knot_5_1_2(october: October) -> None:
    """It never has 38696 Valid."""
    old = october["2026-planned"]["knot-5.1.2"]
    assert moves(old, 38696, "Valid") == []
    assert [anchor for anchor in old["anchors"] if anchor["key_tag"] == 38696] == []


def test_knot_5_1_3(october: October) -> None:
    """The version after it has 38696 Valid in [2025-02-10, 2025-02-14)."""
    (valid,) = moves(october["2026-planned"]["knot-5.1.3"], 38696, "Valid")
    assert "2025-02-10T00:00:00Z" <= valid["at"] < "2025-02-14T00:00:00Z"


@pytest.mark.parametrize("scenario", ROLLS)
def test_json_is_as_designed(scenario: str, october: October) -> None:
    """Every subject has the fields of the design, instants ascend, absent values are null."""
    fields = (
        "name", "kind", "version", "verdict", "first_failure", "last_good", "recovered_at", "outcome",
        "outcomes", "cause", "transitions", "anchors",
    )  # fmt: skip
    states = {"Start", "AddPend", "Valid", "Missing", "Revoked", "Removed"}
    for one in october[scenario].values():
        assert set(fields) <= set(one)
        assert all({"at", "key", "key_tag", "wire_tag", "from", "to"} == set(m) for m in one["transitions"])
        assert {move["to"] for move in one["transitions"]} <= states
        assert all({"key", "key_tag", "state", "since"} == set(anchor) for anchor in one["anchors"])
        for listed in (one["outcomes"], one["transitions"]):
            moments = [entry["at"] for entry in listed]
            assert moments == sorted(moments)
            assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment) for moment in moments)
