"""DNSKEY and DS as values, and keys that sign.

A key is its algorithm and public key. The tag is for display only: setting REVOKE changes it (RFC 5011
section 2.1), so `tag` is the one on the wire and `key_tag` the one with REVOKE clear, which stays the same
for life.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from .crypto import ECDSA_COORDINATE, EDWARDS_KEY, RSA_ALGORITHMS, Signer, load_private, verifier
from .names import MalformedRdata as MalformedRdata
from .rrtypes import DNSKEY

ZONE: Final = 0x0100
"""Zone Key flag: only such a key verifies RRSIGs (RFC 4034 section 2.1.1)."""
SEP: Final = 0x0001
"""Secure Entry Point flag (RFC 4034 section 2.1.1)."""
REVOKE: Final = 0x0080
"""REVOKE flag (RFC 5011 section 7)."""
PROTOCOL: Final = 3
"""The only protocol octet a valid key has (RFC 4034 section 2.1.2)."""

SUPPORTED_ALGORITHMS: Final[tuple[int, ...]] = (*RSA_ALGORITHMS, *ECDSA_COORDINATE, *EDWARDS_KEY)
"""Algorithms that resolvers know: 5, 7, 8, 10, 13, 14, 15, 16. The lab signs with all but 5 and 7.

ML-DSA-44 (18) is signed and verified as well, but no resolver knows it, so none of the lab's does.
"""

_DIGESTS: Final = {1: hashlib.sha1, 2: hashlib.sha256, 4: hashlib.sha384}
"""DS digest types (RFC 4034, RFC 4509, RFC 6605)."""
_DIGEST_SIZES: Final = {1: 20, 2: 32, 4: 48}
_MEMO_LIMIT = 2048
"""No key the lab can use has longer rdata, so longer ones are not worth keeping."""


def compute_tag(rdata: bytes) -> int:
    """Return the key tag of DNSKEY rdata (RFC 4034 appendix B, and B.1 for algorithm 1)."""
    size = len(rdata)
    if size > 6 and rdata[3] == 1:
        return int.from_bytes(rdata[-3:-1], "big")
    total: int = sum(struct.unpack_from(f"!{size // 2}H", rdata))
    if size & 1:
        total += rdata[-1] << 8
    return (total + (total >> 16)) & 0xFFFF


@dataclass(frozen=True, slots=True)
class Key:
    """Hold one DNSKEY. `tag` is the tag on the wire, `key_tag` the tag with REVOKE clear.

    Raises MalformedRdata if a field is out of its range.
    """

    flags: int
    algorithm: int
    public_key: bytes = field(repr=False)
    protocol: int = field(default=PROTOCOL, repr=False)
    rdata: bytes = field(init=False, repr=False, compare=False)
    tag: int = field(init=False, compare=False)
    key_tag: int = field(init=False, repr=False, compare=False)
    identity: tuple[int, bytes] = field(init=False, repr=False, compare=False)
    verifies_type: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compute what every validation asks for, once."""
        try:
            head = struct.pack("!HBB", self.flags, self.protocol, self.algorithm)
        except struct.error:
            raise MalformedRdata("a DNSKEY with a field out of its range") from None
        put = object.__setattr__
        rdata = head + self.public_key
        tag = compute_tag(rdata)
        put(self, "rdata", rdata)
        put(self, "tag", tag)
        if self.flags & REVOKE:
            tag = compute_tag((self.flags & ~REVOKE).to_bytes(2, "big") + rdata[2:])
        put(self, "key_tag", tag)
        put(self, "identity", (self.algorithm, self.public_key))
        put(self, "verifies_type", _verifies_type(self))

    @staticmethod
    def from_rdata(rdata: bytes) -> Key:
        """Return the key in DNSKEY rdata, the same object for the same octets. Raises MalformedRdata."""
        return _known_key(rdata) if len(rdata) <= _MEMO_LIMIT else _read_key(rdata)

    @property
    def is_zone_key(self) -> bool:
        """Tell whether the key may sign a zone at all (RFC 4034 section 2.1)."""
        return self.flags & ZONE != 0 and self.protocol == PROTOCOL

    @property
    def is_sep(self) -> bool:
        """Tell whether the key is marked as a secure entry point, as every KSK is."""
        return self.flags & SEP != 0

    @property
    def is_revoked(self) -> bool:
        """Tell whether the key carries the REVOKE bit."""
        return self.flags & REVOKE != 0

    @property
    def sort_key(self) -> tuple[int, int, bytes]:
        """Return what keys are ordered by: algorithm, tag with REVOKE clear, public key."""
        return (self.algorithm, self.key_tag, self.public_key)

    def revoked(self) -> Key:
        """Return the key with REVOKE set; its `tag` changes (RFC 5011 section 2.1)."""
        return self if self.is_revoked else self._with_flags(self.flags | REVOKE)

    def unrevoked(self) -> Key:
        """Return the key with REVOKE clear."""
        return self._with_flags(self.flags & ~REVOKE) if self.is_revoked else self

    def _with_flags(self, flags: int) -> Key:
        """Return the same key under other flags."""
        return Key.from_rdata(flags.to_bytes(2, "big") + self.rdata[2:])

    def ds(self, owner: bytes, digest_type: int = 2) -> DS:
        """Return the DS of the key as it stands, REVOKE included (RFC 4034 section 5.1.4).

        `owner` is a lower-case wire name. Raises ValueError for a digest type other than 1, 2 and 4.
        """
        if digest_type not in _DIGESTS:
            raise ValueError(f"DS digest type {digest_type} is not known; use 1, 2 or 4")
        return DS(self.tag, self.algorithm, digest_type, _digest(owner, self.rdata, digest_type))


def _verifies_type(key: Key) -> int:
    """Return 48 for a key that verifies DNSKEY only, -1 for any type, -2 for none at all.

    A revoked key only ever speaks for its own revocation (RFC 5011 section 2.1).
    """
    if not key.is_zone_key or len(key.rdata) > _MEMO_LIMIT:
        return -2
    return DNSKEY if key.is_revoked else -1


def _read_key(rdata: bytes) -> Key:
    """Take DNSKEY rdata apart (RFC 4034 section 2)."""
    if len(rdata) < 5:
        raise MalformedRdata("a DNSKEY without a public key")
    flags, protocol, algorithm = struct.unpack_from("!HBB", rdata)
    return Key(flags, algorithm, rdata[4:], protocol)


_known_key = lru_cache(maxsize=1024)(_read_key)


def _digest(owner: bytes, rdata: bytes, digest_type: int) -> bytes:
    """Return the digest of owner and DNSKEY rdata (RFC 4034 section 5.1.4)."""
    return _DIGESTS[digest_type](owner + rdata).digest()


@dataclass(frozen=True, slots=True)
class DS:
    """Hold one delegation signer or trust anchor: tag, algorithm, digest type and digest of a DNSKEY."""

    key_tag: int
    algorithm: int
    digest_type: int
    digest: bytes

    @property
    def rdata(self) -> bytes:
        """Return the DS rdata (RFC 4034 section 5.1)."""
        return struct.pack("!HBB", self.key_tag, self.algorithm, self.digest_type) + self.digest

    @staticmethod
    def from_rdata(rdata: bytes) -> DS:
        """Take DS rdata apart. Raises MalformedRdata if it is too short."""
        if len(rdata) < 5:
            raise MalformedRdata("a DS without a digest")
        tag, algorithm, digest_type = struct.unpack_from("!HBB", rdata)
        return DS(tag, algorithm, digest_type, rdata[4:])

    @staticmethod
    def from_text(text: str) -> DS:
        """Read `20326 8 2 E06D...`, the digest perhaps with spaces (RFC 4034 section 5.3).

        Raises MalformedRdata.
        """
        fields = text.split(None, 3)
        try:
            tag, algorithm, digest_type = (int(number) for number in fields[:3])
            digest = bytes.fromhex("".join(fields[3].split()))
        except (ValueError, IndexError):
            raise MalformedRdata(f"{text[:80]!r} is not a DS; write it like 20326 8 2 E06D...") from None
        if not (0 <= tag <= 0xFFFF and 0 <= algorithm <= 255 and 0 <= digest_type <= 255):
            raise MalformedRdata(f"{text[:80]!r} has a number out of its range")
        if len(digest) != _DIGEST_SIZES.get(digest_type, len(digest)) or not digest:
            raise MalformedRdata(f"{text[:80]!r} has a digest of the wrong length for type {digest_type}")
        return DS(tag, algorithm, digest_type, digest)

    def to_text(self) -> str:
        """Write the DS as in a zone file, the digest in upper-case hexadecimal."""
        return f"{self.key_tag} {self.algorithm} {self.digest_type} {self.digest.hex().upper()}"

    def matches(self, owner: bytes, key: Key) -> bool:
        """Tell whether this is the DS of `key` as it stands; never for a digest type the lab does not know.

        The DS of a key and of its revoked form differ, in tag and in digest.
        """
        return (
            self.key_tag == key.tag
            and self.algorithm == key.algorithm
            and self.digest_type in _DIGESTS
            and self.digest == _digest(owner, key.rdata, self.digest_type)
        )


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Hold a key together with what signs for it; the private part is never shown, compared or stored."""

    key: Key
    _signer: Signer = field(repr=False, compare=False)

    @staticmethod
    def from_pem(
        pem: bytes, flags: int, algorithm: int | None = None, *, trusted: bool = False
    ) -> SigningKey:
        """Read an unencrypted private key in PEM. Raises UnusableKey.

        `algorithm` chooses 8 (the default) or 10 for RSA. `trusted` skips the costly check of RSA numbers and
        is only for the lab's own files.
        """
        found, public_key, signer = load_private(pem, algorithm, trusted=trusted)
        return SigningKey(Key(flags, found, public_key), signer)

    def sign(self, data: bytes) -> bytes:
        """Return the signature of data in DNS form; the same for the same data, but for ML-DSA-44."""
        return self._signer(data)

    def with_flags(self, flags: int) -> SigningKey:
        """Return the same private key under other DNSKEY flags."""
        return SigningKey(Key(flags, self.key.algorithm, self.key.public_key), self._signer)

    def revoked(self) -> SigningKey:
        """Return the key with REVOKE set, to sign its own revocation (RFC 5011 section 2.1)."""
        return SigningKey(self.key.revoked(), self._signer)


def verify_bytes(key: Key, signature: bytes, data: bytes) -> bool:
    """Tell whether a signature in DNS form over data is good; false for a key that cannot be loaded.

    Only the arithmetic: flags, protocol and tag are `verify_rrsig`'s.
    """
    if len(key.rdata) > _MEMO_LIMIT:
        return False
    check = verifier(key.algorithm, key.public_key)
    return check is not None and check(signature, data)
