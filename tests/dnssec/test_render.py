"""Queries and responses are what dnspython reads and writes, and RRsets survive the way there and back."""

from __future__ import annotations

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

from lab.dnssec.codec import (
    RR,
    Edns,
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
from lab.dnssec.rrtypes import DNSKEY, IN, NS, OPT, RRSIG, TXT, A

from .material import (
    LOWER_NAMES,
    NAMES,
    U16,
    dns_name,
    rrsets,
    shipped,
    signing_key,
)
from .messages import (
    OPTIONS,
    OPTS,
    SECTIONS,
    SIZES,
    dns_message,
    dns_options,
    twin,
)


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


def test_a_query_without_a_question_gets_a_response_without_one() -> None:
    """A client whose question could not be read is answered by header alone."""
    query = parse_message(b"\x12\x34" + bytes(10))
    assert render_response(query, rcode=1) == bytes.fromhex("1234 8001 0000 0000 0000 0000")


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
