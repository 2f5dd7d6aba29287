"""Digest a whole zone (RFC 8976), signatures and all, so that whoever copies it can tell that it is complete.

The root has carried such a record since 2023; the emulated root always does (docs/claims.md).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from typing import Final

from ..clock import Instant
from ..dnssec.codec import RR
from ..dnssec.rrset import RRset, make_rrset
from ..dnssec.rrtypes import RRSIG, SOA, ZONEMD
from .signer import Edition, ZoneAuthority
from .zone_data import Zone, canonical_records, contents, fetch_all

SIMPLE: Final = 1
"""The scheme that digests all records in one pass (RFC 8976 section 3.3.1)."""
SHA384: Final = 1
"""The hash that every implementation has (RFC 8976 section 2.2.3)."""

_RECORD = struct.Struct("!HHIH")
_HEAD = struct.Struct("!IBB")
_SERIAL = slice(-20, -16)
"""Where SOA rdata has the serial: before four more numbers of four octets."""


def zone_digest(records: Iterable[RR], apex: bytes) -> bytes:
    """Return the SHA-384 digest of a zone's records, which must be in canonical order.

    The ZONEMD RRset at the apex and its RRSIG do not count (RFC 8976 section 3.3.1.1); glue does.
    """
    parts: list[bytes] = []
    for owner, rrtype, rrclass, ttl, rdata in records:
        if owner == apex and (rrtype == ZONEMD or (rrtype == RRSIG and rdata[:2] == ZONEMD.to_bytes(2))):
            continue
        parts += (owner, _RECORD.pack(rrtype, rrclass, ttl, len(rdata)), rdata)
    return hashlib.sha384(b"".join(parts)).digest()


def zonemd_of(records: Iterable[RR], soa: RRset) -> RRset:
    """Return the ZONEMD RRset of a zone's records, with the serial and the TTL of its SOA.

    RFC 8976 section 2.2.1 ties the digest to the serial.
    """
    serial = int.from_bytes(soa.rdatas[0][_SERIAL], "big")
    rdata = _HEAD.pack(serial, SIMPLE, SHA384) + zone_digest(records, soa.owner)
    return make_rrset(soa.owner, ZONEMD, soa.ttl, (rdata,))


class ZoneDigest:
    """Make the ZONEMD RRset of a zone for an instant, once for each edition of it.

    It costs every signature of the zone that is not made yet, so nobody pays who does not ask for it. The
    last one is remembered, for one authority.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._last: tuple[ZoneAuthority, Edition, RRset] | None = None

    def __call__(self, authority: ZoneAuthority, zone: Zone, now: Instant) -> RRset:
        """Return the RRset. Raises TimelineError before the timeline's start."""
        edition = authority.edition(now, zone.apex)
        last = self._last
        if last is None or last[0] is not authority or last[1] != edition:
            soa = contents(authority, zone, zone.apex, SOA, now)
            assert soa is not None, "a zone without SOA"
            found = fetch_all(authority, zone, now, without=[(zone.apex, ZONEMD)])
            last = self._last = (authority, edition, zonemd_of(canonical_records(found), soa))
        return last[2]
