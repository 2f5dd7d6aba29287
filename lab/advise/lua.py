"""Read Lua as text: calls and assignments as they stand there, in order. Nothing is run.

Enough for configurations, which are lists of calls; what a condition or a loop around a call does is not
seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .reading import Place
from .source import Source

_TOKEN = re.compile(
    r"--\[(?P<level>=*)\[.*?(?:\](?P=level)\]|\Z)|--[^\n]*"
    r"|\[(?P<long>=*)\[(?P<text>.*?)(?:\](?P=long)\]|\Z)"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<name>[A-Za-z_][\w.:]*)|(?P<number>\d+(?:\.\d+)?)|(?P<sign>==|~=|<=|>=|\S)|\n",
    re.DOTALL,
)
BRANCHES: Final = frozenset(("if", "for", "while", "repeat", "function", "dofile", "require", "loadfile"))
"""Words after which the order of the lines is not what is done."""
_LONGEST: Final = 4096
"""Tokens of one call's arguments."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of Lua: `kind` is name, number, string or sign; `text` of a string is what it stands for."""

    kind: str
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`, or `name = value` if `assigns`; each argument as its tokens."""

    name: str
    arguments: tuple[tuple[Token, ...], ...]
    place: Place
    assigns: bool = False

    def strings(self, number: int) -> tuple[str, ...]:
        """Return the strings of an argument, counted from 0: one, or those of a table."""
        if number >= len(self.arguments):
            return ()
        return tuple(token.text for token in self.arguments[number] if token.kind == "string")

    def word(self, number: int) -> str:
        """Return an argument that is one token, such as `true`; empty if it is none."""
        one = self.arguments[number] if number < len(self.arguments) else ()
        return one[0].text if len(one) == 1 else ""


def tokens(source: Source) -> list[Token]:
    """Return the words of a file without its comments."""
    found: list[Token] = []
    line = 1
    for match in _TOKEN.finditer(source.text):
        kind = next((kind for kind in ("string", "name", "number", "sign") if match[kind]), "")
        text = match[kind] if kind else ""
        if kind == "string":
            text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        elif match["text"] is not None:
            kind, text = "string", match["text"]
        if kind:
            found.append(Token(kind, text, source.place(line)))
        line += match[0].count("\n")
    return found


def calls(found: list[Token]) -> Iterator[Call]:
    """Yield calls and assignments in the order of the text, `f 'x'` and `f { 'x' }` too."""
    for number, token in enumerate(found[:-1]):
        after = found[number + 1]
        if token.kind != "name":
            continue
        if after.text == "(" and after.kind == "sign":
            yield Call(token.text, _arguments(found, number + 2), token.place)
        elif after.text == "{" and after.kind == "sign":
            yield Call(token.text, _arguments(found, number + 2)[:1], token.place)
        elif after.kind == "string":
            yield Call(token.text, ((after,),), token.place)
        elif after.text == "=" and after.kind == "sign":
            yield Call(token.text, (_value(found, number + 2),), token.place, assigns=True)


def _arguments(found: list[Token], begin: int) -> tuple[tuple[Token, ...], ...]:
    """Return what stands in brackets from `begin` on, parted by the commas of the outermost level."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in found[begin : begin + _LONGEST]:
        if token.kind == "sign" and token.text in ")}]":
            if not depth:
                break
            depth -= 1
        elif token.kind == "sign" and token.text in "({[":
            depth += 1
        if not depth and token.kind == "sign" and token.text == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return tuple(tuple(part) for part in parts if part)


def _value(found: list[Token], begin: int) -> tuple[Token, ...]:
    """Return the tokens of an assigned value: to the end of its line."""
    value = found[begin : begin + _LONGEST]
    return tuple(token for token in value if token.place.line == value[0].place.line)
