"""Make the public test keys in zones/keys: KSKs whose key tags equal those of the real root KSKs.

A key tag (RFC 4034 appendix B) is a 16-bit sum, so any tag can be had by trying keys; making an RSA key for
each try would take hours. Instead this makes a few hundred keys, takes their primes apart and tries all
pairs: modulo 65535 a tag is linear in the modulus, and the modulus is a product, so a pair costs one
multiplication.

Run it to add keys that are not there yet (`--add`), or to replace the whole folder (`--force`): then every
signature and digest of the lab is another one too. Nothing in the lab depends on which keys they are, only on
tags, sizes, algorithms.

    python tools/make_keys.py [--output zones/keys] [--add | --force]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import TypeAlias, TypeVar

import dns.dnssec
import dns.rdtypes.ANY.DNSKEY
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey
)
Size = TypeVar("Size")

EXPONENT = 65537
POOL_KEYS = 400
"""RSA keys taken apart: 800 primes, 320,000 pairs, five for every 16-bit tag on average."""

KSK, ZSK, REVOKED = 257, 256, 0x0080
RSASHA256, ECDSAP256SHA256, ED25519, MLDSA44 = 8, 13, 15, 18

REAL_TAGS = {"ksk-2010": (19036, 19164), "ksk-2017": (20326, 20454), "ksk-2024": (38696, 38824)}
"""Key tags of the real root KSKs, without and with the REVOKE bit (RFC 5011 section 2.1)."""

OTHER_KSKS = ("ksk-emergency", "ksk-spare-1", "ksk-spare-2")
ECDSA_KEYS = {"ksk-ecdsa": KSK, "zsk-ecdsa": ZSK, "zsk-ecdsa-2": ZSK, "child": KSK}
ED25519_KEYS = {"ksk-ed25519": KSK, "zsk-ed25519": ZSK}
MLDSA44_KEYS = {"ksk-mldsa44": KSK, "zsk-mldsa44": ZSK}
SMALL_ZSKS = ("zsk-1536-1", "zsk-1536-2")
ZSK_POOLS = {"zsk-pool": (64, 2048), "zsk-1024-pool": (4, 1024)}


def make_rsa(bits: int) -> rsa.RSAPrivateKey:
    """Make one RSA key of `bits` bits from the operating system's randomness."""
    return rsa.generate_private_key(public_exponent=EXPONENT, key_size=bits)


def make_ed25519(_: None) -> ed25519.Ed25519PrivateKey:
    """Make one Ed25519 key."""
    return ed25519.Ed25519PrivateKey.generate()


def make_mldsa44(_: None) -> mldsa.MLDSA44PrivateKey:
    """Make one ML-DSA-44 key."""
    return mldsa.MLDSA44PrivateKey.generate()


def make_ec(curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    """Make one ECDSA key on `curve`."""
    return ec.generate_private_key(curve)


def make_primes(_: int) -> tuple[int, int]:
    """Make one RSA-2048 key and return its two primes of 1024 bits; runs in a worker process."""
    numbers = make_rsa(2048).private_numbers()
    return numbers.p, numbers.q


def prime_pool(count: int) -> tuple[int, ...]:
    """Make `count` keys on two processes and return their primes, each once."""
    with ProcessPoolExecutor(max_workers=2) as pool:
        pairs = list(pool.map(make_primes, range(count), chunksize=8))
    return tuple(dict.fromkeys(prime for pair in pairs for prime in pair))


def from_primes(p: int, q: int) -> rsa.RSAPrivateKey:
    """Build the RSA key of two primes. The larger goes first, as OpenSSL writes it."""
    p, q = max(p, q), min(p, q)
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    parts = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    return rsa.RSAPrivateNumbers(p, q, d, *parts, public).private_key()


def dnskey(key: PrivateKey, flags: int) -> dns.rdtypes.ANY.DNSKEY.DNSKEY:
    """Return the DNSKEY record of a key; the algorithm follows from its kind."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return dns.dnssec.make_dnskey(key.public_key(), ED25519, flags)
    if isinstance(key, mldsa.MLDSA44PrivateKey):
        return dns.dnssec.make_dnskey(key.public_key(), MLDSA44, flags)
    algorithm = RSASHA256 if isinstance(key, rsa.RSAPrivateKey) else ECDSAP256SHA256
    return dns.dnssec.make_dnskey(key.public_key(), algorithm, flags)


def tags(key: PrivateKey, flags: int) -> tuple[int, int]:
    """Return a key's tags without and with the REVOKE bit, as dnspython computes them."""
    return dns.dnssec.key_id(dnskey(key, flags)), dns.dnssec.key_id(dnskey(key, flags | REVOKED))


def pairs_with_tag(primes: Sequence[int], tag: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs of primes whose modulus gives an RSA-2048 KSK the tag, or nearly always does.

    RFC 4034 appendix B sums the RDATA as 16-bit words and adds the carries once: the sum modulo 65535, but
    for rare double carries. The modulus starts on an even offset (after flags, protocol, algorithm,
    exponent length and exponent), and 65536 is 1 modulo 65535, so its words sum to the modulus itself.
    """
    head = KSK.to_bytes(2, "big") + bytes((3, RSASHA256)) + b"\x03" + EXPONENT.to_bytes(3, "big")
    wanted = (tag - int.from_bytes(head, "big")) % 65535
    residues = [prime % 65535 for prime in primes]
    for i, j in combinations(range(len(primes)), 2):
        if residues[i] * residues[j] % 65535 == wanted:
            yield primes[i], primes[j]


def key_with_tags(primes: list[int], wanted: tuple[int, int]) -> rsa.RSAPrivateKey:
    """Combine two primes to a KSK with exactly these tags and take them out of the pool.

    No two kept keys may share a prime: a common divisor gives both private keys away, and tests should not
    teach that. Exits if the pool holds no such pair, which a pool of this size hardly ever does.
    """
    for p, q in pairs_with_tag(primes, wanted[0]):
        key = from_primes(p, q)
        if tags(key, KSK) == wanted and key.key_size == 2048:
            primes.remove(p)
            primes.remove(q)
            return key
    sys.exit(f"no pair of the {len(primes)} primes gives the key tag {wanted[0]}: run it again")


def make_keys() -> dict[str, list[PrivateKey]]:
    """Make all keys, by file name without suffix; a pool is a list of more than one."""
    primes = list(prime_pool(POOL_KEYS))
    keys: dict[str, list[PrivateKey]] = {
        name: [key_with_tags(primes, wanted)] for name, wanted in REAL_TAGS.items()
    }
    taken = {tag for (key,) in keys.values() for tag in tags(key, KSK)}
    for name in others():
        keys[name] = make_others(name, taken)
    return keys


def others() -> tuple[str, ...]:
    """Return the names of all files but those of the keys with real tags."""
    return (*OTHER_KSKS, *ECDSA_KEYS, *ED25519_KEYS, *MLDSA44_KEYS, *SMALL_ZSKS, *ZSK_POOLS)


def make_others(name: str, taken: set[int]) -> list[PrivateKey]:
    """Make the keys of one file, whose tags are nobody else's."""
    if name in ECDSA_KEYS:
        return [fresh(make_ec, ec.SECP256R1(), ECDSA_KEYS[name], taken)]
    if name in ED25519_KEYS:
        return [fresh(make_ed25519, None, ED25519_KEYS[name], taken)]
    if name in MLDSA44_KEYS:
        return [fresh(make_mldsa44, None, MLDSA44_KEYS[name], taken)]
    if name in ZSK_POOLS:
        count, bits = ZSK_POOLS[name]
        return [fresh(make_rsa, bits, ZSK, taken) for _ in range(count)]
    small = name in SMALL_ZSKS
    return [fresh(make_rsa, 1536 if small else 2048, ZSK if small else KSK, taken)]


def missing(folder: Path) -> dict[str, list[PrivateKey]]:
    """Make the keys of the files that are not there, beside those that are."""
    taken: set[int] = set()
    for path in folder.glob("*.pem"):
        flags = ZSK if path.stem.startswith("zsk") else KSK
        for block in path.read_bytes().split(b"-----END PRIVATE KEY-----\n")[:-1]:
            key = load_pem_private_key(block + b"-----END PRIVATE KEY-----\n", None)
            assert isinstance(key, PrivateKey)
            taken.update(tags(key, flags))
    return {name: make_others(name, taken) for name in others() if not (folder / f"{name}.pem").exists()}


def fresh(make: Callable[[Size], PrivateKey], size: Size, flags: int, taken: set[int]) -> PrivateKey:
    """Make keys until one has tags that no other kept key has, and note them as taken.

    Tags may collide in the real world; in logs and reports of the lab a tag should name one key.
    """
    while True:
        key = make(size)
        both = set(tags(key, flags))
        if taken.isdisjoint(both):
            taken |= both
            return key


def write(keys: dict[str, list[PrivateKey]], folder: Path) -> None:
    """Write each entry as one file of unencrypted PKCS #8 PEM; a pool's keys follow one another."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, pool in keys.items():
        blocks = [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in pool]
        (folder / f"{name}.pem").write_bytes(b"".join(blocks))


def main() -> None:
    """Make and write the keys, and print the tags for the table in zones/keys/README.md."""
    parser = argparse.ArgumentParser(description="Make the public test keys of the lab (about 20 s).")
    default = Path(__file__).resolve().parent.parent / "zones" / "keys"
    parser.add_argument("--output", type=Path, default=default, help="folder to write (default: zones/keys)")
    parser.add_argument("--add", action="store_true", help="make those that are not there yet")
    parser.add_argument("--force", action="store_true", help="replace the keys that are there")
    arguments = parser.parse_args()
    if not arguments.force and not arguments.add and any(arguments.output.glob("*.pem")):
        parser.error(f"{arguments.output} holds keys already; --add leaves them, --force makes them all anew")
    keys = missing(arguments.output) if arguments.add else make_keys()
    write(keys, arguments.output)
    for name, pool in keys.items():
        if len(pool) == 1:
            print(name, *tags(pool[0], ZSK if name.startswith("zsk") else KSK))


if __name__ == "__main__":
    main()
