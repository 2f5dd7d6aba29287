"""Messages that dnspython writes, and dnspython's reading of a message in our form."""

from __future__ import annotations

from collections.abc import Iterable

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from hypothesis import strategies as st

from lab.dnssec.codec import (
    RR,
    Edns,
    Message,
    Question,
)
from lab.dnssec.names import ROOT
from lab.dnssec.rrtypes import NAME_LAYOUTS

from .material import (
    LOWER_NAMES,
    NAMES,
    U8,
    U16,
    dns_name,
    dns_rdata,
    records,
    wire_of,
)

RELATED = [b"\x00", b"\x05alpha\x00", b"\x01*\x05alpha\x00", b"\x01x\x01y\x05alpha\x00"]
OWNERS = st.sampled_from(RELATED) | LOWER_NAMES
SECTIONS = st.lists(records(OWNERS), max_size=4)
OPTIONS = st.lists(st.tuples(st.integers(65001, 65534), st.binary(max_size=9)), max_size=2)
SIZES = st.integers(512, 4096)
OPTS = st.none() | st.builds(Edns, SIZES, st.booleans(), U8, st.just(0), OPTIONS.map(tuple))
DNSPYTHON_KNOWS = [rrtype for rrtype in NAME_LAYOUTS if rrtype not in (3, 4, 7, 8, 9, 14)]
"""Types whose names dnspython decompresses as well."""


def dns_message(wire: bytes) -> dns.message.Message:
    """Read a message with dnspython, one RRset a record so that nothing is merged."""
    return dns.message.from_wire(wire, one_rr_per_rrset=True)


def twin(message: dns.message.Message) -> Message:
    """Put what dnspython has read into our form."""
    asked = message.question[0] if message.question else None
    question = (
        Question(asked.name.to_digestable(), asked.rdtype, asked.rdclass) if asked is not None else None
    )
    answer, authority, additional = (
        tuple(
            RR(rrset.name.to_digestable(), rrset.rdtype, rrset.rdclass, rrset.ttl, wire_of(rdata))
            for rrset in section
            for rdata in rrset
        )
        for section in (message.answer, message.authority, message.additional)
    )
    edns = None
    if message.edns >= 0:
        do = message.ednsflags & dns.flags.DO != 0
        options = tuple((int(option.otype), option.to_wire() or b"") for option in message.options)
        edns = Edns(message.payload, do, message.ednsflags >> 24, message.edns, options)
    name = asked.name.to_wire() if asked is not None else None
    flags = int(message.flags)
    return Message(message.id, flags, question, answer, authority, additional, edns, name or ROOT)


def to_dns_rrset(record: RR) -> dns.rrset.RRset:
    """Return a dnspython RRset of one record."""
    rdata = dns_rdata(record.rrtype, record.rdata)
    return dns.rrset.from_rdata(dns_name(record.owner), record.ttl, rdata)


def dns_options(options: Iterable[tuple[int, bytes]]) -> list[dns.edns.Option]:
    """Return dnspython options of ours."""
    return [dns.edns.GenericOption(dns.edns.OptionType.make(code), value) for code, value in options]


@st.composite
def dns_wires(draw: st.DrawFn) -> bytes:
    """Draw a message that dnspython wrote, with its compression."""
    message = dns.message.Message(id=draw(U16))
    message.flags = dns.flags.Flag(draw(U16) & 0x87FF)
    if draw(st.booleans()):
        asked = dns.rdatatype.RdataType.make(draw(st.integers(1, 200)))
        message.question = [dns.rrset.RRset(dns_name(draw(NAMES)), dns.rdataclass.IN, asked)]
    for section in (message.answer, message.authority, message.additional):
        section.extend(to_dns_rrset(record) for record in draw(SECTIONS))
    opt = draw(OPTS)
    if opt:
        flags = opt.ext_rcode << 24 | (0x8000 if opt.do else 0)
        message.use_edns(0, flags, opt.udp_size, options=dns_options(opt.options))
    return message.to_wire(max_size=65535)
