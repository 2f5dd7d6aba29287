"""Ask in one sweep whether a window of a file could hold an anchor: nearly all cannot, and are done.

The window is stripped to the characters a notation is made of, so that line breaks, quotes, commas and `0x`
between them do not matter, and searched for pieces of keys and digests. A piece may be found by chance; a
window that holds an anchor always has one, unless the anchor is torn apart by letters in every piece.
"""

from __future__ import annotations

from functools import cache

from .material import KNOWN, shapes

_HEX = bytes(range(256)).lower()
_NOT_HEX = bytes(octet for octet in range(256) if octet not in b"0123456789abcdefABCDEF")
_NOT_DIGIT = bytes(octet for octet in range(256) if octet not in b"0123456789")
_NOT_BASE64 = bytes(octet for octet in range(256) if not (octet < 128 and chr(octet).isalnum()))
_BYTE_PREFIXES = (b"0x", b"0X", b"\\x", b"\\X", b"(byte)")
"""What stands before each octet in arrays and escapes, and has hexadecimal digits or tears them apart."""

_PIECE = 8
"""Octets in a hexadecimal piece: the chance to meet one in random digits is 1 in 2**64."""


def _smooth(octets: bytes, low: int, high: int, most: int) -> bytes:
    """Return the longest run of octets in [low, high), cut to `most`: the first of them."""
    best, start = b"", 0
    for end in range(len(octets) + 1):
        if end == len(octets) or not low <= octets[end] < high:
            if min(end - start, most) > len(best):
                best = octets[start : min(end, start + most)]
            start = end + 1
    return best


@cache
def hex_pieces() -> tuple[bytes, ...]:
    """Return pieces of every digest and key in hexadecimal, without octets below 16 (`0xb` has one digit).

    Two of the digests in use, so that one tear does not hide them.
    """
    found: list[bytes] = []
    for shape in shapes():
        if shape.form == "hex":
            first = _smooth(shape.octets, 16, 256, _PIECE)
            rest = shape.octets[shape.octets.index(first) + len(first) :]
            pieces = [first] if shape.digest_type != 2 else [first, _smooth(rest, 16, 256, _PIECE)]
            found.extend(piece.hex().encode() for piece in pieces)
    return tuple(found)


def _octets() -> tuple[bytes, ...]:
    """Return the keys and SHA-256 digests."""
    return tuple(shape.octets for shape in shapes() if shape.form == "octets")


@cache
def digit_pieces() -> tuple[bytes, ...]:
    """Return a piece of every SHA-256 digest and key as decimal numbers that are the same if signed."""
    return tuple("".join(map(str, _smooth(octets, 0, 128, _PIECE))).encode() for octets in _octets())


@cache
def base64_pieces() -> tuple[bytes, ...]:
    """Return pieces in base64, without `+` and `/`: how keys begin, and the middles of digests."""
    found = [b"AwEAAa", b"AQEDCAMBAAG"]
    for shape in shapes():
        if shape.form == "base64" and shape.part == "ds":
            plain = "".join(c for c in shape.text if c.isalnum())
            found.append(plain[10:30].encode())
    return tuple(found)


@cache
def octet_pieces() -> tuple[bytes, ...]:
    """Return 16 octets of every SHA-256 digest and key, as they stand in a binary."""
    return tuple(octets[8:24] for octets in _octets())


@cache
def escape_pieces() -> tuple[bytes, ...]:
    r"""Return what is left of neighbours that are no ASCII letters in `"I\xaa\xc1\x1d{odF"`."""
    runs = [_smooth(octets, 128, 256, 3) for octets in _octets()]
    return tuple("".join(f"x{octet:02x}" for octet in run).encode() for run in runs)


def forms_in(window: bytes) -> frozenset[str]:
    """Return the forms a window may hold an anchor in: octets, base64, digits, escapes, hex; mostly none.

    A form that is in the window as a whole is never left out.
    """
    found = set()
    if not window.isascii() and any(piece in window for piece in octet_pieces()):
        found.add("octets")
    letters = window.translate(None, _NOT_BASE64)
    if not letters:
        return frozenset(found)
    if any(piece in letters for piece in base64_pieces()):
        found.add("base64")
    digits = letters.translate(None, _NOT_DIGIT)
    if any(piece in digits for piece in digit_pieces()):
        found.add("digits")
    if b"\\x" in window and any(piece in letters.translate(_HEX) for piece in escape_pieces()):
        found.add("escapes")
    bare = window.replace(b"\0", b"") if b"\0" in window else window
    for prefix in _BYTE_PREFIXES:
        if prefix in bare:
            bare = bare.replace(prefix, b"")
    hexadecimal = bare.translate(_HEX, _NOT_HEX)
    if any(piece in hexadecimal for piece in hex_pieces()):
        found.add("hex")
    return frozenset(found)


def may_hint(window: bytes) -> bool:
    """Tell whether a window names the tag of a root KSK at all."""
    return any(str(known.tag).encode() in window for known in KNOWN)
