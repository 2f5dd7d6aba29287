"""What a run sees, as values: a run is an append-only stream of these, and every verdict is a fold over it.

Models and real daemons produce the same types. Each value turns into one JSON object and back, so a stored
record can be judged again; the order of a stream is the order in which the engine met the events.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from .clock import Instant, format_instant, parse_instant

OUTCOMES = ("secure", "insecure", "unvalidated", "bogus", "down")
"""What a client sees at an instant, best first; the worst over a run is a subject's `outcome`."""


def worst(outcomes: list[str]) -> str | None:
    """Return the worst of some outcomes (down > bogus > unvalidated > insecure > secure), or None of none."""
    return max(outcomes, key=OUTCOMES.index, default=None)


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing seen at one instant. `subject` is empty where it concerns the authority."""

    kind: ClassVar[str] = ""
    at: Instant
    subject: str


@dataclass(frozen=True, slots=True)
class ZoneChange(Observation):
    """The authority began to serve another key set: names of keys by role, sizes in octets."""

    kind: ClassVar[str] = "zone-change"
    ksks: tuple[str, ...]
    zsks: tuple[str, ...]
    revoked: tuple[str, ...]
    signers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Started(Observation):
    """A subject began to run: `first`, `restart` (state kept) or `reset` (state lost)."""

    kind: ClassVar[str] = "started"
    how: str


@dataclass(frozen=True, slots=True)
class Stopped(Observation):
    """A subject ceased to run: `off`, `exit` (by itself, with the reason) or `crash`."""

    kind: ClassVar[str] = "stopped"
    how: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refresh(Observation):
    """A refresh of the DNSKEY RRset ended otherwise than the one before it.

    `result` is `ok`, `miss` (verified, a trusted key absent), `none` (no answer), `bogus`, `lost` or `blind`.
    """

    kind: ClassVar[str] = "refresh"
    result: str
    signers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Transition(Observation):
    """A key changed its RFC 5011 state (Start, AddPend, Valid, Missing, Revoked, Removed).

    `key` is a stable label, `key_tag` the tag with the REVOKE bit clear, `wire_tag` the one on the wire.
    """

    kind: ClassVar[str] = "transition"
    key: str
    key_tag: int
    wire_tag: int
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Outcome(Observation):
    """What a client asking for a new name in the signed child sees from this instant on.

    `unsigned` is the same for the unsigned child; `cause` a stable identifier or empty; `ede` an RFC 8914
    code.
    """

    kind: ClassVar[str] = "outcome"
    outcome: str
    unsigned: str
    cause: str
    ede: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Signal(Observation):
    """A subject began to send another RFC 8145 key tag query than before (`_ta-4a5c-4f66.`)."""

    kind: ClassVar[str] = "signal"
    name: str


@dataclass(frozen=True, slots=True)
class Sentinel(Observation):
    """A subject that answers RFC 8509 sentinel queries began to answer them otherwise.

    `is_ta` are the key tags, of those the authority ever has, for which the name
    `root-key-sentinel-is-ta-NNNNN` in the signed child gets its answer; the others get SERVFAIL.
    """

    kind: ClassVar[str] = "sentinel"
    is_ta: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Anchor(Observation):
    """The state of one key at the end of the run, `since` an instant; the last observations of a record."""

    kind: ClassVar[str] = "anchor"
    key: str
    key_tag: int
    state: str
    since: Instant


@dataclass(frozen=True, slots=True)
class Gap(Observation):
    """The authority has no data from here until `until`: what happens in between is not evidence."""

    kind: ClassVar[str] = "gap"
    until: Instant


@dataclass(frozen=True, slots=True)
class Looked(Observation):
    """A subject that is watched at steps was here last seen as before, and otherwise `until` later.

    The change, of its `outcome`, a `transition` or a `signal`, came after this instant and not after `until`.
    """

    kind: ClassVar[str] = "looked"
    of: str
    until: Instant


@dataclass(frozen=True, slots=True)
class NoEvidence(Observation):
    """Nothing seen of a subject counts, from the start of the run on: its clock is not the lab's, say."""

    kind: ClassVar[str] = "no-evidence"
    reason: str


KINDS: dict[str, type[Observation]] = {
    cls.kind: cls
    for cls in (
        ZoneChange, Started, Stopped, Refresh, Transition, Outcome, Signal, Sentinel, Anchor, Gap, Looked,
        NoEvidence,
    )
}  # fmt: skip
WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("started", "how"): ("first", "restart", "reset"),
    ("stopped", "how"): ("off", "exit", "crash"),
    ("refresh", "result"): ("ok", "miss", "none", "bogus", "lost", "blind"),
    ("looked", "of"): ("outcome", "transition", "signal"),
    ("outcome", "outcome"): OUTCOMES,
    ("outcome", "unsigned"): OUTCOMES,
}
"""(kind, field) -> the words it may hold."""
_INSTANTS = ("at", "since", "until")


def to_json(observation: Observation) -> dict[str, Any]:
    """Return the observation as JSON values: `kind` first, instants in RFC 3339, tuples as lists."""
    row: dict[str, Any] = {"kind": observation.kind}
    for field in fields(observation):
        value = getattr(observation, field.name)
        if field.name in _INSTANTS:
            value = format_instant(value)
        row[field.name] = list(value) if isinstance(value, tuple) else value
    return row


def from_json(row: dict[str, Any]) -> Observation:
    """Read back what `to_json` wrote. Raises ValueError or KeyError on anything else."""
    cls = KINDS[row["kind"]]
    values: dict[str, Any] = {}
    for field in fields(cls):
        value, wanted = row[field.name], str(field.type)
        if wanted == "Instant":
            value = parse_instant(value) if isinstance(value, str) else None
        elif wanted.startswith("tuple") and isinstance(value, list):
            value = tuple(value)
        if not _fits(value, wanted):
            raise ValueError(f"{field.name} is not what a {cls.kind} has there")
        choices = WORDS.get((cls.kind, field.name))
        if choices is not None and value not in choices:
            raise ValueError(f"{field.name} is none of {', '.join(choices)}")
        values[field.name] = value
    return cls(**values)


def _fits(value: Any, wanted: str) -> bool:
    """Tell whether a value has the type a field is annotated with; text must be printable."""
    if wanted == "str":
        return isinstance(value, str) and (value.isprintable() or not value)
    if wanted.startswith("tuple"):
        inner = wanted.removeprefix("tuple[").split(",")[0]
        return isinstance(value, tuple) and all(_fits(item, inner) for item in value)
    if value is None:
        return wanted.endswith("None")
    return isinstance(value, int) and not isinstance(value, bool)
