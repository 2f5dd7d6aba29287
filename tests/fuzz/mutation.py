"""Change octets at random, for ever and always the same way: the fuzzer that needs nothing but Python."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

TOKENS: Final = (
    b"\xc0\x0c", b"\xff\xff", b"\x00\x00\x29", b"\x00\xfc", b"\x80\x00", b"\x3f", b"<", b"</Key>", b"&x;",
    b"<!DOCTYPE x>", b"\n", b'"', b"=", b"[[event]]\n", b"[authority]\n", b"{", b"}", b"2018-10-11", b"P1D",
    b"-1", b"4294967296", b"9" * 40, b"ENTRY_BEGIN\n", b"ENTRY_END\n", b"STEP 1 QUERY\n", b"\x00", b"\xff",
    b"\xef\xbb\xbf", b";;state=9", b"KEYDATA", b"(", b")", b"\\", b"%", b"'",
)  # fmt: skip
LONGEST: Final = 20_000
"""Octets of an input at most."""


def mutants(seeds: Sequence[bytes], seed: str) -> Iterator[bytes]:
    """Yield changed seeds without end; the same seeds and the same word give the same."""
    chance = random.Random(seed)
    while True:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            _change(data, chance, seeds)
        yield bytes(data[:LONGEST])


def _change(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    """Make one change in place."""
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((0, 1, 2, 4, 16, 200)))
    match chance.randrange(7):
        case 0 if data:
            data[at - 1] ^= 1 << chance.randrange(8)
        case 1 if data:
            data[at - 1] = chance.randrange(256)
        case 2:
            data[at:end] = b""
        case 3:
            data[at:at] = data[at:end] * chance.choice((1, 2, 50))
        case 4:
            data[at:end] = chance.choice(TOKENS)
        case 5:
            other = chance.choice(seeds)
            cut = chance.randrange(len(other) + 1)
            data[at:] = other[cut:]
        case _:
            data[at:end] = chance.randbytes(chance.choice((1, 2, 4, 12)))
