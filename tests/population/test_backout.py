"""Backing out of a roll: who heals, who is spared, and who had moved on and breaks."""

from __future__ import annotations

import pytest

from lab.clock import DAY, parse_instant
from lab.errors import ScenarioError, TimelineError
from lab.population.decide_backout import BackOut, rehearse, two_worlds
from lab.population.fleet import fleet_of_text

FLEET = """
title = "Three that the roll touches, and one that it does not"
[[cohort]]
name = "old"
model = "static"
share = { value = 1, low = 0.5, high = 2, source = "assumed" }
users = { value = 4, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
[[cohort]]
name = "both"
model = "static"
anchors = ["current", "next"]
share = { value = 1, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
[[cohort]]
name = "new"
model = "static"
anchors = ["next"]
share = { value = 1, source = "assumed" }
start = { source = "assumed", window = [{ from = 2018-10-11T17:00:00Z, to = 2018-10-11T20:00:00Z }] }
[[cohort]]
name = "mended"
model = "unbound-1.6.4"
share = { value = 1, source = "assumed" }
start = { source = "assumed", window = [{ from = 2018-10-11T17:00:00Z, to = 2018-10-11T20:00:00Z }] }
repair = { source = "assumed", soonest = "PT1H", latest = "PT2H" }
"""
AT = parse_instant("2018-10-12T16:00:00Z")


@pytest.fixture(scope="module")
def found() -> BackOut:
    """Return a back-out a day after the roll."""
    return rehearse(fleet_of_text(FLEET), "2018-actual", AT, resolvers=800, seed=3, worlds=200, watch=20)


def test_old_ones_heal_and_the_later_ones_are_spared(found: BackOut) -> None:
    """Of those with the old key alone half have failed a day into the TTL: all heal, the rest is spared."""
    old = {name: counts[0] for name, counts in found.counts.items()}
    assert old["broken"] == old["healed"] > 0.35 * found.drawn[0]
    assert old["broken"] + old["spared"] == found.drawn[0]
    assert (old["stay"], old["harmed"], old["healed_anyway"]) == (0, 0, 0)
    assert [counts[1] for counts in found.counts.values()] == [0] * 6


def test_those_who_trust_the_new_key_alone_break(found: BackOut) -> None:
    """Who was installed, or mended, to trust the key that signs breaks when the other one signs again."""
    for cohort in (2, 3):
        assert found.counts["harmed"][cohort] == found.drawn[cohort] > 100
        assert found.counts["broken"][cohort] == 0


def test_the_curve_begins_where_both_are_the_same(found: BackOut) -> None:
    """Right before the back-out both runs agree; a day later the old ones are well, or all of them broken."""
    assert found.curve[0].with_it == found.curve[0].without_it
    assert len(found.curve) == 21
    assert found.curve[2].without_it.median > found.curve[0].without_it.median > 5
    assert found.groups["broken"].users.median > found.groups["broken"].resolvers.median


def test_results_depend_on_the_seed_and_on_nothing_else(found: BackOut) -> None:
    """The same question has the same answer; another seed counts other resolvers."""
    fleet = fleet_of_text(FLEET)
    again = rehearse(fleet, "2018-actual", AT, resolvers=800, seed=3, worlds=200, watch=20)
    assert again == found
    other = rehearse(fleet, "2018-actual", AT, resolvers=800, seed=4, worlds=200, watch=20)
    assert other.counts != found.counts


def test_no_way_back_is_said() -> None:
    """After the revocation, or after the end of the scenario, there is no back-out."""
    with pytest.raises(TimelineError, match="ksk-2010 is revoked since 2019-01-11T14:00:00Z"):
        two_worlds("2018-actual", parse_instant("2019-02-01T00:00:00Z"), 10)
    with pytest.raises(ScenarioError, match="ends before"):
        two_worlds("2018-back-out", parse_instant("2019-06-20T00:00:00Z"), 10)
    plain, turned = two_worlds("2018-actual", AT, 10)
    assert plain.scenario.stop == turned.scenario.stop == AT + 10 * DAY
    assert plain.scenario.digest != turned.scenario.digest
