"""Validate a DNSKEY RRset against a trust point, as RFC 4035 section 5.3 and each implementation's choices
say.

A `DnskeySet` is made once for each distinct answer and shared by every model: what depends on the octets
alone (keys, tags, signatures that are good) is kept in it. Trust and time are the caller's.
"""

from __future__ import annotations

from ..clock import DAY, HOUR, Instant, Seconds
from ..dnssec.codec import MalformedMessage, parse_message, rrsets_of
from ..dnssec.keys import DS, SUPPORTED_ALGORITHMS, Key, verify_bytes
from ..dnssec.names import MalformedRdata
from ..dnssec.rrset import RRset, Rrsig, SignatureMemo, SignedRRset, applies, serial_difference, signed_data
from ..dnssec.rrtypes import DNSKEY
from .policy import Trust
from .rfc5011 import Cell

Identity = tuple[int, bytes]

SHARED_MEMO = SignatureMemo(8192)
"""Which signatures were good depends on nothing but octets, so one memo serves every model of a process."""


class DnskeySet:
    """Hold one DNSKEY RRset as it came: its keys by identity, those that are entry points, its signatures."""

    __slots__ = (
        "_good",
        "_signed",
        "by_identity",
        "entry_points",
        "keys",
        "revoked",
        "rrset",
        "rrsigs",
        "signer_tags",
        "ttl",
    )

    def __init__(self, signed: SignedRRset) -> None:
        """Take the RRset apart. Raises MalformedRdata."""
        self.rrset: RRset = signed.rrset
        self.rrsigs: tuple[Rrsig, ...] = signed.rrsigs
        self.ttl: Seconds = signed.rrset.ttl
        self.keys = tuple(Key.from_rdata(rdata) for rdata in signed.rrset.rdatas)
        self.by_identity: dict[Identity, Key] = {}
        for key in self.keys:
            known = self.by_identity.get(key.identity)
            if known is None or known.is_revoked:
                self.by_identity[key.identity] = key
        self.entry_points = tuple(sorted((k for k in self.keys if k.is_sep and k.is_zone_key), key=_order))
        self.revoked = tuple(key for key in self.entry_points if key.is_revoked)
        self.signer_tags = tuple(rrsig.key_tag for rrsig in self.rrsigs)
        self._good: dict[tuple[int, bytes], bool] = {}
        self._signed: dict[int, bytes] = {}

    def supports(self, key: Key) -> bool:
        """Tell whether the validator knows the algorithm of a key; a key it does not know it never meets."""
        return key.algorithm in SUPPORTED_ALGORITHMS

    def in_window(self, rrsig: Rrsig, trust: Trust, now: Instant) -> bool:
        """Tell whether a signature's validity period holds `now`, as far as this validator cares."""
        return window(rrsig, trust, now)

    def signature_is_good(self, index: int, key: Key, *, memo: bool = True) -> bool:
        """Tell whether signature number `index` is by `key`, at whatever time; `memo=False` verifies anew."""
        rrsig = self.rrsigs[index]
        if not memo:
            if not applies(self.rrset, rrsig, key):
                return False
            data = self._signed.get(index)
            if data is None:
                data = self._signed[index] = signed_data(self.rrset, rrsig)
            return verify_bytes(key, rrsig.signature, data)
        place = (index, key.rdata)
        good = self._good.get(place)
        if good is None:
            good = self._good[place] = SHARED_MEMO.verify(self.rrset, rrsig, key)
        return good


def _order(key: Key) -> tuple[int, int, bytes]:
    return key.sort_key


def read_dnskey_answer(wire: bytes, owner: bytes) -> DnskeySet | None:
    """Return the DNSKEY RRset of `owner` in a response less its message ID.

    None stands for an error, an empty answer or a malformed one.
    """
    try:
        message = parse_message(b"\0\0" + wire)
        if message.rcode != 0:
            return None
        for signed in rrsets_of(message.answer):
            if signed.rrset.rrtype == DNSKEY and signed.rrset.owner == owner:
                return DnskeySet(signed)
    except (MalformedMessage, MalformedRdata):
        pass
    return None


def window(rrsig: Rrsig, trust: Trust, now: Instant) -> bool:
    """Tell whether a signature's validity period holds `now`, with the tolerance this validator grants.

    Unbound grants a tenth of the period, at least one hour and at most a day, at either end
    (val-sig-skew-min, val-sig-skew-max; validator/val_sigcrypt.c, `check_dates`).
    """
    skew = tolerance(rrsig, trust)
    return rrsig.covers(now, skew, skew)


def tolerance(rrsig: Rrsig, trust: Trust) -> Seconds:
    """Return the seconds by which a signature may be early or late."""
    if trust.skew == "none":
        return 0
    return min(DAY, max(HOUR, ((rrsig.expiration - rrsig.inception) % 2**32) // 10))


def edges(rrsig: Rrsig, trust: Trust, now: Instant) -> list[Seconds]:
    """Return the seconds until a signature becomes valid, and until it ceases to be, where yet to come."""
    slack = tolerance(rrsig, trust)
    ends = (rrsig.inception - slack, rrsig.expiration + slack + 1)
    return [wait for end in ends if (wait := serial_difference(end, now)) > 0]


def key_of(cell: Cell, dnskeys: DnskeySet, owner: bytes, trust: Trust) -> Key | None:
    """Return the copy of a cell's key in the RRset, REVOKE bit and all, or None.

    An anchor known by DS alone is found by its digest, or by its tag where an implementation does so. Its
    revoked copy has another tag and digest, so it is not found, unless the implementation clears the bit
    first.
    """
    anchor = cell.anchor
    if isinstance(anchor, Key):
        return dnskeys.by_identity.get(anchor.identity)
    return next((key for key in dnskeys.entry_points if _ds_matches(anchor, key, owner, trust)), None)


def is_copy(cell: Cell, key: Key, owner: bytes, trust: Trust) -> bool:
    """Tell whether a key of the RRset is a copy of a cell's key, by the same means as `key_of`."""
    if isinstance(cell.anchor, Key):
        return cell.anchor.identity == key.identity
    return _ds_matches(cell.anchor, key, owner, trust)


def _ds_matches(ds: DS, key: Key, owner: bytes, trust: Trust) -> bool:
    if trust.match_ds_by == "tag":
        return ds.key_tag == key.tag and ds.algorithm == key.algorithm
    return ds.matches(owner, key) or (
        trust.revoked_ds and key.is_revoked and ds.matches(owner, key.unrevoked())
    )


def proved_revoked(
    dnskeys: DnskeySet, trust: Trust, now: Instant, *, memo: bool = True
) -> tuple[Identity, ...]:
    """Return the keys whose copy carries REVOKE and signs the RRset itself (RFC 5011 section 2.1)."""
    if not dnskeys.revoked:
        return ()
    return tuple(
        key.identity
        for key in dnskeys.revoked
        if any(
            rrsig.key_tag == key.tag
            and dnskeys.in_window(rrsig, trust, now)
            and dnskeys.signature_is_good(i, key, memo=memo)
            for i, rrsig in enumerate(dnskeys.rrsigs)
        )
    )


def validate(
    dnskeys: DnskeySet,
    trusted: tuple[Cell, ...],
    owner: bytes,
    trust: Trust,
    now: Instant,
    *,
    memo: bool = True,
) -> tuple[Identity, ...]:
    """Return the identities of the trusted keys that verify the RRset at `now`; empty means bogus.

    `now` is by the resolver's own clock. One signature suffices unless the policy wants every algorithm of
    the trust point to verify (Unbound's harden-algo-downgrade). Policy `presence` takes the set for good
    when a trusted key stands in it and anybody in it signed.
    """
    found: list[Identity] = []
    candidates = [key for cell in trusted if (key := _candidate(cell, dnskeys, owner, trust)) is not None]
    if trust.signer == "presence" and any(key.identity in dnskeys.by_identity for key in candidates):
        candidates = list(dnskeys.keys)
    for index, rrsig in enumerate(dnskeys.rrsigs):
        tag = rrsig.key_tag
        for key in candidates:
            if (
                key.tag == tag
                and key.identity not in found
                and dnskeys.in_window(rrsig, trust, now)
                and dnskeys.signature_is_good(index, key, memo=memo)
            ):
                found.append(key.identity)
    if trust.algorithms == "all" and found:
        wanted = {cell.anchor.algorithm for cell in trusted}
        if not wanted <= {algorithm for algorithm, _ in found}:
            return ()
    return tuple(found)


def _candidate(cell: Cell, dnskeys: DnskeySet, owner: bytes, trust: Trust) -> Key | None:
    """Return the key a trusted cell may verify with: never a revoked copy (RFC 5011 section 2.1)."""
    key = key_of(cell, dnskeys, owner, trust)
    if key is not None and not key.is_revoked:
        return key
    if trust.signer == "stored" and isinstance(cell.anchor, Key):
        return cell.anchor.unrevoked()
    return None
