"""Publish trust anchors as IANA does: root-anchors.xml, its signature, and who vouches for it.

A pure function of the instant: a key is in the file from its validFrom on, and its validUntil is written when
it is reached, for nobody knows before when a key will really go. Who has the three documents has all that
RFC 9718 gives a resolver to begin with.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Final, NamedTuple, Protocol
from xml.sax.saxutils import quoteattr

from ..clock import DAY, Instant, format_instant, parse_instant
from ..dnssec.keys import Key
from ..dnssec.names import ROOT
from ..errors import UserError

FOLDER: Final = "/root-anchors/"
"""Where the documents lie on IANA's server, and on ours."""
XML, P7S, BUNDLE = (FOLDER + name for name in ("root-anchors.xml", "root-anchors.p7s", "icannbundle.pem"))
DOCUMENTS: Final = {XML: "text/xml", P7S: "application/pkcs7-signature", BUNDLE: "application/x-pem-file"}
"""Path of a document, and its media type."""
SIGNER: Final = "dnssec@iana.org"
"""The address in the signer's certificate that clients insist on (unbound-anchor, unless told otherwise)."""
STRANGER: Final = "nobody@example.org"
CA_NOTICE: Final = 90 * DAY
"""How long before it is used a new certificate authority is in the bundle; IANA has not said. Invented."""

VARIANTS: Final = {
    "rfc7958": "digests alone, as before RFC 9718: no PublicKey, no Flags",
    "expired-signer": "the certificate of the signer ends, and is not renewed",
    "new-ca": "another certificate authority vouches for the signer; in the bundle 90 days before",
    "stranger": "the signer's certificate is somebody else's",
    "tampered": "the file was changed after it was signed",
}
"""What can be other than it should be, each from an instant on."""

_VARIANT: Final = re.compile(r"(?P<name>[a-z0-9-]+)(?:=(?P<at>.+))?", re.DOTALL)
_CONTENT_ID: Final = (8, 12, 16, 20, 32)


class Listed(NamedTuple):
    """One key of root-anchors.xml, and when it is valid; `until` is included (RFC 9718 section 2)."""

    key: Key
    begin: Instant
    until: Instant | None = None


class Variant(NamedTuple):
    """Something that is other than it should be, from an instant on; the names are those of VARIANTS."""

    name: str
    at: Instant = 0


def parse_variant(text: str) -> Variant:
    """Read `NAME` or `NAME=INSTANT`. Raises UserError."""
    match = _VARIANT.fullmatch(text)
    if match is None or match["name"] not in VARIANTS:
        raise UserError(
            f"{text!r} is no variant of the publication", remedy=f"there are {', '.join(VARIANTS)}"
        )
    try:
        return Variant(match["name"], 0 if match["at"] is None else parse_instant(match["at"]))
    except ValueError as error:
        raise UserError(str(error), place=match["name"]) from None


def anchors_xml(listed: Iterable[Listed], now: Instant, *, keys: bool = True) -> bytes | None:
    """Return root-anchors.xml as published at an instant (RFC 9718 section 2); None if no key is listed yet.

    `keys` puts PublicKey and Flags beside the digest of a key that has not ended, as IANA does since 2024;
    RFC 7958 knew digests alone.
    """
    lines = [line for one in listed if one.begin <= now for line in _digest(one, now, keys)]
    if not lines:
        return None
    digits = sha256("".join(lines).encode()).hexdigest().upper()
    cuts = (0, *_CONTENT_ID)
    identifier = "-".join(digits[a:b] for a, b in pairwise(cuts))
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<TrustAnchor id="{identifier}" source="http://rootlab.invalid{XML}">',
        "    <Zone>.</Zone>",
    ]
    return "\n".join([*head, *lines, "</TrustAnchor>", ""]).encode()


def _digest(one: Listed, now: Instant, keys: bool) -> list[str]:
    """Return the lines of one key."""
    ds = one.key.ds(ROOT)
    ended = one.until is not None and one.until <= now
    validity = f'validFrom="{_timestamp(one.begin)}"'
    if one.until is not None and ended:
        validity += f' validUntil="{_timestamp(one.until)}"'
    fields: list[tuple[str, object]] = [
        ("KeyTag", ds.key_tag),
        ("Algorithm", ds.algorithm),
        ("DigestType", ds.digest_type),
        ("Digest", ds.digest.hex().upper()),
    ]
    if keys and not ended:
        fields += [("PublicKey", b64encode(one.key.public_key).decode()), ("Flags", one.key.flags)]
    name = quoteattr("K" + sha256(one.key.public_key).hexdigest()[:6])
    body = [f"        <{tag}>{value}</{tag}>" for tag, value in fields]
    return [f"    <KeyDigest id={name} {validity}>", *body, "    </KeyDigest>"]


def _timestamp(instant: Instant) -> str:
    return f"{format_instant(instant)[:-1]}+00:00"


class Certifier(Protocol):
    """Vouch for who signs the file: the part of ICANN's certificate authority."""

    @property
    def pem(self) -> bytes:
        """Return its own certificate."""
        ...

    def sign(self, content: bytes, signer: str, end: Instant | None = None) -> bytes:
        """Return a detached signature (PKCS#7, DER) by a signer of that address, certified until `end`."""
        ...


class Publication:
    """Hold what is published through time: `document(path, now)`.

    `certifier` vouches for the signer, `successor` does from when the variant `new-ca` says. A signature is
    made once for each content, so that one instant has one file.
    """

    def __init__(
        self,
        listed: Sequence[Listed],
        certifier: Certifier,
        variants: Iterable[Variant] = (),
        successor: Certifier | None = None,
    ) -> None:
        """Take what is listed; nothing is signed yet."""
        self.listed = tuple(listed)
        self._certifier, self._successor = certifier, successor
        self._variants = {variant.name: variant.at for variant in variants}
        assert successor is not None or "new-ca" not in self._variants, "a new CA that is nobody"
        self._signatures: dict[tuple[bytes, bool, str], bytes] = {}

    def document(self, path: str, now: Instant) -> bytes | None:
        """Return a document as published at an instant; None if there is none of that name, or not yet."""
        if path == BUNDLE:
            return self.bundle(now)
        xml = anchors_xml(self.listed, now, keys=not self._in_force("rfc7958", now))
        if xml is None or path not in DOCUMENTS:
            return None
        if path == P7S:
            return self._signature(xml, now)
        return xml + b"<!-- -->\n" if self._in_force("tampered", now) else xml

    def bundle(self, now: Instant) -> bytes:
        """Return icannbundle.pem: the certificate authority's own certificate, and in time the next one's."""
        if self._successor is not None and self._in_force("new-ca", now + CA_NOTICE):
            return self._certifier.pem + self._successor.pem
        return self._certifier.pem

    def _in_force(self, name: str, now: Instant) -> bool:
        """Tell whether a variant has begun."""
        return name in self._variants and self._variants[name] <= now

    def _signature(self, xml: bytes, now: Instant) -> bytes:
        """Return the detached signature of a file (RFC 9718 section 3)."""
        moved = self._in_force("new-ca", now)
        signer = STRANGER if self._in_force("stranger", now) else SIGNER
        known = self._signatures.get((xml, moved, signer))
        if known is None:
            certifier = self._successor if moved and self._successor is not None else self._certifier
            known = certifier.sign(xml, signer, self._variants.get("expired-signer"))
            self._signatures[xml, moved, signer] = known
        return known
