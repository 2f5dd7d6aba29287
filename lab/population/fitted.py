"""Write a fleet file from a fit: sources as cohorts, numbers as assumptions, and what it was fitted to.

The cohorts are the sources that signal, not all resolvers: how many stay silent the data cannot tell. Their
shares are percent of the sources of the cut-off's day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from ..clock import DAY
from .assumptions import ASSUMPTIONS
from .fit import SETTLED, Fit, drift_of, expit, growth_of
from .sampler import Floats
from .sights import KINDS
from .tables import Estimate

LEVELS = (0.05, 0.5, 0.95)
_MENDED = """[cohort.repair]
source = "as the assumption `mended`: half of them, within days"
share = 0.5
latest = "P5D"
"""
_UP = 'source = "assumed: updates and power cuts, a few times a year"\n'


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fit comes from: name of the data file, the scenario's, the seed, and the lab's version."""

    data: str
    scenario: str
    seed: int
    version: str


def estimates(fit: Fit) -> dict[str, tuple[float, float, float]]:
    """Return value, low and high of each assumption that a fit says something about."""
    weights, hour = fit.weights(), (fit.sights.published % DAY) / 3600 + fit.column("hours-late")
    before = expit(fit.column("named-before"))
    last = float(fit.sources[-1])
    level = fit.sources[-7:].mean()
    found = {
        "lacking": _three(expit(fit.column("lacking"))),
        "lacking-trend": _three(np.exp(fit.column("lacking-trend"))),
        "scatter": _three(np.exp(fit.column("scatter"))),
        "named-before": _three(before),
        "named-after": _three(before + np.exp(fit.column("named-rise")) * SETTLED),
        "fresh": _three(weights[:, 1]),
        "often-off": _three(weights[:, 2]),
        "publication-hour": _three(hour),
    }
    found["drift"] = drift_of(fit.evidence, fit.sights)
    found["growth"] = growth_of(fit.evidence, fit.sights)
    found["sources"] = (level, min(last, level * 0.95), max(last, level * 1.05))
    return {name: (rounded(v), rounded(low), rounded(high)) for name, (v, low, high) in found.items()}


def _three(draws: Floats) -> tuple[float, float, float]:
    low, middle, high = np.quantile(draws, LEVELS)
    return float(middle), float(low), float(high)


def rounded(number: float) -> float:
    """Round to four digits that count: more would differ from machine to machine."""
    return float(f"{number:.4g}")


def tables(fit: Fit, base: Mapping[str, Estimate], made: Provenance) -> str:
    """Return the tables [fitted] and [assumption.*] of a fleet file; what was not fitted is the base's."""
    until = fit.evidence.until.isoformat()
    head = (
        "[fitted]", f"data = {_text(made.data)}", f'sha256 = "{fit.evidence.digest}"', f"until = {until}",
        f"days = {len(fit.evidence.days)}", f"scenario = {_text(made.scenario)}", f"seed = {made.seed}",
        f"version = {_text(made.version)}", "",
    )  # fmt: skip
    numbers = estimates(fit)
    found = list(head)
    for one in ASSUMPTIONS:
        if one.name in numbers:
            value, low, high = numbers[one.name]
            source = f"fitted to signals up to {until}: {one.meaning}"
        elif one.name in base:
            value, (low, high), source = (
                float(base[one.name].value),
                base[one.name].range,
                base[one.name].source,
            )
        else:
            continue
        found += [
            f"[assumption.{one.name}]", f"value = {value:g}", f"low = {low:g}", f"high = {high:g}",
            f"source = {_text(source)}", "",
        ]  # fmt: skip
    return "\n".join(found)


def fleet_text(fit: Fit, base: Mapping[str, Estimate], made: Provenance) -> str:
    """Return a whole fleet file: the sources that signal, as fitted."""
    until = fit.evidence.until.isoformat()
    head = (
        f'title = "Sources of RFC 8145 signals, fitted to what was seen up to {until}"\n'
        'notes = """\nWritten by `rootlab fleet fit`. The cohorts are addresses that signal to the root, not '
        'all resolvers. Shares\nare percent of the sources of the last day."""\n'
        f"known-until = {until}\nseed = {made.seed}\n\n"
    )
    return head + tables(fit, base, made) + "\n" + "\n".join(_cohorts(fit))


def _cohorts(fit: Fit) -> list[str]:
    """Return the cohorts: who learns, by kind, who has both keys, who the old one alone, who came later."""
    begin = datetime.fromtimestamp(fit.sights.published - fit.sights.published % DAY, UTC).date()
    settled, until = begin + timedelta(days=SETTLED), fit.evidence.until + timedelta(days=1)
    lacks = 100 * fit.shares(np.array([SETTLED, fit.last]))
    before = expit(fit.column("named-before"))
    there = 100 * np.minimum(1, lacks[:, 1] / lacks[:, 0])
    new = there * np.exp(fit.column("named-rise")) * SETTLED / (1 - before)
    static = before * (there - new)
    learns = (there - new - static - lacks[:, 1])[:, None] * fit.weights()
    old = "2012-01-01", "2017-07-01"
    found = [
        _cohort(f"learns-{name}", model, "current", learns[:, k], old, f"[cohort.absence]\n{_UP}{habits}\n")
        for k, (name, model, habits) in enumerate(KINDS)
    ]
    found.append(_cohort("both-written-down", "static", "current next", static, old, ""))
    found.append(_cohort("new-in-hold-down", KINDS[0][1], "current", new, (begin, settled), ""))
    found.append(_cohort("new-later", KINDS[0][1], "current", 100 - there, (settled, until), ""))
    found.append(_cohort("never-learns", "static", "current", lacks[:, 1], old, _MENDED))
    return found


def _cohort(
    name: str, model: str, anchors: str, share: Floats, window: tuple[object, object], habits: str
) -> str:  # fmt: skip
    keys = ", ".join(f'"{anchor}"' for anchor in anchors.split())
    value, low, high = (rounded(max(number, 0.001)) for number in _three(share))
    return f"""[[cohort]]
name = "{name}"
model = "{model}"
anchors = [{keys}]

[cohort.share]
value = {value:g}
low = {low:g}
high = {high:g}
source = "fitted: see the assumptions above"

[cohort.start]
source = "fitted: who is there on a day"
window = [{{ from = {window[0]}, to = {window[1]} }}]

{habits}
[cohort.telemetry.reports]
value = 1
source = "these are the sources that signal"
"""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
