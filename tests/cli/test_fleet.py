"""The command `rootlab fleet`: what it counts, and the story of one resolver."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.population.arrays import OUTCOMES

from .ended import Rootlab

FLEET = """
title = "Two kinds"
seed = 5
[[cohort]]
name = "old"
model = "static"
share = { value = 1, source = "assumed" }
users = { value = 3, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
[[cohort]]
name = "both"
model = "static"
anchors = ["current", "next"]
share = { value = 1, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
"""


@pytest.fixture
def fleet(tmp_path: Path) -> str:
    """Return the path of a small fleet."""
    path = tmp_path / "two.toml"
    path.write_text(FLEET)
    return str(path)


def test_simulate_counts(rootlab: Rootlab, fleet: str, scenario: Path) -> None:
    """Those with the old key alone fail within the TTL after the roll, and nobody else does."""
    ended = rootlab("fleet", "simulate", fleet, scenario, "--resolvers", "2000", "--format", "json")
    said = json.loads(ended.out)
    old, both = said["cohorts"]
    assert (old["failed"], both["failed"]) == (old["resolvers"], 0)
    assert old["resolvers"] + both["resolvers"] == said["resolvers"] == 2000
    assert list(said["failed_by_day"]) == ["2018-10-11", "2018-10-12", "2018-10-13"]
    assert old["final"] == {name: old["resolvers"] if name == "bogus" else 0 for name in OUTCOMES}
    assert {"wall_s", "cpu_s", "peak_rss_mb", "checksum", "seed", "fleet_sha256"} <= said.keys()
    text = rootlab("fleet", "simulate", fleet, scenario, "--resolvers", "2000", "--jobs", "1").out
    assert f"checksum {said['checksum']}" in text
    assert "users behind a resolver that failed: 7" in text


def test_replay_tells_the_story_of_one(rootlab: Rootlab, fleet: str, scenario: Path) -> None:
    """A resolver played alone fails when the engine that jumps says so."""
    stories = [rootlab("fleet", "replay", number, fleet, scenario).out for number in range(4)]
    out = next(story for story in stories if ": old, a static" in story)
    assert "outcome bogus, first failure 2018-10-1" in out
    assert out.endswith("the engine that jumps says the same\n")


def test_show_says_where_numbers_come_from(rootlab: Rootlab, fleet: str) -> None:
    """Every cohort is shown with its share and its sources, also to programs."""
    out = rootlab("fleet", "show", fleet).out
    assert "share [assumed]" in out
    assert "users 3 (3 to 3) [assumed]" in out
    said = json.loads(rootlab("fleet", "show", fleet, "--format", "json").out)
    assert [cohort["name"] for cohort in said["cohorts"]] == ["old", "both"]
