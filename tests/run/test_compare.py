"""Two subjects side by side: where they part, and how far apart they may be."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lab.clock import HOUR
from lab.errors import ScenarioError
from lab.observation import Looked, NoEvidence, Observation, Outcome, Transition
from lab.report.side_by_side import render_json, render_text
from lab.run.compare import CLIENTS, EXIT_STATUS, JITTER, Comparison, compare
from lab.run.engine import header_of
from lab.run.judge import judge
from lab.run.record import Record

START = 1_000_000


def secure(name: str, at: int = START) -> Outcome:
    """Return that clients are well."""
    return Outcome(at, name, "secure", "insecure", "", None, "")


def bogus(name: str, at: int) -> Outcome:
    """Return that clients fail."""
    return Outcome(at, name, "bogus", "bogus", "static-anchor", 9, "")


def pending(name: str, at: int) -> Transition:
    """Return that a key begins its hold-down."""
    return Transition(at, name, "ksk-2017", 20326, 20326, "Start", "AddPend")


def held(*seen: Observation, kind: str = "model", model: str = "bind", step: int = 0) -> Comparison:
    """Hold `a` against `b`, of which the second is of that kind and model."""
    subjects = [{"name": "a", "kind": "model", "model": "bind"}, {"name": "b", "kind": kind, "model": model}]
    return compare(Record({"subjects": subjects}, seen), "a", "b", step=step)


WELL = (secure("a"), secure("b"))


def test_same() -> None:
    """The same changes at the same time agree."""
    assert held(*WELL, pending("a", START + 5), pending("b", START + 5)).verdict == "agree"


def test_later_transition_of_a_model() -> None:
    """Between models a second is a divergence, and it is the first one that is told."""
    result = held(*WELL, pending("a", START + 5), pending("b", START + 6), bogus("a", START + 9))
    assert result.verdict == "diverge"
    assert result.divergence is not None
    assert (result.divergence.left, result.divergence.right) != (None, None)
    assert result.divergence.at == START + 5


@pytest.mark.parametrize(("late", "verdict"), [(HOUR, "agree"), (HOUR + 1, "diverge")])
def test_daemon_may_be_a_step_late(late: int, verdict: str) -> None:
    """A daemon may be late by a step, with transitions and with outcomes, and no second more."""
    for change in (pending, bogus):
        seen = (*WELL, change("a", START + 5), change("b", START + 5 + late))
        assert held(*seen, kind="daemon", step=HOUR).verdict == verdict


def test_step_is_no_excuse_for_models() -> None:
    """Two models are held to the second, whatever the step of daemons is."""
    seen = (*WELL, pending("a", START + 5), pending("b", START + 6))
    assert held(*seen, step=HOUR).verdict == "diverge"


def test_jitter_of_unbound() -> None:
    """Transitions of Unbound may be half a day apart, outcomes may not."""
    for change, verdict in ((pending, "agree"), (bogus, "diverge")):
        seen = (*WELL, change("a", START + 5), change("b", START + 5 + JITTER))
        assert held(*seen, model="unbound-1.6.4").verdict == verdict


@pytest.mark.parametrize(("late", "verdict"), [(JITTER, "agree"), (JITTER + 1, "diverge")])
def test_step_and_jitter_do_not_add_up(late: int, verdict: str) -> None:
    """A daemon of Unbound's has its jitter or a step, whichever is more, never both."""
    seen = (*WELL, pending("a", START + 5), pending("b", START + 5 + late))
    assert held(*seen, kind="daemon", model="unbound", step=HOUR).verdict == verdict


def test_what_was_seen_at_steps_came_before() -> None:
    """What was seen at a look may have come at any second since the look before it."""
    seen = (*WELL, pending("a", START + 5), Looked(START + 4, "b", "transition", START + 900))
    assert held(*seen, pending("b", START + 900)).verdict == "agree"
    late = replace(seen[3], at=START + 5) if isinstance(seen[3], Looked) else seen[3]
    assert held(*seen[:3], late, pending("b", START + 900)).verdict == "diverge"


def test_other_outcome_and_missing_change() -> None:
    """Another outcome, or none, is a divergence however near in time."""
    down = replace(bogus("b", START + 5), outcome="down")
    assert held(*WELL, bogus("a", START + 5), down, kind="daemon", step=HOUR).verdict == "diverge"
    alone = held(*WELL, bogus("a", START + 5))
    assert alone.divergence is not None
    assert alone.divergence.right is None


def test_repeated_outcome_is_one() -> None:
    """An outcome told again, because its cause changed, is no change of what clients see."""
    again = replace(bogus("a", START + 9), cause="anchor-missing")
    assert held(*WELL, bogus("a", START + 5), bogus("b", START + 5), again).verdict == "agree"


def test_not_comparable() -> None:
    """What shows nothing, or was never asked, is not comparable, with the reason."""
    blind = held(*WELL, NoEvidence(START, "b", "no clock"))
    assert (blind.verdict, blind.reason) == ("not comparable", "b: no clock")
    assert held(secure("a")).verdict == "not comparable"
    assert [EXIT_STATUS[word] for word in ("agree", "diverge", "not comparable")] == [0, 1, 3]


def test_unknown_subject() -> None:
    """A subject that is not there is the caller's error."""
    with pytest.raises(ScenarioError, match="there are a, b"):
        compare(Record({"subjects": [{"name": n} for n in "ab"]}, ()), "a", "c")


def test_shown() -> None:
    """Text marks the divergence and ends with the verdict; JSON has both sides."""
    result = held(*WELL, pending("a", START + 5))
    text = render_text(result, "roll")
    assert "ksk-2017: AddPend at 1970-01-12T13:46:45Z  -  <- differs" in text.replace(
        "                 ", "  "
    )
    assert text.splitlines()[-1] == "diverge (tolerance of transitions PT0S)"
    shown = json.loads(render_json(result, "roll"))
    assert (shown["verdict"], shown["subjects"], shown["reason"]) == ("diverge", ["a", "b"], None)
    assert shown["divergence"]["right"] is None
    assert shown["pairs"][0]["left"]["of"] == CLIENTS


def judged(seen: tuple[Observation, ...], **params: str) -> tuple[str, str]:
    """Return what becomes of the expectation that the second of two subjects agrees with another."""
    header = header_of("pair", "A pair", 0, START, START + 10 * HOUR, "")
    header["subjects"] = [
        {"name": name, "kind": kind, "model": "bind", "version": "9"}
        for name, kind in (("a", "model"), ("b", "daemon"))
    ]
    header["expectations"] = [
        {"id": "same", "subject": "b", "agrees": {name.rstrip("_"): value for name, value in params.items()}}
    ]
    finding = judge(Record(header, seen)).subjects[1].findings[0]
    return finding.verdict, finding.message


def test_expectation_to_agree() -> None:
    """A subject is held against another by the expectation `agrees`; what it says names where they part."""
    late = (*WELL, pending("a", START + 5), pending("b", START + 5 + HOUR))
    assert judged(late, with_="a")[0] == "passed"
    verdict, message = judged(late, with_="a", within="PT1M")
    assert verdict == "failed"
    assert "part at ksk-2017: AddPend at 1970-01-12T13:46:45Z there" in message


def test_expectation_to_agree_needs_the_other_one() -> None:
    """Without the other subject, or if one of the two saw nothing, nobody knows."""
    assert judged(WELL, with_="c") == ("inconclusive", "expected to agree with c, which was not played")
    assert judged((secure("b"),), with_="a")[0] == "inconclusive"
