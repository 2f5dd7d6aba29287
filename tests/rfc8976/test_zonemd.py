"""Test the digest of a zone against the RFC's own example, dnspython, and changes that must not pass."""

from __future__ import annotations

from collections.abc import Callable

import dns.name
import dns.rdatatype
import dns.zone
import pytest
from dns.rdtypes.ANY.ZONEMD import ZONEMD as DnsZonemd

from lab.authority.keyring import KeyRing
from lab.authority.signer import CHILDREN, ZoneSigner
from lab.authority.slots import root_history
from lab.authority.zone import zones_of
from lab.authority.zone_data import canonical_records, fetch, fetch_all
from lab.authority.zone_file import zone_records, zone_text
from lab.authority.zonemd import SHA384, SIMPLE, zone_digest, zonemd_of
from lab.clock import HOUR, parse_instant
from lab.dnssec.codec import RR
from lab.dnssec.names import ROOT, name_from_text
from lab.dnssec.rrset import SignedRRset, make_rrset
from lab.dnssec.rrtypes import AAAA, IN, NS, RRSIG, SOA, ZONEMD, A

ROLL = parse_instant("2018-10-11T16:00:00Z")
AUTHORITY = ZoneSigner(root_history(), KeyRing(), watermark="2018-actual")
ROOT_ZONE = zones_of(AUTHORITY)[0]
EXAMPLE = name_from_text("example.")


def read(text: str) -> dns.zone.Zone:
    """Read a root zone with dnspython."""
    return dns.zone.from_text(text, origin=dns.name.root, relativize=False)


def digest_in(zone: dns.zone.Zone) -> DnsZonemd:
    """Return the one ZONEMD record of a zone."""
    (rdata,) = zone.find_rdataset(dns.name.root, "ZONEMD")
    assert isinstance(rdata, DnsZonemd)
    return rdata


def records(now: int = ROLL) -> list[RR]:
    """Return all records of the root, its digest included, in canonical order."""
    return canonical_records(fetch_all(AUTHORITY, ROOT_ZONE, now))


def test_the_simple_example_zone() -> None:
    """The zone of appendix A.1 has the digest the RFC prints (sections 3.3.1.2 and 2.2.4)."""
    names = [name_from_text(text) for text in ("ns1.example.", "ns2.example.", "admin.example.")]
    times = b"".join(number.to_bytes(4, "big") for number in (2018031900, 1800, 900, 604800, 86400))
    soa = make_rrset(EXAMPLE, SOA, 86400, (names[0] + names[2] + times,))
    found = (
        soa,
        make_rrset(EXAMPLE, NS, 86400, names[:2]),
        make_rrset(names[0], A, 3600, (bytes((203, 0, 113, 63)),)),
        make_rrset(names[1], AAAA, 3600, (bytes.fromhex("20010db8000000000000000000000063"),)),
    )
    made = zonemd_of(canonical_records(SignedRRset(rrset, ()) for rrset in found), soa)
    assert made.rdatas[0].hex() == (
        f"{2018031900:08x}0101"
        "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9"
        "a9713b3c9ae5cc27777f98b8e730044c"
    )


def test_dnspython_verifies() -> None:
    """A zone read by dnspython has the digest that dnspython computes (section 4)."""
    read(zone_text(AUTHORITY, ROLL)).verify_digest()


def test_scheme_and_hash() -> None:
    """The one digest is SIMPLE, by SHA-384: 48 octets (sections 2.2.2 and 2.2.3)."""
    found = digest_in(read(zone_text(AUTHORITY, ROLL)))
    assert (int(found.scheme), int(found.hash_algorithm), len(found.digest)) == (SIMPLE, SHA384, 48)


@pytest.mark.parametrize("now", [ROLL, ROLL + HOUR, ROLL + 13 * HOUR])
def test_serial_is_that_of_the_soa(now: int) -> None:
    """The digest has the serial of the SOA at any time (section 2.2.1), and its TTL."""
    zone = read(zone_text(AUTHORITY, now))
    soa = zone.find_rdataset(dns.name.root, "SOA")
    assert digest_in(zone).serial == soa[0].serial
    assert zone.find_rdataset(dns.name.root, "ZONEMD").ttl == soa.ttl


def test_digest_is_at_the_apex_alone() -> None:
    """No other owner has a digest (section 2.1), nor has a child zone."""
    owners = {record.owner for record in records() if record.rrtype == ZONEMD}
    assert owners == {ROOT}
    for child in zones_of(AUTHORITY)[1:]:
        assert fetch(AUTHORITY, child, child.apex, ZONEMD, ROLL) is None


def changed(record: RR) -> RR:
    """Return a record with its last octet changed."""
    return record._replace(rdata=record.rdata[:-1] + bytes((record.rdata[-1] ^ 1,)))


CHANGES: list[tuple[str, Callable[[RR], bool]]] = [
    ("data", lambda record: record.rrtype == SOA),
    ("signature", lambda record: record.rrtype == RRSIG and record.rdata[:2] == b"\x00\x06"),
    ("delegation", lambda record: record.rrtype == NS and record.owner == CHILDREN.insecure),
    ("glue", lambda record: record.rrtype == A and record.owner == b"\x02ns" + CHILDREN.secure),
]


@pytest.mark.parametrize(("what", "chosen"), CHANGES, ids=[what for what, _ in CHANGES])
def test_everything_counts(what: str, chosen: Callable[[RR], bool]) -> None:
    """Data, signatures, delegations and glue all count (section 3.3.1.1)."""
    whole = records()
    at = next(number for number, record in enumerate(whole) if chosen(record))
    other = [*whole[:at], changed(whole[at]), *whole[at + 1 :]]
    assert zone_digest(other, ROOT) != zone_digest(whole, ROOT), what


def test_the_digest_itself_does_not_count() -> None:
    """The ZONEMD RRset at the apex and its signature are left out (section 3.3.1.1), elsewhere it is data."""
    whole = records()
    own = [
        record
        for record in whole
        if record.rrtype == ZONEMD or (record.rrtype == RRSIG and record.rdata[:2] == b"\x00\x3f")
    ]
    assert [record.owner for record in own] == [ROOT, ROOT]
    without = [record for record in whole if record not in own]
    assert zone_digest(without, ROOT) == zone_digest(whole, ROOT)
    below = RR(CHILDREN.secure, ZONEMD, IN, 86400, own[-1].rdata)
    assert zone_digest([*whole, below], ROOT) != zone_digest(whole, ROOT)


def test_digest_is_signed_and_listed() -> None:
    """The NSEC record lists the digest, and it is signed like all data (sections 3.1 and 3.4)."""
    zone = read(zone_text(AUTHORITY, ROLL))
    assert "ZONEMD" in zone.find_rdataset(dns.name.root, "NSEC")[0].to_text().split()
    signatures = zone.find_rdataset(dns.name.root, "RRSIG", covers=dns.rdatatype.ZONEMD)
    assert [rdata.expiration for rdata in signatures] == [AUTHORITY.edition(ROLL).expiration]


def test_what_is_served_is_what_is_written() -> None:
    """A question for the digest gets the record that the master file has."""
    served = fetch(AUTHORITY, ROOT_ZONE, ROOT, ZONEMD, ROLL)
    assert served is not None
    assert served.rrset.rdatas == (digest_in(read(zone_text(AUTHORITY, ROLL))).to_wire(),)


@pytest.mark.parametrize("number", [0, 1, 2], ids=["root", "alpha", "beta"])
def test_all_records_at_once(number: int) -> None:
    """The records that are written, digest and all, are those that one question after the other gets."""
    zone = zones_of(AUTHORITY)[number]
    assert zone_records(AUTHORITY, zone, ROLL) == canonical_records(fetch_all(AUTHORITY, zone, ROLL))


def test_one_digest_an_edition() -> None:
    """The digest is worked out once for each edition of the zone: the next moment asks for nothing new."""
    first = fetch(AUTHORITY, ROOT_ZONE, ROOT, ZONEMD, ROLL)
    made = AUTHORITY.store.made
    second = fetch(AUTHORITY, ROOT_ZONE, ROOT, ZONEMD, ROLL + HOUR - 1)
    assert second == first
    assert AUTHORITY.store.made == made
    assert fetch(AUTHORITY, ROOT_ZONE, ROOT, ZONEMD, ROLL + HOUR) != first
