"""Read arrays of octets in source code: `0x49, 0xAA, ...`, `73, 170, ...`, `(byte)0x49`, signed ones too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from .material import Shape

_FEWEST: Final = 16
_NUMBER = r"(?:0[xX][0-9A-Fa-f]{1,2}|-?\d{1,3})(?:_?[uU]8|[uU])?(?![0-9A-Za-z_])"
_BETWEEN = r"(?:[\s,;|:(){}\[\]\"'\\+_]|byte|Byte|/\*[^*]{0,80}\*/|//[^\n]{0,120}\n)"
_ARRAY = re.compile(rf"(?<![0-9A-Za-z_])(?:{_NUMBER}{_BETWEEN}{{1,80}}?(?=[-0-9])){{{_FEWEST},}}{_NUMBER}")
_EACH = re.compile(_NUMBER)
_COMMENTS = re.compile(r"/\*[^*]{0,80}\*/|//[^\n]{0,120}\n")


def in_arrays(text: str, wanted: Iterable[Shape]) -> Iterator[tuple[int, int, Shape]]:
    """Yield (start, end, shape) for every key or digest that is a part of an array of numbers."""
    shapes = tuple(wanted)
    for array in _ARRAY.finditer(text):
        body = _COMMENTS.sub(lambda comment: " " * len(comment[0]), array[0])
        starts: list[int] = []
        ends: list[int] = []
        octets = bytearray()
        for number in _EACH.finditer(body):
            value = _value(number[0])
            if value is not None:
                octets.append(value)
                starts.append(array.start() + number.start())
                ends.append(array.start() + number.end())
        for shape in shapes:
            at = octets.find(shape.octets)
            while at >= 0:
                yield starts[at], ends[at + len(shape.octets) - 1], shape
                at = octets.find(shape.octets, at + len(shape.octets))


def _value(number: str) -> int | None:
    """Return what a number is as an octet, two's complement if it is negative; None if it is none."""
    plain = re.sub(r"_?[uU]8?$", "", number)
    value = int(plain, 16) if plain[:2] in ("0x", "0X") else int(plain)
    return value % 256 if -128 <= value < 256 else None
