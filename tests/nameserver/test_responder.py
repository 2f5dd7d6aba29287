"""Test the responder's manners: refusals, truncation, and calm in the face of any octets."""

from __future__ import annotations

from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority.ceremony_authority import SkrAuthority, read_skrs
from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, parse_instant
from lab.dnssec.codec import Edns, make_query, parse_message
from lab.dnssec.names import ROOT
from lab.dnssec.rrtypes import DNSKEY
from lab.errors import KeyFileError
from lab.nameserver.responder import Responder

from .lab import AUTHORITY, RESPONDER, REVOCATION, ROLL, query

SKR = Responder(AUTHORITY, skr=True)


def rcode(wire: bytes | None) -> str:
    """Return the response code as dnspython reads it."""
    assert wire is not None
    return dns.rcode.to_text(dns.message.from_wire(wire).rcode())


@pytest.mark.parametrize("wire", [b"", b"\x12", bytes(11), query("alpha.", "DS")[:2] + b"\x80" + bytes(30)])
def test_no_answer(wire: bytes) -> None:
    """What has no header, and what is a response itself, gets no answer (RFC 1035 section 4.1.1)."""
    assert RESPONDER.answer(wire, ROLL) is None


@pytest.mark.parametrize(
    "wire",
    [
        bytes(12),
        query("alpha.", "DS")[:20],
        query("alpha.", "DS") + b"\x00",
        query("alpha.", "DS")[:4] + b"\x00\x02" + query("alpha.", "DS")[6:],
        query("alpha.", "DS")[:4] + b"\x00\x00" + query("alpha.", "DS")[6:],
        b"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01",
    ],
    ids=["no question", "cut short", "too long", "two questions", "hidden question", "loop"],
)
def test_format_error(wire: bytes) -> None:
    """A query that cannot be read gets FORMERR under its own id."""
    response = RESPONDER.answer(wire, ROLL)
    assert response is not None
    assert (response[:2], len(response), rcode(response)) == (wire[:2], 12, "FORMERR")


@pytest.mark.parametrize("opcode", [1, 2, 4, 5, 15])
def test_not_implemented(opcode: int) -> None:
    """Every operation but QUERY is not implemented, and is echoed (RFC 1035 section 4.1.1)."""
    wire = query(".", "DNSKEY")
    wire = wire[:2] + bytes((opcode << 3 | 1,)) + wire[3:]
    response = RESPONDER.answer(wire, ROLL)
    assert response is not None
    assert response == wire[:2] + bytes((0x81 | opcode << 3, 4)) + bytes(8)


@pytest.mark.parametrize("rrtype", ["AXFR", "IXFR", "OPT", "TSIG", "MAILA", "TYPE0", "TYPE128"])
def test_meta_types_are_refused(rrtype: str) -> None:
    """Types that no data has are refused (RFC 6895 section 3.1); transfers too."""
    assert rcode(RESPONDER.answer(query(".", rrtype), ROLL, tcp=True)) == "REFUSED"


@pytest.mark.parametrize("rrclass", [0, 3, 254, 255])
def test_other_classes_are_refused(rrclass: int) -> None:
    """Only class IN is served."""
    wire = query(".", "DNSKEY", edns=False)[:-2] + rrclass.to_bytes(2, "big")
    assert rcode(RESPONDER.answer(wire, ROLL)) == "REFUSED"


def test_unknown_edns_version() -> None:
    """A later version of EDNS is answered with BADVERS and version 0 (RFC 6891 section 6.1.3)."""
    wire = query(".", "DNSKEY")
    wire = wire[:-5] + b"\x01" + wire[-4:]
    response = RESPONDER.answer(wire, ROLL)
    assert response is not None
    assert rcode(response) == "BADVERS"
    message = parse_message(response)
    assert message.edns == Edns(1232, True, 1, 0, ())
    assert message.answer == ()


def test_names_outside_are_refused() -> None:
    """A responder that hosts only children refuses what is not theirs."""
    names = AUTHORITY.child_names
    assert names is not None
    children = Responder(AUTHORITY, apexes=names)
    assert rcode(children.answer(query("x.alpha.", "A"), ROLL)) == "NOERROR"
    assert rcode(children.answer(query(".", "DNSKEY"), ROLL)) == "REFUSED"
    assert rcode(children.answer(query("com.", "A"), ROLL)) == "REFUSED"


def test_ds_at_the_child_alone() -> None:
    """Where the parent is elsewhere, the child denies having its own DS (RFC 4035 section 3.1.4.1)."""
    names = AUTHORITY.child_names
    assert names is not None
    message = parse_message(Responder(AUTHORITY, apexes=names).answer(query("alpha.", "DS"), ROLL) or b"")
    assert (message.rcode, message.answer) == (0, ())
    assert message.authority[0].owner == names.secure


@pytest.mark.parametrize(
    ("name", "rrtype"), [("alpha.", "DNSKEY"), (".", "SOA"), (".", "NS"), ("_rootlab.", "TXT")]
)
def test_replay_refuses_the_rest(name: str, rrtype: str) -> None:
    """In a replay of ceremony files only `. DNSKEY` exists; the rest is refused."""
    assert rcode(SKR.answer(query(name, rrtype), ROLL)) == "REFUSED"
    assert SKR.answer(query(".", "DNSKEY"), ROLL) == RESPONDER.answer(query(".", "DNSKEY"), ROLL)


def test_before_the_start() -> None:
    """Before the timeline's start every question gets SERVFAIL, and later the answer."""
    responder = Responder(AUTHORITY)
    for name, rrtype in ((".", "DNSKEY"), ("alpha.", "DS"), ("x.alpha.", "A")):
        assert rcode(responder.answer(query(name, rrtype), AUTHORITY.timeline.start - 1)) == "SERVFAIL"
        assert rcode(responder.answer(query(name, rrtype), AUTHORITY.timeline.start)) == "NOERROR"


def test_real_ceremony_files(shared_data: Path) -> None:
    """Served from real SKRs, every slot of 2017Q1 to Q3 has its size, and none outlives its signature."""
    paths = sorted((shared_data / "skr").glob("skr-root-2017-q[123]*.xml"))
    responder = Responder(SkrAuthority(read_skrs(paths)))
    sizes = []
    for number in range(27):
        quarter, slot = divmod(number, 9)
        start = parse_instant(("2017-01-01", "2017-04-01", "2017-07-01")[quarter]) + slot * 10 * DAY
        response = responder.answer(query(".", "DNSKEY"), start)
        assert response == responder.answer(query(".", "DNSKEY"), start)
        sizes.append(len(response or b""))
    one, two, three = 864, 1139, 1414
    assert sizes == [two, *[one] * 7, two, two, *[one] * 7, two, *[two] * 8, three]
    last = parse_instant("2017-10-10T00:00:00Z")
    assert rcode(responder.answer(query(".", "DNSKEY"), last)) == "NOERROR"
    assert rcode(responder.answer(query(".", "DNSKEY"), last + 1)) == "SERVFAIL"
    assert rcode(responder.answer(query(".", "DNSKEY"), parse_instant("2016-12-31T23:59:59Z"))) == "SERVFAIL"
    assert rcode(responder.answer(query("alpha.", "DS"), last)) == "REFUSED"


@pytest.mark.parametrize(
    ("edns", "size", "tcp", "whole"),
    [
        (False, 0, False, False),
        (True, 0, False, False),
        (True, 512, False, False),
        (True, 1232, False, False),
        (True, 1424, False, False),
        (True, 1425, False, True),
        (True, 4096, False, True),
        (True, 65535, False, True),
        (True, 512, True, True),
    ],
)
def test_truncation(edns: bool, size: int, tcp: bool, whole: bool) -> None:
    """Over UDP the client's size decides, from 512 octets up (RFC 6891 section 6.2.3); TCP cuts nothing."""
    wire = query(".", "DNSKEY", edns=edns, udp_size=size)
    response = RESPONDER.answer(wire, REVOCATION, tcp)
    assert response is not None
    message = parse_message(response)
    assert bool(message.flags & 0x0200) is not whole
    assert bool(message.answer) is whole
    assert (message.edns is not None) is edns
    assert len(response) == (1425 if whole else 28 if edns else 17)


def test_truncation_without_edns() -> None:
    """Without EDNS there are 512 octets at most (RFC 1035 section 4.2.1): two root keys are too long."""
    response = RESPONDER.answer(query(".", "DNSKEY", edns=False), parse_instant("2017-02-01"))
    assert response is not None
    assert (
        dns.message.from_wire(response, ignore_trailing=False, raise_on_truncation=False).flags & dns.flags.TC
    )
    small = RESPONDER.answer(query("alpha.", "DNSKEY", edns=False), ROLL)
    assert small is not None
    assert len(small) < 512
    assert not parse_message(small).flags & 0x0200


def test_udp_is_limited() -> None:
    """However much a client takes, UDP has 4096 octets at most, and TC tells (RFC 2181 section 9)."""
    names = tuple(f"zsk-20{year}q{quarter}" for year in range(17, 25) for quarter in range(1, 5))
    step = Step(ROLL, KeySet(("ksk-2017",), names, (), ("ksk-2017",), ()), ROLL, ROLL + DAY)
    responder = Responder(ZoneSigner(Timeline((step,)), KeyRing()))
    wire = query(".", "DNSKEY", udp_size=65535)
    cut, whole = responder.answer(wire, ROLL), responder.answer(wire, ROLL, tcp=True)
    assert cut is not None
    assert whole is not None
    assert (len(cut), len(whole)) == (28, 28 + 33 * 275 + 286)


def test_case_and_bits_are_echoed() -> None:
    """The question comes back in its case, with id, RD and CD (RFC 4035 section 3.1.6); AD is clear."""
    name = b"\x04NeW1\x05AlPhA\x00"
    wire = make_query(name, 1, id=0xBEEF, rd=True, cd=True)
    for _ in range(2):
        response = RESPONDER.answer(wire, ROLL)
        assert response is not None
        assert response[:2] == b"\xbe\xef"
        assert response[12 : 12 + len(name)] == name
        assert parse_message(response).flags == 0x8000 | 0x0400 | 0x0100 | 0x0010
        lower = RESPONDER.answer(make_query(name.lower(), 1, id=0xBEEF, rd=True, cd=True), ROLL)
        assert lower == response[:12] + name.lower() + response[12 + len(name) :]


def test_missing_key_is_reported() -> None:
    """A key of the timeline that nobody has is not hidden in a SERVFAIL: the scenario is wrong."""
    step = Step(ROLL, KeySet(("ksk-2099",), (), (), ("ksk-2099",), ()), ROLL, ROLL + DAY)
    responder = Responder(ZoneSigner(Timeline((step,)), KeyRing()))
    with pytest.raises(KeyFileError, match="there is no key named 'ksk-2099'"):
        responder.answer(query(".", "DNSKEY"), ROLL)


BASES = st.sampled_from(
    [
        query(name, rrtype, do=do)
        for name, rrtype in (
            (".", "DNSKEY"),
            ("alpha.", "DS"),
            ("x.alpha.", "A"),
            ("beta.", "DS"),
            ("_ta-4a5c.", "NULL"),
        )
        for do in (True, False)
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a query with some octets changed, cut off or added."""
    wire = bytearray(draw(BASES))
    for _ in range(draw(st.integers(0, 4))):
        wire[draw(st.integers(0, len(wire) - 1))] = draw(st.integers(0, 255))
    return bytes(wire[: draw(st.integers(0, len(wire)))]) + draw(st.binary(max_size=4))


@given(st.one_of(st.binary(max_size=64), damaged()), st.booleans())
def test_any_octets(wire: bytes, tcp: bool) -> None:
    """No octets make the responder raise; what it answers is readable and belongs to the query."""
    response = RESPONDER.answer(wire, ROLL, tcp)
    if response is None:
        assert len(wire) < 12 or wire[2] & 0x80
        return
    message = parse_message(response)
    assert response[:2] == wire[:2]
    assert response[2] & 0x80
    assert message.rcode in (0, 1, 3, 4, 5, 16)
    assert tcp or len(response) <= 4096


def test_question_of_a_replay_without_data() -> None:
    """An authority that has no DNSKEY RRset at an instant answers SERVFAIL, with the question."""
    response = SKR.answer(make_query(ROOT, DNSKEY), AUTHORITY.timeline.start - 1)
    assert response is not None
    message = parse_message(response)
    assert (message.rcode, message.question) == (2, (ROOT, DNSKEY, 1))
