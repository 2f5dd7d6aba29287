"""Foretell RFC 8145 signals: who will lack the new key, and who will name the old one after its revocation.

Four kinds of sources are told apart, because different things move them. Servers that signalled at the
cut-off go on along the trend of their odds, which wears off, as does the growth of their number. Unbound
signals by default from 1.6.7 on, and comes in as installations are updated. Applications with an embedded
libunbound and a built-in old key signal at every start, from ever new addresses; no operator mends them. And
the roll makes operators mend servers without the key, if anybody needs those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, TypeAlias

import numpy as np

from .sampler import Floats, generator
from .sights import KINDS, Sights

Draws: TypeAlias = Mapping[str, Floats]

SIGNALS_BY_DEFAULT: Final = date(2017, 10, 5)
"""Unbound 1.6.7: trust-anchor-signaling is on by default (doc/Changelog; known since it was merged)."""
NEVER: Final = 1e6
"""Days after which nothing matters."""
ADD: Final = 30.0
"""The add hold-down in days, which stands in the times of `Sights` (RFC 5011 section 2.4.1)."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Sources of a day for each source of the cut-off's day: rows are draws, columns days.

    `total` are all, `servers` those of servers without the new key, `apps` those of applications without it,
    `fixed` those of applications that have it now, beside the old one.
    """

    total: Floats
    servers: Floats
    apps: Floats
    fixed: Floats

    @property
    def lacking(self) -> Floats:
        """Return the share of sources whose every signal lacks the new key, noise apart."""
        return np.asarray((self.servers + self.apps) / self.total)


def days_since(cut_off: date, at: int) -> float:
    """Return an instant in days since the end of the cut-off's day."""
    begin = datetime(cut_off.year, cut_off.month, cut_off.day, tzinfo=UTC).timestamp()
    return (at - begin) / 86400 - 1


def wearing(rate: Floats, memory: Floats, at: Floats) -> Floats:
    """Return what a rate a day adds up to if it wears off: (draws, days)."""
    return np.asarray(rate[:, None] * memory[:, None] * -np.expm1(-at[None, :] / memory[:, None]))


def uptake(half: Floats, at: Floats) -> Floats:
    """Return the part that has come in, half of what is left in every `half` days: (draws, days)."""
    return np.asarray(-np.expm1(-np.log(2) * np.maximum(at, 0)[None, :] / half[:, None]))


def sources(d: Draws, cut_off: date, at: Floats, roll: float, revoked: float) -> Sources:
    """Return the sources of days; `at`, `roll` and `revoked` are in days since the end of the cut-off's day.

    A server whose only anchor is managed drops it when it is revoked, and has nothing to signal any more.
    """
    grown = np.exp(wearing(np.log(d["growth"]) / 30, d["trend-memory"], at))
    moved = wearing(np.log(d["lacking-trend"]) / 30, d["trend-memory"], at)
    odds = np.log(d["lacking"] / (1 - d["lacking"]))[:, None] + moved
    default = (SIGNALS_BY_DEFAULT - cut_off).days - 1
    unbound = d["unbound-ratio"][:, None] * uptake(d["unbound-uptake"], at - default)
    apps = d["apps-ratio"][:, None] * uptake(d["apps-uptake"], at - default)
    stale = apps * (1 - uptake(d["apps-fixed"], at - default))
    servers = grown / (1 + np.exp(-odds)) + unbound * d["unbound-lacking"][:, None]
    mended = d["mended"][:, None] * np.clip((at[None, :] + 0.5 - roll) / d["mended-by"][:, None], 0, 1)
    silent = (at + 0.5 > revoked)[None, :] * (1 - d["still-old"][:, None]) * servers * (1 - mended)
    servers = servers * (1 - mended) - silent
    return Sources(grown + unbound + apps - silent, servers, stale, apps - stale)


def wandering(d: Draws, share: Floats, seed: int, *, long: bool = False) -> Floats:
    """Return shares whose log-odds wander from day to day and are drawn back; `long` if for long already."""
    chance = generator(seed, 2)
    keep = np.exp(-1 / d["drift-memory"])
    step = d["drift"] / np.sqrt(1 - keep**2) * chance.standard_normal(len(keep)) * long
    odds = np.log(share / (1 - share))
    for day in range(share.shape[1]):
        step = keep * step + d["drift"] * chance.standard_normal(len(keep))
        odds[:, day] += step
    return np.asarray(1 / (1 + np.exp(-odds)))


def counted(d: Draws, share: Floats, total: Floats, seed: int) -> Floats:
    """Return the shares that would be counted: each day's sources scatter, together besides."""
    number = np.maximum(d["sources"][:, None] * total, 1)
    variance = share * (1 - share) * (1 / number + d["scatter"][:, None])
    noise = generator(seed, 3).standard_normal(share.shape)
    return np.asarray(np.clip(share + noise * np.sqrt(variance), 0, 1))


def adoption(d: Draws, cut_off: date, at: Floats, roll: float, revoked: float, seed: int) -> Floats:
    """Return % of signalling sources whose every signal lacks the new key: (draws, days)."""
    seen = sources(d, cut_off, at, roll, revoked)
    return 100 * counted(d, wandering(d, seen.lacking, seed), seen.total, seed)


def naming_old(
    d: Draws, cut_off: date, at: Floats, roll: float, revoked: float, sights: Sights, seed: int
) -> Floats:  # fmt: skip
    """Return % of signalling sources that name the old key, about its revocation: (draws, days).

    Who follows RFC 5011 drops it at the first refresh that finds it revoked, and says so a day later at most.
    Who has it written down goes on naming it, and so does an application with built-in keys, which signals
    when it starts, before it has seen anything.
    """
    seen = sources(d, cut_off, at, roll, revoked)
    stale = (seen.servers + seen.apps + seen.fixed) / seen.total
    static = np.minimum(d["both-static"][:, None], 1 - stale)
    follows = np.maximum(1 - stale - static - d["new-alone"][:, None], 0)
    lag = sights.lag(at - revoked + ADD)
    often = d["often-off"]
    kinds = np.stack([(1 - often) * (1 - d["fresh-later"]), (1 - often) * d["fresh-later"], often], axis=1)
    assert kinds.shape[1] == len(KINDS)
    share = np.clip(stale + static + follows * (kinds @ lag), 1e-6, 1 - 1e-6)
    return 100 * counted(d, wandering(d, share, seed, long=True), seen.total, seed)
