"""Rdata as text is what dnspython writes, and means what it meant."""

from __future__ import annotations

from ipaddress import IPv6Address

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lab.dnssec.names import MalformedRdata
from lab.dnssec.presentation import rdata_to_text
from lab.dnssec.rrtypes import AAAA, DNSKEY, DS, NS, NSEC, NULL, RRSIG, SOA, TXT, ZONEMD, A

from .material import RDATA, U8, U16, U32, dns_rdata, fields, fixed, rrsigs, wire_of

OWN = (A, NS, SOA, TXT, DS, NSEC, DNSKEY)
ZONEMDS = fields(U32.map(lambda serial: serial.to_bytes(4, "big")), st.just(b"\x01\x01"), fixed(48))


def read(rrtype: int, text: str) -> bytes:
    """Return the octets dnspython reads from the text."""
    rdtype = dns.rdatatype.RdataType.make(rrtype)
    return wire_of(dns.rdata.from_text(dns.rdataclass.IN, rdtype, text, relativize=False))


@given(st.sampled_from(OWN).flatmap(lambda rrtype: st.tuples(st.just(rrtype), RDATA[rrtype])))
def test_text_is_dnspythons(typed: tuple[int, bytes]) -> None:
    """Types that a root zone has are written as dnspython writes them, base64 and digests without gaps."""
    rrtype, rdata = typed
    assert rdata_to_text(rrtype, rdata) == dns_rdata(rrtype, rdata).to_text(chunksize=0)


@given(ZONEMDS)
def test_digest_is_dnspythons(rdata: bytes) -> None:
    """So is the digest of a zone (RFC 8976 section 2.3)."""
    assert rdata_to_text(ZONEMD, rdata) == dns_rdata(ZONEMD, rdata).to_text(chunksize=0)


@given(st.sampled_from(list(RDATA)).flatmap(lambda rrtype: st.tuples(st.just(rrtype), RDATA[rrtype])))
def test_every_type_is_read_back(typed: tuple[int, bytes]) -> None:
    """Whatever the type, dnspython reads the same octets; those of unknown types are hexadecimal."""
    rrtype, rdata = typed
    assert read(rrtype, rdata_to_text(rrtype, rdata)) == rdata


@given(rrsigs())
def test_signatures_are_read_back(rdata: bytes) -> None:
    """A signature is read back whatever type it covers and in whatever second of 32 bits it ends."""
    assert read(RRSIG, rdata_to_text(RRSIG, rdata)) == rdata


@given(st.sets(U16.filter(bool), min_size=1, max_size=9), U8)
def test_type_lists_are_read_back(types: set[int], letter: int) -> None:
    """An NSEC record is read back with any types in it (RFC 4034 section 4.2)."""
    text = " ".join(f"TYPE{rrtype}" for rrtype in sorted(types))
    rdata = read(NSEC, f"\\{letter:03d}. {text}")
    assert read(NSEC, rdata_to_text(NSEC, rdata)) == rdata


def test_signature_of_the_root() -> None:
    """A signature shows the type it covers and its times in words (RFC 4034 section 3.2)."""
    head = "DNSKEY 8 0 172800 20181101000000 20181011000000 20326 ."
    assert rdata_to_text(RRSIG, read(RRSIG, f"{head} AAECAw==")) == f"{head} AAECAw=="


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("20010db8000000000000000000000053", "2001:db8::53"),
        ("20010db8000000010001000000000053", "2001:db8:0:1:1::53"),
        ("00000000000000000000000000000000", "::"),
    ],
)
def test_ipv6_is_short(octets: str, text: str) -> None:
    """An IPv6 address has its longest run of zeros left out (RFC 5952 section 4.2)."""
    assert rdata_to_text(AAAA, bytes.fromhex(octets)) == text


@given(st.lists(st.sampled_from([0, 0, 0, 1, 0x53, 0xDB8, 0xFFFF]), min_size=8, max_size=8))
def test_ipv6_is_the_librarys(groups: list[int]) -> None:
    """Whatever groups are zero, the text is that of the standard library, which maps IPv4 in its own way."""
    rdata = b"".join(group.to_bytes(2, "big") for group in groups)
    address = IPv6Address(rdata)
    assume(address.ipv4_mapped is None)
    assert rdata_to_text(AAAA, rdata) == str(address)


def test_unknown_types() -> None:
    """A type without a writer is hexadecimal, also when there is nothing (RFC 3597 section 5)."""
    assert rdata_to_text(65280, b"\xab\xcd") == "\\# 2 abcd"
    assert rdata_to_text(NULL, b"") == "\\# 0"


@pytest.mark.parametrize(
    ("rrtype", "rdata"),
    [
        (A, bytes(3)),
        (AAAA, bytes(17)),
        (NS, b"\x01a"),
        (NS, b"\x00\x00"),
        (SOA, b"\x00\x00" + bytes(19)),
        (TXT, b"\x02a"),
        (DS, bytes(3)),
        (DNSKEY, bytes(3)),
        (RRSIG, bytes(17)),
        (NSEC, b"\x00\x00\x02\x40"),
        (ZONEMD, bytes(5)),
    ],
)
def test_odd_rdata_is_refused(rrtype: int, rdata: bytes) -> None:
    """Rdata that is too short or too long for its type is malformed, not half written."""
    with pytest.raises(MalformedRdata, match=r"bad [A-Z0-9]+ rdata"):
        rdata_to_text(rrtype, rdata)
