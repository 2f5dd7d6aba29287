"""Decide whether a packet matches an entry, word by word (testcode/testpkts.c, `find_match`).

Sections are compared as collections: the order of records does not count, nor the case of names, nor TTLs
unless the entry says `ttl`. A packet that cannot be parsed matches nothing but an entry that asks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ..dnssec.codec import AA, AD, CD, QR, RA, RD, RR, TC, MalformedMessage, Message, parse_message
from ..dnssec.names import Malformed, is_subdomain
from ..dnssec.rrtypes import SOA, canonical_rdata
from .script import Entry, Packet

_FLAGS: Final = QR | AA | TC | RD | RA | AD | CD
EDE: Final = 15
"""The EDNS option Extended DNS Error (RFC 8914)."""
COOKIE: Final = 10
"""The EDNS option Cookie (RFC 7873)."""
NSID: Final = 3
"""The EDNS option NSID (RFC 5001)."""


def parse(wire: bytes) -> Message | None:
    """Return a message, None if it cannot be read."""
    try:
        return parse_message(wire)
    except MalformedMessage:
        return None


def differences(entry: Entry, wire: bytes, transport: str = "UDP") -> tuple[str, ...]:
    """Return in what a packet differs from an entry, word by word; empty if it matches.

    `transport` is how the packet came: `UDP` or `TCP`.
    """
    match = entry.match
    found: list[str] = []
    message = parse(wire)
    if message is None:
        return () if not match.words and match.ede is None else ("a message that cannot be read",)
    if match.transport and match.transport != transport:
        found.append(f"came over {transport}")
    if match.ede is not None:
        found += _ede(match.ede, message)
    if match.serial is not None and serial_of(message) != match.serial:
        found.append(f"serial {serial_of(message)} instead of {match.serial}")
    for word, check in _CHECKS.items():
        if word in match.words:
            found += check(entry, message)
    return tuple(found)


def matches(entry: Entry, wire: bytes, transport: str = "UDP") -> bool:
    """Tell whether a packet matches an entry."""
    return not differences(entry, wire, transport)


def expected(packet: Packet) -> Packet:
    """Return a packet with octets of its own taken apart, so that it can be compared."""
    if packet.raw is None:
        return packet
    message = parse(packet.raw)
    if message is None:
        return packet
    edns = message.edns
    question = () if message.question is None else (message.question,)
    return Packet(
        message.flags & _FLAGS,
        message.opcode,
        message.rcode,
        edns is not None,
        message.do,
        _options(edns.options if edns is not None else ()),
        question,
        message.answer,
        message.authority,
        message.additional,
    )


def _options(options: Iterable[tuple[int, bytes]]) -> bytes:
    return b"".join(
        code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for code, value in options
    )


def ede_codes(message: Message) -> tuple[int, ...]:
    """Return the info codes of the extended errors a message carries (RFC 8914 section 2)."""
    if message.edns is None:
        return ()
    return tuple(
        int.from_bytes(value[:2], "big")
        for code, value in message.edns.options
        if code == EDE and len(value) >= 2
    )


def _ede(wanted: int, message: Message) -> list[str]:
    codes = ede_codes(message)
    if wanted in codes or (wanted < 0 and codes):
        return []
    return [f"extended errors {list(codes) or 'none'} instead of {'any' if wanted < 0 else wanted}"]


def serial_of(message: Message) -> int | None:
    """Return the serial of the SOA in a query for a transfer (RFC 1995 section 3), None without one."""
    for record in message.authority:
        if record.rrtype == SOA and len(record.rdata) >= 22:
            return int.from_bytes(record.rdata[-20:-16], "big")
    return None


def record_key(record: RR, *, ttl: bool) -> tuple[object, ...]:
    """Return what makes two records equal."""
    try:
        rdata = canonical_rdata(record.rrtype, record.rdata)
    except Malformed:
        rdata = record.rdata
    kept = (record.owner, record.rrtype, record.rrclass, rdata)
    return (*kept, record.ttl) if ttl else kept


def _section(name: str, wanted: Iterable[RR], got: Iterable[RR], *, ttl: bool) -> list[str]:
    """Compare two sections as collections of records."""
    missing = [record_key(record, ttl=ttl) for record in wanted]
    surplus = []
    for record in got:
        key = record_key(record, ttl=ttl)
        if key in missing:
            missing.remove(key)
        else:
            surplus.append(key)
    if not missing and not surplus:
        return []
    return [f"{name}: {len(missing)} records missing, {len(surplus)} too many"]


# -- one function a word -------------------------------------------------------------------------------------


def _opcode(entry: Entry, message: Message) -> list[str]:
    wanted = expected(entry.packet).opcode
    return [] if message.opcode == wanted else [f"opcode {message.opcode} instead of {wanted}"]


def _qtype(entry: Entry, message: Message) -> list[str]:
    wanted, got = expected(entry.packet).question, message.question
    same = (got.qtype if got else None) == (wanted.qtype if wanted else None)
    return [] if same else [f"type {got.qtype if got else 'none'}"]


def _qclass(entry: Entry, message: Message) -> list[str]:
    wanted, got = expected(entry.packet).question, message.question
    return [] if (got.qclass if got else None) == (wanted.qclass if wanted else None) else ["class"]


def _qname(entry: Entry, message: Message) -> list[str]:
    wanted, got = expected(entry.packet).question, message.question
    return [] if (got.owner if got else None) == (wanted.owner if wanted else None) else ["name"]


def _subdomain(entry: Entry, message: Message) -> list[str]:
    wanted, got = expected(entry.packet).question, message.question
    inside = wanted is not None and got is not None and is_subdomain(got.owner, wanted.owner)
    return [] if inside else ["name outside the domain"]


def _question(entry: Entry, message: Message) -> list[str]:
    return _qname(entry, message) + _qtype(entry, message) + _qclass(entry, message)


def _rcode(entry: Entry, message: Message) -> list[str]:
    wanted = expected(entry.packet).rcode
    return [] if message.rcode == wanted else [f"rcode {message.rcode} instead of {wanted}"]


def _answer(entry: Entry, message: Message) -> list[str]:
    ttl = "ttl" in entry.match.words
    return _section("answer", expected(entry.packet).answer, message.answer, ttl=ttl)


def _answer_types(entry: Entry, message: Message) -> list[str]:
    wanted = sorted({record.rrtype for record in expected(entry.packet).answer})
    got = sorted({record.rrtype for record in message.answer})
    return [] if wanted == got else [f"types {got} in the answer instead of {wanted}"]


def _authority(entry: Entry, message: Message) -> list[str]:
    ttl = "ttl" in entry.match.words
    return _section("authority", expected(entry.packet).authority, message.authority, ttl=ttl)


def _additional(entry: Entry, message: Message) -> list[str]:
    ttl = "ttl" in entry.match.words
    return _section("additional", expected(entry.packet).additional, message.additional, ttl=ttl)


def _flags(entry: Entry, message: Message) -> list[str]:
    wanted, got = expected(entry.packet).flags & _FLAGS, message.flags & _FLAGS
    names = {"QR": QR, "AA": AA, "TC": TC, "RD": RD, "RA": RA, "AD": AD, "CD": CD}
    wrong = [
        f"{name} {'set' if got & bit else 'clear'}" for name, bit in names.items() if (got ^ wanted) & bit
    ]
    return [", ".join(wrong)] if wrong else []


def _edns(entry: Entry, message: Message) -> list[str]:
    """Compare whether there is EDNS, its DO bit, and its options but for errors where those are matched."""
    wanted = expected(entry.packet)
    if wanted.edns is not (message.edns is not None):
        return ["EDNS missing" if wanted.edns else "EDNS where there should be none"]
    if message.edns is None:
        return []
    found = [] if wanted.do is message.edns.do else [f"DO {'set' if message.edns.do else 'clear'}"]
    kept = [
        (code, value)
        for code, value in message.edns.options
        if not (code == EDE and entry.match.ede is not None)
    ]
    return found if _options(kept) == wanted.options else [*found, "EDNS options"]


def _do(entry: Entry, message: Message) -> list[str]:
    return [] if message.do else ["DO clear"]


def _noedns(entry: Entry, message: Message) -> list[str]:
    return [] if message.edns is None else ["EDNS where there should be none"]


def _ednsdata(entry: Entry, message: Message) -> list[str]:
    got = _options(message.edns.options if message.edns is not None else ())
    return [] if got == expected(entry.packet).options else ["EDNS options"]


def _all_but_edns(entry: Entry, message: Message) -> list[str]:
    found: list[str] = []
    for check in (_opcode, _rcode, _flags, _question, _answer, _authority, _additional):
        found += check(entry, message)
    return found


def _all(entry: Entry, message: Message) -> list[str]:
    return _all_but_edns(entry, message) + _edns(entry, message)


def _option(code: int, size: int) -> Callable[[Entry, Message], list[str]]:
    """Return a check that an option is there with at least so many octets."""

    def check(entry: Entry, message: Message) -> list[str]:
        options = message.edns.options if message.edns is not None else ()
        there = any(found == code and len(value) >= size for found, value in options)
        return [] if there else [f"EDNS option {code} missing"]

    return check


_CHECKS: Final[dict[str, Callable[[Entry, Message], list[str]]]] = {
    "opcode": _opcode,
    "qtype": _qtype,
    "qclass": _qclass,
    "qname": _qname,
    "rcode": _rcode,
    "question": _question,
    "answer": _answer,
    "answertypes": _answer_types,
    "authority": _authority,
    "additional": _additional,
    "flags": _flags,
    "edns": _edns,
    "subdomain": _subdomain,
    "DO": _do,
    "noedns": _noedns,
    "ednsdata": _ednsdata,
    "nsid": _option(NSID, 0),
    "client_cookie": _option(COOKIE, 8),
    "server_cookie": _option(COOKIE, 16),
    "all": _all,
    "all_noedns": _all_but_edns,
}
"""Word of MATCH -> what it compares; the order is that of testbound where testbound has the word."""
