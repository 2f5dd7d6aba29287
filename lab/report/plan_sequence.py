"""A sequential decision in words: date by date, what was known and what it said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import fill
from typing import Any

from ..clock import format_instant
from ..population.decide_gate import Gates
from ..population.decide_sequence import Verdict
from .plan_text import footer, span


def text(verdicts: Sequence[Verdict], gates: Gates, width: int) -> str:
    """Return the verdicts for a terminal, by date."""
    lines: list[str] = []
    for one in verdicts:
        given = one.sweep.inputs
        old = "of the same day" if not one.age_days else f"{one.age_days} days old"
        lines += [
            fill(
                f"{format_instant(one.at)[:10]}: {_said(one)} (fleet {given.fleets[0].name}, evidence {old})",
                width, subsequent_indent="  ",
            ), "",
            f"{'months':>6}  {'rolls on':<11}{'resolvers broken %':<22}{'users broken %':<22}gates",
        ]  # fmt: skip
        lines += [
            f"{option.row.months:>6}  {option.row.rolled_at[:10]:<11}{span(option.row.resolvers_broken):<22}"
            f"{span(option.row.users_broken):<22}{option.said}"
            for option in one.options
        ]
        lines.append("")
    known = dict.fromkeys(line for one in verdicts for line in footer(one.sweep, width))
    return "\n".join([*lines, *known, f"gates SHA-256 {gates.digest[:16]}"]) + "\n"


def _said(one: Verdict) -> str:
    """Say what a date's evidence comes to."""
    if one.earliest is not None:
        row = one.earliest.row
        return (
            f"the first roll that meets the gates is that of {row.rolled_at[:10]}, {row.months} months late"
        )
    if all(option.said == "no-go" for option in one.options):
        return "no delay left meets the gates"
    return "the evidence settles no delay: intervals straddle the gates"


def as_json(verdicts: Sequence[Verdict], gates: Gates) -> str:
    """Return the verdicts for programs."""
    told: list[dict[str, Any]] = [
        {
            "at": format_instant(one.at), "evidence_age_days": one.age_days,
            "earliest_go": None if one.earliest is None else one.earliest.row.months,
            "options": [{"said": option.said, **option.row.model_dump()} for option in one.options],
            "inputs": one.sweep.inputs.model_dump(), "not_modelled": one.sweep.not_modelled,
        }
        for one in verdicts
    ]  # fmt: skip
    return json.dumps({"dates": told, "gates_sha256": gates.digest}, indent=2) + "\n"
