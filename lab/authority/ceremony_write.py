"""Write KSR and SKR files: what `ceremony` reads, put down again in IANA's format.

Reading and writing are inverse: a file that has nothing unknown in it comes back the same but for white space
and comments, timestamps included, as long as they were written the way the root's own signers write them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from ..clock import Instant, Seconds, format_duration, format_instant
from ..dnssec.crypto import ECDSA_COORDINATE, RSA_ALGORITHMS
from ..dnssec.names import name_to_text
from .ceremony import Bundle, CeremonyFile, CeremonyKey, CeremonySignature, SignaturePolicy

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
"""Stands above responses; the requests that are known have none."""

_BODY = {"ksr": "Request", "skr": "Response"}


def write_ceremony(file: CeremonyFile, comments: tuple[str, ...] = ()) -> bytes:
    """Return a KSR or SKR as the octets of an XML file in UTF-8, `comments` above what it says.

    `parse_ceremony` of the result equals `file` in all but `digest`, `file` and `unknown`: elements that the
    format does not have are not kept.
    """
    lines = [_DECLARATION] if file.kind == "skr" else []
    lines += [f"<!-- {_commented(text)} -->" for text in comments]
    lines += _file_lines(file)
    return ("\n".join(lines) + "\n").encode("utf-8")


def _commented(text: str) -> str:
    """Return text that can stand in a comment: printable, and without the two hyphens that would end it."""
    folded = "".join(c if c.isprintable() else " " for c in text)
    while "--" in folded:
        folded = folded.replace("--", "- -")
    return folded


def _file_lines(file: CeremonyFile) -> Iterator[str]:
    body = _BODY[file.kind]
    yield f'<KSR id={_quoted(file.id)} domain={_quoted(file.domain)} serial="{file.serial}">'
    yield f"  <{body}>"
    policies = [(role, own) for role, own in (("KSK", file.ksk_policy), ("ZSK", file.zsk_policy)) if own]
    if policies:
        yield f"    <{body}Policy>"
        for role, own in policies:
            yield f"      <{role}>"
            yield from _indented(_policy_lines(own), 8)
            yield f"      </{role}>"
        yield f"    </{body}Policy>"
    for bundle in file.bundles:
        yield f"    <{body}Bundle id={_quoted(bundle.id)}>"
        yield from _indented(_bundle_lines(bundle, bare=file.bare_windows), 6)
        yield f"    </{body}Bundle>"
    yield f"  </{body}>"
    yield "</KSR>"


def _policy_lines(policy: SignaturePolicy) -> Iterator[str]:
    durations: tuple[tuple[str, Seconds | None], ...] = (
        ("PublishSafety", policy.publish_safety),
        ("RetireSafety", policy.retire_safety),
        ("MaxSignatureValidity", policy.max_validity),
        ("MinSignatureValidity", policy.min_validity),
        ("MaxValidityOverlap", policy.max_overlap),
        ("MinValidityOverlap", policy.min_overlap),
    )
    for tag, seconds in durations:
        if seconds is not None:
            yield _element(tag, format_duration(seconds))
    for number, size, exponent in policy.algorithms:
        if size is None:
            yield f'<SignatureAlgorithm algorithm="{number}"/>'
            continue
        extra = "" if exponent is None else f' exponent="{exponent}"'
        yield f'<SignatureAlgorithm algorithm="{number}">'
        yield f'  <{_family(number)} size="{size}"{extra}/>'
        yield "</SignatureAlgorithm>"


def _family(algorithm: int) -> str:
    """Return the element that holds an algorithm's parameters."""
    if algorithm in RSA_ALGORITHMS:
        return "RSA"
    return "ECDSA" if algorithm in ECDSA_COORDINATE else "EdDSA"


def _bundle_lines(bundle: Bundle, *, bare: bool) -> Iterator[str]:
    yield _element("Inception", _when(bundle.inception, bare=bare))
    yield _element("Expiration", _when(bundle.expiration, bare=bare))
    for name in bundle.wanted_signers:
        yield f"<Signer keyIdentifier={_quoted(name)}/>"
    for key in bundle.keys:
        yield f'<Key keyIdentifier={_quoted(key.identifier)} keyTag="{key.key_tag}">'
        yield from _indented(_key_lines(key), 2)
        yield "</Key>"
    for signature in bundle.signatures:
        yield f"<Signature keyIdentifier={_quoted(signature.identifier)}>"
        yield from _indented(_signature_lines(signature), 2)
        yield "</Signature>"


def _key_lines(key: CeremonyKey) -> Iterator[str]:
    yield _element("TTL", str(key.ttl))
    yield _element("Flags", str(key.key.flags))
    yield _element("Protocol", str(key.key.protocol))
    yield _element("Algorithm", str(key.key.algorithm))
    yield _element("PublicKey", b64encode(key.key.public_key).decode("ascii"))


def _signature_lines(signature: CeremonySignature) -> Iterator[str]:
    rrsig = signature.rrsig
    yield _element("TTL", str(signature.ttl))
    yield _element("TypeCovered", "DNSKEY")
    yield _element("Algorithm", str(rrsig.algorithm))
    yield _element("Labels", str(rrsig.labels))
    yield _element("OriginalTTL", str(rrsig.original_ttl))
    yield _element("SignatureExpiration", _when(rrsig.expiration))
    yield _element("SignatureInception", _when(rrsig.inception))
    yield _element("KeyTag", str(rrsig.key_tag))
    yield _element("SignersName", name_to_text(rrsig.signer))
    yield _element("SignatureData", b64encode(rrsig.signature).decode("ascii"))


def _when(instant: Instant, *, bare: bool = False) -> str:
    """Write an instant as IANA's signers do: with a numeric offset, or with none."""
    return format_instant(instant).removesuffix("Z") + ("" if bare else "+00:00")


def _element(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>"


def _quoted(text: str) -> str:
    return quoteattr(text)


def _indented(lines: Iterator[str], by: int) -> Iterator[str]:
    return (" " * by + line for line in lines)
