"""What the root sees of a fleet beside what is true of it: RFC 8145 signals and RFC 8509 sentinels, by day.

Every resolver is played by the engine. When it signals follows from its policy: by a timer once a day, or
when it fetches the keys, which it does at least once in the life of its copy. How many of a cohort signal,
under how many addresses, and how large the cohorts are is drawn from the ranges in the fleet file, so that
what is seen has an interval, and nothing that nobody knows is taken for known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..clock import DAY, HOUR
from ..resolver.policy import ResolverPolicy
from ..scenario.spec import Scenario
from .arrays import Ints
from .draws import seed_key
from .fleet import Fleet, policy_of
from .sampler import Floats, generator
from .sights import publication
from .strata import Compiled
from .tables import Cohort, Estimate
from .vector import live

LEVELS = (0.05, 0.5, 0.95)
MIXES = 400
"""Fleets drawn from the ranges of the file."""
CHUNK = 1 << 16
SIGNALS, LACKS, THERE, HOLDS, FAILS, SAYS_NEW, SAYS_OLD = range(7)
"""What is counted of each cohort on each day, of one resolver: sources, those without the new key among them;
resolvers, those that trust the new key and that fail; those that tell a sentinel one thing or the other."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Days since the world's start, and per cent with low, median and high: (days, 3).

    `lacking` are of the sources that signal, those whose every signal lacks the new key; `without` are of all
    resolvers those that do not trust it, `failing` those whose clients get no secure answer; `sentinel_old`
    are, of the resolvers that answer sentinel queries, those that say that they do not trust it. NaN stands
    where nobody could be asked.
    """

    days: Ints
    lacking: Floats
    without: Floats
    failing: Floats
    sentinel_old: Floats
    late_hours: float


def observe(
    fleet: Fleet, scenario: Scenario, compiled: Compiled, seed: int, resolvers: int,
    *, progress: Callable[[float], None] = lambda done: None,
) -> Observed:  # fmt: skip
    """Return what is seen of a fleet, and what is true of it, on each day of a scenario."""
    key, published = publication(scenario)
    days = np.arange((compiled.world.stop - compiled.world.start) // DAY)
    late = late_hours(fleet, published)
    spans = [last_signal(policy_of(one, fleet.path), compiled.world.dnskey_ttl) for one in fleet.cohorts]
    speaks = [policy_of(one, fleet.path).signals.sentinel == "yes" for one in fleet.cohorts]
    counts = np.zeros((7, len(fleet.cohorts), len(days)))
    size = np.zeros(len(fleet.cohorts))
    cohort_of = np.array([stratum.cohort for stratum in compiled.strata])
    for first in range(0, resolvers, CHUNK):
        number = min(CHUNK, resolvers - first)
        seen = live(first, number, seed_key(seed), compiled.arrays, compiled.tables)
        own = cohort_of[seen[0]]
        for c in range(len(fleet.cohorts)):
            mine = seen[:, own == c]
            size[c] += mine.shape[1]
            counts[:, c] += _count(mine, compiled.world.keys.index(key), days, spans[c], speaks[c], late)
        progress((first + number) / resolvers)
    return _mixed(fleet, counts / np.maximum(size, 1)[None, :, None], days, late, seed)


def late_hours(fleet: Fleet, published: int) -> float:
    """Return how many hours after the scenario's hour the fleet has the publication; 0 if it says nothing."""
    estimate = fleet.file.assumption.get("publication-hour")
    return 0.0 if estimate is None else float(estimate.value) - (published % DAY) / HOUR


def last_signal(policy: ResolverPolicy, ttl: int) -> int:
    """Return how long before the end of a day the day's last signal is sent at the earliest, in seconds.

    RFC 8145 has no timer: BIND sends its query every 24 h, others when they fetch the keys.
    """
    if policy.signals.key_tag_query == "daily":
        return DAY
    held = min(ttl, policy.cache.ttl_cap or ttl)
    return min(DAY, held // (policy.schedule.interval_divisor if policy.cache.swap == "flush" else 1))


def _count(seen: Ints, key: int, days: Ints, span: int, speaks: bool, late: float) -> Floats:
    """Return the seven counts of resolvers of a cohort on each day: (7, days)."""
    never = np.iinfo(np.int64).max // 4
    valid = np.where(seen[5:] < 0, never, seen[5:])
    born = valid.min(axis=0)
    new = valid[key]
    new = np.where((new > born) & (new < never), new + round(late * HOUR), new)
    failed = np.where(seen[2] < 0, never, seen[2])
    healed = np.where((seen[2] >= 0) & (seen[3] >= 0), seen[3], never)
    found = np.zeros((7, len(days)))
    for number, day in enumerate(days):
        begin = int(day) * DAY
        there = (born < begin + DAY).astype(np.float64)
        holds = there * (new < begin + DAY // 2)
        fails = there * ((failed < begin + DAY // 2) & (healed > begin + DAY // 2))
        before = np.clip((new - (begin + DAY - span)) / span, 0, 1)
        told = there * speaks * (1 - fails)
        rows = (there, there * before, there, holds, fails, told * (holds > 0), told * (holds == 0))
        found[:, number] = [row.sum() for row in rows]
    return found


def _mixed(fleet: Fleet, counts: Floats, days: Ints, late: float, seed: int) -> Observed:
    """Return what cohorts come to together, drawn from the ranges of the file."""
    chance = generator(seed, 6)
    share = np.stack([between(one.share, chance) for one in fleet.cohorts], axis=1)
    signal = np.stack([_signalling(one, chance) for one in fleet.cohorts], axis=1)
    sources = (share * signal) @ counts[SIGNALS]
    lacking = (share * signal) @ counts[LACKS]
    there = share @ counts[THERE]
    sentinel = share @ (counts[SAYS_NEW] + counts[SAYS_OLD])

    def percent(some: Floats, of: Floats) -> Floats:
        part = np.divide(some, of, out=np.full_like(some, np.nan), where=of > 0)
        return np.asarray(100 * np.quantile(part, LEVELS, axis=0).T)

    return Observed(
        days, percent(lacking, sources), percent(there - share @ counts[HOLDS], there),
        percent(share @ counts[FAILS], there), percent(share @ counts[SAYS_OLD], sentinel), late,
    )  # fmt: skip


def _signalling(cohort: Cohort, chance: np.random.Generator) -> Floats:
    """Return addresses that signal for each resolver of a cohort, drawn."""
    if cohort.telemetry is None:
        return np.zeros(MIXES)
    reports = between(cohort.telemetry.reports, chance)
    addresses = cohort.telemetry.addresses
    return reports if addresses is None else reports * between(addresses, chance)


def between(estimate: Estimate, chance: np.random.Generator) -> Floats:
    """Draw a number from its range: below its value as often as above it, evenly on either side."""
    low, high = estimate.range
    value, at = float(estimate.value), chance.random(MIXES)
    below, above = value - low, high - value
    return np.asarray(value + np.where(at < 0.5, -2 * at * below, (2 * at - 1) * above))
