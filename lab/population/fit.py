"""Fit what the root saw: how many sources name both keys early, how many never learn, who refreshes how.

Each day the sources are three kinds of people. Some name the new key before any hold-down can be over: it is
in their configuration, or they are new installations that trust what is published (`named`, a share that
rises from the publication on). Some never learn (`lacking`, a share whose odds drift slowly). The others
learn as the engine says their kind does (`sights`), in parts that are fitted. Counts scatter about that like
binomial ones with more variance than chance alone has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from ..clock import DAY
from ..errors import ScenarioError
from .evidence import Evidence
from .sampler import Floats, generator, posterior
from .sights import KINDS, Sights

PARAMETERS = (
    "named-before", "named-rise", "lacking", "lacking-trend", "fresh", "often-off", "hours-late", "scatter",
)  # fmt: skip
"""As they are sampled: a logit, a logarithm a day, a logit, log-odds in 30 days, two log-weights against
`cached`, how many hours after the scenario's hour the key was published, and the logarithm of the correlation
within a day."""
CENTRE = np.array([-3.5, -6.5, -2.7, 0.0, -1.5, -1.5, 0.0, -7.0])
SPREAD = np.array([1.0, 1.0, 1.0, 0.4, 1.5, 1.5, 4.0, 1.5])
"""Of the normal priors. They are wide; what they say is that the odds at most double or halve in two months,
and that the key was published on its day: at 16:00Z, which is assumed, give or take eight hours."""
HOURS = np.arange(-12.0, 13.0)
"""Hours late for which lags are made; those between are interpolated."""
WALKERS, STEPS = 48, 1600
BEFORE = 30
"""Days before the publication that are used: earlier ones have other software, in small numbers."""
SETTLED = 34
"""Days after the publication from which on nobody learns any more but by an operator's hand."""
ENOUGH = 14
"""Days after that, at least, without which the drift of those who never learn is not to be had."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Draws from the posterior, and the days it is from; `at` are days since the publication."""

    evidence: Evidence
    sights: Sights
    draws: Floats
    accepted: float
    at: Floats
    sources: Floats
    lacking: Floats

    @property
    def last(self) -> float:
        """Return the cut-off in days since the publication."""
        return float(self.at[-1])

    def column(self, name: str) -> Floats:
        """Return the draws of a parameter."""
        return np.asarray(self.draws[:, PARAMETERS.index(name)])

    def shares(self, at: Floats) -> Floats:
        """Return the share of sources without the new key on days, a row for each draw."""
        lag = lags(self.sights, at)
        return expected(self.draws, at, self.last, lag)

    def weights(self) -> Floats:
        """Return the parts of the kinds among those that learn, a row for each draw."""
        return _weights(self.draws)


def day_of(at: date, sights: Sights) -> float:
    """Return a day's beginning in days since the publication."""
    return (datetime(at.year, at.month, at.day, tzinfo=UTC).timestamp() - sights.published) / DAY


def fit(evidence: Evidence, sights: Sights, seed: int, steps: int = STEPS) -> Fit:
    """Return the posterior for the evidence. Raises ScenarioError if it ends before anything is settled."""
    used = [day for day in evidence.days if day_of(day.at, sights) >= -BEFORE]
    at = np.array([day_of(day.at, sights) for day in used])
    if len(at) == 0 or at[-1] < SETTLED + ENOUGH or at[0] > -7:
        first = datetime.fromtimestamp(sights.published, UTC).date()
        raise ScenarioError(
            "the days do not hold the hold-down", place="--until",
            remedy=f"give days from {first - timedelta(days=8)} or earlier to "
            f"{first + timedelta(days=SETTLED + ENOUGH + 1)} or later",
        )  # fmt: skip
    sources = np.array([float(day.sources) for day in used])
    lacking = np.array([float(day.lacking) for day in used])
    lag, last = lags(sights, at), float(at[-1])

    def density(rows: Floats) -> Floats:
        share = expected(rows, at, last, lag)
        within = np.exp(rows[:, -1:])
        variance = sources * share * (1 - share) * (1 + (sources - 1) * within)
        miss = (lacking - sources * share) ** 2 / variance + np.log(variance)
        prior = ((rows - CENTRE) / SPREAD) ** 2
        return np.asarray(-0.5 * (miss.sum(axis=1) + prior.sum(axis=1)))

    chance = generator(seed, 1)
    start = CENTRE + 0.3 * SPREAD * chance.standard_normal((WALKERS, len(PARAMETERS)))
    draws, accepted = posterior(density, start, steps, chance)
    return Fit(evidence, sights, draws, accepted, at, sources, lacking)


def lags(sights: Sights, at: Floats) -> Floats:
    """Return the parts that lag on days, for each of `HOURS` the key may be late: (hours, kinds, days)."""
    return np.stack([sights.lag(at - hour / 24) for hour in HOURS])


def expected(rows: Floats, at: Floats, last: float, lag: Floats) -> Floats:
    """Return the share of sources whose every signal lacks the new key: (rows, days)."""
    named = expit(rows[:, :1]) + np.exp(rows[:, 1:2]) * np.clip(at, 0, SETTLED)
    lacks = expit(rows[:, 2:3] + rows[:, 3:4] * (at - last) / 30)
    hour = np.clip(rows[:, 6], HOURS[0], HOURS[-1] - 1e-9) - HOURS[0]
    below = hour.astype(np.int64)
    part = (hour - below)[:, None, None]
    learns = (1 - part) * lag[below] + part * lag[below + 1]
    late = np.einsum("rk,rkd->rd", _weights(rows), learns)
    share = lacks + np.maximum(1 - lacks - named, 0) * late
    return np.asarray(np.clip(share, 1e-4, 1 - 1e-4))


def _weights(rows: Floats) -> Floats:
    weight = np.exp(np.column_stack([np.zeros(len(rows)), rows[:, 4:6]]))
    assert weight.shape[1] == len(KINDS)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def expit(x: Floats) -> Floats:
    """Return the share whose log-odds are given."""
    return np.asarray(1 / (1 + np.exp(-x)))


def logit(share: Floats) -> Floats:
    """Return the log-odds of a share."""
    return np.asarray(np.log(share / (1 - share)))


SHORT_DRIFT = (0.02, 0.008, 0.05)
"""Drift a day where the days are too few to say: as weeks of counting noise among a hundred would look."""


def drift_of(evidence: Evidence, sights: Sights) -> tuple[float, float, float]:
    """Return how far the log-odds of lacking wander in a day, beside their trend: estimate, low and high.

    From weekly sums since the hold-down was over. Counting noise is left in, for most sources of two weeks
    are the same ones. With less than five weeks it is `SHORT_DRIFT`.
    """
    some = [day for day in evidence.days if day_of(day.at, sights) >= SETTLED]
    weeks = len(some) // 7
    if weeks < 5:
        return SHORT_DRIFT
    some = some[len(some) - 7 * weeks :]
    count = np.array([float(day.lacking) for day in some]).reshape(weeks, 7).sum(axis=1)
    total = np.array([float(day.sources) for day in some]).reshape(weeks, 7).sum(axis=1)
    daily = max(float(np.diff(logit((count + 0.5) / (total + 1))).std(ddof=1)) / 7**0.5, 0.005)
    spread = float(np.exp(1.645 / (2 * (weeks - 2)) ** 0.5))
    return daily, daily / spread, daily * spread


def growth_of(evidence: Evidence, sights: Sights) -> tuple[float, float, float]:
    """Return by which factor the sources grow in 30 days since the hold-down: estimate, low and high.

    The line through the logarithms of the daily counts; its error is that of seven times fewer days, since
    neighbouring ones are alike.
    """
    some = [day for day in evidence.days if day_of(day.at, sights) >= SETTLED]
    at = np.array([day_of(day.at, sights) for day in some])
    level = np.log([float(day.sources) for day in some])
    slope, start = np.polyfit(at, level, 1)
    rest = float((level - start - slope * at).std(ddof=2))
    error = 7**0.5 * rest / float(np.sqrt(((at - at.mean()) ** 2).sum()))
    low, middle, high = np.exp(30 * (slope + error * np.array([-1.645, 0.0, 1.645])))
    return float(middle), float(low), float(high)
