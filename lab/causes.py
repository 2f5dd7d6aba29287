"""Why a resolver fails: stable identifiers, each explained, with the section it follows from."""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """One cause: a sentence for people, and where the rule behind it stands."""

    sentence: str
    cites: str


CAUSES: dict[str, Cause] = {
    "anchor-missing": Cause(
        "the key that signs was never learnt: no verified DNSKEY RRset with it was seen in time",
        "RFC 5011 section 2.4.1",
    ),
    "hold-down-unfinished": Cause(
        "the key that signs is known, but its add hold-down is not over", "RFC 5011 section 2.4.1"
    ),
    "static-anchor": Cause(
        "the configured anchors never change, and the key that signs is not among them", "RFC 5011 section 1"
    ),
    "feed-out-of-date": Cause(
        "the anchors come from root-anchors.xml, which does not list the key that signs",
        "RFC 9718 section 2",
    ),
    "new-key-not-stored": Cause("this version sees new keys but does not store them", "RFC 5011 section 4.1"),
    "state-not-persisted": Cause(
        "what had been learnt was lost at a restart, and the hold-down began anew", "RFC 5011 section 2.4.1"
    ),
    "state-unwritable": Cause("the state could not be written", "RFC 5011 section 2.4.1"),
    "clock-skew": Cause(
        "the resolver's clock is wrong, so it takes valid signatures for expired or not yet valid",
        "RFC 4035 section 5.3.1",
    ),
    "udp-size": Cause(
        "the DNSKEY response does not fit the UDP size, and TCP is not to be had", "RFC 6891 section 6.2.5"
    ),
    "root-unreachable": Cause(
        "no answer came from the root, and what was cached of it is gone", "RFC 5011 section 2.3"
    ),
    "no-dnskey": Cause("the root's answer holds no DNSKEY RRset", "RFC 4035 section 5.2"),
    "unsigned": Cause("the DNSKEY RRset came without signatures", "RFC 4035 section 5.3.1"),
    "signature-expired": Cause(
        "no signature of the DNSKEY RRset is valid at this time", "RFC 4035 section 5.3.1"
    ),
    "bad-signature": Cause(
        "a trusted key is named as signer, but its signature does not verify", "RFC 4035 section 5.3.3"
    ),
    "zsk-missing": Cause(
        "zone data is signed by a key that the cached DNSKEY RRset does not hold", "RFC 6781 section 4.1.1"
    ),
    "anchor-revoked": Cause("the key that signs was revoked", "RFC 5011 section 2.1"),
    "all-anchors-revoked": Cause(
        "every trust anchor was revoked, so the zone is treated as if it had none", "RFC 5011 section 5"
    ),
    "no-anchor": Cause("there is no trust anchor to start from", "RFC 5011 section 2.2"),
    "crashed": Cause("the resolver ended by itself", "RFC 5011 section 6"),
}
"""Every cause by its identifier; a new one is one entry here and one place in `resolver.diagnose`."""


def explanation(identifier: str) -> str:
    """Return a cause as a sentence with its citation; empty for no cause."""
    cause = CAUSES.get(identifier)
    return f"{cause.sentence} ({cause.cites})" if cause else identifier
