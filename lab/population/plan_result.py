"""The result of a sweep as values, and the JSON file they are read from and written to.

Every number that is a share stands in an interval. Raises UserError for a file that is none of ours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..errors import UserError
from ..scenario.source import validate

MAX_SIZE = 64 << 20
"""Octets of a result; one of 20 studies of 25 delays has a tenth of it."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Line = Annotated[str, Field(max_length=400)]
Count = Annotated[int, Field(ge=0, le=10**12)]


class Table(BaseModel):
    """A part of the file: nothing unknown in it, nothing changed after it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Interval(Table):
    """A median between the ends of its 90 % interval; None is later than what was watched."""

    low: Number | None
    median: Number | None
    high: Number | None


class Sure(Table):
    """An interval all of whose ends are known."""

    low: Number
    median: Number
    high: Number

    @model_validator(mode="after")
    def _ordered(self) -> Sure:
        if not self.low <= self.median <= self.high:
            raise ValueError("is no interval: low, median and high do not ascend")
        return self


class Input(Table):
    """A fleet or a timeline that went in."""

    name: Line
    title: Line
    sha256: Digest
    known_until: Line | None = None


class Inputs(Table):
    """Everything a sweep depends on."""

    rootlab: Line
    fleets: tuple[Input, ...]
    timelines: tuple[Input, ...]
    delays: tuple[Annotated[int, Field(ge=0, le=600)], ...]
    resolvers: Count
    worlds: Count
    sobol: Count
    seed: Count
    watch_days: Annotated[int, Field(ge=1, le=3650)]


class Row(Table):
    """One delay: when the roll is, percent of resolvers and users broken, days until a tenth is left.

    `peak_load` is the greatest number of DNSKEY queries a day at the root as a multiple of that before the
    roll; None if no load was computed.
    """

    months: int
    rolled_at: Line
    resolvers_broken: Sure
    users_broken: Sure
    days_to_repair: Interval
    peak_load: Sure | None


class Gain(Table):
    """What waiting from one delay to the next saves, in percentage points for each month."""

    from_months: int
    to_months: int
    resolvers: Sure
    users: Sure


class Sensitivity(Table):
    """How much one assumption moves one answer: Sobol indices."""

    answer: Literal["resolvers_broken", "users_broken", "resolvers_gain", "users_gain"]
    assumption: Line
    low: Number
    value: Number
    high: Number
    source: Line
    first: Sure
    total: Sure


class Day(Table):
    """Percent of resolvers broken at the end of a day after the roll."""

    months: int
    day: int
    broken: Sure


class Lane(Table):
    """A span of a swimlane: the state of a key, or of the anchors of a cohort, at one delay."""

    months: int
    kind: Literal["key", "anchors"]
    name: Line
    state: Line
    begin: Line
    end: Line


class Study(Table):
    """One fleet through one timeline with every delay."""

    fleet: Line
    timeline: Line
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]
    gains: tuple[Gain, ...]
    sensitivity: tuple[Sensitivity, ...]
    curve: tuple[Day, ...]
    lanes: tuple[Lane, ...]


class Sweep(Table):
    """The result of `rootlab plan sweep`."""

    kind: Literal["rootlab-sweep"] = "rootlab-sweep"
    layout: Literal[1] = 1
    inputs: Inputs
    not_modelled: tuple[Line, ...]
    studies: Annotated[tuple[Study, ...], Field(min_length=1)]

    def text(self) -> str:
        """Return the file's text."""
        return self.model_dump_json(indent=1) + "\n"


def read_sweep(path: Path) -> Sweep:
    """Read a result, or the one in a folder. Raises UserError."""
    path = path / "sweep.json" if path.is_dir() else path
    place = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as problem:
        raise UserError(
            f"cannot be read: {problem.strerror}", place=place, remedy="name the sweep.json of a sweep"
        ) from None
    if len(data) > MAX_SIZE:
        raise UserError("is too large for the result of a sweep", place=place)
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise UserError("is not JSON", place=place, remedy="name the sweep.json of a sweep") from None
    if not isinstance(found, dict) or found.get("kind") != "rootlab-sweep":
        raise UserError(
            "is not the result of a sweep", place=place, remedy="name the sweep.json of `rootlab plan sweep`"
        )
    return validate(Sweep, found, place)
