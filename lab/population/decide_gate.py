"""Gates: thresholds that a plan must keep, and what a sweep says of them.

A gate is met if the whole interval keeps its threshold, missed if none of it does; where the interval
straddles the threshold nothing is known for sure, which is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictFloat, StrictInt, model_validator

from ..errors import ScenarioError
from ..scenario.fields import Line
from ..scenario.source import parse_toml, read_file, validate
from ..scenario.tables import Table
from .plan_result import Interval, Study, Sure, Sweep

Metric: TypeAlias = Literal["resolvers-broken", "users-broken", "days-to-repair", "peak-load"]
Said: TypeAlias = Literal["go", "no-go", "open"]

UNITS: dict[str, str] = {
    "resolvers-broken": "% of resolvers broken", "users-broken": "% of users broken",
    "days-to-repair": "days to repair", "peak-load": "times the usual load",
}  # fmt: skip


class Gate(Table):
    """One threshold: a metric of `rootlab plan sweep` at one delay is at most this."""

    name: Line
    metric: Metric
    at_most: Annotated[StrictInt | StrictFloat, Field(ge=0, le=1e9, allow_inf_nan=False)]
    delay: Annotated[StrictInt, Field(ge=0, le=600)] = Field(0, description="months")
    fleet: Line | None = Field(None, description="default: every fleet of the sweep")
    timeline: Line | None = Field(None, description="default: every timeline of the sweep")
    source: Line | None = Field(None, description="where the threshold comes from")


class GateFile(Table):
    """A file of gates."""

    title: Line = ""
    gate: Annotated[tuple[Gate, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _names_differ(self) -> GateFile:
        names = [gate.name for gate in self.gate]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two gates are called {twice}")
        return self


@dataclass(frozen=True, slots=True)
class Gates:
    """A file of gates that was read: `digest` is a SHA-256 in hex over its octets."""

    path: str
    file: GateFile
    digest: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a sweep says of a gate: the value in its interval, and the way from the threshold to the median.

    `distance` is in the metric's unit, negative below the threshold; None where the median is not known.
    """

    gate: Gate
    fleet: str
    timeline: str
    value: Sure | Interval
    said: Said
    distance: float | None


def load_gates(path: Path) -> Gates:
    """Read a file of gates. Raises ScenarioError."""
    text = read_file(path)
    return Gates(
        str(path), validate(GateFile, parse_toml(text, str(path)), str(path)),
        sha256(text.encode()).hexdigest(),
    )  # fmt: skip


def rule(gates: Gates, sweep: Sweep) -> tuple[Ruling, ...]:
    """Hold a sweep against gates, in the order of the file. Raises ScenarioError for what it lacks."""
    found: list[Ruling] = []
    for number, gate in enumerate(gates.file.gate, 1):
        place = f"{gates.path}: gate[{number}] ({gate.name})"
        studies = [
            study for study in sweep.studies
            if gate.fleet in (None, study.fleet) and gate.timeline in (None, study.timeline)
        ]  # fmt: skip
        if not studies:
            raise ScenarioError(
                "the sweep has no such fleet and timeline", place=place,
                remedy="it has " + ", ".join(f"{one.fleet} with {one.timeline}" for one in sweep.studies),
            )  # fmt: skip
        found += [_rule(gate, study, place, sweep.inputs.watch_days) for study in studies]
    return tuple(found)


def _rule(gate: Gate, study: Study, place: str, watch: int) -> Ruling:
    """Rule on one gate; what was not seen in the days watched is at least a day more than those."""
    row = next((row for row in study.rows if row.months == gate.delay), None)
    if row is None:
        raise ScenarioError(
            f"the sweep has no delay of {gate.delay} months", place=f"{place}.delay",
            remedy="it has " + ", ".join(str(row.months) for row in study.rows),
        )  # fmt: skip
    value: Sure | Interval | None = getattr(row, gate.metric.replace("-", "_"))
    if value is None:
        raise ScenarioError(
            f"the sweep has no {gate.metric}", place=f"{place}.metric", remedy="leave the gate out"
        )
    low = watch + 1 if value.low is None else value.low
    high = inf if value.high is None else value.high
    said: Said = "go" if high <= gate.at_most else "no-go" if low > gate.at_most else "open"
    distance = None if value.median is None else round(value.median - gate.at_most, 6)
    return Ruling(gate, study.fleet, study.timeline, value, said, distance)


def together(rulings: tuple[Ruling, ...]) -> Said:
    """Return what all gates say: no-go if one does, else open if one is, else go."""
    said = {one.said for one in rulings}
    return "no-go" if "no-go" in said else "open" if "open" in said else "go"
