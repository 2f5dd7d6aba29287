"""Every rule of `ceremony lint` is broken by a file that breaks nothing else, and real files break none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lab.authority.ceremony import Bundle, CeremonyFile, parse_ceremony, read_ceremony
from lab.authority.ceremony_lint import LINT_RULES, RULES, lint_files
from lab.authority.ceremony_verify import verify
from lab.authority.ceremony_write import write_ceremony
from lab.clock import DAY
from lab.dnssec.crypto import join_rsa, split_rsa
from lab.dnssec.keys import DS, Key, SigningKey
from lab.dnssec.names import ROOT
from lab.resources import zones_path

from .ceremony_files import RING, K, Member, N, Z, bundle_xml, file_xml, real, real_responses, replaced
from .ceremony_workshop import (
    MADE,
    OTHER,
    adding,
    altered,
    example,
    only,
    quarter,
    shifted,
    signature,
    signed,
    swapping,
    without,
    written,
)

NEXT = RING.key("ksk-2017")
BIG = Key(257, 8, join_rsa(65537, 2**4096 - 1))
KN, NK = Member("ksk-2017", signs=True), Member("ksk-2010")
REVOKED = Member("ksk-2010", 385, signs=True)

Broken = tuple[list[CeremonyFile], int | None]
"""Files that break one rule, and the number of the bundle that is to be named."""


def public(exponent: int = 65537, tweak: int = 0) -> Key:
    """Return a next KSK nobody has the private key of: another exponent, or another modulus."""
    own, modulus = split_rsa(NEXT.public_key)
    return Key(257, 8, join_rsa(exponent or own, modulus ^ tweak))


def colliding() -> Key:
    """Return a next KSK with the tag of the current one."""
    wanted = RING.key("ksk-2010").tag
    return next(key for key in (public(tweak=bits << 64) for bits in range(1 << 17)) if key.tag == wanted)


def sha1_zsk() -> SigningKey:
    """Return a ZSK of algorithm 7, which the lab itself does not sign with."""
    pem = (zones_path() / "keys" / "ksk-spare-1.pem").read_bytes()
    private = load_pem_private_key(pem, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    numbers = private.public_key().public_numbers()
    key = Key(256, 7, join_rsa(numbers.e, numbers.n))
    return SigningKey(key, lambda data: private.sign(data, padding.PKCS1v15(), hashes.SHA1()))


def forged() -> Broken:
    """Change one octet of a signature."""

    def change(bundle: Bundle) -> Bundle:
        rrsig = bundle.signatures[0].rrsig
        return signature(
            rrsig=replace(rrsig, signature=bytes([rrsig.signature[0] ^ 1]) + rrsig.signature[1:])
        )(bundle)

    return [altered(quarter(), 3, change)], 3


def longer_signature() -> Broken:
    """Sign a bundle for a day longer than it is meant for."""
    return [
        altered(
            quarter(), 4, lambda bundle: signed(bundle, window=(bundle.inception, bundle.expiration + DAY))
        )
    ], 4


def impossible_proof() -> Broken:
    """Prove possession with a signature that was never valid."""
    file = quarter(kind="ksr")
    first = file.bundles[0].inception
    return [altered(file, 2, lambda bundle: signed(bundle, "ksr", window=(first, first - DAY)))], 2


def weak_request() -> Broken:
    """Request a ZSK of algorithm 7."""
    weak = sha1_zsk()
    change = only(1, swapping("zsk-2018q1", weak.key))
    return [quarter(kind="ksr", change=change, keys={"zsk-2018q1": weak}, policy=False)], 1


def hole() -> Broken:
    """Leave a zone without a bundle for a day."""
    return [example((K, Z), (K, Z), every=22)], 2


def unknown() -> Broken:
    """Write an element that the format does not have."""
    return [
        parse_ceremony(replaced(write_ceremony(quarter()), "<Response>", "<Response><Extra/>"), "x")
    ], None


def early_ninth(name: str, days: int) -> CeremonyFile:
    """Return a quarter whose ninth slot begins on another day."""
    return quarter(name, change=only(9, shifted(days)))


def longer_cycle() -> Broken:
    """Let two slots last eleven days."""
    return [quarter(change=lambda bundle: shifted(min(bundle.number - 1, 2))(bundle))], 9


def with_policy() -> CeremonyFile:
    """Return a quarter whose policy wants signatures of 22 days."""
    file = quarter()
    assert file.ksk_policy is not None
    return written(replace(file, ksk_policy=replace(file.ksk_policy, min_validity=22 * DAY)))


def swapped_next(key: Key) -> Broken:
    """Pre-publish a next KSK that does not sign yet."""
    return [quarter("2017Q3", change=swapping("ksk-2017", key, "next"), policy=False)], 2


BROKEN: dict[str, Callable[[], Broken]] = {
    "CER-SIG": forged,
    "CER-POP": lambda: (
        [altered(quarter(kind="ksr"), 1, lambda bundle: replace(bundle, signatures=bundle.signatures[1:]))], 1
    ),
    "CER-SIGNER": lambda: ([example((REVOKED, N, Z))], 1),
    "CER-KEYTAG": lambda: (
        [
            altered(
                quarter(), 2,
                lambda bundle: replace(bundle, keys=(replace(bundle.keys[0], key_tag=1), *bundle.keys[1:])),
            )
        ], 2,
    ),
    "CER-IDENTIFIER": lambda: ([altered(quarter(), 5, signature(identifier="Kjqmt7v"))], 5),
    "CER-KEYTAG-REVOKED": lambda: ([example((REVOKED._replace(key_tag=19036), KN, Z))], 1),
    "CER-KEYS": lambda: (
        [quarter(change=only(6, lambda bundle: replace(bundle, keys=(*bundle.keys, bundle.keys[-1]))))], 6
    ),
    "CER-WINDOW": impossible_proof,
    "CER-WINDOW-EXACT": longer_signature,
    "CER-TTL": lambda: ([altered(quarter(), 7, signature(ttl=1))], 7),
    "CER-ALGORITHM": lambda: swapped_next(RING.key("ksk-ecdsa")),
    "CER-REVOKE": lambda: ([example((REVOKED._replace(signs=False), KN, Z))], 1),
    "CER-POLICY": lambda: ([with_policy()], 1),
    "CER-ORDER": lambda: (
        [altered(quarter(), 2, lambda bundle: replace(bundle, id="rootlab-made-2018Q2-1"))], 2
    ),
    "CER-OVERLAP": hole,
    "CER-UNKNOWN": unknown,
    "CER-DUPLICATE": lambda: ([quarter(), quarter(maker=OTHER)], 1),
    "CER-GAP": lambda: ([quarter("2018Q1"), quarter("2018Q3")], 1),
    "CER-REQUEST": lambda: (
        [
            quarter(kind="ksr"),
            quarter(change=only(1, swapping("zsk-2018q1", RING.key("zsk-2030q1"), "zsk-2030q1"))),
        ], 1,
    ),
    "CER-COUNT": lambda: ([written(replace(quarter(), bundles=quarter().bundles[:8]))], None),
    "CER-START": lambda: ([quarter(change=shifted(1))], 1),
    "CER-INTERVAL": lambda: ([quarter(change=only(5, shifted(2)))], 5),
    "CER-CYCLE": longer_cycle,
    "CER-VALIDITY": lambda: (
        [
            quarter(
                change=only(1, lambda bundle: replace(bundle, expiration=bundle.expiration - DAY)),
                policy=False,
            )
        ], 1,
    ),
    "CER-ROOT-TTL": lambda: (
        [
            quarter(
                change=only(
                    2,
                    lambda bundle: replace(
                        bundle, keys=tuple(replace(key, ttl=86400) for key in bundle.keys)
                    ),
                )
            )
        ], 2,
    ),
    "CER-ZSKS": lambda: ([quarter(change=only(5, adding("zsk-2018q3", 256)))], 5),
    "CER-ZSK-ROLL": lambda: (
        [quarter(change=only(9, swapping("zsk-2018q3", RING.key("zsk-2018q1"), "zsk-2018q1")))], None
    ),
    "CER-SCHEMA": lambda: ([quarter("2017Q3", change=only(2, without("ksk-2017")))], None),
    "CER-KEY-ALGORITHM": weak_request,
    "CER-KEY-SIZE": lambda: (
        [
            quarter(
                change=only(1, swapping("zsk-2018q1", RING.key("zsk-2016q1"), "zsk-2016q1")), policy=False
            )
        ], 1,
    ),
    "CER-KEY-EXPONENT": lambda: swapped_next(public(exponent=3)),
    "CER-TAG-SHARED": lambda: swapped_next(colliding()),
    "CER-REQUEST-KSK": lambda: (
        [quarter(kind="ksr", change=only(4, adding("ksk-2010", 257)), policy=False)], 4
    ),
    "CER-KEY-NAME": lambda: (
        [quarter(change=only(1, swapping("zsk-2018q1", RING.key("zsk-2018q1"), "zsk-2018q2")))], 1
    ),
    "CER-SIZE": lambda: (
        [quarter("2017Q3", change=swapping("ksk-2017", BIG, "next"), policy=False)], 9
    ),
    "CER-CHAIN-KEYS": lambda: (
        [
            quarter("2018Q1"),
            quarter(change=only(1, swapping("zsk-2018q1", RING.key("zsk-2030q1"), "zsk-2030q1"))),
        ], 1,
    ),
    "CER-CHAIN-SCHEMA": lambda: ([quarter("2018Q4"), quarter("2019Q1", maker=OTHER)], None),
    "CER-CHAIN-OVERLAP": lambda: ([early_ninth("2018Q3", -1), quarter("2018Q4")], 1),
    "CER-ZSK-SAFETY": lambda: ([early_ninth("2018Q1", 1), quarter(change=only(2, shifted(-1)))], 2),
    "CER-ADD-WAIT": lambda: ([example((K, Z), (K, N, Z), (NK, KN, Z))], 3),
    "CER-REMOVE-WAIT": lambda: ([example((K, KN, Z), (REVOKED, KN, Z), (KN, Z))], 3),
    "CER-REVOKED-BACK": lambda: ([example((REVOKED, KN, Z), (NK, KN, Z))], 2),
    "CER-ID": lambda: ([quarter("2018Q1"), written(replace(quarter(), id="rootlab-made-2018Q1"), "b")], None),
    "CER-DOMAIN": lambda: ([quarter(), example((K, Z))], None),
    "CER-ANCHOR": lambda: ([quarter()], 1),
}  # fmt: skip
"""How each rule alone is broken."""

TRUSTED: dict[str, tuple[DS | Key, ...]] = {"CER-ANCHOR": (RING.key("ksk-2024").ds(ROOT), NEXT)}


@pytest.mark.parametrize("identifier", BROKEN)
def test_rule(identifier: str) -> None:
    """A file that breaks one rule is found by it alone, at its bundle, with the severity of the table."""
    files, bundle = BROKEN[identifier]()
    findings = lint_files(files, anchors=TRUSTED.get(identifier, ()))
    assert {finding.identifier for finding in findings} == {identifier}
    assert findings[0].bundle == bundle
    assert {finding.severity for finding in findings} == {RULES[identifier].severity}
    assert findings[0].file == files[-1].file


def test_every_rule_is_broken() -> None:
    """No identifier stands in the table without a file that breaks it, and none stands twice."""
    assert list(BROKEN) == [name for name in RULES if name in BROKEN]
    assert set(BROKEN) == set(RULES)
    assert len({rule.identifier for rule in LINT_RULES}) == len(LINT_RULES)


def test_real_files_are_clean(shared_data: Path) -> None:
    """In five real files, alone and together, no rule finds anything, whichever their order."""
    files = [read_ceremony(path) for path in real_responses(shared_data)]
    files += [read_ceremony(real(shared_data, name)) for name in ("ksr-root-2016-q3", "ksr-root-2017-q2")]
    assert lint_files(files) == ()
    assert lint_files(reversed(files)) == ()
    assert [finding for file in files for finding in lint_files([file])] == []


def test_real_anchor(shared_data: Path) -> None:
    """The real responses of 2017 are signed by KSK-2010, and whoever trusts KSK-2024 alone is told."""
    files = [read_ceremony(path) for path in real_responses(shared_data)]
    old, new = (
        DS.from_text(text)
        for text in (
            "19036 8 2 49AAC11D7B6F6446702E54A1607371607A1A41855200FD2CE1CDDE32F24E8FB5",
            "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
        )
    )
    assert lint_files(files, anchors=[new, old]) == ()
    (finding,) = lint_files(files, anchors=[new])
    assert (finding.identifier, finding.bundle) == ("CER-ANCHOR", 1)
    assert "Kjqmt7v (19036)" in finding.message


def test_largest_response(shared_data: Path) -> None:
    """Slot 9 of 2017Q3, 1414 octets, is within an Ethernet frame and beyond 1232."""
    file = read_ceremony(real(shared_data, "skr-root-2017-q3"))
    (finding,) = lint_files([file], max_size=1232)
    assert (finding.identifier, finding.bundle) == ("CER-SIZE", 9)
    assert finding.message == "the DNSKEY response has 1414 octets, more than 1232"
    assert lint_files([file], max_size=1414) == ()


def test_quarters_of_a_roll_are_clean() -> None:
    """The roll of 2018, from pre-publication to after the revocation, breaks no rule, requests included."""
    files = [written(MADE.file(name, kind)) for name in MADE.quarters for kind in ("ksr", "skr")]
    assert len(files) == 18
    assert lint_files(files) == ()


def test_verify_is_part_of_it() -> None:
    """What verify finds, lint finds first."""
    files, _ = forged()
    found = verify(files)
    assert lint_files(files)[: len(found)] == found
    assert len(found) == 1


def test_old_zsks() -> None:
    """A ZSK of 1536 bits will do while another algorithm signs, as proposed in 2026, and not alone."""
    modulus = (1 << 1535) | 1
    small = Key(256, 8, join_rsa(65537, modulus))
    lone = quarter(change=only(1, swapping("zsk-2018q1", small, "small")), policy=False)
    assert [finding.identifier for finding in lint_files([lone])] == ["CER-KEY-SIZE"]
    both = Member("ksk-ecdsa", signs=True)
    assert lint_files([example((K, both, Z))]) == ()
    text = bundle_xml((K, both, Z), domain="ex.")
    mixed = parse_ceremony(file_xml([text], domain="ex."), "mixed")
    bundle = swapping("zsk-2018q4", small, "small")(mixed.bundles[0])
    proposed = written(replace(mixed, bundles=(signed(bundle),), ksk_policy=None))
    assert lint_files([proposed]) == ()


def test_algorithms_to_sign_with() -> None:
    """Algorithms that RFC 8624 section 3.1 lets nobody sign with are refused, whatever their state then."""
    (finding,) = [f for f in lint_files(weak_request()[0]) if f.identifier == "CER-KEY-ALGORITHM"]
    assert finding.message.endswith("is of algorithm 7, not one to sign with")


def test_trust_begins_with_a_validated_key() -> None:
    """A key that is published and does not sign is no beginning (RFC 5011 section 2.2)."""
    assert [f.identifier for f in lint_files([quarter()], anchors=[NEXT])] == ["CER-ANCHOR"]
    assert lint_files([quarter()], anchors=[NEXT, RING.key("ksk-2010")]) == ()
    revoked = RING.key("ksk-2010", 385)
    assert [f.identifier for f in lint_files([quarter()], anchors=[revoked])] == ["CER-ANCHOR"]
