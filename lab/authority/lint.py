"""Find what is risky in a timeline that can be served: gaps, short waits, big answers, guessed hours.

An impossible timeline raises TimelineError when it is made; what is only unwise is reported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..clock import Instant, format_instant
from . import intervals
from .slots import root_key_bits
from .timeline import KeySet, Step, Timeline

SIGNATURE_GAP = "signature-gap"
ADD_WAIT = "add-wait"
REMOVE_WAIT = "remove-wait"
RESPONSE_SIZE = "response-size"
SWITCH_HOUR = "switch-hour"

IDENTIFIERS: dict[str, str] = {
    SIGNATURE_GAP: "a DNSKEY RRset is served after its signatures expired",
    ADD_WAIT: "a new KSK signs alone before every RFC 5011 resolver can trust it",
    REMOVE_WAIT: "a revoked KSK leaves before every RFC 5011 resolver has seen the revocation",
    RESPONSE_SIZE: "the DNSKEY response does not fit into a small UDP datagram",
    SWITCH_HOUR: "the hour at which a changed DNSKEY RRset goes out is not known",
}
"""What each identifier of a warning means."""

UDP_LIMITS = (1232, 1280)
"""Octets beyond which answers fail somewhere: IPv6's minimum MTU less headers, and whole (facts.md 2.5)."""


class TimelineWarning(NamedTuple):
    """Name one risk: its identifier (see IDENTIFIERS), when it begins, and one line of explanation."""

    identifier: str
    at: Instant
    message: str


class FieldSizes(NamedTuple):
    """Hold the octets of a key's public key field and of a signature by it."""

    public_key: int
    signature: int


def root_field_sizes(name: str) -> FieldSizes:
    """Return the field sizes of a root key by its name: RSA-2048, but RSA-1024 for ZSKs before 2016Q4."""
    if root_key_bits(name) == 1024:
        return FieldSizes(intervals.RSA_1024_KEY, intervals.RSA_1024_SIGNATURE)
    return FieldSizes(intervals.RSA_2048_KEY, intervals.RSA_2048_SIGNATURE)


def response_size(keys: KeySet, sizes: Callable[[str], FieldSizes] = root_field_sizes) -> int:
    """Return the octets of the root's DNSKEY response for a key set; `sizes` says how big the keys are."""
    return intervals.dnskey_response_size(
        (sizes(name).public_key for name in keys.published),
        (sizes(name).signature for name in keys.dnskey_signers),
    )


def lint(
    timeline: Timeline, sizes: Callable[[str], FieldSizes] = root_field_sizes
) -> tuple[TimelineWarning, ...]:
    """Return the warnings about a timeline, ascending by instant, then in the order of IDENTIFIERS."""
    found = (
        *_signature_gaps(timeline),
        *_short_add_waits(timeline),
        *_short_remove_waits(timeline),
        *_big_responses(timeline, sizes),
        *_assumed_hours(timeline),
    )
    return tuple(sorted(found, key=lambda warning: warning.at))


def safe_to_sign_alone(timeline: Timeline, name: str) -> Instant | None:
    """Return addWallClockTime of a KSK published by this timeline, or None if it is never added.

    Signatures that the timeline does not show, such as those of a leaked back-out file, are not counted.
    Source: draft-ietf-dnsop-rfc5011-security-considerations-13, addWallClockTime (facts.md 7.4).
    """
    first = next((i for i, step in enumerate(timeline.steps) if name in step.keys.ksks), 0)
    without = timeline.steps[:first]
    if not without:
        return None
    validity = max(step.expiration - step.inception for step in without)
    last = max(step.expiration for step in without)
    return intervals.add_wall_clock_time(last, timeline.dnskey_ttl, validity)


def safe_to_remove(timeline: Timeline, name: str) -> Instant | None:
    """Return remWallClockTime of a KSK revoked by this timeline, or None if it is never revoked.

    Source: draft-ietf-dnsop-rfc5011-security-considerations-13, remWallClockTime (facts.md 7.4).
    """
    if not any(name in step.keys.revoked for step in timeline.steps):
        return None
    unrevoked = [step for step in timeline.steps if name in step.keys.ksks and name not in step.keys.revoked]
    if not unrevoked:
        return None
    validity = max(step.expiration - step.inception for step in unrevoked)
    last = max(step.expiration for step in unrevoked)
    return intervals.rem_wall_clock_time(last, timeline.dnskey_ttl, validity)


def _changes(timeline: Timeline) -> Iterator[tuple[Step, Step]]:
    """Yield every step but the first, after the one before it."""
    yield from zip(timeline.steps, timeline.steps[1:], strict=False)


def _signature_gaps(timeline: Timeline) -> Iterator[TimelineWarning]:
    """Find RRsets that stay in service when their signatures have expired."""
    for step, following in _changes(timeline):
        if following.at > step.expiration + 1:
            message = (
                f"signatures expired at {format_instant(step.expiration)}, and the next step is served from"
            )
            yield TimelineWarning(
                SIGNATURE_GAP, step.expiration + 1, f"{message} {format_instant(following.at)}"
            )


def _short_add_waits(timeline: Timeline) -> Iterator[TimelineWarning]:
    """Find where every trusted signer is replaced and none of the new ones was there long enough."""
    for before, step in _changes(timeline):
        signers = step.keys.trusted_signers
        if any(name in before.keys.trusted_signers for name in signers):
            continue
        waits = [(safe_to_sign_alone(timeline, name) or timeline.start, name) for name in signers]
        safe, name = min(waits)
        if step.at < safe:
            message = f"{name} signs alone, and addWaitTime is over only at {format_instant(safe)}"
            yield TimelineWarning(ADD_WAIT, step.at, message)


def _short_remove_waits(timeline: Timeline) -> Iterator[TimelineWarning]:
    """Find revoked keys that leave too soon."""
    for before, step in _changes(timeline):
        for name in before.keys.revoked:
            safe = safe_to_remove(timeline, name)
            if step.keys.state(name) == "absent" and safe is not None and step.at < safe:
                message = f"{name} leaves, and remWaitTime is over only at {format_instant(safe)}"
                yield TimelineWarning(REMOVE_WAIT, step.at, message)


def _big_responses(timeline: Timeline, sizes: Callable[[str], FieldSizes]) -> Iterator[TimelineWarning]:
    """Find where the response becomes another size beyond the smallest limit."""
    previous = 0
    for step in timeline.steps:
        size = response_size(step.keys, sizes)
        beyond = " and ".join(str(limit) for limit in UDP_LIMITS if size > limit)
        if beyond and size != previous:
            yield TimelineWarning(
                RESPONSE_SIZE, step.at, f"the DNSKEY response has {size} octets, over {beyond}"
            )
        previous = size


def _assumed_hours(timeline: Timeline) -> Iterator[TimelineWarning]:
    """Find changes of the DNSKEY RRset's keys of which only the day is known."""
    for before, step in _changes(timeline):
        if step.assumed and step.keys != before.keys:
            message = f"the hour is assumed; the DNSKEY RRset changes on that day ({step.slot or 'no slot'})"
            yield TimelineWarning(SWITCH_HOUR, step.at, message)
