"""Read a scenario file's text: bounded, TOML, against the tables; every problem is one ScenarioError.

An error names the file, the place (`subject[2] (unbound-1.6.4).policy`: arrays of tables are counted from
one) and what to do. Only the first problem of a file is reported, a table's unknown keys before its others.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import ScenarioError
from .fields import shown
from .tables import allowed

MAX_SIZE = 1 << 20
"""Octets of a scenario file."""

_MAX_DOTS = 32
_DEEP_KEY = re.compile(
    rf"""(?<![\w"'-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{_MAX_DOTS + 1}}}""", re.ASCII
)
"""A dotted key so deep that tomllib's time, quadratic in the depth, would matter."""

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PYTHON_KEY = re.compile(r"\((?:'[^']*'(?:, )?)+,?\)")
"""A key as tomllib's messages write it: a tuple of its parts."""

_NAMES = {"subject": "name", "expect": "id", "event": "subject", "cohort": "name"}
"""What names a table of each array of tables."""

_File = TypeVar("_File", bound=BaseModel)


def read_file(path: Path) -> str:
    """Return the text of a scenario file. Raises ScenarioError if it cannot be read or is too large."""
    place = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise ScenarioError(f"cannot be read: {reason}", place=place, remedy="name a TOML file") from None
    if len(data) > MAX_SIZE:
        raise ScenarioError(
            "is too large", place=place, remedy=f"a scenario has at most {MAX_SIZE // 1024} KiB"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        column = problem.start - (data.rfind(b"\n", 0, problem.start) + 1) + 1
        raise ScenarioError(
            "is not UTF-8", place=f"{place}: line {line}, column {column}", remedy="save it as UTF-8"
        ) from None


def parse_toml(text: str, shown_path: str) -> dict[str, Any]:
    """Parse TOML. Raises ScenarioError with line and column."""
    deep = _DEEP_KEY.search(text)
    if deep is not None:
        raise ScenarioError(
            "a key has too many parts",
            place=f"{shown_path}: {_line_column(text, deep.start())}",
            remedy=f"at most {_MAX_DOTS} dots",
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        message = str(problem)
        match = _POSITION.search(message)
        where = f"line {match[1]}, column {match[2]}" if match and match[1] else _line_column(text, len(text))
        raise ScenarioError(
            _PYTHON_KEY.sub(
                lambda key: ".".join(re.findall(r"'([^']*)'", key[0])), _POSITION.sub("", message)
            ),
            place=f"{shown_path}: {where}",
            remedy="mend the TOML here (https://toml.io)",
        ) from None
    except RecursionError:
        raise ScenarioError("is nested too deeply", place=shown_path, remedy="a scenario is flat") from None
    except ValueError:
        # int() refuses thousands of digits, datetime() refuses what tomllib's pattern lets through
        raise ScenarioError(
            "has a number or a date out of range", place=shown_path, remedy="write smaller numbers"
        ) from None


def _line_column(text: str, offset: int) -> str:
    """Return the place of an offset in a text."""
    begin = text.rfind("\n", 0, offset) + 1
    return f"line {text.count(chr(10), 0, offset) + 1}, column {offset - begin + 1}"


def validate(model: type[_File], data: Mapping[str, Any], shown_path: str) -> _File:
    """Check parsed TOML against a model. Raises ScenarioError naming the place of the first problem."""
    try:
        return model.model_validate(data)
    except ValidationError as problem:
        raise _first_problem(problem, data, shown_path) from None


def _first_problem(problem: ValidationError, data: Mapping[str, Any], shown_path: str) -> ScenarioError:
    """Turn the first of pydantic's errors into ours."""
    error = problem.errors(include_url=False)[0]
    context, kind = error.get("ctx", {}), error["type"]
    location = [part for part in error["loc"] if not (isinstance(part, str) and part.startswith("<"))]
    if location and location[-1] == "[key]":
        location.pop()
    if kind == "unknown_key":
        location.append(context["key"])
        return ScenarioError(
            "unknown key",
            place=f"{shown_path}: {place(data, location)}",
            remedy=allowed(context["key"], context["known"]),
        )
    if kind == "value_error":
        text = str(context["error"])
    else:
        text = _WORDS.get(kind, _pydantic_words)(error["input"], context, error["msg"])
    where = place(data, location)
    return ScenarioError(text, place=f"{shown_path}: {where}" if where else shown_path)


def place(data: Mapping[str, Any], location: Sequence[str | int]) -> str:
    """Write a location as a reader of the file finds it: `subject[2] (unbound).off[1].from`."""
    words = ""
    node: Any = data
    for depth, part in enumerate(location):
        try:
            node = node[part]
        except (LookupError, TypeError):
            node = None
        if isinstance(part, int):
            name = node.get(_NAMES.get(str(location[depth - 1]), "")) if isinstance(node, dict) else None
            words += f"[{part + 1}]" + (f" ({name[:64]})" if isinstance(name, str) else "")
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part) is not None
            words += ("." if words else "") + (part[:64] if bare else f'"{part[:64]}"')
    return words


def _must_be(what: str) -> Callable[[Any, Mapping[str, Any], str], str]:
    return lambda value, _context, _message: f"must be {what}, not {shown(value)}"


def _choices(value: Any, context: Mapping[str, Any], _message: str) -> str:
    """Say which words are allowed; `context` holds them as Python writes them."""
    known = re.findall(r"'([^']*)'", str(context["expected"]))
    return f"must not be {shown(value)}; {allowed(value, known)}"


def _length(_value: Any, context: Mapping[str, Any], _message: str) -> str:
    if "min_length" in context:
        return f"must have at least {context['min_length']} entry"
    return f"must have at most {context['max_length']} entries"


def _pydantic_words(value: Any, _context: Mapping[str, Any], message: str) -> str:
    return f"{message.replace('Input should be', 'must be')}, not {shown(value)}"


_WORDS: dict[str, Callable[[Any, Mapping[str, Any], str], str]] = {
    "missing": lambda _value, _context, _message: "is missing, and there is no default",
    "union_tag_not_found": _must_be("an array of names, or a table with current and next"),
    "string_type": _must_be("a string"),
    "bool_type": _must_be("true or false"),
    "int_type": _must_be("a whole number"),
    "tuple_type": _must_be("an array"),
    "dict_type": _must_be("a table"),
    "model_type": _must_be("a table"),
    "model_attributes_type": _must_be("a table"),
    "literal_error": _choices,
    "too_short": _length,
    "too_long": _length,
    "string_too_short": lambda _value, _context, _message: "must not be empty",
    "string_too_long": lambda _value, context, _message: (
        f"must have at most {context['max_length']} characters"
    ),
    "string_pattern_mismatch": lambda value, context, _message: (
        f"must match {context['pattern']}, not {shown(value)}"
    ),
}
"""Pydantic's kinds of error in words of the format; others keep pydantic's words."""
