"""Make the KSR and SKR of a quarter from a timeline, as a ceremony of the lab would.

An SKR holds the very RRsets and signatures the lab serves (`ZoneSigner.dnskey`); a KSR the ZSKs alone, with a
proof by each that its owner has it. The keys are the lab's or the scenario's own: a `KeyRing` gives no key of
the real root away, so none of these files can pass for one of the root's.

A file says less than a timeline: a bundle is in force from its inception, not from the hour at which the zone
goes out, and nothing tells who signs the zone. `as_told` is what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..clock import DAY, Instant, Seconds, format_instant
from ..dnssec.crypto import ECDSA_COORDINATE, RSA_ALGORITHMS, split_rsa
from ..dnssec.keys import REVOKE, Key
from ..dnssec.names import ROOT
from ..dnssec.rrset import Rrsig, make_rrset, sign_rrset
from ..dnssec.rrtypes import DNSKEY
from ..errors import CeremonyError, one_line
from .ceremony import (
    MAX_BUNDLES,
    Bundle,
    CeremonyFile,
    CeremonyKey,
    CeremonySignature,
    SignaturePolicy,
)
from .ceremony_write import write_ceremony
from .keyring import KSK_FLAGS, ZSK_FLAGS, KeyRing
from .signer import ZoneSigner
from .slots import quarter_of
from .timeline import KeySet, Step, Timeline

KINDS = ("ksr", "skr")

_REQUEST_LEAD: Seconds = 60 * DAY
"""How long before its first bundle a request is made: 2016Q3's 64 days, 2017Q2's 90 (KSRs)."""
_PROOF_VALIDITY: Seconds = 30 * DAY
"""The validity of a proof of possession in the requests of 2016Q3 and 2017Q2."""


class CeremonyExport:
    """Make ceremony files from a timeline and the keys of a ring; `scenario` marks them as what they are.

    Raises CeremonyError for a quarter that no file can hold, KeyFileError for a key that cannot be had.
    """

    def __init__(self, timeline: Timeline, keyring: KeyRing, scenario: str) -> None:
        """Take the parts; nothing is signed yet."""
        self.timeline = timeline
        self.scenario = one_line(scenario, 120)
        self._ring = keyring
        self._signer = ZoneSigner(timeline, keyring, watermark=scenario)
        self._by_quarter: dict[str, list[tuple[Instant, Step]]] = {}
        for begins, step in _begun(timeline):
            quarter = f"{step.slot.year}Q{step.slot.quarter}" if step.slot else quarter_of(begins)
            self._by_quarter.setdefault(quarter, []).append((begins, step))

    @property
    def quarters(self) -> tuple[str, ...]:
        """Return the quarters there are bundles for, ascending, as `2018Q4`."""
        return tuple(self._by_quarter)

    def file(self, quarter: str, kind: str) -> CeremonyFile:
        """Return the request (`ksr`) or the response (`skr`) of a quarter; its `digest` is empty."""
        found = self._by_quarter.get(quarter, [])
        if not found:
            raise CeremonyError(
                f"{self.scenario} has no slot in {quarter}",
                remedy=f"choose one from {self.quarters[0]} to {self.quarters[-1]}",
            )
        if len(found) > MAX_BUNDLES:
            raise CeremonyError(
                f"{len(found)} bundles in {quarter}, and a file holds at most {MAX_BUNDLES}",
                place=self.scenario,
                remedy="sign less often: authority.resign-every",
            )
        name = f"rootlab-{self.scenario}-{quarter}"
        made = max(0, found[0][0] - _REQUEST_LEAD)
        bundles = tuple(
            Bundle(
                number=number,
                id=f"{name}-{number}",
                owner=ROOT,
                inception=begins,
                expiration=self._expiration(begins, step),
                keys=self._keys(step.keys, kind),
                signatures=self._response(step) if kind == "skr" else self._proofs(step, made),
            )
            for number, (begins, step) in enumerate(found, 1)
        )
        return CeremonyFile(
            file=file_name(quarter, kind),
            digest="",
            kind=kind,
            id=name,
            domain=".",
            serial=0,
            ksk_policy=_policy(bundles, zone=False) if kind == "skr" else None,
            zsk_policy=_policy(bundles, zone=True),
            bundles=bundles,
            unknown=(),
        )

    def octets(self, quarter: str, kind: str) -> bytes:
        """Return the file of a quarter as XML, marked with scenario and instant."""
        file = self.file(quarter, kind)
        marks = (
            "emulated root, for tests only: made by rootlab with keys that are not the root's",
            f"_rootlab. TXT scenario={self.scenario} at={format_instant(file.bundles[0].inception)}",
        )
        return write_ceremony(file, marks)

    def _expiration(self, begins: Instant, step: Step) -> Instant:
        if begins >= step.expiration:
            raise CeremonyError(
                f"the signatures of {step.place()} expire as it begins, and a bundle cannot say so",
                place=self.scenario,
                remedy="let them be valid longer",
            )
        return step.expiration

    def _keys(self, keys: KeySet, kind: str) -> tuple[CeremonyKey, ...]:
        """Return the keys of a bundle, ZSKs first as in the root's own files."""
        ttl = self.timeline.dnskey_ttl
        named = [(name, self._ring.key(name, ZSK_FLAGS)) for name in keys.zsks]
        if kind == "skr":
            named += [(name, self._ring.key(name, _ksk_flags(keys, name))) for name in keys.ksks]
        return tuple(CeremonyKey(name, key.tag, ttl, key) for name, key in named)

    def _response(self, step: Step) -> tuple[CeremonySignature, ...]:
        """Return the signatures the lab serves while a step is in force."""
        signed = self._signer.dnskey(step.at)
        assert signed is not None
        ttl = self.timeline.dnskey_ttl
        named = zip(step.keys.dnskey_signers, signed.rrsigs, strict=True)
        return tuple(CeremonySignature(name, ttl, rrsig) for name, rrsig in named)

    def _proofs(self, step: Step, made: Instant) -> tuple[CeremonySignature, ...]:
        """Return a signature by every ZSK over the RRset of ZSKs, made when the request is."""
        if not step.keys.zsks:
            raise CeremonyError(
                f"{step.place()} has no ZSK, so there is nothing to request",
                place=self.scenario,
                remedy="export its responses: --kind skr",
            )
        ttl = self.timeline.dnskey_ttl
        signing = [(name, self._ring.get(name, ZSK_FLAGS)) for name in step.keys.zsks]
        rrset = make_rrset(ROOT, DNSKEY, ttl, (key.key.rdata for _, key in signing))
        proofs: list[tuple[str, Rrsig]] = [
            (name, sign_rrset(rrset, key, ROOT, made, made + _PROOF_VALIDITY)) for name, key in signing
        ]
        return tuple(CeremonySignature(name, ttl, rrsig) for name, rrsig in proofs)


def file_name(quarter: str, kind: str) -> str:
    """Return the name IANA's archive would give a file: `skr-root-2018-q4-0.xml`."""
    return f"{kind}-root-{quarter.lower().replace('q', '-q')}-0.xml"


def as_told(timeline: Timeline) -> Timeline:
    """Return a timeline as SKRs tell it: `ceremony_timeline` of the files made from it equals this."""
    steps = tuple(
        Step(
            at=begins,
            keys=_told_keys(step.keys),
            inception=begins,
            expiration=step.expiration,
            slot=step.slot if begins == step.inception else None,
        )
        for begins, step in _begun(timeline)
    )
    return Timeline(steps, timeline.dnskey_ttl)


def _told_keys(keys: KeySet) -> KeySet:
    """Return a key set in the order of a bundle, without the signers of the zone."""
    order = keys.zsks + keys.ksks
    return KeySet(
        ksks=keys.ksks,
        zsks=keys.zsks,
        revoked=tuple(name for name in keys.ksks if name in keys.revoked),
        dnskey_signers=tuple(name for name in order if name in keys.dnskey_signers),
        zone_signers=(),
    )


def _begun(timeline: Timeline) -> Iterator[tuple[Instant, Step]]:
    """Yield every step with the inception its bundle has.

    That of its slot, where it is the first of its slot; an extra step, such as an emergency makes, begins
    when it is served.
    """
    last = -1
    for step in timeline.steps:
        own = step.slot is not None and step.inception > last
        last = step.inception if own else step.at
        yield last, step


def _ksk_flags(keys: KeySet, name: str) -> int:
    return KSK_FLAGS | REVOKE if name in keys.revoked else KSK_FLAGS


def _policy(bundles: tuple[Bundle, ...], *, zone: bool) -> SignaturePolicy:
    """Return the policy that a quarter's bundles keep: the root's safety times, and what they have.

    The root's own of 2017: KSK publish safety 0, retire safety 28 days, ZSK 10 and 10 (facts.md 2.1).
    """
    spans = [bundle.expiration - bundle.inception for bundle in bundles]
    overlaps = [before.expiration - after.inception for before, after in pairwise(bundles)]
    keys = [key.key for bundle in bundles for key in bundle.keys if key.key.is_sep is not zone]
    return SignaturePolicy(
        publish_safety=10 * DAY if zone else 0,
        retire_safety=10 * DAY if zone else 28 * DAY,
        max_validity=_up(max(spans)),
        min_validity=_down(min(spans)),
        max_overlap=max([12 * DAY if zone else 16 * DAY, *map(_up, overlaps)]),
        min_overlap=max(0, min([9 * DAY, *map(_down, overlaps)])),
        algorithms=tuple(dict.fromkeys(_parameters(key) for key in keys)),
    )


def _up(seconds: Seconds) -> Seconds:
    """Round up to whole days, as policies count: 14 d 23:59:59 is P15D."""
    return -(-seconds // DAY) * DAY


def _down(seconds: Seconds) -> Seconds:
    """Round down to whole days, a second short counted as none: 14 d 23:59:59 is P15D."""
    return (seconds + 1) // DAY * DAY


def _parameters(key: Key) -> tuple[int, int | None, int | None]:
    """Return a key's algorithm with the size and exponent a policy names."""
    if key.algorithm in RSA_ALGORITHMS:
        exponent, modulus = split_rsa(key.public_key)
        return key.algorithm, modulus.bit_length(), exponent
    if key.algorithm in ECDSA_COORDINATE:
        return key.algorithm, 8 * ECDSA_COORDINATE[key.algorithm], None
    return key.algorithm, None, None
