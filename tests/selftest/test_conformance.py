"""Show that the conformance properties can fail: they catch every policy that departs from RFC 5011.

What they leave is listed: departures that nothing can reach, or that change nothing by themselves.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.resolver.policy import KNOBS, STRICT, ResolverPolicy
from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import MEETINGS, RFC_TABLE, Event, Row, State

from .conformance import PROPERTIES
from .wrong import WRONG, Wrong

pytestmark = pytest.mark.no_cover


def holds(name: str, policy: ResolverPolicy) -> bool:
    """Tell whether a policy has a property."""
    try:
        PROPERTIES[name](policy)
    except AssertionError:
        return False
    return True


def caught(policy: ResolverPolicy) -> str:
    """Return the first property that a policy lacks, empty if it has them all."""
    return next((name for name in PROPERTIES if not holds(name, policy)), "")


@pytest.mark.parametrize("name", PROPERTIES)
def test_strict_conforms(name: str) -> None:
    """RFC 5011 read strictly has the property."""
    PROPERTIES[name](STRICT)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_wrong_policy_is_caught(wrong: Wrong) -> None:
    """The property named catches the wrong policy."""
    assert not holds(wrong.caught_by, wrong.policy)


def test_every_property_catches() -> None:
    """No property is there that catches none of the wrong policies."""
    assert sorted({wrong.caught_by for wrong in WRONG}) == sorted(PROPERTIES)


FIRSTS = (Event.FIRST, Event.FIRST_UNSIGNED, Event.NOFIRST, Event.NOFIRST_DS)
OUT_OF_REACH = {
    State.ADD_PEND: FIRSTS,
    State.MISSING: FIRSTS,
    State.REMOVED: FIRSTS,
    State.REVOKED: (Event.FIRST_UNSIGNED, Event.NOFIRST_DS),
}
"""What cannot happen by the RFC's table: keys get there by a verified set, and no bare DS anchor does."""

WITHOUT_TIMER = (State.VALID, State.MISSING, State.REMOVED)
"""States whose timer no row of the RFC's table looks at, so that starting it anew shows nowhere."""


def departures() -> list[Row]:
    """Return every unguarded row that, put over the RFC's table, makes another one that can be told."""
    found = []
    for state in State:
        for event in Event:
            stays = [Row(state, event, state, restart=True)] * (state not in WITHOUT_TIMER)
            moves = [Row(state, event, target) for target in (*State, None)]
            found += [row for row in stays + moves if can_be_told(row)]
    return found


def can_be_told(row: Row) -> bool:
    """Tell whether a row is legal, can be reached, and does otherwise than the RFC's row in its place."""
    if row.event in OUT_OF_REACH.get(row.state, ()):
        return False
    if row.state is State.START and (row.event not in MEETINGS or row.restart or row.target is State.START):
        return False
    nothing = row.target is None or (row.target is row.state and not row.restart)
    there = STRICT.table[row.state, row.event]
    return bool(there) if nothing else [replace(one, event=row.event) for one in there] != [row]


def test_every_departure_is_caught() -> None:
    """No single row can be put over the RFC's table without one of the properties being lost."""
    found = departures()
    assert len(found) > 200
    assert [str(row) for row in found if not caught(STRICT.with_rows(str(row)))] == []


@pytest.mark.parametrize("row", RFC_TABLE, ids=str)
def test_every_row_and_guard_is_needed(row: Row) -> None:
    """Without a row, or without its guard, the RFC's table lacks a property."""
    assert caught(STRICT.with_rows(str(replace(row, target=None, restart=False))))
    if row.after:
        assert caught(STRICT.with_rows(str(replace(row, after=""))))


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.policy.base == "rfc"])
def test_every_row_of_a_preset_is_caught(name: str) -> None:
    """Each row in which an implementation departs from the RFC is caught where it stands alone."""
    policy = MODELS[name].policy
    base = STRICT.override({"keep-missing": policy.value("keep-missing")})
    assert [str(row) for row in policy.overrides if not caught(base.with_rows(str(row)))] == []


SILENT = {
    "keep-missing": "no row of the RFC's table looks at it",
    "configured": "sdns: merges configured anchors that are not stored, and the RFC's table never drops one",
    "revoked-ds": "only where a DS anchor's key is met revoked, on which RFC 5011 is silent",
    "when-empty-at-start": "a strict reader has stored before that its last anchor was revoked",
    "feed": "anchors from outside the DNS are none of RFC 5011's",
    "on-bogus": "what a client gets is RFC 4035's, and judged in a run",
    "ttl-source": "capped: by the cap on cached TTLs, which a strict reader does not have",
    "deadline-probe": "a fetch more than section 2.3 asks for",
    "first-probe": "a fetch at a start is not in the RFC",
    "clients-observe": "fetches for clients are evidence too, says section 2.3",
    "timers": "the RFC knows one clock",
    "zone-keys": "only of configured keys that are no entry points, of which RFC 5011 does not speak",
}
"""Knobs on keys, trust and fetches of which a value that a preset has takes no property away, and why."""


def test_every_knob_of_a_preset_is_caught() -> None:
    """Each knob in which an implementation departs from the RFC is caught alone, or said to be silent."""
    different = {
        (knob, here): STRICT.override({knob: here})
        for profile in MODELS.values()
        for knob, here, _ in profile.policy.differences()
        if KNOBS[knob][0] in ("durations", "trust", "schedule")
    }
    silent = {knob for (knob, _), policy in different.items() if not caught(policy)}
    assert sorted(silent) == sorted(SILENT)
