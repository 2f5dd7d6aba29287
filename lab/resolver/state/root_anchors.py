"""IANA's root-anchors.xml (RFC 9718, which obsoletes RFC 7958): digests, each with the time it is good for.

RFC 9718 lets a `KeyDigest` also hold the key itself, as `PublicKey` and `Flags`. A digest that is not that
key's must not be used (section 2), and none should be used outside its validity: such anchors are read as
Start, with a note, and nobody takes them for trusted.
"""

from __future__ import annotations

import binascii
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from xml.sax.saxutils import escape, quoteattr

from ...clock import Instant, format_instant
from ...dnssec.keys import DS, PROTOCOL, Key
from ...dnssec.names import MalformedName, name_from_text, name_to_text
from ...errors import StateFileError
from ...infile import Kind, short, shown
from ...xml_in import Node, attribute, integer, octets_of, optional, parse_xml, several, text_of, timestamp
from ..rfc5011 import State
from .reading import MAX_ENTRIES, MAX_FILE_OCTETS, MAX_KEY_OCTETS, check_entries, refuse
from .vocabulary import CONFIGURED, Entry, TrustState

ROOT_ANCHORS = Kind(
    StateFileError, "a root-anchors.xml", "https://data.iana.org/root-anchors/", "1 kB", MAX_FILE_OCTETS
)
"""The file as errors speak of it."""
SOURCE = "rootlab"
"""The `source` attribute of a file that the lab makes from something else."""
_DIGEST_SIZES = {1: 20, 2: 32, 4: 48}


def read(data: bytes, file: str, *, at: Instant | None = None, owner: bytes | None = None) -> TrustState:
    """Return what the file says; with `at`, anchors not valid at that instant are in state Start.

    Raises StateFileError.
    """
    if len(data) > MAX_FILE_OCTETS:
        refuse(file, 0, f"larger than {MAX_FILE_OCTETS} octets", "check the path", defect="oversized")
    root = parse_xml(data, file, ROOT_ANCHORS)
    place = f"{shown(file)}: TrustAnchor"
    if root.tag != "TrustAnchor":
        problem = f"the root element is {short(root.tag)}, not TrustAnchor"
        ROOT_ANCHORS.refuse(shown(file), problem, "give a root-anchors.xml")
    try:
        name = name_from_text(text_of(root, "Zone", place))
    except MalformedName as error:
        ROOT_ANCHORS.refuse(f"{place}: Zone", short(str(error), 120))

    def entries() -> Iterator[tuple[int, Entry]]:
        for number, node in enumerate(several(root, "KeyDigest", MAX_ENTRIES, place), 1):
            where = f"{shown(file)}: line {node.line}: KeyDigest {number}"
            yield node.line, _entry(node, name, where, at)

    return TrustState(
        name,
        check_entries(entries(), file),
        identifier=attribute(root, "id", place),
        source=attribute(root, "source", place),
    )


def _entry(node: Node, owner: bytes, place: str, at: Instant | None) -> Entry:
    identifier = attribute(node, "id", place)
    place = f"{place} ({short(identifier)})"
    begin = timestamp(attribute(node, "validFrom", place), f"{place}: validFrom", ROOT_ANCHORS)
    end: Instant | None = None
    if "validUntil" in node.attributes:
        end = timestamp(node.attributes["validUntil"], f"{place}: validUntil", ROOT_ANCHORS)
        if end < begin:
            ROOT_ANCHORS.refuse(place, "validUntil lies before validFrom")
    ds, key = _digest(node, place), _key(node, place)
    entry = Entry(
        ds if key is None else key,
        since=CONFIGURED,
        valid_from=begin,
        valid_until=end,
        identifier=identifier,
        ds=None if key is None else ds,
    )
    if key is not None and not ds.matches(owner, key):
        note = "the digest is not that of the public key beside it"
        return replace(entry, state=State.START, anchor=ds, ds=None, note=note)
    if at is not None and at < begin:
        return replace(entry, state=State.START, note=f"not valid before {format_instant(begin)}")
    if at is not None and end is not None and at > end:
        return replace(entry, state=State.START, note=f"not valid after {format_instant(end)}")
    return entry


def _digest(node: Node, place: str) -> DS:
    text = "".join(text_of(node, "Digest", place).split())
    try:
        digest = binascii.unhexlify(text.encode("ascii", "replace"))
    except ValueError:
        ROOT_ANCHORS.refuse(f"{place}: Digest", "not hexadecimal")
    ds = DS(
        integer(node, "KeyTag", 65_535, place),
        integer(node, "Algorithm", 255, place),
        integer(node, "DigestType", 255, place),
        digest,
    )
    if not digest or len(digest) != _DIGEST_SIZES.get(ds.digest_type, len(digest)):
        ROOT_ANCHORS.refuse(f"{place}: Digest", f"{len(digest)} octets, which is no digest of its type")
    return ds


def _key(node: Node, place: str) -> Key | None:
    """Return the key of a KeyDigest that has one: PublicKey and Flags, both or none."""
    present = [tag for tag in ("PublicKey", "Flags") if optional(node, tag, place) is not None]
    if not present:
        return None
    if len(present) == 1:
        ROOT_ANCHORS.refuse(place, f"{present[0]} alone: PublicKey and Flags stand together or not at all")
    return Key(
        integer(node, "Flags", 65_535, place),
        integer(node, "Algorithm", 255, place),
        octets_of(node, "PublicKey", MAX_KEY_OCTETS, place),
    )


def bounded_in_time(state: TrustState) -> bool:
    """Tell whether the instant matters: some anchor of the state ends, or not all begin together."""
    begins = {entry.valid_from for entry in state.entries}
    return len(begins) > 1 or any(entry.valid_until is not None for entry in state.entries)


def held(state: TrustState) -> TrustState:
    """Return what a root-anchors.xml can hold of a state; `read(write(state))` equals it.

    Trusted anchors only. An anchor without validity is valid from the time its state was entered.
    """
    entries = tuple(_held(entry, number, state.owner) for number, entry in enumerate(state.trusted, 1))
    identifier = state.identifier or _identifier(state.owner, entries)
    return TrustState(state.owner, entries, identifier=identifier, source=state.source or SOURCE)


def _held(entry: Entry, number: int, owner: bytes) -> Entry:
    begin = entry.since or 0 if entry.valid_from is None else entry.valid_from
    end = entry.valid_until
    anchor, ds = entry.anchor, entry.ds
    if isinstance(anchor, Key):
        if ds is None or not ds.matches(owner, anchor):
            ds = anchor.ds(owner)
        if anchor.protocol != PROTOCOL:
            anchor, ds = ds, None
    return Entry(
        anchor,
        since=CONFIGURED,
        valid_from=begin,
        valid_until=None if end is None else max(begin, end),
        identifier=entry.identifier or f"key-{anchor.key_tag}-{number}",
        ds=ds,
    )


def _identifier(owner: bytes, entries: tuple[Entry, ...]) -> str:
    """Return an identifier that is the same for the same anchors, in the shape IANA's has."""
    octets = owner + b"".join(repr(entry).encode() + entry.anchor.rdata for entry in entries)
    digits = sha256(octets).hexdigest().upper()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def write(state: TrustState) -> bytes:
    """Write a root-anchors.xml (RFC 9718 section 2). Raises StateFileError if nothing is trusted."""
    found = held(state)
    if not found.entries:
        refuse(
            "", 0, "no key of this state is trusted", "root-anchors.xml cannot say so", defect="nothing-left"
        )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<TrustAnchor id={quoteattr(found.identifier)} source={quoteattr(found.source)}>",
        f"    <Zone>{escape(name_to_text(found.owner))}</Zone>",
    ]
    for entry in found.entries:
        lines += _element(entry)
    return "\n".join([*lines, "</TrustAnchor>", ""]).encode("utf-8")


def _element(entry: Entry) -> list[str]:
    ds = entry.anchor if isinstance(entry.anchor, DS) else entry.ds
    assert ds is not None
    assert entry.valid_from is not None
    validity = f'validFrom="{_timestamp(entry.valid_from)}"'
    if entry.valid_until is not None:
        validity += f' validUntil="{_timestamp(entry.valid_until)}"'
    fields = [
        ("KeyTag", ds.key_tag),
        ("Algorithm", ds.algorithm),
        ("DigestType", ds.digest_type),
        ("Digest", ds.digest.hex().upper()),
    ]
    if isinstance(entry.anchor, Key):
        fields.append(("PublicKey", b64encode(entry.anchor.public_key).decode("ascii")))
        fields.append(("Flags", entry.anchor.flags))
    body = [f"        <{tag}>{value}</{tag}>" for tag, value in fields]
    return [f"    <KeyDigest id={quoteattr(entry.identifier)} {validity}>", *body, "    </KeyDigest>"]


def _timestamp(instant: Instant) -> str:
    return f"{format_instant(instant)[:-1]}+00:00"
