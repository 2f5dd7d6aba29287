"""Name the cause of a failure, from what the resolver holds and what it was given.

The identifiers are stable; `lab.causes` explains each with the section of the RFC it comes from.
"""

from __future__ import annotations

from ..clock import Instant
from ..dnssec.keys import Key
from .client import Held
from .policy import ResolverPolicy
from .rfc5011 import Event, State, TrustPoint
from .validator import DnskeySet, key_of, window

TROUBLES = {"no-answer": "root-unreachable", "udp-size": "udp-size", "no-dnskey": "no-dnskey"}


def cause_of(
    held: Held | None,
    point: TrustPoint,
    policy: ResolverPolicy,
    now: Instant,
    *,
    skewed: bool,
    resets: int,
    stuck: bool,
) -> str:
    """Return the identifier of why a DNSKEY RRset does not verify.

    `now` is by the resolver's clock, `skewed` tells whether that clock is wrong, `resets` how often the
    state was lost so far, `stuck` whether the resolver has failed to write its state.
    """
    if held is None or held.dnskeys is None:
        return TROUBLES.get(held.trouble if held else "no-answer", "root-unreachable")
    dnskeys = held.dnskeys
    if not dnskeys.rrsigs:
        return "unsigned"
    if not any(window(rrsig, policy.trust, now) for rrsig in dnskeys.rrsigs):
        return "clock-skew" if skewed else "signature-expired"
    if not point.trusted():
        return "all-anchors-revoked" if any(c.state is State.REVOKED for c in point.cells) else "no-anchor"
    states = [_state_of(key, point, dnskeys, policy) for key in _signers(dnskeys)]
    if State.ADD_PEND in states:
        return "state-unwritable" if stuck else "state-not-persisted" if resets else "hold-down-unfinished"
    if any(state in (State.VALID, State.MISSING) for state in states):
        return "bad-signature"
    if State.REVOKED in states or State.REMOVED in states:
        return "anchor-revoked"
    if stuck:
        return "state-unwritable"
    if policy.base != "rfc":
        return "feed-out-of-date" if policy.trust.feed == "xml" else "static-anchor"
    if not policy.table[State.START, Event.SEEN]:
        return "new-key-not-stored"
    return "state-not-persisted" if resets else "anchor-missing"


def _signers(dnskeys: DnskeySet) -> tuple[Key, ...]:
    """Return the unrevoked keys of the set that its signatures name."""
    return tuple(key for key in dnskeys.keys if not key.is_revoked and key.tag in dnskeys.signer_tags)


def _state_of(key: Key, point: TrustPoint, dnskeys: DnskeySet, policy: ResolverPolicy) -> State | None:
    for cell in (*point.cells, *point.residue):
        found = key_of(cell, dnskeys, point.owner, policy.trust)
        if found is not None and found.identity == key.identity:
            return cell.state
    return None


def ede_of(cause: str) -> int:
    """Return the extended DNS error for a cause (RFC 8914 section 4)."""
    return {
        "root-unreachable": 22,
        "udp-size": 22,
        "no-dnskey": 9,
        "unsigned": 10,
        "signature-expired": 7,
        "clock-skew": 7,
        "bad-signature": 6,
    }.get(cause, 9)
