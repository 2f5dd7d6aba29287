"""Sign what the authority serves: the DNSKEY RRset of a timeline, and zone data twice a day, lazily.

Nothing is signed that nobody asks for, and nothing twice: a signature is remembered under its RRset, key,
signer's name and window. A rollover of 640 days asks for some 70 DNSKEY RRsets and a handful of others a
day. Who wants a whole zone has what is not signed yet signed together, by several threads if he brings them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, NamedTuple, Protocol, TypeAlias, runtime_checkable

from ..clock import DAY, HOUR, Instant, Seconds
from ..dnssec.keys import REVOKE, Key, SigningKey
from ..dnssec.names import ROOT
from ..dnssec.rrset import RRset, Rrsig, SignedRRset, make_rrset, sign_rrset
from ..dnssec.rrtypes import DNSKEY
from .keyring import CHILD_KEY, KSK_FLAGS, ZSK_FLAGS, KeyRing
from .timeline import KeySet, Step, Timeline

FOREVER: Final[Instant] = 2**62
"""The end of what has no end."""
_BATCH: Final = 32
"""Signatures that one thread makes in a row: some 25 ms of RSA, far more than it costs to hand them over."""


class ChildNames(NamedTuple):
    """Name the zones below the root: one signed, one not; in both every name exists."""

    secure: bytes
    insecure: bytes


CHILDREN: Final = ChildNames(b"\x05alpha\x00", b"\x04beta\x00")
"""Invented names: resolvers have built-in local zones for `test.` and its like (RFC 6761)."""


@dataclass(frozen=True, slots=True)
class SigningCycle:
    """Say when zone data is signed: every `interval` seconds, counted from `offset` after midnight UTC.

    Signatures are served from `delay` after their inception on, so that a validator's clock may be a little
    slow, and are valid for `validity`, both ends included.
    """

    interval: Seconds
    offset: Seconds
    delay: Seconds
    validity: Seconds


ROOT_CYCLE: Final = SigningCycle(12 * HOUR, 4 * HOUR, HOUR, 13 * DAY + HOUR)
"""Two signings a day, inception 04:00 or 16:00, valid 13 d 1 h, as in the root in 2017 (facts.md 2.1)."""

CHILD_CYCLE: Final = SigningCycle(7 * DAY, 0, HOUR, 21 * DAY)
"""The signed child's, chosen to be dull: what breaks in a rehearsal shall be the root's doing."""


class Edition(NamedTuple):
    """Hold one version of a zone: served from `start` until before `until`, and its signatures' window."""

    start: Instant
    until: Instant
    inception: Instant
    expiration: Instant


@runtime_checkable
class Authority(Protocol):
    """Serve a root's DNSKEY RRset through time: all that a run on ceremony files has."""

    @property
    def timeline(self) -> Timeline:
        """Return which keys are published and sign, when."""
        ...

    @property
    def child_names(self) -> ChildNames | None:
        """Return the zones to ask for data in, or None where only `. DNSKEY` exists."""
        ...

    def dnskey(self, now: Instant) -> SignedRRset | None:
        """Return the root's DNSKEY RRset served at an instant, or None if there is none."""
        ...


@runtime_checkable
class ZoneAuthority(Authority, Protocol):
    """Serve whole zones: an authority that has the private keys."""

    @property
    def watermark(self) -> str:
        """Return the scenario's name, for the TXT at `_rootlab.`."""
        ...

    @property
    def child_key(self) -> Key:
        """Return the one key of the signed child, a combined signing key."""
        ...

    def edition(self, now: Instant, zone: bytes = ROOT) -> Edition:
        """Return the version of a zone's data served at an instant."""
        ...

    def signed(self, rrset: RRset, now: Instant, zone: bytes = ROOT) -> SignedRRset:
        """Return zone data with the signatures served at an instant."""
        ...

    def signed_all(
        self, rrsets: Iterable[RRset], now: Instant, zone: bytes = ROOT
    ) -> tuple[SignedRRset, ...]:
        """Return what `signed` returns for each, made together."""
        ...


class Signing(NamedTuple):
    """Name a signature that is wanted: of what, by whom, in the name of which zone, for how long."""

    rrset: RRset
    key: SigningKey
    signer: bytes
    inception: Instant
    expiration: Instant


Spread: TypeAlias = Callable[
    [Callable[[Sequence[Signing]], tuple[Rrsig, ...]], Iterable[Sequence[Signing]]],
    Iterable[tuple[Rrsig, ...]],
]
"""How batches of work are done: `map`, or that of a thread pool (`concurrent.futures.Executor.map`).

OpenSSL lets other threads run while it signs with RSA, so two threads sign a cold zone in little more than
half the time.
"""


def sign_batch(wanted: Sequence[Signing]) -> tuple[Rrsig, ...]:
    """Make signatures, one after the other."""
    return tuple(sign_rrset(*signing) for signing in wanted)


class SignatureStore:
    """Remember signatures by RRset, key, signer's name and window; may be shared by authorities.

    Scenarios of one suite sign mostly the same data with the same keys. Holds `limit` signatures at most,
    the oldest go first; `made` counts the signatures really computed.
    """

    def __init__(self, limit: int = 32768) -> None:
        """Begin empty."""
        self._known: dict[tuple[RRset, bytes, bytes, Instant, Instant], Rrsig] = {}
        self._limit = limit
        self.made = 0

    def sign(
        self, rrset: RRset, key: SigningKey, signer: bytes, inception: Instant, expiration: Instant
    ) -> Rrsig:
        """Return the RRSIG of an RRset by a key in the name of zone `signer`, computed at most once."""
        place = (rrset, key.key.rdata, signer, inception, expiration)
        known = self._known.get(place)
        if known is None:
            if len(self._known) >= self._limit:
                del self._known[next(iter(self._known))]
            known = self._known[place] = sign_rrset(rrset, key, signer, inception, expiration)
            self.made += 1
        return known

    def sign_all(self, wanted: Sequence[Signing], spread: Spread = map) -> tuple[Rrsig, ...]:
        """Return what `sign` returns for each; what is not known is made in batches, by way of `spread`."""
        places = [(signing.rrset, signing.key.key.rdata, *signing[2:]) for signing in wanted]
        missing = {
            place: signing for place, signing in zip(places, wanted, strict=True) if place not in self._known
        }
        todo = tuple(missing.values())
        batches = [todo[at : at + _BATCH] for at in range(0, len(todo), _BATCH)]
        rrsigs = chain.from_iterable(spread(sign_batch, batches))
        made = dict(zip(missing, rrsigs, strict=True))
        self.made += len(made)
        found = tuple(made.get(place) or self._known[place] for place in places)
        self._known |= made
        while len(self._known) > self._limit:
            del self._known[next(iter(self._known))]
        return found


class ZoneSigner:
    """Be the emulated root: publish and sign what a timeline says, with the keys of a ring.

    `watermark` is the scenario's name; `spread` is how many signatures at a time are made. A pure function of
    time: the same instant gives the same bytes, whatever was asked before. Raises KeyFileError when a key
    that is needed cannot be had.
    """

    def __init__(
        self,
        timeline: Timeline,
        keyring: KeyRing,
        *,
        watermark: str = "",
        cycle: SigningCycle = ROOT_CYCLE,
        store: SignatureStore | None = None,
        spread: Spread = map,
    ) -> None:
        """Take the parts; nothing is loaded or signed yet."""
        self.timeline = timeline
        self.keyring = keyring
        self.watermark = watermark
        self.child_names: ChildNames | None = CHILDREN
        self.store = store if store is not None else SignatureStore()
        self._cycle = cycle
        self._spread = spread
        self._dnskeys: dict[Instant, SignedRRset] = {}
        self._now: tuple[Instant, Instant, SignedRRset] | None = None

    @property
    def child_key(self) -> Key:
        """Return the one key of the signed child."""
        return self.keyring.key(CHILD_KEY)

    def dnskey(self, now: Instant) -> SignedRRset | None:
        """Return the DNSKEY RRset of the step in force with its signatures, None before the timeline's start.

        Revoked keys carry the REVOKE bit, and sign under their revoked tag (RFC 5011 section 2.1). One step
        gives one object.
        """
        if self._now is not None and self._now[0] <= now < self._now[1]:
            return self._now[2]
        if now < self.timeline.start:
            return None
        step = self.timeline.step(now)
        found = self._dnskeys.get(step.at)
        if found is None:
            found = self._dnskeys[step.at] = self._sign_dnskey(step)
        self._now = (step.at, self._change_after(now), found)
        return found

    def edition(self, now: Instant, zone: bytes = ROOT) -> Edition:
        """Return the version of a zone's data in force. Raises TimelineError before the timeline's start.

        The root's data changes with each signing and with each step of the timeline.
        """
        cycle = self._cycle if zone == ROOT else CHILD_CYCLE
        signings = (now - cycle.delay - cycle.offset) // cycle.interval
        inception = signings * cycle.interval + cycle.offset
        start = inception + cycle.delay
        until = start + cycle.interval
        expiration = inception + cycle.validity
        if zone == ROOT:
            start = max(start, self.timeline.step(now).at)
            until = min(until, self._change_after(now))
        return Edition(start, until, inception, expiration)

    def signed(self, rrset: RRset, now: Instant, zone: bytes = ROOT) -> SignedRRset:
        """Return zone data with its signatures: by the zone signers in the root, by the child's key below.

        Data of the unsigned child comes back without any; the root's DNSKEY RRset is that of `dnskey`.
        Raises TimelineError before the timeline's start.
        """
        if zone == ROOT and rrset.rrtype == DNSKEY:
            served = self.dnskey(now)
            assert served is not None
            assert served.rrset == rrset, "a DNSKEY RRset that is not the one served"
            return served
        signers = self._zone_keys(now, zone)
        if not signers:
            return SignedRRset(rrset, ())
        window = self.edition(now, zone)
        return SignedRRset(
            rrset,
            tuple(self.store.sign(rrset, key, zone, window.inception, window.expiration) for key in signers),
        )

    def signed_all(
        self, rrsets: Iterable[RRset], now: Instant, zone: bytes = ROOT
    ) -> tuple[SignedRRset, ...]:
        """Return what `signed` returns for each RRset; the signatures not made yet are made together."""
        asked = tuple(rrsets)
        signers = self._zone_keys(now, zone)
        window = self.edition(now, zone)
        wanted = [
            Signing(rrset, key, zone, window.inception, window.expiration)
            for rrset in asked
            if rrset.rrtype != DNSKEY
            for key in signers
        ]
        made = iter(self.store.sign_all(wanted, self._spread))
        return tuple(
            self.signed(rrset, now, zone)
            if rrset.rrtype == DNSKEY
            else SignedRRset(rrset, tuple(islice(made, len(signers))))
            for rrset in asked
        )

    def _zone_keys(self, now: Instant, zone: bytes) -> tuple[SigningKey, ...]:
        """Return who signs the data of a zone at an instant: nobody that of the unsigned child."""
        if zone == ROOT:
            keys = self.timeline.key_set(now)
            return tuple(self._signing_key(keys, name) for name in keys.zone_signers)
        return (self.keyring.get(CHILD_KEY),) if zone == CHILDREN.secure else ()

    def _sign_dnskey(self, step: Step) -> SignedRRset:
        """Build and sign the DNSKEY RRset of a step."""
        keys = step.keys
        rdatas = [self._signing_key(keys, name).key.rdata for name in keys.published]
        rrset = make_rrset(ROOT, DNSKEY, self.timeline.dnskey_ttl, rdatas)
        signers = [self._signing_key(keys, name) for name in keys.dnskey_signers]
        return SignedRRset(
            rrset,
            tuple(self.store.sign(rrset, key, ROOT, step.inception, step.expiration) for key in signers),
        )

    def _signing_key(self, keys: KeySet, name: str) -> SigningKey:
        """Return a key with the flags of its role in a key set."""
        flags = KSK_FLAGS if name in keys.ksks else ZSK_FLAGS
        return self.keyring.get(name, flags | REVOKE if name in keys.revoked else flags)

    def _change_after(self, now: Instant) -> Instant:
        """Return the instant of the timeline's next step, or FOREVER."""
        change = self.timeline.next_change(now)
        return FOREVER if change is None else change
