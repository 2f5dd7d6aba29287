"""Write down what will be seen of a roll, before it is: four tables to be held against measurements.

Each has the columns `when,low,median,high`: the middle 90 % of what the assumptions of a fleet come to, drawn
together, noise of counting included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from ..authority.lint import response_size
from ..clock import DAY, Instant, format_instant
from ..errors import ScenarioError
from ..scenario.spec import Scenario
from .arrays import Ints
from .assumptions import draws
from .fleet import Fleet
from .forecast_caches import drain
from .forecast_load import Events, multiple
from .forecast_signals import adoption, days_since, naming_old
from .sampler import Floats
from .sights import sights_of

LEVELS = (0.05, 0.5, 0.95)
DRAWS = 4000
HOURS = 72
"""Of the drain after the roll."""
SAFE_SIZE = 1232
"""Octets that pass everywhere over UDP: the smallest MTU of IPv6, 1280, less its headers (facts 2.5)."""
BEFORE_ROLL, BEFORE_REVOKED, AFTER = 71, 2, 10
"""Days before the roll from which queries are told, before the revocation from which names are, and after the
withdrawal of the old key until which everything is."""


@dataclass(frozen=True, slots=True)
class Table:
    """One forecast: what it counts, in words, and a row for each day or hour: when, low, median, high."""

    name: str
    says: str
    when: tuple[str, ...]
    rows: Floats

    def csv(self) -> str:
        """Return the table as text, numbers with four decimals."""
        lines = [
            ",".join([when, *(f"{value:.4f}" for value in row)])
            for when, row in zip(self.when, self.rows, strict=True)
        ]
        return "\n".join(["when,low,median,high", *lines]) + "\n"

    def row(self, when: str) -> tuple[float, float, float]:
        """Return low, median and high of a day or an hour."""
        low, median, high = self.rows[self.when.index(when)]
        return float(low), float(median), float(high)


@dataclass(frozen=True, slots=True)
class Roll:
    """When a scenario's old key ceases to sign, is revoked, and is withdrawn."""

    rolled: Instant
    revoked: Instant
    withdrawn: Instant


def roll_of(scenario: Scenario) -> Roll:
    """Return when a scenario's first key goes. Raises ScenarioError unless it does so in three steps."""
    old = scenario.anchors_default[0]
    steps = scenario.timeline.steps
    rolled = next((one.at for one in steps if old not in one.keys.trusted_signers), None)
    revoked = next((one.at for one in steps if old in one.keys.revoked), None)
    gone = next(
        (s.at for s in steps if revoked is not None and s.at > revoked and old not in s.keys.ksks), None
    )
    if rolled is None or revoked is None or gone is None or not rolled < revoked < gone:
        raise ScenarioError(
            "its first key is not rolled, revoked and withdrawn, in this order", place=scenario.path,
            remedy="choose a scenario of a whole roll, such as 2018-actual",
        )  # fmt: skip
    return Roll(rolled, revoked, gone)


def backtest(fleet: Fleet, scenario: Scenario, seed: int, count: int = DRAWS) -> tuple[Table, ...]:
    """Return the tables of a fleet whose knowledge ends at a cut-off. Raises ScenarioError.

    What happens to the root afterwards is the scenario's; what resolvers make of it is foretold.
    """
    if fleet.file.fitted is None:
        raise ScenarioError(
            "nothing in this fleet was fitted to signals", place=fleet.path,
            remedy="take the fleet 2017, or write one with `rootlab fleet fit`",
        )  # fmt: skip
    roll = roll_of(scenario)
    cut_off = datetime.fromtimestamp(fleet.file.fitted.until, UTC).date()
    d = draws(fleet.file.assumption, fleet.path, seed, count)
    rolled, revoked, gone = (days_since(cut_off, at) for at in (roll.rolled, roll.revoked, roll.withdrawn))
    if rolled < 1:
        raise ScenarioError(
            "the roll lies before the cut-off: nothing is left to foretell", place=scenario.path
        )
    end = int(gone) + AFTER
    first = cut_off + timedelta(days=1)
    all_days = np.arange(end)
    near = np.arange(int(revoked) - BEFORE_REVOKED, end)
    busy = np.arange(int(rolled) - BEFORE_ROLL, end + 1)
    sights = sights_of(scenario, seed)
    events = Events(rolled, revoked, gone)
    old, new = "the old key", "the new key"
    return (
        _days("adoption", f"% of signalling sources whose every signal lacks {new}", first, all_days,
              adoption(d, cut_off, all_days.astype(float), rolled, revoked, seed)),
        _table("drain", f"% of caches that would answer with a DNSKEY RRset signed by {old}",
               tuple(str(hour) for hour in range(HOURS + 1)), drain(d, HOURS, seed)),
        _days("revocation", f"% of signalling sources that name {old}", first, near,
              naming_old(d, cut_off, near.astype(float), rolled, revoked, sights, seed)),
        _days("load", "DNSKEY queries a day at the root, for each one before the roll", first, busy,
              multiple(d, cut_off, busy.astype(float), events, large_on(scenario, first, busy), BEFORE_ROLL,
                       seed)),
    )  # fmt: skip


def large_on(scenario: Scenario, first: date, days: Ints) -> Floats:
    """Return 1 for days on which the DNSKEY response does not fit into 1232 octets at noon, else 0."""
    begin = datetime(first.year, first.month, first.day, 12, tzinfo=UTC).timestamp()
    sizes = [response_size(scenario.timeline.step(int(begin + day * DAY)).keys) for day in days]
    return np.array([float(size > SAFE_SIZE) for size in sizes])


def _days(name: str, says: str, first: date, days: Ints, found: Floats) -> Table:
    return _table(name, says, tuple((first + timedelta(days=int(day))).isoformat() for day in days), found)


def _table(name: str, says: str, when: tuple[str, ...], found: Floats) -> Table:
    return Table(name, says, when, np.quantile(found, LEVELS, axis=0).T)


def told(roll: Roll) -> str:
    """Say when the old key goes, in a line."""
    rolled, revoked, gone = (format_instant(at) for at in (roll.rolled, roll.revoked, roll.withdrawn))
    return f"rolled {rolled}, revoked {revoked}, withdrawn {gone}"
