"""Expand `${...}` as testbound does: text is replaced by text, arithmetic runs strictly from left to right.

`${time}`, `${timeout}`, `${ctime 86400}`, `${range 4800 ${timeout} 5400}`, `${$t0 + $probe}` and nesting of
these (testcode/replay.c, `macro_process`). There are no precedence and no signs: `${2+3*4}` is 20.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from ..clock import DAY, to_datetime

MAX_TEXT: Final = 1 << 16
"""Characters of a text before and after expansion."""
MAX_DEPTH: Final = 32
"""Macros inside macros."""
_MAX_VALUE: Final = Fraction(10) ** 24
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?")
_OPERATION: Final = re.compile(
    r"\s*(-?[0-9]+(?:\.[0-9]*)?)\s*([^\s0-9.])\s*([0-9]+(?:\.[0-9]*)?|[-+][0-9]+(?:\.[0-9]*)?)"
)
_VARIABLE: Final = re.compile(r"\$(\w+)", re.ASCII)
_LAST_YEAR: Final = 253_402_300_799


class ExpressionError(ValueError):
    """Report an expression that has no value: the text says why."""


class OutOfRange(ExpressionError):
    """Report that `${range ...}` found its value outside: a check that failed, not a mistake in the file."""


class Expander:
    """Expand texts with the variables of one run; `clock` gives the time, `timeout` the time to the probe."""

    def __init__(
        self, variables: Mapping[str, str], clock: Callable[[], int], timeout: Callable[[], int]
    ) -> None:
        """Take where values come from."""
        self._variables, self._clock, self._timeout = variables, clock, timeout
        self._bounded = True

    def expand(self, text: str, *, bounded: bool = True) -> str:
        """Return a text with every macro replaced. Raises ExpressionError.

        Without `bounded` the value of `${range ...}` counts even if it lies outside.
        """
        self._bounded = bounded
        return self._text(text, 0)

    def number(self, text: str) -> Fraction:
        """Return the number a text expands to; what stands behind it does not count (C's atof).

        Raises ExpressionError.
        """
        expanded = self.expand(text).strip()
        number = re.match(r"[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)", expanded)
        if number is None:
            raise ExpressionError(f"{expanded[:60]!r} is not a number")
        return _bounded(Fraction(number[0]))

    def _text(self, text: str, depth: int) -> str:
        """Replace the macros of a text."""
        if depth > MAX_DEPTH:
            raise ExpressionError("macros nested too deeply")
        parts: list[str] = []
        at = 0
        while (begin := text.find("${", at)) >= 0:
            end = _end_of(text, begin)
            parts += (text[at:begin], self._macro(text[begin + 2 : end], depth + 1))
            at = end + 1
        parts.append(text[at:])
        joined = "".join(parts)
        if len(joined) > MAX_TEXT:
            raise ExpressionError(f"a text longer than {MAX_TEXT} characters")
        return joined

    def _macro(self, body: str, depth: int) -> str:
        """Return what one macro stands for; `body` is what its braces hold."""
        if body == "time":
            return str(self._clock())
        if body == "timeout":
            return str(self._timeout())
        function, rest = (*body.split(None, 1), "", "")[:2] if body[:1].isalpha() else ("", "")
        argument = rest if function in ("ctime", "range") else body
        value = arithmetic(_VARIABLE.sub(self._variable, self._text(argument, depth)))
        if function == "ctime":
            return ctime(value)
        return _range(value, bounded=self._bounded) if function == "range" else value

    def _variable(self, match: re.Match[str]) -> str:
        value = self._variables.get(match[1])
        if value is None:
            raise ExpressionError(f"no variable {match[1]!r} has been assigned")
        return value


def _end_of(text: str, begin: int) -> int:
    """Return where the brace is that closes the macro beginning at `begin`."""
    depth = 0
    for at in range(begin, len(text)):
        if text.startswith("${", at):
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
    raise ExpressionError(f"{text[begin : begin + 40]!r} lacks its closing brace")


def arithmetic(text: str) -> str:
    """Carry out the operations of a text from left to right; what is no operation stays as it is."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"a text longer than {MAX_TEXT} characters")
    done: list[str] = []
    at = 0
    while match := _NUMBER.search(text, at):
        done.append(text[at : match.start()])
        value, at = match[0], match.end()
        while step := _OPERATION.match(f"{value}{text[at:]}"):
            at += step.end() - len(value)
            value = _calculate(value, step[2], step[3])
        done.append(value)
    done.append(text[at:])
    return "".join(done)


def _calculate(left: str, operator: str, right: str) -> str:
    x, y = Fraction(left), Fraction(right)
    if operator == "+":
        return _written(x + y)
    if operator == "-":
        return _written(x - y)
    if operator == "*":
        return _written(x * y)
    if operator == "/" and y:
        return _written(x / y)
    raise ExpressionError(
        "a division by zero" if operator == "/" else f"no operation is written {operator!r}"
    )


def _bounded(value: Fraction) -> Fraction:
    if abs(value) > _MAX_VALUE:
        raise ExpressionError("a number out of all bounds")
    return value


def _written(value: Fraction) -> str:
    """Write a number with up to twelve decimals, none that are zero (`%.12lf`, zeros stripped)."""
    scaled = round(_bounded(value) * 10**12)
    sign, digits = "-" if scaled < 0 else "", f"{abs(scaled):013d}"
    return f"{sign}{digits[:-12]}.{digits[-12:]}".rstrip("0").rstrip(".")


def ctime(text: str) -> str:
    """Write seconds since 1970 as C's ctime does in UTC: `Mon Aug 24 07:46:40 2009`."""
    number = re.match(r"\s*(-?[0-9]+)", text)
    if number is None:
        raise ExpressionError(f"ctime wants seconds, not {text[:40]!r}")
    seconds = int(number[1])
    if not -_LAST_YEAR <= seconds <= _LAST_YEAR or seconds < -719_162 * DAY:
        raise ExpressionError("a time out of all bounds")
    moment = to_datetime(seconds)
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day} {month} {moment.day:2d} {moment:%H:%M:%S} {moment.year}"


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _range(text: str, *, bounded: bool) -> str:
    """Return the middle one of three numbers. Raises OutOfRange if it lies outside the two others."""
    words = text.split()
    if len(words) < 3 or not all(re.fullmatch(r"-?[0-9]+(?:\.[0-9]*)?", word) for word in words[:3]):
        raise ExpressionError(f"range wants three numbers, not {text[:60]!r}")
    low, value, high = (Fraction(word) for word in words[:3])
    if bounded and not low <= value <= high:
        raise OutOfRange(f"{words[1]} is not in the range from {words[0]} to {words[2]}")
    return words[1]
