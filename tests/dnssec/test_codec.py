"""Messages are read as dnspython reads them, and bad ones raise MalformedMessage only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec import codec
from lab.dnssec.codec import (
    Edns,
    MalformedMessage,
    parse_message,
    rrsets_of,
)
from lab.dnssec.names import MalformedRdata
from lab.dnssec.rrtypes import DNSKEY, TXT, A

from .messages import (
    DNSPYTHON_KNOWS,
    dns_message,
    dns_wires,
    twin,
)


@given(dns_wires())
def test_reading_is_dnspythons(wire: bytes) -> None:
    """Any message dnspython writes, names in rdata compressed (RFC 3597 section 4), is read the same."""
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
    """Two OPT, an owner, another section, options that do not fit (RFC 6891 sections 6.1.1 and 6.1.2)."""
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
