"""Build a scenario's timeline: collect the tables along `base`, draw the steps, apply the operators.

Every TimelineError leaves here with the file and the table it is about.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..authority.operators import back_out, delay, emergency, without_revoke
from ..authority.slots import (
    ROOT_FIRST_QUARTER,
    ROOT_HISTORY,
    ROOT_KSKS,
    ROOT_LAST_QUARTER,
    format_quarter,
    parse_quarter,
    quarter_of,
    quarter_timeline,
    zsk_name,
)
from ..authority.timeline import ROOT_DNSKEY_TTL, KeySet, Step, Timeline
from ..clock import DAY, HOUR, Instant, Seconds
from ..errors import ScenarioError, TimelineError
from .catalogue import shipped_scenarios
from .listings import default_listing, default_listings
from .model import Authority, Listing, Operator, ScenarioFile, StepTable, TwoKeys
from .source import parse_toml, read_file, validate
from .spec import XmlListing
from .tables import allowed

SIGNATURE_VALIDITY: Seconds = 21 * DAY
RESIGN_EVERY: Seconds = 10 * DAY
"""What IANA's slots do (facts.md 2.1), for timelines that are not written in slots."""

BACKDATED: Seconds = HOUR
"""How long before it is first served a signature becomes valid, for resolvers whose clocks are behind."""

MAX_BASES = 16
MAX_DRAWN_STEPS = 100_000

_STAYS_SO = ("publish+", "rollover+")
"""Schemas whose quarter before can look the same, for a timeline that begins in the middle of a roll."""


_SHAPES_TIMELINE = ("start", "stop", "authority", "timeline")
"""The tables of a base that another scenario takes."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file on the way along `base`: how it is shown to the user, where it lies, what it says."""

    shown: str
    path: Path
    file: ScenarioFile

    def content(self) -> dict[str, Any]:
        """Return what the file says as JSON values, without names of files."""
        dump = self.file.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"keys"})
        dump.get("authority", {}).pop("base", None)
        return dump


def sources(first: Source) -> tuple[Source, ...]:
    """Return a file and the files its `base` leads to, in that order. Raises ScenarioError on a cycle."""
    chain = [first]
    while (base := chain[-1].file.authority.base) is not None:
        here = chain[-1]
        where = f"{here.shown}: authority.base"
        path = _base_path(here, base, where)
        shown = str(path)
        try:
            text = read_file(path)
        except ScenarioError as problem:
            raise ScenarioError(f"{path} {problem.problem}", place=where, remedy=problem.remedy) from None
        if any(path.resolve() == source.path.resolve() for source in chain) or len(chain) >= MAX_BASES:
            raise ScenarioError(
                f"{base} leads back here or on and on",
                place=where,
                remedy=f"let a chain of at most {MAX_BASES} bases end in a timeline",
            )
        file = validate(ScenarioFile, parse_toml(text, shown), shown)
        chain.append(Source(shown, path, file))
    return tuple(chain)


def _base_path(here: Source, base: str, where: str) -> Path:
    """Return the file a base means: a path relative to the file that names it, or a shipped name."""
    if base.endswith(".toml"):
        return here.path.parent / base
    shipped = shipped_scenarios()
    if base not in shipped:
        raise ScenarioError(
            f'no shipped scenario is called "{base}"',
            place=where,
            remedy=f"{allowed(base, tuple(shipped))}; or give a path that ends in .toml",
        )
    return shipped[base]


def build_timeline(chain: tuple[Source, ...]) -> Timeline:
    """Draw the timeline of the last source and apply all operators, those of the deepest base first.

    The grid reaches over the runs of all sources. Raises ScenarioError or TimelineError.
    """
    _check_shapes(chain)
    begin = min(source.file.start for source in chain)
    end = max(source.file.stop for source in chain)
    timeline = _draw(chain, begin, end)
    for source in reversed(chain):
        for number, operator in enumerate(source.file.authority.operator, 1):
            hint = "" if operator.delay is None else "a timeline ends with the quarter of stop"
            with _placed(f"{source.shown}: authority.operator[{number}].{operator.choice}", hint):
                timeline = _apply(timeline, operator)
    return timeline


def _check_shapes(chain: tuple[Source, ...]) -> None:
    """Refuse a file whose authority is told in two ways, or in none."""
    for source in chain:
        authority = source.file.authority
        ways = authority.given(("quarters", "base", "history")) + ["timeline"] * bool(source.file.timeline)
        if len(ways) != 1:
            raise ScenarioError(
                f"the authority is told in {len(ways) or 'no'} ways{': ' * bool(ways)}{', '.join(ways)}",
                place=f"{source.shown}: authority",
                remedy="give exactly one of quarters, base and history, or [[timeline]] tables",
            )
        needs = {"keys": "quarters", "signature-validity": "timeline", "resign-every": "timeline"}
        for key in authority.given(("keys", "signature_validity", "resign_every")):
            if ways[0] != needs[key] and not (ways[0] == "base" and key != "keys"):
                raise ScenarioError(
                    f"has no meaning with {ways[0]}",
                    place=f"{source.shown}: authority.{key}",
                    remedy=f"it goes with {needs[key]}",
                )
        if ways[0] == "quarters" and authority.keys is None:
            raise ScenarioError(
                "is missing",
                place=f"{source.shown}: authority.keys",
                remedy='name the KSKs: keys = ["ksk-2010", "ksk-2017"]',
            )


def _setting(
    chain: tuple[Source, ...], read: Callable[[Authority], Seconds | None], default: Seconds
) -> Seconds:
    """Return the value of the first source that sets it."""
    found = [value for source in chain if (value := read(source.file.authority)) is not None]
    return found[0] if found else default


def _draw(chain: tuple[Source, ...], begin: Instant, end: Instant) -> Timeline:
    """Draw the timeline of the last source, before any operator."""
    last = chain[-1]
    authority = last.file.authority
    ttl = _setting(chain, lambda own: own.dnskey_ttl, ROOT_DNSKEY_TTL)
    if last.file.timeline:
        validity = _setting(chain, lambda own: own.signature_validity, SIGNATURE_VALIDITY)
        every = _setting(chain, lambda own: own.resign_every, RESIGN_EVERY)
        return _from_steps(last, Signing(validity, every, ttl), end)
    if authority.history:
        with _placed(f"{last.shown}: authority.history"):
            return quarter_timeline(ROOT_HISTORY, ROOT_KSKS, ROOT_FIRST_QUARTER, ROOT_LAST_QUARTER, ttl)
    assert authority.quarters is not None
    assert authority.keys is not None
    with _placed(f"{last.shown}: authority.quarters"):
        return _from_quarters(dict(authority.quarters), ksks(authority.keys), begin, end, ttl)


def ksks(keys: TwoKeys | tuple[str, ...]) -> tuple[str, ...]:
    """Return the KSKs in order."""
    if isinstance(keys, TwoKeys):
        return (keys.current,) if keys.next is None else (keys.current, keys.next)
    return keys


def _from_quarters(
    quarters: dict[str, Any], keys: tuple[str, ...], begin: Instant, end: Instant, ttl: Seconds
) -> Timeline:
    """Draw IANA's grid from the quarter before the first one of interest, for its zone is still served."""
    named = [parse_quarter(text) for text in quarters]
    first = min([*named, parse_quarter(quarter_of(begin))])
    last = max([*named, parse_quarter(quarter_of(end))])
    opening = quarters.get(format_quarter(first))
    if opening in _STAYS_SO:
        quarters[format_quarter(first - 1)] = opening
    return quarter_timeline(quarters, keys, format_quarter(first - 1), format_quarter(last), ttl)


@dataclass(frozen=True, slots=True)
class Signing:
    """How the DNSKEY RRset of a timeline told in steps is signed, in seconds."""

    validity: Seconds
    every: Seconds
    ttl: Seconds


def _from_steps(source: Source, signing: Signing, end: Instant) -> Timeline:
    """Draw [[timeline]] tables, each signed anew at a fixed interval until the next one or the end."""
    tables = source.file.timeline
    zsk = zsk_name(parse_quarter(quarter_of(tables[0].at)))
    steps: list[Step] = []
    for number, table in enumerate(tables, 1):
        where = f"{source.shown}: timeline[{number}]"
        if number > 1 and table.at <= tables[number - 2].at:
            raise TimelineError(
                "is not after the step before it",
                place=f"{where}.at",
                remedy="put the steps in ascending order",
            )
        until = tables[number].at if number < len(tables) else end + 1
        renewals = 0 if table.expiration is not None else max(0, until - table.at - 1) // signing.every
        if len(steps) + renewals >= MAX_DRAWN_STEPS:
            raise ScenarioError(
                f"the DNSKEY RRset is signed more than {MAX_DRAWN_STEPS} times",
                place=f"{source.shown}: authority.resign-every",
                remedy="sign it less often",
            )
        first = _step(table, table.at, zsk, signing)
        with _placed(where):
            Timeline((first,), signing.ttl)
        steps.append(first)
        steps.extend(
            _step(table, table.at + count * signing.every, zsk, signing) for count in range(1, renewals + 1)
        )
    with _placed(f"{source.shown}: timeline"):
        return Timeline(tuple(steps), signing.ttl)


def _step(table: StepTable, at: Instant, zsk: str, signing: Signing) -> Step:
    """Return one version of the RRset, signed at `at`."""
    zsks = table.zsks or (zsk,)
    keys = KeySet(table.publish, zsks, table.revoke, table.sign, table.zone_sign or zsks[:1])
    if table.inception is not None and table.expiration is not None:
        return Step(at, keys, table.inception, table.expiration)
    return Step(at, keys, at - BACKDATED, at + signing.validity)


def _apply(timeline: Timeline, operator: Operator) -> Timeline:
    """Apply one operator."""
    if operator.delay is not None:
        wanted = operator.delay
        return delay(timeline, quarters=wanted.quarters or 0, by=wanted.by or 0, key=wanted.key)
    if operator.back_out is not None:
        return back_out(timeline, operator.back_out.at)
    if operator.emergency is not None:
        roll = operator.emergency
        return emergency(timeline, roll.at, roll.key, roll.notice)
    return without_revoke(timeline)


@contextmanager
def _placed(where: str, hint: str = "") -> Iterator[None]:
    """Put the file and the table in front of a TimelineError's own place, and a hint after its remedy."""
    try:
        yield
    except TimelineError as problem:
        own = problem.place.removeprefix(where.rpartition(".")[2]).lstrip(": ").removeprefix("timeline, ")
        place = f"{where}, {own}" if own not in ("", "timeline") else where
        remedy = f"{problem.remedy}; {hint}" if hint else problem.remedy
        raise TimelineError(problem.problem, place=place, remedy=remedy) from None


def xml_listings(chain: tuple[Source, ...], timeline: Timeline) -> tuple[XmlListing, ...]:
    """Return what root-anchors.xml lists: each KSK of the timeline and each key a file lists itself.

    Unless said otherwise a key is listed from its real validFrom, or from its publication if that is earlier
    or the key is not real, until the midnight before its revocation, as KSK-2010 is.
    """
    own: dict[str, Listing] = {}
    for source in reversed(chain):
        own.update(source.file.authority.xml)
    found = []
    for name in dict.fromkeys([*(listing.key for listing in default_listings(timeline)), *own]):
        listing = default_listing(timeline, name)
        if name in own:
            from_, until = own[name].from_, own[name].until
            listing = replace(
                listing,
                from_=listing.from_ if from_ is None else from_,
                until=listing.until if until is None else until,
            )
        if listing.until is not None and listing.until <= listing.from_:
            raise ScenarioError(
                "ends before it begins",
                place=f"{chain[0].shown}: authority.xml.{name}",
                remedy="give both from and until",
            )
        found.append(listing)
    return tuple(found)


def digest(chain: tuple[Source, ...], key_files: dict[str, bytes]) -> str:
    """Return a SHA-256 in hex over what a run depends on: all of the file, its bases, its own key files.

    Of a base only what shapes the timeline counts. File names, comments and the order of keys do not.
    """
    bases = [source.content() for source in chain[1:]]
    content = {
        "scenario": chain[0].content(),
        "bases": [{key: base[key] for key in _SHAPES_TIMELINE if key in base} for base in bases],
        "keys": {name: sha256(data).hexdigest() for name, data in key_files.items()},
    }
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
