"""Invent a delegation for every top-level domain there is: real names, everything else made up.

The names are facts (zones/top-level-domains.txt says where from). Name servers, addresses and keys are drawn
from digests of the names, so that the same list always gives the same zone: 4 to 8 servers each, a third of
the domains with the servers of a registry operator, the others with servers of their own; addresses for
documentation only (RFC 5737 section 3, RFC 3849 section 2); DS for 93 of 100, of keys that nobody has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from ..clock import DAY, Seconds
from ..dnssec.crypto import ECDSAP256, RSASHA256
from ..dnssec.keys import DS
from ..dnssec.names import name_from_text
from ..resources import zones_path

Server: TypeAlias = tuple[bytes, bytes, bytes]
"""A name server's name, its IPv4 and its IPv6 address as octets, none where it is empty."""

SIGNED: Final = 0.93
"""The share of top-level domains with a DS RRset (facts.md)."""
UNSIGNED: Final = name_from_text("net.")
"""Never has a DS: `root-servers.net.` is not signed, and only the servers of `net.` could prove it."""

_OPERATORS: Final = 24
_LETTERS: Final = b"abcdefgh"
_TEST_NETS: Final = (bytes((198, 51, 100)), bytes((203, 0, 113)))
"""TEST-NET-2 and -3; the lab's own child zones have an address of TEST-NET-1 (RFC 5737 section 3)."""
_PREFIX: Final = bytes.fromhex("20010db8")
"""2001:db8::/32 (RFC 3849 section 2)."""
_SHA256: Final = 2


class Delegation(NamedTuple):
    """Hold a delegation: its owner, its name servers, the rdata of its DS records, if any, and their TTL."""

    owner: bytes
    servers: tuple[Server, ...]
    digests: tuple[bytes, ...]
    ds_ttl: Seconds = DAY


def names() -> tuple[bytes, ...]:
    """Return the top-level domains of the shipped list, in its order."""
    text = (zones_path() / "top-level-domains.txt").read_text(encoding="ascii")
    lines = (line.strip() for line in text.splitlines())
    return tuple(name_from_text(f"{line}.") for line in lines if line and not line.startswith("#"))


@lru_cache(maxsize=1)
def top_level_domains() -> tuple[Delegation, ...]:
    """Return a delegation for each name of the list, always the same."""
    draws = {name: _draw(b"delegation", name) for name in names()}
    ranked = sorted(draws, key=draws.__getitem__)
    operators = ranked[:_OPERATORS]
    served = {name: _servers(name, draw) for name, draw in draws.items()}
    rest = [name for name in ranked if name != UNSIGNED]
    signed = frozenset(rest[: round(SIGNED * len(ranked))])
    return tuple(
        Delegation(name, served[_host(name, draw, operators)], _digests(draw) if name in signed else ())
        for name, draw in draws.items()
    )


def _draw(purpose: bytes, name: bytes) -> bytes:
    """Return 32 octets of chance, the same for the same purpose and name."""
    return hashlib.sha256(b"rootlab " + purpose + b" " + name).digest()


def _host(name: bytes, draw: bytes, operators: Sequence[bytes]) -> bytes:
    """Return the domain with whose servers a domain is served: an operator's for a third, else its own."""
    return operators[draw[7] % len(operators)] if draw[6] % 3 == 0 and name not in operators else name


def _servers(name: bytes, draw: bytes) -> tuple[Server, ...]:
    """Return the servers a domain would have of its own; one in 64 has its name: glue at the delegation."""
    hosts = [bytes((1, letter)) + b"\x03nic" + name for letter in _LETTERS[: 4 + draw[4] % 5]]
    if draw[5] % 64 == 0:
        hosts[0] = name
    return tuple((host, *_addresses(host)) for host in hosts)


def _addresses(host: bytes) -> tuple[bytes, bytes]:
    """Return the addresses of a name server."""
    draw = _draw(b"server", host)
    v4 = _TEST_NETS[draw[0] % 2] + bytes((1 + draw[1] % 254,))
    return v4, _PREFIX + draw[2:6] + bytes(7) + b"\x53"


def _digests(draw: bytes) -> tuple[bytes, ...]:
    """Return the DS of one key, of two for one domain in eight, which is rolling its key just now."""
    algorithm = RSASHA256 if draw[8] % 5 < 3 else ECDSAP256
    parts = [draw[10:12], draw[12:14]][: 1 + (draw[9] % 8 == 0)]
    return tuple(
        DS(int.from_bytes(tag, "big"), algorithm, _SHA256, _draw(b"key " + tag, draw)).rdata for tag in parts
    )
