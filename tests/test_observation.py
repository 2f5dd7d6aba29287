"""Test observations: their JSON, their order of severity, and that nothing else is read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.clock import parse_instant
from lab.observation import (
    KINDS,
    OUTCOMES,
    Anchor,
    Gap,
    Looked,
    NoEvidence,
    Observation,
    Outcome,
    Refresh,
    Sentinel,
    Signal,
    Started,
    Stopped,
    Transition,
    ZoneChange,
    from_json,
    to_json,
    worst,
)

ROLL = parse_instant("2018-10-11T16:00:00Z")
SAMPLES: tuple[Observation, ...] = (
    ZoneChange(ROLL, "", ("ksk-2017",), ("zsk-2018q4",), (), ("ksk-2017",)),
    Started(ROLL, "bind", "first"),
    Stopped(ROLL, "bind", "exit", "cannot write"),
    Refresh(ROLL, "bind", "bogus", (20326, 19036)),
    Transition(ROLL, "bind", "ksk-2010", 19036, 19164, "Valid", "Revoked"),
    Outcome(ROLL, "bind", "bogus", "bogus", "anchor-missing", 9, ""),
    Outcome(ROLL, "bind", "secure", "insecure", "", None, ""),
    Signal(ROLL, "bind", "_ta-4f66."),
    Sentinel(ROLL, "bind", (19036, 20326)),
    Anchor(ROLL, "bind", "ksk-2017", 20326, "Valid", ROLL - 60),
    Gap(ROLL, "", ROLL + 60),
    Looked(ROLL, "daemon:bind", "outcome", ROLL + 60),
    NoEvidence(ROLL, "daemon:bind", "its clock is not the lab's"),
)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)
def test_round_trip(sample: Observation) -> None:
    """What is written as JSON is read back as the same value."""
    assert from_json(json.loads(json.dumps(to_json(sample)))) == sample


def test_every_kind_is_sampled() -> None:
    """No kind of observation is left out of the round trip, and each is known by its own name."""
    assert sorted(KINDS) == sorted({sample.kind for sample in SAMPLES})
    assert all(cls.kind == name for name, cls in KINDS.items())


def test_shape() -> None:
    """A row begins with its kind and writes instants in RFC 3339 and tuples as lists."""
    row = to_json(SAMPLES[3])
    assert list(row) == ["kind", "at", "subject", "result", "signers"]
    assert (row["at"], row["signers"]) == ("2018-10-11T16:00:00Z", [20326, 19036])


@pytest.mark.parametrize(("number", "field"), [(9, "since"), (10, "until")])
def test_further_instants(number: int, field: str) -> None:
    """Not only `at` is an instant."""
    assert to_json(SAMPLES[number])[field].endswith("Z")


@pytest.mark.parametrize(
    "damage",
    [
        {"kind": "weather"},
        {"at": "noon"},
        {"kind": None},
    ],
)
def test_damaged_rows(damage: dict[str, Any]) -> None:
    """An unknown kind or a field that is no instant is refused."""
    with pytest.raises((KeyError, ValueError)):
        from_json(to_json(SAMPLES[1]) | damage)


def test_missing_field() -> None:
    """A row that lacks a field is refused."""
    row = to_json(SAMPLES[1])
    del row["how"]
    with pytest.raises(KeyError):
        from_json(row)


@given(st.lists(st.sampled_from(OUTCOMES), min_size=1))
def test_worst_of_outcomes(outcomes: list[str]) -> None:
    """The worst outcome is the one that stands last in down > bogus > unvalidated > insecure > secure."""
    severity = {"down": 4, "bogus": 3, "unvalidated": 2, "insecure": 1, "secure": 0}
    assert severity[worst(outcomes) or ""] == max(severity[outcome] for outcome in outcomes)


def test_worst_of_nothing() -> None:
    """Where nothing was seen there is no worst."""
    assert worst([]) is None
