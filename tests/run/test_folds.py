"""What a stream of observations says of a subject, against a fold that looks at every second."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.observation import OUTCOMES, Observation, Started, Stopped
from lab.run.judge import judge
from lab.run.verdict import SubjectResult

from .stage import outcome, record_of

END = 60
"""Seconds that are looked at."""


def result(*seen: Observation) -> SubjectResult:
    """Judge a record made by hand and return what it says of its one subject."""
    (one,) = judge(record_of(*seen, stop=END)).subjects
    return one


@st.composite
def streams(draw: st.DrawFn) -> tuple[Observation, ...]:
    """Draw a life: a start, outcomes, absences after which an outcome is told anew; restarts in between."""
    seen: list[Observation] = []
    last, runs = "", False
    for moment in sorted(draw(st.sets(st.integers(0, END - 1), max_size=12))):
        if runs and draw(st.integers(0, 3)) == 0:
            seen.append(Stopped(moment, "s", "off", "off"))
            runs = draw(st.booleans())
            if runs:
                seen.append(Started(moment, "s", "restart"))
                continue
        elif not runs:
            seen.append(Started(moment, "s", "restart" if seen else "first"))
            runs, last = True, ""
        if runs:
            word = draw(st.sampled_from([word for word in OUTCOMES if word != last]))
            seen.append(outcome(moment, word, f"cause-{moment}" if word != "secure" else ""))
            last = word
    return tuple(seen)


def by_the_second(seen: tuple[Observation, ...]) -> list[str]:
    """Return what clients see in every second: a word, or nothing while the subject is off."""
    words, word = [], ""
    told: dict[int, list[Observation]] = {}
    for one in seen:
        told.setdefault(one.at, []).append(one)
    for second in range(END):
        for one in told.get(second, ()):
            if isinstance(one, Stopped):
                word = f"({word})"
            elif isinstance(one, Started):
                word = word.strip("()")
            else:
                word = getattr(one, "outcome", word)
        words.append("" if word.startswith("(") else word)
    return words


@settings(max_examples=300)
@given(streams())
def test_folds(seen: tuple[Observation, ...]) -> None:
    """First failure, last good second, recovery, worst outcome and cause are those that each second shows."""
    words = by_the_second(seen)
    fails = [second for second, word in enumerate(words) if word not in ("", "secure")]
    good = [second for second, word in enumerate(words[: fails[0]] if fails else []) if word == "secure"]
    after = range(fails[-1] + 1, END) if fails else range(0)
    healed = [second for second in after if words[second] == "secure"]
    found = result(*seen)
    assert found.first_failure == (fails[0] if fails else None)
    assert found.last_good == (good[-1] if good else None)
    assert found.recovered_at == (healed[0] if healed else None)
    assert found.outcome == max((word for word in words if word), key=OUTCOMES.index, default=None)
    assert found.cause == (f"cause-{fails[0]}" if fails else None)


def test_never_seen() -> None:
    """Of a subject of which nothing was seen nothing is said."""
    found = result(Started(0, "s", "first"))
    assert (found.first_failure, found.last_good, found.recovered_at) == (None, None, None)
    assert (found.outcome, found.outcomes, found.cause, found.explanation) == (None, (), None, "")


def test_never_good() -> None:
    """A subject that fails at its first question has no last good second."""
    assert (result(outcome(5, "bogus")).first_failure, result(outcome(5, "bogus")).last_good) == (5, None)


def test_good_again() -> None:
    """Recovery counts from the first second of the last good spell, however often that was told."""
    story = [
        outcome(0, "secure"),
        outcome(5, "bogus"),
        outcome(9, "secure"),
        outcome(12, "down", "crashed"),
        outcome(20, "secure"),
        Stopped(30, "s", "off", "off"),
        Started(40, "s", "restart"),
        outcome(40, "secure"),
    ]
    found = result(*story)
    assert (found.first_failure, found.last_good, found.recovered_at) == (5, 4, 20)
    assert (found.outcome, found.cause) == ("down", "static-anchor")


def test_last_good_before_an_absence() -> None:
    """A subject that was off before it failed was good last when it ran last."""
    absent = [outcome(0, "secure"), Stopped(10, "s", "off", "off"), Started(30, "s", "restart")]
    assert result(*absent, outcome(30, "bogus")).last_good == 9
    assert result(*absent, outcome(30, "secure"), outcome(33, "bogus")).last_good == 32


def test_others_are_not_looked_at() -> None:
    """What was seen of another subject, or of the authority, says nothing of this one."""
    assert result(outcome(1, "bogus", name="other"), outcome(2, "secure")).first_failure is None
