"""Say whether ceremony files are true: every signature, every tag, every window, against one table of rules.

Each rule has an identifier that stays the same in code, output and tests. An `error` makes a file unfit to
publish; a `note` is worth a look and may stand in a good file. Times are compared with each other, never with
a clock: a file of 2010 is as verifiable as it was then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from ..clock import Seconds, format_duration, format_instant
from ..dnssec.crypto import RSA_ALGORITHMS, split_rsa
from ..dnssec.keys import SUPPORTED_ALGORITHMS, Key
from ..dnssec.names import name_to_text
from ..dnssec.rrset import verify_rrsig
from .ceremony import Bundle, CeremonyFile, CeremonySignature, SignaturePolicy, bundle_text
from .ceremony_xml import short, shown

Severity: TypeAlias = Literal["error", "note"]

_MAX_CANDIDATES = 4
"""Keys tried for one signature: several share a tag only by chance, or by malice (CVE-2023-50387)."""

_POLICY_SLACK: Seconds = 1
"""Up to 2016 a bundle ended at 23:59:59 and its policy counted whole days."""


@dataclass(frozen=True, slots=True)
class CeremonyFinding:
    """Report one rule broken: its identifier and severity, the file, the bundle if it is about one, and how.

    `bundle` counts from 1 in file order; `bundle_id` is "" and `bundle` None where the whole file is meant.
    """

    identifier: str
    severity: Severity
    file: str
    bundle: int | None
    bundle_id: str
    message: str

    @property
    def is_error(self) -> bool:
        """Tell whether this makes the file unfit to publish."""
        return self.severity == "error"

    def __str__(self) -> str:
        """Write the finding as one line: file, bundle, identifier and what is wrong."""
        bundle = "" if self.bundle is None else f"{bundle_text(self.bundle, self.bundle_id)}: "
        return f"{shown(self.file)}: {bundle}{self.identifier}: {self.message}"


class BundleRule(NamedTuple):
    """Bind an identifier to a check that yields one message per violation of it in one bundle."""

    identifier: str
    severity: Severity
    claim: str
    check: Callable[[CeremonyFile, Bundle], Iterator[str]]


def verify(files: Iterable[CeremonyFile]) -> tuple[CeremonyFinding, ...]:
    """Return what is wrong with ceremony files, in the order of files, bundles and rules.

    Several files are also held against each other: SKRs as one chain in time, an SKR against its KSR.
    """
    given = tuple(files)
    findings: list[CeremonyFinding] = []
    for file in given:
        findings += _verify_file(file)
    findings += _verify_chain(tuple(file for file in given if file.kind == "skr"))
    findings += _verify_answers(given)
    return tuple(findings)


def verified_signatures(file: CeremonyFile) -> int:
    """Count the signatures of a file that a key of their bundle made."""
    return sum(verifies(bundle, signature) for bundle in file.bundles for signature in bundle.signatures)


def verifies(bundle: Bundle, signature: CeremonySignature) -> bool:
    """Tell whether a key of the bundle made a signature over the bundle's RRset in the name of its zone."""
    rrsig = signature.rrsig
    return rrsig.signer == bundle.owner and any(
        verify_rrsig(bundle.rrset, rrsig, candidate.key)
        for candidate in bundle.candidates(signature)[:_MAX_CANDIDATES]
    )


def _signatures(bundle: Bundle) -> Iterator[tuple[str, CeremonySignature]]:
    for number, signature in enumerate(bundle.signatures, 1):
        yield f"signature {number} by {short(signature.identifier)} ({signature.rrsig.key_tag})", signature


def _check_signatures(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    for what, signature in _signatures(bundle):
        rrsig = signature.rrsig
        if not bundle.candidates(signature):
            yield f"{what} is by no key of the bundle with that tag and algorithm {rrsig.algorithm}"
        elif rrsig.algorithm not in SUPPORTED_ALGORITHMS:
            yield f"{what} cannot be checked: the lab does not know algorithm {rrsig.algorithm}"
        elif rrsig.signer != bundle.owner:
            yield f"{what} names {short(name_to_text(rrsig.signer))} as signer, not {short(file.domain)}"
        elif not verifies(bundle, signature):
            yield f"{what} does not verify"


def _check_possession(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    if file.kind != "ksr":
        return
    signers = [bundle.signer(signature) for signature in bundle.signatures]
    for key in bundle.keys:
        if key not in signers:
            yield f"key {short(key.identifier)} ({key.key.tag}) has no signature that proves its possession"


def _check_signer(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    if file.kind != "skr":
        return
    signers = (bundle.signer(signature) for signature in bundle.signatures)
    if not any(signer and signer.key.is_sep and not signer.key.is_revoked for signer in signers):
        yield "no KSK of the bundle that is not revoked signs it, so no resolver can validate it"


def _check_tags(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    for key in bundle.keys:
        if key.key_tag not in (key.key.tag, key.key.key_tag):
            yield f"key {short(key.identifier)} says keyTag {key.key_tag}, but its tag is {key.key.tag}"


def _check_identifiers(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    for what, signature in _signatures(bundle):
        signer = bundle.signer(signature)
        if signer is not None and signer.identifier != signature.identifier:
            yield f"{what} has the tag of key {short(signer.identifier)}"


def _check_revoked_tags(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    for key in bundle.keys:
        if key.key_tag != key.key.tag and key.key_tag == key.key.key_tag:
            yield (
                f"key {short(key.identifier)} says keyTag {key.key_tag}, its tag before it was revoked;"
                f" on the wire it is {key.key.tag} (RFC 5011 section 2.1)"
            )


def _check_keys(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    seen: dict[tuple[int, bytes], str] = {}
    for key in bundle.keys:
        if not key.key.is_zone_key:
            fields = f"flags {key.key.flags}, protocol {key.key.protocol}"
            yield f"key {short(key.identifier)} is no zone key: {fields} (RFC 4034 section 2.1)"
        if key.key.identity in seen:
            yield f"key {short(key.identifier)} ({key.key.tag}) is published twice"
        seen[key.key.identity] = key.identifier


def _check_window(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    window = (bundle.inception, bundle.expiration)
    if window[0] >= window[1]:
        yield f"it is valid {_window(*window)}, which is never"
    for what, signature in _signatures(bundle):
        own = (signature.rrsig.inception, signature.rrsig.expiration)
        if file.kind == "skr" and not own[0] <= window[0] <= window[1] <= own[1]:
            yield f"{what} is valid {_window(*own)}, but the bundle {_window(*window)}"
        elif own[0] >= own[1]:
            yield f"{what} is valid {_window(*own)}, which is never"


def _check_wide_window(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    for what, signature in _signatures(bundle):
        own = (signature.rrsig.inception, signature.rrsig.expiration)
        window = (bundle.inception, bundle.expiration)
        if file.kind == "skr" and own != window:
            yield f"{what} is valid {_window(*own)}, the bundle {_window(*window)}"


def _check_ttl(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    ttl = bundle.keys[0].ttl
    for key in bundle.keys:
        if key.ttl != ttl:
            yield f"key {short(key.identifier)} has TTL {key.ttl}, the first key {ttl} (RFC 2181 section 5.2)"
    for what, signature in _signatures(bundle):
        own = (signature.ttl, signature.rrsig.original_ttl)
        if own != (ttl, ttl):
            yield f"{what} has TTL {own[0]} and OriginalTTL {own[1]}, its keys have {ttl}"


def _check_algorithms(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    if file.kind != "skr":
        return
    signing = {signature.rrsig.algorithm for signature in bundle.signatures}
    for algorithm in sorted({key.key.algorithm for key in bundle.keys} - signing):
        yield f"keys of algorithm {algorithm} are published, but no signature has it (RFC 4035 section 2.2)"


def _check_revocation(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    signers = [bundle.signer(signature) for signature in bundle.signatures]
    for key in bundle.keys:
        if key.key.is_revoked and key not in signers:
            yield (
                f"key {short(key.identifier)} ({key.key.tag}) is revoked but does not sign,"
                " so no resolver takes notice (RFC 5011 section 2.1)"
            )


def _check_policy(file: CeremonyFile, bundle: Bundle) -> Iterator[str]:
    policy = _policy(file)
    if policy is None:
        return
    yield from _outside(
        "its validity", bundle.expiration - bundle.inception, policy.min_validity, policy.max_validity
    )
    for key in bundle.keys:
        role = file.ksk_policy if key.key.is_sep else file.zsk_policy
        if role is not None and role.algorithms and not _allowed(key.key, role):
            yield f"key {short(key.identifier)} ({key.key.tag}) is not of an algorithm and size in the policy"


def _policy(file: CeremonyFile) -> SignaturePolicy | None:
    """Return the policy on a file's windows: the KSK's in a response, the ZSK operator's in a request."""
    return file.ksk_policy if file.kind == "skr" else file.zsk_policy


def _allowed(key: Key, policy: SignaturePolicy) -> bool:
    exponent, bits = _rsa_numbers(key)
    return any(
        key.algorithm == algorithm
        and (bits is None or size is None or bits == size)
        and (exponent is None or wanted is None or exponent == wanted)
        for algorithm, size, wanted in policy.algorithms
    )


def _rsa_numbers(key: Key) -> tuple[int | None, int | None]:
    if key.algorithm not in RSA_ALGORITHMS:
        return None, None
    try:
        exponent, modulus = split_rsa(key.public_key)
    except ValueError:
        return None, None
    return exponent, modulus.bit_length()


def _outside(what: str, span: Seconds, low: Seconds | None, high: Seconds | None) -> Iterator[str]:
    if low is not None and span < low - _POLICY_SLACK:
        yield f"{what} is {format_duration(span)}, the file's policy wants at least {format_duration(low)}"
    if high is not None and span > high + _POLICY_SLACK:
        yield f"{what} is {format_duration(span)}, the file's policy wants at most {format_duration(high)}"


def _window(inception: int, expiration: int) -> str:
    return f"{format_instant(inception)} to {format_instant(expiration)}"


BUNDLE_RULES: tuple[BundleRule, ...] = (
    BundleRule(
        "CER-SIG", "error", "every signature is by a key of its bundle and verifies", _check_signatures
    ),
    BundleRule("CER-POP", "error", "a request proves possession of each of its keys", _check_possession),
    BundleRule("CER-SIGNER", "error", "a KSK that is not revoked signs each response bundle", _check_signer),
    BundleRule("CER-KEYTAG", "error", "every keyTag is the tag of its key", _check_tags),
    BundleRule("CER-IDENTIFIER", "note", "a signature names the key that has its tag", _check_identifiers),
    BundleRule(
        "CER-KEYTAG-REVOKED", "note", "a revoked key's keyTag counts the REVOKE bit", _check_revoked_tags
    ),
    BundleRule("CER-KEYS", "error", "every key is a zone key and published once", _check_keys),
    BundleRule("CER-WINDOW", "error", "signatures are valid as long as their bundle", _check_window),
    BundleRule("CER-WINDOW-EXACT", "note", "signatures are valid no longer than it", _check_wide_window),
    BundleRule("CER-TTL", "error", "keys and signatures share one TTL", _check_ttl),
    BundleRule("CER-ALGORITHM", "note", "every published algorithm signs", _check_algorithms),
    BundleRule("CER-REVOKE", "note", "a revoked key signs its own revocation", _check_revocation),
    BundleRule(
        "CER-POLICY", "note", "validity, overlap, algorithms and sizes keep the file's policy", _check_policy
    ),
)
"""The rules for one bundle, in the order their findings come."""

FILE_RULES: tuple[tuple[str, Severity, str], ...] = (
    ("CER-ORDER", "error", "bundles ascend in time, and none stands twice"),
    ("CER-OVERLAP", "error", "each bundle begins before the one before it has expired"),
    ("CER-UNKNOWN", "note", "the file has no element the format does not know"),
    ("CER-DUPLICATE", "note", "no two responses hold a bundle of the same inception"),
    ("CER-GAP", "note", "the next response begins before the one before it has expired"),
    ("CER-REQUEST", "error", "a response has the ZSKs and windows its request asked for"),
)
"""The rules beyond one bundle."""

_SEVERITY: dict[str, Severity] = {identifier: severity for identifier, severity, _ in FILE_RULES}


def _verify_file(file: CeremonyFile) -> Iterator[CeremonyFinding]:
    for place in file.unknown:
        yield _of_file(
            "CER-UNKNOWN", file, f"{place.removeprefix(f'{shown(file.file)}: ')} is not part of the format"
        )
    before: Bundle | None = None
    for bundle in file.bundles:
        for rule in BUNDLE_RULES:
            for message in rule.check(file, bundle):
                yield CeremonyFinding(
                    rule.identifier, rule.severity, file.file, bundle.number, bundle.id, message
                )
        if before is not None:
            yield from _verify_neighbours(file, before, bundle)
        before = bundle


def _verify_neighbours(file: CeremonyFile, before: Bundle, bundle: Bundle) -> Iterator[CeremonyFinding]:
    earlier = bundle_text(before.number, before.id)
    if bundle.inception <= before.inception:
        yield _of_bundle("CER-ORDER", file, bundle, f"it does not begin after {earlier}")
        return
    if any(other.id == bundle.id for other in file.bundles[: bundle.number - 1]):
        yield _of_bundle("CER-ORDER", file, bundle, "its id stands twice in the file")
    overlap = before.expiration - bundle.inception
    if overlap < 0:
        gap = format_duration(-overlap)
        yield _of_bundle("CER-OVERLAP", file, bundle, f"it begins {gap} after {earlier} has expired")
        return
    if (policy := _policy(file)) is not None:
        for message in _outside(
            f"its overlap with {earlier}", overlap, policy.min_overlap, policy.max_overlap
        ):
            yield CeremonyFinding("CER-POLICY", "note", file.file, bundle.number, bundle.id, message)


def _verify_chain(responses: tuple[CeremonyFile, ...]) -> Iterator[CeremonyFinding]:
    """Hold all responses together in time: bundles given twice, and times none of them covers."""
    line = sorted(
        ((file, bundle) for file in responses for bundle in file.bundles),
        key=lambda pair: (pair[1].owner, pair[1].inception),
    )
    for (file, bundle), (later, after) in pairwise(line):
        if file is later or bundle.owner != after.owner:
            continue
        earlier = file.place(bundle)
        if bundle.inception == after.inception:
            same = "the same" if bundle.signed == after.signed else "another"
            yield _of_bundle(
                "CER-DUPLICATE", later, after, f"{earlier} has the same inception, and {same} content"
            )
        elif bundle.expiration < after.inception:
            gap = format_duration(after.inception - bundle.expiration)
            yield _of_bundle("CER-GAP", later, after, f"it begins {gap} after {earlier} has expired")


def _verify_answers(files: tuple[CeremonyFile, ...]) -> Iterator[CeremonyFinding]:
    """Hold each response against the request of the same id: bundles keep their ids, windows and ZSKs."""
    requests = {file.id: file for file in files if file.kind == "ksr"}
    for file in files:
        request = requests.get(file.id) if file.kind == "skr" else None
        if request is None:
            continue
        asked = {bundle.id: bundle for bundle in request.bundles}
        for bundle in file.bundles:
            wanted = asked.pop(bundle.id, None)
            if wanted is None:
                yield _of_bundle("CER-REQUEST", file, bundle, f"{shown(request.file)} does not ask for it")
            elif _zone_keys(bundle) != _zone_keys(wanted):
                yield _of_bundle(
                    "CER-REQUEST", file, bundle, f"its ZSKs are not those of {request.place(wanted)}"
                )
            elif (bundle.inception, bundle.expiration) != (wanted.inception, wanted.expiration):
                yield _of_bundle(
                    "CER-REQUEST", file, bundle, f"its window is not that of {request.place(wanted)}"
                )
        for wanted in asked.values():
            yield _of_file("CER-REQUEST", file, f"it does not answer {request.place(wanted)}")


def _zone_keys(bundle: Bundle) -> tuple[bytes, ...]:
    return tuple(sorted(key.key.rdata for key in bundle.keys if not key.key.is_sep))


def _of_file(identifier: str, file: CeremonyFile, message: str) -> CeremonyFinding:
    return CeremonyFinding(identifier, _SEVERITY[identifier], file.file, None, "", message)


def _of_bundle(identifier: str, file: CeremonyFile, bundle: Bundle, message: str) -> CeremonyFinding:
    return CeremonyFinding(identifier, _SEVERITY[identifier], file.file, bundle.number, bundle.id, message)
