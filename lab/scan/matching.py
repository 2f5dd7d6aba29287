"""Find keys and digests in a text letter by letter, whatever notation tears them apart.

A character more, less or other than the real one is no match. Between two characters there may be what
languages put there: line breaks, quotes, commas, string concatenation, escapes, comments. Texts are octets
read as Latin-1, so that a position in one is a position in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from .arrays import in_arrays
from .escapes import in_escapes
from .gate import forms_in
from .material import Shape, shapes


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One key or digest in a text, from `start` to before `end`.

    `form` is hex, base64, octets, array or escapes.
    """

    start: int
    end: int
    form: str
    shape: Shape


_BLOCK: Final = 1 << 17
_OVERLAP: Final = 1 << 14
"""Octets that are asked about at once, and those of the next that go with them: more than an anchor has."""
_LONGEST_GAP: Final = 240
"""Characters between two neighbours: a line of a comment and the margins of the next line."""

_ESCAPE = r"\\[nrtNRT]|\\u00[01][0-9a-fA-F]|<[^<>\n]{1,60}>|&(?:nbsp|lt|gt|quot|#\d{1,4});"
_HEX_GAP = re.compile(rf"(?:{_ESCAPE}|0[xX]|[uU][lL]{{0,2}}(?![0-9A-Za-z])|[^0-9A-Za-z])+")
_SEAM = re.compile(rf"(?:{_ESCAPE}|[^0-9A-Za-z+/=_-])+")
"""A gap in base64 that has none of its characters."""
_NUMBER_ENDS = re.compile(r"[uU]?[lL]{0,2}(?![0-9A-Za-z])")
_BASE64_GAP = re.compile(
    rf"(?:{_ESCAPE}|[^0-9A-Za-z+/=_-]|(?<![0-9A-Za-z+/])[+_-](?=[\s\"'`])|(?<=[\s\"'`)])[+_-])+"
)
_COMMENT = re.compile(r"(?:\s|[\"'\\,+)])*(?:;|#|//)[^\n]{0,200}\n[\s\"'#;/*]*|\s*/\*[^*]{0,200}\*/\s*")
_SPELLINGS = {
    "+": ("-", "%2B", "%2b", "\\u002b", "\\u002B", "&#43;", "\\+"),
    "/": ("_", "%2F", "%2f", "\\u002f", "\\u002F", "\\/", "&#47;"),
    "=": ("%3D", "%3d", "\\u003d", "\\u003D", "\\=", "&#61;"),
}
"""How characters of base64 are written where they mean something else, and in base64 for URLs."""


def find(window: bytes, *, binary: bool) -> tuple[Hit, ...]:
    """Return the hits in a window in order; of overlapping ones the longest."""
    found: list[Hit] = []
    for start in range(0, max(len(window), 1), _BLOCK):
        block = window[start : start + _BLOCK + _OVERLAP]
        forms = forms_in(block)
        if forms:
            hits = _hits(block.decode("latin-1"), forms, binary)
            found.extend(replace(hit, start=hit.start + start, end=hit.end + start) for hit in hits)
    found.sort(key=lambda hit: (hit.start, -hit.end))
    kept: list[Hit] = []
    for hit in found:
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return tuple(kept)


def _hits(text: str, forms: frozenset[str], binary: bool) -> Iterator[Hit]:
    """Yield the hits of a block in the forms that it may hold."""
    octets = [shape for shape in shapes() if shape.form == "octets"]
    for shape in shapes():
        if shape.form in forms:
            places = _raw_places if shape.form == "octets" else _places
            yield from (Hit(start, end, shape.form, shape) for start, end in places(text, shape, binary))
    if "digits" in forms or ("hex" in forms and ("0x" in text or "0X" in text)):
        yield from (Hit(start, end, "array", shape) for start, end, shape in in_arrays(text, octets))
    if "escapes" in forms:
        yield from (Hit(start, end, "escapes", shape) for start, end, shape in in_escapes(text, octets))


def _raw_places(text: str, shape: Shape, binary: bool) -> Iterator[tuple[int, int]]:
    """Yield where the octets stand as they are."""
    raw = shape.octets.decode("latin-1")
    start = text.find(raw)
    while start >= 0:
        yield start, start + len(raw)
        start = text.find(raw, start + len(raw))


def _places(text: str, shape: Shape, binary: bool) -> Iterator[tuple[int, int]]:
    """Yield where the text of a shape stands, with what may lead up to it."""
    for candidate in _beginning(shape.text, shape.form).finditer(text):
        start = candidate.start()
        end = _walk(text, start, shape.text, shape.form)
        if end and shape.lead:
            before = _lead(shape.lead).search(text, max(start - _LONGEST_GAP, 0), start)
            start = before.start() if before else start
        if end and (binary or _stands_alone(text, start, end, shape.form)):
            yield start, end


@cache
def _lead(lead: str) -> re.Pattern[str]:
    """Return what finds the first octets of rdata directly before a digest or key, torn apart perhaps."""
    return re.compile("[^0-9A-Za-z]{0,40}(?:0x)?".join(lead) + r"[^0-9A-Za-z]{0,40}(?:0x)?\Z", re.IGNORECASE)


@cache
def _beginning(word: str, form: str) -> re.Pattern[str]:
    """Return what finds the first four characters, perhaps torn apart."""
    if form == "base64":
        return re.compile("[^0-9A-Za-z]{0,40}".join(word[:4]))
    first, second = "\0?".join(word[:2]), "\0?".join(word[2:4])
    return re.compile(f"{first}[^0-9A-Za-z]{{0,40}}(?:0x)?{second}", re.IGNORECASE)


def _walk(text: str, start: int, word: str, form: str) -> int:
    """Follow a word through the text; return where it ends, or 0 if it is another one."""
    at, done, size = start, 0, len(word)
    gap = _HEX_GAP if form == "hex" else _BASE64_GAP
    while done < size:
        run = _run(text, at, word, done, form)
        at, done = at + run, done + run
        if done == size:
            return at
        step = _spelled(text, at, word[done]) if form == "base64" else 0
        if step:
            at, done = at + step, done + 1
        elif form == "base64" and word[done] == "=":
            return at
        else:
            after = _across(text, at, gap, word[done], form)
            if after <= at:
                return 0
            at = after
    return at


def _run(text: str, at: int, word: str, done: int, form: str) -> int:
    """Return how many characters of the word stand here in one piece."""
    piece = text[at : at + len(word) - done]
    rest = word[done : done + len(piece)]
    if form == "hex":
        piece = piece.lower()
    if piece == rest:
        count = len(piece)
    else:
        count = next((n for n, (a, b) in enumerate(zip(piece, rest, strict=True)) if a != b), len(piece))
    if form == "hex" and count and text[at + count : at + count + 1] in ("x", "X") and rest[count - 1] == "0":
        return count - 1
    return count


def _spelled(text: str, at: int, character: str) -> int:
    """Return the length of another spelling of a character of base64 that stands here, or 0."""
    for spelling in _SPELLINGS.get(character, ()):
        if text.startswith(spelling, at):
            return len(spelling)
    return 0


def _across(text: str, at: int, gap: re.Pattern[str], character: str, form: str) -> int:
    """Return where the word goes on behind a gap, a comment perhaps, or `at` if it does not."""
    for pattern in (_SEAM, gap, _COMMENT) if form == "base64" else (gap, _COMMENT):
        match = pattern.match(text, at, at + _LONGEST_GAP)
        end = match.end() if match else at
        here = text[end : end + 1]
        if end > at and (
            here == character
            or (form == "hex" and here.lower() == character)
            or (form == "base64" and _spelled(text, end, character))
            or character == "="
        ):
            return end
    return at


def _stands_alone(text: str, start: int, end: int, form: str) -> bool:
    """Tell whether a word is whole: not a part of a longer number or of longer base64."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    escaped = before in ("n", "r", "t") and text[start - 2 : start - 1] == "\\"
    if form == "hex":
        prefixed = before in ("x", "X") and text[start - 2 : start - 1] in ("0", "\\")
        return (escaped or prefixed or not _alnum(before)) and _NUMBER_ENDS.match(text, end) is not None
    diff = before in "+-" and (start < 2 or not _alnum(text[start - 2]))
    left = escaped or diff or not (_alnum(before) or before in ("+", "/"))
    return left and (text[end - 1 : end] == "=" or not (_alnum(after) or after in ("+", "/")))


def _alnum(character: str) -> bool:
    return character.isascii() and character.isalnum()
