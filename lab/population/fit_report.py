"""What a fit has to say for itself: days seen and fitted, what the data tell, and how well it foretells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from .assumptions import draws
from .evidence import Evidence
from .fit import PARAMETERS, SPREAD, Fit, day_of, fit
from .fitted import estimates
from .forecast_signals import NEVER, adoption
from .tables import Estimate

FIRST, LAST = 29, 34
"""Days after the publication that are shown: the last one before anybody can have learnt, and the settled."""
LEVELS = (0.05, 0.5, 0.95)
CHECKED = 2000

Three = tuple[float, float, float]


def adoption_rows(found: Fit) -> list[tuple[str, float, Three]]:
    """Return days about the end of the hold-down and the cut-off: % lacking as seen, and as fitted."""
    begin = datetime.fromtimestamp(found.sights.published, UTC).date()
    days = [begin + timedelta(days=n) for n in range(FIRST, LAST + 1)]
    known = {day.at: day for day in found.evidence.days}
    days += [one.at for one in found.evidence.days[-4:] if one.at > days[-1]]
    rows = []
    for at in days:
        share = found.shares(np.array([day_of(at, found.sights)]))[:, 0]
        low, middle, high = 100 * np.quantile(share, LEVELS)
        rows.append((at.isoformat(), 100 * known[at].lacking / known[at].sources,
                     (float(low), float(middle), float(high))))  # fmt: skip
    return rows


def normalised(rows: Sequence[tuple[str, float, Three]]) -> list[tuple[float, float]]:
    """Return for the days about the hold-down how far learning is, from 0 to 100: as seen, and as fitted."""
    days = rows[: LAST - FIRST + 1]
    found = []
    for _, seen, fitted in days:
        by_eye = (days[0][1] - seen) / (days[0][1] - days[-1][1])
        by_fit = (days[0][2][1] - fitted[1]) / (days[0][2][1] - days[-1][2][1])
        found.append((100 * by_eye, 100 * by_fit))
    return found


def identified(found: Fit) -> list[tuple[str, Three, str]]:
    """Return each parameter as sampled, and whether the data or the prior say what it is.

    By how much the data narrow the prior: to less than a third, to less than two thirds, or hardly.
    """
    rows = []
    for number, name in enumerate(PARAMETERS):
        low, middle, high = np.quantile(found.draws[:, number], LEVELS)
        part = float(found.draws[:, number].std() / SPREAD[number])
        told = "data" if part < 1 / 3 else "data and prior" if part < 2 / 3 else "prior: the data hardly tell"
        rows.append((name, (float(low), float(middle), float(high)), told))
    return rows


def correlated(found: Fit) -> list[tuple[str, str, float]]:
    """Return the pairs of parameters the data know only together, and how strongly they lean."""
    table = np.atleast_2d(np.corrcoef(found.draws.T))
    return [
        (PARAMETERS[i], PARAMETERS[j], float(table[i, j]))
        for i in range(len(PARAMETERS)) for j in range(i) if abs(table[i, j]) > 0.6
    ]  # fmt: skip


def totals(found: Fit) -> str:
    """Say in a line or two what went in, and what the data know only together."""
    pairs = ", ".join(f"{a} and {b} ({lean:+.2f})" for a, b, lean in correlated(found)) or "no two"
    return (
        f"{len(found.at)} of {len(found.evidence.days)} days used, up to {found.evidence.until}; known only "
        f"together: {pairs}; {len(found.draws)} draws, {found.accepted:.0%} of the moves accepted"
    )


def hold_out(found: Fit, base: Mapping[str, Estimate], days: int, seed: int) -> tuple[int, int, float]:
    """Fit without the last days and foretell them: hits of the 90 % interval, days, and its mean width."""
    known, later = found.evidence.days[:-days], found.evidence.days[-days:]
    early = fit(Evidence(known, known[-1].at, "held out"), found.sights, seed)
    numbers = dict(base)
    for name, (value, low, high) in estimates(early).items():
        numbers[name] = Estimate(value=value, low=low, high=high, source="fitted")
    d = draws(numbers, "hold-out", seed, CHECKED)
    at = np.array([float((one.at - known[-1].at).days - 1) for one in later])
    every = np.arange(int(at[-1]) + 1, dtype=float)
    curve = adoption(d, known[-1].at, every, NEVER, NEVER, seed)[:, at.astype(int)]
    low, high = np.quantile(curve, (LEVELS[0], LEVELS[2]), axis=0)
    seen = 100 * np.array([one.lacking / one.sources for one in later])
    inside = (low <= seen) & (seen <= high)
    return int(inside.sum()), len(later), float((high - low).mean())
