"""The zones the lab serves: a minimal root, a signed child, an unsigned child.

A zone is a table of contents, mostly fixed; what moves with time (SOA, the root's DNSKEY RRset, the
watermark) is a function of authority and instant. Signatures are not part of it: they are made when
somebody asks (signer.py).
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, TypeAlias

from ..clock import DAY, HOUR, Instant, Seconds, format_instant, to_datetime
from ..dnssec.codec import RR, records_of
from ..dnssec.keys import Key
from ..dnssec.names import ROOT, canonical_order, is_subdomain, name_from_text, name_to_text, parent
from ..dnssec.rrset import RRset, SignedRRset, make_rrset
from ..dnssec.rrtypes import AAAA, DNSKEY, DS, NS, NSEC, RRSIG, SOA, TXT, A, type_to_text
from ..errors import UserError
from .signer import ZoneAuthority

Content: TypeAlias = RRset | Callable[[ZoneAuthority, Instant], RRset]
"""An RRset, or how to make it for an instant."""

WATERMARK: Final = b"\x08_rootlab\x00"
"""Where every emulated root says that it is none, in which scenario and when."""

ROOT_SERVERS: Final = (
    ("a", "198.41.0.4", "2001:503:ba3e::2:30"),
    ("b", "170.247.170.2", "2801:1b8:10::b"),
    ("c", "192.33.4.12", "2001:500:2::c"),
    ("d", "199.7.91.13", "2001:500:2d::d"),
    ("e", "192.203.230.10", "2001:500:a8::e"),
    ("f", "192.5.5.241", "2001:500:2f::f"),
    ("g", "192.112.36.4", "2001:500:12::d0d"),
    ("h", "198.97.190.53", "2001:500:1::53"),
    ("i", "192.36.148.17", "2001:7fe::53"),
    ("j", "192.58.128.30", "2001:503:c27::2:30"),
    ("k", "193.0.14.129", "2001:7fd::1"),
    ("l", "199.7.83.42", "2001:500:9f::42"),
    ("m", "202.12.27.33", "2001:dc3::35"),
)
"""As in https://www.internic.net/domain/named.root of 2024, so that a resolver's own hints stay right.

`root-servers.net.` is no zone of its own here, so its addresses are signed data of the root.
"""

CHILD_SERVER: Final = "192.0.2.53"
"""The children's name server (RFC 5737): no root server's, or a resolver would never see a referral."""
WILDCARD_ADDRESS: Final = "192.0.2.1"

NS_TTL: Final[Seconds] = 6 * DAY
"""As in the root: NS and its addresses 518400, delegations 172800, DS, NSEC, SOA 86400 (facts.md 2.1)."""
DELEGATION_TTL: Final[Seconds] = 2 * DAY
NEGATIVE_TTL: Final[Seconds] = DAY
CHILD_TTL: Final[Seconds] = HOUR

_SOA_TIMES = struct.Struct("!IIIII")
_RNAME: Final = name_from_text("nobody.rootlab.invalid.")
"""Nobody answers for an emulated root (RFC 2606)."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Hold a zone: contents by owner and type, glue included, NSEC included if it is `secure`.

    `cuts` are the delegations' owners, `chain` the owners of NSEC records in canonical order (RFC 4034
    section 6.1), `blanks` the names that exist only because others lie below them.
    """

    apex: bytes
    secure: bool
    nodes: Mapping[bytes, Mapping[int, Content]]
    cuts: frozenset[bytes]
    chain: tuple[bytes, ...]
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
        index = bisect_right(_order(self.chain), canonical_order(name))
        return self.chain[index - 1], self.chain[index % len(self.chain)]


@lru_cache(maxsize=64)
def _order(chain: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], ...]:
    """Return the sorting keys of a chain, computed once."""
    return tuple(canonical_order(owner) for owner in chain)


def zones_of(authority: ZoneAuthority) -> tuple[Zone, ...]:
    """Return the root and its children as an authority serves them."""
    names = authority.child_names
    assert names is not None, "an authority without zones has no contents"
    return (
        root_zone(names.secure, names.insecure, authority.child_key),
        child_zone(names.secure, authority.child_key),
        child_zone(names.insecure, None),
    )


def root_zone(secure: bytes, insecure: bytes, child_key: Key) -> Zone:
    """Return the minimal root: apex, root servers, watermark, one signed and one unsigned delegation."""
    servers = [(name_from_text(f"{letter}.root-servers.net."), v4, v6) for letter, v4, v6 in ROOT_SERVERS]
    nodes: dict[bytes, dict[int, Content]] = {
        ROOT: {
            NS: make_rrset(ROOT, NS, NS_TTL, (server for server, _, _ in servers)),
            SOA: lambda authority, now: soa(servers[0][0], ROOT, NEGATIVE_TTL, authority, now),
            DNSKEY: _root_dnskey,
        },
        WATERMARK: {TXT: _watermark},
    }
    for server, v4, v6 in servers:
        nodes[server] = {A: _address(server, A, NS_TTL, v4), AAAA: _address(server, AAAA, NS_TTL, v6)}
    for child in (secure, insecure):
        server = b"\x02ns" + child
        nodes[child] = {NS: make_rrset(child, NS, DELEGATION_TTL, (server,))}
        nodes[server] = {A: _address(server, A, DELEGATION_TTL, CHILD_SERVER)}
    nodes[secure][DS] = make_rrset(secure, DS, NEGATIVE_TTL, (child_key.ds(secure).rdata,))
    return _zone(ROOT, nodes, (secure, insecure), NEGATIVE_TTL)


def child_zone(apex: bytes, key: Key | None) -> Zone:
    """Return a zone in which every name has an address, by a wildcard; unsigned without a key."""
    server = b"\x02ns" + apex
    wildcard = b"\x01*" + apex
    nodes: dict[bytes, dict[int, Content]] = {
        apex: {
            NS: make_rrset(apex, NS, CHILD_TTL, (server,)),
            SOA: lambda authority, now: soa(server, apex, CHILD_TTL, authority, now),
        },
        server: {A: _address(server, A, CHILD_TTL, CHILD_SERVER)},
        wildcard: {A: _address(wildcard, A, CHILD_TTL, WILDCARD_ADDRESS)},
    }
    if key is not None:
        nodes[apex][DNSKEY] = make_rrset(apex, DNSKEY, CHILD_TTL, (key.rdata,))
    return _zone(apex, nodes, (), CHILD_TTL if key is not None else None)


def soa(primary: bytes, apex: bytes, ttl: Seconds, authority: ZoneAuthority, now: Instant) -> RRset:
    """Return the SOA of a zone: serial YYYYMMDDNN of the signing, NN 00 for the one before noon, else 01.

    A step of the timeline between two signings keeps the serial: nobody transfers these zones. TTL and
    minimum are equal, so that negative answers need no lower TTL (RFC 2308 section 5).
    """
    inception = authority.edition(now, apex).inception
    serial = int(to_datetime(inception).strftime("%Y%m%d")) * 100 + inception % DAY // (12 * HOUR)
    times = _SOA_TIMES.pack(serial, 1800, 900, 604800, ttl)
    return make_rrset(apex, SOA, ttl, (primary + _RNAME + times,))


def fetch(
    authority: ZoneAuthority, zone: Zone, owner: bytes, rrtype: int, now: Instant, *, signed: bool = True
) -> SignedRRset | None:
    """Return what a zone has at an owner for a type at an instant, or None; with its signatures if `signed`.

    Glue and the NS RRset of a delegation have none (RFC 4035 section 2.2).
    """
    content = zone.nodes.get(owner, {}).get(rrtype)
    if content is None:
        return None
    rrset = content if isinstance(content, RRset) else content(authority, now)
    below = zone.cut(owner)
    if not signed or (below is not None and (owner != below or rrtype == NS)):
        return SignedRRset(rrset, ())
    return authority.signed(rrset, now, zone.apex)


def zone_text(authority: ZoneAuthority, now: Instant, size: str = "minimal", apex: bytes = ROOT) -> str:
    """Write a zone with all its signatures as a master file, one RR a line: owner, TTL, class, type, rdata.

    Owners are absolute and in lower case; lines are in canonical order of owner, then by type and rdata.
    Signs all there is, some 45 signatures the first time. Raises UserError for a size or zone the lab has
    not, TimelineError before the timeline's start.
    """
    from dns.rdata import from_wire  # 0.1 s that no other use of this module should pay

    zone = next((zone for zone in zones_of(authority) if zone.apex == apex), None)
    if size != "minimal" or zone is None:
        raise UserError(f"no zone {name_to_text(apex)} of size {size!r}", remedy="the only size is minimal")
    lines: list[str] = []
    for owner in sorted(zone.nodes, key=canonical_order):
        records: list[RR] = []
        for rrtype in zone.nodes[owner]:
            found = fetch(authority, zone, owner, rrtype, now)
            assert found is not None
            records.extend(records_of(found))
        for record in sorted(records, key=lambda record: (record.rrtype, record.rdata)):
            mnemonic = type_to_text(record.rrtype)
            rdata = from_wire("IN", mnemonic, record.rdata, 0, len(record.rdata)).to_text(chunksize=0)
            lines.append(f"{name_to_text(owner)}\t{record.ttl}\tIN\t{mnemonic}\t{rdata}\n")
    return "".join(lines)


def _root_dnskey(authority: ZoneAuthority, now: Instant) -> RRset:
    """Return the root's DNSKEY RRset as the authority serves it."""
    found = authority.dnskey(now)
    assert found is not None, "an instant before the timeline's start"
    return found.rrset


def _watermark(authority: ZoneAuthority, now: Instant) -> RRset:
    """Return the TXT that marks an emulated root: scenario and the instant this edition is served from."""
    strings = (
        b"emulated root, for tests only",
        b"scenario=" + authority.watermark.encode("ascii", "backslashreplace")[:200],
        b"at=" + format_instant(authority.edition(now).start).encode("ascii"),
    )
    return make_rrset(
        WATERMARK, TXT, NEGATIVE_TTL, (b"".join(bytes((len(text),)) + text for text in strings),)
    )


def _address(owner: bytes, rrtype: int, ttl: Seconds, text: str) -> RRset:
    """Return an A or AAAA RRset of one address."""
    return make_rrset(owner, rrtype, ttl, (ip_address(text).packed,))


def _zone(
    apex: bytes, nodes: dict[bytes, dict[int, Content]], cuts: tuple[bytes, ...], nsec_ttl: Seconds | None
) -> Zone:
    """Close a zone: find the names that exist without data, and add NSEC if there is a TTL for it."""
    glue = tuple(name for name in nodes if any(name != cut and is_subdomain(name, cut) for cut in cuts))
    blanks: set[bytes] = set()
    for name in nodes:
        while name != apex:
            name = parent(name)
            if name not in nodes:
                blanks.add(name)
    chain = tuple(sorted((name for name in nodes if name not in glue), key=canonical_order))
    if nsec_ttl is not None:
        for owner, following in zip(chain, chain[1:] + chain[:1], strict=True):
            types = (*nodes[owner], RRSIG, NSEC)
            nodes[owner][NSEC] = make_rrset(owner, NSEC, nsec_ttl, (following + type_bitmap(types),))
    return Zone(apex, nsec_ttl is not None, nodes, frozenset(cuts), chain, frozenset(blanks))


def type_bitmap(rrtypes: Iterable[int]) -> bytes:
    """Return the type bit maps field of an NSEC record (RFC 4034 section 4.1.2)."""
    windows: dict[int, bytearray] = {}
    for rrtype in sorted(rrtypes):
        window = windows.setdefault(rrtype >> 8, bytearray())
        low = rrtype & 0xFF
        window.extend(bytes(low // 8 + 1 - len(window)))
        window[low // 8] |= 0x80 >> low % 8
    return b"".join(bytes((number, len(window))) + window for number, window in windows.items())
