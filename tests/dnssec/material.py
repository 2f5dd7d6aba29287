"""Keys, names, rdata and records that the tests of lab.dnssec draw from, and their dnspython twins."""

from __future__ import annotations

import re
import struct
from functools import cache
from pathlib import Path

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from hypothesis import strategies as st

from lab.dnssec import rrtypes
from lab.dnssec.codec import RR
from lab.dnssec.keys import SigningKey
from lab.dnssec.rrset import RRset, Rrsig, make_rrset

FOLDER = Path(__file__).resolve().parent.parent.parent / "zones" / "keys"
BLOCK = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n", re.DOTALL)
ROOT = b"\x00"


@cache
def shipped_pem(name: str, index: int = 0) -> bytes:
    """Return the PEM of a key of zones/keys, the `index`-th of its file."""
    found = BLOCK.findall((FOLDER / name).read_bytes())[index]
    assert isinstance(found, bytes)
    return found


@cache
def shipped(name: str, flags: int, index: int = 0) -> SigningKey:
    """Return a key of zones/keys, the `index`-th of its file."""
    return SigningKey.from_pem(shipped_pem(name, index), flags, trusted=True)


@cache
def signing_key(algorithm: int, flags: int = 256) -> SigningKey:
    """Return the same key of an algorithm in every run."""
    if algorithm in (8, 10):
        return SigningKey.from_pem(shipped_pem("zsk-pool.pem"), flags, algorithm, trusted=True)
    private: dict[int, PrivateKeyTypes] = {
        13: ec.derive_private_key(20326, ec.SECP256R1()),
        14: ec.derive_private_key(20326, ec.SECP384R1()),
        15: ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
        16: ed448.Ed448PrivateKey.from_private_bytes(bytes(range(57))),
    }
    return SigningKey.from_pem(pem_of(private[algorithm]), flags)


def pem_of(private: PrivateKeyTypes) -> bytes:
    """Write a private key of `cryptography` as unencrypted PKCS #8."""
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def wire_name(labels: list[bytes]) -> bytes:
    """Join labels into a wire name."""
    return b"".join(bytes((len(label),)) + label for label in labels) + ROOT


ODD_LABELS = (
    b"a",
    b"B",
    b"alpha",
    b"Beta",
    b"*",
    b"_ta-4a5c",
    b"x" * 63,
    b"\x00",
    b".",
    b"\\",
    b'"',
    b"\xc3",
)
LABELS = st.sampled_from(ODD_LABELS) | st.binary(min_size=1, max_size=8)
NAMES = st.lists(LABELS, max_size=5).map(wire_name).filter(lambda name: len(name) <= 255)
"""Wire names in any case."""
LOWER_NAMES = NAMES.map(bytes.lower)
U8, U16, U32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
STRINGS = st.binary(max_size=20).map(lambda text: bytes((len(text),)) + text)


def fields(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Join the fields of an rdata."""
    return st.tuples(*parts).map(b"".join)


def fixed(size: int) -> st.SearchStrategy[bytes]:
    """Draw a field of so many octets."""
    return st.binary(min_size=size, max_size=size)


RDATA: dict[int, st.SearchStrategy[bytes]] = {
    rrtypes.A: fixed(4),
    rrtypes.NS: NAMES,
    rrtypes.CNAME: NAMES,
    rrtypes.SOA: fields(NAMES, NAMES, fixed(20).map(lambda five: bytes(b & 0x7F for b in five))),
    rrtypes.NULL: st.binary(max_size=30),
    rrtypes.PTR: NAMES,
    rrtypes.MX: fields(fixed(2), NAMES),
    rrtypes.TXT: st.lists(STRINGS, min_size=1, max_size=3).map(b"".join),
    17: fields(NAMES, NAMES),
    18: fields(fixed(2), NAMES),
    21: fields(fixed(2), NAMES),
    26: fields(fixed(2), NAMES, NAMES),
    rrtypes.AAAA: fixed(16),
    rrtypes.SRV: fields(fixed(6), NAMES),
    35: fields(fixed(4), STRINGS, STRINGS, STRINGS, NAMES),
    36: fields(fixed(2), NAMES),
    rrtypes.DNAME: NAMES,
    rrtypes.DS: fields(fixed(3), st.just(b"\x02"), fixed(32)),
    rrtypes.NSEC: fields(NAMES, st.just(bytes.fromhex("0006400000000003"))),
    rrtypes.DNSKEY: fields(
        st.sampled_from([b"\x01\x00", b"\x01\x01", b"\x01\x81"]), st.just(b"\x03"), fixed(40)
    ),
    65280: st.binary(max_size=30),
}
"""How to draw the rdata of a type, for types that dnspython knows as well."""


SINGLETONS = (rrtypes.CNAME, rrtypes.SOA, rrtypes.DNAME, rrtypes.NSEC)
"""Types of which dnspython keeps one record a set."""


@st.composite
def rrsigs(draw: st.DrawFn) -> bytes:
    """Draw the rdata of an RRSIG that nobody made."""
    numbers = [draw(part) for part in (st.sampled_from(list(RDATA)), U8, U8, U32, U32, U32, U16)]
    return struct.pack("!HBBIIIH", *numbers) + draw(NAMES) + draw(st.binary(min_size=1, max_size=70))


@st.composite
def records(draw: st.DrawFn, owners: st.SearchStrategy[bytes] = LOWER_NAMES) -> RR:
    """Draw a record, perhaps an RRSIG."""
    rrtype = draw(st.sampled_from([*RDATA, rrtypes.RRSIG]))
    rdata = draw(rrsigs() if rrtype == rrtypes.RRSIG else RDATA[rrtype])
    return RR(draw(owners), rrtype, rrtypes.IN, draw(st.integers(0, 2**31 - 1)), rdata)


@st.composite
def rrsets(draw: st.DrawFn) -> RRset:
    """Draw an RRset of one to four records."""
    rrtype = draw(st.sampled_from(list(RDATA)))
    most = 1 if rrtype in SINGLETONS else 4
    rdatas = draw(st.lists(RDATA[rrtype], min_size=1, max_size=most))
    return make_rrset(draw(LOWER_NAMES), rrtype, draw(st.integers(0, 2**31 - 1)), rdatas)


def dns_name(wire: bytes) -> dns.name.Name:
    """Return the dnspython name of a wire name."""
    return dns.name.from_wire(wire, 0)[0]


def dns_rdata(rrtype: int, rdata: bytes) -> dns.rdata.Rdata:
    """Return the dnspython rdata of wire rdata."""
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rrtype), rdata, 0, len(rdata))


def dns_rrset(rrset: RRset) -> dns.rrset.RRset:
    """Return the dnspython RRset of one of ours."""
    rdtype = dns.rdatatype.RdataType.make(rrset.rrtype)
    found = dns.rrset.RRset(dns_name(rrset.owner), dns.rdataclass.IN, rdtype)
    for rdata in rrset.rdatas:
        found.add(dns_rdata(rrset.rrtype, rdata), rrset.ttl)
    return found


def dns_rrsig(rrsig: Rrsig) -> dns.rdata.Rdata:
    """Return the dnspython rdata of one of our RRSIGs."""
    return dns_rdata(rrtypes.RRSIG, rrsig.rdata)


def wire_of(rdata: dns.rdata.Rdata) -> bytes:
    """Write dnspython rdata uncompressed, in the case it has."""
    wire = rdata.to_wire()
    assert wire is not None
    return wire
