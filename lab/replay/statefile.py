"""Compare a state file as it is with the one a scenario expects, field by field.

Where both can be read as autotrust files, keys are compared by what they are, not by their line: a difference
names the field. What testbound compares besides, comments and the order of lines, is told apart from that.
"""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

from ..clock import format_instant
from ..errors import StateFileError
from ..resolver.state import unbound
from ..resolver.state.vocabulary import BOOKKEEPING, Entry, TrustState

_INSTANTS = ("last_queried", "last_success", "next_probe_time", "since")
_WORDS = {"since": "lastchange", "sightings": "count"}


class Comparison(NamedTuple):
    """The differences of two files: in what they say, and if there are none of these in their text."""

    fields: tuple[str, ...]
    text: tuple[str, ...]


def compare(wanted: tuple[str, ...], found: tuple[str, ...]) -> Comparison:
    """Compare two files, each given as its lines. Files that cannot be read say what their text says."""
    one, other, text = _read(wanted), _read(found), tuple(_lines(wanted, found))
    if one is None or other is None:
        return Comparison(text, ())
    fields = tuple(_bookkeeping(one, other) + _keys(one, other))
    return Comparison(fields, () if fields else text)


def _read(lines: tuple[str, ...]) -> TrustState | None:
    data = "".join(f"{line}\n" for line in lines).encode("latin-1")
    try:
        return unbound.read(data, "")
    except StateFileError:
        return None


def _bookkeeping(wanted: TrustState, found: TrustState) -> list[str]:
    """Compare what the file says about the trust point as a whole."""
    names = (*BOOKKEEPING, "deleted", "owner")
    return [
        _difference(name, getattr(wanted, name), getattr(found, name))
        for name in names
        if getattr(wanted, name) != getattr(found, name)
    ]


def _keys(wanted: TrustState, found: TrustState) -> list[str]:
    """Compare keys: which there are, then each field of those in both."""
    left = {entry.identity: entry for entry in found.entries}
    differences = []
    for entry in wanted.entries:
        other = left.pop(entry.identity, None)
        if other is None:
            differences.append(f"key {entry.anchor.key_tag} ({entry.state}) is missing")
            continue
        differences += [
            f"key {entry.anchor.key_tag}: "
            + _difference(field.name, getattr(entry, field.name), getattr(other, field.name))
            for field in fields(Entry)
            if getattr(entry, field.name) != getattr(other, field.name)
        ]
    differences += [
        f"key {entry.anchor.key_tag} ({entry.state}) should not be there" for entry in left.values()
    ]
    return differences


def _difference(name: str, wanted: object, found: object) -> str:
    return f"{_WORDS.get(name, name)} is {_shown(name, found)}, expected {_shown(name, wanted)}"


def _shown(name: str, value: object) -> str:
    if name in _INSTANTS and isinstance(value, int):
        return f"{value} ({format_instant(value)})"
    return str(value)


def _lines(wanted: tuple[str, ...], found: tuple[str, ...]) -> list[str]:
    """Compare as text, spaces at the ends of lines apart."""
    one, other = ([line.rstrip() for line in lines] for lines in (wanted, found))
    differences = [
        f"line {number} is {b[:120]!r}, expected {a[:120]!r}"
        for number, (a, b) in enumerate(zip(one, other, strict=False), 1)
        if a != b
    ]
    if len(one) != len(other):
        differences.append(f"{len(other)} lines, expected {len(one)}")
    return differences
