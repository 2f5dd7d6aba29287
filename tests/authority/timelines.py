"""Timelines that tests of the authority share: the first roll in three forms, and strategies for others."""

from __future__ import annotations

from hypothesis import strategies as st

from lab.authority.slots import format_quarter, parse_quarter, quarter_timeline, root_history
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, Instant, format_instant, parse_instant

KSKS = ("ksk-2010", "ksk-2017", "ksk-2024")
PLANNED_2017 = {"2017Q3": "pre-publish", "2017Q4": "rollover", "2018Q1": "revoke"}
ACTUAL_2018 = {"2017Q3": "pre-publish", "2018Q4": "rollover", "2019Q1": "revoke"}
NEVER_ROLLED = {"2017Q3": "pre-publish"}


def october(quarters: dict[str, str], last: str = "2019Q3") -> Timeline:
    """Build a timeline of the first roll's years."""
    return quarter_timeline(quarters, KSKS, "2017Q3", last)


PLANNED, ACTUAL, NEVER = october(PLANNED_2017), october(ACTUAL_2018), october(NEVER_ROLLED)
HISTORY = root_history()
ROLL_2018 = parse_instant("2018-10-11T16:00:00Z")
REVOKE_2019 = parse_instant("2019-01-11T14:00:00Z")


def events(timeline: Timeline) -> list[tuple[str, str, str]]:
    """Return the KSK events in readable form."""
    return [(format_instant(event.at), event.kind, event.name) for event in timeline.ksk_events()]


def instants(timeline: Timeline, *kinds: str) -> list[Instant]:
    """Return when events of some kinds happen."""
    return [event.at for event in timeline.ksk_events() if event.kind in kinds]


@st.composite
def one_roll(draw: st.DrawFn, tail: int = 0) -> Timeline:
    """Draw a roll on IANA's grid: any year, any time in each phase, at least `tail` quarters after it."""
    phases = [
        *["normal"] * draw(st.integers(0, 2)),
        "pre-publish",
        *["publish+"] * draw(st.integers(0, 3)),
        "rollover",
        *["rollover+"] * draw(st.integers(0, 2)),
        "revoke",
        *["revoke+"] * draw(st.integers(0, 1)),
        *["normal"] * (tail + draw(st.integers(0, 2))),
    ]
    first = draw(st.integers(parse_quarter("2015Q1"), parse_quarter("2035Q1")))
    named = {format_quarter(first + offset): phase for offset, phase in enumerate(phases)}
    return quarter_timeline(named, KSKS, format_quarter(first), format_quarter(first + len(phases) - 1))


@st.composite
def key_sets(draw: st.DrawFn) -> KeySet:
    """Draw any key set that can be served, of up to three KSKs and two ZSKs."""
    ksks = draw(st.lists(st.sampled_from(("a", "b", "c")), min_size=1, unique=True))
    zsks = draw(st.lists(st.sampled_from(("y", "z")), unique=True))
    trusted = draw(st.lists(st.sampled_from(ksks), min_size=1, unique=True))
    others = [name for name in ksks if name not in trusted]
    revoked = draw(st.lists(st.sampled_from(others), unique=True)) if others else []
    signing = [name for name in ksks if name in trusted or name in revoked]
    return KeySet(tuple(ksks), tuple(zsks), tuple(revoked), tuple(signing), tuple(zsks))


@st.composite
def any_steps(draw: st.DrawFn) -> Timeline:
    """Draw a timeline off the grid: one to six steps, seconds to weeks apart."""
    at: Instant = draw(st.integers(1_000_000_000, 2_000_000_000))
    steps = []
    for _ in range(draw(st.integers(1, 6))):
        early, late = draw(st.integers(0, 5 * DAY)), draw(st.integers(1, 30 * DAY))
        steps.append(Step(at, draw(key_sets()), at - early, at + late))
        at += draw(st.integers(1, 40 * DAY))
    return Timeline(tuple(steps), draw(st.integers(0, 30 * DAY)))
