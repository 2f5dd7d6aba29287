"""The tables of a fleet file, one class each; what a key means is said once, here, in its description.

Every number comes with its source, and numbers that nobody knows come with a range.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictFloat, StrictInt, model_validator

from ..clock import DAY
from ..scenario.fields import FileInstant, Flag, KeyName, Knob, Line, Span, SubjectName, Text, Wait, Whole
from ..scenario.tables import Table

MAX_COHORTS = 500
LONGEST_LIFE = 20_000 * DAY
"""Spans that chance is drawn from fit into 31 bits of seconds."""

Amount = Annotated[StrictInt | StrictFloat, Field(ge=0, le=1e12, allow_inf_nan=False)]
Part = Annotated[StrictInt | StrictFloat, Field(ge=0, le=1, allow_inf_nan=False)]
Names = Annotated[tuple[KeyName, ...], Field(min_length=1, max_length=16)]
Source = Annotated[Line, Field(description="where the numbers of this table come from, or `assumed` and why")]


class Estimate(Table):
    """A number, the range it may lie in, and where that comes from."""

    value: Amount
    low: Amount | None = Field(None, description="the least it may be; default: the value")
    high: Amount | None = Field(None, description="the most it may be; default: the value")
    source: Source

    @property
    def range(self) -> tuple[float, float]:
        """Return the least and the most it may be."""
        low = self.value if self.low is None else self.low
        return float(low), float(self.value if self.high is None else self.high)

    @model_validator(mode="after")
    def _in_range(self) -> Estimate:
        low, high = self.range
        if not low <= self.value <= high:
            raise ValueError(f"must lie in its range: {low:g} to {high:g} does not hold {self.value:g}")
        return self


class StartWindow(Table):
    """A part of the cohort starts for the first time within a span; before the run: it is there already."""

    share: Amount = Field(1, description="of the cohort, in any unit")
    from_: FileInstant
    to: FileInstant

    @model_validator(mode="after")
    def _some_time(self) -> StartWindow:
        if self.to <= self.from_:
            raise ValueError("to is not after from; let the span take some time")
        return self


class Starts(Table):
    """When the cohort's resolvers are first started."""

    source: Source
    window: Annotated[tuple[StartWindow, ...], Field(min_length=1, max_length=50)]


class CacheCap(Table):
    """A part of the cohort caches a DNSKEY RRset for this long at most."""

    share: Amount
    ttl_cap: Span | None = Field(None, description="default: what the model's policy says")


class Caches(Table):
    """How long the cohort's resolvers cache the DNSKEY RRset."""

    source: Source
    cap: Annotated[tuple[CacheCap, ...], Field(min_length=1, max_length=20)]


class AbsenceTable(Table):
    """Once in every span of this length, at any time of it, a resolver is restarted or away for a while."""

    source: Source
    every: Span
    restarts: Part = Field(1.0, description="the part of them that are restarts, which take no time")
    shortest: Span = Field(60, description="of the others")
    longest: Span = Field(3600, description="of the others")
    keep_state: Flag = Field(True, description="does a restart find the trust state; false for an image")

    @model_validator(mode="after")
    def _fits(self) -> AbsenceTable:
        longest = 0 if self.restarts >= 1 else self.longest
        if self.longest < self.shortest:
            raise ValueError("longest is less than shortest")
        if not longest + 10 < self.every <= LONGEST_LIFE:
            raise ValueError("every must be longer than the longest absence, and at most 20000 days")
        if not self.keep_state and self.restarts < 1:
            raise ValueError("a resolver that loses its state is restarted, never away: leave restarts at 1")
        return self


class RepairTable(Table):
    """What operators do about a first failure, and when they do it."""

    source: Source
    how: Literal["anchors", "reinstall"] = Field(
        "anchors", description="configure the keys published then; `reinstall` starts without state besides"
    )
    share: Part = Field(1.0, description="the part of the operators that ever does")
    soonest: Span = Field(3600, description="after the failure began")
    latest: Wait = Field(7 * DAY, description="after the failure began")

    @model_validator(mode="after")
    def _ordered(self) -> RepairTable:
        if not self.soonest <= self.latest <= LONGEST_LIFE:
            raise ValueError("latest is less than soonest, or more than 20000 days")
        return self


class Telemetry(Table):
    """What the root could see of the cohort's trust anchors (RFC 8145)."""

    reports: Estimate = Field(description="the part of the resolvers that signals, from 0 to 1")
    addresses: Estimate | None = Field(None, description="addresses one resolver is seen under; default: 1")


class Cohort(Table):
    """Resolvers with one configuration and the same habits."""

    name: SubjectName
    title: Line = ""
    model: SubjectName = Field(description="a preset, see `rootlab list models`")
    policy: dict[Line, Knob] = Field({}, description="single knobs of the model's policy")
    anchors: Names = Field(
        ("current",), description="configured keys; `current` and `next` are those of the scenario's roll"
    )
    anchor_format: Literal["ds", "dnskey"] = "ds"
    state_writable: Flag = True
    share: Estimate = Field(description="of the fleet, in any unit")
    users: Estimate | None = Field(None, description="behind one resolver, in any unit; default: 1")
    start: Starts
    cache: Caches | None = Field(None, description="default: what the model's policy says, for all")
    absence: AbsenceTable | None = Field(None, description="default: always there")
    repair: RepairTable | None = Field(None, description="default: nobody mends anything")
    telemetry: Telemetry | None = Field(None, description="default: nothing is seen of the cohort")


class FittedTo(Table):
    """What numbers of the file were fitted to; nothing but these octets went into them."""

    data: Line = Field(description="name of the file of daily signals")
    sha256: Annotated[Line, Field(pattern="^[0-9a-f]{64}$")] = Field(
        description="over its lines up to the cut-off, in hex"
    )
    until: FileInstant = Field(description="the cut-off; later lines were not read")
    days: Whole = Field(description="lines that were read")
    scenario: Line = Field(description="whose timeline says when the key was published")
    seed: Annotated[Whole, Field(ge=0, lt=2**63)]
    version: Line = Field(description="of the lab")


class FleetFile(Table):
    """A fleet of the root rollover lab: who resolves, with which habits, and how sure that is."""

    title: Line
    cites: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    notes: Text = ""
    known_until: FileInstant | None = Field(None, description="nothing published later went into the file")
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 0
    fitted: FittedTo | None = Field(None, description="default: nothing was fitted")
    assumption: Annotated[dict[SubjectName, Estimate], Field(max_length=200)] = Field(
        {}, description="what forecasts of `rootlab plan backtest` rest on, by name (docs/forecasts.md)"
    )
    cohort: Annotated[tuple[Cohort, ...], Field(min_length=1, max_length=MAX_COHORTS)]
