"""Each kind of expectation holds, fails or is inconclusive by what was seen, and says what it compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from lab.clock import parse_instant
from lab.observation import Anchor, Outcome, Signal, Transition
from lab.scenario.expectations import (
    EXPECTATIONS,
    Expectation,
    expectation_from_json,
    expectations_of,
)

ROLL = parse_instant("2018-10-11T16:00:00Z")
START, STOP = parse_instant("2018-01-01"), parse_instant("2019-06-01")


@dataclass(frozen=True)
class View:
    """A subject as a run might have seen it: broken from the roll on, healed nine days later."""

    first_failure: int | None = ROLL
    recovered_at: int | None = parse_instant("2018-10-20")
    outcomes: tuple[Outcome, ...] = ()
    cause: str | None = "static-anchor"
    transitions: tuple[Transition, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    signals: tuple[Signal, ...] = ()
    has_child: bool = True
    start: int = START
    stop: int = STOP
    step: int = 0

    def earliest(self, of: str, at: int) -> int:
        """Return when a change may have come that was seen at a look every `step` seconds."""
        return max(at - self.step + 1, 0) if self.step else at

    def agreement(self, other: str, step: int) -> tuple[bool | None, str]:
        """Agree with one subject within half a day, and with no other; the third was not played."""
        same = {"twin": step >= 43200, "stranger": False}
        return same.get(other), f"expected to agree with {other}"


def outcome(at: int, name: str) -> Outcome:
    """Return an outcome."""
    return Outcome(at, "s", name, name, "", None, "")


def transition(when: str, source: str, target: str, key: str = "ksk-2017") -> Transition:
    """Return a transition of a key."""
    return Transition(parse_instant(when), "s", key, 20326, 20326, source, target)


SICK = (outcome(START, "secure"), outcome(ROLL, "bogus"))
HEALED = (*SICK, outcome(parse_instant("2018-10-20"), "secure"))
LEARNT = (
    transition("2018-02-01", "Start", "AddPend"),
    transition("2018-03-03", "AddPend", "Valid"),
    transition("2018-04-01", "Valid", "Missing"),
    transition("2018-05-01", "Missing", "Valid"),
    transition("2018-03-01", "Valid", "Revoked", "ksk-2010"),
)
SIGNALS = (Signal(START, "s", "_ta-4a5c."), Signal(parse_instant("2018-03-04"), "s", "_TA-4A5C-4F66."))
SEEN = View(outcomes=HEALED, transitions=LEARNT, signals=SIGNALS)
BROKEN = replace(SEEN, outcomes=SICK, recovered_at=None)
GOOD = replace(SEEN, outcomes=SICK[:1], first_failure=None, recovered_at=None, cause=None)
SHORT = replace(GOOD, stop=parse_instant("2018-09-01"))
BLIND = replace(GOOD, has_child=False)


def expectation(kind: str, params: Any) -> Expectation:
    """Return an expectation as a record holds it."""
    return expectation_from_json({"id": "e", "subject": "s", kind: params})


def reaches(state: str, **bounds: str) -> dict[str, str]:
    """Return the parameters of an expectation of KSK-2017's state."""
    return {"key": "ksk-2017", "state": state, **bounds}


CASES: tuple[tuple[str, Any, View, bool | None], ...] = (
    ("never-fails", True, GOOD, True),
    ("never-fails", True, SEEN, False),
    ("fails", {}, SEEN, True),
    ("fails", {}, GOOD, False),
    ("fails", {"from": "2018-10-11T16:00:00Z", "to": "2018-10-11T16:00:00Z"}, SEEN, True),
    ("fails", {"from": "2018-10-11T16:00:01Z"}, SEEN, False),
    ("fails", {"to": "2018-10-11T15:59:59Z"}, SEEN, False),
    ("fails", {"at": "2018-10-11T16:00:00Z"}, SEEN, True),
    ("fails", {"at": "2018-10-11T16:00:01Z"}, SEEN, False),
    ("fails", {"cause": "static-anchor"}, SEEN, True),
    ("fails", {"cause": "clock-skew"}, SEEN, False),
    ("fails", {"to": "2018-10-13"}, GOOD, False),
    ("fails", {"to": "2018-10-13"}, SHORT, None),
    ("fails", {"from": "2018-10-13"}, SHORT, None),
    ("fails", {"at": "2018-10-13"}, SHORT, None),
    ("fails", {"to": "2018-08-01"}, SHORT, False),
    ("recovers", {}, SEEN, True),
    ("recovers", {"from": "2018-10-20", "by": "2018-10-20"}, SEEN, True),
    ("recovers", {"by": "2018-10-19"}, SEEN, False),
    ("recovers", {"from": "2018-10-21"}, SEEN, False),
    ("recovers", {}, GOOD, False),
    ("recovers", {}, BROKEN, False),
    ("recovers", {"by": "2019-06-02"}, BROKEN, None),
    ("stays-broken", True, BROKEN, True),
    ("stays-broken", True, SEEN, False),
    ("stays-broken", True, GOOD, False),
    ("outcome", "bogus", SEEN, True),
    ("outcome", "secure", SEEN, False),
    ("outcome", "secure", GOOD, True),
    ("final", "secure", SEEN, True),
    ("final", "bogus", SEEN, False),
    ("final", "bogus", BROKEN, True),
    ("final", "insecure", BLIND, None),
    ("outcome", "unvalidated", BLIND, None),
    ("outcome", "bogus", BLIND, False),
    ("reaches", reaches("Valid"), SEEN, True),
    ("reaches", reaches("Valid", **{"from": "2018-03-03", "to": "2018-03-03"}), SEEN, True),
    ("reaches", reaches("Valid", **{"from": "2018-04-01"}), SEEN, False),
    ("reaches", reaches("Valid", to="2018-03-02"), SEEN, False),
    ("reaches", reaches("Removed"), SEEN, False),
    ("reaches", reaches("Removed", to="2019-06-02"), SEEN, None),
    ("reaches", {"key": "ksk-2010", "state": "Valid"}, SEEN, False),
    ("never-reaches", reaches("Removed"), SEEN, True),
    ("never-reaches", reaches("Missing"), SEEN, False),
    ("holds", reaches("Start", at="2018-01-31"), SEEN, True),
    ("holds", reaches("AddPend", at="2018-02-01"), SEEN, True),
    ("holds", reaches("Valid", at="2018-03-03"), SEEN, True),
    ("holds", reaches("Valid", at="2018-04-02"), SEEN, False),
    ("holds", reaches("Valid", at="2017-12-31"), SEEN, None),
    ("holds", reaches("Valid", at="2019-06-02"), SEEN, None),
    ("holds", {"key": "ksk-2010", "state": "Valid", "at": "2018-02-01"}, SEEN, True),
    ("holds", {"key": "ksk-2024", "state": "Start", "at": "2018-02-01"}, SEEN, True),
    ("signals", {"name": "_ta-4a5c-4f66"}, SEEN, True),
    ("signals", {"name": "_ta-4a5c-4f66.", "from": "2018-03-04", "to": "2018-03-04"}, SEEN, True),
    ("signals", {"name": "_ta-4a5c", "from": "2018-03-04"}, SEEN, False),
    ("signals", {"name": "_ta-4f66"}, SEEN, False),
    ("signals", {"name": "_ta-4f66", "to": "2019-06-02"}, SEEN, None),
    ("agrees", {"with": "twin"}, SEEN, True),
    ("agrees", {"with": "twin", "within": "PT11H"}, SEEN, False),
    ("agrees", {"with": "stranger"}, SEEN, False),
    ("agrees", {"with": "nobody"}, SEEN, None),
    ("never-signals", {"name": "_ta-4f66"}, SEEN, True),
    ("never-signals", {"name": "_ta-4a5c"}, SEEN, False),
)


@pytest.mark.parametrize(("kind", "params", "view", "expected"), CASES)
def test_checks(kind: str, params: Any, view: View, expected: bool | None) -> None:
    """A check gives the verdict its kind is documented to give."""
    holds, message = expectation(kind, params).check(view)
    assert holds is expected
    assert message.startswith("expected ")
    assert message == " ".join(message.split())


def test_every_kind_is_checked_both_ways() -> None:
    """Every kind of the table has a case in which it holds and one in which it does not."""
    found = {(kind, verdict) for kind, _, _, verdict in CASES}
    assert {(kind, verdict) for kind in EXPECTATIONS for verdict in (True, False)} <= found


@pytest.mark.parametrize("kind", EXPECTATIONS)
def test_no_evidence_is_inconclusive(kind: str) -> None:
    """Without any outcome nothing holds and nothing fails."""
    params = next(params for name, params, _, _ in CASES if name == kind)
    assert expectation(kind, params).check(View())[0] is None


def test_anchors_tell_the_state_of_a_key_that_never_moved() -> None:
    """A static anchor has no transitions; its state at the end counts from its own instant on."""
    anchor = Anchor(STOP, "s", "ksk-2017", 20326, "Valid", parse_instant("2018-02-01"))
    view = replace(SEEN, transitions=(), anchors=(anchor,))
    assert expectation("holds", reaches("Valid", at="2018-02-01")).check(view)[0] is True
    assert expectation("holds", reaches("Valid", at="2018-01-31")).check(view)[0] is False


def test_messages_say_what_was_expected_and_seen() -> None:
    """A reader of the message needs no other table."""
    failed = expectation("fails", {"from": "2018-10-12", "cause": "clock-skew"}).check(SEEN)[1]
    assert failed == (
        "expected a first failure from 2018-10-12T00:00:00Z on with cause clock-skew; "
        "first failure 2018-10-11T16:00:00Z (static-anchor)"
    )
    late = expectation("reaches", reaches("Valid", to="2018-02-01")).check(SEEN)[1]
    assert late == (
        "expected ksk-2017 to become Valid first by 2018-02-01T00:00:00Z; seen first: 2018-03-03T00:00:00Z"
    )


@pytest.mark.parametrize(("kind", "params"), [(kind, params) for kind, params, _, _ in CASES])
def test_json_and_back(kind: str, params: Any) -> None:
    """An expectation survives being written to a record."""
    stated = expectation(kind, params)
    assert expectation_from_json(stated.to_json()) == stated


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"id": "e", "subject": "s"},
        {"id": "e", "subject": "s", "fails": {}, "never-fails": True},
        {"id": "e", "subject": "s", "fails": {}, "other": 1},
        {"id": "e", "subject": "s", "fails": {"form": 1}},
        {"id": "e", "subject": "s", "fails": 1},
        {"id": "e", "subject": "s", "reaches": {}},
        {"id": "e", "subject": "s", "outcome": "good"},
        {"id": 1, "subject": "s", "fails": {}},
        {"id": "e", "subject": None, "fails": {}},
    ],
)
def test_damaged_json(row: dict[str, Any]) -> None:
    """What is not an expectation is a ValueError, which a record's reader turns into its own."""
    with pytest.raises(ValueError, match=r"\S"):
        expectation_from_json(row)


def test_default() -> None:
    """A subject without expectations is expected never to fail; others' expectations do not count."""
    others = (expectation("fails", {}),)
    (default,) = expectations_of("t", others)
    assert (default.id, default.subject, default.kind) == ("never-fails", "t", "never-fails")
    assert default.check(SEEN)[0] is False
    assert expectations_of("s", others) == others


def test_change_seen_at_a_step_may_have_come_before() -> None:
    """A failure seen an hour behind the bounds keeps them if the look before it was good within them."""
    params = {"to": "2018-10-11T15:30:00Z"}
    expected = expectation_from_json({"id": "x", "subject": "s", "fails": params})
    assert expected.check(View(outcomes=SICK, step=3600))[0] is True
    assert expected.check(View(outcomes=SICK, step=1800))[0] is False
    assert expected.check(View(outcomes=SICK))[0] is False
