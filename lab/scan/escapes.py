r"""Read octets in string literals: `"I\xaa\xc1\x1d{odF..."`, all of them escaped or only some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from .material import Shape

_NAMED: Final = {0: "0", 7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 27: "e"}
_SEAM = r"(?:\"\s*\\?\s*[+.]?\s*b?\"|'\s*\\?\s*[+.]?\s*b?'|\\\r?\n\s*)?"
"""Where one literal ends and the next goes on."""


def in_escapes(text: str, wanted: Iterable[Shape]) -> Iterator[tuple[int, int, Shape]]:
    """Yield (start, end, shape) for every key or digest that is written so."""
    for shape in wanted:
        for match in _pattern(shape.octets).finditer(text):
            yield match.start(), match.end(), shape


@cache
def _pattern(octets: bytes) -> re.Pattern[str]:
    return re.compile(_SEAM.join(map(_octet, octets)))


def _octet(octet: int) -> str:
    """Return the ways to write one octet: hexadecimal, octal, by name, as itself."""
    high, low = (f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{octet:02x}")
    ways = [rf"\\x{high}{low}", rf"\\u00{high}{low}", rf"\\{octet:03o}"]
    if octet in _NAMED:
        ways.append(rf"\\{_NAMED[octet]}")
    if chr(octet) in "\"'\\":
        ways.append(rf"\\{re.escape(chr(octet))}")
    if 32 <= octet < 127 and octet != 92:
        ways.append(re.escape(chr(octet)))
    return f"(?:{'|'.join(ways)})"
