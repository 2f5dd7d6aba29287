"""Validate an answer from a signed child of the root, and one from an unsigned child.

This is what tells secure, insecure, bogus and unvalidated apart: a name never asked before is looked up, so
DS and DNSKEY of the child come fresh. The chain is RFC 4035 section 5: the root's DNSKEY RRset, DS, DNSKEY,
answer; for the unsigned child the NSEC that proves there is no DS (section 5.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..clock import Instant
from ..dnssec.codec import MalformedMessage, Message, parse_message, rrsets_of
from ..dnssec.keys import DS, Key
from ..dnssec.names import MalformedRdata
from ..dnssec.rrset import SignedRRset
from ..dnssec.rrtypes import DNSKEY, NS, NSEC, A
from ..dnssec.rrtypes import DS as DS_TYPE
from .client import FAR
from .fetch import Exchange, Path, ask
from .policy import Trust
from .validator import SHARED_MEMO, DnskeySet, edges, window

NEW_LABEL = b"\x08new-name"
"""A label under which nothing is cached, as models keep no answers."""


@dataclass(frozen=True, slots=True)
class ChildView:
    """What the two children look like through a DNSKEY RRset of the root: `secure`, `insecure` or `bogus`.

    `zsk_missing` tells that the root's zone data is signed by a key the RRset does not hold; `until` is the
    true instant up to which the signatures seen stay as valid (or invalid) as they are.
    """

    signed: str
    unsigned: str
    zsk_missing: bool
    until: Instant


def view_children(
    dnskeys: DnskeySet,
    names: tuple[bytes, bytes],
    exchange: Exchange,
    now: Instant,
    offset: int,
    path: Path,
    trust: Trust,
) -> ChildView | None:
    """Look up a new name in both children, signed and unsigned (`names`); None without an answer."""
    look = _Chain(exchange, now, offset, path, trust)
    signed, unsigned = names
    root_keys = tuple(key for key in dnskeys.keys if key.is_zone_key and not key.is_revoked)
    above = look.message(signed, DS_TYPE)
    proof = look.message(unsigned, DS_TYPE)
    if above is None or proof is None:
        return None
    secure = look.signed_child(signed, above, root_keys)
    insecure = look.no_ds(unsigned, proof, root_keys) and look.message(NEW_LABEL + unsigned, A) is not None
    return ChildView(
        "secure" if secure else "bogus", "insecure" if insecure else "bogus", look.zsk_missing, look.until
    )


class _Chain:
    """One walk down a chain of trust; remembers when its signatures begin and cease to be valid."""

    def __init__(self, exchange: Exchange, now: Instant, offset: int, path: Path, trust: Trust) -> None:
        self.exchange, self.now, self.offset, self.path, self.trust = exchange, now, offset, path, trust
        self.local = now + offset
        self.until: Instant = FAR
        self.zsk_missing = False

    def message(self, owner: bytes, qtype: int) -> Message | None:
        """Return the parsed response to a question, None if none came or it cannot be read."""
        wire, _ = ask(self.exchange, owner, qtype, self.now, self.path)
        if wire is None:
            return None
        try:
            return parse_message(wire)
        except MalformedMessage:
            return None

    def signed_child(self, owner: bytes, above: Message, root_keys: tuple[Key, ...]) -> bool:
        """Tell whether a new name in the signed child validates."""
        ds = _find(above.answer, owner, DS_TYPE)
        if ds is None or not self.verified(ds, root_keys, of_root=True):
            return False
        below, answer = self.message(owner, DNSKEY), self.message(NEW_LABEL + owner, A)
        child = None if below is None else _find(below.answer, owner, DNSKEY)
        if child is None or answer is None:
            return False
        try:
            keys = tuple(Key.from_rdata(rdata) for rdata in child.rrset.rdatas)
            anchors = [DS.from_rdata(rdata) for rdata in ds.rrset.rdatas]
        except MalformedRdata:
            return False
        entry = tuple(key for key in keys if any(anchor.matches(owner, key) for anchor in anchors))
        wanted = _find(answer.answer, NEW_LABEL + owner, A)
        return self.verified(child, entry) and wanted is not None and self.verified(wanted, keys)

    def no_ds(self, owner: bytes, proof: Message, root_keys: tuple[Key, ...]) -> bool:
        """Tell whether the response proves an unsigned delegation: NSEC at the owner, NS and no DS."""
        nsec = _find(proof.authority, owner, NSEC)
        if nsec is None or not self.verified(nsec, root_keys, of_root=True):
            return False
        types = _nsec_types(nsec.rrset.rdatas[0])
        return NS in types and DS_TYPE not in types

    def verified(self, signed: SignedRRset, keys: Iterable[Key], *, of_root: bool = False) -> bool:
        """Tell whether one of the keys verifies an RRset at this instant."""
        keys = tuple(keys)
        found = False
        for rrsig in signed.rrsigs:
            candidates = [key for key in keys if key.tag == rrsig.key_tag]
            self.zsk_missing |= of_root and not candidates
            for wait in edges(rrsig, self.trust, self.local):
                self.until = min(self.until, self.now + wait)
            if window(rrsig, self.trust, self.local):
                found |= any(SHARED_MEMO.verify(signed.rrset, rrsig, key) for key in candidates)
        return found


def _find(section: Iterable[object], owner: bytes, rrtype: int) -> SignedRRset | None:
    try:
        for signed in rrsets_of(section):  # type: ignore[arg-type]
            if signed.rrset.owner == owner and signed.rrset.rrtype == rrtype:
                return signed
    except MalformedRdata:
        pass
    return None


def _nsec_types(rdata: bytes) -> tuple[int, ...]:
    """Return the types in an NSEC's bitmap (RFC 4034 section 4.1.2); the next name is uncompressed."""
    at = 0
    while at < len(rdata) and rdata[at]:
        at += 1 + rdata[at]
    at += 1
    types: list[int] = []
    while at + 2 <= len(rdata):
        block, size = rdata[at], rdata[at + 1]
        for place, octet in enumerate(rdata[at + 2 : at + 2 + size]):
            types += [block * 256 + place * 8 + bit for bit in range(8) if octet & 0x80 >> bit]
        at += 2 + size
    return tuple(types)
