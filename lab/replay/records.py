r"""Read records in zone-file form as the files have them: one a line, or over several in parentheses.

What may be missing is missing often: TTL, class, the final dot of a name (names are then relative to the
origin, by default the root), the owner at the start of an indented line (RFC 1035 section 5.1). Types
without a name are written `TYPE65280 \# 2 abcd` (RFC 3597 section 5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ..clock import Seconds
from ..dnssec.codec import RR, Question
from ..dnssec.names import ROOT, MalformedRdata
from .rdata import Fields, Token, is_ttl, read_name, read_rdata, read_ttl, type_number

DEFAULT_TTL: Seconds = 3600
"""The TTL of a record that names none (testcode/testpkts.c, `read_entry`)."""
_CLASSES: Final = {"IN": 1, "CH": 3, "HS": 4, "NONE": 254, "ANY": 255}


class Unfinished(Exception):
    """Report a record whose parentheses or quotes are still open at the end of its line."""


@dataclass(slots=True)
class Context:
    """What a record's text leaves out: the origin, the TTL, the owner of the record before."""

    origin: bytes = ROOT
    ttl: Seconds = DEFAULT_TTL
    owner: bytes | None = None


def tokens(text: str) -> list[Token]:
    """Split text into words and quoted strings, escapes kept, comments and parentheses gone.

    Raises Unfinished where more lines are needed, MalformedRdata for a closing parenthesis too many.
    """
    found: list[Token] = []
    depth = at = 0
    while match := _PIECE.match(text, at):
        at = match.end()
        kind = match.lastgroup
        if kind == "word":
            found.append(Token(match["word"], False))
        elif kind == "quoted":
            found.append(Token(match["quoted"], True))
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            if depth < 0:
                raise MalformedRdata("a closing parenthesis without an opening one")
    if at < len(text) or depth:
        raise Unfinished
    return found


_PIECE: Final = re.compile(
    r"""[^\S\n]*(?:(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\\n]|\\.)*)"|(?P<comment>;[^\n]*)"""
    r"""|(?P<line>\n)|(?P<word>(?:[^\s();"\\]|\\[^\n])+))|[^\S\n]+$""",
    re.DOTALL,
)


def read_record(text: str, context: Context) -> RR:
    """Read one record and remember its owner. Raises MalformedRdata, MalformedName or Unfinished."""
    words = tokens(text)
    owner, rrclass, ttl, rrtype, used = _head(words, context, indented=text[:1] in " \t")
    rdata = read_rdata(rrtype, rrclass, Fields(words[used:], context.origin))
    context.owner = owner
    return RR(owner, rrtype, rrclass, context.ttl if ttl is None else ttl, rdata)


def read_question(text: str, context: Context) -> Question:
    """Read a question: a name, a class unless it is IN, a type. Raises as `read_record` does."""
    words = tokens(text)
    owner, rrclass, _, rrtype, used = _head(words, context, indented=False)
    if used != len(words):
        raise MalformedRdata("a question with more than a name, a class and a type")
    return Question(owner, rrtype, rrclass)


def _head(
    words: list[Token], context: Context, *, indented: bool
) -> tuple[bytes, int, Seconds | None, int, int]:
    """Return owner, class, TTL, type, and how many words they took."""
    if not words:
        raise MalformedRdata("a record without a word")
    at = 0
    owner = context.owner
    if owner is None or not (indented and _is_after_owner(words[0])):
        owner, at = read_name(words[0].text, context.origin), 1
    rrclass: int | None = None
    ttl: Seconds | None = None
    while at < len(words):
        word = words[at].text
        if ttl is None and is_ttl(word):
            ttl = read_ttl(word)
        elif rrclass is None and class_number(word) is not None:
            rrclass = class_number(word)
        else:
            break
        at += 1
    rrtype = type_number(words[at].text) if at < len(words) else None
    if rrtype is None:
        shown = words[at].text[:40] if at < len(words) else ""
        raise MalformedRdata(f"{shown!r} is not the type of a record" if shown else "a record without a type")
    return owner, 1 if rrclass is None else rrclass, ttl, rrtype, at + 1


def _is_after_owner(word: Token) -> bool:
    """Tell whether a word can only stand behind an owner: a TTL, a class or a type."""
    text = word.text
    return is_ttl(text) or class_number(text) is not None or type_number(text) is not None


def class_number(word: str) -> int | None:
    """Return the number of a class by its name or as `CLASS32`, None if it is none."""
    upper = word.upper()
    if upper.startswith("CLASS") and upper[5:].isdecimal() and int(upper[5:]) <= 0xFFFF:
        return int(upper[5:])
    return _CLASSES.get(upper)
