"""Foretell how the old signature drains out of caches after a roll, and with it when failures begin.

A cache that is asked all the time fetched the DNSKEY RRset at any time of the life of its copy, so that of
those that keep it for `cap` hours the part 1 - x / cap still has the old one x hours after the roll. Caps are
from what vantage points saw when a key set changed; refreshes of RFC 5011 renew some caches sooner.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..resolver.profiles import MODELS
from .forecast_signals import Draws
from .sampler import Floats, generator

SHORTER: Final = ((1.0, 1.3), (3.0, 6.9), (6.0, 0.6), (12.0, 2.2))
"""Caps of less than a day, in hours, and how many in a hundred caches have them (facts 5)."""
TWO_DAYS, ONE_DAY = 48.0, 24.0
SEEN_BY: Final = 13_300
"""Vantage points of that measurement; a measurement of the roll scatters as if it had as many."""
WITHIN: Final = (np.arange(12) + 0.5) / 12
"""Where an hour is looked at."""


def old_share(d: Draws, hours: Floats) -> Floats:
    """Return the share of caches that have the old RRset, hours after the roll: (draws, hours)."""
    late = np.maximum(hours[None, :] - d["switch-minutes"][:, None] / 120, 0)
    long, day = d["cap-2d"][:, None], (1 - d["cap-2d"])[:, None] * d["cap-1d"][:, None]
    daily, twice = d["renewed-daily"][:, None], d["renewed-twice"][:, None]
    short = 1 - long - day
    total = sum(part for _, part in SHORTER)
    share = long * ((1 - daily) * _left(late, TWO_DAYS) + daily * _left(late, ONE_DAY))
    share = share + day * ((1 - twice) * _left(late, ONE_DAY) + twice * _left(late, _unbound()))
    for cap, part in SHORTER:
        share = share + short * part / total * _left(late, cap)
    beyond = d["past-ttl"][:, None]
    return np.asarray((1 - beyond) * share + beyond * np.exp(-late / TWO_DAYS))


def drain(d: Draws, last: int, seed: int) -> Floats:
    """Return % of caches with the old RRset, as means over hours 0 to `last`: (draws, hours)."""
    hours = range(last + 1)
    mean = np.clip(np.stack([old_share(d, hour + WITHIN).mean(axis=1) for hour in hours], axis=1), 0, 1)
    noise = generator(seed, 4).standard_normal(mean.shape) * np.sqrt(mean * (1 - mean) / SEEN_BY)
    return np.asarray(100 * np.clip(mean + noise, 0, 1))


def _left(late: Floats, cap: float) -> Floats:
    return np.asarray(np.maximum(1 - late / cap, 0))


def _unbound() -> float:
    """Return the hours between two refreshes of Unbound, on average, as its preset has them."""
    policy = MODELS["unbound"].policy
    assert policy.cache.ttl_cap is not None
    nominal = policy.cache.ttl_cap / policy.schedule.interval_divisor / 3600
    return nominal * (1 - policy.schedule.jitter_tenths / 20)
