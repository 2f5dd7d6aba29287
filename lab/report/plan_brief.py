"""What a board reads first: the decision, the number in its interval, and the assumptions that matter."""

from __future__ import annotations

from dataclasses import dataclass

from ..population.decide_gate import UNITS, Gates, Ruling, Said, rule, together
from ..population.plan_result import Row, Study, Sweep
from .plan_gate import told
from .plan_text import ranked, span

HEADS: dict[Said | None, str] = {
    "go": "Go", "no-go": "No-go", "open": "Not decided: the evidence does not settle it",
    None: "No gates given: nothing is decided here",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Brief:
    """The first screen: `said` is the decision, None without gates; the rest are sentences."""

    said: Said | None
    head: str
    rulings: tuple[str, ...]
    figure: str
    figure_words: str
    also: tuple[str, ...]
    assumptions: tuple[str, ...]


def brief(sweep: Sweep, gates: Gates | None) -> Brief:
    """Return what a board reads first. Raises ScenarioError for gates the sweep has nothing for."""
    rulings = rule(gates, sweep) if gates else ()
    study, row, metric = _subject(sweep, rulings)
    watch = sweep.inputs.watch_days
    said = together(rulings) if rulings else None
    when = f"{row.months} months late, on" if row.months else "as planned, on"
    unit = UNITS[metric]
    figure = span(getattr(row, metric.replace("-", "_")), watch) + (" %" if unit.startswith("%") else "")
    words = f"{unit.removeprefix('% ')} if the key rolls {when} {row.rolled_at[:10]} (median, 90 % interval)"
    also = [
        f"The roll breaks {span(row.resolvers_broken)} % of resolvers, which {span(row.users_broken)} % of "
        "users sit behind.",
        f"Until a tenth of the worst day is left it takes {span(row.days_to_repair, watch)} days.",
    ]
    last = study.rows[-1]
    if last.months > row.months:
        also.append(
            f"{last.months - row.months} months more leave {span(last.resolvers_broken)} % of resolvers and "
            f"{span(last.users_broken)} % of users."
        )
    answer = "users_broken" if metric == "users-broken" else "resolvers_broken"
    return Brief(
        said, HEADS[said], tuple(told(ruling, watch) for ruling in rulings), figure, words, tuple(also),
        tuple(_assumptions(study, answer)),
    )  # fmt: skip


def _subject(sweep: Sweep, rulings: tuple[Ruling, ...]) -> tuple[Study, Row, str]:
    """Return what the number on the first screen is about: the gate that decides, else the first delay."""
    order = {"no-go": 0, "open": 1, "go": 2}
    if not rulings:
        return sweep.studies[0], sweep.studies[0].rows[0], "resolvers-broken"
    first = min(rulings, key=lambda ruling: order[ruling.said])
    study = next(one for one in sweep.studies if (one.fleet, one.timeline) == (first.fleet, first.timeline))
    row = next(row for row in study.rows if row.months == first.gate.delay)
    return study, row, first.gate.metric


def _assumptions(study: Study, answer: str) -> list[str]:
    return [
        f"{one.assumption}: {one.value:g}, anywhere from {one.low:g} to {one.high:g} "
        f"(Sobol index {span(one.total)}; {one.source})"
        for one in ranked(study, answer)[:3]
    ]
