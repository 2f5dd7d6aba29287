"""Write a whole zone as a master file: all its records, signed, in canonical order."""

from __future__ import annotations

from ..clock import Instant
from ..dnssec.codec import RR, records_of
from ..dnssec.names import ROOT, name_to_text
from ..dnssec.presentation import rdata_to_text
from ..dnssec.rrtypes import SOA, ZONEMD, type_to_text
from ..errors import UserError
from .signer import ZoneAuthority
from .zone import SIZES, zones_of
from .zone_data import Zone, canonical_records, fetch_all, in_order
from .zonemd import zonemd_of


def zone_text(authority: ZoneAuthority, now: Instant, size: str = "minimal", apex: bytes = ROOT) -> str:
    """Write a zone with all its signatures as a master file, one RR a line: owner, TTL, class, type, rdata.

    Owners are absolute and in lower case; lines are in canonical order of owner, then by type and rdata.
    Signs all there is that is not signed yet: some 45 signatures of a minimal root, 2,800 of a full one.
    Raises UserError for a size or zone the lab has not, TimelineError before the timeline's start.
    """
    zones = zones_of(authority, size) if size in SIZES else ()
    zone = next((zone for zone in zones if zone.apex == apex), None)
    if zone is None:
        raise UserError(
            f"no zone {name_to_text(apex)} of size {size!r}", remedy=f"sizes are {', '.join(SIZES)}"
        )
    return "".join(
        f"{name_to_text(owner)}\t{ttl}\tIN\t{type_to_text(rrtype)}\t{rdata_to_text(rrtype, rdata)}\n"
        for owner, rrtype, _, ttl, rdata in zone_records(authority, zone, now)
    )


def zone_records(authority: ZoneAuthority, zone: Zone, now: Instant) -> list[RR]:
    """Return all records of a zone in canonical order, its digest made from the others (RFC 8976).

    What `fetch_all` and `canonical_records` give, with the records of the zone gone through once.
    """
    found = fetch_all(authority, zone, now, without=[(zone.apex, ZONEMD)])
    records = canonical_records(found)
    if ZONEMD not in zone.nodes[zone.apex]:
        return records
    soa = next(signed.rrset for signed in found if signed.rrset.rrtype == SOA)
    digest = zonemd_of(records, soa)
    signed = authority.signed(digest, now, zone.apex)
    at_apex = [record for record in records if record.owner == zone.apex]
    return in_order([*at_apex, *records_of(signed)]) + records[len(at_apex) :]
