"""Turn the packets of entries into octets, adjusted to the query they answer."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Final

from ..dnssec.codec import QR, RR, Message, Question
from ..dnssec.rrtypes import OPT
from .script import Entry, Packet

_HEADER: Final = struct.Struct("!HHHHHH")
_TAIL: Final = struct.Struct("!HH")
_RR: Final = struct.Struct("!HHIH")
_DO: Final = 0x8000
UDP_SIZE: Final = 4096
"""The EDNS buffer size of testbound's packets (testcode/testpkts.c, `add_edns`)."""
SUBNET: Final = 8
"""The EDNS option Client Subnet (RFC 7871)."""


def render(packet: Packet, *, ident: int = 0, questions: tuple[Question, ...] | None = None) -> bytes:
    """Return the octets of a packet, nothing compressed; `questions` stand in for its own.

    Raises ValueError for more than fits a message.
    """
    if packet.raw is not None:
        return ident.to_bytes(2, "big") + packet.raw[2:] if len(packet.raw) >= 2 else packet.raw
    asked = packet.questions if questions is None else questions
    flags = packet.flags | packet.opcode << 11 | packet.rcode & 0xF
    sections = (packet.answer, packet.authority, packet.additional)
    edns = packet.edns or packet.rcode > 0xF
    counts = [len(asked), *(len(section) for section in sections)]
    counts[3] += edns
    parts = [_HEADER.pack(ident, flags, *counts)]
    parts += (question.owner + _TAIL.pack(question.qtype, question.qclass) for question in asked)
    parts += (_record(record) for section in sections for record in section)
    if edns:
        parts.append(opt(packet.rcode, packet.do, packet.options))
    wire = b"".join(parts)
    if len(wire) > 0xFFFF:
        raise ValueError(f"a message of {len(wire)} octets")
    return wire


def _record(record: RR) -> bytes:
    head = _RR.pack(record.rrtype, record.rrclass, record.ttl, len(record.rdata))
    return record.owner + head + record.rdata


def opt(rcode: int, do: bool, options: bytes, size: int = UDP_SIZE) -> bytes:
    """Return an OPT record (RFC 6891 section 6.1.2)."""
    return b"\0" + _RR.pack(OPT, size, (rcode >> 4) << 24 | (_DO if do else 0), len(options)) + options


def answer_from(entry: Entry, query: Message) -> bytes:
    """Return the entry's first packet as the answer to a query, adjusted as the entry says.

    Raises ValueError for a packet that does not fit a message.
    """
    words, packet = entry.adjust.words, entry.packet
    ident = query.id
    if packet.raw is not None and "raw_id" in words:
        ident = int.from_bytes(packet.raw[:2], "big")
    if "copy_ednsdata_assume_clientsubnet" in words and query.edns is not None:
        packet = _with_subnet(packet, query)
    copied = "copy_query" in words and query.question is not None
    return render(packet, ident=ident, questions=_asked(query) if copied else None)


def _asked(query: Message) -> tuple[Question, ...]:
    return () if query.question is None else (query.question,)


def _with_subnet(packet: Packet, query: Message) -> Packet:
    """Return a packet with the query's Client Subnet option, its scope as long as its source."""
    assert query.edns is not None
    for code, value in query.edns.options:
        if code == SUBNET and len(value) >= 4:
            body = value[:3] + value[2:3] + value[4:]
            options = _TAIL.pack(SUBNET, len(body)) + body
            return replace(packet, edns=True, options=options)
    return packet


def as_query(packet: Packet, ident: int) -> bytes:
    """Return a packet of a QUERY step as the octets a client sends."""
    if packet.raw is not None:
        return render(packet, ident=ident)
    return render(replace(packet, flags=packet.flags & ~QR), ident=ident)
