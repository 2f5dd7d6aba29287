"""Keys, tags and DS are dnspython's; what cannot be used verifies nothing and raises nothing."""

from __future__ import annotations

import dns.dnssec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from dns.dnssecalgs import get_algorithm_cls_from_dnskey
from dns.dnssectypes import DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.crypto import SIGNING_ALGORITHMS, UnusableKey, join_rsa, split_rsa, verifier
from lab.dnssec.keys import DS, SUPPORTED_ALGORITHMS, Key, SigningKey, compute_tag, verify_bytes
from lab.dnssec.names import MalformedRdata

from .material import LOWER_NAMES, dns_name, dns_rdata, pem_of, shipped, shipped_pem, signing_key

FLAGS = st.integers(0, 0xFFFF)
PUBLIC = st.binary(min_size=1, max_size=300)
ZERO = "00" * 32


def dnskey(key: Key) -> DNSKEY:
    """Return the dnspython twin of a key."""
    rdata = dns_rdata(48, key.rdata)
    assert isinstance(rdata, DNSKEY)
    return rdata


@given(FLAGS, st.integers(0, 255), st.integers(0, 255), PUBLIC)
def test_tag_is_dnspythons(flags: int, protocol: int, algorithm: int, public: bytes) -> None:
    """The tag on the wire is RFC 4034 appendix B's, B.1 for algorithm 1, for any octets."""
    key = Key(flags, algorithm, public, protocol)
    if algorithm == 1 and len(public) < 3:
        assert 0 <= key.tag <= 0xFFFF
    else:
        assert key.tag == dns.dnssec.key_id(dnskey(key))


@given(FLAGS, st.integers(2, 255), PUBLIC)
def test_revocation_changes_the_tag_and_nothing_else(flags: int, algorithm: int, public: bytes) -> None:
    """REVOKE changes flags and wire tag only, and can be taken back (RFC 5011 sections 2.1 and 7)."""
    key = Key(flags & ~0x80, algorithm, public)
    revoked = key.revoked()
    assert (revoked.flags, revoked.identity, revoked.key_tag) == (flags | 0x80, key.identity, key.tag)
    assert (revoked.is_revoked, key.is_revoked) == (True, False)
    assert revoked.tag == compute_tag(revoked.rdata)
    assert revoked.unrevoked() == key
    assert revoked.revoked() is revoked
    assert key.unrevoked() is key


def test_revoked_tag_with_a_carry() -> None:
    """The tag grows by 128, or by 129 where the sum of RFC 4034 appendix B carries."""
    plain = Key(257, 8, b"\x00\x01\x00\x01")
    carried = Key(257, 8, b"\xff\xff\xfb\xf0")
    assert plain.revoked().tag - plain.tag == 128
    assert carried.revoked().tag - carried.tag == 129 - 65536


def test_a_key_too_long_to_be_one_verifies_nothing() -> None:
    """A key of 60000 octets is read, kept out of every memo, and good for nothing."""
    key = Key.from_rdata(b"\x01\x01\x03\x08" + bytes(60000))
    assert Key.from_rdata(key.rdata) is not key
    assert not verify_bytes(key, b"signature", b"data")


@given(st.binary(max_size=80))
def test_rdata_round_trip(rdata: bytes) -> None:
    """DNSKEY rdata of five octets or more comes back, the same object each time; less is malformed."""
    if len(rdata) < 5:
        with pytest.raises(MalformedRdata):
            Key.from_rdata(rdata)
        return
    key = Key.from_rdata(rdata)
    assert key.rdata == rdata
    assert Key.from_rdata(bytes(bytearray(rdata))) is key
    assert key == Key(key.flags, key.algorithm, key.public_key, key.protocol)


def test_fields_out_of_range_are_refused() -> None:
    """Flags, protocol and algorithm that have no room in rdata raise MalformedRdata."""
    for fields in ((65536, 8, b"x", 3), (257, 256, b"x", 3), (257, 8, b"x", -1)):
        with pytest.raises(MalformedRdata):
            Key(*fields)


@given(st.sampled_from([1, 2, 4]), LOWER_NAMES, FLAGS, PUBLIC)
def test_ds_is_dnspythons(digest_type: int, owner: bytes, flags: int, public: bytes) -> None:
    """The DS of any key and owner equals dnspython's and matches (RFC 4034 sections 5.1.4 and 5.3)."""
    key = Key(flags, 8, public)
    ds = key.ds(owner, digest_type)
    policy = dns.dnssec.allow_all_policy
    twin = dns.dnssec.make_ds(dns_name(owner), dnskey(key), DSDigest.make(digest_type), policy=policy)
    assert ds.rdata == twin.to_wire()
    assert ds.matches(owner, key)
    assert not ds.matches(b"\x05other" + owner, key)
    assert DS.from_text(ds.to_text()) == DS.from_rdata(ds.rdata) == ds
    assert DS.from_text(twin.to_text()) == ds


def test_ds_of_a_key_is_not_that_of_its_revoked_form() -> None:
    """An anchor given as DS does not match the key once it is revoked."""
    key = Key(257, 8, b"public")
    assert key.ds(b"\x00").matches(b"\x00", key)
    assert not key.ds(b"\x00").matches(b"\x00", key.revoked())
    assert key.revoked().ds(b"\x00").matches(b"\x00", key.revoked())


def test_ds_with_one_field_changed_matches_nothing() -> None:
    """Tag, algorithm, digest type and digest must all fit, and an unknown digest type never does."""
    key = Key(257, 8, b"public")
    ds = key.ds(b"\x00")
    others = [
        DS(ds.key_tag ^ 1, 8, 2, ds.digest),
        DS(ds.key_tag, 10, 2, ds.digest),
        DS(ds.key_tag, 8, 4, ds.digest),
        DS(ds.key_tag, 8, 3, ds.digest),
        DS(ds.key_tag, 8, 2, ds.digest[:-1]),
    ]
    assert [other.matches(b"\x00", key) for other in others] == [False] * 5
    with pytest.raises(ValueError, match="use 1, 2 or 4"):
        key.ds(b"\x00", 3)
    with pytest.raises(MalformedRdata):
        DS.from_rdata(b"\x00\x01\x08\x02")


@given(st.text(max_size=30) | st.from_regex(r"\A[0-9]{1,6} [0-9]{1,4} [0-4] [0-9a-fA-F ]*\Z"))
def test_text_that_is_no_ds(text: str) -> None:
    """Any text is a DS that is written back the same way, or MalformedRdata."""
    try:
        ds = DS.from_text(text)
    except MalformedRdata:
        return
    assert DS.from_text(ds.to_text()) == ds
    assert DS.from_rdata(ds.rdata) == ds


@pytest.mark.parametrize(
    "text",
    ["", "1 8 2", "1 8 2 zz", "1 8 2 abc", f"65536 8 2 {ZERO}", f"1 256 2 {ZERO}", "1 8 2 00", "1 8 5 "],
)
def test_ds_text_with_a_fault(text: str) -> None:
    """Missing fields, bad hexadecimal, numbers out of range and short digests are refused."""
    with pytest.raises(MalformedRdata):
        DS.from_text(text)


def test_keys_sort_by_algorithm_tag_and_public_key() -> None:
    """The sorting key takes the tag with REVOKE clear, so a key keeps its place when it is revoked."""
    key = Key(257, 8, b"public")
    assert key.sort_key == key.revoked().sort_key == (8, key.tag, b"public")


def test_flags_have_names() -> None:
    """256 is a zone key, 257 also an entry point; protocol must be 3 (RFC 4034 sections 2.1.1 and 2.1.2)."""
    assert (Key(257, 8, b"x").is_sep, Key(256, 8, b"x").is_sep) == (True, False)
    found = [Key(256, 8, b"x"), Key(1, 8, b"x"), Key(257, 8, b"x", 2)]
    assert [key.is_zone_key for key in found] == [True, False, False]


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
@given(data=st.binary(max_size=100))
def test_signatures_are_dnspythons(algorithm: int, data: bytes) -> None:
    """A signature verifies with dnspython, is the same each time, and is no good for other data."""
    signing = signing_key(algorithm)
    signature = signing.sign(data)
    rdata = dnskey(signing.key)
    get_algorithm_cls_from_dnskey(rdata).public_cls.from_dnskey(rdata).verify(signature, data)
    assert signing.sign(data) == signature
    assert verify_bytes(signing.key, signature, data)
    assert not verify_bytes(signing.key, signature, data + b"x")
    assert not verify_bytes(signing.key, signature[:-1], data)
    assert not verify_bytes(signing.key, signature + b"\x00", data)


def test_signatures_of_mldsa44_are_dnspythons() -> None:
    """ML-DSA-44 signs and verifies as dnspython does, but otherwise each time (FIPS 204 section 5.2)."""
    signing = shipped("ksk-mldsa44.pem", 257)
    first, second = (signing.sign(b"data") for _ in range(2))
    rdata = dnskey(signing.key)
    for signature in (first, second):
        get_algorithm_cls_from_dnskey(rdata).public_cls.from_dnskey(rdata).verify(signature, b"data")
        assert verify_bytes(signing.key, signature, b"data")
        assert not verify_bytes(signing.key, signature, b"datum")
        assert not verify_bytes(signing.key, signature[:-1], b"data")
    assert (signing.key.algorithm, len(signing.key.public_key), len(first), first == second) == (
        18,
        1312,
        2420,
        False,
    )
    for public in (b"", signing.key.public_key[:-1], signing.key.public_key + b"x"):
        assert not verify_bytes(Key(257, 18, public), first, b"data")


@pytest.mark.parametrize("algorithm", [5, 7])
def test_rsa_with_sha1_verifies(algorithm: int) -> None:
    """Algorithms 5 and 7 are verified, since old zones have them (RFC 3110, RFC 5155)."""
    private = load_pem_private_key(shipped_pem("zsk-pool.pem"), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    signature = private.sign(b"data", padding.PKCS1v15(), hashes.SHA1())
    public = signing_key(8).key.public_key
    assert verify_bytes(Key(256, algorithm, public), signature, b"data")
    assert not verify_bytes(Key(256, 8, public), signature, b"data")


def test_rsa_1024_verifies() -> None:
    """The root's ZSKs had 1024 bits until 2016-10-01."""
    signing = shipped("zsk-1024-pool.pem", 256)
    assert len(signing.key.rdata) == 136
    assert verify_bytes(signing.key, signing.sign(b"data"), b"data")


@given(st.sampled_from((*SUPPORTED_ALGORITHMS, 1, 3, 253)), st.binary(max_size=600), st.binary(max_size=600))
def test_odd_keys_verify_nothing(algorithm: int, public: bytes, signature: bytes) -> None:
    """Any octets as public key and signature give False, never an exception."""
    assert not verify_bytes(Key(256, algorithm, public), signature, b"data")


@given(st.sampled_from(SIGNING_ALGORITHMS), st.data())
def test_damaged_keys_verify_nothing(algorithm: int, data: st.DataObject) -> None:
    """A key with one octet changed or some missing gives False, never an exception."""
    signing = signing_key(algorithm)
    public = signing.key.public_key
    at = data.draw(st.integers(0, len(public) - 1))
    damaged = public[:at] + data.draw(st.sampled_from([b"", bytes((public[at] ^ 0xFF,))])) + public[at + 1 :]
    assert not verify_bytes(Key(256, algorithm, damaged), signing.sign(b"data"), b"data")


@pytest.mark.parametrize("sizes", [(65, 2048), (17, 4104), (2048, 2048), (17, 504), (0, 2048)])
def test_rsa_keys_out_of_bounds_are_not_loaded(sizes: tuple[int, int]) -> None:
    """A modulus under 512 or over 4096 bits (RFC 3110 section 2, RFC 5702 section 2.1), a long exponent."""
    exponent, modulus = ((1 << bits) - 1 for bits in sizes)
    assert verifier(8, join_rsa(exponent, modulus)) is None


def test_algorithm_10_asks_for_1024_bits() -> None:
    """RSA/SHA-512 has no room in a modulus under 1024 bits (RFC 5702 section 2.2)."""
    sizes = (1016, 1024)
    assert [verifier(10, join_rsa(65537, (1 << bits) - 1)) is None for bits in sizes] == [True, False]


@pytest.mark.parametrize(("algorithm", "size"), [(13, 64), (14, 96), (15, 32), (16, 57)])
def test_sizes_of_curve_keys(algorithm: int, size: int) -> None:
    """A public key has exactly its algorithm's octets (RFC 6605 section 4, RFC 8080 section 3)."""
    public = signing_key(algorithm).key.public_key
    assert len(public) == size
    assert verifier(algorithm, public) is not None
    assert verifier(algorithm, public + b"\x00") is None
    assert verifier(algorithm, public[:-1]) is None


@given(st.integers(1, 2**2100), st.integers(2**2100, 2**2110))
def test_rsa_keys_split_as_they_were_joined(exponent: int, modulus: int) -> None:
    """Both forms of the exponent's length octets are read and written (RFC 3110 section 2)."""
    assert split_rsa(join_rsa(exponent, modulus)) == (exponent, modulus)


def test_length_of_a_long_exponent() -> None:
    """An exponent of 256 octets has a zero and two octets of length (RFC 3110 section 2)."""
    assert join_rsa(1 << 2040, 1 << 2100)[:4] == b"\x00\x01\x00\x01"
    assert join_rsa(1 << 2032, 1 << 2100)[:2] == b"\xff\x01"


def test_private_keys_that_cannot_be_used() -> None:
    """Garbage, encrypted keys, other curves or kinds, a wrong algorithm: UnusableKey says what it is."""
    curve = pem_of(ec.derive_private_key(7, ec.SECP521R1()))
    locked = ec.derive_private_key(7, ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    other = pem_of(dsa.generate_private_key(1024))
    p256 = pem_of(ec.derive_private_key(7, ec.SECP256R1()))
    cases: list[tuple[bytes, int | None, str]] = [
        (b"garbage", None, "PEM"),
        (locked, None, "PEM"),
        (curve, None, "secp521r1"),
        (other, None, "a kind of key"),
        (p256, 8, "algorithm 13, not 8"),
    ]
    for pem, algorithm, reason in cases:
        with pytest.raises(UnusableKey, match=reason):
            SigningKey.from_pem(pem, 257, algorithm)
    with pytest.raises(UnusableKey, match="8 or 10, not 13"):
        SigningKey.from_pem(shipped_pem("zsk-pool.pem"), 257, 13)


def test_a_checked_key_signs_like_a_trusted_one() -> None:
    """`trusted` skips a check and changes no signature."""
    checked, trusted = (
        SigningKey.from_pem(shipped_pem("zsk-pool.pem"), 257, trusted=flag) for flag in (False, True)
    )
    assert checked == trusted
    assert checked.sign(b"data") == trusted.sign(b"data")


def test_a_signing_key_under_other_flags() -> None:
    """A signing key keeps its private part when revoked or given other flags, and never shows it."""
    signing = shipped("ksk-2010.pem", 257)
    revoked = signing.revoked()
    assert (signing.key.tag, revoked.key.tag, revoked.key.key_tag) == (19036, 19164, 19036)
    assert revoked.with_flags(257) == signing
    assert revoked.sign(b"data") == signing.sign(b"data")
    assert "signer" not in repr(signing)
