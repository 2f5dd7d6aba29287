"""`${...}` is text in place of text, and arithmetic from left to right (testcode/replay.c)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.replay.expressions import MAX_DEPTH, Expander, ExpressionError, OutOfRange, ctime

VARIABLES = {"t0": "1251100000", "probe": " 5000 ", "word": "x"}
EXPANDER = Expander(VARIABLES, lambda: 1258962400, lambda: 4900)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no macro", "no macro"),
        ("${time}", "1258962400"),
        ("${timeout}", "4900"),
        ("${1258962400 + 7200}", "1258969600"),
        ("${30*24*3600}", "2592000"),
        ("${2+3*4}", "20"),
        ("${20/8}", "2.5"),
        ("${10-20}", "-10"),
        ("${10-20+30}", "20"),
        ("${1/3}", "0.333333333333"),
        ("${$t0 + 1}", "1251100001"),
        ("a${$word}b", "axb"),
        ("${ ${20*24*3600} - 3000 }", " 1725000 "),
        ("${range 4800 ${timeout} 5400}", "4900"),
        ("${ctime 1251100000}", "Mon Aug 24 07:46:40 2009"),
        ("${ctime\t$t0 + 5000}", "Mon Aug 24 09:10:00 2009"),
        ("${ctime ${time}} ;;${0}", "Mon Nov 23 07:46:40 2009 ;;0"),
        ("$t0", "$t0"),
    ],
)
def test_values(text: str, value: str) -> None:
    """Macros of every kind, alone, nested and in text."""
    assert EXPANDER.expand(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${time", "lacks its closing brace"),
        ("${$t9}", "no variable 't9'"),
        ("${1/0}", "division by zero"),
        ("${1 % 2}", "no operation is written '%'"),
        ("${ctime now}", "ctime wants seconds"),
        ("${ctime 99999999999999}", "out of all bounds"),
        ("${range 1 2}", "range wants three numbers"),
        ("${999999999999999 * 999999999999999}", "out of all bounds"),
        ("${" * (MAX_DEPTH + 2) + "1" + "}" * (MAX_DEPTH + 2), "nested too deeply"),
        ("x" * 70_000 + "${time}", "longer than"),
    ],
)
def test_mistakes(text: str, said: str) -> None:
    """What has no value says why."""
    with pytest.raises(ExpressionError) as raised:
        EXPANDER.expand(text)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "inside"), [("${range 1 1 2}", True), ("${range 2 1 3}", False), ("${range 1 4 3}", False)]
)
def test_range(text: str, inside: bool) -> None:
    """A range has its value if both bounds allow it, ends included; without bounds always."""
    if inside:
        assert EXPANDER.expand(text) == "1"
        return
    with pytest.raises(OutOfRange):
        EXPANDER.expand(text)
    assert EXPANDER.expand(text, bounded=False) == text.split()[2]


def test_numbers() -> None:
    """A text that is to be a number may have spaces around it."""
    assert EXPANDER.number("${ ${10} }") == 10
    with pytest.raises(ExpressionError):
        EXPANDER.number("${$word}")


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 999)), max_size=6), st.integers(0, 999))
def test_strictly_from_left_to_right(steps: list[tuple[str, int]], first: int) -> None:
    """Whole numbers come out as Python makes them, one operation after the other."""
    value = first
    for operator, number in steps:
        value = {"+": value + number, "-": value - number, "*": value * number}[operator]
    text = f"{first}" + "".join(f" {operator} {number}" for operator, number in steps)
    assert EXPANDER.expand(f"${{{text}}}") == str(value)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """No text raises anything but ExpressionError."""
    try:
        expanded = EXPANDER.expand(f"${{{text}}}")
    except ExpressionError:
        return
    assert isinstance(expanded, str)


def test_days_have_two_places() -> None:
    """A day below ten has a space before it, as in C."""
    assert ctime("0") == "Thu Jan  1 00:00:00 1970"
