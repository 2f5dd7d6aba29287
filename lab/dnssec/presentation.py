"""Write rdata in presentation format, for master files of tens of thousands of lines.

dnspython needs 1.5 s for the rdata of a whole root zone, this a tenth of that; equality with dnspython is a
property test. A type that has no writer here is written as its octets (RFC 3597 section 5), which every
program reads.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from ..clock import to_datetime
from .names import MalformedName, MalformedRdata, name_to_text, read_name
from .rrtypes import AAAA, DNSKEY, DS, NS, NSEC, RRSIG, SOA, TXT, ZONEMD, A, type_to_text

_RRSIG = struct.Struct("!HBBIIIH")
_SOA = struct.Struct("!IIIII")
_DNSKEY = struct.Struct("!HBB")
_DS = struct.Struct("!HBB")
_ZONEMD = struct.Struct("!IBB")
_GROUPS = struct.Struct("!8H")
_RUNS: Final = tuple("0" * size for size in range(8, 1, -1))
"""Runs of zero groups that may be left out of an IPv6 address, the longest first."""
_QUOTED: Final = frozenset(b'"\\')


def rdata_to_text(rrtype: int, rdata: bytes) -> str:
    """Return rdata as a master file has it, on one line, base64 and hexadecimal without gaps.

    Names in it must be uncompressed. Raises MalformedRdata if it has not the shape of its type.
    """
    write = _WRITERS.get(rrtype, _unknown)
    try:
        return write(rdata)
    except (struct.error, IndexError, MalformedName):
        raise MalformedRdata(f"bad {type_to_text(rrtype)} rdata") from None


def _unknown(rdata: bytes) -> str:
    r"""Write the octets of any type, as `\# 2 abcd`."""
    return f"\\# {len(rdata)} {rdata.hex()}" if rdata else "\\# 0"


def _a(rdata: bytes) -> str:
    """Write an IPv4 address."""
    if len(rdata) != 4:
        raise IndexError
    return ".".join(map(str, rdata))


def _aaaa(rdata: bytes) -> str:
    """Write an IPv6 address as short as it goes (RFC 5952 section 4)."""
    groups = _GROUPS.unpack(rdata)
    words = [f"{group:x}" for group in groups]
    zeros = "".join("1" if group else "0" for group in groups)
    for run in _RUNS:
        at = zeros.find(run)
        if at >= 0:
            return f"{':'.join(words[:at])}::{':'.join(words[at + len(run) :])}"
    return ":".join(words)


def _txt(rdata: bytes) -> str:
    """Write character strings, each in quotes (RFC 1035 section 5.1)."""
    found: list[str] = []
    at = 0
    while at < len(rdata):
        after = at + 1 + rdata[at]
        if after > len(rdata):
            raise IndexError
        found.append('"' + "".join(map(_character, rdata[at + 1 : after])) + '"')
        at = after
    return " ".join(found)


def _character(octet: int) -> str:
    """Write an octet of a quoted string."""
    if octet in _QUOTED:
        return f"\\{chr(octet)}"
    return chr(octet) if 0x20 <= octet <= 0x7E else f"\\{octet:03d}"


def _soa(rdata: bytes) -> str:
    """Write a start of authority."""
    primary, at = read_name(rdata, 0)
    mailbox, at = read_name(rdata, at)
    times = _SOA.unpack(rdata[at:])
    return " ".join((name_to_text(primary), name_to_text(mailbox), *map(str, times)))


def _ds(rdata: bytes) -> str:
    """Write a delegation signer (RFC 4034 section 5.3)."""
    tag, algorithm, digest_type = _DS.unpack_from(rdata)
    return f"{tag} {algorithm} {digest_type} {rdata[4:].hex()}"


def _dnskey(rdata: bytes) -> str:
    """Write a key (RFC 4034 section 2.2)."""
    flags, protocol, algorithm = _DNSKEY.unpack_from(rdata)
    return f"{flags} {protocol} {algorithm} {b64encode(rdata[4:]).decode('ascii')}"


def _rrsig(rdata: bytes) -> str:
    """Write a signature (RFC 4034 section 3.2)."""
    covered, algorithm, count, ttl, expiration, inception, tag = _RRSIG.unpack_from(rdata)
    signer, at = read_name(rdata, 18)
    return (
        f"{type_to_text(covered)} {algorithm} {count} {ttl} {_moment(expiration)} {_moment(inception)} "
        f"{tag} {name_to_text(signer)} {b64encode(rdata[at:]).decode('ascii')}"
    )


@lru_cache(maxsize=256)
def _moment(seconds: int) -> str:
    """Write a time of an RRSIG as YYYYMMDDHHmmSS; few occur in one zone, so each is worked out once."""
    return to_datetime(seconds).strftime("%Y%m%d%H%M%S")


def _nsec(rdata: bytes) -> str:
    """Write the next name and the types (RFC 4034 section 4.2)."""
    following, at = read_name(rdata, 0)
    return f"{name_to_text(following)}{_types(rdata[at:])}"


@lru_cache(maxsize=256)
def _types(bitmap: bytes) -> str:
    """Write the types of a bit map, a space before each; a root zone has a handful of different maps."""
    found: list[str] = []
    at = 0
    while at < len(bitmap):
        window, size = bitmap[at], bitmap[at + 1]
        octets = bitmap[at + 2 : at + 2 + size]
        if len(octets) != size:
            raise IndexError
        bits = (bit for bit in range(8 * size) if octets[bit // 8] & 0x80 >> bit % 8)
        found += (f" {type_to_text(window << 8 | bit)}" for bit in bits)
        at += 2 + size
    return "".join(found)


def _zonemd(rdata: bytes) -> str:
    """Write a digest of a zone (RFC 8976 section 2.3)."""
    serial, scheme, algorithm = _ZONEMD.unpack_from(rdata)
    return f"{serial} {scheme} {algorithm} {rdata[6:].hex()}"


_WRITERS: Final[Mapping[int, Callable[[bytes], str]]] = {
    A: _a,
    NS: name_to_text,
    SOA: _soa,
    TXT: _txt,
    AAAA: _aaaa,
    DS: _ds,
    RRSIG: _rrsig,
    NSEC: _nsec,
    DNSKEY: _dnskey,
    ZONEMD: _zonemd,
}
