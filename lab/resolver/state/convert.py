"""Carry a state from one format into another, and say in words what is lost on the way."""

from __future__ import annotations

from dataclasses import dataclass

from ...dnssec.keys import DS
from .formats import Format
from .vocabulary import Entry, TrustState

_FIELDS = {
    "sightings": "how often a pending key was seen",
    "ttl": "the TTL",
    "refresh": "when the key is looked at next",
    "accepted": "when a revoked key had become trusted",
    "valid_from": "from when the anchor is valid",
    "valid_until": "until when the anchor is valid",
    "identifier": "the identifier",
    "ds": "the digest beside the key",
}
"""Fields of an entry that a format has or has not, in the words of a loss."""
_STATE_FIELDS = {
    "last_queried": "when the DNSKEY RRset was last asked for",
    "last_success": "last verified",
    "next_probe_time": "is asked for next",
    "query_failed": "how often it failed since",
    "query_interval": "the refresh interval",
    "retry_time": "the retry time",
    "serial": "the serial number",
    "identifier": "the identifier of the anchor list",
    "source": "the source of the anchor list",
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """A state as another format holds it, and the losses as sentences without capital or full stop."""

    state: TrustState
    losses: tuple[str, ...]


def convert(state: TrustState, source: Format, target: Format) -> Conversion:
    """Return what a format holds of a state read from another, and what it does not.

    Keys keep the order in which they were met, whichever end of the file that begins at.
    """
    if source.newest_first is not target.newest_first:
        state = state.turned()
    held = target.held(state)
    return Conversion(held, losses(state, held))


def losses(state: TrustState, held: TrustState) -> tuple[str, ...]:
    """Compare a state with what a format holds of it, key by key.

    A time is lost only if neither the beginning of a state nor the end of its timer is left; turning one
    into the other takes hold-downs of 30 days.
    """
    found: list[str] = []
    left = {_name(entry): entry for entry in held.entries}
    unsaid: dict[str, list[str]] = {}
    for entry in state.entries:
        tag = str(entry.anchor.key_tag)
        kept = left.get(_name(entry))
        if kept is None:
            found.append(f"key {tag} ({_what(entry)}) is left out")
            continue
        if kept.state is not entry.state:
            found.append(f"key {tag} is {kept.state.value} instead of {entry.state.value}")
        for field, words in _unsaid(entry, kept):
            unsaid.setdefault(f"{field}: {words}", []).append(tag)
    for loss, tags in unsaid.items():
        found.append(f"{loss.partition(': ')[2]} (key {', '.join(tags)})")
    if state.deleted and not held.deleted:
        found.append("that all anchors were revoked and the zone counts as insecure")
    noted = [w for field, w in _STATE_FIELDS.items() if getattr(state, field) and not getattr(held, field)]
    if noted:
        found.append(f"the bookkeeping: {', '.join(noted)}")
    return tuple(found)


def _name(entry: Entry) -> tuple[int, bytes]:
    """Return what an entry is found by in another format: the digest beside a key counts for nothing."""
    anchor = entry.anchor
    return (-1, anchor.rdata) if isinstance(anchor, DS) else anchor.identity


def _what(entry: Entry) -> str:
    kind = "a DS" if isinstance(entry.anchor, DS) else "a DNSKEY"
    return f"{kind}, {entry.state.value}{f', {entry.note}' if entry.note else ''}"


def _unsaid(entry: Entry, kept: Entry) -> list[tuple[str, str]]:
    lost = [
        (name, words) for name, words in _FIELDS.items() if getattr(entry, name) and not getattr(kept, name)
    ]
    if (entry.since or entry.until) and not (kept.since or kept.until):
        lost.append(("since", "since when it is in its state"))
    if entry.is_confirmed and not kept.is_confirmed:
        lost.append(("confirmed", "that a verified DNSKEY RRset confirmed it"))
    return lost
