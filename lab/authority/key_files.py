"""Read a user's own private key: PEM, or the pair of files that BIND's dnssec-keygen makes.

`Kexample.+008+12345.private` holds the numbers, `Kexample.+008+12345.key` the DNSKEY; either may be named. Of
the pair all is checked against each other, for it is easily torn apart.
"""

from __future__ import annotations

import binascii
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from ..dnssec.crypto import (
    ECDSA_COORDINATE,
    ECDSAP256,
    ED448,
    ED25519,
    EDWARDS_KEY,
    RSASHA256,
    RSASHA512,
)
from ..dnssec.keys import REVOKE, Key
from ..errors import KeyFileError
from ..infile import short

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

MAX_KEY_FILE: Final = 65536
"""Octets of a key file that are read at most: a private RSA-4096 key has some 3,300."""

PEM_BLOCK: Final = re.compile(
    rb"-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----.*?-----END (?P=kind)-----[ \t]*\r?\n?", re.DOTALL
)
_REMEDY: Final = "name a PEM file with a private key, or BIND's K*.private or K*.key"
_RSA_FIELDS: Final = (
    "Prime1", "Prime2", "PrivateExponent", "Exponent1", "Exponent2", "Coefficient", "PublicExponent",
    "Modulus",
)  # fmt: skip
_FORMAT: Final = re.compile(rb"\APrivate-key-format: v1\.\d+[ \t]*\r?\n")


class OwnKey(NamedTuple):
    """Hold what a user's key file says: a private key in PEM, and where it says so algorithm and DNSKEY."""

    pem: bytes
    algorithm: int | None = None
    public: Key | None = None


def read_own_key(path: Path) -> OwnKey:
    """Read a private key in PEM or BIND's format, or the DNSKEY whose private key lies beside it.

    Raises KeyFileError: unreadable, not one key, or a pair that does not belong together.
    """
    data = _read(path)
    if _FORMAT.match(data):
        algorithm, pem = _private(data, path)
        beside = path.with_suffix(".key") if path.suffix == ".private" else None
        public = _public(_read(beside), beside) if beside is not None and beside.is_file() else None
        return OwnKey(pem, algorithm, public)
    if path.suffix == ".key" and b"PRIVATE KEY" not in data:
        public = _public(data, path)
        private = path.with_suffix(".private")
        if not private.is_file():
            _refuse(path, "a public key alone, and the lab has to sign", f"put {private.name} beside it")
        algorithm, pem = _private(_read(private), private)
        return OwnKey(pem, algorithm, public)
    blocks = [match[0] for match in PEM_BLOCK.finditer(data)]
    if len(blocks) != 1:
        _refuse(
            path,
            f"holds {len(blocks)} private keys where one in PEM is wanted",
            "give an unencrypted file that begins with -----BEGIN PRIVATE KEY----- or Private-key-format:",
        )
    return OwnKey(blocks[0])


def check_pair(own: OwnKey, found: Key, flags: int, place: str) -> None:
    """Refuse a DNSKEY beside a private key that is another key's, or another role's. Raises KeyFileError."""
    if own.public is None:
        return
    if own.public.identity != found.identity:
        _refuse(
            place, "the K*.key beside it is another key's", "put the pair together that was made together"
        )
    if own.public.flags & ~REVOKE != flags:
        wanted = f"flags {own.public.flags}, and its name stands for flags {flags}"
        _refuse(place, f"its K*.key has {wanted}", "names of ZSKs, and no others, begin with zsk-")


def _read(path: Path) -> bytes:
    """Return the octets of a key file."""
    try:
        if path.exists() and not path.is_file():
            raise ValueError("not a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_KEY_FILE + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        _refuse(path, f"cannot be read: {reason}", _REMEDY)
    if len(data) > MAX_KEY_FILE:
        _refuse(path, "holds too much text where one private key is wanted", _REMEDY)
    return data


def _refuse(place: Path | str, problem: str, remedy: str) -> NoReturn:
    raise KeyFileError(problem, place=str(place), remedy=remedy)


def _public(data: bytes, path: Path) -> Key:
    """Return the one DNSKEY of a K*.key file (RFC 4034 section 2.2)."""
    lines = (line.partition(b";")[0] for line in data.splitlines())
    words = b" ".join(lines).replace(b"(", b" ").replace(b")", b" ").split()
    places = [index for index, word in enumerate(words) if word.upper() == b"DNSKEY"]
    if len(places) != 1:
        _refuse(path, f"{len(places)} DNSKEY records where one is wanted", "give the K*.key of one key")
    fields = words[places[0] + 1 :]
    try:
        flags, protocol, algorithm = (int(word) for word in fields[:3])
        octets = binascii.a2b_base64(b"".join(fields[3:]), strict_mode=True)
        return Key(flags, algorithm, octets, protocol)
    except ValueError:
        _refuse(path, "its DNSKEY cannot be read", "write it like: . IN DNSKEY 257 3 8 AwEAAa...")


def _private(data: bytes, path: Path) -> tuple[int, bytes]:
    """Return algorithm and PEM of a key in BIND's private-key format, v1.2 and v1.3."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    fields: dict[str, str] = {}
    for line in data.decode("ascii", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), value.strip())
    number = fields.get("Algorithm", "").partition(" ")[0]
    algorithm = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else -1
    try:
        key = _load(algorithm, fields)
    except (ValueError, KeyError) as problem:
        missing = f" (no {problem.args[0]})" if isinstance(problem, KeyError) else ""
        _refuse(path, f"not a private key of algorithm {short(number, 8)}{missing}", _REMEDY)
    return algorithm, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _load(
    algorithm: int, fields: dict[str, str]
) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey:
    """Return the key of a K*.private. Raises ValueError, and KeyError for a field that is not there."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    if algorithm in (RSASHA256, RSASHA512):
        p, q, d, dp, dq, qi, e, n = (int.from_bytes(_octets(fields[name]), "big") for name in _RSA_FIELDS)
        return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n)).private_key()
    if algorithm not in ECDSA_COORDINATE and algorithm not in EDWARDS_KEY:
        raise ValueError("an algorithm the lab does not sign with")
    secret = _octets(fields["PrivateKey"])
    if algorithm in ECDSA_COORDINATE:
        curve = ec.SECP256R1() if algorithm == ECDSAP256 else ec.SECP384R1()
        return ec.derive_private_key(int.from_bytes(secret, "big"), curve)
    if algorithm == ED448:
        return ed448.Ed448PrivateKey.from_private_bytes(secret)
    assert algorithm == ED25519
    return ed25519.Ed25519PrivateKey.from_private_bytes(secret)


def _octets(text: str) -> bytes:
    return binascii.a2b_base64(text, strict_mode=True)
