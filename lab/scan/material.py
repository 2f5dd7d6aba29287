"""The root's KSKs in every form in which a file can hold them: public key and digests, as octets and as text.

What identifies a key is its public key or a digest of it, never its tag: tags are 16 bits and collide.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

from ..dnssec.keys import SEP, ZONE, Key
from ..dnssec.names import ROOT

Part: TypeAlias = Literal["key", "ds"]
Form: TypeAlias = Literal["hex", "base64", "octets"]

ALGORITHM: Final = 8
FLAGS: Final = ZONE | SEP

_PUBLIC_KEYS: Final[tuple[tuple[str, str], ...]] = (
    (
        "ksk-2010",
        "AwEAAagAIKlVZrpC6Ia7gEzahOR+9W29euxhJhVVLOyQbSEW0O8gcCjFFVQUTf6v58fLjwBd0YI0EzrAcQqBGCzh"
        "/RStIoO8g0NfnfL2MTJRkxoXbfDaUeVPQuYEhg37NZWAJQ9VnMVDxP/VHL496M/QZxkjf5/Efucp2gaDX6RS6CXp"
        "oY68LsvPVjR0ZSwzz1apAzvN9dlzEheX7ICJBBtuA6G3LQpzW5hOA2hzCTMjJPJ8LbqF6dsV6DoBQzgul0sGIcGO"
        "Yl7OyQdXfZ57relSQageu+ipAdTTJ25AsRTAoub8ONGcLmqrAmRLKBP1dfwhYB4N7knNnulqQxA+Uk1ihz0=",
    ),
    (
        "ksk-2017",
        "AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN"
        "7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8"
        "efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLY"
        "A4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=",
    ),
    (
        "ksk-2024",
        "AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeH"
        "spaQWOmOElZsjICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siFUiRAAx"
        "m9qyJNg/wOZqqzL/dL/q8PkcRU5oUKEpUge71M3ej2/7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+"
        "u1TQNatX2XBuzZNQ1K+s2CXkPIZo7s6JgZyvaBevYtxPvYLw4z9mR7K2vaF18UYH9Z9GNUUeayffKC73PYc=",
    ),
)
"""Names as scenarios have them, and the public keys of root-anchors.xml and of the root zone."""


@dataclass(frozen=True, slots=True)
class Known:
    """One root KSK: the name scenarios give it, its tag, its public key, its digest by digest type."""

    name: str
    tag: int
    public_key: bytes
    digests: tuple[tuple[int, bytes], ...]


def _known(name: str, text: str) -> Known:
    key = Key(FLAGS, ALGORITHM, b64decode(text))
    digests = tuple((kind, key.ds(ROOT, kind).digest) for kind in (2, 1, 4))
    return Known(name, key.tag, key.public_key, digests)


KNOWN: Final[tuple[Known, ...]] = tuple(_known(name, text) for name, text in _PUBLIC_KEYS)
"""The KSKs the root has had in its zone, in their order."""

TAGS: Final[dict[str, int]] = {known.name: known.tag for known in KNOWN}


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to write one thing: what it says (`octets`), and the characters of it in a text (`text`).

    `digest_type` is 0 for a public key. `lead` is what may stand directly before it, in the same form: the
    first octets of the rdata, if the rdata is written in one piece.
    """

    known: Known
    part: Part
    digest_type: int
    form: Form
    octets: bytes
    text: str
    lead: str

    @property
    def tag(self) -> int:
        """Return the tag of the key."""
        return self.known.tag


def _contents() -> tuple[tuple[Known, Part, int, bytes, bytes], ...]:
    """Return (key, part, digest type, octets, octets of the rdata before them)."""
    found: list[tuple[Known, Part, int, bytes, bytes]] = []
    for known in KNOWN:
        head = FLAGS.to_bytes(2, "big") + bytes((3, ALGORITHM))
        found.append((known, "key", 0, known.public_key, head))
        for kind, digest in known.digests:
            lead = known.tag.to_bytes(2, "big") + bytes((ALGORITHM, kind))
            found.append((known, "ds", kind, digest, lead))
    return tuple(found)


@cache
def shapes() -> tuple[Shape, ...]:
    """Return every shape in a fixed order: hexadecimal digits (lower case), octets and base64.

    SHA-1 and SHA-384 digests are met in hexadecimal only.
    """
    found: list[Shape] = []
    for known, part, kind, octets, head in _contents():
        found.append(Shape(known, part, kind, "hex", octets, octets.hex(), head.hex()))
        if kind in (1, 4):
            continue
        found.append(Shape(known, part, kind, "octets", octets, "", ""))
        texts = [b64encode(octets).decode()]
        texts.append(b64encode(head + octets).decode())
        found.extend(Shape(known, part, kind, "base64", octets, text, "") for text in texts)
    return tuple(found)
