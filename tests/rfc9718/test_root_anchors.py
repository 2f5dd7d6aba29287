"""RFC 9718, and RFC 7958 before it: root-anchors.xml as IANA publishes it, and the rules for who reads it.

Section 2 has the format: digests with the time they are good for, and since RFC 9718 the key beside a digest.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable

import pytest

from lab.authority.keyring import KeyRing
from lab.clock import parse_instant
from lab.dnssec.keys import DS, Key
from lab.dnssec.names import ROOT
from lab.dnssec.root_keys import REAL_ROOT_DS
from lab.errors import StateFileError
from lab.resolver.rfc5011 import State
from lab.resolver.state.formats import FORMATS
from lab.resolver.state.root_anchors import bounded_in_time, held, read, write
from lab.resolver.state.vocabulary import Entry, TrustState

KEY = KeyRing().key("ksk-2024")
OLD, CURRENT, NEXT = (ds for _, ds in REAL_ROOT_DS)


def digest(
    name: str,
    ds: DS,
    begin: str = "2010-07-15T00:00:00+00:00",
    end: str = "",
    more: str = "",
    validity: str = "",
) -> str:
    """Return one KeyDigest."""
    until = f' validUntil="{end}"' if end else ""
    validity = validity or f'validFrom="{begin}"{until}'
    numbers = f"<KeyTag>{ds.key_tag}</KeyTag><Algorithm>{ds.algorithm}</Algorithm>"
    octets = f"<DigestType>{ds.digest_type}</DigestType><Digest>{ds.digest.hex().upper()}</Digest>"
    return f'<KeyDigest id="{name}" {validity}>\n{numbers}{octets}{more}</KeyDigest>\n'


def beside(key: Key) -> str:
    """Return the key itself as RFC 9718 has it beside a digest."""
    return f"<PublicKey>{b64encode(key.public_key).decode()}</PublicKey><Flags>{key.flags}</Flags>"


def file(*digests: str, zone: str = ".") -> bytes:
    """Return a root-anchors.xml."""
    body = "".join(digests)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- comments are allowed -->\n'
        '<TrustAnchor id="0C05FDD6-422C-4910-8ED6-430ED15E11C2" '
        'source="http://data.iana.org/root-anchors/root-anchors.xml">\n'
        f"<Zone>{zone}</Zone>\n{body}</TrustAnchor>\n"
    ).encode()


IANA = file(
    digest("Kjqmt7v", OLD, end="2019-01-11T00:00:00+00:00"),
    digest("Klajeyz", CURRENT, begin="2017-02-02T00:00:00+00:00"),
    digest("Kmyv6jo", KEY.ds(ROOT), begin="2024-07-18T00:00:00+00:00", more=beside(KEY)),
)
"""The file as it has been since 2024-11, but for the public keys of the real root."""


def usable(at: str) -> str:
    """Return the identifiers of the anchors that are of use at an instant."""
    return " ".join(entry.identifier for entry in read(IANA, "f", at=parse_instant(at)).trusted)


def test_every_field() -> None:
    """Digest, key, validity and identifiers are read; an anchor is configured, not confirmed."""
    assert read(IANA, "f") == TrustState(
        ROOT,
        (
            Entry(
                OLD, since=0, identifier="Kjqmt7v", valid_from=parse_instant("2010-07-15"),
                valid_until=parse_instant("2019-01-11"),
            ),
            Entry(CURRENT, since=0, identifier="Klajeyz", valid_from=parse_instant("2017-02-02")),
            Entry(
                KEY, since=0, identifier="Kmyv6jo", valid_from=parse_instant("2024-07-18"), ds=KEY.ds(ROOT)
            ),
        ),
        identifier="0C05FDD6-422C-4910-8ED6-430ED15E11C2",
        source="http://data.iana.org/root-anchors/root-anchors.xml",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2010-07-14T23:59:59Z", ""),
        ("2010-07-15T00:00:00Z", "Kjqmt7v"),
        ("2018-10-11T16:00:00Z", "Kjqmt7v Klajeyz"),
        ("2019-01-11T00:00:00Z", "Kjqmt7v Klajeyz"),
        ("2019-01-11T00:00:01Z", "Klajeyz"),
        ("2026-10-11T16:00:00Z", "Klajeyz Kmyv6jo"),
    ],
)
def test_validity_is_honoured(at: str, expected: str) -> None:
    """An anchor is of use from validFrom to validUntil, both included (section 2, RFC 7958 section 2.1.2)."""
    assert usable(at) == expected


def test_outside_its_validity() -> None:
    """An anchor outside its validity is still listed, and the note says why it is of no use."""
    entries = read(IANA, "f", at=parse_instant("2020-01-01")).entries
    assert [(entry.state, entry.note) for entry in entries] == [
        (State.START, "not valid after 2019-01-11T00:00:00Z"),
        (State.VALID, ""),
        (State.START, "not valid before 2024-07-18T00:00:00Z"),
    ]
    assert bounded_in_time(read(IANA, "f"))
    assert not bounded_in_time(read(file(digest("a", OLD), digest("b", CURRENT)), "f"))


def test_one_anchor_that_ends_is_enough() -> None:
    """The instant matters where one of several anchors ends, though all begin together."""
    ending = digest("a", OLD, end="2019-01-11T00:00:00+00:00")
    assert bounded_in_time(read(file(ending, digest("b", CURRENT)), "f"))


WRONG_KEYS: dict[str, Callable[[], str]] = {
    "another key": lambda: beside(KeyRing().key("ksk-2017")),
    "other flags": lambda: beside(Key(256, KEY.algorithm, KEY.public_key)),
}


@pytest.mark.parametrize("more", WRONG_KEYS.values(), ids=WRONG_KEYS.keys())
def test_digest_of_another_key(more: Callable[[], str]) -> None:
    """A digest that is not that of the key beside it must not be used (section 2)."""
    entries = read(file(digest("a", KEY.ds(ROOT), more=more()), digest("b", CURRENT)), "f").entries
    assert [(entry.anchor, entry.state) for entry in entries] == [
        (KEY.ds(ROOT), State.START),
        (CURRENT, State.VALID),
    ]
    assert entries[0].note == "the digest is not that of the public key beside it"


def test_one_key_with_two_digests() -> None:
    """A key may be listed with several digests; the same digest twice is a mistake."""
    two = file(*(digest(f"d{n}", KEY.ds(ROOT, n), more=beside(KEY)) for n in (2, 4)))
    assert [entry.ds for entry in read(two, "f").entries] == [KEY.ds(ROOT, 2), KEY.ds(ROOT, 4)]
    assert read(write(read(two, "f")), "f") == read(two, "f")
    with pytest.raises(StateFileError) as caught:
        read(file(digest("a", OLD), digest("b", OLD)), "f")
    assert caught.value.defect == "duplicate"


REFUSED = {
    "other root": (b"<KSR/>", "the root element is KSR, not TrustAnchor"),
    "bomb": (b'<!DOCTYPE x [<!ENTITY a "b">]><TrustAnchor/>', "a document type or entity declaration"),
    "cut off": (IANA[:-40], "not well-formed XML"),
    "empty": (b"", "empty"),
    "no digest": (file(), "no KeyDigest"),
    "zone": (file(digest("a", OLD), zone="a..b"), "TrustAnchor: Zone: "),
    "no zone": (file(digest("a", OLD)).replace(b"<Zone>.</Zone>", b""), "no Zone"),
    "no id": (file(digest("a", OLD)).replace(b' id="a"', b""), "KeyDigest 1: no attribute id"),
    "no validFrom": (file(digest("a", OLD, validity='x="y"')), "KeyDigest 1 (a): no attribute validFrom"),
    "date": (
        file(digest("a", OLD, begin="2017-02-30T00:00:00Z")),
        "'2017-02-30T00:00:00Z' is not an instant",
    ),
    "order": (file(digest("a", OLD, end="2009-01-01T00:00:00Z")), "validUntil lies before validFrom"),
    "tag": (file(digest("a", OLD)).replace(b"19036<", b"99999<"), "KeyTag: '99999' is not a number"),
    "digest": (file(digest("a", OLD)).replace(b"49AAC1", b"49AAG1"), "Digest: not hexadecimal"),
    "short digest": (file(digest("a", OLD)).replace(b"49AAC1", b"49AA"), "Digest: 31 octets"),
    "not ASCII": (file(digest("a", OLD)).replace(b"49AAC1", "49AA\xe4".encode()), "Digest: not hexadecimal"),
    "key alone": (file(digest("a", OLD, more="<PublicKey>AAAA</PublicKey>")), "PublicKey alone"),
    "algorithm": (
        file(digest("a", OLD)).replace(b"<Algorithm>8", b"<Algorithm>256"),
        "Algorithm: '256' is not",
    ),
    "digest type": (
        file(digest("a", OLD)).replace(b"<DigestType>2", b"<DigestType>256"),
        "DigestType: '256' is not",
    ),
    "flags alone": (file(digest("a", OLD, more="<Flags>257</Flags>")), "Flags alone"),
    "base64": (
        file(digest("a", OLD, more="<PublicKey>AA</PublicKey><Flags>257</Flags>")),
        "PublicKey: not base64",
    ),
    "flags": (
        file(digest("a", OLD, more="<PublicKey>AAAA</PublicKey><Flags>x</Flags>")),
        "Flags: 'x' is not",
    ),
    "large": (b"<TrustAnchor>" + b" " * 1_048_576, "larger than 1048576 octets"),
}


@pytest.mark.parametrize(("data", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(data: bytes, problem: str) -> None:
    """What section 2 does not allow is refused in one line that names the place and a remedy."""
    with pytest.raises(StateFileError) as caught:
        read(data, "anchors.xml")
    assert str(caught.value).startswith("anchors.xml")
    assert problem in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_largest_file() -> None:
    """A file of exactly the largest size is read."""
    text = file(digest("a", OLD))
    assert read(text + b" " * (1_048_576 - len(text)), "f") == read(text, "f")
    with pytest.raises(StateFileError, match="larger than 1048576 octets"):
        read(text + b" " * (1_048_577 - len(text)), "f")


@pytest.mark.parametrize(("digest_type", "size"), [(1, 20), (2, 32), (4, 48)])
def test_sizes_of_digests(digest_type: int, size: int) -> None:
    """A digest has the size of its type; blanks in it count for nothing."""
    fine = DS(1, 8, digest_type, bytes(range(size)))
    spaced = file(digest("a", fine)).replace(b"0A0B", b"0A \n 0B")
    assert [entry.anchor for entry in read(spaced, "f").entries] == [fine]
    for octets in (fine.digest[:-1], fine.digest + b"x", b""):
        with pytest.raises(StateFileError, match="octets, which is no digest of its type"):
            read(file(digest("a", DS(1, 8, digest_type, octets))), "f")


def test_identifier_has_the_shape_of_ianas() -> None:
    """The identifier of a list that the lab makes is groups of 8, 4, 4, 4 and 12 hexadecimal digits."""
    made = held(TrustState(ROOT, (Entry(OLD),))).identifier
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", made)
    assert len(set(made)) > 4


def test_written_again() -> None:
    """What is read is written again so that it reads the same, identifiers and validity included."""
    state = read(IANA, "f")
    assert held(state) == state
    assert read(write(state), "f") == state
    assert (
        b'id="Kjqmt7v" validFrom="2010-07-15T00:00:00+00:00" validUntil="2019-01-11T00:00:00+00:00"'
        in write(state)
    )


def test_made_of_something_else() -> None:
    """A list made of another state has identifiers of its own, the same for the same keys."""
    state = TrustState(
        ROOT, (Entry(KEY, State.VALID, 1_500_000_000), Entry(OLD, State.MISSING), Entry(CURRENT))
    )
    found = held(state)
    assert [(entry.identifier, entry.valid_from) for entry in found.entries] == [
        ("key-38696-1", 1_500_000_000),
        ("key-19036-2", 0),
        ("key-20326-3", 0),
    ]
    assert (found.identifier, found.source) == (held(state).identifier, "rootlab")
    assert found.entries[0].ds == KEY.ds(ROOT)
    assert write(state) == write(found)
    assert found.identifier != held(TrustState(ROOT, state.entries[:1])).identifier


def test_key_of_another_protocol() -> None:
    """A key whose protocol is not 3 has no place in the format, so that its digest alone is written."""
    odd = Key(257, 8, b"\x01\x02\x03", protocol=4)
    entry = held(TrustState(ROOT, (Entry(odd),))).entries[0]
    assert (entry.anchor, entry.ds) == (odd.ds(ROOT), None)


def test_only_what_is_trusted() -> None:
    """Pending and revoked keys are not in a list of anchors, and an empty list cannot be written."""
    with pytest.raises(StateFileError) as caught:
        write(TrustState(ROOT, (Entry(KEY, State.REVOKED, 5), Entry(OLD, State.ADD_PEND, 5))))
    assert caught.value.defect == "nothing-left"


def test_real_digests() -> None:
    """The digests of the three real KSKs are those of the format's own table of anchors (facts.md 8.4)."""
    assert NEXT.key_tag == 38696
    assert FORMATS["xml"].held(read(file(digest("Kmyv6jo", NEXT)), "f")).entries[0].anchor == NEXT
