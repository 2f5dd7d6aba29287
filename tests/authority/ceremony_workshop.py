"""Whole quarters as files, changed in one respect and signed anew, so that nothing else is wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lab.authority.ceremony import (
    Bundle,
    CeremonyFile,
    CeremonyKey,
    CeremonySignature,
    parse_ceremony,
)
from lab.authority.ceremony_export import CeremonyExport
from lab.authority.ceremony_write import write_ceremony
from lab.clock import DAY, Instant
from lab.dnssec.keys import Key, SigningKey
from lab.dnssec.rrset import sign_rrset

from .ceremony_files import RING, START, Member, bundle_xml, file_xml
from .timelines import ACTUAL, NEVER

Change = Callable[[Bundle], Bundle]

MADE = CeremonyExport(ACTUAL, RING, "made")
"""The roll of 2018: pre-publish in 2017Q3, rollover in 2018Q4, revoke in 2019Q1."""
OTHER = CeremonyExport(NEVER, RING, "other")
"""The same calendar, whose next key stays published and never signs."""


def quarter(
    name: str = "2018Q2",
    kind: str = "skr",
    change: Change | None = None,
    *,
    maker: CeremonyExport = MADE,
    keys: Mapping[str, SigningKey] | None = None,
    policy: bool = True,
) -> CeremonyFile:
    """Return a quarter's file with every bundle changed and signed anew, written and read again."""
    file = maker.file(name, kind)
    if change is not None:
        bundles = tuple(signed(after, kind, keys) for after in map(change, file.bundles))
        file = replace(file, bundles=bundles)
    if not policy:
        file = replace(file, ksk_policy=None, zsk_policy=None)
    return written(file)


def written(file: CeremonyFile, name: str = "") -> CeremonyFile:
    """Return what is read after a file was written."""
    return parse_ceremony(write_ceremony(file), name or f"{file.id.rpartition('-')[2]}.{file.kind}")


def signed(
    bundle: Bundle,
    kind: str = "skr",
    keys: Mapping[str, SigningKey] | None = None,
    window: tuple[Instant, Instant] | None = None,
) -> Bundle:
    """Return a bundle signed anew: by the keys that signed it, or for a request by all its keys."""
    names = [signature.identifier for signature in bundle.signatures]
    if kind == "ksr":
        names = [key.identifier for key in bundle.keys]
        window = window or (bundle.signatures[0].rrsig.inception, bundle.signatures[0].rrsig.expiration)
    flags = {key.identifier: key.key.flags for key in bundle.keys}
    inception, expiration = window or (bundle.inception, bundle.expiration)
    made = []
    for name in names:
        own = (keys or {}).get(name) or RING.get(name, flags[name])
        rrsig = sign_rrset(bundle.rrset, own, bundle.owner, inception, expiration)
        made.append(CeremonySignature(name, bundle.ttl, rrsig))
    return replace(bundle, signatures=tuple(made))


def only(number: int, change: Change) -> Change:
    """Return a change of one bundle that leaves the others alone."""
    return lambda bundle: change(bundle) if bundle.number == number else bundle


def without(name: str) -> Change:
    """Return a change that takes a key out."""
    return lambda bundle: replace(bundle, keys=tuple(key for key in bundle.keys if key.identifier != name))


def adding(name: str, flags: int) -> Change:
    """Return a change that puts a key of the lab in."""
    own = RING.key(name, flags)

    def change(bundle: Bundle) -> Bundle:
        return replace(bundle, keys=(*bundle.keys, CeremonyKey(name, own.tag, bundle.ttl, own)))

    return change


def swapping(name: str, key: Key, identifier: str | None = None) -> Change:
    """Return a change that puts another key in the place of one."""

    def change(bundle: Bundle) -> Bundle:
        new = CeremonyKey(identifier or name, key.tag, bundle.ttl, key)
        return replace(bundle, keys=tuple(new if old.identifier == name else old for old in bundle.keys))

    return change


def shifted(days: int) -> Change:
    """Return a change that moves a bundle's window."""
    return lambda bundle: replace(
        bundle, inception=bundle.inception + days * DAY, expiration=bundle.expiration + days * DAY
    )


def altered(file: CeremonyFile, number: int, change: Change) -> CeremonyFile:
    """Return a file with one bundle changed and not signed anew."""
    return written(replace(file, bundles=tuple(map(only(number, change), file.bundles))))


def signature(**changes: Any) -> Change:
    """Return a change of the first signature of a bundle, its RRSIG left as it is."""

    def changed(bundle: Bundle) -> Bundle:
        first = replace(bundle.signatures[0], **changes)
        return replace(bundle, signatures=(first, *bundle.signatures[1:]))

    return changed


def example(*slots: tuple[Member, ...], every: int = 10) -> CeremonyFile:
    """Return a response for another zone than the root, with a bundle every so many days."""
    bundles = [
        bundle_xml(members, number=number, inception=START + (number - 1) * every * DAY, domain="ex.")
        for number, members in enumerate(slots, 1)
    ]
    return parse_ceremony(file_xml(bundles, domain="ex."), "ex.skr")
