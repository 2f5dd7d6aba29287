"""Plain anchor files: DS and DNSKEY records in a master file, as validators that never learn take them.

Such files are shipped as root.key or root.ds, fetched with dig, or written into a configuration. All they can
say is what is trusted; who reads one takes every record for Valid and not yet confirmed.
"""

from __future__ import annotations

from base64 import b64encode

from ...clock import Instant
from ...dnssec.keys import DS
from ...dnssec.names import name_to_text
from ...infile import short
from .masterfile import records
from .reading import anchor_of, check_entries, refuse, text_of
from .unbound import comment_of
from .vocabulary import CONFIGURED, Entry, TrustState


def read(data: bytes, file: str, *, at: Instant | None = None, owner: bytes | None = None) -> TrustState:
    """Return the anchors of one name; a file for several names needs `owner`. Raises StateFileError.

    TTL and class may be missing, comments say nothing, RRSIG records are passed over.
    """
    text = text_of(data, file)
    by_name: dict[bytes, list[tuple[int, Entry]]] = {}
    for record in records(text, file):
        if record.rrtype == "RRSIG":
            continue
        if record.rrtype not in ("DNSKEY", "DS"):
            refuse(
                file, record.line, f"a record of type {short(record.rrtype)}", "give DS and DNSKEY records"
            )
        anchor = anchor_of(record.rrtype, record.fields, file, record.line)
        entry = Entry(anchor, since=CONFIGURED, ttl=record.ttl)
        by_name.setdefault(record.owner, []).append((record.line, entry))
    name = choose(tuple(by_name), owner, file)
    return TrustState(name, check_entries(by_name[name], file))


def choose(names: tuple[bytes, ...], owner: bytes | None, file: str) -> bytes:
    """Return the name to read about, of those a file has. Raises StateFileError."""
    listed = short(", ".join(name_to_text(name) for name in names[:8]), 120)
    if not names:
        refuse(file, 0, "no anchor", "give DS and DNSKEY records", defect="empty")
    if owner is not None and owner not in names:
        refuse(file, 0, f"no key of {name_to_text(owner)}", f"it has keys of {listed}", defect="other-owner")
    if owner is None and len(names) > 1:
        refuse(file, 0, f"keys of several names ({listed})", "say which one", defect="mixed-owners")
    return names[0] if owner is None else owner


def held(state: TrustState) -> TrustState:
    """Return what an anchor file can hold of a state; `read(write(state))` equals it."""
    return TrustState(
        state.owner,
        tuple(Entry(entry.anchor, since=CONFIGURED, ttl=entry.ttl) for entry in state.trusted),
    )


def write(state: TrustState) -> bytes:
    """Write the trusted anchors, one a line. Raises StateFileError if none is left."""
    found = held(state)
    if not found.entries:
        refuse(
            "", 0, "no key of this state is trusted", "an anchor file cannot say so", defect="nothing-left"
        )
    owner = name_to_text(found.owner)
    return "".join(f"{owner}\t{_record(entry)}\n" for entry in found.entries).encode("ascii")


def _record(entry: Entry) -> str:
    anchor = entry.anchor
    head = "IN" if entry.ttl is None else f"{entry.ttl}\tIN"
    if isinstance(anchor, DS):
        return f"{head}\tDS\t{anchor.to_text()}"
    text = b64encode(anchor.public_key).decode("ascii")
    key = f"{anchor.flags} {anchor.protocol} {anchor.algorithm} {text}"
    return f"{head}\tDNSKEY\t{key} {comment_of(anchor)}"
