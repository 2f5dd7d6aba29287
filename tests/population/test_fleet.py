"""Fleet files: what they may say, what is said of a bad one, and the ones that are shipped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import ScenarioError
from lab.population.fleet import fleet_of_text, load_fleet, shipped_fleets, strata_of
from lab.population.schema import render
from lab.scenario.load import load_scenario

DOCS = Path(__file__).resolve().parents[2] / "docs"
SMALL = """
title = "Two kinds"
[[cohort]]
name = "one"
model = "bind"
share = { value = 3, low = 1, high = 5, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
[[cohort]]
name = "two"
model = "static"
anchors = ["current", "next"]
share = { value = 1, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
cache = { source = "assumed", cap = [{ share = 1, ttl-cap = "PT1H" }, { share = 3 }] }
absence = { source = "assumed", every = "P30D" }
"""


def test_the_schema_is_up_to_date() -> None:
    """docs/fleet.schema.json is what `python -m lab.population.schema` prints, and it is JSON."""
    command = [sys.executable, "-m", "lab.population.schema"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=DOCS.parent).stdout
    assert printed == render() == (DOCS / "fleet.schema.json").read_text()
    assert json.loads(printed)["required"] == ["title", "cohort"]


@pytest.mark.parametrize("name", shipped_fleets())
def test_shipped_fleets_name_their_sources(name: str) -> None:
    """Every number of a shipped fleet has a source, and the guesses have ranges around them."""
    fleet = load_fleet(name)
    assert Path(fleet.path).read_text().startswith("#:schema ../../../docs/fleet.schema.json\n")
    for cohort in fleet.cohorts:
        low, high = cohort.share.range
        assert low < cohort.share.value < high
        assert cohort.title


@pytest.mark.parametrize(("fleet", "scenario"), [("2017", "2018-actual"), ("2026", "2026-planned")])
def test_shipped_fleets_know_no_later_than_the_roll(fleet: str, scenario: str) -> None:
    """A fleet built before a roll says until when, and its anchors are those of the roll."""
    file, played = load_fleet(fleet).file, load_scenario(scenario)
    roll = next(event.at for event in played.timeline.ksk_events() if event.kind == "retire")
    assert file.known_until is not None
    assert file.known_until < roll
    names = {name for stratum in strata_of(load_fleet(fleet), played) for name in stratum.machine.anchors}
    assert names <= set(played.key_names)


def test_a_cohort_becomes_strata() -> None:
    """Caps of a cache share a cohort out; `current` and `next` are the scenario's keys."""
    strata = strata_of(fleet_of_text(SMALL), load_scenario("2018-actual"))
    assert [(one.cohort, one.share) for one in strata] == [(0, 3.0), (1, 0.25), (1, 0.75)]
    assert strata[1].machine.anchors == ("ksk-2010", "ksk-2017")
    assert strata[1].machine.policy.cache.ttl_cap == 3600
    assert strata[2].machine.policy.cache.ttl_cap is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"bind"', '"bnid"', 'cohort[1] (one).model: there is no model bnid; did you mean "bind"?'),
        ("low = 1", "low = 4", "cohort[1] (one).share: must lie in its range: 4 to 5 does not hold 3"),
        ('name = "two"', 'name = "one"', "cohort[2] (one).name: another cohort has this name"),
        ('"next"]', '"kssk"]', "there is no key kssk"),
        ('every = "P30D"', 'every = "PT5S"', "cohort[2] (two).absence: every must be longer"),
        ("to = 2017-01-01", "to = 2015-01-01", "to is not after from"),
        ('source = "assumed", every', "every", "cohort[2] (two).absence.source: is missing"),
    ],
)
def test_a_bad_file_is_one_line(old: str, new: str, said: str) -> None:
    """The first problem of a file is told with its place."""
    with pytest.raises(ScenarioError) as problem:
        fleet_of_text(SMALL.replace(old, new, 1))
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)


def test_an_unknown_fleet_names_the_shipped_ones() -> None:
    """A name that is none leads to those there are."""
    with pytest.raises(ScenarioError, match="2017, 2026, uniform-uncertainty"):
        load_fleet("2018")
