"""What forecasts rest on: numbers with ranges that stand in the fleet file, each with its source.

A range is read as the middle 90 % of what the number may be. Between is drawn on the scale on which the
number lives: shares by their log-odds, positive numbers by their logarithm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from ..errors import ScenarioError
from .sampler import Floats, generator
from .tables import Estimate

Scale: TypeAlias = Literal["share", "factor", "plain"]
Z90 = 1.6448536
"""Standard deviations from the middle to the ends of the middle 90 %."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number of a fleet file: its name, the scale it lives on, whether `fleet fit` says it, its meaning."""

    name: str
    scale: Scale
    fitted: bool
    meaning: str


ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption("lacking", "share", True, "sources without the new key on the day of the cut-off"),
    Assumption("lacking-trend", "factor", True, "what their odds are multiplied by in 30 days"),
    Assumption("drift", "factor", True, "how far the log-odds wander in a day beside the trend"),
    Assumption("scatter", "factor", True, "correlation between sources within a day"),
    Assumption("sources", "factor", True, "sources seen on the day of the cut-off"),
    Assumption("growth", "factor", True, "what the number of sources is multiplied by in 30 days"),
    Assumption("named-before", "share", True, "sources that named both keys before the publication"),
    Assumption("named-after", "share", True, "sources that did so at the end of the hold-down"),
    Assumption("fresh", "share", True, "learners that refresh past the cache"),
    Assumption("often-off", "share", True, "learners that are off for days"),
    Assumption("publication-hour", "plain", True, "hour of the day of the publication, UTC"),
    Assumption("trend-memory", "factor", False, "days in which growth and trend lose two thirds"),
    Assumption("drift-memory", "factor", False, "days in which what wandered off comes back by two thirds"),
    Assumption("unbound-ratio", "factor", False, "validating Unbounds for each source of the cut-off"),
    Assumption("unbound-uptake", "factor", False, "days until half of them run a version that signals"),
    Assumption("unbound-lacking", "share", False, "of those, sources with the old key alone"),
    Assumption("apps-ratio", "factor", False, "applications with an old libunbound a day, for each source"),
    Assumption("apps-uptake", "factor", False, "days until half of the applications signal"),
    Assumption("apps-fixed", "factor", False, "days until half of the applications have the new key"),
    Assumption("mended", "share", False, "servers without the key whose operator mends them after the roll"),
    Assumption("mended-by", "factor", False, "days after the roll until the last of those is mended"),
    Assumption("still-old", "share", False, "servers without the key that name the old one once revoked"),
    Assumption("both-static", "share", False, "sources with both keys written down, at the revocation"),
    Assumption("new-alone", "share", False, "sources that name the new key alone before the revocation"),
    Assumption("fresh-later", "share", False, "learners that refresh past the cache, at the revocation"),
    Assumption("cap-2d", "share", False, "caches that keep the keys for their whole TTL"),
    Assumption("renewed-daily", "share", False, "of those, caches that a daily refresh renews"),
    Assumption("cap-1d", "share", False, "of the other caches, those that keep them for a day"),
    Assumption("renewed-twice", "share", False, "of those, caches renewed by refreshes of Unbound"),
    Assumption("past-ttl", "share", False, "caches that keep old data beyond its TTL"),
    Assumption("switch-minutes", "factor", False, "minutes until all root servers have the new zone"),
    Assumption("real", "share", False, "servers without the key that somebody behind them needs"),
    Assumption("questions", "factor", False, "new questions a day of a failing resolver's clients"),
    Assumption("healthy-queries", "factor", False, "DNSKEY queries a day of one that works"),
    Assumption("bind-part", "share", False, "failing resolvers that are BIND; the others are Unbound"),
    Assumption("unmended-fade", "factor", False, "days until half of the unmended fall silent"),
    Assumption("revoked-factor", "factor", False, "how much more a failing BIND asks once its key goes"),
    Assumption("tcp-part", "share", False, "resolvers that ask again over TCP above 1232 octets"),
    Assumption("load-noise", "factor", False, "spread of the logarithm of a day's queries"),
)  # fmt: skip
"""All of them; forecasts need each."""


def draws(numbers: Mapping[str, Estimate], place: str, seed: int, count: int) -> dict[str, Floats]:
    """Return `count` draws of each assumption. Raises ScenarioError, naming `place`, if one is missing.

    Each has a generator of its own, so that a range that is changed moves no other draw.
    """
    found: dict[str, Floats] = {}
    for number, one in enumerate(ASSUMPTIONS):
        where = f"{place}: assumption.{one.name}"
        if one.name not in numbers:
            raise ScenarioError(
                "forecasts need this number, and the fleet has none", place=where,
                remedy="add it with low, high and source, or begin with the fleet 2017",
            )  # fmt: skip
        low, high = numbers[one.name].range
        z = generator(seed, 100 + number).standard_normal(count)
        found[one.name] = _spread(one.scale, (low, float(numbers[one.name].value), high), z, where)
    return found


def _spread(scale: Scale, numbers: tuple[float, float, float], z: Floats, place: str) -> Floats:
    """Return numbers whose median is the value and whose 5 and 95 % quantiles are low and high."""
    low, middle, high = np.array(numbers)
    if (scale != "plain" and low <= 0) or (scale == "share" and high >= 1):
        allowed = "between 0 and 1, without the ends" if scale == "share" else "above 0"
        raise ScenarioError(f"its range must lie {allowed}", place=place)
    if scale == "share":
        low, middle, high = (np.log(x / (1 - x)) for x in (low, middle, high))
    elif scale == "factor":
        low, middle, high = np.log(low), np.log(middle), np.log(high)
    at = middle + z / Z90 * np.where(z < 0, middle - low, high - middle)
    if scale == "plain":
        return np.asarray(at)
    return np.asarray(np.exp(at) if scale == "factor" else 1 / (1 + np.exp(-at)))
