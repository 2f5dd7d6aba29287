"""What the root saw of resolvers' anchors day by day: RFC 8145 signals, up to a cut-off and no further.

A line after the cut-off is not read, whatever it holds: what was not known then cannot move a fit by a byte.
The digest covers the octets that were read, for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from ..errors import ScenarioError
from ..infile import Kind, read_limited

COLUMNS = ("date", "sources", "iana", "only2010", "both", "only2017", "neither", "has19164", "signals")
SIGNALS = Kind(ScenarioError, "a CSV of daily signals", "", "some kilobytes", 1 << 24)
LONGEST = 20_000
"""Days a file may have, more than 50 years."""
MOST = 10**9
"""Sources of a day, at most: fewer than there are addresses."""


@dataclass(frozen=True, slots=True)
class Day:
    """Sources that signalled on a day, addresses and not resolvers: all, and those without the new key.

    `lacking` are the sources whose every signal names the old key alone, `naming` those that name both.
    """

    at: date
    sources: int
    lacking: int
    naming: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """The days of a file up to a cut-off, ascending; `digest` is a SHA-256 in hex over the lines read,
    as `head -n LINES FILE | sha256sum` has it.
    """

    days: tuple[Day, ...]
    until: date
    digest: str


def load_evidence(path: Path, until: date) -> Evidence:
    """Return the days of a file up to `until`. Raises ScenarioError."""
    return read_evidence(read_limited(path, SIGNALS), until, str(path))


def read_evidence(data: bytes, until: date, place: str) -> Evidence:
    """Return the days in the octets of a CSV file up to `until`, that day included. Raises ScenarioError."""
    lines = data.split(b"\n", LONGEST + 1)
    if tuple(_cells(lines[0])) != COLUMNS:
        raise ScenarioError("no table of daily signals", place=f"{place}: line 1",
                            remedy=f"begin with the line {','.join(COLUMNS)}")  # fmt: skip
    found: list[Day] = []
    used = lines[:1]
    for number, line in enumerate(lines[1 : LONGEST + 1], 2):
        if not line.strip() and number == len(lines):
            break
        day = _day(line, f"{place}: line {number}")
        if day.at > until:
            break
        if found and day.at <= found[-1].at:
            raise ScenarioError("the days do not ascend", place=f"{place}: line {number}")
        found.append(day)
        used.append(line)
        if day.at == until:
            break
    if not found:
        raise ScenarioError(f"has no day up to {until}", place=place)
    return Evidence(tuple(found), until, sha256(b"\n".join([*used, b""])).hexdigest())


def _cells(line: bytes) -> list[str]:
    return line.decode("ascii", "replace").strip().split(",")


def _day(line: bytes, place: str) -> Day:
    cells = _cells(line)
    try:
        at = date.fromisoformat(cells[0])
        counts = [int(cell) for cell in cells[1:]]
    except ValueError:
        raise ScenarioError(
            "needs a date and whole numbers", place=place, remedy="write 2017-05-05,493,..."
        ) from None
    if len(cells) != len(COLUMNS) or not all(0 <= count <= MOST for count in counts):
        raise ScenarioError(f"needs {len(COLUMNS)} cells, none negative or above {MOST}", place=place)
    sources, lacking, naming = counts[0], counts[2], counts[3]
    if not sources > 0 or lacking + naming > sources:
        raise ScenarioError("more sources named keys than there were, or there were none", place=place)
    return Day(at, sources, lacking, naming)
