"""Judge proofs that something does not exist: NSEC (RFC 4035 section 5.4) and NSEC3 (RFC 5155 section 8).

The records given are verified already; here it is only asked what they prove. Names are lower-case wire
names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from ..dnssec.names import ROOT, Malformed, canonical_order, is_subdomain, labels, parent, read_name
from ..dnssec.rrset import RRset
from ..dnssec.rrtypes import CNAME, DNAME, DS, NS, NSEC, SOA
from .rdata import NSEC3

MAX_ITERATIONS: Final = 150
"""More iterations of NSEC3 make a zone count as insecure (unbound.conf(5): val-nsec3-keysize-iterations)."""
_BASE32HEX: Final = b"0123456789abcdefghijklmnopqrstuv"


class Nsec(NamedTuple):
    """One NSEC: from `owner` to `following` nothing exists; `types` are those at the owner."""

    owner: bytes
    following: bytes
    types: tuple[int, ...]


class Nsec3(NamedTuple):
    """One NSEC3, hashes as octets; `opt_out` tells that unsigned delegations are left out."""

    zone: bytes
    owner: bytes
    following: bytes
    types: tuple[int, ...]
    opt_out: bool
    iterations: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof says: `proved`, and whether it holds only up to an unsigned delegation (opt-out)."""

    proved: bool
    insecure: bool = False


PROVED, NOTHING, INSECURE = Proof(True), Proof(False), Proof(True, True)


def types_of(bitmap: bytes) -> tuple[int, ...]:
    """Return the types of a bitmap (RFC 4034 section 4.1.2)."""
    at, types = 0, []
    while at + 2 <= len(bitmap):
        window, size = bitmap[at], bitmap[at + 1]
        for place, octet in enumerate(bitmap[at + 2 : at + 2 + size]):
            types += [window * 256 + place * 8 + bit for bit in range(8) if octet & 0x80 >> bit]
        at += 2 + size
    return tuple(types)


class Denials:
    """The NSEC and NSEC3 records of one response, all of one zone and verified."""

    def __init__(self, rrsets: Iterable[RRset], zone: bytes) -> None:
        """Take the records apart; what cannot be read proves nothing."""
        self.zone = zone
        self.nsecs: list[Nsec] = []
        self.nsec3s: list[Nsec3] = []
        for rrset in rrsets:
            for rdata in rrset.rdatas:
                try:
                    if rrset.rrtype == NSEC:
                        following, at = read_name(rdata, 0)
                        self.nsecs.append(Nsec(rrset.owner, following.lower(), types_of(rdata[at:])))
                    elif rrset.rrtype == NSEC3:
                        self.nsec3s.append(_nsec3(rrset.owner, rdata))
                except (Malformed, IndexError, ValueError):
                    continue

    def too_many_iterations(self) -> bool:
        """Tell whether the zone's NSEC3 is more work than a validator does."""
        return any(nsec3.iterations > MAX_ITERATIONS for nsec3 in self.nsec3s)

    # -- what may be asked -----------------------------------------------------------------------------------

    def no_data(self, name: bytes, rrtype: int) -> Proof:
        """Judge the proof that a name has no records of a type."""
        if self.nsecs and self._nsec_no_data(name, rrtype):
            return PROVED
        return self._nsec3_no_data(name, rrtype) if self.nsec3s else NOTHING

    def no_name(self, name: bytes) -> Proof:
        """Judge the proof that a name does not exist, and that no wildcard stands in for it."""
        if self.nsecs and (encloser := self._nsec_encloser(name)) is not None:
            wildcard = _wildcard(encloser)
            denied = any(
                _covers(nsec, wildcard) and not is_subdomain(nsec.following, wildcard) for nsec in self.nsecs
            )
            return PROVED if denied else NOTHING
        if not self.nsec3s:
            return NOTHING
        found = self._nsec3_encloser(name)
        if found is None:
            return NOTHING
        encloser, cover = found
        if self._cover(_wildcard(encloser)) is None:
            return NOTHING
        return INSECURE if cover.opt_out else PROVED

    def no_closer(self, name: bytes, count: int) -> Proof:
        """Judge the proof that a wildcard of `count` labels below the root may stand in for a name."""
        parts = labels(name)
        closer = _join(parts[len(parts) - count - 1 :])
        if any(_covers(nsec, name) and not is_subdomain(nsec.following, name) for nsec in self.nsecs):
            return PROVED
        cover = self._cover(closer)
        if cover is None:
            return NOTHING
        return INSECURE if cover.opt_out else PROVED

    def no_ds(self, name: bytes) -> str:
        """Return what a response without a DS proves of a name.

        `insecure` is an unsigned delegation, `no-cut` a name where no zone begins, `nothing` no proof.
        """
        for nsec in self.nsecs:
            if nsec.owner == name:
                return _meaning(nsec.types)
        for nsec in self.nsecs:
            if _covers(nsec, name):
                return "no-cut"
        if not self.nsec3s:
            return "nothing"
        match = self._match(name)
        if match is not None:
            return _meaning(match.types)
        found = self._nsec3_encloser(name)
        if found is None:
            return "nothing"
        return "insecure" if found[1].opt_out else "no-cut"

    # -- NSEC ------------------------------------------------------------------------------------------------

    def _nsec_no_data(self, name: bytes, rrtype: int) -> bool:
        """Tell whether a name, or the wildcard that stands in for it, is there without the type."""
        if self._nsec_lacks(name, rrtype):
            return True
        encloser = self._nsec_encloser(name)
        return encloser is not None and self._nsec_lacks(_wildcard(encloser), rrtype)

    def _nsec_lacks(self, name: bytes, rrtype: int) -> bool:
        """Tell whether a name is there without a type: by its own NSEC, or as an empty non-terminal."""
        return any(
            (nsec.owner == name and _lacks(nsec.types, rrtype))
            or (_covers(nsec, name) and is_subdomain(nsec.following, name))
            for nsec in self.nsecs
        )

    def _nsec_encloser(self, name: bytes) -> bytes | None:
        """Return the closest encloser of a name that an NSEC covers, None if none does."""
        for nsec in self.nsecs:
            if _covers(nsec, name) and not is_subdomain(nsec.following, name):
                if DNAME in nsec.types and is_subdomain(name, nsec.owner):
                    continue
                first, second = _shared(name, nsec.owner), _shared(name, nsec.following)
                return first if len(first) >= len(second) else second
        return None

    # -- NSEC3 -----------------------------------------------------------------------------------------------

    def _match(self, name: bytes) -> Nsec3 | None:
        for nsec3 in self.nsec3s:
            if is_subdomain(name, nsec3.zone) and nsec3.owner == hashed(name, nsec3.salt, nsec3.iterations):
                return nsec3
        return None

    def _cover(self, name: bytes) -> Nsec3 | None:
        for nsec3 in self.nsec3s:
            if not is_subdomain(name, nsec3.zone):
                continue
            digest = hashed(name, nsec3.salt, nsec3.iterations)
            wraps = nsec3.owner >= nsec3.following
            inside = nsec3.owner < digest < nsec3.following
            if inside or (wraps and (digest > nsec3.owner or digest < nsec3.following)):
                return nsec3
        return None

    def _nsec3_encloser(self, name: bytes) -> tuple[bytes, Nsec3] | None:
        """Return the closest encloser and what covers the name one label below it (RFC 5155 section 8.3)."""
        closer = name
        while is_subdomain(closer, self.zone) and closer != self.zone and closer != ROOT:
            encloser = parent(closer)
            match = self._match(encloser)
            if match is not None:
                delegation = NS in match.types and SOA not in match.types
                cover = None if delegation or DNAME in match.types else self._cover(closer)
                return None if cover is None else (encloser, cover)
            closer = encloser
        return None

    def _nsec3_no_data(self, name: bytes, rrtype: int) -> Proof:
        match = self._match(name)
        if match is not None:
            return PROVED if _lacks(match.types, rrtype) else NOTHING
        found = self._nsec3_encloser(name)
        if found is None:
            return NOTHING
        encloser, cover = found
        wildcard = self._match(_wildcard(encloser))
        if wildcard is not None:
            return PROVED if _lacks(wildcard.types, rrtype) else NOTHING
        return INSECURE if rrtype == DS and cover.opt_out else NOTHING


def _nsec3(owner: bytes, rdata: bytes) -> Nsec3:
    """Take an NSEC3 apart (RFC 5155 section 3.2). Raises ValueError or IndexError."""
    if rdata[0] != 1:
        raise ValueError("an unknown hash")
    iterations, size = int.from_bytes(rdata[2:4], "big"), rdata[4]
    salt = rdata[5 : 5 + size]
    at = 6 + size + rdata[5 + size]
    following = rdata[6 + size : at]
    label, zone = owner[1 : 1 + owner[0]], parent(owner)
    bits = int(label, 32)
    digest = (bits >> (len(label) * 5 % 8)).to_bytes(len(label) * 5 // 8, "big")
    return Nsec3(zone, digest, following, types_of(rdata[at:]), bool(rdata[1] & 1), iterations, salt)


@lru_cache(maxsize=1024)
def hashed(name: bytes, salt: bytes, iterations: int) -> bytes:
    """Return the NSEC3 hash of a name (RFC 5155 section 5)."""
    digest = hashlib.sha1(name + salt, usedforsecurity=False).digest()
    for _ in range(min(iterations, MAX_ITERATIONS)):
        digest = hashlib.sha1(digest + salt, usedforsecurity=False).digest()
    return digest


def _covers(nsec: Nsec, name: bytes) -> bool:
    """Tell whether a name lies strictly between an NSEC's owner and the next name of the zone."""
    owner, following, asked = (canonical_order(n) for n in (nsec.owner, nsec.following, name))
    if NS in nsec.types and SOA not in nsec.types and is_subdomain(name, nsec.owner) and name != nsec.owner:
        return False
    if owner < following:
        return owner < asked < following
    return owner < asked and is_subdomain(name, nsec.following)


def _lacks(types: tuple[int, ...], rrtype: int) -> bool:
    """Tell whether types at a name deny a type: neither it nor a CNAME, seen from the right side of a cut."""
    if rrtype in types or (CNAME in types and rrtype != CNAME):
        return False
    if rrtype == DS:
        return SOA not in types
    return NS not in types or SOA in types


def _meaning(types: tuple[int, ...]) -> str:
    if DS in types or SOA in types:
        return "nothing"
    return "insecure" if NS in types else "no-cut"


def _shared(one: bytes, other: bytes) -> bytes:
    """Return the longest name both lie at or below."""
    while not is_subdomain(other, one):
        one = parent(one)
    return one


def _wildcard(encloser: bytes) -> bytes:
    return b"\x01*" + encloser


def _join(parts: tuple[bytes, ...]) -> bytes:
    return b"".join(bytes((len(label),)) + label for label in parts) + ROOT
