"""A stored run: one JSON object a line, the header first, then the observations in order.

A record holds no file name, no wall clock and nothing of the machine: the same scenario and seed give the
same bytes anywhere, and a record can be judged again later.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from .. import observation
from ..clock import parse_instant
from ..errors import RecordError
from ..observation import Observation

FORMAT = "root-rollover-lab record 1"
_SIZE_LIMIT = 1 << 30
_LINE_LIMIT = 1 << 22


@dataclass(frozen=True, slots=True)
class Record:
    """One run: `header` as JSON values (see `engine.header_of`), and what was observed."""

    header: dict[str, Any]
    observations: tuple[Observation, ...]

    def lines(self) -> list[str]:
        """Return the lines of the file, without line ends; keys sorted, so that bytes are reproducible."""
        rows = [self.header, *(observation.to_json(seen) for seen in self.observations)]
        return [json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=True) for row in rows]

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        return "".join(line + "\n" for line in self.lines()).encode("ascii")

    def write(self, path: Path) -> None:
        """Write the file whole or not at all. Raises RecordError if that cannot be done."""
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(self.to_bytes())
                os.chmod(name, 0o644)
                os.replace(name, path)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as problem:
            raise RecordError(
                f"cannot be written: {problem.strerror}", place=str(path), remedy="choose another place"
            ) from None

    @staticmethod
    def read(path: Path) -> Record:
        """Read a record. Raises RecordError naming file and line."""
        try:
            with path.open("rb") as file:
                return _parse(file, str(path))
        except OSError as problem:
            raise RecordError(
                f"cannot be read: {problem.strerror}",
                place=str(path),
                remedy="give a file made with run --record",
            ) from None


def _parse(file: BinaryIO, place: str) -> Record:
    rows = _rows(file, place)
    where, header = next(rows, (place, {}))
    if header.get("format") != FORMAT:
        raise RecordError("is not a record", place=place, remedy="give a file made with run --record")
    _check_header(header, where)
    seen = []
    for where, row in rows:
        try:
            seen.append(observation.from_json(row))
        except (KeyError, ValueError, TypeError) as problem:
            raise RecordError(
                f"is not an observation ({problem})", place=where, remedy="record the run again"
            ) from None
    return Record(header, tuple(seen))


def _rows(file: BinaryIO, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the lines of a file, each with its place; a file without end is read up to the limit only."""
    size = 0
    for number, line in enumerate(iter(partial(file.readline, _LINE_LIMIT + 1), b""), 1):
        size += len(line)
        if size > _SIZE_LIMIT:
            raise RecordError("is larger than 1 GiB", place=place, remedy="give a record of one run")
        where = f"{place}: line {number}"
        yield where, _row(line, where)


_TEXTS = ("version", "scenario", "title", "digest")
_SUBJECT = ("name", "kind", "model", "version")


def _check_header(header: dict[str, Any], place: str) -> None:
    """Raise RecordError unless a header is as `engine.header_of` writes it, with nothing a terminal minds."""
    subjects, hours = header.get("subjects"), header.get("assumed_hours")
    good = (
        all(_is_text(header.get(name)) for name in _TEXTS)
        and all(_is_instant(header.get(name)) for name in ("start", "stop"))
        and type(header.get("seed")) is int
        and type(header.get("has_child")) is bool
        and isinstance(header.get("expectations"), list)
        and isinstance(hours, list)
        and all(_is_instant(hour) for hour in hours)
        and isinstance(subjects, list)
        and all(_is_subject(one) for one in subjects)
    )
    if not good:
        raise RecordError("its header is damaged", place=place, remedy="record the run again")


def _is_subject(value: object) -> bool:
    if not isinstance(value, dict) or value.get("kind") not in ("model", "daemon"):
        return False
    return all(_is_text(value.get(name)) for name in _SUBJECT)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and (value.isprintable() or not value)


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and parse_instant(value) >= 0
    except ValueError:
        return False


def _row(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line) if len(line) <= _LINE_LIMIT else None
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise RecordError("is not a JSON object", place=place, remedy="record the run again")
    return row
