"""Validate an answer: walk from the closest trust point to each signer, then judge records and denials.

RFC 4035 section 5. Keys of zones below a trust point are kept as long as their TTL says; those of the trust
point itself are the resolver model's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from ..clock import Instant
from ..dnssec.codec import RR, rrsets_of
from ..dnssec.keys import DS as DelegationSigner
from ..dnssec.keys import Key
from ..dnssec.names import ROOT, MalformedRdata, is_subdomain, label_count, parent
from ..dnssec.rrset import SignedRRset
from ..dnssec.rrtypes import CNAME, DNAME, DNSKEY, DS, IN, NS, NSEC, RRSIG, SOA
from .configuration import Configuration
from .denial import Denials
from .iterate import Answer, Search, alias_target, ancestors
from .rdata import NSEC3
from .signatures import EDE_BOGUS, EDE_NO_KEY, EDE_UNSIGNED, Judge

EDE_NSEC_MISSING: Final = 12
"""RFC 8914 section 4.13."""
NXDOMAIN: Final = 3
_MAX_TTL: Final = 86400


class Status(StrEnum):
    """What validation makes of an answer (RFC 4033 section 5)."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"


class ZoneKeys(NamedTuple):
    """The keys of a zone, or why there are none; `ede` is the extended error of bogus ones."""

    zone: bytes
    status: Status
    keys: tuple[Key, ...] = ()
    ede: int = 0


class Verdict(NamedTuple):
    """What validation makes of an answer: the answer may have lost records that nobody signed."""

    status: Status
    answer: Answer
    ede: int = 0


class Anchors(Protocol):
    """The trust points of a resolver, as the chain needs them."""

    def closest(self, name: bytes) -> bytes | None:
        """Return the deepest trust point at or above a name."""

    def keys_at(self, owner: bytes) -> Search[ZoneKeys]:
        """Return the keys of a trust point, primed if need be; insecure if it has ceased to exist."""


Find = Callable[[bytes, int], Search[Answer]]
"""Ask one question and return what the servers say."""


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: ZoneKeys
    until: Instant


class Chain:
    """Validate for one resolver."""

    def __init__(
        self, config: Configuration, anchors: Anchors, find: Find, judge: Judge, clock: Callable[[], Instant]
    ) -> None:
        """Take the parts; nothing is known yet."""
        self._config, self._anchors, self._find = config, anchors, find
        self._judge, self._clock = judge, clock
        self._kept: dict[bytes, _Kept] = {}

    # -- keys ------------------------------------------------------------------------------------------------

    def keys_for(self, name: bytes) -> Search[ZoneKeys]:
        """Return the keys of the zone a name lies in, as far as a chain of trust leads there."""
        current, anchor = ZoneKeys(ROOT, Status.INSECURE), self._anchors.closest(name)
        while anchor is not None and not self._is_insecure(name, anchor):
            current = yield from self._anchors.keys_at(anchor)
            if self._anchors.closest(name) == anchor:
                break
            current, anchor = ZoneKeys(ROOT, Status.INSECURE), self._anchors.closest(name)
        if anchor is None:
            return current
        for below in ancestors(name, anchor):
            if current.status is not Status.SECURE:
                break
            kept = self._kept.get(below)
            if kept is not None and kept.until > self._clock():
                current = kept.keys if kept.keys.zone == below else current
                continue
            found, ttl = yield from self._step_down(current, below)
            self._kept[below] = _Kept(found, self._clock() + ttl)
            current = found
        return current

    def _is_insecure(self, name: bytes, anchor: bytes) -> bool:
        """Tell whether a configured exception lies between a trust point and a name."""
        return any(is_subdomain(name, zone) and is_subdomain(zone, anchor) for zone in self._config.insecure)

    def _step_down(self, current: ZoneKeys, below: bytes) -> Search[tuple[ZoneKeys, int]]:
        """Return the keys one name further down, and for how long they count: a new zone's or the same."""
        answer = yield from self._find(below, DS)
        bad = self._config.bogus_ttl
        if answer.failed:
            return ZoneKeys(below, Status.BOGUS, ede=EDE_NO_KEY), bad
        signed = _find(answer.answer, below, DS)
        if signed is not None:
            judged = self._judge.judge(signed, current.keys, current.zone, self._clock())
            if not judged.good:
                return ZoneKeys(below, Status.BOGUS, ede=judged.ede), bad
            return (yield from self._child_keys(below, signed))
        alias = _find(answer.answer, below, CNAME)
        if alias is not None and self._judge.judge(alias, current.keys, current.zone, self._clock()).good:
            return current, alias.rrset.ttl
        return self._without_ds(current, below, answer)

    def _without_ds(self, current: ZoneKeys, below: bytes, answer: Answer) -> tuple[ZoneKeys, int]:
        """Return what a response without a DS makes of a name: insecure, no zone at all, or bogus."""
        denials, ede = self._denials(answer.authority, current)
        ttl = min([_MAX_TTL, *(record.ttl for record in answer.authority)])
        if denials is None:
            return ZoneKeys(below, Status.BOGUS, ede=ede), self._config.bogus_ttl
        if denials.too_many_iterations():
            return ZoneKeys(below, Status.INSECURE), ttl
        proved = denials.no_ds(below)
        if proved == "insecure":
            return ZoneKeys(below, Status.INSECURE), ttl
        if proved == "no-cut":
            return current, ttl
        return ZoneKeys(below, Status.BOGUS, ede=EDE_NSEC_MISSING), self._config.bogus_ttl

    def _child_keys(self, zone: bytes, signed: SignedRRset) -> Search[tuple[ZoneKeys, int]]:
        """Fetch and verify the DNSKEY RRset of a zone against its verified DS RRset."""
        try:
            wanted = [DelegationSigner.from_rdata(rdata) for rdata in signed.rrset.rdatas]
        except MalformedRdata:
            wanted = []
        usable = [ds for ds in wanted if self._judge.supports(ds.algorithm) and ds.digest_type in (1, 2, 4)]
        strongest = max((ds.digest_type for ds in usable), default=0)
        usable = [ds for ds in usable if ds.digest_type == strongest]
        if not usable:
            return ZoneKeys(zone, Status.INSECURE), signed.rrset.ttl
        answer = yield from self._find(zone, DNSKEY)
        found = _find(answer.answer, zone, DNSKEY)
        bad = self._config.bogus_ttl
        if found is None:
            return ZoneKeys(zone, Status.BOGUS, ede=EDE_NO_KEY), bad
        try:
            keys = tuple(Key.from_rdata(rdata) for rdata in found.rrset.rdatas)
        except MalformedRdata:
            return ZoneKeys(zone, Status.BOGUS, ede=EDE_BOGUS), bad
        entry = [key for key in keys if any(ds.matches(zone, key) for ds in usable)]
        judged = self._judge.judge(found, entry, zone, self._clock())
        if not judged.good:
            return ZoneKeys(zone, Status.BOGUS, ede=judged.ede), bad
        return ZoneKeys(zone, Status.SECURE, keys), min(found.rrset.ttl, _MAX_TTL)

    def _denials(self, authority: Sequence[RR], current: ZoneKeys) -> tuple[Denials | None, int]:
        """Return the verified NSEC and NSEC3 of a zone, or None and the extended error."""
        rrsets = []
        for signed in _rrsets(authority):
            if signed.rrset.rrtype in (NSEC, NSEC3):
                judged = self._judge.judge(signed, current.keys, current.zone, self._clock())
                if not judged.good:
                    return None, judged.ede
                rrsets.append(signed.rrset)
        return (Denials(rrsets, current.zone), 0) if rrsets else (None, EDE_NSEC_MISSING)

    # -- answers ---------------------------------------------------------------------------------------------

    def validate(self, name: bytes, rrtype: int, answer: Answer) -> Search[Verdict]:
        """Judge an answer to a question of class IN."""
        status, denied_by = Status.SECURE, ZoneKeys(ROOT, Status.SECURE)
        wildcards: list[tuple[bytes, int, ZoneKeys]] = []
        for signed in _rrsets(answer.answer):
            if _is_synthesized(signed, answer.answer):
                continue
            keys = yield from self._keys_of_signer(signed)
            if keys.status is Status.BOGUS:
                return Verdict(Status.BOGUS, answer, keys.ede)
            if keys.status is Status.INSECURE:
                status = Status.INSECURE
                continue
            judged = self._judge.judge(signed, keys.keys, keys.zone, self._clock())
            if not judged.good:
                return Verdict(Status.BOGUS, answer, judged.ede)
            count = min(rrsig.labels for rrsig in signed.rrsigs)
            if count < label_count(signed.rrset.owner):
                wildcards.append((signed.rrset.owner, count, keys))
        end = _end(name, rrtype, answer.answer)
        if status is Status.SECURE and end is not None:
            denied_by = yield from self._keys_of_denial(end, rrtype, answer)
            if denied_by.status is not Status.SECURE:
                return Verdict(denied_by.status, answer, denied_by.ede)
            status, ede = self._judge_denial(end, rrtype, answer, denied_by)
            if status is Status.BOGUS:
                return Verdict(status, answer, ede)
        for owner, count, keys in wildcards if status is Status.SECURE else ():
            proof = self._no_closer(owner, count, keys, answer)
            if proof is not Status.SECURE:
                return Verdict(proof, answer, EDE_NSEC_MISSING)
        if status is not Status.SECURE:
            return Verdict(status, answer)
        return (yield from self._clean(answer))

    def _keys_of_signer(self, signed: SignedRRset) -> Search[ZoneKeys]:
        """Return the keys an RRset must be signed by; an unsigned one must lie in an insecure zone."""
        owner = signed.rrset.owner
        above = parent(owner) if signed.rrset.rrtype == DS else owner
        signer = next((r.signer for r in signed.rrsigs if is_subdomain(owner, r.signer)), None)
        keys = yield from self.keys_for(above if signer is None else signer)
        if keys.status is Status.SECURE and signer is None:
            return ZoneKeys(keys.zone, Status.BOGUS, ede=EDE_UNSIGNED)
        if keys.status is Status.SECURE and keys.zone != signer:
            return ZoneKeys(keys.zone, Status.BOGUS, ede=EDE_NO_KEY)
        return keys

    def _keys_of_denial(self, name: bytes, rrtype: int, answer: Answer) -> Search[ZoneKeys]:
        """Return the keys that a negative answer must be signed by."""
        signers = [
            rrsig.signer
            for signed in _rrsets(answer.authority)
            for rrsig in signed.rrsigs
            if signed.rrset.rrtype in (NSEC, NSEC3, SOA) and is_subdomain(name, rrsig.signer)
        ]
        above = parent(name) if rrtype == DS else name
        keys = yield from self.keys_for(signers[0] if signers else above)
        if keys.status is Status.SECURE and not signers:
            return ZoneKeys(keys.zone, Status.BOGUS, ede=EDE_NSEC_MISSING)
        return keys

    def _judge_denial(self, name: bytes, rrtype: int, answer: Answer, keys: ZoneKeys) -> tuple[Status, int]:
        """Judge a negative answer by its NSEC or NSEC3 records."""
        denials, ede = self._denials(answer.authority, keys)
        if denials is None:
            return Status.BOGUS, ede
        if denials.too_many_iterations():
            return Status.INSECURE, 0
        proof = denials.no_name(name) if answer.rcode == NXDOMAIN else denials.no_data(name, rrtype)
        if not proof.proved:
            return Status.BOGUS, EDE_BOGUS
        return (Status.INSECURE if proof.insecure else Status.SECURE), 0

    def _no_closer(self, owner: bytes, count: int, keys: ZoneKeys, answer: Answer) -> Status:
        """Judge the proof that a wildcard may stand in for a name (RFC 4035 section 5.3.4)."""
        denials, _ = self._denials(answer.authority, keys)
        if denials is None:
            return Status.BOGUS
        proof = denials.no_closer(owner, count)
        if not proof.proved:
            return Status.BOGUS
        return Status.INSECURE if proof.insecure else Status.SECURE

    def _clean(self, answer: Answer) -> Search[Verdict]:
        """Drop what is beside a secure answer and not secure itself; in authority that spoils it all."""
        authority: list[RR] = []
        for signed in _rrsets(answer.authority):
            if not signed.rrsigs and signed.rrset.rrtype == NS:
                continue
            keys = yield from self._keys_of_signer(signed)
            good = keys.status is Status.SECURE and self._is_good(signed, keys)
            if not good:
                return Verdict(Status.BOGUS, answer, EDE_BOGUS)
            authority += _records(answer.authority, signed)
        additional: list[RR] = []
        for signed in _rrsets(answer.additional):
            if signed.rrsigs:
                keys = yield from self._keys_of_signer(signed)
                if keys.status is Status.SECURE and self._is_good(signed, keys):
                    additional += _records(answer.additional, signed)
        kept = replace(answer, authority=tuple(authority), additional=tuple(additional))
        return Verdict(Status.SECURE, kept)

    def _is_good(self, signed: SignedRRset, keys: ZoneKeys) -> bool:
        return self._judge.judge(signed, keys.keys, keys.zone, self._clock()).good


def _rrsets(records: Iterable[RR]) -> tuple[SignedRRset, ...]:
    try:
        return rrsets_of(record for record in records if record.rrclass == IN)
    except MalformedRdata:
        return ()


def _find(records: Iterable[RR], owner: bytes, rrtype: int) -> SignedRRset | None:
    return next((s for s in _rrsets(records) if (s.rrset.owner, s.rrset.rrtype) == (owner, rrtype)), None)


def _records(records: Iterable[RR], signed: SignedRRset) -> list[RR]:
    """Return the records of an RRset and of its signatures as they stand in a section."""
    owner, rrtype = signed.rrset.owner, signed.rrset.rrtype
    found = []
    for record in records:
        covers = record.rrtype == RRSIG and int.from_bytes(record.rdata[:2], "big") == rrtype
        if record.owner == owner and (record.rrtype == rrtype or covers):
            found.append(record)
    return found


def _is_synthesized(signed: SignedRRset, records: Iterable[RR]) -> bool:
    """Tell whether a CNAME was made of a DNAME of the same answer (RFC 6672 section 3.1)."""
    rrset = signed.rrset
    if rrset.rrtype != CNAME or signed.rrsigs:
        return False
    made = alias_target(rrset.owner, (record for record in records if record.rrtype == DNAME))
    return made is not None and rrset.rdatas == (made,)


def _end(name: bytes, rrtype: int, records: tuple[RR, ...]) -> bytes | None:
    """Return the name whose records are denied, None if the answer has what was asked for."""
    for _ in range(12):
        there = [record.rrtype for record in records if record.owner == name]
        if rrtype in there or (rrtype == 255 and there):
            return None
        target = alias_target(name, records)
        if target is None or target == name:
            return name
        name = target
    return None
