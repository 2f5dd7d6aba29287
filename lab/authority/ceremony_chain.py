"""Hold ceremony files together: the thread of keys from quarter to quarter, and the waits of RFC 5011."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..clock import DAY, Seconds, format_duration
from ..dnssec.keys import DS, Key
from ..errors import TimelineError
from . import lint
from .ceremony import Bundle, CeremonyFile, CeremonyKey
from .ceremony_calendar import schema_of
from .ceremony_rules import Complaint, Given, Identity, Rule, ksks, named, signers, zsks
from .ceremony_xml import short, shown
from .slots import may_follow
from .timeline import KeySet, Step, Timeline

_ZSK_SAFETY: Seconds = 20 * DAY
"""PublishSafety P10D and RetireSafety P10D, where a file has no policy of its own (facts.md 2.1)."""
_OVERLAP = (9 * DAY, 16 * DAY)
"""MinValidityOverlap and MaxValidityOverlap of the root's KSK, likewise."""


def _check_keys(given: Given) -> Iterator[Complaint]:
    """Compare the keys at a seam of two files: those of slot 9 are those of the next slot 1."""
    for file in given.line:
        before = given.before(file)
        if before is None:
            continue
        last, first = before.bundles[-1], file.bundles[0]
        both = before.kind == file.kind == "skr"
        old = {key.key.rdata: key for key in last.keys if both or not key.key.is_sep}
        new = {key.key.rdata: key for key in first.keys if both or not key.key.is_sep}
        earlier = before.place(last)
        for rdata, key in new.items():
            if rdata not in old:
                yield file, first, f"key {_shown(key)} is not in {earlier}"
        for rdata, key in old.items():
            if rdata not in new:
                yield file, first, f"it lacks key {_shown(key)} of {earlier}"


def _check_schema(given: Given) -> Iterator[Complaint]:
    """Find a quarter whose schema cannot come after the one before."""
    for file in given.responses:
        before = given.before(file)
        old = schema_of(before) if before is not None else None
        new = schema_of(file)
        if before is not None and old and new and not may_follow(new.schema, old.schema):
            yield file, None, f"{new.schema} cannot follow {old.schema} of {shown(before.file)}"


def _check_overlap(given: Given) -> Iterator[Complaint]:
    for file in given.line:
        before = given.before(file)
        if before is None or before.kind != file.kind:
            continue
        policy = file.ksk_policy if file.kind == "skr" else file.zsk_policy
        low, high = _OVERLAP
        if policy is not None:
            low = low if policy.min_overlap is None else policy.min_overlap
            high = high if policy.max_overlap is None else policy.max_overlap
        last, first = before.bundles[-1], file.bundles[0]
        # Up to 2016 a bundle ended a second before its day was over.
        overlap = last.expiration - first.inception
        if not low - 1 <= overlap <= high + 1:
            limits = f"{format_duration(low)} to {format_duration(high)}"
            yield file, first, f"it overlaps {before.place(last)} by {format_duration(overlap)}, not {limits}"


def _check_zsk_safety(given: Given) -> Iterator[Complaint]:
    """Find a ZSK that is alone sooner than PublishSafety and RetireSafety after it was first published."""
    for line in _lines(given.line):
        since: dict[Identity, Bundle] = dict.fromkeys(zsks(line[0][1]), line[0][1])
        for (_, before), (file, bundle) in pairwise(line):
            for zsk in zsks(bundle):
                since.setdefault(zsk, bundle)
            alone = zsks(bundle)
            if len(alone) != 1 or zsks(before) == alone or since[alone[0]] is line[0][1]:
                continue
            span, wanted = bundle.inception - since[alone[0]].inception, _zsk_safety(file)
            if span < wanted:
                said = f"is alone {format_duration(span)} after it came, not {format_duration(wanted)}"
                yield file, bundle, f"ZSK {named(bundle, alone[0])} {said}"


def _zsk_safety(file: CeremonyFile) -> Seconds:
    policy = file.zsk_policy
    if policy is None or policy.publish_safety is None or policy.retire_safety is None:
        return _ZSK_SAFETY
    return policy.publish_safety + policy.retire_safety


def _lines(files: tuple[CeremonyFile, ...]) -> Iterator[list[tuple[CeremonyFile, Bundle]]]:
    """Yield what follows on without a gap, by kind and zone: bundles in time, one for each inception."""
    for kind, owner in dict.fromkeys((file.kind, file.owner) for file in files):
        chosen = {
            bundle.inception: (file, bundle)
            for file in reversed(files)
            for bundle in reversed(file.bundles)
            if (file.kind, file.owner) == (kind, owner)
        }
        line: list[tuple[CeremonyFile, Bundle]] = []
        for _, pair in sorted(chosen.items()):
            if line and line[-1][1].expiration < pair[1].inception:
                yield line
                line = []
            line.append(pair)
        yield line


def _check_waits(given: Given, identifier: str) -> Iterator[Complaint]:
    """Find what `lab.authority.lint` says of the waits in a line of responses."""
    for line in _lines(given.responses):
        places = {bundle.inception: (file, bundle) for file, bundle in line}
        try:
            timeline = _timeline(line)
        except TimelineError:
            continue  # no resolver could use it, and other rules say why
        for warning in lint.lint(timeline):
            if warning.identifier == identifier:
                yield (*places[warning.at], warning.message)


def _check_add_wait(given: Given) -> Iterator[Complaint]:
    return _check_waits(given, lint.ADD_WAIT)


def _check_remove_wait(given: Given) -> Iterator[Complaint]:
    return _check_waits(given, lint.REMOVE_WAIT)


def _timeline(line: list[tuple[CeremonyFile, Bundle]]) -> Timeline:
    """Return a line of responses as a timeline. Raises TimelineError for what cannot be served."""
    names: dict[Identity, str] = {}
    for _, bundle in line:
        for key in bundle.keys:
            label = f"{short(key.identifier)} ({key.key.key_tag})"
            if key.key.identity not in names:
                names[key.key.identity] = label if label not in names.values() else f"{label} {len(names)}"
    steps = tuple(
        Step(bundle.inception, _key_set(bundle, names), bundle.inception, bundle.expiration)
        for _, bundle in line
    )
    return Timeline(steps, max(bundle.ttl for _, bundle in line))


def _key_set(bundle: Bundle, names: dict[Identity, str]) -> KeySet:
    entries = ksks(bundle)
    revoked = {key.key.identity for key in bundle.keys if key.key.is_revoked}
    return KeySet(
        ksks=tuple(names[key] for key in entries),
        zsks=tuple(names[key] for key in zsks(bundle) if key not in entries),
        revoked=tuple(names[key] for key in entries if key in revoked),
        dnskey_signers=tuple(names[key] for key in signers(bundle)),
        zone_signers=(),
    )


def _check_revoked(given: Given) -> Iterator[Complaint]:
    """Find a key that was revoked and is published without REVOKE later."""
    gone: dict[tuple[bytes, Identity], str] = {}
    for file in given.responses:
        for bundle in file.bundles:
            for key in bundle.keys:
                place = (file.owner, key.key.identity)
                if key.key.is_revoked:
                    gone.setdefault(place, file.place(bundle))
                elif place in gone:
                    yield file, bundle, f"key {_shown(key)} was revoked in {gone[place]}"


def _check_ids(given: Given) -> Iterator[Complaint]:
    """Find an id that two files of a kind have, or a bundle's id that stands in two."""
    files: dict[tuple[str, str], CeremonyFile] = {}
    bundles: dict[tuple[str, str], CeremonyFile] = {}
    for file in given.files:
        other = files.setdefault((file.kind, file.id), file)
        if other is not file:
            yield file, None, f"its id {short(file.id)} is that of {shown(other.file)}"
        for bundle in file.bundles:
            other = bundles.setdefault((file.kind, bundle.id), file)
            if other is not file:
                yield file, bundle, f"its id stands in {shown(other.file)}, too"


def _check_domains(given: Given) -> Iterator[Complaint]:
    for file in given.files:
        if file.owner != given.files[0].owner:
            first = given.files[0]
            yield file, None, f"it is for {short(file.domain)}, {shown(first.file)} for {short(first.domain)}"


def _check_anchors(given: Given) -> Iterator[Complaint]:
    """Find a line of responses whose first bundle nobody with the given anchors can validate."""
    if not given.anchors:
        return
    for line in _lines(given.responses):
        file, bundle = line[0]
        signing = signers(bundle)
        known = [
            key
            for key in bundle.keys
            if key.key.identity in signing
            and not key.key.is_revoked
            and any(_trusts(anchor, file, key.key) for anchor in given.anchors)
        ]
        if not known:
            names = " and ".join(named(bundle, identity) for identity in signing) or "nobody"
            yield file, bundle, f"it is signed by {names}, and that is none of the anchors given"


def _trusts(anchor: DS | Key, file: CeremonyFile, key: Key) -> bool:
    if isinstance(anchor, DS):
        return anchor.matches(file.owner, key)
    return anchor.identity == key.identity and not anchor.is_revoked


def _shown(key: CeremonyKey) -> str:
    return f"{short(key.identifier)} ({key.key.tag})"


_HARD = "draft-ietf-dnsop-rfc5011-security-considerations-13"
_TOOLS = "IANA's dnssec-keytools"

CHAIN_RULES: tuple[Rule, ...] = (
    Rule(
        "CER-CHAIN-KEYS", "error", "the first bundle of a quarter has the keys of the last bundle before it",
        _TOOLS, _check_keys,
    ),
    Rule(
        "CER-CHAIN-SCHEMA", "note", "a quarter's schema may follow that of the quarter before it",
        "IANA's ksrsigner.yaml", _check_schema,
    ),
    Rule(
        "CER-CHAIN-OVERLAP", "note", "two quarters overlap as the policy of the second demands",
        _TOOLS, _check_overlap,
    ),
    Rule(
        "CER-ZSK-SAFETY", "error",
        "a ZSK is alone no sooner than PublishSafety and RetireSafety after it came",
        _TOOLS, _check_zsk_safety,
    ),
    Rule(
        "CER-ADD-WAIT", "error", "a KSK signs alone no sooner than addWaitTime allows", _HARD, _check_add_wait
    ),
    Rule(
        "CER-REMOVE-WAIT", "note", "a revoked KSK stays published for remWaitTime", _HARD, _check_remove_wait
    ),
    Rule(
        "CER-REVOKED-BACK", "error", "a revoked key never returns unrevoked",
        "RFC 5011 section 2.1", _check_revoked,
    ),
    Rule("CER-ID", "note", "ids of files and bundles stand in one file of a kind", _TOOLS,
         _check_ids),
    Rule("CER-DOMAIN", "note", "all files are for one zone", _TOOLS, _check_domains),
    Rule(
        "CER-ANCHOR", "error", "a key of --anchors signs the first response", "RFC 5011 section 2.2",
        _check_anchors,
    ),
)  # fmt: skip
"""The rules for several files, in the order their findings come."""
