"""Give whole zones away: AXFR over TCP, in as many messages as it takes (RFC 5936).

The SOA comes first and last; the last transfer is remembered, since who compares letters asks again and
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ..authority.signer import Edition, ZoneAuthority
from ..authority.zone_data import Zone, fetch_all
from ..clock import Instant
from ..dnssec.codec import RR, Message, records_of, render_response
from ..dnssec.rrtypes import SOA

AXFR: Final = 252
ROOM: Final = 16_000
"""Octets of records in one message, before names are compressed: beyond 16 KiB pointers do not reach."""
_FIXED: Final = 10
"""Octets of a record beside owner and rdata (RFC 1035 section 4.1.3)."""


class Transfers:
    """Transfer the zones of an authority; one transfer is kept."""

    def __init__(self, authority: ZoneAuthority) -> None:
        """Remember nothing yet."""
        self._authority = authority
        self._last: tuple[bytes, Edition, tuple[bytes, ...]] | None = None

    def messages(
        self,
        query: Message,
        wire: bytes,
        zone: Zone,
        now: Instant,
        edns_udp: int,
        options: tuple[tuple[int, bytes], ...],
    ) -> tuple[bytes, ...]:
        """Return the messages of a transfer, with everything the zone serves at an instant.

        A zone of a full root has to be signed for that, which takes seconds; ZONEMD is part of it.
        """
        edition = self._authority.edition(now, zone.apex)
        last = self._last
        if last is None or last[:2] != (wire[2:], edition):
            found = fetch_all(self._authority, zone, now)
            soa = [record for one in found if one.rrset.rrtype == SOA for record in records_of(one)]
            rest = [record for one in found if one.rrset.rrtype != SOA for record in records_of(one)]
            made = tuple(
                render_response(query, aa=True, answer=part, edns_udp=edns_udp, options=options)[2:]
                for part in _parts([*soa, *rest, soa[0]])
            )
            last = self._last = (wire[2:], edition, made)
        return tuple(wire[:2] + message for message in last[2])


def _parts(records: Iterable[RR]) -> Iterator[list[RR]]:
    """Share records out among messages."""
    part: list[RR] = []
    size = 0
    for record in records:
        octets = len(record.owner) + _FIXED + len(record.rdata)
        if part and size + octets > ROOM:
            yield part
            part, size = [], 0
        part.append(record)
        size += octets
    yield part
