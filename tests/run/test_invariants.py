"""Every invariant has a record that breaks it, and holds of what the lab has played."""

from __future__ import annotations

import pytest

from lab.observation import Observation, Outcome, Started, Stopped, Transition
from lab.run.invariants import INVARIANTS, BrokenInvariantError, check
from lab.run.record import Record

from .stage import outcome, record_of


def move(at: int, source: str, target: str, key: str = "k", name: str = "s") -> Transition:
    """Return a transition of one key."""
    return Transition(at, name, key, 1, 1, source, target)


OFF, ON, RESET = Stopped(20, "s", "off", ""), Started(20, "s", "restart"), Started(20, "s", "reset")

BREACHES: tuple[tuple[str, tuple[Observation, ...]], ...] = (
    ("in_order", (outcome(5, "secure"), outcome(4, "bogus"))),
    ("inside_the_run", (outcome(1001, "secure"),)),
    ("inside_the_run", (outcome(-1, "secure"),)),
    ("states_chain", (move(1, "Start", "AddPend"), move(2, "Missing", "Valid"))),
    ("states_chain", (move(1, "Valid", "Revoked"), ON, move(30, "AddPend", "Valid"))),
    ("states_chain", (move(1, "Valid", "Missing"), move(2, "Missing", "Valid"), move(3, "Missing", "Valid"))),
    ("outcomes_change", (outcome(1, "secure"), outcome(2, "secure"))),
    ("outcomes_change", (outcome(1, "bogus"), outcome(2, "secure", name="other"), outcome(3, "bogus"))),
    ("failures_have_causes", (outcome(1, "bogus", ""),)),
    ("failures_have_causes", (outcome(1, "secure", "static-anchor"),)),
)

GOOD: tuple[tuple[Observation, ...], ...] = (
    (),
    (outcome(0, "secure"), outcome(1000, "bogus")),
    (outcome(5, "secure"), outcome(5, "bogus")),
    (move(1, "Start", "AddPend"), move(2, "AddPend", "Valid"), move(3, "Valid", "Missing")),
    (move(1, "Start", "AddPend"), move(1, "Start", "AddPend", name="other")),
    (move(1, "Start", "AddPend"), move(2, "Missing", "Valid", key="other")),
    (move(1, "AddPend", "Missing"), RESET, move(30, "AddPend", "Valid")),
    (move(1, "Valid", "Missing"), move(2, "Missing", "Revoked"), ON, move(30, "Missing", "Revoked")),
    (move(1, "Valid", "Revoked"), move(2, "Valid", "Revoked")),
    (move(1, "Valid", "Missing"), move(2, "Start", "AddPend")),
    (outcome(1, "secure"), OFF, Started(40, "s", "restart"), outcome(40, "secure")),
    (outcome(1, "bogus"), outcome(2, "bogus", "anchor-missing")),
    (outcome(1, "secure"), outcome(1, "secure", name="other")),
)


def made(seen: tuple[Observation, ...]) -> Record:
    """Return a record made by hand."""
    return record_of(*seen)


@pytest.mark.parametrize(("name", "seen"), BREACHES)
def test_a_breach(name: str, seen: tuple[Observation, ...]) -> None:
    """A record that breaks an invariant breaks that one, and no other."""
    broken = [invariant.__name__ for invariant in INVARIANTS if list(invariant(made(seen)))]
    assert broken == [name]


def test_every_invariant_can_be_broken() -> None:
    """No invariant holds for want of a record that breaks it."""
    assert list(dict.fromkeys(name for name, _ in BREACHES)) == [one.__name__ for one in INVARIANTS]


@pytest.mark.parametrize("seen", GOOD)
def test_no_breach(seen: tuple[Observation, ...]) -> None:
    """What may happen breaks nothing."""
    check(made(seen))


def test_a_breach_is_the_fault_of_the_lab() -> None:
    """The first breach ends the run with exit status 4, and names the invariant."""
    with pytest.raises(
        BrokenInvariantError, match=r"^a run contradicts itself \(outcomes_change\): s: "
    ) as caught:
        check(made((outcome(1, "secure"), outcome(2, "secure"))))
    assert caught.value.exit_status == 4


def test_a_change_of_cause_is_a_change() -> None:
    """Two outcomes that differ in the unsigned child alone differ."""
    first = Outcome(1, "s", "bogus", "bogus", "zsk-missing", 9, "")
    check(made((first, Outcome(2, "s", "bogus", "insecure", "zsk-missing", 9, ""))))


def test_october(october: dict[str, Record]) -> None:
    """The October scenarios keep every invariant."""
    assert list(october) == ["2017-planned", "2018-actual", "2026-planned"]
    for record in october.values():
        assert len(record.observations) > 100
        check(record)
