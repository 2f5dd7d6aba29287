"""What the zones hold: a root, minimal or with every top-level domain, and the zones below it.

The root of size `full` has a delegation for each name IANA lists (delegations.py). Real name servers are
nobody's to send emulated traffic to, so all of them have addresses for documentation, and nobody answers
there; the lab serves `alpha.` (signed), `beta.` (unsigned) and, as real root servers do,
`root-servers.net.`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from ..clock import DAY, HOUR, MINUTE, Instant, Seconds, format_instant, to_datetime
from ..dnssec.keys import Key
from ..dnssec.names import ROOT, name_from_text
from ..dnssec.rrset import RRset, make_rrset
from ..dnssec.rrtypes import AAAA, DNSKEY, DS, NS, SOA, TXT, ZONEMD, A
from .delegations import Delegation, top_level_domains
from .signer import ZoneAuthority
from .zone_data import Content, Zone, close_zone
from .zonemd import ZoneDigest

SIZES: Final = ("minimal", "full")
"""minimal: two delegations, `alpha.` and `beta.`; full: those of the whole root besides."""

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

In the minimal root `net.` is not delegated, so these addresses are signed data of the root.
"""
ROOT_SERVERS_NET: Final = name_from_text("root-servers.net.")

CHILD_SERVER: Final = "192.0.2.53"
"""The children's name server (RFC 5737): no root server's, or a resolver would never see a referral."""
WILDCARD_ADDRESS: Final = "192.0.2.1"

NS_TTL: Final[Seconds] = 6 * DAY
"""As in the root: NS and its addresses 518400, delegations 172800, DS, NSEC, SOA 86400 (facts.md 2.1)."""
DELEGATION_TTL: Final[Seconds] = 2 * DAY
NEGATIVE_TTL: Final[Seconds] = DAY
CHILD_TTL: Final[Seconds] = MINUTE
"""Of what is in the children, and of the DS of the signed one.

While its DS is cached a resolver answers below it without the root's keys, for up to a day in the real root
(Knot Resolver does, lib/zonecut.c `kr_zonecut_find_cached`). To be seen is when those keys are missed.
"""

_SOA_TIMES = struct.Struct("!IIIII")
_RNAME: Final = name_from_text("nobody.rootlab.invalid.")
"""Nobody answers for an emulated root (RFC 2606)."""


def zones_of(authority: ZoneAuthority, size: str = "minimal") -> tuple[Zone, ...]:
    """Return the root, of a size in SIZES, and its children as an authority serves them."""
    names = authority.child_names
    assert names is not None, "an authority without zones has no contents"
    assert size in SIZES
    key = authority.child_key
    children = (child_zone(names.secure, key), child_zone(names.insecure, None))
    if size == "minimal":
        return (root_zone(own_delegations(*names, key)), *children)
    delegations = (*own_delegations(*names, key), *top_level_domains())
    return (root_zone(delegations), *children, root_servers_zone())


def own_delegations(secure: bytes, insecure: bytes, child_key: Key) -> tuple[Delegation, Delegation]:
    """Return the delegations of the two zones that the lab serves below any root."""
    address = ip_address(CHILD_SERVER).packed
    return (
        Delegation(secure, ((b"\x02ns" + secure, address, b""),), (child_key.ds(secure).rdata,), CHILD_TTL),
        Delegation(insecure, ((b"\x02ns" + insecure, address, b""),), ()),
    )


def root_zone(delegations: Iterable[Delegation]) -> Zone:
    """Return a root: apex, root servers, watermark, delegations with their glue.

    Where `net.` is not delegated the root servers' addresses are signed data of the root, otherwise glue.
    """
    primary = _root_server(ROOT_SERVERS[0][0])
    nodes: dict[bytes, dict[int, Content]] = {
        ROOT: {
            NS: make_rrset(ROOT, NS, NS_TTL, (_root_server(letter) for letter, _, _ in ROOT_SERVERS)),
            SOA: lambda authority, zone, now: soa(primary, zone.apex, NEGATIVE_TTL, authority, now),
            DNSKEY: _root_dnskey,
            ZONEMD: ZoneDigest(),
        },
        WATERMARK: {TXT: _watermark},
        **_root_server_addresses(),
    }
    cuts = []
    for owner, servers, digests, ds_ttl in delegations:
        cuts.append(owner)
        node = nodes.setdefault(owner, {})
        node[NS] = RRset(owner, NS, DELEGATION_TTL, tuple(sorted(server for server, _, _ in servers)))
        if digests:
            node[DS] = make_rrset(owner, DS, ds_ttl, digests)
        for server, v4, v6 in servers:
            glue = nodes.setdefault(server, {})
            for rrtype, address in ((A, v4), (AAAA, v6)):
                if address:
                    glue[rrtype] = RRset(server, rrtype, DELEGATION_TTL, (address,))
    return close_zone(ROOT, nodes, cuts, NEGATIVE_TTL)


def root_servers_zone() -> Zone:
    """Return `root-servers.net.`, which every real root server serves as well, and which is not signed."""
    nodes = _root_server_addresses()
    primary = _root_server(ROOT_SERVERS[0][0])
    nodes[ROOT_SERVERS_NET] = {
        NS: make_rrset(ROOT_SERVERS_NET, NS, NS_TTL, nodes),
        SOA: lambda authority, zone, now: soa(primary, zone.apex, NEGATIVE_TTL, authority, now),
    }
    return close_zone(ROOT_SERVERS_NET, nodes, (), None)


def child_zone(apex: bytes, key: Key | None) -> Zone:
    """Return a zone in which every name has an address, by a wildcard; unsigned without a key."""
    server = b"\x02ns" + apex
    wildcard = b"\x01*" + apex
    nodes: dict[bytes, dict[int, Content]] = {
        apex: {
            NS: make_rrset(apex, NS, CHILD_TTL, (server,)),
            SOA: lambda authority, zone, now: soa(server, zone.apex, CHILD_TTL, authority, now),
        },
        server: {A: _address(server, A, CHILD_TTL, CHILD_SERVER)},
        wildcard: {A: _address(wildcard, A, CHILD_TTL, WILDCARD_ADDRESS)},
    }
    if key is not None:
        nodes[apex][DNSKEY] = make_rrset(apex, DNSKEY, CHILD_TTL, (key.rdata,))
    return close_zone(apex, nodes, (), CHILD_TTL if key is not None else None)


def soa(primary: bytes, apex: bytes, ttl: Seconds, authority: ZoneAuthority, now: Instant) -> RRset:
    """Return the SOA of a zone: serial YYYYMMDDNN of the signing, NN 00 for the one before noon, else 01.

    A step of the timeline between two signings keeps the serial: nobody transfers these zones. TTL and
    minimum are equal, so that negative answers need no lower TTL (RFC 2308 section 5).
    """
    inception = authority.edition(now, apex).inception
    serial = int(to_datetime(inception).strftime("%Y%m%d")) * 100 + inception % DAY // (12 * HOUR)
    times = _SOA_TIMES.pack(serial, 1800, 900, 604800, ttl)
    return make_rrset(apex, SOA, ttl, (primary + _RNAME + times,))


def _root_dnskey(authority: ZoneAuthority, _zone: Zone, now: Instant) -> RRset:
    """Return the root's DNSKEY RRset as the authority serves it."""
    found = authority.dnskey(now)
    assert found is not None, "an instant before the timeline's start"
    return found.rrset


def _watermark(authority: ZoneAuthority, _zone: Zone, now: Instant) -> RRset:
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


def _root_server(letter: str) -> bytes:
    """Return the name of a root server."""
    return b"\x01" + letter.encode("ascii") + ROOT_SERVERS_NET


def _root_server_addresses() -> dict[bytes, dict[int, Content]]:
    """Return the names and addresses of the root servers."""
    nodes: dict[bytes, dict[int, Content]] = {}
    for letter, v4, v6 in ROOT_SERVERS:
        name = _root_server(letter)
        nodes[name] = {A: _address(name, A, NS_TTL, v4), AAAA: _address(name, AAAA, NS_TTL, v6)}
    return nodes
