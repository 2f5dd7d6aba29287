"""The authority as a pure step function of time: `Timeline: Instant -> KeySet`.

Keys are names here, never key material, so that a delay, a back-out or an emergency roll is arithmetic on
small values (operators.py), and a timeline of eleven years is a few hundred steps.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from ..clock import Instant, Seconds, format_instant
from ..errors import TimelineError

KeyState: TypeAlias = Literal["absent", "published", "signing", "revoked"]
EventKind: TypeAlias = Literal["publish", "sign", "retire", "revoke", "remove"]

ROOT_DNSKEY_TTL: Seconds = 172800
"""The TTL of the root's DNSKEY RRset since it was first signed, in seconds (facts.md 2.1)."""

_SERIAL_LIMIT = 2**32
"""RRSIG times are 32 bits wide (RFC 4034 section 3.1.5)."""

_VALIDITY_LIMIT = 2**31
"""Beyond this, serial number arithmetic cannot order inception and expiration (RFC 4034 section 3.1.5)."""

_EVENTS: dict[tuple[KeyState, KeyState], tuple[EventKind, ...]] = {
    ("absent", "published"): ("publish",),
    ("absent", "signing"): ("publish", "sign"),
    ("absent", "revoked"): ("revoke",),
    ("published", "absent"): ("remove",),
    ("published", "signing"): ("sign",),
    ("published", "revoked"): ("revoke",),
    ("signing", "absent"): ("retire", "remove"),
    ("signing", "published"): ("retire",),
    ("signing", "revoked"): ("retire", "revoke"),
    ("revoked", "absent"): ("remove",),
    ("revoked", "published"): ("publish",),
    ("revoked", "signing"): ("publish", "sign"),
}
"""What a change of one key's state is called; the order is that in which the parts are reported."""


@dataclass(frozen=True, slots=True, order=True)
class SlotId:
    """Name one of the nine slots ("bundles") of a quarter: year, quarter 1 to 4, number 1 to 9."""

    year: int
    quarter: int
    number: int

    def __post_init__(self) -> None:
        """Refuse a slot that no quarter has."""
        if not (1 <= self.quarter <= 4 and 1 <= self.number <= 9):
            raise TimelineError(
                f"no such slot: year {self.year}, quarter {self.quarter}, number {self.number}",
                remedy="quarters run from 1 to 4, slots from 1 to 9",
            )

    def __str__(self) -> str:
        """Write the slot as `2018Q4/2`."""
        return f"{self.year}Q{self.quarter}/{self.number}"


@dataclass(frozen=True, slots=True)
class KeySet:
    """Say which keys are published, which of them carry the REVOKE bit, and who signs what.

    `revoked` is a part of `ksks`: the same key, published with flags 385 (RFC 5011 section 2.1).
    `zone_signers` may be empty: a ceremony file does not say who signs the rest of the zone. A key that is
    not published may sign the zone beside one that is: signatures come before keys in a conservative
    algorithm roll (RFC 6781 section 4.1.4).
    """

    ksks: tuple[str, ...]
    zsks: tuple[str, ...]
    revoked: tuple[str, ...]
    dnskey_signers: tuple[str, ...]
    zone_signers: tuple[str, ...]

    @property
    def published(self) -> tuple[str, ...]:
        """Return all keys of the DNSKEY RRset, KSKs first."""
        return self.ksks + self.zsks

    @property
    def trusted_signers(self) -> tuple[str, ...]:
        """Return the signers of the DNSKEY RRset that are not revoked: those that can validate it."""
        return tuple(name for name in self.dnskey_signers if name not in self.revoked)

    def state(self, name: str) -> KeyState:
        """Return what this key set makes of a key; `signing` means it signs DNSKEY and is not revoked."""
        if name in self.revoked:
            return "revoked"
        if name not in self.published:
            return "absent"
        return "signing" if name in self.dnskey_signers else "published"


@dataclass(frozen=True, slots=True)
class Step:
    """Hold one version of the DNSKEY RRset: served from `at` until the next step's `at`.

    `inception` and `expiration` bound the validity of its RRSIG(DNSKEY), both ends inclusive. `slot` is None
    outside IANA's grid. `assumed` marks a step whose hour is not known (design.md section 7, `switch-hour`).
    """

    at: Instant
    keys: KeySet
    inception: Instant
    expiration: Instant
    slot: SlotId | None = None
    assumed: bool = False

    def place(self) -> str:
        """Name this step in an error: its slot, if it has one, and its instant."""
        when = format_instant(self.at) if 0 <= self.at < _SERIAL_LIMIT else f"{self.at} s"
        return f"timeline, slot {self.slot} at {when}" if self.slot else f"timeline, step at {when}"


class KskEvent(NamedTuple):
    """Name one change of one KSK: publish, sign, retire, revoke or remove."""

    at: Instant
    kind: EventKind
    name: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Map every instant from the first step on to a key set; constant between steps, for ever after the last.

    Raises TimelineError, naming the step, if it cannot be served: no steps, steps not strictly ascending, a
    signer that is not published, no signer that could validate it, an empty or missed signature window.
    """

    steps: tuple[Step, ...]
    dnskey_ttl: Seconds = ROOT_DNSKEY_TTL
    _ats: tuple[Instant, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check every step and index the instants."""
        if not self.steps:
            raise TimelineError("there are no steps", place="timeline", remedy="give at least one step")
        if not 0 <= self.dnskey_ttl < _VALIDITY_LIMIT:
            raise TimelineError(
                f"DNSKEY TTL {self.dnskey_ttl} is out of range",
                place="timeline",
                remedy="0 to 2147483647 seconds (RFC 2181 section 8)",
            )
        for step in self.steps:
            _check_window(step)
            _check_keys(step)
        for before, after in zip(self.steps, self.steps[1:], strict=False):
            if after.at <= before.at:
                raise TimelineError(
                    f"not after the step before it, {format_instant(before.at)}",
                    place=after.place(),
                    remedy="put the steps in ascending order",
                )
        object.__setattr__(self, "_ats", tuple(step.at for step in self.steps))

    @property
    def start(self) -> Instant:
        """Return the instant of the first step; nothing is served before it."""
        return self._ats[0]

    def step(self, at: Instant) -> Step:
        """Return the step in force. Raises TimelineError before the start."""
        index = bisect_right(self._ats, at)
        if not index:
            raise TimelineError(
                f"there is no zone before {format_instant(self.start)}",
                place="timeline",
                remedy="start the run later or the timeline earlier",
            )
        return self.steps[index - 1]

    def key_set(self, at: Instant) -> KeySet:
        """Return the key set in force. Raises TimelineError before the start."""
        return self.step(at).keys

    def next_change(self, after: Instant) -> Instant | None:
        """Return the instant of the first step strictly after `after`, or None after the last."""
        index = bisect_right(self._ats, after)
        return self._ats[index] if index < len(self._ats) else None

    def key_state(self, name: str, at: Instant) -> KeyState:
        """Return the state of a key at an instant; before the start every key is absent."""
        return self.key_set(at).state(name) if at >= self.start else "absent"

    def ksk_events(self) -> tuple[KskEvent, ...]:
        """Return the changes of all KSKs, ascending; what the first step brings is not a change.

        Within one step the keys come in the order of the new step, then those that left.
        """
        events: list[KskEvent] = []
        for before, after in zip(self.steps, self.steps[1:], strict=False):
            left = tuple(name for name in before.keys.ksks if name not in after.keys.ksks)
            for name in after.keys.ksks + left:
                change = (before.keys.state(name), after.keys.state(name))
                events.extend(KskEvent(after.at, kind, name) for kind in _EVENTS.get(change, ()))
        return tuple(events)


def _check_window(step: Step) -> None:
    """Refuse a step whose signatures no validator would accept at the moment it is first served."""
    if not all(0 <= instant < _SERIAL_LIMIT for instant in (step.at, step.inception, step.expiration)):
        raise TimelineError(
            "an instant is out of range",
            place=step.place(),
            remedy="RRSIG times are 32 bits wide (RFC 4034 section 3.1.5)",
        )
    if not 0 < step.expiration - step.inception < _VALIDITY_LIMIT:
        raise TimelineError(
            f"the signatures' validity {_window(step)} is empty or too long",
            place=step.place(),
            remedy="put the expiration after the inception, by less than 68 years",
        )
    if not step.inception <= step.at <= step.expiration:
        raise TimelineError(
            f"served outside its signatures' validity {_window(step)}",
            place=step.place(),
            remedy="serve it between inception and expiration",
        )


def _window(step: Step) -> str:
    return f"{format_instant(step.inception)} to {format_instant(step.expiration)}"


def _zone_keys(keys: KeySet) -> tuple[str, ...]:
    """Return the keys that may sign the zone: any, as long as one of them is published."""
    held = any(name in keys.published for name in keys.zone_signers)
    return keys.zone_signers if held else keys.published


def _check_keys(step: Step) -> None:
    """Refuse a key set that contradicts itself."""
    keys = step.keys
    for role, names, allowed in (
        ("revoked key", keys.revoked, keys.ksks),
        ("signer of the DNSKEY RRset", keys.dnskey_signers, keys.published),
        ("signer of the zone", keys.zone_signers, _zone_keys(keys)),
    ):
        for name in names:
            if name not in allowed:
                raise TimelineError(
                    f"{role} {name} is not published",
                    place=step.place(),
                    remedy=f"publish {name} in this step or drop it",
                )
    for names in (keys.published, keys.revoked, keys.dnskey_signers, keys.zone_signers):
        if len(set(names)) != len(names):
            raise TimelineError(
                f"a key is named twice: {', '.join(names)}", place=step.place(), remedy="name every key once"
            )
    if not keys.trusted_signers:
        raise TimelineError(
            "no key signs the DNSKEY RRset that is not revoked",
            place=step.place(),
            remedy="name a published key as its signer",
        )
    for name in keys.zone_signers:
        if name in keys.revoked:
            raise TimelineError(
                f"signer of the zone {name} is revoked",
                place=step.place(),
                remedy="sign the zone with another key",
            )
