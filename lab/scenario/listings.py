"""Say what root-anchors.xml lists, key by key, where nobody says otherwise (RFC 9718 section 2).

A key is listed from its real validFrom, or from its publication if that is earlier or the key is not real,
until the midnight before its revocation, as KSK-2010 is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..authority.timeline import Timeline
from ..clock import DAY, Instant, parse_instant
from .spec import XmlListing

_LISTED_FROM: Final = {
    name: parse_instant(day)
    for name, day in (("ksk-2010", "2010-07-15"), ("ksk-2017", "2017-02-02"), ("ksk-2024", "2024-07-18"))
}
"""validFrom of the real keys in root-anchors.xml (facts.md 8.4)."""


def first_published(timeline: Timeline, name: str) -> Instant | None:
    """Return when a KSK is first in the zone, or None if it never is."""
    return next((step.at for step in timeline.steps if name in step.keys.ksks), None)


def first_revoked(timeline: Timeline, name: str) -> Instant | None:
    """Return the midnight before a KSK is revoked, or None if it never is."""
    return next((step.at - step.at % DAY for step in timeline.steps if name in step.keys.revoked), None)


def default_listing(timeline: Timeline, name: str) -> XmlListing:
    """Return how a key is listed."""
    known = (_LISTED_FROM.get(name), first_published(timeline, name))
    earliest = min((at for at in known if at is not None), default=timeline.start)
    return XmlListing(name, earliest, first_revoked(timeline, name))


def default_listings(timeline: Timeline) -> tuple[XmlListing, ...]:
    """Return how each KSK of a timeline is listed, in the order in which they appear."""
    names = dict.fromkeys(name for step in timeline.steps for name in step.keys.ksks)
    return tuple(default_listing(timeline, name) for name in names)


def relisted(listings: Iterable[XmlListing], before: Timeline, after: Timeline) -> tuple[XmlListing, ...]:
    """Return listings made under one timeline as they are under another, keys new in it included.

    What was not the default stays: a file said so.
    """
    known = {listing.key: listing for listing in listings}
    names = (*known, *(one.key for one in default_listings(after) if one.key not in known))
    return tuple(
        known[name]
        if name in known and known[name] != default_listing(before, name)
        else default_listing(after, name)
        for name in names
    )
