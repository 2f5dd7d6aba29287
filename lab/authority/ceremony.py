"""Read the files of a root key ceremony: key signing requests (KSR) and the signed responses (SKR).

Both are one XML format without namespace (facts 8.5): `KSR` holds a `Request` or a `Response`, that a policy
and bundles, a bundle one DNSKEY RRset for one slot. A response carries the KSK's signature over the RRset, a
request a proof of possession by every ZSK. What is read here is only well formed; `ceremony_verify` says
whether it is true. Attributes that are not known are ignored, elements that are not known are noted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from ..clock import Instant, Seconds
from ..dnssec.keys import Key
from ..dnssec.names import MalformedName, name_from_text
from ..dnssec.rrset import RRset, Rrsig, SignedRRset, make_rrset
from ..dnssec.rrtypes import DNSKEY
from .ceremony_xml import (
    DAMAGED,
    MAX_U32,
    Node,
    attribute,
    bounded,
    duration_of,
    instant_of,
    integer,
    octets_of,
    optional,
    parse_xml,
    read_limited,
    refuse,
    several,
    short,
    shown,
    text_of,
)

MAX_BUNDLES = 64
"""Bundles in a file; the root has 9 a quarter."""
MAX_KEYS = 64
MAX_SIGNATURES = 64
MAX_POLICY_ALGORITHMS = 64
MAX_UNKNOWN = 64
"""Places of unknown elements that are kept; a file with more is no better known by them."""
MAX_PUBLIC_KEY_OCTETS = MAX_SIGNATURE_OCTETS = 16_384
"""RSA-4096 has 515 and 512; signatures of what may come after it are larger (FIPS 205: 7856)."""
MAX_MESSAGE_OCTETS = 65_535
"""Largest DNS message (RFC 1035 section 4.2.2): an RRset that does not fit can never be served."""

_MAX_TTL = 2**31 - 1  # RFC 2181 section 8
_BARE = re.compile(r"T[0-9:.]+\Z")
_KINDS = {"Request": "ksr", "Response": "skr"}
_KEY_FIELDS = ("TTL", "Flags", "Protocol", "Algorithm", "PublicKey")
_SIGNATURE_FIELDS = (
    "TTL", "TypeCovered", "Algorithm", "Labels", "OriginalTTL", "SignatureExpiration", "SignatureInception",
    "KeyTag", "SignersName", "SignatureData",
)  # fmt: skip
_POLICY_FIELDS = (
    "PublishSafety", "RetireSafety", "MaxSignatureValidity", "MinSignatureValidity", "MaxValidityOverlap",
    "MinValidityOverlap", "SignatureAlgorithm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CeremonyKey:
    """Hold one `Key` element: the key, the TTL in seconds, and what the file says of it.

    `identifier` is the signer's own name for it (`Kjqmt7v`, or the DER of a certificate name in hex);
    `key_tag` the attribute as written, which may be wrong.
    """

    identifier: str
    key_tag: int
    ttl: Seconds
    key: Key


@dataclass(frozen=True, slots=True)
class CeremonySignature:
    """Hold one `Signature` element: the RRSIG, its TTL in seconds, and the identifier of the key it names."""

    identifier: str
    ttl: Seconds
    rrsig: Rrsig


@dataclass(frozen=True)
class Bundle:
    """Hold one slot of a ceremony file: its DNSKEY RRset, its signatures, and the window it is meant for.

    `number` counts from 1 in file order. Keys and signatures keep file order. `wanted_signers` are the
    identifiers of the KSKs a request asks to be signed with, if it says so.
    """

    number: int
    id: str
    owner: bytes
    inception: Instant
    expiration: Instant
    keys: tuple[CeremonyKey, ...]
    signatures: tuple[CeremonySignature, ...]
    wanted_signers: tuple[str, ...] = ()

    @property
    def ttl(self) -> Seconds:
        """Return the TTL of the RRset: the lowest the file gives (RFC 2181 section 5.2)."""
        return min(key.ttl for key in self.keys)

    @cached_property
    def rrset(self) -> RRset:
        """Return the DNSKEY RRset in canonical order."""
        return make_rrset(self.owner, DNSKEY, self.ttl, tuple(key.key.rdata for key in self.keys))

    @cached_property
    def signed(self) -> SignedRRset:
        """Return the RRset with exactly the signatures of the file, verified or not."""
        return SignedRRset(self.rrset, tuple(signature.rrsig for signature in self.signatures))

    @property
    def response_size(self) -> int:
        """Return the octets of the answer to a DNSKEY query with EDNS and DO, over UDP without other options.

        Header 12, question, OPT 11 and the records, owner names compressed (facts: 864 to 1425 at the root).
        """
        fixed = 12 + len(self.owner) + 4 + 11
        record = min(len(self.owner), 2) + 10
        rrsigs = sum(record + len(signature.rrsig.rdata) for signature in self.signatures)
        return fixed + rrsigs + sum(record + len(rdata) for rdata in self.rrset.rdatas)

    def signer(self, signature: CeremonySignature) -> CeremonyKey | None:
        """Return the key of this bundle that a signature claims to be by, or None.

        Tag and algorithm decide, as for a resolver; the identifier only between keys that share them.
        """
        found = self.candidates(signature)
        return found[0] if found else None

    def candidates(self, signature: CeremonySignature) -> tuple[CeremonyKey, ...]:
        """Return the keys with a signature's tag and algorithm, the one with its identifier first."""
        rrsig = signature.rrsig
        found = [k for k in self.keys if (k.key.tag, k.key.algorithm) == (rrsig.key_tag, rrsig.algorithm)]
        return tuple(sorted(found, key=lambda key: key.identifier != signature.identifier))


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """Hold the policy for one role, durations in seconds, None where the file does not say.

    `algorithms` lists (algorithm, key bits or None, RSA exponent or None).
    """

    publish_safety: Seconds | None
    retire_safety: Seconds | None
    max_validity: Seconds | None
    min_validity: Seconds | None
    max_overlap: Seconds | None
    min_overlap: Seconds | None
    algorithms: tuple[tuple[int, int | None, int | None], ...]


@dataclass(frozen=True, slots=True)
class CeremonyFile:
    """Hold a whole KSR or SKR. `file` is the path as given, `digest` the SHA-256 of its octets in hex.

    `unknown` lists the places of elements the format does not have, the first 64. `bare_windows` tells that
    the bundles' windows are written without an offset from UTC, as requests were up to 2017.
    """

    file: str
    digest: str
    kind: str
    id: str
    domain: str
    serial: int
    ksk_policy: SignaturePolicy | None
    zsk_policy: SignaturePolicy | None
    bundles: tuple[Bundle, ...]
    unknown: tuple[str, ...]
    bare_windows: bool = False

    @property
    def owner(self) -> bytes:
        """Return the domain as a wire name."""
        return self.bundles[0].owner

    def place(self, bundle: Bundle) -> str:
        """Return how errors call a bundle: `file: bundle 3 (id)`."""
        return f"{shown(self.file)}: {bundle_text(bundle.number, bundle.id)}"


def bundle_text(number: int, bundle_id: str) -> str:
    """Return a bundle's number and id as errors and findings show them."""
    return f"bundle {number} ({short(bundle_id)})"


def read_ceremony(path: Path) -> CeremonyFile:
    """Read a KSR or SKR from a regular file of at most 16 MiB. Raises CeremonyError and nothing else."""
    return parse_ceremony(read_limited(path), str(path))


def parse_ceremony(data: bytes, file: str) -> CeremonyFile:
    """Read a KSR or SKR from its octets; `file` is its name in errors. Raises CeremonyError, nothing else."""
    root = parse_xml(data, file)
    if root.tag != "KSR":
        refuse(shown(file), f"the root element is {short(root.tag)}, not KSR", "give a KSR or SKR file")
    return _Reader(file).file_of(root, sha256(data).hexdigest())


class _Reader:
    """Turn a bounded tree into a `CeremonyFile`, keeping the places of unknown elements on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.place = shown(file)
        self.unknown: list[str] = []

    def file_of(self, root: Node, digest: str) -> CeremonyFile:
        place = self.place
        bodies = [child for child in root.children if child.tag in _KINDS]
        if len(bodies) != 1:
            problem = "more than one Request or Response" if bodies else "neither Request nor Response"
            refuse(f"{place}: KSR", problem, DAMAGED)
        self._note_unknown(root, tuple(_KINDS), f"{place}: KSR")
        domain = attribute(root, "domain", f"{place}: KSR")
        try:
            owner = name_from_text(domain)
        except MalformedName as error:
            refuse(f"{place}: KSR: domain", short(str(error), 120), DAMAGED)
        body = bodies[0]
        ksk_policy, zsk_policy = self._policies(body)
        return CeremonyFile(
            file=self.file,
            digest=digest,
            kind=_KINDS[body.tag],
            id=attribute(root, "id", f"{place}: KSR"),
            domain=domain,
            serial=bounded(attribute(root, "serial", f"{place}: KSR"), MAX_U32, f"{place}: KSR: serial"),
            ksk_policy=ksk_policy,
            zsk_policy=zsk_policy,
            bundles=self._bundles(body, owner),
            unknown=tuple(self.unknown),
            bare_windows=_has_bare_window(body),
        )

    def _bundles(self, body: Node, owner: bytes) -> tuple[Bundle, ...]:
        tag = f"{body.tag}Bundle"
        place = f"{self.place}: {body.tag}"
        self._note_unknown(body, (f"{body.tag}Policy", tag), place)
        nodes = several(body, tag, MAX_BUNDLES, place)
        return tuple(self._bundle(node, number, owner) for number, node in enumerate(nodes, 1))

    def _bundle(self, node: Node, number: int, owner: bytes) -> Bundle:
        bundle_id = attribute(node, "id", f"{self.place}: bundle {number}")
        place = f"{self.place}: {bundle_text(number, bundle_id)}"
        self._note_unknown(node, ("Inception", "Expiration", "Signer", "Key", "Signature"), place)
        inception, expiration = instant_of(node, "Inception", place), instant_of(node, "Expiration", place)
        keys = enumerate(several(node, "Key", MAX_KEYS, place), 1)
        signatures = enumerate(several(node, "Signature", MAX_SIGNATURES, place), 1)
        bundle = Bundle(
            number=number,
            id=bundle_id,
            owner=owner,
            inception=inception,
            expiration=expiration,
            keys=tuple(self._key(key, f"{place}: key {n}") for n, key in keys),
            signatures=tuple(self._signature(sig, f"{place}: signature {n}") for n, sig in signatures),
            wanted_signers=_wanted_signers(node, place),
        )
        if bundle.response_size > MAX_MESSAGE_OCTETS:
            refuse(place, f"an answer of {bundle.response_size} octets fits no DNS message", DAMAGED)
        return bundle

    def _key(self, node: Node, place: str) -> CeremonyKey:
        self._note_unknown(node, _KEY_FIELDS, place)
        return CeremonyKey(
            identifier=attribute(node, "keyIdentifier", place),
            key_tag=bounded(attribute(node, "keyTag", place), 65_535, f"{place}: keyTag"),
            ttl=integer(node, "TTL", _MAX_TTL, place),
            key=Key(
                flags=integer(node, "Flags", 65_535, place),
                algorithm=integer(node, "Algorithm", 255, place),
                public_key=octets_of(node, "PublicKey", MAX_PUBLIC_KEY_OCTETS, place),
                protocol=integer(node, "Protocol", 255, place),
            ),
        )

    def _signature(self, node: Node, place: str) -> CeremonySignature:
        self._note_unknown(node, _SIGNATURE_FIELDS, place)
        if (covered := text_of(node, "TypeCovered", place)) != "DNSKEY":
            refuse(f"{place}: TypeCovered", f"{short(covered)}, but a bundle holds DNSKEY only", DAMAGED)
        try:
            signer = name_from_text(text_of(node, "SignersName", place))
        except MalformedName as error:
            refuse(f"{place}: SignersName", short(str(error), 120), DAMAGED)
        rrsig = Rrsig(
            type_covered=DNSKEY,
            algorithm=integer(node, "Algorithm", 255, place),
            labels=integer(node, "Labels", 255, place),
            original_ttl=integer(node, "OriginalTTL", _MAX_TTL, place),
            expiration=instant_of(node, "SignatureExpiration", place),
            inception=instant_of(node, "SignatureInception", place),
            key_tag=integer(node, "KeyTag", 65_535, place),
            signer=signer,
            signature=octets_of(node, "SignatureData", MAX_SIGNATURE_OCTETS, place),
        )
        identifier = attribute(node, "keyIdentifier", place)
        return CeremonySignature(identifier, integer(node, "TTL", _MAX_TTL, place), rrsig)

    def _policies(self, body: Node) -> tuple[SignaturePolicy | None, SignaturePolicy | None]:
        tag = f"{body.tag}Policy"
        place = f"{self.place}: {tag}"
        node = optional(body, tag, f"{self.place}: {body.tag}")
        if node is None:
            return None, None
        self._note_unknown(node, ("KSK", "ZSK"), place)
        roles = (optional(node, role, place) for role in ("KSK", "ZSK"))
        ksk, zsk = (None if role is None else self._policy(role, f"{place}: {role.tag}") for role in roles)
        return ksk, zsk

    def _policy(self, node: Node, place: str) -> SignaturePolicy:
        self._note_unknown(node, _POLICY_FIELDS, place)
        nodes = [child for child in node.children if child.tag == "SignatureAlgorithm"]
        if len(nodes) > MAX_POLICY_ALGORITHMS:
            refuse(place, f"more than {MAX_POLICY_ALGORITHMS} SignatureAlgorithm", DAMAGED)
        return SignaturePolicy(
            publish_safety=duration_of(node, "PublishSafety", place),
            retire_safety=duration_of(node, "RetireSafety", place),
            max_validity=duration_of(node, "MaxSignatureValidity", place),
            min_validity=duration_of(node, "MinSignatureValidity", place),
            max_overlap=duration_of(node, "MaxValidityOverlap", place),
            min_overlap=duration_of(node, "MinValidityOverlap", place),
            algorithms=tuple(_algorithm(child, f"{place}: SignatureAlgorithm") for child in nodes),
        )

    def _note_unknown(self, node: Node, known: tuple[str, ...], place: str) -> None:
        found = [f"{place}: {short(child.tag)}" for child in node.children if child.tag not in known]
        self.unknown += found[: MAX_UNKNOWN - len(self.unknown)]


def _has_bare_window(body: Node) -> bool:
    """Tell whether the first window a body has ends in its seconds: no Z and no offset."""
    found = (child for bundle in body.children for child in bundle.children if child.tag == "Inception")
    return _BARE.search(next(found).text.strip()) is not None


def _wanted_signers(node: Node, place: str) -> tuple[str, ...]:
    found = [child for child in node.children if child.tag == "Signer"]
    if len(found) > MAX_KEYS:
        refuse(place, f"more than {MAX_KEYS} Signer", DAMAGED)
    return tuple(attribute(child, "keyIdentifier", f"{place}: Signer") for child in found)


def _algorithm(node: Node, place: str) -> tuple[int, int | None, int | None]:
    number = bounded(attribute(node, "algorithm", place), 255, f"{place}: algorithm")
    for child in node.children:
        if "size" in child.attributes:
            size = bounded(child.attributes["size"], 65_535, f"{place}: size")
            exponent = child.attributes.get("exponent")
            if exponent is None:
                return number, size, None
            return number, size, bounded(exponent, MAX_U32, f"{place}: exponent")
    return number, None, None
