"""RFC 9718 from the publisher's side: root-anchors.xml through time, its signature, and who vouches for it.

Section 2 has the format and the rules of validity, section 3 how the documents are got: a file, a detached
CMS signature, a bundle of certificates. `openssl cms` is the judge of the signature.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.authority.anchors import (
    BUNDLE,
    CA_NOTICE,
    P7S,
    VARIANTS,
    XML,
    Listed,
    Publication,
    Variant,
    anchors_xml,
    parse_variant,
)
from lab.authority.keyring import KeyRing
from lab.clock import DAY, parse_instant
from lab.errors import UserError
from lab.nameserver.anchors_https import publish
from lab.resolver.rfc5011 import State
from lab.resolver.state.root_anchors import read

pytestmark = pytest.mark.real_clock  # the makers of certificates read it

OLD, NEW = KeyRing().key("ksk-2017"), KeyRing().key("ksk-2024")
BEGIN, ROLL, END = (parse_instant(day) for day in ("2024-07-18", "2026-10-11", "2027-01-11"))
LISTED = (Listed(OLD, parse_instant("2017-02-02"), END), Listed(NEW, BEGIN))


def seen(now: int, keys: bool = True) -> list[tuple[int, int | None, bool]]:
    """Return tag, end and whether it is trusted, for each key that the resolver's own reader finds."""
    xml = anchors_xml(LISTED, now, keys=keys)
    assert xml is not None
    state = read(xml, "root-anchors.xml", at=now)
    return [(one.anchor.key_tag, one.valid_until, one.state is State.VALID) for one in state.entries]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (BEGIN - 1, [(20326, None, True)]),
        (BEGIN, [(20326, None, True), (38696, None, True)]),
        (ROLL, [(20326, None, True), (38696, None, True)]),
        (END - 1, [(20326, None, True), (38696, None, True)]),
        (END, [(20326, END, True), (38696, None, True)]),
        (END + 1, [(20326, END, False), (38696, None, True)]),
    ],
)
def test_file_moves_with_the_clock(now: int, expected: list[tuple[int, int | None, bool]]) -> None:
    """A key is listed from its validFrom on, its validUntil when it is reached, inclusive (section 2)."""
    assert seen(now) == expected


@pytest.mark.parametrize("keys", [True, False])
def test_shape(keys: bool) -> None:
    """PublicKey and Flags stand beside digests that go on, or, as in RFC 7958, beside none (section 2)."""
    xml = anchors_xml(LISTED, END, keys=keys)
    assert xml is not None
    assert [xml.count(tag) for tag in (b"<Digest>", b"<PublicKey>", b"<Flags>257<")] == [2, keys, keys]


def test_nothing_listed_yet() -> None:
    """Before the first key is valid there is no file, no signature, but a bundle."""
    publication = publish(LISTED)
    found = [publication.document(path, 0) is not None for path in (XML, P7S, BUNDLE, "/")]
    assert found == [False, False, True, False]


def test_same_instant_same_octets() -> None:
    """One instant has one file and one signature, and a file that says the same has the same id."""
    publication = publish(LISTED)
    for path in (XML, P7S, BUNDLE):
        assert publication.document(path, ROLL) == publication.document(path, ROLL + DAY)
    assert publication.document(XML, ROLL) != publication.document(XML, END)
    assert publication.document("/root-anchors/else", ROLL) is None


@pytest.fixture
def verified(tmp_path: Path, debian_tool: Callable[[str], str]) -> Callable[..., bool]:
    """Return a function that tells whether openssl accepts what is published at an instant."""
    openssl = debian_tool("openssl")

    def verify(publication: Publication, now: int, bundled: int) -> bool:
        for path in (XML, P7S):
            (tmp_path / path.rpartition("/")[2]).write_bytes(publication.document(path, now) or b"")
        (tmp_path / "bundle.pem").write_bytes(publication.bundle(bundled))
        run = subprocess.run(
            [
                openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", "root-anchors.p7s",
                "-content", "root-anchors.xml", "-CAfile", "bundle.pem", "-attime", str(now), "-out", "out",
            ],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return run.returncode == 0

    return verify


@pytest.mark.parametrize(
    ("variants", "now", "bundled", "expected"),
    [
        ((), ROLL, ROLL, True),
        ((Variant("rfc7958"),), ROLL, ROLL, True),
        ((Variant("tampered", ROLL),), ROLL - 1, ROLL, True),
        ((Variant("tampered", ROLL),), ROLL, ROLL, False),
        ((Variant("expired-signer", ROLL),), ROLL - 1, ROLL, True),
        ((Variant("expired-signer", ROLL),), ROLL + 1, ROLL, False),
        ((Variant("new-ca", ROLL),), ROLL - 1, BEGIN, True),
        ((Variant("new-ca", ROLL),), ROLL, ROLL - CA_NOTICE - 1, False),
        ((Variant("new-ca", ROLL),), ROLL, ROLL - CA_NOTICE, True),
    ],
)
def test_signature(
    verified: Callable[..., bool], variants: tuple[Variant, ...], now: int, bundled: int, expected: bool
) -> None:
    """The signature holds, and what each variant spoils is spoilt from its instant on (section 3)."""
    assert verified(publish(LISTED, variants), now, bundled) == expected


def test_stranger() -> None:
    """A stranger's certificate is a good one in another name; from its instant on the signature is his."""
    publication = publish(LISTED, (Variant("stranger", ROLL),))
    owner, stranger = (publication.document(P7S, now) or b"" for now in (ROLL - 1, ROLL))
    assert [b"nobody@example.org" in octets for octets in (owner, stranger)] == [False, True]
    assert [b"dnssec@iana.org" in octets for octets in (owner, stranger)] == [True, False]


def test_variants_are_read() -> None:
    """Each variant is written as its name, with the instant it begins at if need be."""
    assert [parse_variant(name) for name in VARIANTS] == [Variant(name) for name in VARIANTS]
    assert parse_variant("new-ca=2026-10-11") == Variant("new-ca", ROLL)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("other", "'other' is no variant of the publication; there are rfc7958, "),
        ("new-ca=soon", "new-ca: 'soon' is not an instant"),
        ("", "'' is no variant"),
    ],
)
def test_no_such_variant(text: str, problem: str) -> None:
    """What is none is refused in one line that names those there are."""
    with pytest.raises(UserError) as caught:
        parse_variant(text)
    assert str(caught.value).startswith(problem)
