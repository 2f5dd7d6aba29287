"""Answer as the resolver behind a forwarder does, one that validates nothing and keeps nothing.

Such a resolver gives for all zones at once what their servers say, signatures and proofs among it if it is
asked for them (RFC 4035 section 3.2.1), whether CD is set or not (section 3.2.2). A cache is what it lacks:
every RRset has its whole TTL, as it has for an emulated resolver that asks the authority itself.
"""

from __future__ import annotations

from copy import copy
from typing import Final

from ..authority.faulty_signer import Twist
from ..authority.signer import ZoneAuthority
from ..authority.zone import zones_of
from ..clock import Instant
from ..dnssec.codec import MalformedMessage, parse_message
from ..dnssec.names import ROOT
from .lookup import zone_for
from .responder import Responder

_AUTHORITATIVE: Final = 0x04
"""AA, in the third octet of a header (RFC 1035 section 4.1.1)."""
_RECURSION_AVAILABLE: Final = 0x80
"""RA, in the fourth octet."""


class Forwarder:
    """Answer queries for an authority's root and children, not as a server of theirs but as a resolver."""

    def __init__(self, authority: ZoneAuthority) -> None:
        """Take the authority; nothing is signed yet."""
        self._responder = Responder(authority)
        self._zones = zones_of(authority)

    def twisted(self, twists: tuple[Twist, ...]) -> Forwarder:
        """Return a resolver that asks servers under some faults."""
        other = copy(self)
        other._responder = self._responder.twisted(twists)
        return other

    def transfer(self, query_wire: bytes, now: Instant) -> tuple[bytes, ...]:
        """Return nothing: a resolver has no zones to give away."""
        return ()

    def answer(self, query_wire: bytes, now: Instant, tcp: bool = False) -> bytes | None:
        """Return the response to a query, or None for what deserves none, as a `Responder` does.

        It differs in two bits: RA is set, and AA is not. Raises KeyFileError if a key of the timeline cannot
        be had.
        """
        wire = self._responder.answer(query_wire, now, tcp)
        if wire is None:
            return None
        flags = bytes((wire[2] & ~_AUTHORITATIVE & 0xFF, wire[3] | _RECURSION_AVAILABLE))
        return wire[:2] + flags + wire[4:]

    def asks_root(self, query_wire: bytes) -> bool:
        """Tell whether a query is about the root's own data, which no other server could give."""
        try:
            question = parse_message(query_wire).question
        except MalformedMessage:
            return False
        if question is None:
            return False
        zone = zone_for(self._zones, question.owner, question.qtype)
        return zone is not None and zone.apex == ROOT
