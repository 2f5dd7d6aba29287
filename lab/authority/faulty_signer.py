"""Sign a root wrongly: what a fault changes, and the signer that obeys it.

A `Twist` is one fault as a value, hashable, so that responders and their memories can be kept by it. Every
method of it returns what it is given; a fault overrides those in which it differs. The child zones are never
touched: what breaks in a rehearsal shall be the root's doing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..clock import Instant, Seconds
from ..dnssec.codec import Question
from ..dnssec.keys import SigningKey
from ..dnssec.names import ROOT
from ..dnssec.rrset import RRset, Rrsig, SignedRRset, make_rrset
from ..dnssec.rrtypes import DNSKEY
from .signer import CHILDREN, Signing, ZoneSigner
from .timeline import KeySet, Step
from .zone_data import Zone


@dataclass(frozen=True, slots=True)
class Twist:
    """Change nothing; a fault overrides what it changes."""

    def instant(self, now: Instant, question: Question | None) -> Instant:
        """Return the instant whose answer is given at `now`."""
        return now

    def later(self, span: Seconds) -> Twist:
        """Return the same fault where everything happens so much later."""
        return self

    def keys(self, keys: KeySet) -> KeySet:
        """Return the key set that is published and signs; it need not make sense."""
        return keys

    def rdatas(self, rdatas: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return the records of the DNSKEY RRset."""
        return rdatas

    def wanted(self, signing: Signing) -> Signing:
        """Return what is signed in place of what should be: by whom, for how long."""
        return signing

    def rrsig(self, signer: ZoneSigner, signing: Signing, rrsig: Rrsig) -> Rrsig | None:
        """Return the signature that is served, None for none."""
        return rrsig

    def zone(self, zone: Zone) -> Zone:
        """Return the contents of a zone."""
        return zone


class FaultySigner(ZoneSigner):
    """Serve what another signer would, but for some faults; signatures are shared with it.

    Its key sets are not checked as those of a timeline are: nobody may be left to sign.
    """

    def __init__(self, sound: ZoneSigner, twists: Sequence[Twist]) -> None:
        """Take the signer that does it right, and what to do wrong, in order."""
        super().__init__(
            sound.timeline, sound.keyring, watermark=sound.watermark, cycle=sound._cycle, store=sound.store
        )
        self.child_names = sound.child_names
        self._twists = tuple(twists)

    def signed(self, rrset: RRset, now: Instant, zone: bytes = ROOT) -> SignedRRset:
        """Return zone data with the signatures served at an instant, wrong as they may be."""
        if zone == ROOT and rrset.rrtype == DNSKEY:
            return super().signed(rrset, now, zone)
        window = self.edition(now, zone)
        signers = self._zone_keys(now, zone)
        return SignedRRset(rrset, self._made(rrset, signers, zone, window.inception, window.expiration))

    def signed_all(
        self, rrsets: Iterable[RRset], now: Instant, zone: bytes = ROOT
    ) -> tuple[SignedRRset, ...]:
        """Return what `signed` returns for each RRset."""
        return tuple(self.signed(rrset, now, zone) for rrset in rrsets)

    def _zone_keys(self, now: Instant, zone: bytes) -> tuple[SigningKey, ...]:
        """Return who signs the data of a zone at an instant."""
        if zone != ROOT:
            return super()._zone_keys(now, zone)
        keys = self._twisted(self.timeline.key_set(now))
        return tuple(self._signing_key(keys, name) for name in keys.zone_signers)

    def _sign_dnskey(self, step: Step) -> SignedRRset:
        """Build and sign the DNSKEY RRset of a step."""
        keys = self._twisted(step.keys)
        rdatas = tuple(self._signing_key(keys, name).key.rdata for name in keys.published)
        for twist in self._twists:
            rdatas = twist.rdatas(rdatas)
        rrset = make_rrset(ROOT, DNSKEY, self.timeline.dnskey_ttl, rdatas)
        signers = tuple(self._signing_key(keys, name) for name in keys.dnskey_signers)
        return SignedRRset(rrset, self._made(rrset, signers, ROOT, step.inception, step.expiration))

    def _twisted(self, keys: KeySet) -> KeySet:
        for twist in self._twists:
            keys = twist.keys(keys)
        return keys

    def _made(
        self,
        rrset: RRset,
        signers: Sequence[SigningKey],
        zone: bytes,
        inception: Instant,
        expiration: Instant,
    ) -> tuple[Rrsig, ...]:
        """Return the signatures of an RRset; those of the child are as they should be."""
        twists = () if zone == CHILDREN.secure else self._twists
        found = []
        for key in signers:
            signing = Signing(rrset, key, zone, inception, expiration)
            for twist in twists:
                signing = twist.wanted(signing)
            rrsig: Rrsig | None = self.store.sign(*signing)
            for twist in twists:
                rrsig = rrsig if rrsig is None else twist.rrsig(self, signing, rrsig)
            if rrsig is not None:
                found.append(rrsig)
        return tuple(found)
