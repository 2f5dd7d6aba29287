"""Arithmetic for keys that nobody should use any more."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.dnssec.keys import verify_bytes
from lab.replay import legacy

from .workshop import small_key

# A DSA group of 512 bits: p = 1 + q * m, g of order q. Made for this test, and as weak as its size.
Q = 0xE3E2E1E0DFDEDDDCDBDAD9D8D7D6D5D4D3D2D1D5


def dsa_group() -> tuple[int, int, int]:
    """Return (p, q, g) of 512 and 160 bits, found by counting up."""
    from .workshop import is_prime

    q = Q | 1
    while not is_prime(q):
        q += 2
    multiple = (1 << 511) // q
    multiple += multiple % 2
    while not is_prime(p := q * multiple + 1, 2) or not is_prime(p):
        multiple += 2
    g = next(found for base in range(2, 50) if (found := pow(base, (p - 1) // q, p)) > 1)
    return p, q, g


P, ORDER, G = dsa_group()
SECRET, NONCE = 0x1234567890ABCDEF1234567890ABCDEF12345678, 0xABCDEF
PUBLIC = b"\0" + ORDER.to_bytes(20, "big") + b"".join(
    number.to_bytes(64, "big") for number in (P, G, pow(G, SECRET, P))
)  # fmt: skip


def dsa_sign(data: bytes) -> bytes:
    """Return T, R, S (RFC 2536 section 3)."""
    r = pow(G, NONCE, P) % ORDER
    digest = int.from_bytes(hashlib.sha1(data).digest(), "big")
    s = pow(NONCE, -1, ORDER) * (digest + SECRET * r) % ORDER
    return b"\0" + r.to_bytes(20, "big") + s.to_bytes(20, "big")


@pytest.mark.parametrize("algorithm", [1, 5, 7, 8])
@given(data=st.binary(max_size=200), at=st.integers(0, 10**6))
@settings(max_examples=20)
def test_rsa_of_512_bits(algorithm: int, data: bytes, at: int) -> None:
    """A signature verifies; with any octet of signature or data changed it does not (RFC 3110 section 3)."""
    key = small_key("a")
    signature = key.sign(data, algorithm)
    public = key.key.public_key
    assert legacy.verify(algorithm, public, signature, data)
    spot = at % len(signature)
    changed = signature[:spot] + bytes((signature[spot] ^ 1 + at % 255,)) + signature[spot + 1 :]
    assert not legacy.verify(algorithm, public, changed, data)
    assert not legacy.verify(algorithm, public, signature, data + b"x")


def test_rsa_with_sha512_needs_a_longer_key() -> None:
    """SHA-512 has no room in 512 bits: nothing verifies, nothing raises (RFC 5702 section 2.2)."""
    key = small_key("a", bits=1024)
    assert legacy.verify(10, key.key.public_key, key.sign(b"data", 10), b"data")
    assert not legacy.verify(10, small_key("a").key.public_key, bytes(64), b"data")


@given(st.binary(max_size=100))
@settings(max_examples=10)
def test_rsa_as_cryptography_verifies(data: bytes) -> None:
    """Where `cryptography` takes a key, it and the arithmetic agree."""
    key = small_key("a", 8, 1024)
    good, bad = key.sign(data, 8), key.sign(data + b"x", 8)
    for signature in (good, bad):
        assert legacy.verify(8, key.key.public_key, signature, data) is verify_bytes(key.key, signature, data)


def test_rsa_padding_is_compared_whole() -> None:
    """A block with room for anything behind the digest is no signature (RFC 8017 section 9.2)."""
    key = small_key("a")
    head = legacy.RSA[5][1] + hashlib.sha1(b"data").digest()
    block = b"\0\1\xff\xff\xff\xff\xff\xff\xff\xff\0" + head
    block += bytes(64 - len(block))
    forged = pow(int.from_bytes(block, "big"), key.private, key.modulus).to_bytes(64, "big")
    assert not legacy.verify(5, key.key.public_key, forged, b"data")


@pytest.mark.parametrize("algorithm", [3, 6])
def test_dsa(algorithm: int) -> None:
    """DSA verifies what it signed and nothing else (RFC 2536 section 2)."""
    signature = dsa_sign(b"data")
    assert legacy.verify(algorithm, PUBLIC, signature, b"data")
    assert not legacy.verify(algorithm, PUBLIC, signature, b"date")
    assert not legacy.verify(algorithm, PUBLIC, signature[:-1] + bytes((signature[-1] ^ 1,)), b"data")
    assert not legacy.verify(algorithm, PUBLIC, signature[:1] + bytes(40), b"data")


@given(st.sampled_from([0, *legacy.ALGORITHMS]), st.binary(max_size=250), st.binary(max_size=80))
def test_any_octets(algorithm: int, public: bytes, signature: bytes) -> None:
    """No key and no signature raise anything, and none verifies."""
    assert not legacy.verify(algorithm, public, signature, b"data")
