"""The test keys in zones/keys are what zones/keys/README.md says they are."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TypeAlias

import dns.dnssec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey
)

FOLDER = Path(__file__).resolve().parent.parent / "zones" / "keys"
BLOCK = re.compile(rb"-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END PRIVATE KEY-----\n")
ROW = re.compile(r"\| `([\w.-]+)` \| ([^|]+), (\d+) \| (\d+) \| (\d*) ?\| (\d*) ?\| [^|]+ \|")
REAL_TAGS = {"ksk-2010": (19036, 19164), "ksk-2017": (20326, 20454), "ksk-2024": (38696, 38824)}


@cache
def keys(name: str) -> tuple[PrivateKey, ...]:
    """Load the keys of one file, which must hold nothing but unencrypted PKCS #8 blocks."""
    data = (FOLDER / name).read_bytes()
    blocks = BLOCK.findall(data)
    assert b"".join(blocks) == data
    loaded = [load_pem_private_key(block, None) for block in blocks]
    return tuple(key for key in loaded if isinstance(key, PrivateKey))


def tag(key: PrivateKey, flags: int) -> int:
    """Compute a key's tag with dnspython."""
    _, algorithm = kind_of(key)
    return dns.dnssec.key_id(dns.dnssec.make_dnskey(key.public_key(), int(algorithm), flags))


def kind_of(key: PrivateKey) -> tuple[str, str]:
    """Return kind and algorithm of a key as the table names them."""
    if isinstance(key, rsa.RSAPrivateKey):
        return f"RSA-{key.key_size}", "8"
    if isinstance(key, mldsa.MLDSA44PrivateKey):
        return "ML-DSA-44", "18"
    return ("P-256", "13") if isinstance(key, ec.EllipticCurvePrivateKey) else ("Ed25519", "15")


def rows() -> list[tuple[str, str, str, str, str, str]]:
    """Read the table of the README: file, kind, algorithm, flags, tag, tag revoked."""
    return ROW.findall((FOLDER / "README.md").read_text())


def all_keys() -> list[tuple[PrivateKey, int]]:
    """Return every key of the folder with its DNSKEY flags."""
    return [(key, int(flags)) for name, _, _, flags, _, _ in rows() for key in keys(name)]


@pytest.mark.parametrize("name", REAL_TAGS)
def test_tags_of_the_real_root_keys(name: str) -> None:
    """The stand-ins of the real root KSKs have their tags, without and with the REVOKE bit."""
    (key,) = keys(f"{name}.pem")
    assert (tag(key, 257), tag(key, 257 | 0x80)) == REAL_TAGS[name]


def test_readme_names_every_file() -> None:
    """The table has one row for each key file and no other."""
    assert sorted(row[0] for row in rows()) == sorted(path.name for path in FOLDER.glob("*.pem"))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_readme_is_true(row: tuple[str, str, str, str, str, str]) -> None:
    """Number, kind, size, algorithm and tags of the keys in a file are those in the table."""
    name, kind, algorithm, flags, plain, revoked = row
    count, _, single = kind.rpartition(" x ")
    pool = keys(name)
    assert len(pool) == int(count or 1)
    for key in pool:
        assert (single, algorithm) == kind_of(key)
        if plain:
            assert (tag(key, int(flags)), tag(key, int(flags) | 0x80)) == (int(plain), int(revoked))


def test_no_two_keys_share_a_prime() -> None:
    """Every prime is used once, every exponent is 65537, and every modulus has its full length."""
    numbers = [key.private_numbers() for key, _ in all_keys() if isinstance(key, rsa.RSAPrivateKey)]
    primes = [prime for number in numbers for prime in (number.p, number.q)]
    assert len(primes) == len(set(primes)) == 2 * (64 + 4 + 6 + 2)
    assert {number.public_numbers.e for number in numbers} == {65537}
    assert {number.public_numbers.n.bit_length() for number in numbers} == {1024, 1536, 2048}


def test_no_two_keys_share_a_tag() -> None:
    """A tag in a log of the lab names one key, whether that key is revoked or not."""
    tags = [tag(key, flags | revoke) for key, flags in all_keys() for revoke in (0, 0x80)]
    assert len(tags) == len(set(tags)) == 2 * (64 + 4 + 16)
