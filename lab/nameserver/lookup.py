"""Find what an authoritative server answers (RFC 1034 section 4.3.2), with DNSSEC (RFC 4035 section 3.1).

The zones have no CNAME and no DNAME, so one pass decides: referral, data, wildcard, or a proof of absence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from ..authority.signer import ZoneAuthority
from ..authority.zone_data import Zone, fetch
from ..clock import Instant
from ..dnssec.names import ROOT, is_subdomain
from ..dnssec.rrset import RRset, SignedRRset
from ..dnssec.rrtypes import AAAA, DS, NS, NSEC, RRSIG, SOA, A

NOERROR: Final = 0
NXDOMAIN: Final = 3
ANY: Final = 255

Section: TypeAlias = tuple[SignedRRset, ...]


class Reply(NamedTuple):
    """Hold the sections of an answer. `wildcard` tells that the owner was made from one (RFC 4592)."""

    rcode: int
    aa: bool
    answer: Section = ()
    authority: Section = ()
    additional: Section = ()
    wildcard: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """Look names up in one zone at one instant; `dnssec` (the DO bit) adds signatures, DS and proofs."""

    authority: ZoneAuthority
    zone: Zone
    now: Instant
    dnssec: bool

    def reply(self, name: bytes, qtype: int) -> Reply:
        """Return the answer to a question about a name at or below the zone's apex."""
        zone = self.zone
        cut = zone.cut(name)
        if cut is not None and not (name == cut and qtype == DS):
            return self._referral(cut)
        if name in zone.nodes:
            return self._at(name, name, qtype)
        if name in zone.blanks:
            return self._negative(NOERROR, self._proof(name))
        encloser = zone.closest_encloser(name)
        wildcard = b"\x01*" + encloser
        if wildcard in zone.nodes:
            return self._at(name, wildcard, qtype)
        return self._negative(NXDOMAIN, self._proof(name, wildcard))

    def _at(self, name: bytes, owner: bytes, qtype: int) -> Reply:
        """Return data of an existing owner, under `name`; a wildcard's with the proof that nothing is closer.

        ANY gets one RRset, RRSIG the signatures of one (RFC 8482 section 4.1).
        """
        found = self._one(owner, qtype) if qtype in (ANY, RRSIG) else self._fetch(owner, qtype)
        expanded = name != owner
        proof = self._proof(name) if expanded else ()
        if found is None:
            return self._negative(NOERROR, self._merge(self._proof(owner), proof), expanded)
        if expanded:
            rrset = found.rrset
            found = SignedRRset(RRset(name, rrset.rrtype, rrset.ttl, rrset.rdatas), found.rrsigs)
        extra = self._addresses(found.rrset) if qtype == NS else ()
        return Reply(NOERROR, True, (found,), proof, extra, expanded)

    def _one(self, owner: bytes, qtype: int) -> SignedRRset | None:
        """Return one RRset of an owner for ANY, or its signatures for RRSIG, if it has any."""
        lowest = fetch(self.authority, self.zone, owner, min(self.zone.nodes[owner]), self.now)
        assert lowest is not None
        if qtype == ANY:
            return lowest
        rdatas = tuple(rrsig.rdata for rrsig in lowest.rrsigs)
        return SignedRRset(RRset(owner, RRSIG, lowest.rrset.ttl, rdatas), ()) if rdatas else None

    def _referral(self, cut: bytes) -> Reply:
        """Return a delegation: NS, DS or the proof that there is none, glue (RFC 4035 section 3.1.4)."""
        servers = self._fetch(cut, NS)
        assert servers is not None, "a delegation without NS"
        signer = (self._fetch(cut, DS) or self._fetch(cut, NSEC)) if self.dnssec else None
        authority = (servers,) if signer is None else (servers, signer)
        return Reply(NOERROR, False, (), authority, self._addresses(servers.rrset))

    def _negative(self, rcode: int, proof: Section, wildcard: bool = False) -> Reply:
        """Return an answer that there is none: SOA and proof (RFC 2308 section 3, RFC 4035 section 3.1.3)."""
        soa = self._fetch(self.zone.apex, SOA)
        assert soa is not None, "a zone without SOA"
        return Reply(rcode, True, (), (soa, *proof), (), wildcard)

    def _proof(self, *names: bytes) -> Section:
        """Return the NSEC RRsets that match or cover some names, each once."""
        if not self.dnssec or not self.zone.secure:
            return ()
        found: Section = ()
        for name in names:
            nsec = self._fetch(self.zone.covering(name)[0], NSEC)
            assert nsec is not None, "a hole in the NSEC chain"
            found = self._merge(found, (nsec,))
        return found

    @staticmethod
    def _merge(first: Section, second: Section) -> Section:
        """Join two sections, each RRset once."""
        return first + tuple(signed for signed in second if signed not in first)

    def _addresses(self, servers: RRset) -> Section:
        """Return the addresses of name servers that the zone knows, unsigned: IPv4 first, then IPv6."""
        pairs = ((server, rrtype) for rrtype in (A, AAAA) for server in servers.rdatas)
        found = (fetch(self.authority, self.zone, *pair, self.now, signed=False) for pair in pairs)
        return tuple(signed for signed in found if signed is not None)

    def _fetch(self, owner: bytes, rrtype: int) -> SignedRRset | None:
        """Return an RRset of the zone, signed if DNSSEC was asked for."""
        return fetch(self.authority, self.zone, owner, rrtype, self.now, signed=self.dnssec)


def zone_for(zones: tuple[Zone, ...], name: bytes, qtype: int) -> Zone | None:
    """Return the zone that answers a question: the closest above the name, for DS the parent's side of a cut.

    DS at an apex belongs to the parent (RFC 4035 section 3.1.4.1); if the parent is not here, the child
    answers that it has none.
    """
    above = [zone for zone in zones if is_subdomain(name, zone.apex)]
    if qtype == DS and name != ROOT:
        above = [zone for zone in above if zone.apex != name] or above
    return max(above, key=lambda zone: len(zone.apex), default=None)
