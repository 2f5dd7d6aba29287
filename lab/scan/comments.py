"""Tell whether a place in a text lies in a comment: what is commented out is not trusted by anybody.

The languages are not known, so only signs count that are comments wherever they stand so: at the beginning of
a line, after white space outside quotes, or `/* ... */` where the language can have it.
"""

from __future__ import annotations

import re
from typing import Final

_AT_LINE_START = re.compile(
    r"(?:[;%]|//|#(?!\s*(?:define|pragma|include|if|elif)\b|\[)|REM\s|dnl\s"
    r"|--(?!trust-anchor|[a-z]+-anchor)|\.\\\")",
    re.IGNORECASE,
)
_LATER = re.compile(r"(?:(?<=\s)|(?<=;))(?:#(?=\s)|//(?=\s|$)|--(?=\s))")
_BLOCKS: Final = (("/*", "*/"), ("<!--", "-->"), ("--[[", "]]"))
_NO_SLASH_STAR: Final = frozenset((
    ".sh", ".bash", ".py", ".rb", ".pl", ".yml", ".yaml", ".toml", ".txt", ".md", ".lua", ".mk", ".ds",
    ".key",    ".ini", ".cfg", ".service", ".dockerfile",
))  # fmt: skip
_LONGEST_BINARY_LINE: Final = 200
_REACH: Final = 20_000
"""Characters before a place in which the beginning of a comment is looked for."""


def in_comment(text: str, position: int, *, suffix: str = "", binary: bool = False) -> bool:
    """Tell whether a position lies in a comment."""
    line = text[text.rfind("\n", 0, position) + 1 : position].replace("\0", "")
    if binary:
        line = re.split(r"[^\t\x20-\x7e]", line)[-1]
        if len(line) > _LONGEST_BINARY_LINE:
            return False
    if _AT_LINE_START.match(line.lstrip()):
        return True
    for sign in _LATER.finditer(line):
        ahead = line[: sign.start()]
        if ahead.count('"') % 2 == 0 and ahead.count("'") % 2 == 0 and ahead.count("`") % 2 == 0:
            return True
    return not binary and any(_inside(text, position, *block, suffix) for block in _BLOCKS)


def _inside(text: str, position: int, opening: str, closing: str, suffix: str) -> bool:
    """Tell whether a block comment is open at a position, and closed after it."""
    if opening == "/*" and suffix in _NO_SLASH_STAR:
        return False
    low = max(position - _REACH, 0)
    start = text.rfind(opening, low, position)
    if start < 0 or text.find(closing, start + len(opening), position) >= 0:
        return False
    if opening == "/*" and start and text[start - 1] not in " \t\n;{},)(":
        return False
    return text.find(closing, position, position + _REACH) >= 0
