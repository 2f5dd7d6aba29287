"""Where a configuration begins to fail: exact boundaries over two knobs, and over a third.

Along the first knob a row is scanned at points of a grid, and between two points that differ the change is
found by bisection, to the second. A row need not be monotone: every change that the grid shows is bisected,
and those in between are found on the way. What lies between two points that do not differ is not looked at:
two changes nearer to each other than a step of the grid can hide there, which every output says.

Each point is foretold by the oracle, from dates alone; the engine then plays both sides of every boundary,
with real signatures, and has to see the same. Where the oracle does not cover a configuration, the engine
decides alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from ..authority.timeline import Timeline
from ..clock import Instant
from ..errors import ScenarioError
from ..resolver.profiles import MODELS
from ..scenario.spec import Scenario, SubjectSpec
from .engine import play
from .judge import judge
from .knobs import Knob, knob_of, turn
from .oracle import NotCoveredError, predict_subject

Class = Literal["never", "heals", "broken", "impossible"]
CLASSES: dict[Class, str] = {
    "never": "never fails",
    "heals": "fails, and heals by itself before the end of the run",
    "broken": "fails, and is not secure at the end of the run",
    "impossible": "there is no such configuration",
}

Progress = Callable[[float, str], None]


class Fate(NamedTuple):
    """What becomes of one configuration: first failure and recovery, None is never."""

    first_failure: Instant | None
    recovered_at: Instant | None

    @property
    def kind(self) -> Class:
        """Return the class it belongs to."""
        if self.first_failure is None:
            return "never"
        return "broken" if self.recovered_at is None else "heals"


class Segment(NamedTuple):
    """Values of the first knob, both ends included, that are of one class."""

    low: int
    high: int
    kind: Class


class Edge(NamedTuple):
    """A boundary: the last value before it and the first after it, one second apart, and their classes.

    `confirmed` is what the engine says: None if it was not asked.
    """

    before: int
    after: int
    was: Class
    becomes: Class
    confirmed: bool | None


class Row(NamedTuple):
    """One row of a map: a value of the second knob, and what the first does there."""

    value: int
    segments: tuple[Segment, ...]
    edges: tuple[Edge, ...]

    def kind_at(self, value: int) -> Class:
        """Return the class of a value of the first knob. Raises ValueError outside its range."""
        for segment in self.segments:
            if segment.low <= value <= segment.high:
                return segment.kind
        raise ValueError(f"{value} lies outside the row")


@dataclass(frozen=True, slots=True)
class Axis:
    """A knob and the values to look at, ascending; along the first axis they are the grid of the scan."""

    knob: Knob
    values: tuple[int, ...]


class Map(NamedTuple):
    """One map: the value of the third knob (None without one), and a row for each value of the second."""

    depth: int | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that was found. `judged_by` is `oracle`, else `engine` with the reason in `why`."""

    scenario: str
    subject: str
    x: Axis
    y: Axis
    z: Axis | None
    maps: tuple[Map, ...]
    judged_by: str
    why: str = ""
    fixed: tuple[tuple[str, str], ...] = ()

    @property
    def disagreements(self) -> int:
        """Return at how many boundaries the engine did not see what the oracle foretold."""
        return sum(edge.confirmed is False for one in self.maps for row in one.rows for edge in row.edges)


def spread(low: int, high: int, count: int) -> tuple[int, ...]:
    """Return up to `count` whole values from low to high, both included, evenly spread."""
    steps = max(1, count - 1)
    return tuple(dict.fromkeys(low + (high - low) * number // steps for number in range(steps + 1)))


@dataclass(slots=True)
class _Search:
    """Ask for points, each once."""

    scenario: Scenario
    spec: SubjectSpec
    fixed: Mapping[str, int]
    by_engine: str = ""
    known: dict[tuple[tuple[str, int], ...], Class] = field(default_factory=dict)

    def kind(self, values: Mapping[str, int]) -> Class:
        """Return the class of a point."""
        place = tuple(sorted(values.items()))
        if place not in self.known:
            made = self.make(values)
            self.known[place] = "impossible" if made is None else self._fate(made).kind
        return self.known[place]

    def make(self, values: Mapping[str, int]) -> Scenario | None:
        """Return the scenario of a point."""
        return turn(self.scenario, self.spec, {**self.fixed, **values})

    def _fate(self, made: Scenario) -> Fate:
        if not self.by_engine:
            try:
                told = predict_subject(made, self.spec.name)
                return Fate(told.first_failure, told.recovered_at)
            except NotCoveredError as reason:
                self.by_engine = str(reason)
        return played(made)

    def confirm(self, points: Sequence[Mapping[str, int]]) -> list[bool | None]:
        """Let the engine play some points, and say for each whether it sees the class foretold."""
        if self.by_engine:
            return [None] * len(points)
        made = [self.make(values) for values in points]
        fates = _all_played([one for one in made if one is not None])
        found = iter(fates)
        return [
            None if one is None else next(found).kind == self.kind(values)
            for one, values in zip(made, points, strict=True)
        ]


def played(made: Scenario) -> Fate:
    """Return what the engine sees of the one subject of a scenario."""
    (seen,) = judge(play(made)).subjects
    return Fate(seen.first_failure, seen.recovered_at)


def _all_played(scenarios: Sequence[Scenario]) -> list[Fate]:
    """Play scenarios of one subject each; those under one root together, unless chance goes by their name."""
    fates: dict[int, Fate] = {}
    together: dict[Timeline, list[int]] = {}
    for number, made in enumerate(scenarios):
        (spec,) = made.subjects
        policy = MODELS[spec.model].policy.override(dict(spec.policy))
        if policy.schedule.jitter_tenths or made.events:
            fates[number] = played(made)
        else:
            together.setdefault(made.timeline, []).append(number)
    for numbers in together.values():
        cast = tuple(replace(scenarios[number].subjects[0], name=f"at-{number}") for number in numbers)
        seen = judge(play(replace(scenarios[numbers[0]], subjects=cast))).subjects
        for number, one in zip(numbers, seen, strict=True):
            fates[number] = Fate(one.first_failure, one.recovered_at)
    return [fates[number] for number in range(len(scenarios))]


def frontier(
    scenario: Scenario,
    spec: SubjectSpec,
    x: Axis,
    y: Axis,
    z: Axis | None = None,
    *,
    fixed: Mapping[str, int] | None = None,
    confirm: bool = True,
    progress: Progress | None = None,
) -> Frontier:
    """Map one subject of a scenario over two or three knobs, the others `fixed` or as the scenario has them.

    Raises ScenarioError for knobs that are named twice or need another one.
    """
    held = dict(fixed or {})
    names = [x.knob.name, y.knob.name, *([z.knob.name] if z else []), *held]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ScenarioError(f"the knob {twice} is turned twice", remedy="name different knobs")
    search = _Search(scenario, spec, held)
    depths: tuple[int | None, ...] = z.values if z else (None,)
    maps = []
    total = len(depths) * len(y.values)
    for number, depth in enumerate(depths):
        rows = []
        for index, value in enumerate(y.values):
            if progress is not None:
                progress((number * len(y.values) + index) / total, f"{y.knob.name} {y.knob.show(value)}")
            others = {y.knob.name: value} | ({z.knob.name: depth} if z and depth is not None else {})
            rows.append(_row(search, x, value, others))
        maps.append(Map(depth, tuple(_confirmed(search, x, y, z, depth, rows) if confirm else rows)))
    return Frontier(
        scenario.name, spec.name, x, y, z, tuple(maps), "engine" if search.by_engine else "oracle",
        search.by_engine, tuple((name, knob_of(name).show(value)) for name, value in held.items()),
    )  # fmt: skip


def _row(search: _Search, x: Axis, value: int, others: Mapping[str, int]) -> Row:
    """Scan one row and bisect every change."""

    def kind(at: int) -> Class:
        return search.kind({**others, x.knob.name: at})

    edges: list[Edge] = []
    for low, high in zip(x.values, x.values[1:], strict=False):
        edges += _changes(low, high, kind)
    begins = [x.values[0], *(edge.after for edge in edges)]
    ends = [*(edge.before for edge in edges), x.values[-1]]
    segments = tuple(Segment(low, high, kind(low)) for low, high in zip(begins, ends, strict=True))
    return Row(value, segments, tuple(edges))


def _changes(low: int, high: int, kind: Callable[[int], Class]) -> Iterator[Edge]:
    """Yield the changes between two values, as far as bisection meets them."""
    while kind(low) != kind(high):
        before, after = low, high
        while after - before > 1:
            middle = (before + after) // 2
            if kind(middle) == kind(low):
                before = middle
            else:
                after = middle
        yield Edge(before, after, kind(before), kind(after), None)
        low = after


def _confirmed(
    search: _Search, x: Axis, y: Axis, z: Axis | None, depth: int | None, rows: Sequence[Row]
) -> list[Row]:
    """Let the engine play both sides of every boundary of a map."""
    points = [
        {x.knob.name: at, y.knob.name: row.value} | ({z.knob.name: depth} if z and depth is not None else {})
        for row in rows
        for edge in row.edges
        for at in (edge.before, edge.after)
    ]
    answers = iter(search.confirm(points))
    found = []
    for row in rows:
        edges = []
        for edge in row.edges:
            sides = [next(answers), next(answers)]
            asked = [side for side in sides if side is not None]
            edges.append(edge._replace(confirmed=all(asked) if asked else None))
        found.append(row._replace(edges=tuple(edges)))
    return found
