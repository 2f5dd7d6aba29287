"""Load public and private keys of DNSSEC into `cryptography`, once per key.

`cryptography` is imported when the first key is loaded, so that a command which signs nothing stays quick to
start. A verifier is a plain function of signature and data; a key that cannot be loaded has none, and
verifies nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

Verifier: TypeAlias = Callable[[bytes, bytes], bool]
"""verifier(signature, data): true if the signature in DNS form is good; never raises."""
Signer: TypeAlias = Callable[[bytes], bytes]
"""signer(data): the signature in DNS form."""

RSASHA1: Final = 5
RSASHA1_NSEC3: Final = 7
RSASHA256: Final = 8
RSASHA512: Final = 10
ECDSAP256: Final = 13
ECDSAP384: Final = 14
ED25519: Final = 15
ED448: Final = 16
MLDSA44: Final = 18
"""As dnspython 2.9 numbers it; the root has no plan for it. Signatures are those of FIPS 204, hedged."""

RSA_ALGORITHMS: Final = (RSASHA1, RSASHA1_NSEC3, RSASHA256, RSASHA512)
ECDSA_COORDINATE: Final = {ECDSAP256: 32, ECDSAP384: 48}
"""Octets of one coordinate, and of r and of s (RFC 6605 section 4)."""
EDWARDS_KEY: Final = {ED25519: 32, ED448: 57}
"""Octets of a public key (RFC 8080 section 3)."""
MLDSA44_KEY: Final = 1312
"""Octets of a public key (FIPS 204 table 2); a signature has 2420."""
SIGNING_ALGORITHMS: Final = (RSASHA256, RSASHA512, ECDSAP256, ECDSAP384, ED25519, ED448)
"""Those whose signatures are the same each time; the lab signs with ML-DSA-44 as well."""

MAX_MODULUS_BITS: Final = 4096
"""RFC 3110 section 2."""
MIN_MODULUS_BITS: Final = {RSASHA1: 512, RSASHA1_NSEC3: 512, RSASHA256: 512, RSASHA512: 1024}
"""RFC 3110 section 2, RFC 5702 sections 2.1 and 2.2; `cryptography` may ask for more."""
MAX_EXPONENT_BITS: Final = 64
"""OpenSSL's OPENSSL_RSA_MAX_PUBEXP_BITS: a longer one (RFC 3110 allows 4096) only costs verifiers time."""


class UnusableKey(ValueError):
    """Report a private key that cannot be read or that the lab cannot sign with."""


@lru_cache(maxsize=512)
def verifier(algorithm: int, public_key: bytes) -> Verifier | None:
    """Return the verifier of a public key in DNSKEY form, or None if it cannot be used.

    None means: an algorithm the lab does not know, a key of the wrong shape, or one that `cryptography`
    refuses.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        if algorithm in RSA_ALGORITHMS:
            return _rsa_verifier(algorithm, public_key)
        if algorithm in ECDSA_COORDINATE:
            return _ecdsa_verifier(algorithm, public_key)
        if algorithm in EDWARDS_KEY:
            return _edwards_verifier(algorithm, public_key)
        if algorithm == MLDSA44:
            return _mldsa_verifier(public_key)
    except (ValueError, UnsupportedAlgorithm):
        pass
    return None


def split_rsa(public_key: bytes) -> tuple[int, int]:
    """Return (exponent, modulus) of an RSA key in DNSKEY form (RFC 3110 section 2). Raises ValueError."""
    start, size = 1, public_key[0] if public_key else 0
    if size == 0:
        start, size = 3, int.from_bytes(public_key[1:3], "big")
    exponent, modulus = public_key[start : start + size], public_key[start + size :]
    if not exponent or not modulus or len(modulus) > MAX_MODULUS_BITS // 8 or len(exponent) > len(modulus):
        raise ValueError("not an RSA public key")
    return int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")


def join_rsa(exponent: int, modulus: int) -> bytes:
    """Return an RSA key in DNSKEY form, without leading zeros (RFC 3110 section 2)."""
    exp = exponent.to_bytes((exponent.bit_length() + 7) // 8, "big")
    head = bytes((len(exp),)) if len(exp) <= 255 else b"\x00" + len(exp).to_bytes(2, "big")
    return head + exp + modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")


def _hash(algorithm: int) -> HashAlgorithm:
    """Return the hash of an RSA or ECDSA algorithm number."""
    from cryptography.hazmat.primitives import hashes

    if algorithm in (RSASHA256, ECDSAP256):
        return hashes.SHA256()
    if algorithm == ECDSAP384:
        return hashes.SHA384()
    return hashes.SHA512() if algorithm == RSASHA512 else hashes.SHA1()  # noqa: S303 (algorithms 5, 7)


def _rsa_verifier(algorithm: int, public_key: bytes) -> Verifier:
    """Return the verifier of an RSA key (PKCS #1 v1.5)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    exponent, modulus = split_rsa(public_key)
    if not MIN_MODULUS_BITS[algorithm] <= modulus.bit_length() <= MAX_MODULUS_BITS:
        raise ValueError("RSA modulus out of bounds")
    if exponent.bit_length() > MAX_EXPONENT_BITS:
        raise ValueError("RSA exponent out of bounds")
    check = rsa.RSAPublicNumbers(exponent, modulus).public_key().verify
    pad, digest = padding.PKCS1v15(), _hash(algorithm)

    def verify(signature: bytes, data: bytes) -> bool:
        try:
            check(signature, data, pad, digest)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


def _curve(algorithm: int) -> ec.EllipticCurve:
    """Return the curve of an ECDSA algorithm number."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.SECP256R1() if algorithm == ECDSAP256 else ec.SECP384R1()


def _ecdsa_verifier(algorithm: int, public_key: bytes) -> Verifier:
    """Return the verifier of an ECDSA key; the signature is r and s side by side (RFC 6605 section 4)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    size = ECDSA_COORDINATE[algorithm]
    if len(public_key) != 2 * size:
        raise ValueError("not an ECDSA public key")
    loaded = ec.EllipticCurvePublicKey.from_encoded_point(_curve(algorithm), b"\x04" + public_key)
    check, scheme = loaded.verify, ec.ECDSA(_hash(algorithm))
    from_bytes = int.from_bytes

    def verify(signature: bytes, data: bytes) -> bool:
        if len(signature) != 2 * size:
            return False
        try:
            der = encode_dss_signature(
                from_bytes(signature[:size], "big"), from_bytes(signature[size:], "big")
            )
            check(der, data, scheme)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


def _edwards_verifier(algorithm: int, public_key: bytes) -> Verifier:
    """Return the verifier of an Ed25519 or Ed448 key (RFC 8080)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

    if len(public_key) != EDWARDS_KEY[algorithm]:
        raise ValueError("not an EdDSA public key")
    loaded: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
    if algorithm == ED25519:
        loaded = ed25519.Ed25519PublicKey.from_public_bytes(public_key)
    else:
        loaded = ed448.Ed448PublicKey.from_public_bytes(public_key)
    check = loaded.verify

    def verify(signature: bytes, data: bytes) -> bool:
        try:
            check(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


def _mldsa_verifier(public_key: bytes) -> Verifier:
    """Return the verifier of an ML-DSA-44 key (FIPS 204 section 5.3)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import mldsa

    if len(public_key) != MLDSA44_KEY:
        raise ValueError("not an ML-DSA-44 public key")
    check = mldsa.MLDSA44PublicKey.from_public_bytes(public_key).verify

    def verify(signature: bytes, data: bytes) -> bool:
        try:
            check(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


def load_private(pem: bytes, algorithm: int | None, *, trusted: bool) -> tuple[int, bytes, Signer]:
    """Return (algorithm, public key in DNSKEY form, signer) of an unencrypted private key in PEM.

    `algorithm` chooses between 8 (the default) and 10 for an RSA key; any other key has only one. `trusted`
    skips OpenSSL's check of an RSA key's numbers, which costs far more than a signature: only for the lab's
    own files. Raises UnusableKey.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=trusted)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnusableKey("not an unencrypted private key in PEM") from None
    if isinstance(private, rsa.RSAPrivateKey):
        found = RSASHA256 if algorithm is None else algorithm
        if found not in (RSASHA256, RSASHA512):
            raise UnusableKey(f"an RSA key signs with algorithm 8 or 10, not {found}")
        numbers = private.public_key().public_numbers()
        return found, join_rsa(numbers.e, numbers.n), _rsa_signer(private, found)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        found, public, sign = _ecdsa_private(private)
    elif isinstance(private, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)):
        found = ED25519 if isinstance(private, ed25519.Ed25519PrivateKey) else ED448
        public, sign = private.public_key().public_bytes_raw(), private.sign
    elif isinstance(private, mldsa.MLDSA44PrivateKey):
        found, public, sign = MLDSA44, private.public_key().public_bytes_raw(), private.sign
    else:
        raise UnusableKey(
            "a kind of key that DNSSEC does not sign with; use RSA, P-256, P-384, Ed25519, Ed448 or ML-DSA-44"
        )
    if algorithm not in (None, found):
        raise UnusableKey(f"this key signs with algorithm {found}, not {algorithm}")
    return found, public, sign


def _rsa_signer(private: object, algorithm: int) -> Signer:
    """Return the signer of an RSA key (PKCS #1 v1.5, so the same data gives the same signature)."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    assert isinstance(private, rsa.RSAPrivateKey)
    sign, pad, digest = private.sign, padding.PKCS1v15(), _hash(algorithm)
    return lambda data: sign(data, pad, digest)


def _ecdsa_private(private: ec.EllipticCurvePrivateKey) -> tuple[int, bytes, Signer]:
    """Return (algorithm, public key, signer) of an ECDSA key; signatures are deterministic (RFC 6979)."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    algorithm = {"secp256r1": ECDSAP256, "secp384r1": ECDSAP384}.get(private.curve.name)
    if algorithm is None:
        raise UnusableKey(f"DNSSEC has no algorithm for curve {private.curve.name}; use P-256 or P-384")
    size = ECDSA_COORDINATE[algorithm]
    point = private.public_key().public_numbers()
    scheme = ec.ECDSA(_hash(algorithm), deterministic_signing=True)

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(private.sign(data, scheme))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return algorithm, point.x.to_bytes(size, "big") + point.y.to_bytes(size, "big"), sign
