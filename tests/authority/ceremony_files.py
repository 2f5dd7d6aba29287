"""Ceremony files made for tests: signed by the lab's keys, shaped like real ones, or broken on purpose."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from lab.authority.ceremony import CeremonyFile, parse_ceremony
from lab.authority.keyring import KeyRing
from lab.clock import DAY, Instant, format_instant, parse_instant
from lab.dnssec.names import name_from_text
from lab.dnssec.rrset import make_rrset, sign_rrset
from lab.dnssec.rrtypes import DNSKEY

RING = KeyRing()
START = parse_instant("2018-10-01")
TTL = 172800

POLICY = """<{0}Policy><KSK><PublishSafety>PT0S</PublishSafety><RetireSafety>P28D</RetireSafety>
<MaxSignatureValidity>P21D</MaxSignatureValidity><MinSignatureValidity>P21D</MinSignatureValidity>
<MaxValidityOverlap>P16D</MaxValidityOverlap><MinValidityOverlap>P9D</MinValidityOverlap>
<SignatureAlgorithm algorithm="8"><RSA size="2048" exponent="65537"/></SignatureAlgorithm>
<SignatureAlgorithm algorithm="13"><ECDSA size="256"/></SignatureAlgorithm></KSK></{0}Policy>"""


class Member(NamedTuple):
    """A key of a made bundle: its name in zones/keys, flags, whether it signs, what the file says of it."""

    name: str
    flags: int = 257
    signs: bool = False
    identifier: str | None = None
    key_tag: int | None = None


K, N, Z, EC = (
    Member("ksk-2010", signs=True),
    Member("ksk-2017"),
    Member("zsk-2018q4", 256),
    Member("ksk-ecdsa", signs=True),
)
"""The key that signs, the next one, a zone signing key, and a key of another algorithm that signs."""


def bundle_xml(
    members: Sequence[Member],
    *,
    number: int = 1,
    inception: Instant = START,
    expiration: Instant | None = None,
    domain: str = ".",
    kind: str = "Response",
) -> str:
    """Write one bundle, signed by the lab's keys."""
    end = inception + 21 * DAY if expiration is None else expiration
    owner = name_from_text(domain)
    keys = [RING.get(member.name, member.flags) for member in members]
    rrset = make_rrset(owner, DNSKEY, TTL, (key.key.rdata for key in keys))
    parts = [
        f"<Inception>{format_instant(inception)}</Inception><Expiration>{format_instant(end)}</Expiration>"
    ]
    for member, key in zip(members, keys, strict=True):
        tag = key.key.tag if member.key_tag is None else member.key_tag
        parts.append(
            f'<Key keyIdentifier="{member.identifier or member.name}" keyTag="{tag}"><TTL>{TTL}</TTL>'
            f"<Flags>{member.flags}</Flags><Protocol>3</Protocol><Algorithm>{key.key.algorithm}</Algorithm>"
            f"<PublicKey>{b64encode(key.key.public_key).decode()}</PublicKey></Key>"
        )
    for member, key in zip(members, keys, strict=True):
        if member.signs:
            rrsig = sign_rrset(rrset, key, owner, inception, end)
            parts.append(
                f'<Signature keyIdentifier="{member.identifier or member.name}"><TTL>{TTL}</TTL>'
                f"<TypeCovered>DNSKEY</TypeCovered><Algorithm>{rrsig.algorithm}</Algorithm>"
                f"<Labels>{rrsig.labels}</Labels><OriginalTTL>{TTL}</OriginalTTL>"
                f"<SignatureExpiration>{format_instant(end)}</SignatureExpiration>"
                f"<SignatureInception>{format_instant(inception)}</SignatureInception>"
                f"<KeyTag>{rrsig.key_tag}</KeyTag><SignersName>{domain}</SignersName>"
                f"<SignatureData>{b64encode(rrsig.signature).decode()}</SignatureData></Signature>"
            )
    return f'<{kind}Bundle id="b-{number}">\n' + "\n".join(parts) + f"\n</{kind}Bundle>\n"


def file_xml(bundles: Iterable[str], *, domain: str = ".", kind: str = "Response", serial: int = 0) -> bytes:
    """Write a whole file around bundles."""
    body = f"{POLICY.format(kind)}\n{''.join(bundles)}"
    return f'<KSR id="made" domain="{domain}" serial="{serial}"><{kind}>{body}</{kind}></KSR>'.encode()


def response(*slots: Sequence[Member], start: Instant = START, name: str = "made.xml") -> CeremonyFile:
    """Return a made SKR with a bundle every ten days."""
    return parse_ceremony(response_xml(*slots, start=start), name)


def response_xml(*slots: Sequence[Member], start: Instant = START) -> bytes:
    """Write a made SKR with a bundle every ten days."""
    return file_xml(
        bundle_xml(members, number=number, inception=start + (number - 1) * 10 * DAY)
        for number, members in enumerate(slots, 1)
    )


def replaced(text: bytes, pattern: str, new: str, occurrence: int = 1) -> bytes:
    """Return a file with one occurrence of a pattern replaced; the pattern must be there."""
    match = list(re.finditer(pattern.encode(), text, re.DOTALL))[occurrence - 1]
    return text[: match.start()] + match.expand(new.encode()) + text[match.end() :]


def real(shared_data: Path, name: str) -> Path:
    """Return the path of a real file by a part of its name."""
    (path,) = (path for folder in ("skr", "ksr") for path in (shared_data / folder).glob(f"{name}*.xml"))
    return path


def real_responses(shared_data: Path) -> tuple[Path, ...]:
    """Return the real SKRs of 2017Q1 to Q3, in order."""
    return tuple(sorted((shared_data / "skr").glob("skr-root-2017-q[123]-*.xml")))
