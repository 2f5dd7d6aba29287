"""Every rule about ceremony files finds what breaks it, names the bundle, and leaves good files alone."""

from __future__ import annotations

from pathlib import Path

import dns.dnssec
import dns.rdata
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority.ceremony import CeremonyFile, parse_ceremony, read_ceremony
from lab.authority.ceremony_verify import BUNDLE_RULES, FILE_RULES, verified_signatures, verifies, verify
from lab.clock import DAY, parse_instant
from lab.dnssec.keys import Key
from lab.dnssec.rrset import RRset, Rrsig

from .ceremony_files import (
    EC,
    START,
    K,
    Member,
    N,
    Z,
    bundle_xml,
    file_xml,
    real,
    real_responses,
    replaced,
    response,
    response_xml,
)

MADE = response_xml((K, N, Z), (K, N, Z))
REVOKED = (Member("ksk-2010", 385, signs=True), Member("ksk-2017", signs=True), Z)
SEVERITY = {rule.identifier: rule.severity for rule in BUNDLE_RULES} | {name: s for name, s, _ in FILE_RULES}

BROKEN = {
    # what is changed: pattern, replacement, the rules that must say so
    "signature": (r"(<SignatureData>)....", r"\1AAAA", ("CER-SIG",)),
    "another key's tag": (r"<KeyTag>19036", "<KeyTag>20326", ("CER-SIG", "CER-IDENTIFIER")),
    "unknown tag": (r"<KeyTag>19036", "<KeyTag>1", ("CER-SIG", "CER-SIGNER")),
    "labels": (r"<Labels>0", "<Labels>1", ("CER-SIG",)),
    "signer's name": (r"<SignersName>.", "<SignersName>example.", ("CER-SIG",)),
    "algorithm": (
        r"(<TypeCovered>DNSKEY</TypeCovered><Algorithm>)8",
        r"\g<1>13",
        ("CER-SIG", "CER-ALGORITHM"),
    ),
    "inception": (r"(<SignatureInception>)2018-10-01", r"\g<1>2018-10-02", ("CER-SIG", "CER-WINDOW")),
    "expiration": (r"(<SignatureExpiration>)2018-10-22", r"\g<1>2018-10-23", ("CER-SIG", "CER-WINDOW-EXACT")),
    "backwards": (r"(<SignatureExpiration>)2018-10-22", r"\g<1>2018-09-01", ("CER-WINDOW",)),
    "bundle that never is": (
        r"<Expiration>2018-10-22",
        "<Expiration>2018-10-01",
        ("CER-WINDOW", "CER-OVERLAP"),
    ),
    "shorter bundle": (
        r"<Expiration>2018-10-22",
        "<Expiration>2018-10-20",
        ("CER-POLICY", "CER-WINDOW-EXACT"),
    ),
    "original TTL": (r"<OriginalTTL>172800", "<OriginalTTL>86400", ("CER-SIG", "CER-TTL")),
    "signature's TTL": (r"(<Signature k[^>]*><TTL>)172800", r"\g<1>0", ("CER-TTL",)),
    "key's TTL": (r"<TTL>172800", "<TTL>3600", ("CER-TTL",)),
    "key tag": (r'keyTag="19036"', 'keyTag="19164"', ("CER-KEYTAG",)),
    "identifier": (r'(<Signature keyIdentifier=")ksk-2010', r"\1Kjqmt7v", ("CER-IDENTIFIER",)),
    "flags": (r"<Flags>256", "<Flags>0", ("CER-KEYS", "CER-SIG")),
    "protocol": (r"<Protocol>3", "<Protocol>4", ("CER-KEYS", "CER-SIG")),
    "key twice": (r'(<Key keyIdentifier="ksk-2010".*?</Key>)', r"\1\1", ("CER-KEYS",)),
    "policy's algorithm": (r'algorithm="8"', 'algorithm="7"', ("CER-POLICY",)),
    "policy's size": (r'size="2048"', 'size="4096"', ("CER-POLICY",)),
    "policy's exponent": (r'exponent="65537"', 'exponent="3"', ("CER-POLICY",)),
    "policy's validity": (r"(<MaxSignatureValidity>)P21D", r"\1P20D", ("CER-POLICY",)),
    "policy's overlap": (r"(<MinValidityOverlap>)P9D", r"\1P12D", ("CER-POLICY",)),
    "unknown element": (r"<Inception>", "<Colour/><Inception>", ("CER-UNKNOWN",)),
    "same id": (r'id="b-2"', 'id="b-1"', ("CER-ORDER",)),
}


def made(text: bytes, name: str = "made.xml") -> CeremonyFile:
    """Read a made file."""
    return parse_ceremony(text, name)


def found(*files: CeremonyFile) -> tuple[str, ...]:
    """Return the identifiers of all findings, each once, in order of appearance."""
    return tuple(dict.fromkeys(finding.identifier for finding in verify(files)))


def twin(ttl: int, rrtype: str, wires: tuple[bytes, ...]) -> dns.rrset.RRset:
    """Return records of the root as dnspython has them."""
    rdatas = [dns.rdata.from_wire("IN", rrtype, wire, 0, len(wire)) for wire in wires]
    return dns.rrset.from_rdata_list(".", ttl, rdatas)


def test_real_files_are_clean(shared_data: Path) -> None:
    """Every signature in five real files verifies, and no rule finds anything, also between the files."""
    files = [read_ceremony(path) for path in real_responses(shared_data)]
    files += [read_ceremony(real(shared_data, name)) for name in ("ksr-root-2016-q3", "ksr-root-2017-q2")]
    assert verify(files) == ()
    assert [verified_signatures(file) for file in files] == [9, 9, 9, 11, 11]


def test_dnspython_agrees(shared_data: Path) -> None:
    """An independent validator accepts each of the 27 real bundles at its inception and its expiration."""
    checked = 0
    for path in real_responses(shared_data):
        for bundle in read_ceremony(path).bundles:
            rrset = twin(bundle.ttl, "DNSKEY", bundle.rrset.rdatas)
            rrsigs = twin(bundle.ttl, "RRSIG", tuple(rrsig.rdata for rrsig in bundle.signed.rrsigs))
            for now in (bundle.inception, bundle.expiration):
                dns.dnssec.validate(rrset, rrsigs, {rrset.name: rrset}, now=now)
                checked += 1
    assert checked == 54


@pytest.mark.parametrize(("pattern", "new", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_rule(pattern: str, new: str, expected: tuple[str, ...]) -> None:
    """One change to a good file is found by the rules that are about it."""
    assert set(expected) <= set(found(made(replaced(MADE, pattern, new))))


def test_made_file_is_clean() -> None:
    """The file those changes are made to breaks no rule."""
    assert verify([made(MADE)]) == ()


def test_every_rule_is_tested() -> None:
    """No identifier stands in the tables without a test here that meets it."""
    elsewhere = (
        "CER-POP", "CER-SIGNER", "CER-KEYTAG-REVOKED", "CER-REVOKE", "CER-OVERLAP", "CER-DUPLICATE",
        "CER-GAP", "CER-REQUEST",
    )  # fmt: skip
    met = {identifier for *_, expected in BROKEN.values() for identifier in expected}
    assert set(SEVERITY) == met.union(elsewhere)


@given(place=st.integers(0, 26), octet=st.integers(0, 255), bit=st.integers(0, 7))
def test_one_bit(shared_data: Path, place: int, octet: int, bit: int) -> None:
    """One bit flipped in any signature of any real bundle is an error that names this bundle and no other."""
    file = read_ceremony(real_responses(shared_data)[place // 9])
    bundle = file.bundles[place % 9]
    rrsig = bundle.signatures[0].rrsig
    forged = bytearray(rrsig.signature)
    forged[octet] ^= 1 << bit
    forged_text, text = (_base64(data) for data in (bytes(forged), rrsig.signature))
    whole = Path(file.file).read_bytes()
    assert whole.count(text) == 1
    findings = verify([made(whole.replace(text, forged_text), "forged.xml")])
    assert [(f.identifier, f.bundle, f.bundle_id, f.is_error) for f in findings] == [
        ("CER-SIG", bundle.number, bundle.id, True)
    ]
    assert str(findings[0]) == (
        f"forged.xml: bundle {bundle.number} ({bundle.id}): CER-SIG:"
        " signature 1 by Kjqmt7v (19036) does not verify"
    )


def _base64(data: bytes) -> bytes:
    from base64 import b64encode

    return b64encode(data)


def test_revocation_is_clean() -> None:
    """A bundle with a revoked key that signs, as in 2019Q1, breaks no rule; its size is 1425 octets."""
    file = response(REVOKED, start=parse_instant("2019-01-11"))
    assert verify([file]) == ()
    assert verified_signatures(file) == 2
    assert [key.key.tag for key in file.bundles[0].keys][:2] == [19164, 20326]
    assert file.bundles[0].response_size == 1425


def test_revoked_tag_without_the_bit() -> None:
    """A keyTag that leaves the REVOKE bit out is a note and no error (RFC 5011 section 2.1)."""
    old = REVOKED[0]._replace(key_tag=19036)
    (finding,) = verify([response((old, *REVOKED[1:]))])
    assert (finding.identifier, finding.is_error) == ("CER-KEYTAG-REVOKED", False)
    assert "19164" in finding.message


def test_silent_revocation() -> None:
    """A revoked key that does not sign is told: nobody will believe it (RFC 5011 section 2.1)."""
    assert found(response((REVOKED[0]._replace(signs=False), *REVOKED[1:]))) == ("CER-REVOKE",)


def test_only_the_revoked_key_signs() -> None:
    """A bundle signed by nothing but a revoked key validates nowhere."""
    assert found(response((REVOKED[0], N, Z))) == ("CER-SIGNER",)


def test_two_algorithms() -> None:
    """Algorithms 8 and 13 that both sign are clean; one that does not is noted (RFC 4035 section 2.2)."""
    assert found(response((K, EC, Z))) == ()
    assert found(response((K, EC._replace(signs=False), Z))) == ("CER-ALGORITHM",)


def test_unknown_algorithm() -> None:
    """A signature of an algorithm nobody here can check is an error that says so, never a silent pass."""
    text = MADE.replace(b"<Algorithm>8<", b"<Algorithm>12<")
    messages = [finding.message for finding in verify([made(text)]) if finding.identifier == "CER-SIG"]
    tag = made(text).bundles[0].keys[0].key.tag
    assert (
        messages[0]
        == "signature 1 by ksk-2010 (19036) is by no key of the bundle with that tag and algorithm 12"
    )
    text = text.replace(b"<KeyTag>19036", f"<KeyTag>{tag}".encode())
    messages = [finding.message for finding in verify([made(text)]) if finding.identifier == "CER-SIG"]
    assert (
        messages
        == [f"signature 1 by ksk-2010 ({tag}) cannot be checked: the lab does not know algorithm 12"] * 2
    )


def test_key_that_is_none() -> None:
    """A signature by a public key that is no RSA key at all does not verify, and nothing breaks."""
    text = replaced(MADE, r"(keyIdentifier=\"ksk-2017\".*?<PublicKey>).*?<", r"\1AAAA<")
    assert "CER-SIG" in found(made(text))


def test_possession() -> None:
    """A request lacks a proof for a key that did not sign it; signatures may be of any time."""
    proven, silent = Z._replace(signs=True), Member("zsk-2019q1", 256)
    text = file_xml([bundle_xml((proven, silent), kind="Request")], kind="Request")
    text = replaced(text, r"<Inception>2018-10-01", "<Inception>2018-10-02")
    (finding,) = verify([made(text)])
    assert (finding.identifier, finding.bundle, finding.is_error) == ("CER-POP", 1, True)
    assert "zsk-2019q1" in finding.message


def test_request_with_impossible_proof() -> None:
    """A proof of possession that was never valid is an error, since no signer makes one."""
    text = file_xml([bundle_xml((Z._replace(signs=True),), kind="Request")], kind="Request")
    text = replaced(text, r"(<SignatureExpiration>)2018-10-22", r"\g<1>2018-09-01")
    assert set(found(made(text))) == {"CER-SIG", "CER-WINDOW"}


def test_order() -> None:
    """A bundle before its predecessor in time is an error at that bundle."""
    text = file_xml([bundle_xml((K, Z), number=1, inception=START + DAY), bundle_xml((K, Z), number=2)])
    assert [(f.identifier, f.bundle) for f in verify([made(text)])] == [("CER-ORDER", 2)]


def test_hole_in_a_file() -> None:
    """A bundle that begins after the one before it has expired leaves the zone unsigned: an error."""
    text = file_xml([bundle_xml((K, Z), number=1), bundle_xml((K, Z), number=2, inception=START + 22 * DAY)])
    (finding,) = verify([made(text)])
    assert (finding.identifier, finding.bundle, finding.is_error) == ("CER-OVERLAP", 2, True)
    assert finding.message == "it begins P1D after bundle 1 (b-1) has expired"


def test_gap_between_files(shared_data: Path) -> None:
    """A quarter left out is a note, whatever the order of the files."""
    first, _, third = (read_ceremony(path) for path in real_responses(shared_data))
    (finding,) = verify([third, first])
    assert (finding.identifier, finding.bundle, finding.is_error) == ("CER-GAP", 1, False)
    assert finding.file == third.file


def test_duplicates() -> None:
    """Two responses for one slot are noted, and whether they say the same."""
    one, same, other = (
        response((K, Z)),
        response((K, Z), name="same.xml"),
        response((K, N, Z), name="other.xml"),
    )
    assert [str(finding) for finding in verify([one, same])] == [
        "same.xml: bundle 1 (b-1): CER-DUPLICATE:"
        " made.xml: bundle 1 (b-1) has the same inception, and the same content"
    ]
    assert "another content" in verify([one, other])[0].message


def test_files_of_other_zones_are_apart() -> None:
    """Responses for different domains are not one chain."""
    other = file_xml([bundle_xml((K, Z), domain="example.")], domain="example.")
    assert verify([response((K, Z)), made(other, "example.xml")]) == ()


def test_answer_to_a_request(shared_data: Path) -> None:
    """The real response of 2017Q2 answers its request; one with another ZSK, window or bundle does not."""
    request = read_ceremony(real(shared_data, "ksr-root-2017-q2"))
    path = real(shared_data, "skr-root-2017-q2")
    assert verify([request, read_ceremony(path)]) == ()
    changes = {
        (r'id="dc1bc68c', 'id="ec1bc68c'): ("does not ask for it", "does not answer"),
        (r"<Expiration>2017-04-22", "<Expiration>2017-04-21"): ("its window is not that of",),
        (r"(<Flags>)256", r"\g<1>384"): ("its ZSKs are not those of",),
    }
    for (pattern, new), expected in changes.items():
        answer = made(replaced(path.read_bytes(), pattern, new))
        messages = [f.message for f in verify([request, answer]) if f.identifier == "CER-REQUEST"]
        assert len(messages) == len(expected)
        assert all(part in message for part, message in zip(expected, messages, strict=True))


def test_many_keys_of_one_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature is tried with four keys of its tag at most, however many there are (CVE-2023-50387)."""
    key = r'(<Key keyIdentifier="ksk-2010".*?</Key>)'
    crowd = made(replaced(replaced(MADE, key, r"\1" * 60), r"(<SignatureData>)....", r"\1AAAA"))
    tried: list[Key] = []

    def refuse(rrset: RRset, rrsig: Rrsig, key: Key) -> bool:
        tried.append(key)
        return False

    monkeypatch.setattr("lab.authority.ceremony_verify.verify_rrsig", refuse)
    bundle = crowd.bundles[0]
    assert len(bundle.candidates(bundle.signatures[0])) == 60
    assert not verifies(bundle, bundle.signatures[0])
    assert len(tried) == 4
