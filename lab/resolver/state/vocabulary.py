"""One vocabulary for what resolvers keep about a trust point, whatever file they keep it in.

Implementations record different times: Unbound when a state was entered (`since`), Knot Resolver when its
timer ends (`until`), BIND either, by state. Both are kept apart here as they are written, and `None` stands
for what a format does not say. A key's state is RFC 5011's (section 4.2); the REVOKE bit of a revoked key is
clear here, because formats disagree about it and the state says it already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...clock import DAY, Instant, Seconds
from ...dnssec.keys import DS, Key
from ..rfc5011 import TRUSTED, State

CONFIGURED: Instant = 0
"""The `since` of an anchor that was configured and not yet confirmed by a verified DNSKEY RRset.

Unbound writes `lastchange=0` for it and BIND an add hold-down of 0 ("no trust").
"""
MAX_INSTANT: Instant = 2**32 - 1
"""All formats count seconds in 32 bits without sign."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key, or the DS of one, as a state file has it; None where the file does not say.

    `since` is when the state was entered, `until` when its timer ends (add hold-down, keep time, remove
    hold-down), `accepted` when a key revoked since had become trusted and `refresh` when the key is looked at
    next (both BIND). `ttl` is in seconds. `valid_from` and `valid_until`, both inclusive, `identifier` and
    `ds` come from root-anchors.xml, where a key has its digest beside it. `note` says why an anchor is in
    state Start, that is, listed but of no use.
    """

    anchor: Key | DS
    state: State = State.VALID
    since: Instant | None = None
    until: Instant | None = None
    sightings: int | None = None
    ttl: Seconds | None = None
    refresh: Instant | None = None
    accepted: Instant | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    identifier: str = ""
    ds: DS | None = None
    note: str = ""

    @property
    def is_trusted(self) -> bool:
        """Tell whether the key may validate (RFC 5011 section 4: Valid or Missing)."""
        return self.state in TRUSTED

    @property
    def is_confirmed(self) -> bool:
        """Tell whether a verified DNSKEY RRset ever spoke for this entry, as against configuration alone."""
        return self.state not in (State.START, State.VALID) or self.since != CONFIGURED

    @property
    def identity(self) -> tuple[int, bytes]:
        """Return what makes two entries the same anchor: algorithm and public key, or the whole DS."""
        return self.anchor.identity if isinstance(self.anchor, Key) else (-1, self.anchor.rdata)


@dataclass(frozen=True, slots=True)
class TrustState:
    """What a resolver keeps for one owner name (a lower-case wire name), entries in the file's order.

    `last_queried` to `retry_time` are the bookkeeping of Unbound: when the DNSKEY RRset was last asked for,
    last verified, is asked for next; how often it failed since; and the two delays of RFC 5011 section 2.3.
    `deleted` tells that all anchors were revoked (section 5). `serial` is that of BIND's SOA, `identifier`
    and `source` are root-anchors.xml's.
    """

    owner: bytes
    entries: tuple[Entry, ...]
    last_queried: Instant | None = None
    last_success: Instant | None = None
    next_probe_time: Instant | None = None
    query_failed: int | None = None
    query_interval: Seconds | None = None
    retry_time: Seconds | None = None
    deleted: bool = False
    serial: int | None = None
    identifier: str = ""
    source: str = ""

    @property
    def is_initialised(self) -> bool:
        """Tell whether a DNSKEY RRset was ever verified, so that this is more than configuration."""
        return bool(self.last_success) or self.deleted or any(entry.is_confirmed for entry in self.entries)

    @property
    def trusted(self) -> tuple[Entry, ...]:
        """Return the entries that may validate."""
        return tuple(entry for entry in self.entries if entry.is_trusted)

    def noting(self, bookkeeping: Mapping[str, int | None]) -> TrustState:
        """Return the state with some fields of `BOOKKEEPING` set."""
        values: dict[str, Any] = dict(bookkeeping)
        return replace(self, **values)

    def turned(self) -> TrustState:
        """Return the same state with its entries the other way round."""
        return replace(self, entries=self.entries[::-1])


BOOKKEEPING = (
    "last_queried", "last_success", "next_probe_time", "query_failed", "query_interval", "retry_time",
)  # fmt: skip
"""The fields of `TrustState` that only Unbound's file has."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of reading a state file at start.

    `outcome` is `state` (the resolver goes on with `state`), `fresh` (as if there were no file: from the
    configured anchors) or `exit` (it does not start). `reason` is why, in words; `passed_over` are the
    numbers of the lines ignored.
    """

    outcome: str
    state: TrustState | None = None
    reason: str = ""
    passed_over: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Holds:
    """How long the timers of an implementation run, in seconds; `keep` is None for ever."""

    add: Seconds = 30 * DAY
    remove: Seconds = 30 * DAY
    keep: Seconds | None = None

    def of(self, state: State) -> Seconds | None:
        """Return the length of a state's timer, None where it has none."""
        return {State.ADD_PEND: self.add, State.REVOKED: self.remove, State.MISSING: self.keep}.get(state)


HOLDS = Holds()
"""RFC 5011 sections 2.4.1 and 2.4.2: 30 days each, a missing key is kept for ever."""


def since_of(entry: Entry, holds: Holds) -> Instant | None:
    """Return when an entry's state was entered, computed from the end of its timer if need be."""
    length = holds.of(entry.state)
    if entry.since is not None or entry.until is None or length is None:
        return entry.since
    return max(0, entry.until - length)


def until_of(entry: Entry, holds: Holds) -> Instant | None:
    """Return when an entry's timer ends, computed from the beginning of its state if need be."""
    length = holds.of(entry.state)
    if entry.until is not None or entry.since is None or length is None:
        return entry.until
    return min(MAX_INSTANT, entry.since + length)
