"""The command `rootlab fleet load`: what it counts, in three layouts."""

from __future__ import annotations

import json
from pathlib import Path

from .ended import Rootlab
from .test_fleet import fleet as fleet


def test_load_in_three_layouts(rootlab: Rootlab, fleet: str, scenario: Path) -> None:
    """Half of the fleet fails at the roll and asks at every question from then on."""
    given = ("fleet", "load", fleet, scenario, "--resolvers", "1000", "--questions", 5, 20, 80)
    said = json.loads(rootlab(*given, "--format", "json").out)
    days = {row["day"]: row for row in said["days"]}
    assert days["2018-10-10"]["dnskey"] == [0.5, 0.5, 0.5]
    low, middle, high = days["2018-10-15"]["dnskey"]
    assert 2 < low < 8 < middle < 13 < 30 < high < 45
    assert [one["failing"] for one in said["cohorts"]] == [20, 20]
    head, *rows = rootlab(*given, "--format", "csv").out.splitlines()
    assert head.startswith("day,dnskey_low")
    assert len(rows) == len(days)
    text = rootlab(*given).out
    assert "old                    0.50       20     0.17       100.0 %" in text
    assert "both                   0.50       20     0.17         0.0 %" in text
    assert "Not modelled" in text


def test_load_refuses_questions_out_of_order(rootlab: Rootlab, fleet: str, scenario: Path) -> None:
    """Numbers that do not ascend are one line and exit status 2."""
    ended = rootlab("fleet", "load", fleet, scenario, "--questions", 5, 4, 8)
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert "--questions: the numbers do not ascend" in ended.err
