"""Whatever a ceremony file holds, reading, verifying and serving it end well or in a CeremonyError."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority.ceremony import CeremonyFile, parse_ceremony
from lab.authority.ceremony_authority import SkrAuthority
from lab.authority.ceremony_lint import lint_files
from lab.authority.ceremony_verify import verified_signatures
from lab.authority.ceremony_write import write_ceremony
from lab.errors import CeremonyError

from .ceremony_files import EC, K, Member, N, Z, response_xml
from .ceremony_workshop import quarter

GOOD = response_xml((K, N, Z), (Member("ksk-2010", 385, signs=True), Member("ksk-2017", signs=True), EC, Z))
VALUES = [match.span(1) for match in re.finditer(rb'(?:>|=")([^<>"\n]+)(?=[<"])', GOOD)]
TAGS = [match.span(0) for match in re.finditer(rb"<[^>]*>", GOOD)]
REAL_SHAPE = quarter("2018Q3")
"""A whole quarter, which the made file of October 2018 goes on from."""
INSTANTS = (0, 1538352000, 1540166400, 2**32 - 1)

ODD = (
    "", ".", "DNSKEY", "P1D", "2018-10-01T00:00:00Z", "2106-02-07T06:28:15Z", "1970-01-01T00:00:00", "AAAA",
    "0", "255", "256", "257", "385", "65535", "4294967295", "example.", "&amp;", "\u0664", "A" * 400,
)  # fmt: skip
VALUE = st.one_of(
    st.integers(-1, 2**33).map(str),
    st.sampled_from(ODD),
    st.text(st.characters(exclude_characters='<&"', exclude_categories=["Cs", "Cc"]), max_size=30),
    st.binary(max_size=300).map(bytes.hex),
)
JUNK = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [b"<", b">", b"&", b"</Key>", b"<Key>", b"<!DOCTYPE x>", b"&x;", b"<!--", b"]]>", b"\x00", b"=="]
    ),
)


@st.composite
def new_values(draw: st.DrawFn) -> bytes:
    """Return the good file with other text in one to four elements or attributes."""
    text = GOOD
    spans = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=4, unique=True))
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + draw(VALUE).encode() + text[end:]
    return text


@st.composite
def new_tags(draw: st.DrawFn) -> bytes:
    """Return the good file with some tags swapped, so that elements go missing, double or nest."""
    text = GOOD
    spans = draw(st.lists(st.sampled_from(TAGS), min_size=1, max_size=4, unique=True))
    for start, end in sorted(spans, reverse=True):
        other = draw(st.sampled_from(TAGS))
        text = text[:start] + draw(st.sampled_from([b"", GOOD[slice(*other)]])) + text[end:]
    return text


@st.composite
def new_octets(draw: st.DrawFn) -> bytes:
    """Return the good file with junk spliced in."""
    text = GOOD
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(JUNK) + text[at + draw(st.integers(0, 40)) :]
    return text


def use(file: CeremonyFile) -> None:
    """Do everything with a file that the lab does."""
    for finding in lint_files([file, REAL_SHAPE, file]):
        assert "\n" not in finding.message
    written = parse_ceremony(write_ceremony(file), file.file)
    assert replace(written, digest=file.digest, unknown=file.unknown) == file
    assert 0 <= verified_signatures(file) <= sum(len(bundle.signatures) for bundle in file.bundles)
    authority = SkrAuthority([file])
    assert authority.first_anchors()
    assert authority.dnskey(authority.start) is not None
    for now in INSTANTS:
        authority.dnskey(now)
        authority.next_change(now)


@given(text=st.one_of(new_values(), new_tags(), new_octets()))
def test_mutations(text: bytes) -> None:
    """A mutated file is used to the end or refused in one line that names it; nothing else comes out."""
    error: CeremonyError | None = None
    try:
        use(parse_ceremony(text, "made.xml"))
    except CeremonyError as caught:
        error = caught
    if error is not None:
        assert str(error).startswith("made.xml")
        assert error.remedy
        assert "\n" not in str(error)


@given(text=st.binary(max_size=200))
def test_noise(text: bytes) -> None:
    """Noise is no ceremony file."""
    with pytest.raises(CeremonyError):
        parse_ceremony(text, "noise")


@given(length=st.integers(0, len(GOOD) - 1))
def test_truncation(length: int) -> None:
    """A file cut off anywhere is refused."""
    with pytest.raises(CeremonyError, match=r"^made\.xml"):
        parse_ceremony(GOOD[:length], "made.xml")
