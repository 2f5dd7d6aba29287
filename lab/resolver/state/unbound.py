"""Unbound's autotrust file, octet for octet as Unbound 1.17.1 writes it (validator/autotrust.c).

Where Unbound leaves the file to the operator's taste, before a first success, it holds plain DS or DNSKEY
lines without state; such lines are read as Valid with `lastchange=0`, and a state that is configuration only
is written like that. ctime is Unbound's local time; here it is UTC, and not read.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

from ...clock import HOUR, Instant, Seconds
from ...dnssec.keys import DS, SEP, ZONE, Key
from ...dnssec.names import MalformedName, name_from_text, name_to_text
from ...infile import short
from ..rfc5011 import State
from .dates import ctime
from .masterfile import Record, records
from .reading import anchor_of, check_entries, instant, number, refuse, text_of
from .vocabulary import BOOKKEEPING, CONFIGURED, HOLDS, Entry, TrustState, since_of

FIRST_LINE = "; autotrust trust anchor file"
REVOKED_LINES = """\
;;REVOKED
; The zone has all keys revoked, and is
; considered as if it has no trust anchors.
; the remainder of the file is the last probe.
; to restart the trust anchor, overwrite this file.
; with one containing valid DNSKEYs or DSes.
"""
DEFAULT_TTL: Seconds = HOUR
"""The TTL of a line that names none."""
STATES = (State.START, State.ADD_PEND, State.VALID, State.MISSING, State.REVOKED, State.REMOVED)
"""The numbers of `;;state=` in order (validator/autotrust.h)."""
WORDS = ("  START  ", " ADDPEND ", "  VALID  ", " MISSING ", " REVOKED ", " REMOVED ")
MAX_COUNT = 255
_MAX_INTERVAL = 2**31 - 1
_HEADER = re.compile(r";;(?P<name>[a-z_]+|REVOKED)(?P<colon>:?)(?P<value>[^;]*)(?:;.*)?")
_COMMENT = re.compile(r";;state=([^\s;[]*)\s*\[[^];]*\]\s*;;count=([^\s;]*)\s*;;lastchange=([^\s;]*)(?:\s|$)")


def read(data: bytes, file: str, *, at: Instant | None = None, owner: bytes | None = None) -> TrustState:
    """Return what an autotrust file says, strictly; `at` and `owner` are not needed. Raises StateFileError.

    RRSIG lines are passed over, as Unbound does.
    """
    text = text_of(data, file)
    state, header_line = _header(text, file)
    named: list[bytes] = [] if state is None else [state.owner]

    def entries() -> Iterator[tuple[int, Entry]]:
        for record in records(text, file):
            if record.rrtype == "RRSIG":
                continue
            if record.rrtype not in ("DNSKEY", "DS"):
                refuse(file, record.line, f"a record of type {short(record.rrtype)}", "take it out")
            if record.line < header_line:
                refuse(file, record.line, "a key before the ;;id line", "move it down", defect="duplicate")
            if not named:
                named.append(record.owner)
            if record.owner != named[0]:
                problem = f"a key of {name_to_text(record.owner)} in the file of {name_to_text(named[0])}"
                refuse(file, record.line, problem, "give each name its own file", defect="mixed-owners")
            yield record.line, _entry(record, file)

    found = check_entries(entries(), file)
    if not named:
        refuse(file, 0, "neither a key nor ;;id", "seed it with the anchors anew", defect="empty")
    return TrustState(named[0], found) if state is None else replace(state, entries=found)


def _header(text: str, file: str) -> tuple[TrustState | None, int]:
    """Return what the lines that begin with two semicolons say, None without them, and the line of ;;id."""
    found: dict[str, int] = {}
    owner: bytes | None = None
    deleted = False
    id_line = 0
    for line, content in enumerate(text.split("\n"), 1):
        match = _HEADER.fullmatch(content) if content.startswith(";;") else None
        if match is None:
            continue
        name, value = match["name"], match["value"].strip()
        if name == "REVOKED":
            deleted = True
            if owner is not None:
                refuse(file, line, ";;REVOKED behind ;;id", "move it to the beginning of the file")
        elif name == "id" and match["colon"]:
            if owner is not None:
                refuse(file, line, "a second ;;id", "delete one half of the file", defect="duplicate")
            owner, id_line = _identity(value, file, line), line
        elif name in BOOKKEEPING and match["colon"]:
            if name in found:
                refuse(file, line, f"a second ;;{name}", "delete one of them", defect="duplicate")
            limit = MAX_COUNT if name == "query_failed" else _MAX_INTERVAL
            if name in ("last_queried", "last_success", "next_probe_time"):
                found[name] = instant(value, name, file, line)
            else:
                found[name] = number(value, limit, name, file, line)
    if owner is None:
        if found or deleted:
            refuse(
                file, 1, "no ;;id line, which names the trust point", "seed the file with the anchors anew"
            )
        return None, 0
    return TrustState(owner, (), deleted=deleted).noting(found), id_line


def _identity(value: str, file: str, line: int) -> bytes:
    """Read `example.com. 1`: name and class."""
    name, _, rrclass = value.partition(" ")
    if rrclass.strip() != "1":
        refuse(file, line, f"class {short(rrclass)!r} of the trust point, which is not 1")
    try:
        return name_from_text(name)
    except MalformedName as error:
        refuse(file, line, short(str(error), 120))


def _entry(record: Record, file: str) -> Entry:
    line = record.line
    anchor = anchor_of(record.rrtype, record.fields, file, line)
    ttl = DEFAULT_TTL if record.ttl is None else record.ttl
    comment = f";{record.comment}"
    if ";;state" not in comment:
        return Entry(anchor, since=CONFIGURED, ttl=ttl)
    match = _COMMENT.search(comment)
    if match is None:
        problem = "the comment with ;;state lacks ;;count or ;;lastchange"
        refuse(
            file, line, problem, "restore the line, or delete it and the key starts over", defect="truncated"
        )
    state = STATES[number(match[1], len(STATES) - 1, "state", file, line)]
    sightings = number(match[2], MAX_COUNT, "count", file, line)
    since = instant(match[3], "lastchange", file, line)
    if isinstance(anchor, Key) and state is State.REVOKED:
        anchor = anchor.unrevoked()
    return Entry(anchor, state, since, sightings=sightings, ttl=ttl)


def held(state: TrustState) -> TrustState:
    """Return what an autotrust file can hold of a state; `read(write(state))` equals it."""
    kept = [
        entry
        for entry in state.entries
        if entry.is_trusted
        or (isinstance(entry.anchor, Key) and entry.state in (State.ADD_PEND, State.REVOKED))
    ]
    plain = bool(kept) and _is_plain(state)
    entries = tuple(_held(entry, plain) for entry in kept)
    if plain:
        return TrustState(state.owner, entries)
    numbers = {name: getattr(state, name) or 0 for name in BOOKKEEPING}
    return TrustState(state.owner, entries, deleted=state.deleted).noting(numbers)


def _is_plain(state: TrustState) -> bool:
    """Tell whether a state is configuration only, so that its file is still the operator's."""
    return not state.is_initialised and all(getattr(state, name) is None for name in BOOKKEEPING)


def _held(entry: Entry, plain: bool) -> Entry:
    ttl = DEFAULT_TTL if entry.ttl is None else entry.ttl
    anchor = entry.anchor
    if plain or isinstance(anchor, DS):
        return Entry(anchor, since=CONFIGURED, ttl=ttl)
    if entry.state is State.REVOKED:
        anchor = anchor.unrevoked()
    pending = entry.state is State.ADD_PEND
    sightings = int(pending) if entry.sightings is None else min(MAX_COUNT, entry.sightings)
    since = since_of(entry, HOLDS)
    return Entry(anchor, entry.state, CONFIGURED if since is None else since, sightings=sightings, ttl=ttl)


def write(state: TrustState) -> bytes:
    """Write a state as Unbound does: lines in the order of the entries, which Unbound has newest first."""
    state = held(state)
    if state.entries and _is_plain(state):
        return "".join(f"{_record(state.owner, entry)}\n" for entry in state.entries).encode("ascii")
    lines = [f"{FIRST_LINE}\n", REVOKED_LINES * state.deleted, f";;id: {name_to_text(state.owner)} 1\n"]
    for name in BOOKKEEPING:
        value = getattr(state, name)
        timed = name in ("last_queried", "last_success", "next_probe_time")
        lines.append(f";;{name}: {value}{f' ;;{ctime(value)}' if timed else ''}\n")
    for entry in state.entries:
        line = _record(state.owner, entry)
        if isinstance(entry.anchor, Key):
            assert entry.since is not None
            place = STATES.index(entry.state)
            line += f" ;;state={place} [{WORDS[place]}] ;;count={entry.sightings} "
            line += f";;lastchange={entry.since} ;;{ctime(entry.since)}"
        lines.append(f"{line}\n")
    return "".join(lines).encode("ascii")


def _record(owner: bytes, entry: Entry) -> str:
    """Return an anchor as NLnet Labs' libraries print it, a key with its comment."""
    anchor = entry.anchor
    head = f"{name_to_text(owner)}\t{entry.ttl}\tIN"
    if isinstance(anchor, DS):
        fields = f"{anchor.key_tag} {anchor.algorithm} {anchor.digest_type} {anchor.digest.hex()}"
        return f"{head}\tDS\t{fields}"
    key = anchor.revoked() if entry.state is State.REVOKED else anchor
    text = b64encode(key.public_key).decode("ascii")
    return f"{head}\tDNSKEY\t{key.flags} {key.protocol} {key.algorithm} {text} {comment_of(key)}"


def comment_of(key: Key) -> str:
    """Return the comment NLnet Labs' libraries put behind a key: `;{id = 20326 (ksk), size = 2048b}`."""
    role = (" (ksk)" if key.flags & SEP else " (zsk)") if key.flags & ZONE else ""
    return f";{{id = {key.tag}{role}, size = {key_bits(key)}b}}"


def key_bits(key: Key) -> int:
    """Return the size of a key in bits as sldns reckons it (sldns/keyraw.c); 0 if it does not know."""
    data, algorithm = key.public_key, key.algorithm
    if algorithm in (3, 6):
        return (64 + data[0] * 8) * 8 if data else 0
    if algorithm in (1, 5, 7, 8, 10):
        if data[:1] == b"\0":
            return (len(data) - int.from_bytes(data[1:3], "big") - 3) * 8 if len(data) > 3 else 0
        return (len(data) - data[0] - 1) * 8 if data else 0
    return {12: 512, 13: 256, 14: 384, 15: 256, 16: 456}.get(algorithm, 0)
