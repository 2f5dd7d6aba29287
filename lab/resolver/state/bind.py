"""BIND's managed-keys.bind: KEYDATA records in a master file, three times each.

`refresh`, `addhd` and `removehd` are the whole state (lib/dns/rdata/generic/keydata_65533.c): a removal time
means revoked; an acceptance time of 0 means configured and not yet confirmed ("no trust"), in the future
pending, else trusted. Which it is depends on the instant, so the file says it in comments, true when it was
written; a BIND that starts goes by its clock (lib/dns/zone.c, `load_secroots`). What the journal beside the
file holds is not seen: `rndc managed-keys sync` writes it into the file first.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from ...clock import Instant
from ...dnssec.keys import REVOKE, Key
from ...dnssec.names import ROOT, name_to_text
from ...infile import short
from ..rfc5011 import State
from .anchors import choose
from .dates import digits, from_digits, http_time
from .masterfile import Record, records
from .reading import check_entries, key_of, number, refuse, text_of
from .vocabulary import CONFIGURED, HOLDS, MAX_INSTANT, Entry, TrustState, until_of

_NO_KEY = 0xC000
"""Flags that say there is no key (RFC 2535); BIND reads nothing behind them."""
_PLACEHOLDER = ("0", "0", "0")
_ANCIENT: Instant = 1
"""The acceptance time of a trusted key of which nobody knows since when; 0 would mean "no trust"."""
_INDENT = "\n" + "\t" * 4
_WIDTH = 44
_TYPE_COLUMN, _RDATA_COLUMN, _TAB = 24, 32, 8
_SOA = (("refresh", "0 seconds"), ("retry", "0 seconds"), ("expire", "0 seconds"), ("minimum", "0 seconds"))
_NAMES: Final = {
    1: "RSAMD5", 2: "DH", 3: "DSA", 5: "RSASHA1", 6: "NSEC3DSA", 7: "NSEC3RSASHA1", 8: "RSASHA256",
    10: "RSASHA512", 12: "ECCGOST", 13: "ECDSAP256SHA256", 14: "ECDSAP384SHA384", 15: "ED25519", 16: "ED448",
    252: "INDIRECT", 253: "PRIVATEDNS", 254: "PRIVATEOID",
}  # fmt: skip
"""Algorithms as BIND's comments name them (lib/dns/rcode.c); others by number."""


def read(data: bytes, file: str, *, at: Instant | None = None, owner: bytes | None = None) -> TrustState:
    """Return what a managed-keys file says about one name. Raises StateFileError.

    With `at`, keys are pending or trusted as for a BIND that starts at that instant; without, as the file's
    comments say; without those, a key is pending if its acceptance lies behind its next refresh. A file for
    several names needs `owner`.
    """
    by_name, serial = keydata(text_of(data, file), file, at)
    name = choose(tuple(by_name), owner, file)
    return TrustState(name, check_entries(by_name[name], file), serial=serial)


def keydata(
    text: str, file: str, at: Instant | None
) -> tuple[dict[bytes, list[tuple[int, Entry]]], int | None]:
    """Return the entries of every name with their lines, and the SOA's serial. Raises StateFileError.

    A name that has nothing but a placeholder has no entry.
    """
    serial: int | None = None
    by_name: dict[bytes, list[tuple[int, Entry]]] = {}
    for record in records(text, file):
        if record.rrtype == "KEYDATA":
            found = by_name.setdefault(record.owner, [])
            entry = _entry(record, at, file)
            if entry is not None:
                found.append((record.line, entry))
        elif record.rrtype == "SOA":
            serial = _serial(record, file)
        else:
            refuse(file, record.line, f"a record of type {short(record.rrtype)}", "take it out")
    return by_name, serial


def _serial(record: Record, file: str) -> int:
    fields = record.fields
    if len(fields) != 7:
        refuse(file, record.line, f"an SOA with {len(fields)} of its 7 fields", defect="truncated")
    return number(fields[2], MAX_INSTANT, "serial number", file, record.line)


def _entry(record: Record, at: Instant | None, file: str) -> Entry | None:
    """Return the entry of a KEYDATA record, None for a placeholder."""
    line, fields = record.line, record.fields
    if len(fields) < 6:
        problem = f"a KEYDATA with {len(fields)} of its 7 fields"
        refuse(file, line, problem, "write three times, flags, 3, algorithm, key", defect="truncated")
    refresh, accepted, removal = (_time(text, file, line) for text in fields[:3])
    if fields[3:6] == _PLACEHOLDER:
        if len(fields) > 6:
            refuse(file, line, "a placeholder (0 0 0) with a key")
        return None
    key = key_of(fields[3:], file, line)
    if key.flags & _NO_KEY == _NO_KEY:
        refuse(file, line, f"flags {key.flags}, which say that there is no key")
    if removal:
        return Entry(key.unrevoked(), State.REVOKED, until=removal, refresh=refresh, accepted=accepted)
    if accepted == CONFIGURED or not _is_pending(record.after, accepted, refresh, at):
        return Entry(key, since=accepted, refresh=refresh)
    return Entry(key, State.ADD_PEND, until=accepted, refresh=refresh)


def _is_pending(comment: str, accepted: Instant, refresh: Instant, at: Instant | None) -> bool:
    if at is not None:
        return at < accepted
    if "trust pending" in comment:
        return True
    return "trusted since" not in comment and accepted > refresh


def _time(text: str, file: str, line: int) -> Instant:
    instant = from_digits(text)
    if instant is None:
        remedy = "write it like 20261011160000; 19700101000000 stands for none"
        refuse(file, line, f"{short(text)!r} is not a time", remedy)
    return instant


def held(state: TrustState) -> TrustState:
    """Return what a managed-keys file can hold of a state; `read(write(state))` equals it.

    Keys only, no DS; a Missing key is trusted like any other; order is that of the records' octets.
    """
    entries = [_held(entry, state) for entry in state.entries]
    kept = sorted((entry for entry in entries if entry is not None), key=_rdata)
    return TrustState(state.owner, tuple(kept), serial=1 if state.serial is None else state.serial)


def _held(entry: Entry, state: TrustState) -> Entry | None:
    key = entry.anchor
    if not isinstance(key, Key) or entry.state in (State.START, State.REMOVED):
        return None
    last = max(state.last_success or 0, state.last_queried or 0)
    refresh = state.next_probe_time or 0 if entry.refresh is None else entry.refresh
    if entry.is_trusted:
        confirmed = last or _ANCIENT
        since = entry.since if entry.state is State.VALID else entry.since or confirmed
        return Entry(key, since=confirmed if since is None else since, refresh=refresh)
    until = until_of(entry, HOLDS)
    until = min(MAX_INSTANT, last + HOLDS.add) if until is None else max(_ANCIENT, until)
    if entry.state is State.ADD_PEND:
        return Entry(key, State.ADD_PEND, until=until, refresh=refresh)
    accepted = max(_ANCIENT, until - HOLDS.remove) if entry.accepted is None else entry.accepted
    return Entry(key.unrevoked(), State.REVOKED, until=until, refresh=refresh, accepted=accepted)


def _times(entry: Entry) -> tuple[Instant, Instant, Instant]:
    """Return the three times of an entry as `held` returns it."""
    refresh = entry.refresh or 0
    if entry.state is State.REVOKED:
        return refresh, entry.accepted or 0, entry.until or 0
    return refresh, (entry.until if entry.state is State.ADD_PEND else entry.since) or 0, 0


def _rdata(entry: Entry) -> bytes:
    """Return the octets of a KEYDATA record, by which BIND sorts."""
    key = _key(entry)
    return b"".join(time.to_bytes(4, "big") for time in _times(entry)) + key.rdata


def _key(entry: Entry) -> Key:
    key = entry.anchor
    assert isinstance(key, Key)
    return key.revoked() if entry.state is State.REVOKED else key


def write(state: TrustState) -> bytes:
    """Write a managed-keys file as BIND's dump does (lib/dns/masterdump.c, `dns_master_style_keyzone`).

    A state without a key becomes a placeholder, as a BIND writes that has seen none.
    """
    state = held(state)
    lines = ["$ORIGIN .\n$TTL 0\t; 0 seconds\n@\t\t\tIN SOA\t. . (", f"{_INDENT}{state.serial:<10d} ; serial"]
    lines += [f"{_INDENT}0          ; {name} ({words})" for name, words in _SOA]
    lines.append(f"{_INDENT})\n")
    head = _head(state.owner)
    for entry in state.entries:
        lines.append(f"{head}{_record(entry)}\n")
        head = _head(ROOT)
    if not state.entries:
        lines.append(f"{head}{digits(0)} {digits(0)} {digits(0)} 0 0 0 ; placeholder\n")
    return "".join(lines).encode("ascii")


def _head(owner: bytes) -> str:
    """Return owner and type in their columns; the owner is relative to the root.

    The root itself is left out, because the SOA before it has the same owner.
    """
    text = "" if owner == ROOT else name_to_text(owner)[:-1]
    column = max(_TYPE_COLUMN, len(text) + 1)
    return f"{text}{_gap(len(text), column)}KEYDATA{_gap(column + len('KEYDATA'), _RDATA_COLUMN)}"


def _gap(at: int, to: int) -> str:
    """Return tabs and spaces from one column to another, at least one (lib/dns/masterdump.c, `indent`)."""
    to = max(to, at + 1)
    tabs = to // _TAB - at // _TAB
    return "\t" * tabs + " " * (to % _TAB) if tabs else " " * (to - at)


def _record(entry: Entry) -> str:
    """Return the rdata of a KEYDATA record with BIND's comments."""
    key = _key(entry)
    refresh, accepted, removal = _times(entry)
    text = b64encode(key.public_key).decode("ascii")
    chunks = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    role = ("revoked KSK" if key.flags & REVOKE else "KSK") if key.is_sep else "ZSK"
    parts = [
        f"{digits(refresh)} {digits(accepted)} {digits(removal)} "
        f"{key.flags} {key.protocol} {key.algorithm} (",
        *chunks,
        f") ; {role}; alg = {_NAMES.get(key.algorithm, key.algorithm)}; key id = {key.tag}",
        f"; next refresh: {http_time(refresh)}",
    ]
    if accepted == CONFIGURED:
        parts.append("; no trust")
    else:
        word = "trust pending" if entry.state is State.ADD_PEND else "trusted since"
        parts.append(f"; {word}: {http_time(accepted)}")
    if removal:
        parts.append(f"; removal pending: {http_time(removal)}")
    return _INDENT.join(parts)
