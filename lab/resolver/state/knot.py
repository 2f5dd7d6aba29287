"""Knot Resolver's root.keys: a master file whose comments carry state and timer.

Lines of keys that are not trusted begin with `; `, so that old versions pass them over; a line without a
state counts as Valid (daemon/lua/trust_anchors.lua, `keyset_read` and `ta_rr_str`; 5.6.0, and 6.x the same).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator

from ...clock import DAY, HOUR, Instant, Seconds
from ...dnssec.keys import DS, Key
from ...dnssec.names import name_to_text
from ...infile import short
from ..rfc5011 import State
from .masterfile import Record, records
from .reading import anchor_of, check_entries, instant, refuse, text_of
from .vocabulary import CONFIGURED, MAX_INSTANT, Entry, Holds, TrustState, until_of

DEFAULT_TTL: Seconds = HOUR
"""The TTL of a line that names none (libzscanner's default in daemon/lua/zonefile.lua)."""
HOLDS = Holds(keep=120 * DAY)
"""A missing key is kept for four hold-downs (modules/ta_update/ta_update.lua, `update`)."""
STATE = re.compile(r"\s*(?P<state>Start|AddPend|Valid|Missing|Revoked|Removed):(?P<timer>[^\s;]*)")
COMMENTED = re.compile(r"; (?=.*;\s*(?:Start|AddPend|Valid|Missing|Revoked|Removed):)")


def read(data: bytes, file: str, *, at: Instant | None = None, owner: bytes | None = None) -> TrustState:
    """Return what a key file says, strictly; `at` and `owner` are not needed. Raises StateFileError.

    Entries keep the order of the file; Knot Resolver reads the trusted ones first.
    """
    text = text_of(data, file)
    lines = text.split("\n")
    bare = "\n".join(line[2:] if COMMENTED.match(line) else line for line in lines)
    names: list[bytes] = []

    def entries() -> Iterator[tuple[int, Entry]]:
        for record in records(bare, file):
            entry = entry_of(record, file)
            names.append(record.owner)
            if record.owner != names[0]:
                problem = f"a key of {name_to_text(record.owner)} in the file of {name_to_text(names[0])}"
                refuse(file, record.line, problem, "give each name its own file", defect="mixed-owners")
            yield record.line, entry

    found = check_entries(entries(), file)
    if not found:
        refuse(file, 0, "no key", "seed it with the anchors anew", defect="empty")
    return TrustState(names[0], found)


def entry_of(record: Record, file: str) -> Entry:
    """Return the entry of a record, its state and timer in the comment. Raises StateFileError."""
    line = record.line
    if record.rrtype not in ("DNSKEY", "DS"):
        refuse(file, line, f"a record of type {short(record.rrtype)}", "take it out")
    match = STATE.match(record.comment)
    anchor = anchor_of(record.rrtype, record.fields, file, line)
    ttl = DEFAULT_TTL if record.ttl is None else record.ttl
    if match is None:
        return Entry(anchor, since=CONFIGURED, ttl=ttl)
    state = State(match["state"])
    until = instant(match["timer"], "the timer", file, line) if match["timer"] else None
    if until is None and state in (State.ADD_PEND, State.MISSING, State.REVOKED):
        refuse(file, line, f"{state.value} without its timer", "write it like AddPend:1795490000",
               defect="truncated")  # fmt: skip
    if isinstance(anchor, Key) and state is State.REVOKED:
        anchor = anchor.unrevoked()
    return Entry(anchor, state, until=until, ttl=ttl)


def held(state: TrustState) -> TrustState:
    """Return what a key file can hold of a state; `read(write(state))` equals it."""
    last = max(state.last_success or 0, state.last_queried or 0)
    kept = (entry for entry in state.entries if entry.state is not State.START)
    return TrustState(state.owner, tuple(_held(entry, last) for entry in kept))


def _held(entry: Entry, last: Instant) -> Entry:
    ttl = DEFAULT_TTL if entry.ttl is None else entry.ttl
    if not entry.is_confirmed and entry.until is None:
        return Entry(entry.anchor, since=CONFIGURED, ttl=ttl)
    anchor, length = entry.anchor, HOLDS.of(entry.state)
    if isinstance(anchor, Key) and entry.state is State.REVOKED:
        anchor = anchor.unrevoked()
    until = until_of(entry, HOLDS)
    if until is None and length is not None:
        until = min(MAX_INSTANT, last + length)
    return Entry(anchor, entry.state, until=until, ttl=ttl)


def write(state: TrustState) -> bytes:
    """Write a key file as Knot Resolver does, lines in the order of the entries. Raises StateFileError."""
    found = held(state)
    if not found.entries:
        refuse(
            "", 0, "Knot Resolver takes no empty key file", "there is no key to write", defect="nothing-left"
        )
    return "".join(_line(found.owner, entry) for entry in found.entries).encode("ascii")


def _line(owner: bytes, entry: Entry) -> str:
    """Return one line: owner padded to 20 columns (libknot's dump style), TTL, type, rdata, comments."""
    anchor = entry.anchor
    head = f"{name_to_text(owner):<20s}\t{entry.ttl}\t"
    if isinstance(anchor, DS):
        text = f"{head}DS\t{anchor.to_text()}"
    else:
        key = b64encode(anchor.public_key).decode("ascii")
        text = f"{head}DNSKEY\t{anchor.flags} {anchor.protocol} {anchor.algorithm} {key}"
    if entry.since == CONFIGURED:
        return f"{text}\n"
    tag = anchor.tag if isinstance(anchor, Key) else anchor.key_tag
    timer = "" if entry.until is None else entry.until
    mark = "" if entry.is_trusted else "; "
    return f"{mark}{text} ; {entry.state.value}:{timer} ; KeyTag:{tag}\n"
