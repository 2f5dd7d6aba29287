"""Two sweeps side by side, in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import fill

from ..population.decide_compare import Pair
from ..population.plan_result import Sweep
from .plan_text import footer, span

_WORDS = {"overlap": "overlap", "less": "B is less", "more": "B is more"}
_METRICS = {
    "resolvers_broken": "resolvers broken %", "users_broken": "users broken %",
    "days_to_repair": "days to repair",
}  # fmt: skip


def text(pairs: Sequence[Pair], a: Sweep, b: Sweep, width: int) -> str:
    """Return both sweeps for a terminal."""
    lines: list[str] = []
    for of in dict.fromkeys((pair.fleets, pair.timelines) for pair in pairs):
        fleets, timelines = of
        lines += [
            f"A: {timelines[0]} with fleet {fleets[0]}",
            f"B: {timelines[1]} with fleet {fleets[1]}",
            "",
        ]
        lines.append(f"{'months':>6}  {'':<20}{'A':<20}{'B':<20}90 % intervals")
        for pair in pairs:
            if (pair.fleets, pair.timelines) == of:
                one = span(pair.a, a.inputs.watch_days)
                other = span(pair.b, b.inputs.watch_days)
                lines.append(
                    f"{pair.months:>6}  {_METRICS[pair.metric]:<20}{one:<20}{other:<20}{_WORDS[pair.b_is]}"
                )
        lines.append("")
    lines += [fill("Intervals that overlap do not show that A and B are equal.", width), "", "A:"]
    return "\n".join([*lines, *footer(a, width), "", "B:", *footer(b, width)]) + "\n"


def as_json(pairs: Sequence[Pair], a: Sweep, b: Sweep) -> str:
    """Return both sweeps for programs."""
    rows = [
        {"fleet_a": pair.fleets[0], "fleet_b": pair.fleets[1], "timeline_a": pair.timelines[0],
         "timeline_b": pair.timelines[1], "months": pair.months, "metric": pair.metric,
         "a": pair.a.model_dump(), "b": pair.b.model_dump(), "b_is": pair.b_is}
        for pair in pairs
    ]  # fmt: skip
    told = {
        "pairs": rows, "inputs_a": a.inputs.model_dump(), "inputs_b": b.inputs.model_dump(),
        "not_modelled": sorted({*a.not_modelled, *b.not_modelled}),
    }  # fmt: skip
    return json.dumps(told, indent=2) + "\n"
