"""Show a comparison of two subjects: side by side on a terminal, or as JSON."""

from __future__ import annotations

import json
from typing import Any

from ..clock import format_duration, format_instant
from ..run.compare import Change, Comparison, Pair, told


def render_text(result: Comparison, scenario: str) -> str:
    """Return a line for each pair of changes, the divergence marked, and the verdict last."""
    left, right = result.names
    rows = [(told(pair.left), told(pair.right), "" if pair.fits else "  <- differs") for pair in result.pairs]
    wide = max([len(left), *(len(row[0]) for row in rows)])
    second = max([len(right), *(len(row[1]) for row in rows)])
    lines = [f"{scenario}: {left} beside {right}", ""]
    if rows:
        lines += [f"{left:{wide}}  {right}".rstrip(), "-" * (wide + 2 + second)]
        lines += [f"{one:{wide}}  {other}{mark}".rstrip() for one, other, mark in rows] + [""]
    found = result.divergence
    if found is not None:
        lines.append(f"first divergence: {told(found.left)} | {told(found.right)}")
    if result.reason:
        lines.append(result.reason)
    lines.append(f"{result.verdict} (tolerance of transitions {format_duration(result.tolerance)})")
    return "\n".join(lines) + "\n"


def render_json(result: Comparison, scenario: str) -> str:
    """Return the comparison as one JSON object."""
    found = result.divergence
    shown = {
        "scenario": scenario,
        "subjects": list(result.names),
        "verdict": result.verdict,
        "reason": result.reason or None,
        "tolerance": format_duration(result.tolerance),
        "divergence": None if found is None else _pair(found),
        "pairs": [_pair(pair) for pair in result.pairs],
    }
    return json.dumps(shown, indent=2) + "\n"


def _pair(pair: Pair) -> dict[str, Any]:
    return {"left": _change(pair.left), "right": _change(pair.right), "agrees": pair.fits}


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "of": change.thread,
        "to": change.to,
        "at": format_instant(change.at),
        "earliest": format_instant(change.earliest),
    }
