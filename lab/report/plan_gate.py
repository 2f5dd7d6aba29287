"""What gates say of a sweep, in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import fill

from ..population.decide_gate import UNITS, Gates, Ruling, together
from ..population.plan_result import Sweep
from .plan_text import footer, number, span

WORDS = {
    "go": "GO: every gate is met", "no-go": "NO-GO: a gate is missed",
    "open": "OPEN: an interval straddles its threshold, so that nothing is decided",
}  # fmt: skip


def told(one: Ruling, watch: int) -> str:
    """Return what a gate says, with the value, the threshold and the distance."""
    limit = number(float(one.gate.at_most), watch)
    if one.distance is None:
        far = f"not within {watch} days"
    else:
        far = f"median {number(abs(one.distance), watch)} {'above' if one.distance > 0 else 'below'}"
    return (
        f"{one.said}: {one.gate.name}: {span(one.value, watch)} {UNITS[one.gate.metric]}, at most {limit} "
        f"({far}); {one.gate.delay} months, {one.timeline} with fleet {one.fleet}"
    )


def text(rulings: tuple[Ruling, ...], gates: Gates, sweep: Sweep, width: int) -> str:
    """Return the rulings for a terminal, the decision first."""
    lines = [WORDS[together(rulings)], ""]
    lines += [fill(told(one, sweep.inputs.watch_days), width, subsequent_indent="  ") for one in rulings]
    return "\n".join([*lines, "", *footer(sweep, width), f"gates SHA-256 {gates.digest[:16]}"]) + "\n"


def as_json(rulings: Sequence[Ruling], gates: Gates, sweep: Sweep) -> str:
    """Return the rulings for programs."""
    rows = [
        {"gate": one.gate.name, "said": one.said, "metric": one.gate.metric, "at_most": one.gate.at_most,
         "delay": one.gate.delay, "fleet": one.fleet, "timeline": one.timeline,
         **one.value.model_dump(), "distance": one.distance}
        for one in rulings
    ]  # fmt: skip
    found = {
        "decision": together(tuple(rulings)), "gates": rows, "gates_sha256": gates.digest,
        "inputs": sweep.inputs.model_dump(), "not_modelled": sweep.not_modelled,
    }  # fmt: skip
    return json.dumps(found, indent=2) + "\n"
