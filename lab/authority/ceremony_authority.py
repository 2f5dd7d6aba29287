"""Serve real ceremony files: exactly their DNSKEY RRsets and signatures, when they say, and nothing else.

Nobody outside the ceremony has the keys, so nothing is signed here and nothing invented: before the first
bundle, in a gap and after the last expiration there is no answer (design, section 6).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from ..clock import Instant, format_instant
from ..dnssec.keys import DS, Key
from ..dnssec.names import ROOT
from ..dnssec.rrset import SignedRRset
from ..errors import CeremonyError, TimelineError
from .ceremony import Bundle, CeremonyFile, CeremonyKey, read_ceremony
from .ceremony_xml import short, shown
from .slots import parse_quarter, quarter_of, slot_inception
from .timeline import KeySet, SlotId, Step, Timeline

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_HEX = re.compile(r"[0-9A-Fa-f]{8,}")
_VALIDITY_LIMIT = 2**31  # RFC 4034 section 3.1.5: serial arithmetic cannot order times further apart


def read_skrs(paths: Iterable[Path]) -> tuple[CeremonyFile, ...]:
    """Read the files a run is to replay, all of them signed responses. Raises CeremonyError."""
    files = tuple(read_ceremony(path) for path in paths)
    for file in files:
        _require_response(file)
    return files


def ceremony_timeline(files: Iterable[CeremonyFile]) -> Timeline:
    """Return SKRs as a timeline: every bundle is a step in force from its inception.

    A key is named by its identifier if that is a short label (`Kjqmt7v`), else `ksk-` or `zsk-` and its tag
    with REVOKE clear. Who signs the zone's data is not known. Raises CeremonyError for what cannot be served.
    """
    return SkrAuthority(files).timeline


def first_anchors(files: Iterable[CeremonyFile]) -> tuple[DS, ...]:
    """Return the SHA-256 DS of the KSKs that sign the first bundle and are not revoked, in file order.

    That is what a resolver must be configured with to validate from the beginning. Raises CeremonyError.
    """
    return SkrAuthority(files).first_anchors()


class SkrAuthority:
    """Be the root as ceremony files say: a function of time to the RRset and signatures of one bundle.

    A bundle is in force from its inception until the next one's, or until its own expiration, inclusive.
    Files and bundles may come in any order. Raises CeremonyError for a request, a domain other than the root,
    two bundles of one inception, and a bundle no resolver could use.
    """

    child_names: None = None
    """Only `. DNSKEY` exists: nobody has the zone signing keys."""

    def __init__(self, files: Iterable[CeremonyFile]) -> None:
        """Order the bundles and name the keys."""
        self.files = tuple(files)
        if not self.files:
            raise CeremonyError("no ceremony file given", remedy="give at least one SKR")
        self._line = _in_order(self.files)
        self._names = _key_names(self._line)
        self._inceptions = [bundle.inception for _, bundle in self._line]
        self.timeline = self._make_timeline()

    @property
    def start(self) -> Instant:
        """Return the first inception; nothing is served before it."""
        return self._inceptions[0]

    @property
    def end(self) -> Instant:
        """Return the last instant at which anything is served: the last bundle's expiration."""
        return self._line[-1][1].expiration

    def bundle(self, now: Instant) -> Bundle | None:
        """Return the bundle in force at an instant, or None before, between and after bundles."""
        index = bisect_right(self._inceptions, now)
        bundle = self._line[index - 1][1] if index else None
        return bundle if bundle is not None and now <= bundle.expiration else None

    def dnskey(self, now: Instant) -> SignedRRset | None:
        """Return the RRset in force with exactly the signatures of its file, or None where there is none."""
        bundle = self.bundle(now)
        return None if bundle is None else bundle.signed

    def next_change(self, after: Instant) -> Instant | None:
        """Return the first instant after `after` at which `dnskey` begins to answer otherwise, or None."""
        edges = sorted({*self._inceptions, *(start for start, _ in self.gaps()), self.end + 1})
        index = bisect_right(edges, after)
        return edges[index] if index < len(edges) else None

    def gaps(self) -> tuple[tuple[Instant, Instant], ...]:
        """Return the spans between bundles in which nothing is served, as (first instant, first after it)."""
        return tuple(
            (before.expiration + 1, after.inception)
            for (_, before), (_, after) in pairwise(self._line)
            if before.expiration + 1 < after.inception
        )

    def label(self, identity: tuple[int, bytes]) -> str | None:
        """Return the name of a key by its algorithm and public key, or None for one that is in no bundle."""
        return self._names.get(identity)

    def key(self, name: str) -> Key | None:
        """Return the key of a name in the timeline, without REVOKE, or None for one that is in no bundle."""
        for _, bundle in self._line:
            for key in bundle.keys:
                if self._names[key.key.identity] == name:
                    return key.key.unrevoked()
        return None

    def first_anchors(self) -> tuple[DS, ...]:
        """Return the SHA-256 DS of the KSKs that sign the first bundle and are not revoked, in file order."""
        _, first = self._line[0]
        signers = _trusted_signers(first)
        ksks = tuple(key for key in signers if key.key.is_sep)
        return tuple(dict.fromkeys(key.key.ds(first.owner) for key in ksks or signers))

    def _make_timeline(self) -> Timeline:
        steps = []
        for file, bundle in self._line:
            _check_servable(file, bundle)
            steps.append(
                Step(
                    at=bundle.inception,
                    keys=self._key_set(bundle),
                    inception=bundle.inception,
                    expiration=bundle.expiration,
                    slot=_slot(bundle.inception),
                )
            )
        try:
            return Timeline(tuple(steps), max(bundle.ttl for _, bundle in self._line))
        except TimelineError as error:
            raise CeremonyError(str(error), place=shown(self.files[0].file)) from None

    def _key_set(self, bundle: Bundle) -> KeySet:
        """Return a bundle's keys by name, each once; the tag breaks no tie, so they keep file order."""
        secure_entry = [key.key for key in bundle.keys if key.key.is_sep or key.key.is_revoked]
        others = [key.key for key in bundle.keys if not (key.key.is_sep or key.key.is_revoked)]
        ksks = self._names_of(secure_entry)
        return KeySet(
            ksks=ksks,
            zsks=tuple(name for name in self._names_of(others) if name not in ksks),
            revoked=self._names_of([key for key in secure_entry if key.is_revoked]),
            dnskey_signers=self._names_of([key.key for key in _signers(bundle)]),
            zone_signers=(),
        )

    def _names_of(self, keys: Iterable[Key]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._names[key.identity] for key in keys))


def _require_response(file: CeremonyFile) -> None:
    if file.kind != "skr":
        raise CeremonyError(
            "a request (KSR), which carries no signature by a KSK",
            place=shown(file.file),
            remedy="give the response (SKR)",
        )


def _in_order(files: tuple[CeremonyFile, ...]) -> tuple[tuple[CeremonyFile, Bundle], ...]:
    """Return all bundles with their files by inception, and refuse what cannot be one line."""
    for file in files:
        _require_response(file)
        if file.owner != ROOT:
            raise CeremonyError(
                f"its domain is {short(file.domain)}, and only the root is replayed",
                place=shown(file.file),
                remedy="give files whose domain is '.'",
            )
    line = sorted(
        ((file, bundle) for file in files for bundle in file.bundles), key=lambda pair: pair[1].inception
    )
    for (before, earlier), (file, bundle) in pairwise(line):
        if earlier.inception == bundle.inception:
            raise CeremonyError(
                f"begins at {format_instant(bundle.inception)}, as does {before.place(earlier)}",
                place=file.place(bundle),
                remedy="give one file for each quarter",
            )
    return tuple(line)


def _check_servable(file: CeremonyFile, bundle: Bundle) -> None:
    if not 0 < bundle.expiration - bundle.inception < _VALIDITY_LIMIT:
        raise CeremonyError(
            f"its expiration {format_instant(bundle.expiration)} does not follow its inception",
            place=file.place(bundle),
            remedy="look at `rootlab ceremony verify`",
        )
    if not _trusted_signers(bundle):
        raise CeremonyError(
            "signed by no key of its own that is not revoked",
            place=file.place(bundle),
            remedy="look at `rootlab ceremony verify`",
        )


def _signers(bundle: Bundle) -> Iterator[CeremonyKey]:
    """Yield the keys of a bundle that its signatures are by, each once, in the order of the keys."""
    found = [bundle.signer(signature) for signature in bundle.signatures]
    return (key for key in bundle.keys if key in found)


def _trusted_signers(bundle: Bundle) -> tuple[CeremonyKey, ...]:
    return tuple(key for key in _signers(bundle) if not key.key.is_revoked)


def _key_names(line: tuple[tuple[CeremonyFile, Bundle], ...]) -> dict[tuple[int, bytes], str]:
    """Name every key once, by the first bundle that has it; a taken name gets the tag, then a number."""
    names: dict[tuple[int, bytes], str] = {}
    taken: dict[str, None] = {}
    for _, bundle in line:
        for key in bundle.keys:
            if key.key.identity not in names:
                name = next(name for name in _proposals(key) if name not in taken)
                names[key.key.identity] = name
                taken[name] = None
    return names


def _proposals(key: CeremonyKey) -> Iterator[str]:
    role = "ksk" if key.key.is_sep or key.key.is_revoked else "zsk"
    fallback = f"{role}-{key.key.key_tag}"
    if _LABEL.fullmatch(key.identifier) and not _HEX.fullmatch(key.identifier):
        yield key.identifier
        yield f"{key.identifier}-{key.key.key_tag}"
    yield fallback
    number = 2
    while True:
        yield f"{fallback}-{number}"
        number += 1


def _slot(inception: Instant) -> SlotId | None:
    """Return the slot of IANA's grid that begins at an instant, or None off the grid."""
    try:
        quarter = parse_quarter(quarter_of(inception))
    except TimelineError:
        return None
    for number in range(1, 10):
        if slot_inception(quarter, number) == inception:
            return SlotId(quarter // 4, quarter % 4 + 1, number)
    return None
