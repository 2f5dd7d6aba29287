"""Ask the authority a question over a subject's own network path: UDP first, TCP after truncation.

The exchange itself is the caller's (in memory or over sockets), so this stays free of I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ..clock import Instant
from ..dnssec.codec import make_query
from ..dnssec.rrtypes import DNSKEY
from .validator import DnskeySet, read_dnskey_answer

Exchange = Callable[[bytes, Instant, bool], bytes | None]
"""(query, true instant, over TCP) -> response, or None if none came."""

_TC = 0x02
_SMALLEST_UDP = 512


@dataclass(frozen=True, slots=True)
class Path:
    """What a resolver's network lets through, sizes in octets.

    Responses over UDP longer than `drop_above` (0: no limit) are lost on the way, as fragments are behind
    many firewalls. Whoever gets no response asks again for one of at most 512 octets, which comes truncated
    if it is longer (RFC 6891 section 6.2.5).
    """

    udp_size: int = 1232
    tcp: bool = True
    drop_above: int = 0


@dataclass(frozen=True, slots=True)
class Fetch:
    """What came of asking for DNSKEY: the set, or the trouble (`no-answer`, `udp-size`, `no-dnskey`)."""

    dnskeys: DnskeySet | None
    trouble: str = ""


@lru_cache(maxsize=256)
def query_for(owner: bytes, qtype: int, udp_size: int) -> bytes:
    """Return the octets of a query with the DO bit; models use message ID 0."""
    return make_query(owner, qtype, udp_size=udp_size, do=True, cd=True)


def ask(exchange: Exchange, owner: bytes, qtype: int, now: Instant, path: Path) -> tuple[bytes | None, str]:
    """Return the response to a question, or None and the trouble (`no-answer` or `udp-size`)."""
    query = query_for(owner, qtype, path.udp_size)
    wire = exchange(query, now, False)
    if wire is None or (path.drop_above and len(wire) > path.drop_above):
        query = query_for(owner, qtype, _SMALLEST_UDP)
        wire = exchange(query, now, False)
    if wire is None or len(wire) < 12:
        return None, "no-answer"
    if not wire[2] & _TC:
        return wire, ""
    if not path.tcp:
        return None, "udp-size"
    wire = exchange(query, now, True)
    return (wire, "") if wire is not None else (None, "no-answer")


def fetch_dnskey(exchange: Exchange, owner: bytes, now: Instant, path: Path) -> Fetch:
    """Ask for the DNSKEY RRset of `owner`."""
    wire, trouble = ask(exchange, owner, DNSKEY, now, path)
    return Fetch(None, trouble) if wire is None else _read(wire[2:], owner)


@lru_cache(maxsize=4096)
def _read(wire: bytes, owner: bytes) -> Fetch:
    """Return what a response without its message ID holds; the same octets give the same object."""
    dnskeys = read_dnskey_answer(wire, owner)
    return Fetch(dnskeys, "" if dnskeys is not None else "no-dnskey")
