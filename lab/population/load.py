"""DNSKEY and priming queries a day at the root: of resolvers that work, fail, and validate no longer.

All rates follow from knobs of the models. A resolver that works fetches the keys to refresh them and when its
copy runs out. One that fails asks `burst` servers at each new question, but not while it remembers the last
failure. One whose only anchor was revoked may give up validating, and then asks no more. A priming query (RFC
8109) is sent when the copy of the root's NS RRset runs out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..clock import DAY
from ..resolver.policy import ResolverPolicy
from ..scenario.spec import Scenario
from .fleet import Fleet, policy_of
from .observe import LEVELS, MIXES, between
from .sampler import Floats, generator
from .simulate import Tally
from .strata import Compiled

NS_TTL = 518_400
"""Of the root's NS RRset, in seconds: six days."""
INSECURE = 1
"""Place of that outcome in `arrays.OUTCOMES`."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Queries a day of one resolver: for the keys while it works and while it fails, and to prime."""

    working: float
    failing: float
    priming: float


@dataclass(frozen=True, slots=True)
class Load:
    """Queries a day for each resolver of the fleet, low, median and high: (days, 3); `days` since the start.

    `cohorts` has for each cohort its rates, and the part that fails by day: (cohorts, days).
    """

    dnskey: Floats
    priming: Floats
    rates: tuple[Rates, ...]
    failing: Floats


def rates_of(policy: ResolverPolicy, ttl: int, questions: float) -> Rates:
    """Return the rates of a policy for a TTL in seconds and so many new questions a day."""
    schedule, cache = policy.schedule, policy.cache
    held = min(ttl, cache.ttl_cap or ttl)
    refreshes = 0.0
    if schedule.probes and schedule.refresh_from_cache:
        refreshes = DAY / held
    elif schedule.probes:
        basis = ttl if schedule.ttl_source == "original" else held
        nominal = schedule.fixed_interval or min(
            schedule.interval_cap, max(schedule.floor, basis // schedule.interval_divisor)
        )
        refreshes = DAY / (nominal * (1 - schedule.jitter_tenths / 20))
    renewed = refreshes > DAY / held and cache.swap != "bypass"
    working = refreshes + (0 if renewed else DAY / held)
    failing = float(failing_rate(policy, np.array([questions]))[0])
    return Rates(working, failing, DAY / min(NS_TTL, cache.ttl_cap or NS_TTL))


def failing_rate(policy: ResolverPolicy, questions: Floats) -> Floats:
    """Return the DNSKEY queries a day of a failing resolver, for numbers of new questions a day.

    `burst` for each question, but none while the last failure is remembered.
    """
    cache = policy.cache
    most = DAY / cache.negative if cache.negative else np.inf
    return np.asarray(cache.burst * np.minimum(questions, most))


def load_of(
    fleet: Fleet, scenario: Scenario, compiled: Compiled, tally: Tally, seed: int,
    questions: tuple[float, float, float],
) -> Load:  # fmt: skip
    """Return the queries of a fleet that was simulated; `questions` a day are low, best and high."""
    counts = _counts(fleet, scenario, compiled, tally)
    present, failing, insecure = counts
    chance = generator(seed, 7)
    share = np.stack([between(one.share, chance) for one in fleet.cohorts], axis=1)
    asked = np.exp(np.interp(chance.random(MIXES), (0, 0.5, 1), np.log(questions)))
    ttl = compiled.world.dnskey_ttl
    policies = [policy_of(one, fleet.path) for one in fleet.cohorts]
    best = tuple(rates_of(policy, ttl, questions[1]) for policy in policies)
    worst = np.array([[rates_of(policy, ttl, float(q)).failing for policy in policies] for q in asked])
    working = np.array([one.working for one in best])[:, None] * (present - failing - insecure)
    total = np.maximum(share @ present, 1e-12)
    dnskey = (share @ working + (share * worst) @ failing) / total
    priming = (share @ (np.array([one.priming for one in best])[:, None] * present)) / total
    return Load(
        np.quantile(dnskey, LEVELS, axis=0).T, np.quantile(priming, LEVELS, axis=0).T, best,
        failing / np.maximum(present, 1e-12),
    )  # fmt: skip


def _counts(fleet: Fleet, scenario: Scenario, compiled: Compiled, tally: Tally) -> Floats:
    """Return of one resolver of each cohort the parts there, failing and insecure: (3, cohorts, days)."""
    days = tally.failed.shape[1]
    old = scenario.anchors_default[0]
    revoked = next((one.at for one in scenario.timeline.steps if old in one.keys.revoked), None)
    from_day = days if revoked is None else (revoked - compiled.world.start) // DAY
    found = np.zeros((3, len(fleet.cohorts), days))
    size = np.zeros(len(fleet.cohorts))
    for number, stratum in enumerate(compiled.strata):
        c = stratum.cohort
        final = tally.final[number]
        born = np.cumsum(tally.valid[:, number], axis=1).max(axis=0)
        failing = np.cumsum(tally.failed[number] - tally.recovered[number])
        given_up = np.where(np.arange(days) >= from_day, np.minimum(final[INSECURE], failing), 0)
        size[c] += final.sum() + tally.absent[number]
        found[:, c] += np.stack([np.maximum(born, failing), failing - given_up, given_up])
    return np.asarray(found / np.maximum(size, 1)[None, :, None])
