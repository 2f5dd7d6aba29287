r"""Records in zone-file form: held equal to dnspython, and the shorthand of scenario files."""

from __future__ import annotations

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.codec import Question
from lab.dnssec.names import Malformed
from lab.replay.rdata import Fields, read_rdata, type_number
from lab.replay.records import Context, Unfinished, class_number, read_question, read_record, tokens

EXAMPLE = b"\x07example\x00"

TEXTS = [
    "A 192.0.2.1", "AAAA 2001:db8::ffff:192.0.2.1", "NS ns.example.com.", "CNAME a\\.b.example.",
    "MX 10 mail.example.", "SRV 1 2 443 host.example.", "SOA a. b. 1 2 3 4 5", "PTR x.", "DNAME y.z.",
    'TXT "a b" c "\\"q\\" \\065"', "SPF v=spf1", "DNSKEY 257 3 8 AwEAAcw5QLr0IjC0wKbGoBPQv4qmeqHy9mvL",
    "CDNSKEY 0 3 0 AA==", "DS 12345 8 2 " + "ab" * 32, "CDS 0 0 0 00", "DLV 1 5 1 " + "cd" * 20,
    "RRSIG A 5 3 3600 20090924111500 20090821111500 30899 example.com. c2lnbmVk",
    "RRSIG TYPE65280 RSASHA256 1 60 2000000000 1000000000 1 . AAAA",
    "NSEC a.example. A NS TYPE1234 TYPE65000",
    "NSEC3 1 1 10 aabb 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A RRSIG",
    "NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
    "NSEC3PARAM 1 0 10 aabbccdd", "KEY 256 3 5 AwEAAQ==", "HINFO i386 linux", "CAA 0 issue \"ca.example\"",
    "LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", "SSHFP 1 1 " + "ab" * 20,
    "TLSA 3 1 1 " + "ab" * 32, "NAPTR 1 2 \"U\" \"x\" \"!a!b!\" .", "HTTPS 1 . alpn=h2",
    "TYPE65280 \\# 3 abcdef",
    "A \\# 4 c0000201", "RP a. b.", "CERT 1 2 3 AAAA", "URI 1 2 \"http://x/\"",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_rdata_as_dnspython_reads_it(text: str) -> None:
    """Rdata of every type comes out as dnspython makes it."""
    kind, _, rest = text.partition(" ")
    rrtype = dns.rdatatype.from_text(kind)
    theirs = dns.rdata.from_text(dns.rdataclass.IN, rrtype, rest).to_wire()
    assert read_record(f"a.example. {text}", Context()).rdata == theirs
    assert type_number(kind) == int(rrtype)


@given(st.lists(st.integers(1, 0xFFFF), min_size=1, max_size=12, unique=True))
def test_type_bitmaps(types: list[int]) -> None:
    """Bitmaps of any types come out as dnspython makes them (RFC 4034 section 4.1.2)."""
    text = " ".join(["a."] + [f"TYPE{number}" for number in types])
    theirs = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.NSEC, text).to_wire()
    assert read_record(f"x. NSEC {text}", Context()).rdata == theirs


@given(st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_strings(text: str) -> None:
    """Any octets can stand in a quoted string (RFC 1035 sections 3.3 and 5.1)."""
    escaped = "".join(f"\\{ord(c):03d}" if c in '"\\\n\r' else c for c in text)
    octets = text.encode("latin-1")
    assert read_record(f'x. TXT "{escaped}"', Context()).rdata == bytes((len(octets),)) + octets


class TestWhatMayBeMissing:
    """Owner, TTL, class and final dot (RFC 1035 section 5.1)."""

    @pytest.mark.parametrize("words", ["IN 60", "60 IN", "60", "IN", "", "1m"])
    def test_ttl_and_class(self, words: str) -> None:
        """TTL and class may stand in either order, or not at all."""
        record = read_record(f"a. {words} A 192.0.2.1", Context())
        assert record.rrclass == 1
        assert record.ttl == (60 if "60" in words or words == "1m" else 3600)

    def test_owner(self) -> None:
        """An indented record without an owner has that of the record before."""
        context = Context()
        read_record("a. A 192.0.2.1", context)
        assert read_record("\t60 A 192.0.2.2", context).owner == b"\1a\0"
        assert read_record("\tb. A 192.0.2.2", context).owner == b"\1b\0"

    def test_relative_names(self) -> None:
        """Names without a final dot end in the origin, in rdata too; `@` is the origin itself."""
        record = read_record("@ MX 1 mail", Context(origin=EXAMPLE))
        assert (record.owner, record.rdata) == (EXAMPLE, b"\0\1\4mail" + EXAMPLE)
        assert read_record("a\\. NS b.", Context(origin=EXAMPLE)).owner == b"\2a." + EXAMPLE

    def test_rdata(self) -> None:
        """Records of updates may have no rdata at all (RFC 2136)."""
        record = read_record("a. ANY A", Context())
        assert (record.rrclass, record.rdata) == (255, b"")


def test_lenient_as_unbound() -> None:
    """A DS may have a digest of any length, base64 may lack its padding."""
    assert read_record("a. DS 1 5 1 abcd", Context()).rdata == bytes.fromhex("00010501abcd")
    assert read_record("a. DNSKEY 256 3 5 AQ", Context()).rdata == bytes.fromhex("0100030501")


def test_question() -> None:
    """A question has a name, a type, and a class unless it is IN."""
    assert read_question("A.example. CH TXT ; why", Context()) == Question(b"\1a\7example\0", 16, 3)
    assert read_question("a.example. TYPE65535", Context()) == Question(b"\1a\7example\0", 65535, 1)
    with pytest.raises(Malformed):
        read_question("a. IN A 192.0.2.1", Context())


def test_classes() -> None:
    """Classes have names or numbers."""
    assert [class_number(word) for word in ("in", "CH", "CLASS32", "CLASS70000", "A")] == [
        1,
        3,
        32,
        None,
        None,
    ]


def test_tokens() -> None:
    """Comments end a line, parentheses join lines, quotes hold both."""
    text = 'a ( b ; c "\n d) "e ; (f" ; g'
    assert [(token.text, token.quoted) for token in tokens(text)] == [
        ("a", False),
        ("b", False),
        ("d", False),
        ("e ; (f", True),
    ]


@pytest.mark.parametrize("text", ["a ( b", 'a "b', "a \\"])
def test_unfinished(text: str) -> None:
    """Open parentheses, quotes and escapes ask for the next line."""
    with pytest.raises(Unfinished):
        tokens(text)


@pytest.mark.parametrize(
    "text",
    [
        "a.", "a. IN", "a. NOTYPE x", "a. A", "a. A 192.0.2.1 x", "a. A 300.0.0.1", "a. AAAA x",
        "a. TXT " + "a" * 256,
        "a. SOA a. b. 1 2 3 4", "a. DS 70000 5 1 ab", "a. DS 1 5 1 xy", "a. RRSIG Z 5 1 1 1 1 1 . AA",
        "a. RRSIG A 5 1 1 20091301000000 1 1 . AA", "a. NSEC3 1 0 0 - !", "a. TYPE1 \\# 5 00",
        "a..b. A 192.0.2.1",
        "a) A 192.0.2.1", "a. LOC x", "a. TXT \"\\999\"", "x" * 64 + ". A 192.0.2.1", "a. NSEC b. NOTYPE",
        "a. 99999999999 A 192.0.2.1",
    ],
)  # fmt: skip
def test_mistakes(text: str) -> None:
    """What is no record is refused, and nothing but Malformed is raised."""
    if text == "a. A":
        assert read_record(text, Context()).rdata == b""
        return
    with pytest.raises(Malformed):
        read_record(text, Context())


@given(
    st.text(st.characters(max_codepoint=255), max_size=80),
    st.sampled_from(["", "a. ", "a. TXT ", "a. TYPE1 ", "a. LOC "]),
)
def test_any_text(text: str, head: str) -> None:
    """No text raises anything but Malformed or Unfinished."""
    try:
        record = read_record(head + text, Context())
    except (Malformed, Unfinished):
        return
    assert len(record.rdata) <= 0xFFFF


def test_rdata_is_bounded() -> None:
    """Rdata longer than a message is refused."""
    context = Context()
    with pytest.raises(Malformed):
        read_record("a. DNSKEY 256 3 5 " + "A" * 100_000, context)
    assert read_rdata(1, 1, Fields([], b"\0")) == b""
