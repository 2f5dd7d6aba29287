r"""Domain names as wire-format bytes in lower case; the root is b"\x00".

One representation everywhere makes equality, hashing and canonical form free. `bytes.lower` is the right
folding (RFC 4343): it touches A-Z only, and no length octet (at most 63) lies in that range.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

ROOT: Final = b"\x00"
MAX_NAME = 255
"""Octets of a whole name (RFC 1035 section 2.3.4)."""
MAX_LABEL = 63
_MAX_POINTERS = 127
"""Compression pointers followed for one name, which has at most 127 labels, so nobody needs more."""
_ESCAPED = frozenset(b'"().;\\@$')


class Malformed(ValueError):
    """Stand for any bytes or text from outside that is not what it claims to be."""


class MalformedName(Malformed):
    """Report a domain name that breaks RFC 1035 sections 2.3.4 and 4.1.4."""


class MalformedRdata(Malformed):
    """Report rdata that is too short or does not have its type's shape."""


def read_name(wire: bytes, at: int) -> tuple[bytes, int]:
    """Return the name at an offset of a message, decompressed, and the offset after it; case is kept.

    A pointer must point before everything read so far (RFC 1035 section 4.1.4 says "prior occurrence"), so
    there are no loops. Raises MalformedName.
    """
    parts: list[bytes] = []
    end = pointers = 0
    limit = at
    room = MAX_NAME
    try:
        while octet := wire[at]:
            if octet <= MAX_LABEL:
                after = at + 1 + octet
                parts.append(wire[at:after])
                room -= 1 + octet
                at = after
                if room < 1:
                    raise MalformedName("a name longer than 255 octets")
            elif octet >= 0xC0:
                target = (octet & 0x3F) << 8 | wire[at + 1]
                pointers += 1
                if target >= limit or pointers > _MAX_POINTERS:
                    raise MalformedName("a compression pointer that does not point back")
                end = end or at + 2
                limit = at = target
            else:
                raise MalformedName("a label of an unknown kind")
    except IndexError:
        raise MalformedName("a name that runs past the end") from None
    parts.append(ROOT)
    return b"".join(parts), end or at + 1


@lru_cache(maxsize=4096)
def name_from_text(text: str) -> bytes:
    r"""Read a name in presentation format as lower-case wire bytes; the final dot may be missing.

    `\.` and `\DDD` are understood (RFC 1035 section 5.1). Raises MalformedName.
    """
    if text == ".":
        return ROOT
    try:
        raw = text.encode("ascii")
    except UnicodeEncodeError:
        raise MalformedName(f"{text!r} is not a domain name: write it in ASCII (xn--...)") from None
    found: list[bytes] = []
    label = bytearray()
    at = 0
    while at < len(raw):
        octet = raw[at]
        at += 1
        if octet == 0x2E:
            found.append(_label(label, text))
            label = bytearray()
            continue
        if octet == 0x5C:
            octet, at = _unescape(raw, at, text)
        label.append(octet)
    if label or not raw:
        found.append(_label(label, text))
    wire = b"".join(found) + ROOT
    if len(wire) > MAX_NAME:
        raise MalformedName(f"{text[:40]!r}... is longer than 255 octets")
    return wire.lower()


def _label(label: bytearray, text: str) -> bytes:
    """Return one label with its length octet."""
    if not 1 <= len(label) <= MAX_LABEL:
        raise MalformedName(f"{text[:80]!r} has an empty label or one longer than 63 octets")
    return bytes((len(label),)) + label


def _unescape(raw: bytes, at: int, text: str) -> tuple[int, int]:
    """Return the octet a backslash before `at` stands for, and the offset after it."""
    digits = raw[at : at + 3]
    if digits[:1].isdigit():
        if len(digits) == 3 and digits.isdigit() and int(digits) <= 255:
            return int(digits), at + 3
    elif digits:
        return digits[0], at + 1
    raise MalformedName(f"{text[:80]!r} has a broken escape")


@lru_cache(maxsize=16384)
def name_to_text(wire: bytes) -> str:
    """Write a wire name in presentation format with its final dot. Raises MalformedName."""
    if wire == ROOT:
        return "."
    return "".join(_label_text(label) + "." for label in labels(wire))


def _label_text(label: bytes) -> str:
    """Escape what a zone file would misread (RFC 1035 section 5.1): nothing in a host name."""
    if label.replace(b"-", b"").isalnum():
        return label.decode("ascii")
    return "".join(
        f"\\{chr(octet)}" if octet in _ESCAPED else chr(octet) if 0x21 <= octet <= 0x7E else f"\\{octet:03d}"
        for octet in label
    )


def labels(wire: bytes) -> tuple[bytes, ...]:
    """Return the labels of a wire name from left to right, without the root's. Raises MalformedName."""
    found: list[bytes] = []
    at = 0
    size = len(wire)
    while at < size and (octet := wire[at]):
        if octet > MAX_LABEL:
            raise MalformedName("a compressed name where none may be")
        found.append(wire[at + 1 : at + 1 + octet])
        at += 1 + octet
    if at != size - 1 or size > MAX_NAME:
        raise MalformedName("a name that does not end where it should")
    return tuple(found)


def label_count(wire: bytes) -> int:
    """Count labels as an RRSIG does: neither the root nor a leading `*` (RFC 4034 section 3.1.3)."""
    if wire == ROOT:
        return 0
    found = labels(wire)
    return len(found) - (found[0] == b"*")


def parent(wire: bytes) -> bytes:
    """Return the name with its leftmost label cut off; the root is its own parent."""
    return wire[1 + wire[0] :] or ROOT


def is_subdomain(name: bytes, ancestor: bytes) -> bool:
    """Tell whether a name is `ancestor` or lies below it; both lower-case wire names."""
    if ancestor == ROOT or name == ancestor:
        return True
    surplus = len(name) - len(ancestor)
    at = 0
    while at < surplus:
        at += 1 + name[at]
    return at == surplus and name[at:] == ancestor


def canonical_order(wire: bytes) -> tuple[bytes, ...]:
    """Return the sorting key of a name: its labels from right to left (RFC 4034 section 6.1)."""
    return labels(wire.lower())[::-1]
