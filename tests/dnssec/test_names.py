"""Names read and write as dnspython reads and writes them, and nothing else gets in."""

from __future__ import annotations

import dns.exception
import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.names import (
    ROOT,
    Malformed,
    MalformedName,
    canonical_order,
    is_subdomain,
    label_count,
    labels,
    name_from_text,
    name_to_text,
    parent,
    read_name,
)

from .material import LOWER_NAMES, NAMES, dns_name


@given(NAMES)
def test_text_of_a_name_is_dnspythons(wire: bytes) -> None:
    """A name is written as dnspython writes it, and reads back (RFC 1035 section 5.1)."""
    text = name_to_text(wire)
    assert text == dns_name(wire).to_text()
    assert name_from_text(text) == wire.lower()


@given(st.text(st.sampled_from("aB.\\019*_- é\x00"), max_size=12) | st.text(max_size=80))
def test_reading_text_agrees_with_dnspython(text: str) -> None:
    """Text is a name for us exactly if it is ASCII and an absolute name for dnspython."""
    try:
        expected = b"\x01@\x00" if text == "@" else dns.name.from_text(text).to_digestable()
    except dns.exception.DNSException:
        expected = None
    if not text.isascii() or not text:
        expected = None
    try:
        actual = name_from_text(text)
    except MalformedName:
        actual = None
    assert actual == expected


def test_final_dot_may_be_missing() -> None:
    """A scenario may say alpha for alpha. and gets the same name."""
    assert name_from_text("Alpha") == name_from_text("alpha.") == b"\x05alpha\x00"


LONG = ".".join(["abcdefg"] * 32)


@pytest.mark.parametrize("text", ["", "..", ".a.", "a..b.", "x" * 64 + ".", LONG, "\\25", "\\256", "a\\"])
def test_what_is_no_name_is_refused(text: str) -> None:
    """Empty labels, long labels, long names and broken escapes raise MalformedName."""
    with pytest.raises(MalformedName):
        name_from_text(text)


@given(st.binary(max_size=300))
def test_octets_read_as_dnspython_reads_them(wire: bytes) -> None:
    """Any octets are the same name for us and for dnspython, or a name for neither."""
    try:
        name, used = dns.name.from_wire(wire, 0)
        expected = (name.to_wire(), used)
    except dns.exception.DNSException:
        expected = None
    try:
        actual = read_name(wire, 0)
    except MalformedName:
        actual = None
    assert actual == expected


def test_longest_name_and_one_octet_more() -> None:
    """255 octets are a name, 256 are none (RFC 1035 section 2.3.4)."""
    longest, longer = ((b"\x3f" + b"x" * 63) * 3 + bytes((n,)) + b"x" * n + b"\x00" for n in (61, 62))
    assert read_name(longest, 0) == (longest, 255)
    assert name_from_text(name_to_text(longest)) == longest
    for refuse in (lambda: read_name(longer, 0), lambda: labels(longer), lambda: name_to_text(longer)):
        with pytest.raises(MalformedName):
            refuse()
    with pytest.raises(MalformedName):
        name_from_text(name_to_text(longest).replace(".x", ".xx", 3)[1:])


def test_a_pointer_must_point_back() -> None:
    """A pointer to itself, forward, or into a name that led to it is refused (RFC 1035 section 4.1.4)."""
    assert read_name(b"\x01a\x00\x01b\xc0\x00", 3) == (b"\x01b\x01a\x00", 7)
    for wire, at in ((b"\xc0\x00", 0), (b"\x01a\xc0\x00", 0), (b"\xc0\x02\x00", 0), (b"\xc0\x02\xc0\x00", 2)):
        with pytest.raises(MalformedName):
            read_name(wire, at)


def test_pointers_to_pointers_are_bounded() -> None:
    """A chain of 127 pointers is followed, 128 are not, so that no message costs quadratic time."""
    chain = b"\x00\x00" + b"".join((0xC000 | 2 * hop).to_bytes(2, "big") for hop in range(200))
    assert read_name(chain, 2 * 127) == (ROOT, 2 * 128)
    with pytest.raises(MalformedName):
        read_name(chain, 2 * 128)


@given(st.binary(max_size=300))
def test_labels_of_any_octets(wire: bytes) -> None:
    """Octets are either labels that join to the same octets, or MalformedName."""
    try:
        found = labels(wire)
    except MalformedName:
        return
    assert b"".join(bytes((len(label),)) + label for label in found) + b"\x00" == wire


@given(LOWER_NAMES, LOWER_NAMES)
def test_subdomains_are_dnspythons(name: bytes, other: bytes) -> None:
    """is_subdomain agrees with dnspython, for unrelated names and for a name below another."""
    assert is_subdomain(name, other) == dns_name(name).is_subdomain(dns_name(other))
    below = labels(name) + labels(other)
    wire = b"".join(bytes((len(label),)) + label for label in below) + b"\x00"
    if len(wire) <= 255:
        assert is_subdomain(wire, other)
        assert is_subdomain(wire, ROOT)


def test_a_label_that_holds_a_name_is_not_its_subdomain() -> None:
    """The octets of a name inside a label do not make the label's owner a subdomain."""
    assert not is_subdomain(b"\x06x\x04evil\x00", b"\x04evil\x00")


@given(st.lists(NAMES, max_size=6))
def test_canonical_order_is_dnspythons(names: list[bytes]) -> None:
    """Names sort as dnspython sorts them (RFC 4034 section 6.1)."""
    twins = sorted({dns_name(name).canonicalize() for name in names})
    ours = sorted({name.lower() for name in names}, key=canonical_order)
    assert ours == [twin.to_digestable() for twin in twins]


def test_canonical_order_of_rfc_4034() -> None:
    """The names of RFC 4034 section 6.1 are in its order."""
    rfc = ["example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE", "z.example",
           "\\001.z.example", "*.z.example", "\\200.z.example"]  # fmt: skip
    wires = [name_from_text(text) for text in rfc]
    backwards = wires[::-1]
    assert sorted(backwards, key=canonical_order) == wires


COUNTS = [(".", 0), ("com.", 1), ("*.", 0), ("*.com.", 1), ("a.*.com.", 3)]


@pytest.mark.parametrize(("text", "count"), COUNTS)
def test_label_count(text: str, count: int) -> None:
    """Neither the root nor a leading asterisk counts (RFC 4034 section 3.1.3)."""
    assert label_count(name_from_text(text)) == count


def test_parent() -> None:
    """The parent lacks the leftmost label, and the root is its own parent."""
    assert parent(name_from_text("a.b.")) == name_from_text("b.")
    assert parent(name_from_text("b.")) == parent(ROOT) == ROOT


def test_one_family_of_errors() -> None:
    """A caller catches every complaint about outside octets as Malformed, or as ValueError."""
    assert issubclass(MalformedName, Malformed)
    assert issubclass(Malformed, ValueError)
