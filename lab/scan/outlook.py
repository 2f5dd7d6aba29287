"""Say until when anchors work: two days after the last key among them has ceased to sign.

A cached DNSKEY RRset outlives the roll by its TTL, 48 hours at the root. Revocation changes nothing here: it
comes after the roll, when the key has ceased to sign already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..authority.timeline import Timeline
from ..clock import Instant
from .material import TAGS
from .stream import Finding

HISTORY = ("2018-actual", "2026-planned")
"""The scenarios that are asked unless another one is named: what happened, and the plan."""

Ends: TypeAlias = Mapping[int, Instant | None]
"""By key tag: until when a validator that trusts this key alone works; None if no end is known."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A finding with the instant until which it works, None if no end is known."""

    finding: Finding
    works_until: Instant | None

    def dies_before(self, at: Instant) -> bool:
        """Tell whether it has ceased to work at an instant."""
        return self.works_until is not None and self.works_until < at


def ends(timelines: Sequence[Timeline]) -> Ends:
    """Return the end of every key that the timelines name; a later one overrides those before it.

    A key that signs when its timeline ends has no known end, and neither has one that has yet to sign.
    """
    found: dict[int, Instant | None] = {}
    for timeline in timelines:
        for name, tag in TAGS.items():
            if any(name in step.keys.published for step in timeline.steps):
                found[tag] = _end(timeline, name)
    return found


def _end(timeline: Timeline, name: str) -> Instant | None:
    """Return when a key is of no use any more: the TTL of the DNSKEY RRset after it last signed unrevoked."""
    last = None
    for step, following in zip(timeline.steps, timeline.steps[1:], strict=False):
        if name in step.keys.trusted_signers and name not in following.keys.trusted_signers:
            last = following.at
    if last is None or name in timeline.steps[-1].keys.trusted_signers:
        return None
    return last + timeline.dnskey_ttl


def dated(findings: Sequence[Finding], known: Ends) -> tuple[Dated, ...]:
    """Return the findings with their ends: that of the longest-lived key of each."""
    return tuple(Dated(finding, _latest(finding.keys, known)) for finding in findings)


def _latest(tags: Sequence[int], known: Ends) -> Instant | None:
    instants = [known.get(tag) for tag in tags]
    if any(instant is None for instant in instants):
        return None
    return max(instant for instant in instants if instant is not None)
