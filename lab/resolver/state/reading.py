"""What all readers of state files share: bounds, one-line errors, and the numbers and keys in a line.

State files lie on disks that fill up and are edited by hand, so nothing in them is believed: size, lines,
entries and keys are bounded, and a complaint names file, line, what is wrong and what to do.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from typing import NoReturn

from ...clock import Instant
from ...dnssec.keys import DS, Key
from ...errors import StateFileError
from ...infile import Kind, short, shown
from .vocabulary import Entry

MAX_FILE_OCTETS = 1024 * 1024
"""Largest file read; a state file of the root has a few kB."""
MAX_LINE = 10_239
"""Longest line: what Unbound 1.17 reads into its buffer of 10240 (validator/autotrust.c)."""
MAX_ENTRIES = 1000
MAX_KEY_OCTETS = 4096
"""Longest public key: RSA has at most 512 octets of modulus and as many of exponent (RFC 3110 section 2)."""

STATE_FILE = Kind(StateFileError, "a trust-state", "the resolver's own folder", "a few kB", MAX_FILE_OCTETS)
"""A state file as `infile.read_limited` speaks of it."""

ALGORITHMS = {
    "RSAMD5": 1, "DH": 2, "DSA": 3, "RSASHA1": 5, "NSEC3DSA": 6, "DSANSEC3SHA1": 6, "DSA-NSEC3-SHA1": 6,
    "NSEC3RSASHA1": 7, "RSASHA1NSEC3SHA1": 7, "RSASHA1-NSEC3-SHA1": 7, "RSASHA256": 8, "RSASHA512": 10,
    "ECC-GOST": 12, "ECDSAP256SHA256": 13, "ECDSAP384SHA384": 14, "ED25519": 15, "ED448": 16,
    "INDIRECT": 252, "PRIVATEDNS": 253, "PRIVATEOID": 254,
}  # fmt: skip
"""Mnemonics of IANA's registry and of the master files of BIND and NLnet Labs."""
_DIGEST_SIZES = {1: 20, 2: 32, 3: 32, 4: 48}
_DIGITS = re.compile(r"[0-9]{1,10}")

FIX = "correct the line, or let the resolver write the file anew"


def refuse(file: str, line: int, problem: str, remedy: str = FIX, *, defect: str = "malformed") -> NoReturn:
    """Raise the one-line error; line 0 stands for the whole file."""
    place = ": ".join(filter(None, (shown(file), f"line {line}" if line else "")))
    raise StateFileError(problem, place=place, remedy=remedy, defect=defect, line=line)


def text_of(data: bytes, file: str) -> str:
    """Return the text of a file, bounded; octets beyond ASCII may stand in comments only. Raises."""
    if len(data) > MAX_FILE_OCTETS:
        refuse(file, 0, f"larger than {MAX_FILE_OCTETS} octets", "check the path", defect="oversized")
    if not data.strip(b"\0 \t\r\n"):
        refuse(file, 0, "empty", "restore it, or seed it with the anchors anew", defect="empty")
    for number, line in enumerate(data.split(b"\n"), 1):
        if len(line) > MAX_LINE:
            refuse(file, number, f"longer than {MAX_LINE} characters", FIX, defect="long-line")
    if b"\0" in data:
        number = data.count(b"\n", 0, data.index(b"\0")) + 1
        refuse(file, number, "a zero octet", "the file is damaged, restore it", defect="malformed")
    return data.decode("latin-1").replace("\r\n", "\n")


def check_entries(entries: Iterable[tuple[int, Entry]], file: str) -> tuple[Entry, ...]:
    """Return the entries of (line, entry); refuse too many, and the same anchor twice.

    Where a key has its digest beside it, the digest counts: a key may be listed with several.
    """
    seen: dict[tuple[int, bytes], int] = {}
    found: list[Entry] = []
    for line, entry in entries:
        if len(found) == MAX_ENTRIES:
            refuse(file, line, f"more than {MAX_ENTRIES} keys", "check the file", defect="oversized")
        identity = entry.identity if entry.ds is None else (-1, entry.ds.rdata)
        first = seen.setdefault(identity, line)
        if first != line:
            tag = entry.anchor.key_tag
            problem = f"the anchor of line {first} (key tag {tag}) again"
            refuse(file, line, problem, "delete one of the two lines", defect="duplicate")
        found.append(entry)
    return tuple(found)


def number(text: str, limit: int, what: str, file: str, line: int) -> int:
    """Read a number from 0 to `limit`, in ASCII digits only."""
    if not _DIGITS.fullmatch(text) or int(text) > limit:
        refuse(file, line, f"{what} {short(text)!r} is not a number from 0 to {limit}")
    return int(text)


def algorithm_of(text: str, file: str, line: int) -> int:
    """Read an algorithm by number or mnemonic."""
    known = ALGORITHMS.get(text.upper())
    return number(text, 255, "algorithm", file, line) if known is None else known


def anchor_of(rrtype: str, fields: tuple[str, ...], file: str, line: int) -> Key | DS:
    """Read the rdata of a DNSKEY or DS in presentation format (RFC 4034 sections 2.2 and 5.3)."""
    if rrtype == "DNSKEY":
        return key_of(fields, file, line)
    if len(fields) < 4:
        problem = f"a DS with {len(fields)} of its 4 fields"
        refuse(file, line, problem, "write it like 20326 8 2 E06D...", defect="truncated")
    tag = number(fields[0], 65_535, "key tag", file, line)
    algorithm = algorithm_of(fields[1], file, line)
    digest_type = number(fields[2], 255, "digest type", file, line)
    digest = hex_of("".join(fields[3:]), file, line)
    wanted = _DIGEST_SIZES.get(digest_type, len(digest))
    if len(digest) != wanted:
        problem = f"a digest of {len(digest)} octets, where digest type {digest_type} has {wanted}"
        refuse(file, line, problem, defect="truncated" if len(digest) < wanted else "malformed")
    return DS(tag, algorithm, digest_type, digest)


def hex_of(text: str, file: str, line: int) -> bytes:
    """Read a digest in hexadecimal digits."""
    try:
        octets = binascii.unhexlify(text)
    except ValueError:
        refuse(file, line, "a digest that is not hexadecimal")
    if len(octets) > MAX_KEY_OCTETS:
        refuse(file, line, f"a digest longer than {MAX_KEY_OCTETS} octets", defect="oversized")
    return octets


def key_of(fields: tuple[str, ...], file: str, line: int) -> Key:
    """Read flags, protocol, algorithm and public key of a DNSKEY; any algorithm will do."""
    if len(fields) < 4:
        problem = f"a DNSKEY with {len(fields)} of its 4 fields"
        refuse(file, line, problem, "write it like 257 3 8 AwEAAa...", defect="truncated")
    flags = number(fields[0], 65_535, "flags", file, line)
    protocol = number(fields[1], 255, "protocol", file, line)
    algorithm = algorithm_of(fields[2], file, line)
    return Key(flags, algorithm, base64_of("".join(fields[3:]), file, line), protocol)


def base64_of(text: str, file: str, line: int) -> bytes:
    """Read a public key in base64, strictly: no stray character, right padding."""
    try:
        octets = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        cut = len(text.rstrip("=")) % 4 != 0 and not text.endswith("=")
        problem = "a public key that is cut off" if cut else "a public key that is not base64"
        refuse(file, line, problem, defect="truncated" if cut else "malformed")
    if len(octets) > MAX_KEY_OCTETS:
        refuse(file, line, f"a public key longer than {MAX_KEY_OCTETS} octets", defect="oversized")
    return octets


def instant(text: str, what: str, file: str, line: int) -> Instant:
    """Read seconds since 1970, of 32 bits."""
    return number(text, 2**32 - 1, what, file, line)
