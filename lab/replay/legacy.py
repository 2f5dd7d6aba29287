"""Verify signatures of another age: RSA keys of any size, RSA with MD5 and SHA-1, DSA.

Test data of 2007 was signed with 512-bit keys, MD5, SHA-1 and DSA. Libraries drop these one by one, and are
right to. So the arithmetic of RFC 3110, RFC 2536 and PKCS #1 v1.5 is done here with integers, in this one
file; nothing but `lab.replay` may import it (a contract of import-linter). It verifies published test data,
guards no secret and needs no constant time.
"""

from __future__ import annotations

import hashlib
from typing import Final

RSAMD5, DSA, RSASHA1, DSA_NSEC3, RSASHA1_NSEC3, RSASHA256, RSASHA512 = 1, 3, 5, 6, 7, 8, 10

RSA: Final = {
    RSAMD5: ("md5", bytes.fromhex("3020300c06082a864886f70d020505000410")),
    RSASHA1: ("sha1", bytes.fromhex("3021300906052b0e03021a05000414")),
    RSASHA1_NSEC3: ("sha1", bytes.fromhex("3021300906052b0e03021a05000414")),
    RSASHA256: ("sha256", bytes.fromhex("3031300d060960864801650304020105000420")),
    RSASHA512: ("sha512", bytes.fromhex("3051300d060960864801650304020305000440")),
}
"""Algorithm -> hash, and the head of its DigestInfo (RFC 8017 section 9.2, note 1)."""
DSA_ALGORITHMS: Final = (DSA, DSA_NSEC3)
ALGORITHMS: Final = (*RSA, *DSA_ALGORITHMS)
"""Algorithms verified here, by their DNSSEC numbers."""

_MAX_OCTETS: Final = 1024
"""Octets of a modulus: 8192 bits. A longer one only costs time."""
_LONG_MODULUS, _LONG_EXPONENT = 384, 8
"""Octets: a modulus of more than 3072 bits has an exponent of at most 64, as in OpenSSL."""
_DSA_GROUP: Final = 20
"""Octets of q, r and s (RFC 2536 section 2)."""


def verify(algorithm: int, public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether a signature in DNS form over `data` is good; false for what cannot be read."""
    if algorithm in RSA:
        return _verify_rsa(algorithm, public_key, signature, data)
    if algorithm in DSA_ALGORITHMS:
        return _verify_dsa(public_key, signature, data)
    return False


def _verify_rsa(algorithm: int, public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Verify PKCS #1 v1.5 (RFC 3110 section 3): the block is made anew and compared whole."""
    start, size = 1, public_key[0] if public_key else 0
    if size == 0:
        start, size = 3, int.from_bytes(public_key[1:3], "big")
    exponent, modulus = public_key[start : start + size], public_key[start + size :].lstrip(b"\0")
    length = len(modulus)
    name, head = RSA[algorithm]
    info = head + hashlib.new(name, data, usedforsecurity=False).digest()
    if not exponent or not len(info) + 11 <= length <= _MAX_OCTETS:
        return False
    if len(exponent) > (_LONG_EXPONENT if length > _LONG_MODULUS else length):
        return False
    value = int.from_bytes(signature, "big")
    n = int.from_bytes(modulus, "big")
    if len(signature) > length + 1 or value >= n:
        return False
    block = pow(value, int.from_bytes(exponent, "big"), n).to_bytes(length, "big")
    return block == b"\0\1" + b"\xff" * (length - 3 - len(info)) + b"\0" + info


def _verify_dsa(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Verify DSA with SHA-1 (RFC 2536 sections 2 and 3): T, Q, P, G, Y and T, R, S."""
    if not public_key or public_key[0] > 8:
        return False
    size = 64 + public_key[0] * 8
    if len(public_key) != 1 + _DSA_GROUP + 3 * size or len(signature) != 1 + 2 * _DSA_GROUP:
        return False
    at = 1 + _DSA_GROUP
    q = int.from_bytes(public_key[1:at], "big")
    p, g, y = (int.from_bytes(public_key[at + i * size : at + (i + 1) * size], "big") for i in range(3))
    r, s = int.from_bytes(signature[1:at], "big"), int.from_bytes(signature[at:], "big")
    if q < 2 or p < 2 or not (0 < r < q and 0 < s < q):
        return False
    digest = int.from_bytes(hashlib.sha1(data, usedforsecurity=False).digest(), "big")
    try:
        inverse = pow(s, -1, q)
    except ValueError:
        return False
    left = pow(g, digest * inverse % q, p)
    return left * pow(y, r * inverse % q, p) % p % q == r
