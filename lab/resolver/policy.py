"""What a resolver does differently from RFC 5011, as data: override rows and six small groups of knobs.

Every default is RFC 5011 read strictly. A knob has one name, one meaning and one source of values; scenario
files set it as `policy = { add-hold-down = "P30D" }`. Nothing here looks at a key: that is the table's work.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..clock import DAY, HOUR, Seconds, format_duration, parse_duration
from .rfc5011 import RFC_TABLE, Row, Table, compile_table, rows

KnobValue = str | int | bool | None


class PolicyError(ValueError):
    """Report a knob that does not exist or a value it does not take; the text names what is allowed."""


def _duration(default: Seconds | None, doc: str, *, none: str = "", low: Seconds = 0) -> Any:
    """Declare a knob that takes an ISO 8601 duration; `none` is the word for "no limit", if there is one."""
    return field(default=default, metadata={"kind": "duration", "none": none, "doc": doc, "low": low})


def _choice(default: str, doc: str, *others: str) -> Any:
    return field(default=default, metadata={"kind": "choice", "choices": (default, *others), "doc": doc})


def _flag(default: bool, doc: str) -> Any:
    return field(default=default, metadata={"kind": "flag", "doc": doc})


def _count(default: int, doc: str, *, low: int = 0, high: int = 10_000) -> Any:
    return field(default=default, metadata={"kind": "count", "doc": doc, "low": low, "high": high})


def _delay(default: str, doc: str) -> Any:
    return field(default=default, metadata={"kind": "delay", "doc": doc})


@dataclass(frozen=True, slots=True)
class Durations:
    """The timers of RFC 5011 section 2.4."""

    add_hold_down: Seconds = _duration(30 * DAY, "how long a new key is watched before it is trusted")
    hold_down_takes_ttl: bool = _flag(
        True, "the add hold-down is at least the TTL of the first RRset with the key"
    )
    remove_hold_down: Seconds = _duration(30 * DAY, "how long a revoked key is kept after it was last seen")
    keep_missing: Seconds | None = _duration(None, "how long a missing key is kept", none="for-ever")
    strictly_after: Seconds = _duration(0, "added to every timer: one second where code asks for more than")


@dataclass(frozen=True, slots=True)
class Trust:
    """What is trusted, and what verifies."""

    configured: str = _choice("seed", "what configured anchors are once there is a state", "merge", "always")
    match_ds_by: str = _choice("digest", "how a configured DS finds its key", "tag")
    signer: str = _choice(
        "stored", "may a trusted key that is absent from the RRset verify it", "in-set", "presence"
    )
    revoked_ds: bool = _flag(False, "is an anchor known by DS alone revoked by its key's revoked copy")
    skew: str = _choice("none", "tolerance for signatures not yet or no longer valid", "tenth")
    algorithms: str = _choice("any", "does one algorithm suffice to verify", "all")
    when_empty: str = _choice("insecure", "what follows when every anchor is revoked", "fail")
    when_empty_at_start: str = _choice("insecure", "the same, found at start with nothing pending", "fail")
    unsupported: str = _choice(
        "ignore", "what a new key of an unknown algorithm does to the resolver", "crash"
    )
    zone_keys: str = _choice(
        "kept", "what a configured key that is no entry point is once an entry point is trusted", "replaced"
    )
    on_bogus: str = _choice("servfail", "what a client gets when validation fails", "pass")
    feed: str = _choice("none", "anchors from outside the DNS", "file", "xml")
    feed_every: Seconds = _duration(DAY, "how often an anchor file is read again", low=1)
    validators_matter: bool = _flag(
        True, "a pending key starts over when all keys that verified its first sighting are revoked"
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the DNSKEY RRset is fetched, apart from clients' needs (RFC 5011 section 2.3)."""

    probes: bool = _flag(True, "does the resolver refresh the DNSKEY RRset by itself")
    after_ok: str = _delay("interval", "delay after a verified set")
    after_miss: str = _delay("ok", "delay after a verified set that lacks a trusted key")
    after_none: str = _delay("retry", "delay after no answer")
    after_bogus: str = _delay("none", "delay after a set that does not verify")
    after_lost: str = _delay("bogus", "the same, a trusted key absent and another known key published")
    after_blind: str = _delay("lost", "the same, no known key published")
    interval_divisor: int = _count(2, "interval = TTL or time to signature expiry, divided by this", low=1)
    interval_cap: Seconds = _duration(15 * DAY, "longest interval")
    retry_divisor: int = _count(10, "retry = TTL or time to signature expiry, divided by this", low=1)
    retry_cap: Seconds = _duration(DAY, "longest retry time")
    floor: Seconds = _duration(HOUR, "shortest interval and retry time", low=1)
    fixed_interval: Seconds | None = _duration(
        None, "a fixed interval instead of the formulas", none="none", low=1
    )
    ttl_source: str = _choice("original", "which TTL the formulas use", "capped", "stored")
    expiry_source: str = _choice("first", "which signature's expiry they use", "minimum", "none")
    jitter_tenths: int = _count(0, "the last n tenths of a delay are drawn at random", high=10)
    deadline_probe: bool = _flag(False, "is there a fetch at the very end of a hold-down")
    first_probe: str = _choice("now", "first refresh after a restart with state", "stored")
    clients_observe: bool = _flag(False, "do fetches for clients drive the state machine too")
    refresh_from_cache: bool = _flag(False, "may a refresh be answered from the cache")
    timers: str = _choice("wall", "which clock timers run on", "monotonic", "dated")


@dataclass(frozen=True, slots=True)
class Cache:
    """How long clients live on a DNSKEY RRset, good or bad."""

    swap: str = _choice("bypass", "what a refresh does to the cached RRset", "flush", "replace", "renew")
    ttl_cap: Seconds | None = _duration(None, "longest time an RRset is cached", none="none")
    ttl_floor: Seconds = _duration(0, "shortest time an RRset is cached")
    negative: Seconds = _duration(0, "how long a set that does not verify is remembered")
    negative_clock: str = _choice("none", "which clock ends that memory: by none a set clock does", "wall")
    burst: int = _count(1, "DNSKEY queries for each failed attempt", low=1)


@dataclass(frozen=True, slots=True)
class Persistence:
    """What happens to the state when it cannot be kept."""

    unwritable_start: str = _choice("runs", "start with a state directory that cannot be written", "exit")
    unwritable: str = _choice("memory", "a write that fails", "exit", "crash", "rollback", "keep")


@dataclass(frozen=True, slots=True)
class Signals:
    """What a resolver tells about its anchors."""

    key_tag_query: str = _choice("none", "when the RFC 8145 key tag query is sent", "prime", "daily")
    key_tag_memory: Seconds = _duration(0, "for how long the denial of one answers the next (RFC 8198)")
    key_tag_states: str = _choice("trusted", "which keys it lists", "valid")
    sentinel: str = _choice("no", "does it answer RFC 8509 sentinel queries", "yes", "inverted")


GROUPS = ("durations", "trust", "schedule", "cache", "persistence", "signals")


@dataclass(frozen=True, slots=True)
class ResolverPolicy:
    """One resolver's behaviour: rows that override the RFC's table, and the six groups of knobs."""

    overrides: tuple[Row, ...] = ()
    durations: Durations = Durations()
    trust: Trust = Trust()
    schedule: Schedule = Schedule()
    cache: Cache = Cache()
    persistence: Persistence = Persistence()
    signals: Signals = Signals()
    base: str = "rfc"
    """`rfc`, or `none` for a resolver that never changes its anchors by itself."""
    table: Table = field(init=False, repr=False, compare=False)
    """The compiled table: the rows to try for every (state, event)."""

    def __post_init__(self) -> None:
        """Compile the table once; it is looked up at every event."""
        base = RFC_TABLE if self.base == "rfc" else ()
        object.__setattr__(self, "table", compile_table(self.overrides, base))

    def override(self, knobs: dict[str, Any]) -> ResolverPolicy:
        """Return the policy with some knobs changed, named as in scenario files. Raises PolicyError."""
        changed: dict[str, dict[str, Any]] = {}
        policy = self
        for name, value in knobs.items():
            if name == "rows":
                policy = policy.with_rows(value)
                continue
            group, attribute = _find(name)
            changed.setdefault(group, {})[attribute] = _read(name, value)
        return replace(policy, **{g: replace(getattr(policy, g), **kv) for g, kv in changed.items()})

    def with_rows(self, text: Any) -> ResolverPolicy:
        """Return the policy with further override rows, which win over those it has."""
        if not isinstance(text, str):
            raise PolicyError("rows: give the override rows as one text, a row a line")
        try:
            extra = rows(text)
        except ValueError as problem:
            raise PolicyError(f"rows: {problem}") from None
        named = {(row.state, row.event) for row in extra}
        kept = tuple(row for row in self.overrides if (row.state, row.event) not in named)
        return replace(self, overrides=kept + extra)

    def differences(
        self, other: ResolverPolicy | None = None
    ) -> tuple[tuple[str, KnobValue, KnobValue], ...]:
        """Return (knob, value here, value there) where two policies differ; the other is the RFC's."""
        reference = other or STRICT
        found: list[tuple[str, KnobValue, KnobValue]] = []
        for knob in knobs():
            here, there = self.value(knob), reference.value(knob)
            if here != there:
                found.append((knob, here, there))
        return tuple(found)

    def value(self, knob: str) -> KnobValue:
        """Return a knob's value as a scenario file writes it."""
        group, attribute = _find(knob)
        value = getattr(getattr(self, group), attribute)
        meta = KNOBS[knob][2]
        if meta["kind"] == "duration":
            return str(meta["none"]) if value is None else format_duration(value)
        return value  # type: ignore[no-any-return]


def _collect() -> dict[str, tuple[str, str, Any]]:
    found: dict[str, tuple[str, str, Any]] = {}
    kinds = zip(GROUPS, (Durations, Trust, Schedule, Cache, Persistence, Signals), strict=True)
    for group, kind in kinds:
        for item in fields(kind):
            name = item.name.replace("_", "-")
            assert name not in found, f"two knobs are called {name}"
            found[name] = (group, item.name, item.metadata)
    return found


KNOBS = _collect()
"""Knob name -> (group, attribute, metadata with kind, doc and what it takes)."""

STRICT = ResolverPolicy()
"""RFC 5011 read strictly."""


def knobs() -> tuple[str, ...]:
    """Return the names of all knobs, in order of their groups."""
    return tuple(KNOBS)


def _find(name: str) -> tuple[str, str]:
    if name not in KNOBS:
        raise PolicyError(f"there is no knob {name!r}; the knobs are {', '.join(KNOBS)}, and rows")
    return KNOBS[name][:2]


_DELAYS = ("interval", "retry", "never", "ok", "miss", "none", "bogus", "lost")


def _read(name: str, value: Any) -> Any:
    """Read one knob's value. Raises PolicyError saying what the knob takes."""
    meta = KNOBS[name][2]
    kind = meta["kind"]
    if kind == "flag" and isinstance(value, bool):
        return value
    number = kind == "count" and isinstance(value, int) and not isinstance(value, bool)
    if number and meta["low"] <= value <= meta["high"]:
        return value
    if kind == "choice" and value in meta["choices"]:
        return value
    if kind == "duration" and meta["none"] and value == meta["none"]:
        return None
    if kind == "delay" and (value in _DELAYS or _seconds(value) > 0):
        return value
    if kind == "duration" and _seconds(value) >= meta["low"]:
        return _seconds(value)
    raise PolicyError(f"{name} takes {_takes(meta)}, not {value!r}")


def _seconds(value: Any) -> Seconds:
    """Read a duration; -1 for what is none."""
    try:
        return parse_duration(value) if isinstance(value, str) else -1
    except ValueError:
        return -1


def _takes(meta: Any) -> str:
    longer = " longer than zero" if meta.get("low") else ""
    words = {
        "flag": "true or false",
        "count": f"a whole number from {meta.get('low')} to {meta.get('high')}",
        "choice": "one of " + ", ".join(meta.get("choices", ())),
        "duration": f"an ISO 8601 duration{longer} such as P30D"
        + (f" or {meta.get('none')}" if meta.get("none") else ""),
        "delay": "an ISO 8601 duration longer than zero or one of " + ", ".join(_DELAYS),
    }
    return words[str(meta["kind"])]
