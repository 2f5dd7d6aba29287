r"""Read rdata in zone-file form into wire octets.

The types that DNSSEC scenarios are made of are read here, quickly and as leniently as Unbound's own reader
(sldns): a DS may have a digest of any length, base64 may lack its padding. All other types are dnspython's.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import struct
from calendar import timegm
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from ..clock import Seconds
from ..dnssec.names import ROOT, MalformedRdata, is_subdomain, name_from_text
from ..dnssec.rrtypes import AAAA, CNAME, DNAME, DNSKEY, DS, MX, NS, NSEC, PTR, RRSIG, SOA, SRV, TXT, A


class Token(NamedTuple):
    """One word of a record, or the inside of a quoted string; escapes are kept."""

    text: str
    quoted: bool


SPF, DLV, TA, CDS, CDNSKEY, KEY = 99, 32769, 32768, 59, 60, 25
NSEC3, NSEC3PARAM, SIG = 50, 51, 24
ANY: Final = 255

_NUMBERS: Final = {
    "A": A, "NS": NS, "CNAME": CNAME, "SOA": SOA, "PTR": PTR, "MX": MX, "TXT": TXT, "AAAA": AAAA, "SRV": SRV,
    "DNAME": DNAME, "DS": DS, "RRSIG": RRSIG, "NSEC": NSEC, "DNSKEY": DNSKEY, "NSEC3": NSEC3, "NSEC3PARAM":
    NSEC3PARAM, "SPF": SPF, "DLV": DLV, "TA": TA, "CDS": CDS, "CDNSKEY": CDNSKEY, "KEY": KEY, "SIG": SIG,
    "ANY": ANY, "NULL": 10, "EID": 31, "NIMLOC": 32, "ATMA": 34, "SINK": 40, "NINFO": 56, "RKEY": 57,
    "TALINK": 58, "UINFO": 100, "UID": 101, "GID": 102,
}  # fmt: skip
"""Types by name: those read here, and those that dnspython does not know (IANA's registry)."""
_ALGORITHMS: Final = {
    "RSAMD5": 1, "DH": 2, "DSA": 3, "ECC": 4, "RSASHA1": 5, "DSANSEC3SHA1": 6, "DSA-NSEC3-SHA1": 6,
    "NSEC3DSA": 6, "RSASHA1NSEC3SHA1": 7, "RSASHA1-NSEC3-SHA1": 7, "NSEC3RSASHA1": 7, "RSASHA256": 8,
    "RSASHA512": 10, "ECCGOST": 12, "ECDSAP256SHA256": 13, "ECDSAP384SHA384": 14, "ED25519": 15,
    "ED448": 16, "INDIRECT": 252, "PRIVATEDNS": 253, "PRIVATEOID": 254,
}  # fmt: skip
_DIGESTS: Final = {"SHA1": 1, "SHA-1": 1, "SHA256": 2, "SHA-256": 2, "GOST": 3, "SHA384": 4, "SHA-384": 4}
_ESCAPE: Final = re.compile(r"\\(?:(\d{3})|(.))", re.DOTALL)
_BASE32HEX: Final = re.compile(r"[0-9A-Va-v]+")
_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")
_MAX_RDATA: Final = 0xFFFF
_TTL: Final = re.compile(r"(?:\d{1,10}[smhdwSMHDW]?)+")
_TTL_PART: Final = re.compile(r"(\d+)([smhdw]?)")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MAX_TTL: Final = 0xFFFFFFFF


def read_name(text: str, origin: bytes) -> bytes:
    """Read a name, relative to an origin if it has no final dot. Raises MalformedName."""
    if text == "@":
        return origin
    raw = text if text.isascii() else "".join(c if c.isascii() else f"\\{ord(c):03d}" for c in text)
    name = name_from_text(raw)
    if origin == ROOT or _is_absolute(raw):
        return name
    joined = name[:-1] + origin
    if len(joined) > 255:
        raise MalformedRdata(f"{text[:40]!r} with its origin is longer than 255 octets")
    assert is_subdomain(joined, origin)
    return joined


def _is_absolute(text: str) -> bool:
    """Tell whether a name ends in a dot that no backslash escapes."""
    stem = text[:-1]
    return text.endswith(".") and (len(stem) - len(stem.rstrip("\\"))) % 2 == 0


def is_ttl(text: str) -> bool:
    """Tell whether a word has the form of a TTL: digits, perhaps with units."""
    return _TTL.fullmatch(text) is not None


def read_ttl(text: str) -> Seconds:
    """Read a TTL in seconds or with units, as in `1h30m`. Raises MalformedRdata."""
    total = sum(int(number) * _UNITS[unit] for number, unit in _TTL_PART.findall(text.lower()))
    if not is_ttl(text) or total > _MAX_TTL:
        raise MalformedRdata(f"{text[:40]!r} is not a TTL")
    return total


class Fields:
    """The words of one rdata, taken from left to right; relative names end in `origin`."""

    def __init__(self, words: list[Token], origin: bytes) -> None:
        """Begin at the first word."""
        self._words, self._at, self.origin = words, 0, origin

    def left(self) -> bool:
        """Tell whether there is a word left."""
        return self._at < len(self._words)

    def first(self) -> str:
        """Return the next word without taking it; empty if there is none."""
        return self._words[self._at].text if self.left() else ""

    def word(self) -> str:
        """Return the next word. Raises MalformedRdata if there is none."""
        if self._at >= len(self._words):
            raise MalformedRdata("rdata that ends too early")
        self._at += 1
        return self._words[self._at - 1].text

    def name(self) -> bytes:
        """Return the next word as a name in wire form."""
        return read_name(self.word(), self.origin)

    def number(self, size: int, names: dict[str, int] | None = None) -> bytes:
        """Return the next word, a number of `size` octets or a name for one, in network order."""
        word = self.word()
        value = (names or {}).get(word.upper())
        if value is None:
            if not word.isdecimal() or len(word) > 10:
                raise MalformedRdata(f"{word[:40]!r} is not a number")
            value = int(word)
        try:
            return value.to_bytes(size, "big")
        except OverflowError:
            raise MalformedRdata(f"{word[:40]!r} has no room in {size} octets") from None

    def rest(self) -> str:
        """Return the words that are left, joined."""
        words, self._at = self._words[self._at :], len(self._words)
        return "".join(word.text for word in words)

    def base64(self) -> bytes:
        """Return the words that are left as the octets they encode."""
        text = self.rest()
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise MalformedRdata("base64 that cannot be read") from None

    def hexadecimal(self) -> bytes:
        """Return the words that are left as the octets they encode."""
        return _unhex(self.rest())

    def strings(self) -> list[bytes]:
        """Return the words that are left as character strings of at most 255 octets."""
        words, self._at = self._words[self._at :], len(self._words)
        return [character_string(word.text) for word in words]

    def text(self) -> str:
        """Return the words that are left as zone-file text again."""
        words, self._at = self._words[self._at :], len(self._words)
        return " ".join(f'"{word.text}"' if word.quoted else word.text for word in words)


def character_string(text: str) -> bytes:
    """Return text, escapes and all, as a character string with its length (RFC 1035 section 3.3)."""
    raw = _ESCAPE.sub(_unescape, text).encode("latin-1")
    if len(raw) > 255:
        raise MalformedRdata("a string longer than 255 octets")
    return bytes((len(raw),)) + raw


def _unescape(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    if int(match[1]) > 255:
        raise MalformedRdata(f"{match[0]!r} is no octet")
    return chr(int(match[1]))


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise MalformedRdata("hexadecimal digits that cannot be read") from None


@lru_cache(maxsize=512)
def type_number(word: str) -> int | None:
    """Return the number of a record type by its name or as `TYPE65280`, None if it is none."""
    upper = word.upper()
    if upper in _NUMBERS:
        return _NUMBERS[upper]
    if not re.fullmatch(r"[A-Z][A-Z0-9-]*", upper):
        return None
    if upper.startswith("TYPE") and upper[4:].isdecimal():
        return int(upper[4:]) if int(upper[4:]) <= 0xFFFF else None
    import dns.rdatatype

    try:
        return int(dns.rdatatype.from_text(upper))
    except (dns.rdatatype.UnknownRdatatype, ValueError):
        return None


def read_rdata(rrtype: int, rrclass: int, fields: Fields) -> bytes:
    """Return the rdata of a type. Raises MalformedRdata.

    A record without any rdata is read as one of length zero, as updates and negative tests have it.
    """
    if not fields.left():
        return b""
    if fields.first() == "\\#":
        return _generic(fields)
    reader = _READERS.get(rrtype)
    rdata = _foreign(rrtype, rrclass, fields) if reader is None else reader(fields)
    if fields.left():
        raise MalformedRdata(f"rdata with more than its type has: {fields.word()[:40]!r}")
    if len(rdata) > _MAX_RDATA:
        raise MalformedRdata("rdata longer than 65535 octets")
    return rdata


def _generic(fields: Fields) -> bytes:
    r"""Read rdata written as `\# length hexadecimal` (RFC 3597 section 5)."""
    fields.word()
    size = int.from_bytes(fields.number(4), "big")
    rdata = fields.hexadecimal()
    if len(rdata) != size:
        raise MalformedRdata(f"rdata of {len(rdata)} octets that says it has {size}")
    return rdata


def _foreign(rrtype: int, rrclass: int, fields: Fields) -> bytes:
    """Read rdata of a type that dnspython knows. Raises MalformedRdata."""
    import dns.exception
    import dns.name
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype

    text = fields.text()
    try:
        origin = dns.name.from_wire(fields.origin, 0)[0]
        rdata = dns.rdata.from_text(
            dns.rdataclass.RdataClass(rrclass), dns.rdatatype.RdataType(rrtype), text, origin, False
        )
        wire = rdata.to_wire(origin=origin)
    except (dns.exception.DNSException, ValueError, IndexError, struct.error, ArithmeticError) as problem:
        raise MalformedRdata(f"{text[:60]!r} cannot be read as rdata ({problem})") from None
    assert wire is not None
    return wire


def _address(fields: Fields) -> bytes:
    word = fields.word()
    try:
        return ipaddress.IPv4Address(word).packed
    except ValueError:
        raise MalformedRdata(f"{word[:40]!r} is not an IPv4 address") from None


def _address6(fields: Fields) -> bytes:
    word = fields.word()
    try:
        return ipaddress.IPv6Address(word).packed
    except ValueError:
        raise MalformedRdata(f"{word[:60]!r} is not an IPv6 address") from None


def _soa(fields: Fields) -> bytes:
    head = fields.name() + fields.name() + fields.number(4)
    return head + b"".join(read_ttl(fields.word()).to_bytes(4, "big") for _ in range(4))


def _dnskey(fields: Fields) -> bytes:
    return fields.number(2) + fields.number(1) + fields.number(1, _ALGORITHMS) + fields.base64()


def _ds(fields: Fields) -> bytes:
    head = fields.number(2) + fields.number(1, _ALGORITHMS) + fields.number(1, _DIGESTS)
    return head + fields.hexadecimal()


def _rrsig(fields: Fields) -> bytes:
    word = fields.word()
    covered = type_number(word)
    if covered is None:
        raise MalformedRdata(f"{word[:40]!r} is not the type of a record")
    head = covered.to_bytes(2, "big") + fields.number(1, _ALGORITHMS) + fields.number(1) + fields.number(4)
    times = _time(fields.word()) + _time(fields.word())
    return head + times + fields.number(2) + fields.name() + fields.base64()


def _time(word: str) -> bytes:
    """Read a time of an RRSIG: YYYYMMDDHHmmSS, or seconds since 1970 (RFC 4034 section 3.2)."""
    match = _DATE.fullmatch(word)
    if match is None:
        if not word.isdecimal() or len(word) > 10:
            raise MalformedRdata(f"{word[:40]!r} is not a time")
        return (int(word) % 2**32).to_bytes(4, "big")
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        raise MalformedRdata(f"{word!r} is not a time")
    try:
        seconds = timegm((year, month, day, hour, minute, second))
    except ValueError:
        raise MalformedRdata(f"{word!r} is not a time") from None
    return (seconds % 2**32).to_bytes(4, "big")


def _types(fields: Fields) -> bytes:
    """Read the types of an NSEC or NSEC3 as its bitmap (RFC 4034 section 4.1.2)."""
    windows: dict[int, bytearray] = {}
    while fields.left():
        word = fields.word()
        rrtype = type_number(word)
        if rrtype is None:
            raise MalformedRdata(f"{word[:40]!r} is not the type of a record")
        bits = windows.setdefault(rrtype >> 8, bytearray(32))
        bits[(rrtype & 0xFF) >> 3] |= 0x80 >> (rrtype & 7)
    parts = []
    for window, bits in sorted(windows.items()):
        kept = bytes(bits).rstrip(b"\0")
        parts.append(bytes((window, len(kept))) + kept)
    return b"".join(parts)


def _nsec3param(fields: Fields) -> bytes:
    head = fields.number(1) + fields.number(1) + fields.number(2)
    word = fields.word()
    salt = b"" if word == "-" else _unhex(word)
    if len(salt) > 255:
        raise MalformedRdata("a salt longer than 255 octets")
    return head + bytes((len(salt),)) + salt


def _nsec3(fields: Fields) -> bytes:
    head = _nsec3param(fields)
    word = fields.word()
    if not _BASE32HEX.fullmatch(word) or len(word) > 408:
        raise MalformedRdata(f"{word[:40]!r} is not a hashed owner name")
    bits = int(word, 32)
    size = len(word) * 5 // 8
    hashed = (bits >> (len(word) * 5 - size * 8)).to_bytes(size, "big")
    return head + bytes((size,)) + hashed + _types(fields)


def _srv(fields: Fields) -> bytes:
    return fields.number(2) + fields.number(2) + fields.number(2) + fields.name()


_Reader = Callable[[Fields], bytes]
_READERS: Final[dict[int, _Reader]] = {
    A: _address,
    AAAA: _address6,
    **dict.fromkeys((NS, CNAME, PTR, DNAME), Fields.name),
    SOA: _soa,
    MX: lambda fields: fields.number(2) + fields.name(),
    SRV: _srv,
    **dict.fromkeys((TXT, SPF), lambda fields: b"".join(fields.strings())),
    **dict.fromkeys((DNSKEY, CDNSKEY, KEY), _dnskey),
    **dict.fromkeys((DS, CDS, DLV, TA), _ds),
    RRSIG: _rrsig,
    SIG: _rrsig,
    NSEC: lambda fields: fields.name() + _types(fields),
    NSEC3: _nsec3,
    NSEC3PARAM: _nsec3param,
}
"""The types read here."""
