"""RRsets in canonical form, their RRSIGs, and the signing and checking of them (RFC 4034 sections 3 and 6).

Rdata stays wire bytes and is brought into canonical form once, when the RRset is made; signing and verifying
then only join and hash. No function here knows the time: `Rrsig.covers` is asked for that, separately.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from ..clock import Instant, Seconds
from .keys import Key, SigningKey, verify_bytes
from .names import MalformedName, MalformedRdata, is_subdomain, label_count, labels, read_name
from .rrtypes import IN, NAME_LAYOUTS, canonical_rdata

_FIXED = struct.Struct("!HBBIIIH")
_TYPE_CLASS_TTL = struct.Struct("!HHI")
_LENGTH = struct.Struct("!H")
_MEMO_LIMIT = 2048
"""Longer RRSIG rdata holds no signature the lab can check (RSA-4096 has 512 octets), so it is not kept."""
_MAX_SIGNATURE: Final = 512
"""Octets of the longest signature there is: RSA-4096."""
_MAX_OBJECTS: Final = 512
"""Results a memo keeps by object: each holds on to a whole RRset."""
_HALF: Final = 1 << 31
_WRAP: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class RRset:
    """Hold the records of one owner and type, class IN; `make_rrset` puts them into canonical form and order.

    `owner` is a lower-case wire name, `ttl` in seconds.
    """

    owner: bytes
    rrtype: int
    ttl: Seconds
    rdatas: tuple[bytes, ...]


def make_rrset(owner: bytes, rrtype: int, ttl: Seconds, rdatas: Iterable[bytes]) -> RRset:
    """Return an RRset in canonical form: names in lower case, rdatas sorted, no doubles (RFC 4034 section 6).

    Raises MalformedRdata for rdata that cannot be taken apart as its type demands.
    """
    if rrtype in NAME_LAYOUTS:
        rdatas = [canonical_rdata(rrtype, rdata) for rdata in rdatas]
    return RRset(owner.lower(), rrtype, ttl, tuple(sorted(dict.fromkeys(rdatas))))


@dataclass(frozen=True, slots=True)
class Rrsig:
    """Hold one RRSIG (RFC 4034 section 3): times in seconds modulo 2**32, `signer` a lower-case wire name."""

    type_covered: int
    algorithm: int
    labels: int
    original_ttl: Seconds
    expiration: int
    inception: int
    key_tag: int
    signer: bytes
    signature: bytes = field(repr=False)

    @staticmethod
    def from_rdata(rdata: bytes) -> Rrsig:
        """Take RRSIG rdata apart; the signer's name must be uncompressed. Raises MalformedRdata."""
        return _known_rrsig(rdata) if len(rdata) <= _MEMO_LIMIT else _read_rrsig(rdata)

    @property
    def rdata(self) -> bytes:
        """Return the RRSIG rdata."""
        return self._head() + self.signature

    def _head(self) -> bytes:
        """Return the rdata without the signature, which opens the signed data (RFC 4034 section 3.1.8.1)."""
        fixed = _FIXED.pack(
            self.type_covered,
            self.algorithm,
            self.labels,
            self.original_ttl,
            self.expiration,
            self.inception,
            self.key_tag,
        )
        return fixed + self.signer

    def covers(self, now: Instant, skew_before: Seconds = 0, skew_after: Seconds = 0) -> bool:
        """Tell whether `now` lies in the validity period, both ends included.

        The skews widen it at either end. Serial number arithmetic (RFC 1982, RFC 4034 section 3.1.5), so it
        is right across 2038 and 2106; a signature whose expiration precedes its inception covers nothing.
        """
        inception, expiration = self.inception, self.expiration
        if not skew_before and not skew_after and 0 <= expiration - inception < _HALF:
            return inception <= now % _WRAP <= expiration  # no wrap inside the period: plain numbers do
        return (
            serial_difference(self.expiration, self.inception) >= 0
            and serial_difference(now, self.inception) >= -skew_before
            and serial_difference(self.expiration, now) >= -skew_after
        )


def serial_difference(later: int, earlier: int) -> int:
    """Return later - earlier of 32-bit serials, in [-2**31, 2**31); -2**31 is undefined in RFC 1982."""
    return (later - earlier + _HALF) % _WRAP - _HALF


def _read_rrsig(rdata: bytes) -> Rrsig:
    """Take RRSIG rdata apart (RFC 4034 section 3.1)."""
    try:
        covered, algorithm, count, ttl, expiration, inception, tag = _FIXED.unpack_from(rdata)
        if rdata[18] == 0:
            signer, at = b"\x00", 19
        else:
            signer, at = read_name(rdata, 18)
            if at - 18 != len(signer):
                raise MalformedRdata("an RRSIG with a compressed signer's name")
    except (struct.error, IndexError, MalformedName):
        raise MalformedRdata("an RRSIG that is too short or has a bad signer's name") from None
    if at >= len(rdata):
        raise MalformedRdata("an RRSIG without a signature")
    return Rrsig(covered, algorithm, count, ttl, expiration, inception, tag, signer.lower(), rdata[at:])


_known_rrsig = lru_cache(maxsize=2048)(_read_rrsig)


@dataclass(frozen=True, slots=True)
class SignedRRset:
    """Hold an RRset and the RRSIGs that came with it, in the order they came."""

    rrset: RRset
    rrsigs: tuple[Rrsig, ...]


def sign_rrset(
    rrset: RRset, signing_key: SigningKey, signer_name: bytes, inception: Instant, expiration: Instant
) -> Rrsig:
    """Return the RRSIG of an RRset by a key of the zone `signer_name` (RFC 4035 section 2.2).

    Instants are cut to 32 bits. The tag is the one on the wire, so a revoked key signs as what it is.
    """
    key = signing_key.key
    draft = Rrsig(
        rrset.rrtype,
        key.algorithm,
        label_count(rrset.owner),
        rrset.ttl,
        expiration % _WRAP,
        inception % _WRAP,
        key.tag,
        signer_name.lower(),
        b"",
    )
    signature = signing_key.sign(signed_data(rrset, draft))
    return Rrsig(
        draft.type_covered,
        draft.algorithm,
        draft.labels,
        draft.original_ttl,
        draft.expiration,
        draft.inception,
        draft.key_tag,
        draft.signer,
        signature,
    )


def signed_data(rrset: RRset, rrsig: Rrsig) -> bytes:
    """Return the octets an RRSIG signs: its own fields, then each RR in canonical form.

    RFC 4034 section 3.1.8.1. The owner becomes the wildcard it was made from if the Labels field says so (RFC
    4035 section 5.3.2).
    """
    owner = rrset.owner
    if len(owner) > 1 and rrsig.labels < label_count(owner):
        owner = _wildcard(owner, rrsig.labels)
    head = owner + _TYPE_CLASS_TTL.pack(rrset.rrtype, IN, rrsig.original_ttl)
    parts = [rrsig._head()]
    for rdata in rrset.rdatas:
        parts += (head, _LENGTH.pack(len(rdata)), rdata)
    return b"".join(parts)


def _wildcard(owner: bytes, count: int) -> bytes:
    """Return `*.` before the rightmost `count` labels of a name."""
    kept = labels(owner)[-count:] if count else ()
    return b"".join((b"\x01*", *(bytes((len(label),)) + label for label in kept), b"\x00"))


def applies(rrset: RRset, rrsig: Rrsig, key: Key) -> bool:
    """Tell whether an RRSIG claims to be by `key` over `rrset`.

    All of RFC 4035 section 5.3.1 but the time and the arithmetic.     The key must be a zone key, and
    unrevoked for anything but the DNSKEY RRset itself (RFC 5011 section 2.1). That `key` belongs to the zone
    the signer's name says is the caller's to know: a key has no owner.
    """
    rrtype = rrset.rrtype
    return (
        rrsig.key_tag == key.tag
        and rrsig.type_covered == rrtype
        and rrsig.algorithm == key.algorithm
        and (key.verifies_type == -1 or key.verifies_type == rrtype)
        and len(rrsig.signature) <= _MAX_SIGNATURE
        and is_subdomain(rrset.owner, rrsig.signer)
        and rrsig.labels <= label_count(rrset.owner)
    )


def verify_rrsig(rrset: RRset, rrsig: Rrsig, key: Key) -> bool:
    """Tell whether an RRSIG by `key` over `rrset` is good, at whatever time; never raises on odd input."""
    return applies(rrset, rrsig, key) and verify_bytes(key, rrsig.signature, signed_data(rrset, rrsig))


class SignatureMemo:
    """Remember which signatures were good, so that the same signed bytes are checked once.

    An emulated resolver meets the same RRset daily. What is remembered depends on nothing but the signed
    octets, the signature and the key, so one memo may serve any number of resolvers. Objects seen before are
    known again by identity, without hashing. `SignatureMemo(0)` remembers nothing: the slow twin.
    """

    __slots__ = ("_by_bytes", "_by_object", "_limit", "_object_limit", "hits", "misses")

    def __init__(self, limit: int = 4096) -> None:
        """Hold at most `limit` results, the oldest forgotten first."""
        self._by_bytes: dict[tuple[bytes, bytes, bytes], bool] = {}
        self._by_object: dict[tuple[int, int, int], tuple[bool, RRset, Rrsig, Key]] = {}
        self._limit = limit
        self._object_limit = min(limit, _MAX_OBJECTS)
        self.hits = 0
        self.misses = 0

    def verify(self, rrset: RRset, rrsig: Rrsig, key: Key) -> bool:
        """Tell what `verify_rrsig` tells."""
        objects = (id(rrset), id(rrsig), id(key))
        seen = self._by_object.get(objects)
        if seen is not None:
            self.hits += 1
            return seen[0]
        if not applies(rrset, rrsig, key):
            return False
        good = self._check(rrset, rrsig, key)
        if self._limit:
            _make_room(self._by_object, self._object_limit)
            # The entry holds the objects, so that no other can come to live at these addresses meanwhile.
            self._by_object[objects] = (good, rrset, rrsig, key)
        return good

    def _check(self, rrset: RRset, rrsig: Rrsig, key: Key) -> bool:
        """Look the signed bytes up, or verify them."""
        data, signature = signed_data(rrset, rrsig), rrsig.signature
        place = (hashlib.sha256(data).digest(), signature, key.rdata)
        known = self._by_bytes.get(place)
        if known is not None:
            self.hits += 1
            return known
        self.misses += 1
        good = verify_bytes(key, signature, data)
        if self._limit:
            _make_room(self._by_bytes, self._limit)
            self._by_bytes[place] = good
        return good

    def __len__(self) -> int:
        """Count the results held."""
        return len(self._by_bytes)


def _make_room(known: dict[Any, Any], limit: int) -> None:
    """Forget the oldest entry if there are as many as there may be."""
    if len(known) >= limit:
        del known[next(iter(known))]
