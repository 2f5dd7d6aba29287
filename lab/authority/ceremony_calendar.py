"""Hold ceremony files to the root's calendar: nine slots a quarter, windows, ZSK rolls, IANA's schemas.

The limits are those IANA's ceremony software checks requests against (facts.md 2.1), and what the files of
2016 and 2017 keep. They bind the root alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise, permutations
from typing import NamedTuple

from ..clock import DAY, format_duration, format_instant
from .ceremony import Bundle, CeremonyFile, bundle_text
from .ceremony_rules import (
    SLOTS,
    Complaint,
    Identity,
    Rule,
    ksks,
    of_root,
    quarter,
    signers,
    whole_quarter,
    zsks,
)
from .slots import SCHEMAS, format_quarter, quarter_start
from .timeline import ROOT_DNSKEY_TTL

_INTERVAL = (9 * DAY, 11 * DAY)
_CYCLE = (79 * DAY, 81 * DAY)
_VALIDITY = (21 * DAY, 21 * DAY)
_OLD_VALIDITY = (15 * DAY - 1, 20 * DAY)
_NEW_GRID = 2017 * 4
"""2017Q1, the first quarter with signatures of 21 days."""
_ZSKS = (2, 1, 1, 1, 1, 1, 1, 1, 2)
_DIFFERENT_ZSKS = 3


class Match(NamedTuple):
    """Hold the schema a quarter is written in, and which keys are its K and N (None where it has no N)."""

    schema: str
    current: Identity
    following: Identity | None


def schema_of(file: CeremonyFile) -> Match | None:
    """Return the schema whose cells are what a response publishes and signs with, slot by slot, or None."""
    if not whole_quarter(file) or file.kind != "skr":
        return None
    known = tuple(dict.fromkeys(identity for bundle in file.bundles for identity in ksks(bundle)))
    if len(known) == 1 and all(_fits(bundle, "normal", {"K": known[0]}) for bundle in file.bundles):
        return Match("normal", known[0], None)
    if len(known) != 2:
        return None
    for current, following in permutations(known):
        letters = {"K": current, "N": following}
        for schema in SCHEMAS:
            if all(_fits(bundle, schema, letters) for bundle in file.bundles):
                return Match(schema, current, following)
    return None


def _fits(bundle: Bundle, schema: str, letters: Mapping[str, Identity]) -> bool:
    """Tell whether a bundle is what its cell of a schema says."""
    cell = SCHEMAS[schema][0 if bundle.number == 1 else 2 if bundle.number == SLOTS else 1]
    published, signing = (side.split() for side in cell.split("/"))
    if not {letter[0] for letter in published} <= letters.keys():
        return False
    revoked = {key.key.identity for key in bundle.keys if key.key.is_revoked}
    return (
        set(ksks(bundle)) == {letters[letter[0]] for letter in published}
        and revoked == {letters[letter[0]] for letter in published if letter.endswith("*")}
        and set(signers(bundle)) == {letters[letter] for letter in signing}
    )


def _check_count(file: CeremonyFile) -> Iterator[Complaint]:
    if not whole_quarter(file):
        yield file, None, f"it has {len(file.bundles)} bundles, a quarter has {SLOTS} slots"


def _check_start(file: CeremonyFile) -> Iterator[Complaint]:
    first = file.bundles[0]
    wanted = quarter_start(quarter(file))
    if first.inception != wanted:
        yield file, first, f"it begins at {format_instant(first.inception)}, its quarter at {_when(wanted)}"


def _when(instant: int) -> str:
    return format_instant(instant)


def _check_interval(file: CeremonyFile) -> Iterator[Complaint]:
    for before, bundle in pairwise(file.bundles):
        span = bundle.inception - before.inception
        if not _INTERVAL[0] <= span <= _INTERVAL[1]:
            earlier = bundle_text(before.number, before.id)
            yield file, bundle, f"it begins {_days(span)} after {earlier}, not {_range(_INTERVAL)}"


def _check_cycle(file: CeremonyFile) -> Iterator[Complaint]:
    first, last = file.bundles[0], file.bundles[-1]
    span = last.inception - first.inception
    if whole_quarter(file) and not _CYCLE[0] <= span <= _CYCLE[1]:
        yield file, last, f"it begins {_days(span)} after the first one, not {_range(_CYCLE)}"


def _check_validity(file: CeremonyFile) -> Iterator[Complaint]:
    low, high = _VALIDITY if quarter(file) >= _NEW_GRID else _OLD_VALIDITY
    for bundle in file.bundles:
        span = bundle.expiration - bundle.inception
        if not low <= span <= high:
            yield file, bundle, f"it is valid for {_days(span)}, not {_range((low, high))}"


def _check_ttl(file: CeremonyFile) -> Iterator[Complaint]:
    for bundle in file.bundles:
        if bundle.ttl != ROOT_DNSKEY_TTL:
            yield file, bundle, f"its TTL is {bundle.ttl}, the root's is {ROOT_DNSKEY_TTL}"


def _check_zsks(file: CeremonyFile) -> Iterator[Complaint]:
    if not whole_quarter(file):
        return
    for bundle, wanted in zip(file.bundles, _ZSKS, strict=True):
        if len(zsks(bundle)) != wanted:
            yield file, bundle, f"it has {len(zsks(bundle))} ZSKs, slot {bundle.number} has {wanted}"


def _check_zsk_roll(file: CeremonyFile) -> Iterator[Complaint]:
    found = {identity for bundle in file.bundles for identity in zsks(bundle)}
    if whole_quarter(file) and len(found) != _DIFFERENT_ZSKS:
        yield (
            file,
            None,
            f"it has {len(found)} different ZSKs: a quarter has its own, the last and the next one",
        )


def _check_schema(file: CeremonyFile) -> Iterator[Complaint]:
    if file.kind == "skr" and whole_quarter(file) and schema_of(file) is None:
        names = ", ".join(SCHEMAS)
        yield (
            file,
            None,
            f"the KSKs of {format_quarter(quarter(file))} are published and sign as in none of {names}",
        )


def _range(limits: tuple[int, int]) -> str:
    low, high = limits
    return _days(low) if low == high else f"{_days(low)} to {_days(high)}"


def _days(seconds: int) -> str:
    return format_duration(seconds)


_IANA = "IANA's ksrsigner.yaml"
_FILES = "the root's files of 2016 and 2017"

CALENDAR_RULES: tuple[Rule, ...] = (
    Rule("CER-COUNT", "note", "a quarter of the root has nine bundles", _IANA, of_root(_check_count)),
    Rule(
        "CER-START", "note", "the root's first bundle begins with its quarter",
        _FILES, of_root(_check_start),
    ),
    Rule(
        "CER-INTERVAL", "note", "the root's bundles begin 9 to 11 days apart", _IANA, of_root(_check_interval)
    ),
    Rule(
        "CER-CYCLE", "note", "the root's last bundle begins 79 to 81 days after the first",
        _IANA, of_root(_check_cycle),
    ),
    Rule(
        "CER-VALIDITY", "note", "the root's bundles are valid for 21 days; before 2017 for 15 to 20",
        _FILES, of_root(_check_validity),
    ),
    Rule("CER-ROOT-TTL", "note", "the root's DNSKEY RRset has TTL 172800", _FILES, of_root(_check_ttl)),
    Rule(
        "CER-ZSKS", "note", "slots 1 and 9 of the root have two ZSKs, the others one",
        _IANA, of_root(_check_zsks),
    ),
    Rule(
        "CER-ZSK-ROLL", "note", "a quarter of the root sees three ZSKs: the last, its own and the next",
        _IANA, of_root(_check_zsk_roll),
    ),
    Rule(
        "CER-SCHEMA", "note", "a quarter's KSKs are published and sign as one of IANA's schemas says",
        _IANA, of_root(_check_schema),
    ),
)  # fmt: skip
"""The rules of the root's calendar, in the order their findings come."""
