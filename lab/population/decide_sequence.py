"""Sequential decision: what the evidence of each date would have said of the options left on it.

On a date only a fleet file may speak that was built from what was known by then (`known-until`), and only
delays are options whose roll lies ahead. Nothing is fitted here: a fleet file for a date comes from whoever
weighs the evidence of that date, by hand or by a fit, and one that knows more than its date is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..clock import DAY, Instant, format_instant, parse_instant
from ..errors import ScenarioError
from .decide_gate import Gates, Said, rule, together
from .fleet import load_fleet
from .plan import Plan, Request, prepare
from .plan_result import Row, Sweep
from .plan_worlds import delayed


@dataclass(frozen=True, slots=True)
class Option:
    """A delay that was still to be had: its numbers, and what the gates say of it."""

    row: Row
    said: Said


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence of a date says: options by delay, and the days since the evidence was gathered."""

    at: Instant
    sweep: Sweep
    age_days: int
    options: tuple[Option, ...]

    @property
    def earliest(self) -> Option | None:
        """Return the least delay of which every gate is met, if there is one."""
        return next((option for option in self.options if option.said == "go"), None)


def plans(dates: Sequence[tuple[Instant, str]], request: Request) -> tuple[tuple[Instant, Plan], ...]:
    """Return a plan for each date, ascending: its fleet, and the delays that still lie ahead.

    Fleets of `request` are left out. Raises ScenarioError for a fleet that knows more than its date, or does
    not say what it knows, and where no option is left.
    """
    found = []
    for at, name in sorted(dates):
        _check_knowledge(at, name)
        ahead = tuple(
            months for months in request.delays
            if all(delayed(timeline, months, request.watch).rolled_at > at for timeline in request.timelines)
        )  # fmt: skip
        if not ahead:
            raise ScenarioError(
                f"every roll lies before {format_instant(at)[:10]}", place=", ".join(request.timelines),
                remedy="add longer delays",
            )  # fmt: skip
        own = Request(
            (name,), request.timelines, ahead, request.resolvers, request.seed, request.worlds,
            request.sobol, request.watch,
        )  # fmt: skip
        found.append((at, prepare(own)))
    return tuple(found)


def _check_knowledge(at: Instant, name: str) -> None:
    fleet = load_fleet(name)
    known = fleet.file.known_until
    if known is None:
        raise ScenarioError(
            "does not say until when it knows", place=f"{fleet.path}: known-until",
            remedy="a decision of a date needs evidence of that date",
        )  # fmt: skip
    if known > at:
        raise ScenarioError(
            f"knows what came after {format_instant(at)[:10]}, until {format_instant(known)[:10]}",
            place=f"{fleet.path}: known-until", remedy="name a fleet built from what was known by then",
        )  # fmt: skip


def decide(
    dated: Sequence[tuple[Instant, Plan]], gates: Gates, run: Callable[[Instant, Plan], Sweep]
) -> tuple[Verdict, ...]:
    """Return what the evidence of each date says; `run` computes a plan.

    Every gate is held against every option, whatever delay it names. Raises ScenarioError for gates the
    sweeps have nothing for.
    """
    found = []
    for at, plan in dated:
        sweep = run(at, plan)
        known = parse_instant(sweep.inputs.fleets[0].known_until or format_instant(at))
        options = tuple(
            Option(row, together(rule(_moved(gates, row.months), sweep))) for row in sweep.studies[0].rows
        )
        found.append(Verdict(at, sweep, (at - known) // DAY, options))
    return tuple(found)


def _moved(gates: Gates, months: int) -> Gates:
    """Return gates that all speak of one delay."""
    moved = tuple(gate.model_copy(update={"delay": months}) for gate in gates.file.gate)
    return Gates(gates.path, gates.file.model_copy(update={"gate": moved}), gates.digest)
