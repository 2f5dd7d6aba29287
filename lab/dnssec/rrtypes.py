"""Numbers of RR types, and where domain names lie in the rdata of the old ones.

Only the types listed in RFC 4034 section 6.2 (less NSEC, RFC 6840 section 5.1) have names that canonical form
lower-cases; the same table says which names a sender may have compressed (RFC 3597 section 4).
"""

from __future__ import annotations

from typing import Final

from .names import MalformedName, MalformedRdata, read_name

IN: Final = 1
"""The Internet class, the only one the lab serves."""

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
NULL: Final = 10
PTR: Final = 12
MX: Final = 15
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
DNAME: Final = 39
OPT: Final = 41
DS: Final = 43
RRSIG: Final = 46
NSEC: Final = 47
DNSKEY: Final = 48
ZONEMD: Final = 63

_MNEMONICS: Final = {
    A: "A", NS: "NS", CNAME: "CNAME", SOA: "SOA", NULL: "NULL", PTR: "PTR", MX: "MX", TXT: "TXT",
    AAAA: "AAAA", SRV: "SRV", DNAME: "DNAME", OPT: "OPT", DS: "DS", RRSIG: "RRSIG", NSEC: "NSEC",
    DNSKEY: "DNSKEY", ZONEMD: "ZONEMD",
}  # fmt: skip

NAME = -1
STRING = -2
NAME_LAYOUTS: Final[dict[int, tuple[int, ...]]] = {
    NS: (NAME,),
    3: (NAME,),  # MD
    4: (NAME,),  # MF
    CNAME: (NAME,),
    SOA: (NAME, NAME, 20),
    7: (NAME,),  # MB
    8: (NAME,),  # MG
    9: (NAME,),  # MR
    PTR: (NAME,),
    14: (NAME, NAME),  # MINFO
    MX: (2, NAME),
    17: (NAME, NAME),  # RP
    18: (2, NAME),  # AFSDB
    21: (2, NAME),  # RT
    26: (2, NAME, NAME),  # PX
    SRV: (6, NAME),
    35: (4, STRING, STRING, STRING, NAME),  # NAPTR
    36: (2, NAME),  # KX
    DNAME: (NAME,),
}
"""For each such type the fields of its rdata: a count of octets, a NAME, or a character STRING."""


def type_to_text(rrtype: int) -> str:
    """Return the mnemonic of an RR type, or `TYPEnnn` (RFC 3597 section 5)."""
    return _MNEMONICS.get(rrtype, f"TYPE{rrtype}")


def expand_rdata(rrtype: int, wire: bytes, at: int, end: int, *, fold: bool = False) -> bytes:
    """Return the rdata at wire[at:end] of a type in NAME_LAYOUTS with its names decompressed.

    `fold` lower-cases those names. Raises MalformedRdata if its fields do not fill the rdata exactly.
    """
    parts: list[bytes] = []
    try:
        for field in NAME_LAYOUTS[rrtype]:
            if field == NAME:
                name, after = read_name(wire, at)
                parts.append(name.lower() if fold else name)
            else:
                after = at + (1 + wire[at] if field == STRING else field)
                parts.append(wire[at:after])
            at = after
    except (MalformedName, IndexError):
        raise MalformedRdata(f"bad {type_to_text(rrtype)} rdata") from None
    if at != end:
        raise MalformedRdata(f"{type_to_text(rrtype)} rdata is not as long as its fields")
    return b"".join(parts)


def canonical_rdata(rrtype: int, rdata: bytes) -> bytes:
    """Return rdata in canonical form: names lower-cased for the types that ask for it (RFC 4034 section 6.2).

    Raises MalformedRdata for rdata of such a type that cannot be taken apart.
    """
    if rrtype not in NAME_LAYOUTS:
        return rdata
    return expand_rdata(rrtype, rdata, 0, len(rdata), fold=True)
