"""Sweep: fleets through timelines with every delay, in parts that survive a kill, and what they add up to.

The parts (`plan_cells`) are what takes time. Weights, intervals and indices are worked out from all of them
at the end, in seconds, so that a sweep that was interrupted ends in the same bytes as one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .. import __version__
from ..clock import DAY, format_instant
from ..errors import UserError, one_line
from ..scenario.load import Scenario, load_scenario
from .fleet import Fleet, load_fleet
from .plan_cells import Cell, Order, Parts, compute, write_whole
from .plan_lanes import lanes
from .plan_result import Day, Gain, Input, Inputs, Interval, Row, Sensitivity, Study, Sure, Sweep
from .plan_sobol import answers, sobol
from .plan_weigh import Floats, Outcome, assumptions, draws, interval
from .plan_worlds import Delayed, delayed
from .simulate import Engine, engine_named

NOT_MODELLED = (
    "wrong clocks, lost answers, forwarders that share a cache, a second repair of the same resolver",
    "what operators do because a roll is near, and what they hear of it: a delay helps by time alone",
    "that shares and users of cohorts may depend on each other: each range is drawn on its own",
    "habits without a range in the fleet file (restarts, absences, repair, caches) are taken as they stand",
)

Load: TypeAlias = Callable[[Fleet, Delayed, int], tuple[float, float, float]]
"""What works out the query load of a fleet through a timeline, of a seed: low, median, high of the peak."""


@dataclass(frozen=True)
class Request:
    """What is asked for: fleets and timelines by path or name, delays in months, ascending."""

    fleets: tuple[str, ...]
    timelines: tuple[str, ...]
    delays: tuple[int, ...]
    resolvers: int
    seed: int | None = None
    worlds: int = 1024
    sobol: int = 1024
    watch: int = 60


@dataclass(frozen=True)
class Plan:
    """A request whose files are read: the cells to compute, fleet by fleet, timeline by timeline."""

    inputs: Inputs
    studies: tuple[tuple[Order, ...], ...]

    @property
    def orders(self) -> tuple[Order, ...]:
        """Return all cells, in order."""
        return tuple(order for study in self.studies for order in study)


def prepare(request: Request) -> Plan:
    """Read fleets and timelines and lay out the cells. Raises ScenarioError or TimelineError."""
    fleets = [load_fleet(name) for name in request.fleets]
    seed = fleets[0].file.seed if request.seed is None else request.seed
    worlds = {name: [delayed(name, months, request.watch) for months in request.delays]
              for name in request.timelines}  # fmt: skip
    studies = tuple(
        tuple(Order(fleet, one, request.resolvers, seed) for one in worlds[name])
        for fleet in fleets
        for name in request.timelines
    )
    inputs = Inputs(
        rootlab=__version__,
        fleets=tuple(_fleet_input(fleet) for fleet in fleets),
        timelines=tuple(_timeline_input(load_scenario(name)) for name in request.timelines),
        delays=request.delays, resolvers=request.resolvers, worlds=request.worlds, sobol=request.sobol,
        seed=seed, watch_days=request.watch,
    )  # fmt: skip
    return Plan(inputs, studies)


def _fleet_input(fleet: Fleet) -> Input:
    known = fleet.file.known_until
    return Input(
        name=one_line(fleet.name), title=one_line(fleet.file.title), sha256=fleet.digest,
        known_until=None if known is None else format_instant(known)[:10],
    )  # fmt: skip


def _timeline_input(one: Scenario) -> Input:
    return Input(name=one_line(one.name), title=one_line(one.title), sha256=one.digest)


def claim(folder: Path, inputs: Inputs) -> Parts:
    """Make a folder the place of a sweep, or find that it is. Raises UserError if it is another one's."""
    path, text = folder / "inputs.json", inputs.model_dump_json(indent=1) + "\n"
    if path.exists():
        if path.read_text(encoding="utf-8", errors="replace") != text:
            raise UserError(
                "the folder holds a sweep of other inputs" + _first_other(path, text), place=str(path),
                remedy="name another folder, or remove this one",
            )  # fmt: skip
    else:
        if folder.exists() and any(folder.iterdir()) and not _only_ours(folder):
            raise UserError(
                "the folder is not empty and holds no sweep", place=str(folder), remedy="name a new folder"
            )
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    return Parts(folder / "parts")


def _only_ours(folder: Path) -> bool:
    """Tell whether a folder holds nothing but what a sweep killed at its very start leaves."""
    return all(one.name == "lock" or one.name.startswith(".inputs.json.") for one in folder.iterdir())


def _first_other(path: Path, text: str) -> str:
    """Name the first input that differs, if the file can be read."""
    try:
        old, new = json.loads(path.read_bytes()), json.loads(text)
        return f" ({next(key for key in new if old.get(key) != new[key])})"
    except (ValueError, AttributeError, StopIteration):
        return ""


def run(
    plan: Plan,
    parts: Parts,
    *,
    engine: Engine = "numpy",
    executor: Executor | None = None,
    progress: Callable[[float], None] = lambda done: None,
    load: Load | None = None,
) -> Sweep:
    """Compute the cells that are missing, keep each as it ends, and work out the result.

    The result depends on the plan alone, not on engine, executor or earlier interruptions. Raises DriverError
    for an engine that is not to be had.
    """
    engine_named(engine)
    keys = dict.fromkeys(order.key for order in plan.orders)
    cells = {key: cell for key in keys if (cell := parts.load(key)) is not None}
    missing = list({order.key: order for order in plan.orders if order.key not in cells}.values())
    done: Iterable[Cell]
    if executor is None:
        done = (compute(order, engine) for order in missing)
    else:
        waiting = [executor.submit(compute, order, engine) for order in missing]
        done = (one.result() for one in as_completed(waiting))
    progress(len(cells) / len(keys))
    for cell in done:
        parts.save(cell)
        cells[cell.key] = cell
        progress(len(cells) / len(keys))
    for left in parts.leftovers():
        left.unlink(missing_ok=True)
    studies = tuple(
        _study(study, [cells[order.key] for order in study], plan.inputs, load) for study in plan.studies
    )
    return Sweep(inputs=plan.inputs, not_modelled=NOT_MODELLED, studies=studies)


def _study(orders: Sequence[Order], cells: Sequence[Cell], inputs: Inputs, load: Load | None) -> Study:
    """Work out what one fleet comes to in one timeline."""
    fleet = orders[0].fleet
    weights, chances = draws(fleet, inputs.seed, inputs.worlds)
    ttl = -(-orders[0].delayed.scenario.timeline.dnskey_ttl // DAY)
    found = [Outcome(weights, cell, ttl, chances) for cell in cells]
    rows = tuple(
        Row(
            months=order.delayed.months, rolled_at=format_instant(order.delayed.rolled_at),
            resolvers_broken=sure(one.resolvers), users_broken=sure(one.users),
            days_to_repair=_open(one.repair),
            peak_load=None if load is None else _given(load(fleet, order.delayed, inputs.seed)),
        )
        for order, one in zip(orders, found, strict=True)
    )  # fmt: skip
    days = tuple(
        Day(months=order.delayed.months, day=day, broken=sure(one.curve[:, day]))
        for order, one in zip(orders, found, strict=True)
        for day in range(one.curve.shape[1])
    )
    gains = tuple(
        _gain(inputs.delays[k], inputs.delays[k + 1], found[k], found[k + 1]) for k in range(len(found) - 1)
    )
    return Study(
        fleet=fleet.name, timeline=orders[0].delayed.scenario.name, rows=rows, gains=gains,
        sensitivity=_sensitivity(fleet, cells, ttl, inputs), curve=days,
        lanes=tuple(lane for order, cell in zip(orders, cells, strict=True) for lane in lanes(order, cell)),
    )  # fmt: skip


def _gain(begin: int, end: int, one: Outcome, other: Outcome) -> Gain:
    span = end - begin
    return Gain(
        from_months=begin, to_months=end, resolvers=sure((one.resolvers - other.resolvers) / span),
        users=sure((one.users - other.users) / span),
    )  # fmt: skip


def _sensitivity(fleet: Fleet, cells: Sequence[Cell], ttl: int, inputs: Inputs) -> tuple[Sensitivity, ...]:
    ends = [cells[0]] if len(cells) == 1 else [cells[0], cells[-1]]
    first, total = sobol(fleet, ends, ttl, inputs.seed, inputs.sobol)
    return tuple(
        Sensitivity(
            answer=answer, assumption=one.name, low=one.estimate.range[0], value=float(one.estimate.value),
            high=one.estimate.range[1], source=one_line(one.estimate.source),
            first=_index(first[row, column]), total=_index(total[row, column]),
        )
        for row, answer in enumerate(answers(ends))
        for column, one in enumerate(assumptions(fleet))
    )  # fmt: skip


def sure(values: Floats) -> Sure:
    """Return the interval of finite values, at six decimals: more would be noise of the machine."""
    low, median, high = (0.0 if one is None else round(one, 6) + 0.0 for one in interval(values))
    return Sure(low=low, median=median, high=high)


def _open(values: Floats) -> Interval:
    low, median, high = interval(values)
    return Interval(low=low, median=median, high=high)


def _given(values: tuple[float, float, float]) -> Sure:
    return Sure(low=values[0], median=values[1], high=values[2])


def _index(values: Floats) -> Sure:
    """Return an index within its interval, which a bootstrap may leave to one side."""
    low, value, high = (round(float(one), 4) + 0.0 for one in values)
    return Sure(low=min(low, value), median=value, high=max(high, value))
