"""Messages are read and written as by dnspython, and bad ones raise MalformedMessage only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec import codec
from lab.dnssec.codec import (
    RR,
    Edns,
    MalformedMessage,
    Message,
    Question,
    make_query,
    parse_message,
    records_of,
    render_response,
    rrsets_of,
)
from lab.dnssec.keys import SigningKey
from lab.dnssec.names import ROOT, MalformedRdata, name_from_text
from lab.dnssec.rrset import RRset, SignedRRset, make_rrset, sign_rrset
from lab.dnssec.rrtypes import DNSKEY, IN, NAME_LAYOUTS, NS, OPT, RRSIG, TXT, A

from .material import (
    LOWER_NAMES,
    NAMES,
    U8,
    U16,
    dns_name,
    dns_rdata,
    records,
    rrsets,
    shipped,
    signing_key,
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


@given(dns_wires())
def test_reading_is_dnspythons(wire: bytes) -> None:
    """Any message dnspython writes is read to the same header, question, records and EDNS."""
    assert parse_message(wire) == twin(dns_message(wire))


@given(dns_wires())
def test_the_memo_of_messages_equals_its_slow_twin(wire: bytes) -> None:
    """A message read again is the same object, equal to one read afresh."""
    message = parse_message(wire)
    assert message == codec._read_message(wire)
    assert parse_message(bytes(bytearray(wire))) is message
    try:
        groups = codec._group(message.answer)
    except MalformedRdata:
        return
    assert rrsets_of(message.answer) == groups


POINTERS = [b"\xc0", b"\xc0\x0c", b"\xc0\x00", b"\x00"]


@st.composite
def damaged_wires(draw: st.DrawFn) -> bytes:
    """Draw a message with some octets changed, cut off or put in."""
    wire = bytearray(draw(dns_wires()))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(wire) - 1, 0)))
        wire[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2) | st.sampled_from(POINTERS))
    return bytes(wire)


@given(st.binary(max_size=120) | damaged_wires())
def test_odd_octets_raise_malformed_message_only(wire: bytes) -> None:
    """Any octets are a message whose sections group to RRsets, or one of the two complaints."""
    try:
        message = parse_message(wire)
        for section in (message.answer, message.authority, message.additional):
            rrsets_of(section)
    except (MalformedMessage, MalformedRdata):
        return
    assert message.id == int.from_bytes(wire[:2], "big")


@given(damaged_wires())
def test_damaged_messages_read_as_dnspython_reads_them(wire: bytes) -> None:
    """What dnspython can read of a damaged message, we read the same, but for types it treats otherwise."""
    try:
        theirs = dns_message(wire)
    except Exception:  # dnspython raises many kinds, and is no subject here
        return
    if theirs.opcode() != 0 or int.from_bytes(wire[4:6], "big") > 1 or theirs.tsig is not None:
        return
    ours = parse_message(wire)
    expected = twin(theirs)
    assert ours[:3] == expected[:3]
    assert ours.question_name == expected.question_name
    for section, other in zip(ours[3:6], expected[3:6], strict=True):
        assert [record[:4] for record in section] == [record[:4] for record in other]
        for record, known in zip(section, other, strict=True):
            if record.rrtype in (A, TXT, DNSKEY, *DNSPYTHON_KNOWS):
                assert record.rdata == known.rdata


@given(dns_wires(), st.data())
def test_a_cut_message_is_malformed(wire: bytes, data: st.DataObject) -> None:
    """No proper prefix of a message is a message."""
    with pytest.raises(MalformedMessage):
        parse_message(wire[: data.draw(st.integers(0, len(wire) - 1))])


HEADER = bytes.fromhex("0001 8400 0001 0000 0000 0000")
ASKED = b"\x00\x00\x30\x00\x01"
QUERY = HEADER + ASKED
ONE_ANSWER = HEADER[:7] + b"\x01" + HEADER[8:] + ASKED


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"", "cut short"),
        (QUERY + b"\x00", "after its end"),
        (HEADER[:5] + b"\x02" + HEADER[6:] + ASKED * 2, "more than one question"),
        (ONE_ANSWER, "do not fit"),
        (HEADER[:6] + b"\xff\xff" + HEADER[8:] + ASKED + bytes(50), "do not fit"),
        (ONE_ANSWER + bytes.fromhex("00 0001 0001 00000000 0005 61626364"), "past the end"),
        (HEADER + b"\xc0\x0c" + ASKED[1:], "point back"),
        (QUERY + bytes(65536), "do not fit"),
    ],
)
def test_what_is_wrong_is_said(wire: bytes, reason: str) -> None:
    """Each fault of a message is named."""
    with pytest.raises(MalformedMessage, match=reason):
        parse_message(wire)


def with_additional(*records: bytes) -> bytes:
    """Return a message with these additional records."""
    return HEADER[:10] + len(records).to_bytes(2, "big") + ASKED + b"".join(records)


PLAIN_OPT = bytes.fromhex("00 0029 04d0 00008000 0000")


def test_opt_is_taken_apart() -> None:
    """Size, DO, version, extended rcode and options come out of OPT, which is no additional record."""
    glue = bytes.fromhex("00 0001 0001 0000000a 0004 c0000201")
    opt = bytes.fromhex("00 0029 04d0 01008000 000a 000e0002 4a5c 00030000")
    message = parse_message(with_additional(glue, opt, glue))
    assert message.edns == Edns(1232, True, 1, 0, ((14, b"\x4a\x5c"), (3, b"")))
    assert message.rcode == 16
    assert message.do
    assert len(message.additional) == 2


@pytest.mark.parametrize(
    "wire",
    [
        with_additional(PLAIN_OPT, PLAIN_OPT),
        with_additional(b"\x01a" + PLAIN_OPT),
        ONE_ANSWER + PLAIN_OPT,
        HEADER[:9] + b"\x01" + HEADER[10:] + ASKED + PLAIN_OPT,
        with_additional(bytes.fromhex("00 0029 04d0 00008000 0003 000e00")),
        with_additional(bytes.fromhex("00 0029 04d0 00008000 0005 000e0002 4a")),
    ],
    ids=["two", "owner", "answer", "authority", "short option", "long option"],
)
def test_opt_where_none_may_be(wire: bytes) -> None:
    """Two OPT, an owner, another section and options that do not fit are malformed (RFC 6891 section 6.1)."""
    with pytest.raises(MalformedMessage):
        parse_message(wire)


def test_a_ttl_with_its_top_bit_set_is_zero() -> None:
    """A TTL over 2**31 - 1 counts as 0 (RFC 2181 section 8)."""
    record = bytes.fromhex("00 0001 0001 80000000 0004 c0000201")
    assert parse_message(with_additional(record)).additional[0].ttl == 0


def test_header_fields() -> None:
    """Opcode, rcode and DO are read off a message without OPT as well."""
    message = parse_message(b"\x00\x01\x28\x05" + bytes(8))
    assert (message.opcode, message.rcode, message.do, message.question) == (5, 5, False, None)


@given(
    LOWER_NAMES, st.integers(1, 65535), U16, SIZES, st.lists(st.booleans(), min_size=4, max_size=4), OPTIONS
)
def test_queries_are_dnspythons(
    owner: bytes, qtype: int, ident: int, size: int, bits: list[bool], options: list[tuple[int, bytes]]
) -> None:
    """A query is octet for octet what dnspython writes."""
    do, cd, rd, edns = bits
    rdtype = dns.rdatatype.RdataType.make(qtype)
    theirs = dns.message.make_query(dns_name(owner), rdtype, id=ident, flags=cd * 0x10 | rd * 0x100)
    if edns:
        theirs.use_edns(0, dns.flags.DO if do else 0, size, options=dns_options(options))
    query = make_query(owner, qtype, id=ident, udp_size=size, do=do, cd=cd, rd=rd, edns=edns, options=options)
    assert query == theirs.to_wire()


@given(NAMES, st.tuples(SECTIONS, SECTIONS, SECTIONS), OPTS, U16, st.integers(0, 4095), OPTIONS)
def test_responses_read_back_with_dnspython(
    name: bytes,
    sections: tuple[list[RR], list[RR], list[RR]],
    opt: Edns | None,
    flags: int,
    rcode: int,
    options: list[tuple[int, bytes]],
) -> None:
    """What was put into a response is what dnspython reads, with the query's id, RD, CD and question."""
    question = Question(name.lower(), TXT, IN)
    query = Message(4711, flags & 0x07FF, question, (), (), (), opt, name)
    rcode = rcode if opt else rcode & 0xF
    answer, authority, additional = sections
    wire = render_response(
        query,
        rcode=rcode,
        aa=flags & 0x0400 != 0,
        tc=flags & 0x0200 != 0,
        ra=flags & 0x0080 != 0,
        ad=flags & 0x0020 != 0,
        answer=answer,
        authority=authority,
        additional=additional,
        options=options,
    )
    bits = 0x8000 | flags & 0x07B0 | rcode & 0xF
    edns = Edns(1232, opt.do, rcode >> 4, 0, tuple(options)) if opt else None
    expected = Message(4711, bits, question, tuple(answer), tuple(authority), tuple(additional), edns, name)
    assert twin(dns_message(wire)) == expected
    assert parse_message(wire) == expected
    assert parse_message(wire).rcode == rcode


def test_only_owners_equal_to_the_question_are_pointers() -> None:
    """An owner equal to the question's is two octets, any other owner and every name in rdata is whole."""
    alpha, query = (
        name_from_text("alpha."),
        parse_message(make_query(name_from_text("alpha."), NS, edns=False)),
    )
    record = RR(alpha, NS, IN, 1, alpha)
    other = RR(name_from_text("x.alpha."), NS, IN, 1, alpha)
    sizes = [len(render_response(query, answer=section)) for section in ([], [record], [other])]
    assert sizes == [23, 23 + 2 + 10 + 7, 23 + 9 + 10 + 7]


def test_the_roots_own_name_is_not_a_pointer() -> None:
    """The root's owner is one octet, which no pointer beats."""
    query = parse_message(make_query(ROOT, NS, edns=False))
    assert len(render_response(query, answer=[RR(ROOT, NS, IN, 1, ROOT)])) == 17 + 1 + 10 + 1


def test_the_question_keeps_its_case() -> None:
    """A client that mixes case to be harder to spoof gets its own spelling back."""
    asked = make_query(b"\x05aLpHa\x00", A)
    query = parse_message(asked)
    assert query.question == (b"\x05alpha\x00", A, IN)
    answer = [RR(b"\x05alpha\x00", A, IN, 1, b"\xc0\x00\x02\x01")]
    assert render_response(query, answer=answer)[12:19] == b"\x05aLpHa\x00"


def test_what_does_not_fit_a_message_is_refused() -> None:
    """Over 65535 octets, an rcode that needs OPT, and numbers with no room raise ValueError."""
    query = parse_message(make_query(ROOT, TXT, edns=False))
    big = RR(ROOT, TXT, IN, 1, b"\x00" * 40000)
    cases: list[tuple[int, list[RR], str]] = [
        (0, [big, big], "at most 65535"),
        (16, [], "without EDNS"),
        (0, [RR(ROOT, TXT, IN, -1, b"")], "no room"),
    ]
    for rcode, answer, reason in cases:
        with pytest.raises(ValueError, match=reason):
            render_response(query, rcode=rcode, answer=answer)


def zone_signing_keys(count: int) -> list[SigningKey]:
    """Return RSA-2048 zone signing keys."""
    return [shipped("zsk-pool.pem", 256, index) for index in range(count)]


@pytest.mark.parametrize(
    ("ksks", "zsks", "revoked", "size"),
    [(1, 1, 0, 864), (2, 1, 0, 1139), (1, 2, 0, 1139), (2, 2, 0, 1414), (2, 1, 1, 1425)],
)
def test_sizes_of_the_roots_dnskey_response(ksks: int, zsks: int, revoked: int, size: int) -> None:
    """With RSA-2048 the response has the published sizes, and dnspython writes it just as long."""
    secure = [shipped(f"ksk-{year}.pem", 257) for year in (2010, 2017)][:ksks]
    signers = [secure[0].revoked(), secure[1]] if revoked else secure[:1]
    published = [*signers, *secure[1:], *zone_signing_keys(zsks)]
    rrset = make_rrset(ROOT, DNSKEY, 172800, [signing.key.rdata for signing in published])
    signed = SignedRRset(rrset, tuple(sign_rrset(rrset, signing, ROOT, 0, 1814400) for signing in signers))
    query = parse_message(make_query(ROOT, DNSKEY))
    wire = render_response(query, aa=True, answer=records_of(signed))
    assert len(wire) == size
    assert len(dns.message.from_wire(wire).to_wire()) == size
    assert rrsets_of(parse_message(wire).answer) == (signed,)


@given(st.lists(rrsets(), max_size=4, unique_by=lambda rrset: (rrset.owner, rrset.rrtype)), st.randoms())
def test_grouping_undoes_listing(sets: list[RRset], random: Random) -> None:
    """Records of signed RRsets in any order group to the same RRsets with the same RRSIGs."""
    signing = signing_key(15)
    signed = [SignedRRset(rrset, (sign_rrset(rrset, signing, ROOT, 0, 1),)) for rrset in sets]
    listed = [record for one in signed for record in records_of(one)]
    random.shuffle(listed)
    assert sorted(rrsets_of(listed), key=repr) == sorted(signed, key=repr)


def test_grouping_leaves_out_what_belongs_to_nothing() -> None:
    """Other classes and RRSIGs without their RRset are left out, the lowest TTL counts, and order is kept."""
    rrset = make_rrset(ROOT, TXT, 30, [b"\x01a", b"\x01b"])
    rrsig = sign_rrset(rrset, signing_key(15), ROOT, 0, 1)
    section = [
        RR(ROOT, RRSIG, IN, 60, rrsig.rdata),
        RR(ROOT, RRSIG, IN, 60, replace(rrsig, type_covered=A).rdata),
        RR(ROOT, TXT, 3, 60, b"\x05chaos"),
        RR(ROOT, TXT, IN, 60, b"\x01b"),
        RR(b"\x01z\x00", A, IN, 9, b"\xc0\x00\x02\x01"),
        RR(ROOT, TXT, IN, 30, b"\x01a"),
    ]
    assert rrsets_of(section) == (
        SignedRRset(rrset, (rrsig,)),
        SignedRRset(make_rrset(b"\x01z\x00", A, 9, [b"\xc0\x00\x02\x01"]), ()),
    )


def test_grouping_a_broken_rrsig_raises() -> None:
    """An RRSIG record too short to be one is MalformedRdata, for the caller to treat as a bad answer."""
    with pytest.raises(MalformedRdata):
        rrsets_of([RR(ROOT, RRSIG, IN, 60, b"\x00\x01")])


def test_records_without_signatures() -> None:
    """A client that did not set DO gets the RRset alone."""
    rrset = make_rrset(ROOT, TXT, 60, [b"\x01a"])
    signed = SignedRRset(rrset, (sign_rrset(rrset, signing_key(15), ROOT, 0, 1),))
    assert records_of(signed, rrsigs=False) == (RR(ROOT, TXT, IN, 60, b"\x01a"),)
    assert [record.rrtype for record in records_of(signed)] == [TXT, RRSIG]


def test_opt_has_its_number() -> None:
    """A response to a query with EDNS ends in one OPT record and counts it."""
    wire = render_response(parse_message(make_query(ROOT, TXT)), edns_udp=4096)
    assert wire[10:12] == b"\x00\x01"
    assert wire[-10:-8] == OPT.to_bytes(2, "big")
    assert wire[-8:-6] == (4096).to_bytes(2, "big")
