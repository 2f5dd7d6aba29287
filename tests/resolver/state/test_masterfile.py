"""Master files are read as RFC 1035 section 5.1 has them, and what is no record is refused with its line."""

from __future__ import annotations

from base64 import b64encode
from contextlib import nullcontext

import pytest

from lab.dnssec.keys import DS, Key
from lab.errors import StateFileError
from lab.resolver.state.anchors import read as read_anchors
from lab.resolver.state.masterfile import Record, records
from lab.resolver.state.reading import anchor_of, text_of

from .material import EXAMPLE, ROOT, ds, key


def read(text: str) -> list[Record]:
    """Return the records of a text."""
    return list(records(text, "f"))


def test_owner_ttl_class_in_any_order() -> None:
    """TTL and class stand in either order or not at all; a blank owner is the one before."""
    found = read(". 60 IN DS 1 2\n. IN 60 DS 1 2\n\tDS 1 2\nexample.com IN DS 1 2\n  1h30m CLASS1 ds 1 2\n")
    assert [(record.owner, record.ttl, record.rrtype, record.fields) for record in found] == [
        (ROOT, 60, "DS", ("1", "2")),
        (ROOT, 60, "DS", ("1", "2")),
        (ROOT, None, "DS", ("1", "2")),
        (EXAMPLE, None, "DS", ("1", "2")),
        (EXAMPLE, 5400, "DS", ("1", "2")),
    ]


def test_directives() -> None:
    """$ORIGIN completes names, @ is the origin itself, $TTL counts where a record names none."""
    found = read("$ORIGIN com.\n$TTL 1d\n@ A x\nexample A x\nexample\\. 5 A x\n$ORIGIN example\na A x\n")
    assert [(record.owner, record.ttl) for record in found] == [
        (b"\x03com\x00", 86400),
        (EXAMPLE, 86400),
        (b"\x08example.\x03com\x00", 5),
        (b"\x01a" + EXAMPLE, 86400),
    ]


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("a?.", b"\x02a?\x00"),
        ("a\\\\.", b"\x02a\\\x00"),
        ("a\\.", b"\x02a.\x03com\x00"),
        (".", ROOT),
        ("a", b"\x01a\x03com\x00"),
    ],
)
def test_names_that_end_with_a_dot(name: str, owner: bytes) -> None:
    """A dot at the end makes a name absolute, unless an odd number of backslashes stands before it."""
    assert [record.owner for record in read(f"$ORIGIN com.\n{name} A x\n")] == [owner]


def test_longest_name() -> None:
    """A name has up to 250 octets in four labels, so up to 1,004 characters (RFC 1035 section 2.3.4)."""
    text = "".join("\\255" * size + "." for size in (63, 63, 63, 61))
    assert [len(record.owner) for record in read(f"{text} A x\n")] == [255]
    with pytest.raises(StateFileError, match="a name of 1005 characters"):
        read(f"a{text} A x\n")


@pytest.mark.parametrize(("ttl", "taken"), [(2**32 - 1, True), (2**32, False)])
def test_longest_ttl(ttl: int, taken: bool) -> None:
    """A TTL has 32 bits (RFC 1035 section 3.2.1)."""
    with nullcontext() if taken else pytest.raises(StateFileError, match="is not a TTL"):
        assert read(f". {ttl} A x\n")[0].ttl == ttl


def test_units_of_a_ttl() -> None:
    """A TTL may be written in weeks, days, hours, minutes and seconds, as BIND takes it."""
    assert [read(f". {text} A x\n")[0].ttl for text in ("1w", "1d", "1h", "1m", "1s")] == [
        604800, 86400, 3600, 60, 1,
    ]  # fmt: skip


def test_parentheses_and_comments() -> None:
    """A record goes on in parentheses; comments inside it are kept apart from those behind it."""
    text = ". DS 1 ( ; one\n 2 ; (two\n)3 ; three ; four\n ; five\n\n;six\n. DS 4 (5)(6)\n"
    first, second = read(text)
    assert (first.line, first.fields) == (1, ("1", "2", "3"))
    assert (first.comment, first.after) == (" one\n (two\n three ; four", " five\nsix")
    assert (second.line, second.fields, second.comment, second.after) == (7, ("4", "5", "6"), "", "")


REFUSED = {
    "no type": (". 60 IN\n", "f: line 1: a record without a type", "truncated"),
    "no owner": ("\n DS 1 2\n", "f: line 2: a record without an owner name", "malformed"),
    "open": (". DS (\n1\n", "f: line 1: a parenthesis that nothing closes", "unbalanced"),
    "closed": ("\n. DS )\n", "f: line 2: a closing parenthesis", "unbalanced"),
    "quote": ('. TXT "a\n', "f: line 1: cannot be read from '\"a' on", "malformed"),
    "include": ("$INCLUDE other\n", "f: line 1: the directive '$INCLUDE other'", "malformed"),
    "origin": ("$ORIGIN\n", "f: line 1: the directive '$ORIGIN'", "malformed"),
    "ttl": ("$TTL 1x\n", "f: line 1: '1x' is not a TTL", "malformed"),
    "large ttl": (". 9999999999 DS 1\n", "f: line 1: '9999999999' is not a TTL", "malformed"),
    "class": (". CH TXT a\n", "f: line 1: a record of a class other than IN", "malformed"),
    "other class": (". 5 hs TXT a\n", "f: line 1: a record of a class other than IN", "malformed"),
    "empty label": ("a..b. DS 1\n", "f: line 1: ", "malformed"),
    "long label": ("a" * 64 + ". DS 1\n", "f: line 1: ", "malformed"),
    "long name": ("a." * 600 + " DS 1\n", "f: line 1: a name of 1200 characters", "malformed"),
    "not ASCII": ("\xe4. DS 1\n", "f: line 1: ", "malformed"),
    "long record": (". DS (\n" + "1\n" * 1100, "f: line 1001: a record of more than 1000 lines", "oversized"),
}


@pytest.mark.parametrize(("text", "problem", "defect"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str, problem: str, defect: str) -> None:
    """What is no record is refused in one line: file, line, what, and a remedy."""
    with pytest.raises(StateFileError) as caught:
        read(text)
    assert str(caught.value).startswith(problem)
    assert caught.value.defect == defect
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_unreadable_time_is_short() -> None:
    """A line made to send a pattern back and forth is refused as fast as any."""
    for text in ("$TTL " + "1" * 10_000 + "x", ". " + "9" * 10_000 + "z DS 1", ";" * 10_000, "(" * 10_000):
        with pytest.raises(StateFileError):
            list(records(f"{text}\n. DS (", "f"))


BOUNDS = {
    "empty": (b"", "f: empty;", "empty"),
    "zeros": (bytes(100), "f: empty;", "empty"),
    "a zero": (b". DS 1\n.\0 DS\n", "f: line 2: a zero octet", "malformed"),
    "long line": (b"\n;" + b"x" * 10_240, "f: line 2: longer than 10239 characters", "long-line"),
    "large": (b"\n" * 1_048_577, "f: larger than 1048576 octets", "oversized"),
}


@pytest.mark.parametrize(("data", "problem", "defect"), BOUNDS.values(), ids=BOUNDS.keys())
def test_bounds(data: bytes, problem: str, defect: str) -> None:
    """Size, line length and zero octets are looked at before anything is read."""
    with pytest.raises(StateFileError) as caught:
        text_of(data, "f")
    assert str(caught.value).startswith(problem)
    assert caught.value.defect == defect


def test_text() -> None:
    """Lines may end as on Windows, and comments may hold any octet."""
    assert text_of(b". DS 1 ;\xff\r\n", "f") == ". DS 1 ;\xff\n"


def test_anchors() -> None:
    """Rdata is read as RFC 4034 sections 2.2 and 5.3 write it, with spaces and mnemonics."""
    one = key(1)
    text = b64encode(one.public_key).decode()
    fields = ("257", "3", "ECDSAP256SHA256", text[:20], text[20:])
    assert anchor_of("DNSKEY", fields, "f", 1) == one
    digest = ds(1).digest.hex()
    words = (str(ds(1).key_tag), "13", "2", digest[:10].upper(), digest[10:])
    assert anchor_of("DS", words, "f", 1) == ds(1)


MNEMONICS = """
    RSAMD5 1    DH 2    DSA 3    RSASHA1 5    NSEC3DSA 6    DSANSEC3SHA1 6    DSA-NSEC3-SHA1 6
    NSEC3RSASHA1 7    RSASHA1NSEC3SHA1 7    RSASHA1-NSEC3-SHA1 7    RSASHA256 8    RSASHA512 10
    ECC-GOST 12    ECDSAP256SHA256 13    ECDSAP384SHA384 14    ED25519 15    ED448 16
    INDIRECT 252    PRIVATEDNS 253    PRIVATEOID 254    ecdsap256sha256 13    0 0    255 255
"""
"""IANA's registry of DNSSEC algorithm numbers, and other spellings of BIND and of NLnet Labs."""


@pytest.mark.parametrize(
    ("word", "value"), tuple(zip(MNEMONICS.split()[::2], MNEMONICS.split()[1::2], strict=True))
)
def test_algorithms(word: str, value: str) -> None:
    """An algorithm is a number or one of its mnemonics, in any case."""
    assert anchor_of("DNSKEY", ("257", "3", word, "AAAA"), "f", 1) == Key(257, int(value), bytes(3))


@pytest.mark.parametrize(("digest_type", "size"), [(1, 20), (2, 32), (3, 32), (4, 48)])
def test_sizes_of_digests(digest_type: int, size: int) -> None:
    """SHA-1, SHA-256, GOST R 34.11-94 and SHA-384 have 20, 32, 32 and 48 octets (IANA's DS registry)."""
    words = ("1", "8", str(digest_type))
    anchor = anchor_of("DS", (*words, "ab" * size), "f", 1)
    assert isinstance(anchor, DS)
    assert len(anchor.digest) == size
    for wrong in (size - 1, size + 1):
        with pytest.raises(StateFileError, match=f"digest type {digest_type} has {size}"):
            anchor_of("DS", (*words, "ab" * wrong), "f", 1)


WRONG = {
    "few fields": ("DNSKEY", "257 3 8", "a DNSKEY with 3 of its 4 fields", "truncated"),
    "flags": ("DNSKEY", "65536 3 8 AAAA", "flags '65536' is not a number from 0 to 65535", "malformed"),
    "protocol": ("DNSKEY", "257 x 8 AAAA", "protocol 'x' is not a number", "malformed"),
    "large protocol": ("DNSKEY", "257 256 8 AAAA", "protocol '256' is not a number", "malformed"),
    "algorithm": ("DNSKEY", "257 3 RSA AAAA", "algorithm 'RSA' is not a number", "malformed"),
    "digits": ("DNSKEY", "257 3 ٨ AAAA", "algorithm", "malformed"),
    "cut off": ("DNSKEY", "257 3 8 AAAAA", "a public key that is cut off", "truncated"),
    "garbled": ("DNSKEY", "257 3 8 AA*A", "a public key that is not base64", "malformed"),
    "padding": ("DNSKEY", "257 3 8 AA=A", "a public key that is not base64", "malformed"),
    "no key": ("DNSKEY", "257 3 8 =", "a public key that is not base64", "malformed"),
    "large": ("DNSKEY", "257 3 8 " + "A" * 5464, "a public key longer than 4096 octets", "oversized"),
    "few fields of DS": ("DS", "1 8 2", "a DS with 3 of its 4 fields", "truncated"),
    "tag": ("DS", "65536 8 2 00", "key tag '65536' is not", "malformed"),
    "digest type": ("DS", "1 8 256 00", "digest type '256' is not", "malformed"),
    "hexadecimal": ("DS", "1 8 2 0G", "a digest that is not hexadecimal", "malformed"),
    "odd": ("DS", "1 8 9 000", "a digest that is not hexadecimal", "malformed"),
    "short digest": (
        "DS",
        "1 8 2 " + "00" * 31,
        "a digest of 31 octets, where digest type 2 has 32",
        "truncated",
    ),
    "long digest": (
        "DS",
        "1 8 1 " + "00" * 21,
        "a digest of 21 octets, where digest type 1 has 20",
        "malformed",
    ),
    "huge digest": ("DS", "1 8 9 " + "00" * 4097, "a digest longer than 4096 octets", "oversized"),
}


@pytest.mark.parametrize(("rrtype", "text", "problem", "defect"), WRONG.values(), ids=WRONG.keys())
def test_wrong_anchors(rrtype: str, text: str, problem: str, defect: str) -> None:
    """Every field of an anchor is bounded, and the complaint says which one is wrong."""
    with pytest.raises(StateFileError) as caught:
        anchor_of(rrtype, tuple(text.split()), "f", 7)
    assert str(caught.value).startswith(f"f: line 7: {problem}")
    assert (caught.value.defect, caught.value.line) == (defect, 7)


def test_too_many() -> None:
    """More keys than any zone has are refused at the first one too many."""
    lines = [f". DS 1 8 2 {number:064x}\n" for number in range(1001)]
    assert len(read_anchors("".join(lines[:1000]).encode(), "f").entries) == 1000
    with pytest.raises(StateFileError, match="f: line 1001: more than 1000 keys") as caught:
        read_anchors("".join(lines).encode(), "f")
    assert caught.value.defect == "oversized"
