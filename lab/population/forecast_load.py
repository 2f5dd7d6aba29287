"""Foretell the DNSKEY queries a day at the root, as a multiple of those before the roll.

A resolver that works asks a few times a day. One that fails asks as often as its clients let it: `burst`
queries for each question that needs the keys, but none for as long as it remembers the last failure. Both
numbers are knobs of the presets. When the old key is revoked, an Unbound that has no other one stops
validating, and asking; a BIND is left without any anchor, and what becomes of its memory of failures is not
known: a range says so. When the revoked key is withdrawn, that ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from ..resolver.profiles import MODELS
from .forecast_caches import old_share
from .forecast_signals import NEVER, Draws, sources
from .load import failing_rate
from .sampler import Floats, generator

SLOW_MEMORY = 90.0
"""Days in which the slow part of a level without events comes back."""


@dataclass(frozen=True, slots=True)
class Events:
    """When what happens that moves queries, in days since the end of the cut-off's day."""

    roll: float
    revoked: float
    withdrawn: float


def multiple(
    d: Draws, cut_off: date, at: Floats, events: Events, large: Floats, base: int, seed: int
) -> Floats:  # fmt: skip
    """Return queries of days as multiples of the mean of the first `base` days: (draws, days).

    `large` is 1 on days on which the response is so large that some ask for it again over TCP, else 0.
    """
    level = (1 + excess(d, cut_off, at, events)) * (1 + d["tcp-part"][:, None] * large[None, :])
    chance = generator(seed, 5)
    keep = np.exp(-1 / SLOW_MEMORY)
    slow = np.zeros(len(level))
    for day in range(level.shape[1]):
        slow = keep * slow + d["load-noise"] * (1 - keep**2) ** 0.5 * chance.standard_normal(len(level))
        level[:, day] *= np.exp(slow + 0.7 * d["load-noise"] * chance.standard_normal(len(level)))
    return np.asarray(level / level[:, :base].mean(axis=1, keepdims=True))


def excess(d: Draws, cut_off: date, at: Floats, events: Events) -> Floats:
    """Return the queries of failing resolvers for each query of those that work: (draws, days)."""
    before = sources(d, cut_off, np.array([events.roll]), NEVER, NEVER)
    servers = before.servers / before.total * d["real"][:, None]
    since = at - events.roll
    hours = np.maximum((since[:, None] + (np.arange(24) + 0.5) / 24) * 24, 0).reshape(-1)
    failing = 1 - old_share(d, hours).reshape(len(servers), -1, 24).mean(axis=2)
    failing *= (since > -1)[None, :]
    mended = d["mended"][:, None] * np.clip((since[None, :] + 0.5) / d["mended-by"][:, None], 0, 1)
    alive = (1 - mended) * np.exp2(-np.maximum(since, 0)[None, :] / d["unmended-fade"][:, None])
    part, questions = d["bind-part"][:, None], d["questions"]
    seen = np.clip((at - events.revoked + 0.5) / 2, 0, 1)[None, :]
    shown = seen * (at + 0.5 < events.withdrawn)[None, :]
    bind = part * failing_rate(MODELS["bind-static"].policy, questions)[:, None]
    bind = bind * (1 + (d["revoked-factor"][:, None] - 1) * shown)
    unbound = (1 - part) * failing_rate(MODELS["unbound-static"].policy, questions)[:, None]
    unbound = unbound * (1 - seen * (1 - d["still-old"][:, None]))
    return np.asarray(servers * failing * alive * (bind + unbound) / d["healthy-queries"][:, None])
