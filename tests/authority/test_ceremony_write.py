"""What is written is what was read: real files come back the same, and so does whatever the reader takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from lab.authority.ceremony import CeremonyFile, parse_ceremony, read_ceremony
from lab.authority.ceremony_write import write_ceremony
from tests.effort import examples

from .ceremony_files import EC, K, N, Z, bundle_xml, file_xml, real, real_responses, replaced, response_xml
from .ceremony_workshop import quarter

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
"""Identifiers as XML can hold them in an attribute: markup, quotes and any script."""


SMALL = parse_ceremony(response_xml((K, Z)), "made.xml")


def normalised(text: bytes) -> bytes:
    """Return a file without the white space between its elements."""
    return re.sub(rb">\s+<", b"><", text).strip()


def same(file: CeremonyFile) -> CeremonyFile:
    """Return a file without what is not in it: its name and the digest of its octets."""
    return replace(file, file="", digest="")


def test_real_files_come_back(shared_data: Path) -> None:
    """Each of the five real files, read and written again, is the same text but for white space."""
    paths = [
        *real_responses(shared_data),
        *(real(shared_data, f"ksr-root-{name}") for name in ("2016", "2017")),
    ]
    assert len(paths) == 5
    for path in paths:
        assert normalised(write_ceremony(read_ceremony(path))) == normalised(path.read_bytes())


def test_nothing_but_the_text_is_compared(shared_data: Path) -> None:
    """The comparison minds a changed character, so that what is equal above is equal."""
    text = real(shared_data, "ksr-root-2016").read_bytes()
    assert normalised(text) != normalised(text.replace(b"<TTL>172800", b"<TTL>172801", 1))
    assert normalised(text) != normalised(text.replace(b"00:00:00</Inc", b"00:00:00Z</Inc", 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: replaced(text, "<ResponsePolicy>.*</ResponsePolicy>", ""),
        lambda text: replaced(text, '<RSA size="2048" exponent="65537"/>', ""),
        lambda text: replaced(text, "<RetireSafety>P28D</RetireSafety>", ""),
        lambda text: replaced(text, ' exponent="65537"', ""),
        lambda text: replaced(text, 'algorithm="13"', 'algorithm="15"'),
        lambda text: replaced(text, "(<Key )", r'<Signer keyIdentifier="k"/><Signer keyIdentifier="l"/>\1'),
        lambda text: text.replace(b"T00:00:00Z</Inception", b"T00:00:00</Inception"),
    ],
    ids=["as made", "no policy", "no size", "no retire safety", "no exponent", "EdDSA", "signers", "bare"],
)
def test_all_that_is_read_is_written(change: Callable[[bytes], bytes]) -> None:
    """Whatever the format allows to be there or not survives: policies, sizes, wanted signers, timestamps."""
    file = parse_ceremony(change(response_xml((K, EC, N, Z), (K, Z))), "made.xml")
    assert same(parse_ceremony(write_ceremony(file), "again.xml")) == same(file)
    assert file.unknown == ()


def test_other_zone() -> None:
    """A file for another zone keeps its domain as it was written."""
    file = parse_ceremony(file_xml([bundle_xml((K, Z), domain="example.")], domain="EXAMPLE."), "made.xml")
    assert same(parse_ceremony(write_ceremony(file), "again.xml")) == same(file)
    assert file.domain == "EXAMPLE."


@examples(50)
@given(file_id=NAMES, bundle_id=NAMES, identifier=NAMES)
def test_any_name(file_id: str, bundle_id: str, identifier: str) -> None:
    """Names of whatever characters come back as they were."""
    file = SMALL
    bundle = file.bundles[0]
    keys = tuple(replace(key, identifier=identifier) for key in bundle.keys)
    signatures = tuple(replace(signature, identifier=identifier) for signature in bundle.signatures)
    named = replace(
        file, id=file_id, bundles=(replace(bundle, id=bundle_id, keys=keys, signatures=signatures),)
    )
    assert same(parse_ceremony(write_ceremony(named), "again.xml")) == same(named)


@examples(50)
@given(comment=st.text(max_size=60))
def test_comments_end_nothing(comment: str) -> None:
    """A comment of whatever characters stays one, and changes nothing that is read."""
    file = SMALL
    text = write_ceremony(file, (comment, "second"))
    assert same(parse_ceremony(text, "again.xml")) == same(file)
    assert text.count(b"<!--") == text.count(b"-->") == 2


def test_declaration() -> None:
    """A response says that it is XML in UTF-8, as the root's do; a request begins with its element."""
    assert write_ceremony(quarter()).startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<KSR ')
    assert write_ceremony(quarter(kind="ksr")).startswith(b"<KSR ")


def test_it_is_xml() -> None:
    """Another reader of XML finds the elements in the order of the schema."""
    root = fromstring(write_ceremony(quarter()))
    assert [child.tag for child in root] == ["Response"]
    assert [child.tag for child in root[0]] == ["ResponsePolicy"] + ["ResponseBundle"] * 9
    tags = [child.tag for child in root[0][1]]
    assert tags == ["Inception", "Expiration", *["Key"] * 4, "Signature"]
