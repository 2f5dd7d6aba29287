"""Verify with the legacy arithmetic and the clock a scenario prescribes, and remember what was only faked.

Unbound built without DSA (the default, RFC 8624 section 3.1) takes every DSA signature for good if the file
says `fake-dsa` or `fake-sha1`; so does the lab, where the real signature is bad. SHA-1 is part of the default
build, which verifies RSA/SHA-1 really whatever the file says, and files with bad signatures count on that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from ..clock import Instant, Seconds
from ..dnssec.codec import RR
from ..dnssec.keys import SUPPORTED_ALGORITHMS, Key, verify_bytes
from ..dnssec.rrset import RRset, Rrsig, SignedRRset, applies, signed_data
from ..dnssec.rrtypes import DNSKEY
from ..resolver.policy import Trust
from ..resolver.validator import DnskeySet
from . import legacy
from .configuration import Configuration

EDE_BOGUS, EDE_EXPIRED, EDE_EARLY, EDE_NO_KEY, EDE_UNSIGNED = 6, 7, 8, 9, 10
"""RFC 8914 sections 4.7 to 4.11."""
_FAKED: Final = (*legacy.DSA_ALGORITHMS, legacy.RSASHA1, legacy.RSASHA1_NSEC3)


class Disagreement(NamedTuple):
    """A signature that does not verify although the file asks to take its like for good."""

    owner: bytes
    rrtype: int
    algorithm: int
    key_tag: int
    accepted: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an RRset is good, and the extended error if it is not (RFC 8914)."""

    good: bool
    ede: int = 0


GOOD = Judgement(True)


@lru_cache(maxsize=8192)
def _verified(rrset: RRset, rrsig: Rrsig, key: Key) -> bool:
    """Verify a signature, whatever the time. The same octets give the same answer, so it is kept."""
    data = signed_data(rrset, rrsig)
    if key.algorithm in legacy.ALGORITHMS:
        return legacy.verify(key.algorithm, key.public_key, rrsig.signature, data)
    return verify_bytes(key, rrsig.signature, data)


class Judge:
    """Decide about signatures for one scenario."""

    def __init__(self, config: Configuration) -> None:
        """Take the clock, the tolerances and the fakes from the configuration."""
        self._config = config
        self._fakes_dsa = config.fake_dsa or config.fake_sha1
        self.disagreements: dict[Disagreement, None] = {}

    def supports(self, algorithm: int) -> bool:
        """Tell whether keys of an algorithm count. RSA/MD5 does not (RFC 6725); DSA does, for old files."""
        if algorithm == legacy.RSAMD5:
            return False
        return algorithm in legacy.ALGORITHMS or algorithm in SUPPORTED_ALGORITHMS

    def date(self, now: Instant) -> Instant | None:
        """Return the instant signatures are judged at, None for any."""
        override = self._config.override_date
        if override is None:
            return now
        return None if override < 0 else override

    def tolerance(self, rrsig: Rrsig) -> Seconds:
        """Return by how many seconds a signature may be early or late: a tenth of its period, bounded."""
        tenth = ((rrsig.expiration - rrsig.inception) % 2**32) // 10
        return min(self._config.skew_max, max(self._config.skew_min, tenth))

    def in_window(self, rrsig: Rrsig, now: Instant, *, strict: bool = False) -> bool:
        """Tell whether a signature is valid at the date prescribed; `strict` grants no tolerance."""
        date = self.date(now)
        if date is None:
            return True
        skew = 0 if strict else self.tolerance(rrsig)
        return rrsig.covers(date, skew, skew)

    def is_good(self, rrset: RRset, rrsig: Rrsig, key: Key) -> bool:
        """Tell whether a signature by a key is good, at whatever time."""
        if not applies(rrset, rrsig, key) or not self.supports(key.algorithm):
            return False
        if _verified(rrset, rrsig, key):
            return True
        faked = self._fakes_dsa and key.algorithm in legacy.DSA_ALGORITHMS
        if faked or (self._config.fake_sha1 and key.algorithm in _FAKED):
            case = Disagreement(rrset.owner, rrset.rrtype, key.algorithm, rrsig.key_tag, faked)
            self.disagreements[case] = None
        return faked

    def judge(self, signed: SignedRRset, keys: Iterable[Key], signer: bytes, now: Instant) -> Judgement:
        """Decide about an RRset by the keys of the zone `signer`; one good signature suffices."""
        if not signed.rrsigs:
            return Judgement(False, EDE_UNSIGNED)
        candidates = [key for key in keys if key.is_zone_key and not key.is_revoked]
        why = EDE_NO_KEY
        for rrsig in signed.rrsigs:
            if rrsig.signer != signer:
                continue
            named = [
                key for key in candidates if key.tag == rrsig.key_tag and key.algorithm == rrsig.algorithm
            ]
            if not named:
                continue
            if not self.in_window(rrsig, now):
                why = EDE_EXPIRED if self._is_late(rrsig, now) else EDE_EARLY
            elif any(self.is_good(signed.rrset, rrsig, key) for key in named):
                return GOOD
            else:
                why = EDE_BOGUS
        return Judgement(False, why)

    def _is_late(self, rrsig: Rrsig, now: Instant) -> bool:
        date = self.date(now) or 0
        return (date - rrsig.expiration + 2**31) % 2**32 - 2**31 > 0


class LegacySet(DnskeySet):
    """A DNSKEY RRset verified by a judge; new keys are met in the order in which they came."""

    __slots__ = ("_judge",)

    def __init__(self, signed: SignedRRset, order: tuple[bytes, ...], judge: Judge) -> None:
        """Take the RRset apart; `order` are its rdatas as they came. Raises MalformedRdata."""
        super().__init__(signed)
        self._judge = judge
        places = {rdata: place for place, rdata in reversed(list(enumerate(order)))}
        self.entry_points = tuple(sorted(self.entry_points, key=lambda key: places.get(key.rdata, 0)))
        self.revoked = tuple(key for key in self.entry_points if key.is_revoked)

    def supports(self, key: Key) -> bool:
        """Tell whether the judge knows the algorithm of a key."""
        return self._judge.supports(key.algorithm)

    def in_window(self, rrsig: Rrsig, trust: Trust, now: Instant) -> bool:
        """Tell whether a signature is valid at the date the scenario prescribes."""
        return self._judge.in_window(rrsig, now, strict=trust.skew == "none")

    def signature_is_good(self, index: int, key: Key, *, memo: bool = True) -> bool:
        """Tell whether signature number `index` is by `key`, at whatever time."""
        return self._judge.is_good(self.rrset, self.rrsigs[index], key)


def order_of(records: Iterable[RR], owner: bytes) -> tuple[bytes, ...]:
    """Return the rdatas of the DNSKEY records of a name as they came."""
    return tuple(record.rdata for record in records if record.rrtype == DNSKEY and record.owner == owner)
