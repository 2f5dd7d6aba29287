"""Read master files (RFC 1035 section 5.1) as far as state files go, comments included.

All text formats are master files with their own comments: records over several lines in parentheses,
`$ORIGIN`, `$TTL`, `@`, an owner left out. `$INCLUDE` is refused: a state file is one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...clock import Seconds
from ...dnssec.names import ROOT, MalformedName, name_from_text, name_to_text
from ...infile import short
from .reading import FIX, refuse

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\v]+)|(?P<comment>;.*)|(?P<mark>[()])|(?P<word>(?:\\.|[^\s;()\\"])+)"""
)
_TTL = re.compile(r"[0-9]{1,10}|(?:[0-9]{1,10}[smhdw])+", re.IGNORECASE)
_TTL_PART = re.compile(r"([0-9]+)([smhdw]?)", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_CLASSES = ("IN", "CH", "HS", "CLASS1")
_MAX_TTL: Seconds = 2**32 - 1
_MAX_NAME_TEXT = 1004
"""Characters of the longest name in presentation format, every octet as `\\DDD` (RFC 1035 section 5.1)."""
_MAX_RECORD_LINES = 1000
"""Lines of one record in parentheses; a 4096-octet key in lines of four characters has fewer."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its first line, owner, TTL (None if it names none), type, rdata words, and comments.

    `comment` joins the text of all comments inside the record with line breaks, each without its first
    semicolon, and `after` those of the lines behind it that hold nothing but a comment (BIND's).
    """

    line: int
    owner: bytes
    ttl: Seconds | None
    rrtype: str
    fields: tuple[str, ...]
    comment: str
    after: str = ""


@dataclass(slots=True)
class _Logical:
    """A record in progress: its words, whether an owner opens it, its comments."""

    line: int
    indented: bool
    words: list[str]
    comments: list[str]
    after: list[str]


def records(text: str, file: str, owner: bytes = ROOT) -> Iterator[Record]:
    """Yield the records of a master file in order; `owner` is the origin. Raises StateFileError.

    A `$TTL` counts for the records after it. The TTL of a record does not carry over to the next.
    """
    origin, default, last = owner, None, None
    for logical in _logical_lines(text, file):
        head = logical.words[0].upper()
        if head.startswith("$") and not logical.indented:
            if len(logical.words) < 2 or head not in ("$ORIGIN", "$TTL"):
                problem = f"the directive {short(' '.join(logical.words))!r}"
                refuse(file, logical.line, problem, "only $ORIGIN and $TTL may stand here")
            if head == "$ORIGIN":
                origin = _name(logical.words[1], origin, file, logical.line)
            else:
                default = _ttl(logical.words[1], file, logical.line)
            continue
        record = _record(logical, origin, default, last, file)
        last = record.owner
        yield record


def _logical_lines(text: str, file: str) -> Iterator[_Logical]:
    """Yield lines joined over parentheses, each when the lines of comments behind it are known too."""
    current: _Logical | None = None
    ready: _Logical | None = None
    depth = 0
    for line, content in enumerate(text.split("\n"), 1):
        if current is None:
            current = _Logical(line, content[:1] in (" ", "\t"), [], [], [])
        depth = _scan(content, current, depth, file, line)
        if depth:
            if line - current.line >= _MAX_RECORD_LINES:
                refuse(file, line, f"a record of more than {_MAX_RECORD_LINES} lines", defect="oversized")
            continue
        if current.words:
            if ready is not None:
                yield ready
            ready = current
        elif ready is not None:
            ready.after += current.comments
        current = None
    if ready is not None:
        yield ready
    if current is not None:
        problem, remedy = "a parenthesis that nothing closes", "the end is missing: restore the file"
        refuse(file, current.line, problem, remedy, defect="unbalanced")


def _scan(content: str, record: _Logical, depth: int, file: str, line: int) -> int:
    """Add the words and comments of one line to a record; return how many parentheses are open."""
    at = 0
    while at < len(content):
        token = _TOKEN.match(content, at)
        if token is None:
            refuse(file, line, f"cannot be read from {short(content[at:], 24)!r} on")
        at = token.end()
        kind = token.lastgroup
        if kind == "word":
            record.words.append(token[0])
        elif kind == "comment":
            record.comments.append(token[0][1:])
        elif kind == "mark":
            depth += 1 if token[0] == "(" else -1
            if depth < 0:
                refuse(file, line, "a closing parenthesis that none opens", defect="unbalanced")
    return depth


def _record(
    logical: _Logical, origin: bytes, default: Seconds | None, last: bytes | None, file: str
) -> Record:
    words, line = list(logical.words), logical.line
    if logical.indented:
        if last is None:
            refuse(file, line, "a record without an owner name, and none before it")
        owner = last
    else:
        owner = _name(words.pop(0), origin, file, line)
    ttl = default
    seen_class = seen_ttl = False
    while words:
        if not seen_class and words[0].upper() in _CLASSES:
            seen_class = True
            if words.pop(0).upper() not in ("IN", "CLASS1"):
                refuse(file, line, "a record of a class other than IN", "take it out")
        elif not seen_ttl and words[0][0].isdigit() and _TTL.fullmatch(words[0]):
            seen_ttl = True
            ttl = _ttl(words.pop(0), file, line)
        else:
            break
    if not words:
        refuse(file, line, "a record without a type", FIX, defect="truncated")
    rrtype = words.pop(0).upper()
    comment, after = "\n".join(logical.comments), "\n".join(logical.after)
    return Record(line, owner, ttl, rrtype, tuple(words), comment, after)


def _name(text: str, origin: bytes, file: str, line: int) -> bytes:
    """Read a name, relative to the origin unless a dot ends it."""
    if text == "@":
        return origin
    if len(text) > _MAX_NAME_TEXT:
        refuse(file, line, f"a name of {len(text)} characters")
    escaped = len(text) - len(text[:-1].rstrip("\\")) - 1
    absolute = text.endswith(".") and (text == "." or escaped % 2 == 0)
    try:
        if absolute:
            return name_from_text(text)
        return name_from_text(f"{text}.{name_to_text(origin) if origin != ROOT else ''}")
    except MalformedName as error:
        refuse(file, line, short(str(error), 120))


def _ttl(text: str, file: str, line: int) -> Seconds:
    """Read a TTL in seconds or with units (`1h30m`)."""
    seconds = -1
    if _TTL.fullmatch(text):
        seconds = sum(int(count) * _UNITS[unit.lower()] for count, unit in _TTL_PART.findall(text))
    if not 0 <= seconds <= _MAX_TTL:
        refuse(file, line, f"{short(text)!r} is not a TTL", "write seconds, such as 172800")
    return seconds
