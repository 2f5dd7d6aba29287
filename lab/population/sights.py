"""How long after a change of the DNSKEY RRset resolvers take note of it, by kind of resolver.

The engine says it: fleets of one kind each live through the publication of a key, and when it is Valid tells
when it was first seen. The same delays hold when a key is revoked, for a refresh is a refresh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..clock import DAY, Instant
from ..errors import ScenarioError
from ..scenario.spec import Scenario
from .draws import seed_key
from .fleet import NEXT, fleet_of_text, names_of, strata_of
from .sampler import Floats
from .strata import compile_strata
from .vector import live
from .world import Stage, world_of

KINDS: tuple[tuple[str, str, str], ...] = (
    ("cached", "bind-9.11.2", 'every = "P60D"\nrestarts = 0.8\nshortest = "PT10M"\nlongest = "P2D"'),
    ("fresh", "bind-9.11.3", 'every = "P60D"\nrestarts = 0.8\nshortest = "PT10M"\nlongest = "P2D"'),
    ("often-off", "bind-9.11.2", 'every = "P10D"\nrestarts = 0.2\nshortest = "PT12H"\nlongest = "P4D"'),
)
"""Kinds of sources that learn: name, model, and habits as a fleet file has them. In 2017 it was BIND that
signalled: the timer of 24 h is on by default from 9.11, Unbound's signals were off until 1.6.7."""
PER_KIND = 20_000
"""Resolvers played of each kind; what sampling leaves of a share of a day is below half a point."""


@dataclass(frozen=True, slots=True)
class Sights:
    """When resolvers hold a new key Valid, in days since the publication, a row for each kind, ascending."""

    published: Instant
    days: Floats

    def lag(self, since: Floats) -> Floats:
        """Return the part of each kind that on days still signals the old key alone: (kinds, days).

        `since` are the beginnings of the days, in days after the publication. A source signals once a day, at
        any time of it (a timer of 24 h), and lags if that comes before the key is Valid.
        """
        return np.stack([
            np.clip(row[None, :] - since[:, None], 0, 1).mean(axis=1) for row in self.days
        ])  # fmt: skip

    def seen(self) -> Floats:
        """Return the delays of first sights alone: without the hold-down, which all kinds have alike."""
        return self.days - 30.0


def sights_of(scenario: Scenario, seed: int, per_kind: int = PER_KIND) -> Sights:
    """Return what the engine says of a scenario's publication. Raises ScenarioError if there is none."""
    key, published = publication(scenario)
    text = 'title = "kinds of sources"\n' + "".join(_cohort(*kind) for kind in KINDS)
    fleet = fleet_of_text(text)
    strata = strata_of(fleet, scenario)
    world = world_of(scenario, names_of(strata))
    compiled = compile_strata(world, Stage(world, scenario), strata)
    seen = live(0, per_kind * len(KINDS), seed_key(seed), compiled.arrays, compiled.tables)
    row = seen[5 + world.keys.index(key)]
    found = []
    for number in range(len(KINDS)):
        own = np.sort(row[(seen[0] == number) & (row >= 0)])
        place = (np.arange(per_kind // 2) * len(own)) // (per_kind // 2)
        found.append((own[place] + world.start - published) / DAY)
    return Sights(published, np.stack(found))


def publication(scenario: Scenario) -> tuple[str, Instant]:
    """Return the key that follows the one that signs first, and its publication. Raises ScenarioError."""
    for step in scenario.timeline.steps:
        for name in step.keys.ksks if step.at > scenario.start else ():
            if name not in scenario.anchors_default:
                return name, step.at
    raise ScenarioError(f"no key `{NEXT}` is published after its start", place=scenario.path,
                        remedy="choose a scenario with a roll, such as 2018-actual")  # fmt: skip


def _cohort(name: str, model: str, habits: str) -> str:
    return f"""
[[cohort]]
name = "{name}"
model = "{model}"
share = {{ value = 1, source = "one of each" }}
start = {{ source = "before the roll", window = [{{ from = 2012-01-01, to = 2017-07-01 }}] }}
[cohort.absence]
source = "assumed"
{habits}
"""
