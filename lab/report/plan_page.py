"""The report of a sweep: one HTML file that asks nobody for anything, and the same in Markdown."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..population.decide_gate import Gates
from ..population.plan_result import Study, Sweep
from .plan_brief import brief
from .plan_charts import Chart, charts, library
from .plan_text import TABLES, csv, footer, ranked, span

_TEMPLATES = Path(__file__).parent / "templates"
_WIDE = 10**6
"""Columns of a text that is laid out by its reader."""


@dataclass(frozen=True, slots=True)
class Section:
    """A study on the page: its charts, each with the id of its place."""

    study: Study
    charts: tuple[tuple[str, Chart], ...]


def sections(sweep: Sweep) -> tuple[Section, ...]:
    """Return the studies of a sweep with their charts."""
    return tuple(
        Section(study, tuple((f"study{number}-{one.name}", one) for one in charts(sweep, study)))
        for number, study in enumerate(sweep.studies, 1)
    )


def html(sweep: Sweep, gates: Gates | None) -> str:
    """Return the page. Raises ScenarioError for gates the sweep has nothing for."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    shown = sections(sweep)
    template = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("plan.html")  # fmt: skip
    specs = {place: chart.spec for section in shown for place, chart in section.charts}
    return template.render(
        sweep=sweep, brief=brief(sweep, gates), sections=shown, span=span, watch=sweep.inputs.watch_days,
        tables=_tables(sweep), footer=_footer(sweep, gates), loaded=_loaded(sweep),
        specs=_script(json.dumps(specs, sort_keys=True)), library=_script(library()),
    )  # fmt: skip


def _script(text: str) -> str:
    """Return a text that may stand in a script element: nothing in it ends the element."""
    return re.sub("<(/script|!--)", r"<\\\1", text, flags=re.IGNORECASE)


def _tables(sweep: Sweep) -> list[dict[str, Any]]:
    """Return the tables, each with a link that holds its CSV."""
    found = []
    for name, table in TABLES.items():
        head, rows = table(sweep)
        data = base64.b64encode(csv(head, rows).encode()).decode()
        found.append({"name": name, "rows": len(rows), "link": f"data:text/csv;base64,{data}"})
    return found


def _footer(sweep: Sweep, gates: Gates | None) -> list[str]:
    lines = footer(sweep, _WIDE)
    if not any(row.peak_load for study in sweep.studies for row in study.rows):
        lines.append("Not in here: what the root would have observed of this fleet, beside the truth.")
    return lines + ([f"gates {Path(gates.path).name}, SHA-256 {gates.digest[:16]}"] if gates else [])


def _loaded(sweep: Sweep) -> bool:
    return any(row.peak_load for study in sweep.studies for row in study.rows)


def markdown(sweep: Sweep, gates: Gates | None) -> str:
    """Return the report as Markdown, the charts as files beside it. Raises ScenarioError as `html` does."""
    first = brief(sweep, gates)
    lines = [f"# {first.head}", "", f"**{first.figure}** {_plain(first.figure_words)}", ""]
    lines += [*(f"- {_plain(one)}" for one in (*first.rulings, *first.also)), ""]
    if first.assumptions:
        lines += ["What moves this most:", ""]
        lines += [*(f"{k}. {_plain(one)}" for k, one in enumerate(first.assumptions, 1)), ""]
    for section in sections(sweep):
        study = section.study
        lines += [f"## {_plain(study.timeline)} with fleet {_plain(study.fleet)}", ""]
        lines += ["| months | rolls on | resolvers broken % | users broken % | days to repair |"]
        lines += ["|---:|---|---|---|---|"]
        for row in study.rows:
            lines.append(
                f"| {row.months} | {row.rolled_at[:10]} | {span(row.resolvers_broken)} "
                f"| {span(row.users_broken)} | {span(row.days_to_repair, sweep.inputs.watch_days)} |"
            )
        lines.append("")
        for place, chart in section.charts:
            lines += [f"### {chart.title}", "", f"![{chart.title}]({place}.svg)", "", chart.note, ""]
        lines += ["| assumption | range | total Sobol index, resolvers broken |", "|---|---|---|"]
        lines += [
            f"| {_plain(one.assumption)} | {one.low:g} to {one.high:g} | {span(one.total)} |"
            for one in ranked(study, "resolvers_broken")
        ]
        lines.append("")
    return (
        "\n".join(
            [*lines, "## Inputs and limits", "", *(f"- {_plain(one)}" for one in _footer(sweep, gates))]
        )
        + "\n"
    )


def _plain(text: str) -> str:
    """Return a text that Markdown leaves as it is."""
    return "".join(f"\\{c}" if c in "\\`*_<>|[]#" else c for c in text)
