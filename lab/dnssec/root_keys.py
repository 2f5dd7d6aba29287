"""Know the real root KSKs, so that the lab never signs with one and names them in ceremony files.

Digests from IANA's root-anchors.xml (RFC 9718), https://data.iana.org/root-anchors/root-anchors.xml.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from .keys import DS, SEP, ZONE, Key
from .names import ROOT

REAL_ROOT_DS: Final[tuple[tuple[str, DS], ...]] = tuple(
    (label, DS.from_text(text))
    for label, text in (
        ("KSK-2010", "19036 8 2 49AAC11D7B6F6446702E54A1607371607A1A41855200FD2CE1CDDE32F24E8FB5"),
        ("KSK-2017", "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"),
        ("KSK-2024", "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"),
    )
)
"""Label and DS of each root KSK published so far; in root-anchors.xml they are Kjqmt7v, Klajeyz, Kmyv6jo."""


def real_root_label(key: Key) -> str | None:
    """Return the label of the real root KSK with this public key, whatever its flags and algorithm."""
    return _label(key.public_key)


@lru_cache(maxsize=256)
def _label(public_key: bytes) -> str | None:
    """Look the public key up by the digest it has as a KSK in use: flags 257, algorithm 8."""
    digest = Key(ZONE | SEP, 8, public_key).ds(ROOT).digest
    for label, ds in REAL_ROOT_DS:
        if ds.digest == digest:
            return label
    return None


def is_real_root_ksk(key: Key) -> bool:
    """Tell whether a key is a real root KSK, revoked or not: the public key decides, never the tag."""
    return real_root_label(key) is not None
