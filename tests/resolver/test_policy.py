"""Test policies as values: what knobs take, what they refuse and how they say so."""

from __future__ import annotations

from typing import Any

import pytest

from lab.clock import DAY
from lab.resolver.policy import GROUPS, KNOBS, STRICT, PolicyError, ResolverPolicy, knobs
from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import Event, State

WRONG: dict[str, tuple[Any, ...]] = {
    "duration": ("30 days", "P1M", "-P1D", "", 30, None, True, ["P1D"], "for-the-night"),
    "choice": ("perhaps", "", None, 1, True, ["seed"]),
    "flag": ("true", 1, 0, None, "yes"),
    "count": (-1, 10_001, "2", 2.0, True, None),
    "delay": ("soon", "PT0S", "-PT1S", 60, None, True, "blind"),
}
WORDS = {
    "duration": "an ISO 8601 duration",
    "choice": "one of ",
    "flag": "true or false",
    "count": "a whole number from",
    "delay": "an ISO 8601 duration longer than zero or one of interval, retry, never",
}


@pytest.mark.parametrize("knob", KNOBS)
def test_wrong_values_are_refused(knob: str) -> None:
    """A value a knob does not take is refused, with the knob's name, what it takes, and the value."""
    kind = KNOBS[knob][2]["kind"]
    for value in WRONG[kind]:
        with pytest.raises(PolicyError) as caught:
            STRICT.override({knob: value})
        text = str(caught.value)
        assert text.startswith(f"{knob} takes {WORDS[kind]}")
        assert text.endswith(f"not {value!r}")


@pytest.mark.parametrize("knob", KNOBS)
def test_own_value_is_taken(knob: str) -> None:
    """Every knob takes the value it reports, so a policy can be written down and read back."""
    for profile in MODELS.values():
        value = profile.policy.value(knob)
        assert STRICT.override({knob: value}).value(knob) == value


@pytest.mark.parametrize(
    ("knob", "value", "words"),
    [
        ("interval-divisor", 0, "from 1 to 10000"),
        ("retry-divisor", 0, "from 1 to 10000"),
        ("burst", 0, "from 1 to 10000"),
        ("jitter-tenths", 11, "from 0 to 10"),
        ("floor", "PT0S", "longer than zero"),
        ("feed-every", "PT0S", "longer than zero"),
        ("fixed-interval", "PT0S", "longer than zero such as P30D or none"),
        ("ttl-cap", "unlimited", "such as P30D or none"),
        ("keep-missing", "none", "or for-ever"),
    ],
)
def test_bounds(knob: str, value: object, words: str) -> None:
    """No knob takes a value that would stop time or divide by nothing; the text tells the bounds."""
    with pytest.raises(PolicyError, match=words):
        STRICT.override({knob: value})


@pytest.mark.parametrize(("knob", "word"), [("keep-missing", "for-ever"), ("ttl-cap", "none")])
def test_no_limit(knob: str, word: str) -> None:
    """Where there may be no limit a word says so."""
    limited = STRICT.override({knob: "P1D"})
    assert limited.value(knob) == "P1D"
    assert limited.override({knob: word}) == STRICT


def test_shortest_delay() -> None:
    """A delay may be as short as a second."""
    assert STRICT.override({"after-ok": "PT1S", "floor": "PT1S"}).schedule.after_ok == "PT1S"


@pytest.mark.parametrize("knob", ["floor", "fixed-interval", "feed-every"])
def test_shortest_duration(knob: str) -> None:
    """Where a duration must be longer than zero a second will do."""
    assert STRICT.override({knob: "PT1S"}).value(knob) == "PT1S"


def test_choices_are_told() -> None:
    """Whoever makes a wrong choice is told what there is to choose."""
    with pytest.raises(PolicyError, match=r"^timers takes one of wall, monotonic, dated, not 'sand'$"):
        STRICT.override({"timers": "sand"})


def test_unknown_knob() -> None:
    """A knob that does not exist is named, and so are all that do."""
    with pytest.raises(PolicyError, match="there is no knob 'hold-down'") as caught:
        STRICT.override({"hold-down": "P30D"})
    assert all(knob in str(caught.value) for knob in (*KNOBS, "rows"))


def test_several_knobs() -> None:
    """Knobs of different groups are set at once, and the others stay."""
    policy = STRICT.override({"add-hold-down": "P1D", "swap": "flush", "burst": 3})
    assert [name for name, _, _ in policy.differences()] == ["add-hold-down", "swap", "burst"]
    assert policy.durations.add_hold_down == DAY


def test_differences() -> None:
    """A difference is the knob, its value here and its value there."""
    changed = STRICT.override({"keep-missing": "P90D", "probes": False})
    assert changed.differences() == (("keep-missing", "P90D", "for-ever"), ("probes", False, True))
    assert STRICT.differences(changed) == (("keep-missing", "for-ever", "P90D"), ("probes", True, False))
    assert STRICT.differences() == ()


def test_rows_win() -> None:
    """Rows given later win over those the policy has, for the same state and event, and the rest stay."""
    first = STRICT.override({"rows": "Valid absent Start\nMissing absent Start after keep"})
    second = first.override({"rows": "Valid absent -"})
    assert [str(row) for row in second.overrides] == ["Missing absent Start after keep", "Valid absent -"]
    assert second.table[State.VALID, Event.ABSENT] == ()


@pytest.mark.parametrize("value", ["Valid gone Missing", 7, None, ["Valid absent Start"]])
def test_wrong_rows(value: object) -> None:
    """Rows that cannot be read are refused as a knob's value is."""
    with pytest.raises(PolicyError, match=r"^rows: "):
        STRICT.override({"rows": value})


def test_rows_and_knobs_at_once() -> None:
    """Rows and knobs can be given together, in any order."""
    both = {"rows": "Start seen -", "burst": 2}
    assert STRICT.override(both) == STRICT.override(dict(reversed(both.items())))
    assert STRICT.override(both).cache.burst == 2


def test_groups() -> None:
    """Every knob stands in one of six groups, in their order."""
    assert len(GROUPS) == 6
    order = [GROUPS.index(KNOBS[knob][0]) for knob in knobs()]
    assert order == sorted(order)
    assert knobs() == tuple(KNOBS)


def test_every_knob_is_documented() -> None:
    """Every knob says in words what it does."""
    assert [knob for knob in KNOBS if len(KNOBS[knob][2]["doc"]) < 15] == []


def test_base_without_rows() -> None:
    """A policy on no base has no rows but its own."""
    policy = ResolverPolicy(base="none").with_rows("Valid revoked Start")
    assert sum(map(len, policy.table.values())) == 1


@pytest.mark.parametrize("name", MODELS)
def test_presets(name: str) -> None:
    """Every preset has a name, a version, a title and a source."""
    profile = MODELS[name]
    assert profile.name == name
    assert profile.version
    assert profile.title
    assert profile.cites
    assert all(profile.cites)


def test_versions_differ_from_their_family() -> None:
    """A version's preset differs from its family's, unless it is the first version with nothing wrong."""
    same = [
        name
        for name, profile in MODELS.items()
        if (family := name.partition("-")[0]) in MODELS and name != family
        if profile.policy == MODELS[family].policy
    ]
    assert same == ["knot-5.1.3"]
