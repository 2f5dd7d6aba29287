"""Name the cause of a daemon's failure, from what it tells of its keys and what the lab did to it.

A model is asked what it holds (`resolver.diagnose`); a daemon says only that it fails. The identifiers are
the same, and so is the order in which they are tried.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..resolver.rfc5011 import State


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known when a daemon fails.

    `signers` are the states of the unrevoked keys that sign the DNSKEY RRset now, None for a key the daemon
    does not know; `states` those of all keys it tells of. `cramped`: large responses or TCP do not reach it.
    """

    outcome: str
    signers: tuple[State | None, ...]
    states: tuple[State, ...]
    dark: bool
    cramped: bool
    skewed: bool
    stuck: bool
    resets: int
    managed: bool


def cause_of(seen: Circumstances) -> str:
    """Return the identifier of the most likely cause (see `lab.causes`)."""
    trusted = any(state in (State.VALID, State.MISSING) for state in seen.states)
    if seen.outcome == "insecure" and not trusted:
        return "all-anchors-revoked"
    if seen.dark:
        return "root-unreachable"
    if any(state in (State.VALID, State.MISSING) for state in seen.signers):
        return "clock-skew" if seen.skewed else "udp-size" if seen.cramped else "bad-signature"
    if seen.managed and not trusted:
        return "all-anchors-revoked" if State.REVOKED in seen.states else "no-anchor"
    if State.ADD_PEND in seen.signers:
        return (
            "state-unwritable" if seen.stuck
            else "state-not-persisted" if seen.resets else "hold-down-unfinished"
        )  # fmt: skip
    if State.REVOKED in seen.signers or State.REMOVED in seen.signers:
        return "anchor-revoked"
    if seen.stuck:
        return "state-unwritable"
    if not seen.managed:
        return "static-anchor"
    return "state-not-persisted" if seen.resets else "anchor-missing"
