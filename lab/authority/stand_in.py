"""Make keys that are nothing but their sizes: what would a response weigh under an algorithm nobody has yet?

A stand-in is of algorithm 253, PRIVATEDNS, whose keys and signatures begin with a domain name that says whose
they are (RFC 4034 appendix A.1.1). The rest is filler, the same on every machine. No resolver can verify it,
so it never is the only one to sign.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from ..dnssec.keys import Key, SigningKey
from ..dnssec.names import name_from_text
from ..errors import KeyFileError

PRIVATEDNS: Final = 253
"""RFC 4034 appendix A.1.1."""

NAME: Final = re.compile(r"(?:zsk-)?stand-in-(?P<key>[0-9]{1,5})-(?P<signature>[0-9]{1,5})", re.ASCII)
"""A name says the octets of the public key and of a signature: ML-DSA-44 is `stand-in-1312-2420`."""

_OWNER: Final = name_from_text("rootlab.invalid.")
SMALLEST: Final = len(_OWNER) + 1
LARGEST: Final = 16_384
"""Octets: four of such keys and signatures fit a DNS message; SLH-DSA signatures have 7,856 and more."""


def stand_in(name: str, flags: int) -> SigningKey | None:
    """Return the key a name asks for, or None if it asks for no stand-in. Raises KeyFileError for a size."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    size, signature_size = int(match["key"]), int(match["signature"])
    for octets in (size, signature_size):
        if not SMALLEST <= octets <= LARGEST:
            raise KeyFileError(
                f"{name} cannot have {octets} octets",
                remedy=f"give sizes of {SMALLEST} to {LARGEST} octets: stand-in-KEY-SIGNATURE",
            )
    public = _filled(name.encode("ascii"), size)

    def sign(data: bytes) -> bytes:
        """Return filler that depends on the data, as a signature does."""
        return _filled(public + data, signature_size)

    return SigningKey(Key(flags, PRIVATEDNS, public), sign)


def _filled(seed: bytes, size: int) -> bytes:
    """Return so many octets: the owner's name, then what follows from the seed."""
    return _OWNER + hashlib.shake_256(seed).digest(size - len(_OWNER))
