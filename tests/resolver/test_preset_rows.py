"""Show that every override row of every preset is needed: without it some history of a root ends otherwise.

What each row does is pinned down line by line in the comparisons; here is that no row stands idle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from lab.resolver.policy import STRICT, ResolverPolicy
from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import RFC_TABLE, Event, Row, State

from .world import Machine

Script = tuple[tuple[float, str, str] | float, ...]
"""Looks: (days, keys, signers), a look without an answer as (days, "", ""), a bare number for a start."""


@dataclass(frozen=True)
class History:
    """One history of a root: configured anchors, and what is seen of it."""

    configured: str
    script: Script

    def play(self, policy: ResolverPolicy) -> tuple[str, ...]:
        """Return every state the keys were in, the transitions, and how each look ended."""
        machine = Machine(policy, self.configured)
        told = [machine.states()]
        for step in self.script:
            machine = machine.load(step) if isinstance(step, float) else machine.look(*step)
            trusted = sorted(cell.anchor.key_tag for cell in machine.point.trusted())
            told.append(f"{machine.result} {machine.states()} {machine.point.deleted} {trusted}")
        return (*told, *machine.log)


LEARN: Script = ((0, "1", "1"), (1, "1 2", "1"), (2, "1 2", "1"))
HOLD: Script = (*LEARN, (32, "1 2", "1"))
REVOKED: Script = (*HOLD, (33, "-1 2", "-1 2"))
HISTORIES = (
    History("1", (*LEARN, (32, "2", "2"))),
    History("1", (*LEARN, (32, "", ""))),
    History("1", (*LEARN, (10, "1", "1"), (11, "1 2", "1"), (32, "1 2", "1"))),
    History("1", (*LEARN, (10, "1 2", "2"), (32, "1 2", "1"))),
    History("1", (*LEARN, 40.0)),
    History("1", (*LEARN, (10, "1 -2", "1"))),
    History("1", (*LEARN, (10, "1 -2", "1 -2"))),
    History("1", (*LEARN, (32, "1 -2", "1 -2"))),
    History("1", (*HOLD, (33, "1", "1"), (500, "1", "1"))),
    History("1", (*HOLD, (33, "1", "1"), (34, "1 -2", "1"))),
    History("1", (*HOLD, (33, "1", "1"), (34, "1 -2", "1 -2"))),
    History("1", (*HOLD, (33, "1", "1"), (34, "1 2", "1"))),
    History("1", (*HOLD, (33, "-1 2", "2"))),
    History("1", (*REVOKED, (34, "1 2", "2"))),
    History("1", (*REVOKED, (70, "-1 2", "2"), (71, "1 2", "2"))),
    History("1", (*REVOKED, (70, "-1 2", "2"), (71, "2", "2"))),
    History("1", (*REVOKED, (70, "2", "2"), (71, "1 2", "2"))),
    History("1", (*REVOKED, (50, "1 2", "2"), (66, "2", "2"))),
    History("1", (*REVOKED, (50, "-1 2", "2"), (66, "2", "2"))),
    History("1", (*LEARN, (10, "1 -2", "1"), (32, "1 2", "1"))),
    History("1", (*HOLD, (33, "1", "1"), (34, "1 -2", "-2"))),
    History("1 2", ((0, "1 2", "1"), (1, "-1 2", "-1 2"), (40, "-1 2", "2"), (41, "1 2", "2"))),
    History("1", (*REVOKED, (70, "", ""))),
    History("1", (*REVOKED, 70.0)),
    History("1", ((0, "-1 2", "-1"), (1, "1", "1"))),
    History("1", ((0, "1", "1"), (1, "-1 2", "-1"))),
    History("1 2", ((0, "1 2 3", "1"), (1, "1 2 3", "1"))),
    History("1 2", ((0, "1", "1"), (1, "1 2", "1"), 2.0)),
    History("1", (*HOLD, (33, "1", "1"), (34, "3", "3"), (500, "1", "1"))),
)
FAMILIES = ("unbound", "bind", "knot", "sdns", "cdnsd", "systemd-resolved")


def rows_at_issue() -> list[tuple[str, Row]]:
    """Return the rows of each family's preset, and of every version those that its family lacks."""
    found = [(name, row) for name in FAMILIES for row in MODELS[name].policy.overrides]
    known = [row for _, row in found]
    for name, profile in MODELS.items():
        found += [(name, row) for row in profile.policy.overrides if row not in known]
    return found


def differ(policy: ResolverPolicy, other: ResolverPolicy) -> bool:
    """Tell whether some history of the root tells two policies apart."""
    return any(history.play(policy) != history.play(other) for history in HISTORIES)


@pytest.mark.parametrize(("name", "row"), rows_at_issue(), ids=str)
def test_row_is_needed(name: str, row: Row) -> None:
    """Without the row the preset behaves otherwise."""
    policy = MODELS[name].policy
    rest = tuple(other for other in policy.overrides if other != row)
    assert differ(policy, replace(policy, overrides=rest))


@pytest.mark.parametrize("row", RFC_TABLE, ids=str)
def test_row_of_the_rfc_is_needed(row: Row) -> None:
    """Without any one of the RFC's own ten rows a strict reader behaves otherwise."""
    assert differ(STRICT, STRICT.with_rows(f"{row.state} {row.event} -"))


@pytest.mark.parametrize("name", MODELS)
def test_static_presets_have_no_rows_to_learn_by(name: str) -> None:
    """A preset without the RFC's table has no row that leads out of Start."""
    policy = MODELS[name].policy
    learns = any(row.target for row in policy.table[State.START, Event.SEEN])
    assert learns is (policy.base == "rfc" and name != "knot-5.1.2")
