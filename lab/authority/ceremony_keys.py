"""Look at the keys of ceremony files: what a root signer would not use, and names and tags that mislead."""

from __future__ import annotations

from collections.abc import Iterator

from ..clock import parse_instant
from ..dnssec.crypto import RSA_ALGORITHMS, SIGNING_ALGORITHMS, split_rsa
from ..dnssec.names import ROOT
from .ceremony import Bundle, CeremonyFile, CeremonyKey
from .ceremony_rules import Complaint, Given, Identity, Rule, each_file
from .ceremony_xml import short

_EXPONENT = 65537
_BITS = 2048
_PROPOSED_ZSK_BITS = 1536
"""A ZSK while two algorithms sign, in the proposal of 2026 (facts.md 1.4)."""
_OLD_ZSK_BITS = 1024
_OLD_ZSKS_UNTIL = parse_instant("2016-10-11")
"""The last ZSK of 1024 bits left the root with slot 1 of 2016Q4 (facts.md 2.2)."""


def _check_algorithm(file: CeremonyFile) -> Iterator[Complaint]:
    for bundle, key in _keys(file):
        if key.key.algorithm not in SIGNING_ALGORITHMS:
            yield file, bundle, f"key {_shown(key)} is of algorithm {key.key.algorithm}, not one to sign with"


def _check_size(file: CeremonyFile) -> Iterator[Complaint]:
    for bundle, key in _keys(file):
        numbers = _rsa(key)
        if numbers is None:
            continue
        wanted = _least_bits(file, bundle, key)
        if numbers[1] < wanted:
            yield file, bundle, f"key {_shown(key)} has {numbers[1]} bits, fewer than {wanted}"


def _least_bits(file: CeremonyFile, bundle: Bundle, key: CeremonyKey) -> int:
    """Return the least modulus of an RSA key in its place and time."""
    if key.key.is_sep:
        return _BITS
    if file.owner == ROOT and bundle.inception < _OLD_ZSKS_UNTIL:
        return _OLD_ZSK_BITS
    mixed = len({other.key.algorithm for other in bundle.keys}) > 1
    return _PROPOSED_ZSK_BITS if mixed else _BITS


def _check_exponent(file: CeremonyFile) -> Iterator[Complaint]:
    for bundle, key in _keys(file):
        numbers = _rsa(key)
        if numbers is not None and numbers[0] != _EXPONENT:
            yield file, bundle, f"key {_shown(key)} has the exponent {numbers[0]}, not {_EXPONENT}"


def _rsa(key: CeremonyKey) -> tuple[int, int] | None:
    """Return exponent and bits of the modulus, or None for what is no RSA key."""
    if key.key.algorithm not in RSA_ALGORITHMS:
        return None
    try:
        exponent, modulus = split_rsa(key.key.public_key)
    except ValueError:
        return None
    return exponent, modulus.bit_length()


def _check_tags(file: CeremonyFile) -> Iterator[Complaint]:
    for bundle in file.bundles:
        seen: dict[tuple[int, int], CeremonyKey] = {}
        for key in bundle.keys:
            other = seen.setdefault((key.key.algorithm, key.key.tag), key)
            if other.key.identity != key.key.identity:
                yield file, bundle, f"key {_shown(key)} has the tag of key {short(other.identifier)}"


def _check_request(file: CeremonyFile) -> Iterator[Complaint]:
    if file.kind != "ksr":
        return
    for bundle in file.bundles:
        for key in bundle.keys:
            if key.key.is_sep:
                yield file, bundle, f"key {_shown(key)} is a KSK, and a request brings ZSKs"


def _check_names(given: Given) -> Iterator[Complaint]:
    """Find a name that stands for two keys of a zone, and a key with two names; each told once."""
    keys_of: dict[tuple[bytes, str], Identity] = {}
    names_of: dict[tuple[bytes, Identity], str] = {}
    for file in given.line:
        for bundle, key in _keys(file):
            name, identity = key.identifier, key.key.identity
            if keys_of.setdefault((file.owner, name), identity) != identity:
                yield file, bundle, f"key {_shown(key)} has the name of another key"
            known = names_of.setdefault((file.owner, identity), name)
            if known != name:
                yield file, bundle, f"key {_shown(key)} is called {short(known)} elsewhere"


def _check_response_size(given: Given) -> Iterator[Complaint]:
    for file in given.files:
        for bundle in file.bundles:
            if file.kind == "skr" and bundle.response_size > given.max_size:
                size = f"{bundle.response_size} octets, more than {given.max_size}"
                yield file, bundle, f"the DNSKEY response has {size}"


def _keys(file: CeremonyFile) -> Iterator[tuple[Bundle, CeremonyKey]]:
    """Yield every key of a file under each of its names, with the first bundle that has it so."""
    seen: dict[tuple[Identity, str], None] = {}
    for bundle in file.bundles:
        for key in bundle.keys:
            place = (key.key.identity, key.identifier)
            if place not in seen:
                seen[place] = None
                yield bundle, key


def _shown(key: CeremonyKey) -> str:
    return f"{short(key.identifier)} ({key.key.tag})"


_TOOLS = "IANA's dnssec-keytools"

KEY_RULES: tuple[Rule, ...] = (
    Rule(
        "CER-KEY-ALGORITHM", "error", "keys are of algorithms to sign with: 8, 10, 13, 14, 15 or 16",
        "RFC 8624 section 3.1", each_file(_check_algorithm),
    ),
    Rule(
        "CER-KEY-SIZE", "error",
        "RSA keys have 2048 bits or more; the root's ZSKs had 1024 until October 2016, and ZSKs may have 1536"
        " while two algorithms sign",
        "the root's files of 2016 and the proposal of 2026", each_file(_check_size),
    ),
    Rule(
        "CER-KEY-EXPONENT", "note", "RSA keys have the exponent 65537", _TOOLS, each_file(_check_exponent)
    ),
    Rule(
        "CER-TAG-SHARED", "note", "no two keys of a bundle share algorithm and tag",
        "RFC 4034 appendix B", each_file(_check_tags),
    ),
    Rule(
        "CER-REQUEST-KSK", "error", "a request brings ZSKs alone", _TOOLS, each_file(_check_request)
    ),
    Rule(
        "CER-KEY-NAME", "error", "an identifier stands for one key, and a key has one, in all files",
        _TOOLS, _check_names,
    ),
    Rule(
        "CER-SIZE", "note", "the DNSKEY response has at most 1452 octets, or what --max-size says",
        "IPv6 over Ethernet: 1500 - 40 - 8", _check_response_size,
    ),
)  # fmt: skip
"""The rules about keys, in the order their findings come."""
