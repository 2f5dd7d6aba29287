"""What a zone is: RRsets by owner and type, some of them made for an instant, all of them signed on demand.

A zone is a table of contents, mostly fixed; what moves with time (SOA, DNSKEY, the watermark, the digest of
the zone) is a function of authority and instant. Signatures are not part of it: they are made when somebody
asks (signer.py).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

from ..clock import Instant, Seconds
from ..dnssec.codec import RR, records_of
from ..dnssec.names import canonical_order, parent
from ..dnssec.rrset import RRset, SignedRRset, make_rrset
from ..dnssec.rrtypes import DS, NS, NSEC, RRSIG
from .signer import ZoneAuthority

Content: TypeAlias = "RRset | Callable[[ZoneAuthority, Zone, Instant], RRset]"
"""An RRset, or how to make it for an instant."""
Place: TypeAlias = tuple[bytes, int]
"""An owner and a type."""

_AT_A_CUT = (NS, DS, RRSIG, NSEC)
"""The types a delegation has of its own; whatever else lies there is glue."""
_TYPE_AND_RDATA = attrgetter("rrtype", "rdata")


@dataclass(frozen=True, slots=True)
class Zone:
    """Hold a zone: contents by owner and type, glue included, NSEC included if it is `secure`.

    `owners` are all names with data, `cuts` the delegations' owners, `chain` the owners of NSEC records;
    `owners` and `chain` are in canonical order (RFC 4034 section 6.1), `order` has the sorting keys of
    `chain`. `blanks` are the names that exist only because others lie below them.
    """

    apex: bytes
    secure: bool
    nodes: Mapping[bytes, Mapping[int, Content]]
    owners: tuple[bytes, ...]
    cuts: frozenset[bytes]
    chain: tuple[bytes, ...]
    order: tuple[tuple[bytes, ...], ...]
    blanks: frozenset[bytes]

    def exists(self, name: bytes) -> bool:
        """Tell whether a name exists: with data or with names below it (RFC 4592 section 2.2.2)."""
        return name in self.nodes or name in self.blanks

    def cut(self, name: bytes) -> bytes | None:
        """Return the delegation at or above a name, the uppermost one, or None."""
        found = None
        while name != self.apex:
            if name in self.cuts:
                found = name
            name = parent(name)
        return found

    def closest_encloser(self, name: bytes) -> bytes:
        """Return the longest existing ancestor of a name in the zone (RFC 4592 section 3.3.1)."""
        while not self.exists(name):
            name = parent(name)
        return name

    def covering(self, name: bytes) -> tuple[bytes, bytes]:
        """Return the owner of the NSEC at or before a name, and the next; after the last comes the apex."""
        index = bisect_right(self.order, canonical_order(name))
        return self.chain[index - 1], self.chain[index % len(self.chain)]

    def signs(self, owner: bytes, rrtype: int) -> bool:
        """Tell whether a secure zone signs an RRset of its own.

        Not the NS RRset of a delegation, nor glue (RFC 4035 section 2.2), which may lie at the delegation's
        own name too.
        """
        cut = self.cut(owner)
        return self.secure and (cut is None or (owner == cut and rrtype in (DS, NSEC)))


def close_zone(
    apex: bytes, nodes: dict[bytes, dict[int, Content]], cuts: Iterable[bytes], nsec_ttl: Seconds | None
) -> Zone:
    """Complete a zone: find the names that exist without data, and add NSEC if there is a TTL for it."""
    delegated = frozenset(cuts)
    blanks: set[bytes] = set()
    below: set[bytes] = set()
    for name in nodes:
        ancestor = name
        while ancestor != apex:
            ancestor = parent(ancestor)
            if ancestor not in nodes:
                blanks.add(ancestor)
            if ancestor in delegated:
                below.add(name)
    keys = {name: canonical_order(name) for name in nodes}
    owners = tuple(sorted(nodes, key=keys.__getitem__))
    chain = tuple(name for name in owners if name not in below)
    if nsec_ttl is not None:
        for owner, following in zip(chain, chain[1:] + chain[:1], strict=True):
            types = [*nodes[owner], RRSIG, NSEC]
            if owner in delegated:
                types = [rrtype for rrtype in types if rrtype in _AT_A_CUT]
            nodes[owner][NSEC] = make_rrset(owner, NSEC, nsec_ttl, (following + type_bitmap(types),))
    order = tuple(keys[name] for name in chain)
    return Zone(apex, nsec_ttl is not None, nodes, owners, delegated, chain, order, frozenset(blanks))


def type_bitmap(rrtypes: Iterable[int]) -> bytes:
    """Return the type bit maps field of an NSEC record (RFC 4034 section 4.1.2)."""
    windows: dict[int, bytearray] = {}
    for rrtype in sorted(rrtypes):
        window = windows.setdefault(rrtype >> 8, bytearray())
        low = rrtype & 0xFF
        window.extend(bytes(low // 8 + 1 - len(window)))
        window[low // 8] |= 0x80 >> low % 8
    return b"".join(bytes((number, len(window))) + window for number, window in windows.items())


def fetch(
    authority: ZoneAuthority, zone: Zone, owner: bytes, rrtype: int, now: Instant, *, signed: bool = True
) -> SignedRRset | None:
    """Return what a zone has at an owner for a type at an instant, or None; with signatures if `signed`."""
    rrset = contents(authority, zone, owner, rrtype, now)
    if rrset is None:
        return None
    if signed and zone.signs(owner, rrtype):
        return authority.signed(rrset, now, zone.apex)
    return SignedRRset(rrset, ())


def contents(authority: ZoneAuthority, zone: Zone, owner: bytes, rrtype: int, now: Instant) -> RRset | None:
    """Return an RRset of a zone as it is at an instant, without signatures, or None."""
    content = zone.nodes.get(owner, {}).get(rrtype)
    return content if content is None or isinstance(content, RRset) else content(authority, zone, now)


def fetch_all(
    authority: ZoneAuthority, zone: Zone, now: Instant, *, without: Iterable[Place] = (), signed: bool = True
) -> tuple[SignedRRset, ...]:
    """Return all that a zone has at an instant but some, in canonical order of owner, then by type.

    The signatures that are not made yet are made together, so that an authority may share the work out.
    """
    left_out = frozenset(without)
    rrsets: list[RRset] = []
    for owner in zone.owners:
        for rrtype in sorted(zone.nodes[owner]):
            if (owner, rrtype) not in left_out:
                rrset = contents(authority, zone, owner, rrtype, now)
                assert rrset is not None
                rrsets.append(rrset)
    wanted = [signed and zone.signs(rrset.owner, rrset.rrtype) for rrset in rrsets]
    to_sign = [rrset for rrset, wants in zip(rrsets, wanted, strict=True) if wants]
    made = iter(authority.signed_all(to_sign, now, zone.apex))
    return tuple(
        next(made) if wants else SignedRRset(rrset, ()) for rrset, wants in zip(rrsets, wanted, strict=True)
    )


def canonical_records(found: Iterable[SignedRRset]) -> list[RR]:
    """Return the records of a zone's RRsets, in canonical order, owner by owner, then by type and rdata.

    That is the order of RFC 4034 section 6.3 within an RRset and of RFC 8976 section 3.3.1.2 among them, all
    RRSIG records of an owner being one RRset. The RRsets must come in canonical order of their owners.
    """
    records: list[RR] = []
    node: list[RR] = []
    for signed in found:
        if node and node[0].owner != signed.rrset.owner:
            records += in_order(node)
            node = []
        node += records_of(signed)
    return records + in_order(node)


def in_order(node: Iterable[RR]) -> list[RR]:
    """Return the records of one owner by type and rdata."""
    return sorted(node, key=_TYPE_AND_RDATA)
