"""Read an autotrust file as Unbound 1.17.1 itself does (validator/autotrust.c, `autr_read_file`).

Unbound is lenient: it passes over records it cannot read and lines for other types, takes a key without a
state for Valid, and does not start if the header is out of order or parentheses do not match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from ...clock import Instant
from ...dnssec.keys import DS, Key
from ...dnssec.names import MalformedName, name_from_text, name_to_text
from ...errors import StateFileError
from ..rfc5011 import State
from . import unbound
from .masterfile import Record, records
from .reading import algorithm_of, hex_of, number
from .vocabulary import BOOKKEEPING, CONFIGURED, Entry, Loaded, TrustState

_BUFFER = 10_240
"""Octets of Unbound's line buffer, the final zero included; a longer line is cut and its rest is a new line,
so that a key loses its `;;state` and counts as Valid (bug before 1.26.0)."""
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_PAD = _BASE64.index("=")
_NUMBERS = {f";;{name}: ": name for name in BOOKKEEPING}


class _Refused(Exception):
    """Tell that Unbound would not start, and why."""


class _Line(NamedTuple):
    number: int
    text: str


def load_autotrust(data: bytes, at: Instant | None, owner: bytes) -> Loaded:
    """Return what Unbound makes of a file; `owner` names the trust point of one that only says REVOKED."""
    reader = _Autotrust()
    try:
        for line in _lines(data.decode("latin-1")):
            if reader.is_over(line):
                return Loaded("state", TrustState(reader.owner or owner, (), deleted=True))
    except _Refused as why:
        return Loaded("exit", reason=str(why))
    if reader.owner is None:
        return Loaded("exit", reason="failed to read the file: no trust point in it")
    return Loaded("state", reader.state(), passed_over=tuple(reader.passed_over))


def _lines(text: str) -> Iterator[_Line]:
    """Yield what `read_multiline` returns: physical lines cut to the buffer, joined over parentheses."""
    at = number = 0
    while at < len(text):
        joined, left, depth = "", _BUFFER, 0
        while True:
            end = text.find("\n", at, at + left - 1) + 1 or min(len(text), at + left - 1)
            piece, at = text[at:end].split("\0")[0], end
            number += 1
            depth = _depth(piece, depth)
            if not depth:
                yield _Line(number, joined + piece)
                break
            piece = piece[:-1].partition(";")[0]
            left -= len(piece) + 1
            if left <= 1:
                raise _Refused(f"line {number}: line too long")
            joined += f"{piece} "
            if at >= len(text):
                raise _Refused(f"line {number}: too many '('")


def _depth(piece: str, depth: int) -> int:
    for mark in re.findall(r"[()]", piece.partition(";")[0]):
        depth += 1 if mark == "(" else -1
        if depth < 0:
            raise _Refused("too many ')'")
    return depth


class _Autotrust:
    """The trust point as Unbound builds it, line by line."""

    def __init__(self) -> None:
        self.owner: bytes | None = None
        self.numbers: dict[str, int] = {}
        self.entries: list[Entry] = []
        self.passed_over: list[int] = []
        self._known: list[bytes] = []
        self._origin, self._last = "", ""

    def is_over(self, line: _Line) -> bool:
        """Take one line in; True for `;;REVOKED`, at which Unbound stops reading."""
        text = line.text
        if text.startswith(";;id: "):
            self._identify(line)
        elif text.startswith(";;REVOKED"):
            if self.owner is not None:
                raise _Refused(f"line {line.number}: REVOKED statement must be at start of file")
            return True
        elif head := next((head for head in _NUMBERS if text.startswith(head)), ""):
            value = _INTEGER.match(text, len(head))
            if value is None or self.owner is None:
                raise _Refused(f"could not parse line {line.number}")
            bits = 0xFF if head == ";;query_failed: " else 0xFFFF_FFFF
            self.numbers[_NUMBERS[head]] = _strtol(value[1]) & bits
        elif text.partition(";")[0].strip(" \t\n"):
            self._record(line)
        return False

    def _identify(self, line: _Line) -> None:
        name, space, rest = line.text[6:].partition(" ")
        try:
            owner = name_from_text(name)
        except MalformedName:
            owner = None
        if not space or owner is None or not _INTEGER.match(rest):
            raise _Refused(f"could not parse line {line.number}")
        if owner in self._known:
            raise _Refused(f"line {line.number}: trust anchor presented twice")
        self._known.append(owner)
        self.owner = owner

    def _record(self, line: _Line) -> None:
        text = line.text
        if text.lstrip().startswith("$ORIGIN"):
            self._origin = f"{text.strip()}\n"
            return
        lead = f"{self._last}\n" if self._last and text[:1] in " \t" else ""
        try:
            record = list(records(f"{self._origin}{lead}{text}", ""))[-1]
            self._last = f"{name_to_text(record.owner)} IN TXT x"
            if record.rrtype not in ("DNSKEY", "DS"):
                return
            anchor = _anchor(record)
        except (StateFileError, IndexError):
            self.passed_over.append(line.number)
            return
        if record.owner not in self._known:
            self._known.append(record.owner)
        ttl = unbound.DEFAULT_TTL if record.ttl is None else record.ttl
        entry = _with_comments(Entry(anchor, ttl=ttl), text.partition(";")[2])
        if entry is None:
            self.passed_over.append(line.number)
            return
        if self.owner is not None and record.owner != self.owner:
            raise _Refused("the file has mismatching data inside: keys of several names")
        self.owner = record.owner
        self.entries.append(entry)

    def state(self) -> TrustState:
        """Return what was read; of two entries for one key the trusted one counts, else the first."""
        best: dict[tuple[int, bytes], Entry] = {}
        for entry in self.entries:
            known = best.get(entry.identity)
            if known is None or (entry.is_trusted and not known.is_trusted):
                best[entry.identity] = entry
        assert self.owner is not None
        return TrustState(self.owner, tuple(best.values())).noting(self.numbers)


def _anchor(record: Record) -> Key | DS:
    """Return the anchor of a record: a digest of any length, a key in what sldns takes for base64."""
    fields = record.fields
    if len(fields) < 4:
        raise StateFileError("too few fields")
    if record.rrtype == "DS":
        tag, digest_type = number(fields[0], 65_535, "", "", 0), number(fields[2], 255, "", "", 0)
        digest = hex_of("".join(fields[3:]), "", 0)
        return DS(tag, algorithm_of(fields[1], "", 0), digest_type, digest)
    flags, protocol = number(fields[0], 65_535, "", "", 0), number(fields[1], 255, "", "", 0)
    return Key(flags, algorithm_of(fields[2], "", 0), sldns_base64("".join(fields[3:])), protocol)


def sldns_base64(text: str) -> bytes:
    """Decode base64 as sldns does (sldns/parseutil.c): skip other characters, drop what is no whole block.

    So a key that is cut off or garbled is another key to Unbound, and not an error.
    """
    values = [_BASE64.index(mark) for mark in text if mark in _BASE64]
    found = bytearray()
    for at in range(0, len(values) - 3, 4):
        a, b, c, d = values[at : at + 4]
        block = bytes(
            (a << 2 & 0xFF | (b & 0x30) >> 4, (b & 0xF) << 4 | (c & 0x3C) >> 2, (c & 3) << 6 | d & 0x7F)
        )
        size = 1 if d == c == _PAD else 2 if d == _PAD else 3
        found += block[:size]
        if size < 3:
            break
    return bytes(found)


def _with_comments(entry: Entry, comment: str) -> Entry | None:
    """Return the entry with what `parse_comments` finds, None if it gives the line up."""
    found: dict[str, str] = {}
    for name in ("state=", "count=", "lastchange="):
        at = comment.find(name)
        if at >= 0:
            found[name] = comment[at + len(name) :]
            if not found[name]:
                return None
    state = State.VALID
    if "state=" in found:
        digit = ord(found["state="][0]) - ord("0")
        state = unbound.STATES[digit] if 0 <= digit < len(unbound.STATES) else State.START
    count, since = (_INTEGER.match(found.get(name, "")) for name in ("count=", "lastchange="))
    anchor = entry.anchor
    if isinstance(anchor, Key) and state is State.REVOKED:
        anchor = anchor.unrevoked()
    return replace(
        entry,
        anchor=anchor,
        state=state,
        sightings=_strtol(count[1]) & 0xFF if count else 0,
        since=_strtol(since[1]) & 0xFFFF_FFFF if since else CONFIGURED,
    )


def _strtol(digits: str) -> int:
    """Return what C's strtol makes of a number of any length: the largest long where it does not fit."""
    magnitude = digits.lstrip("+-").lstrip("0") or "0"
    value = int(magnitude) if len(magnitude) < 19 else 2**63 - 1
    return -value if digits.startswith("-") else value
