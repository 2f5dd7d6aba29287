"""Turn a query into a response: a pure function of authority, octets and instant, remembered.

An emulated resolver asks the same few questions again and again, and of names never asked before only their
first label is new. Both are answered from memory (memo.py); `memo=False` is the slow twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Final

from ..authority.faulty_signer import FaultySigner, Twist
from ..authority.relocation import relocated
from ..authority.signer import FOREVER, Authority, ZoneAuthority, ZoneSigner
from ..authority.zone import zones_of
from ..authority.zone_data import Zone
from ..clock import Instant
from ..dnssec import codec
from ..dnssec.codec import RR, MalformedMessage, Message, Question, parse_message, records_of
from ..dnssec.names import ROOT
from ..dnssec.rrtypes import DNSKEY, IN
from ..errors import UserError
from .identity import Identity
from .lookup import Lookup, Reply, Section, zone_for
from .memo import HEADER, WholeResponses, WildcardTails, Window
from .transfer import AXFR, Transfers

FORMERR: Final = 1
SERVFAIL: Final = 2
NOTIMP: Final = 4
REFUSED: Final = 5
BADVERS: Final = 16

PLAIN_UDP: Final = 512
"""Octets of a UDP response without EDNS (RFC 1035 section 4.2.1), and the least with it (RFC 6891)."""
MAX_UDP: Final = 4096
"""Octets of a UDP response at most, whatever a client says it can take."""
EDNS_UDP: Final = 1232
"""The UDP size the responder itself announces."""

_KEPT: Final = 32
"""Combinations of faults whose responders are kept: for thirteen letters and some changes."""
_META_TYPES: Final = frozenset({0, 41, *range(128, 255)})
"""What is asked for but is no data: OPT, QTYPEs and meta types (RFC 6895 section 3.1), all but ANY."""


class Responder:
    """Answer queries for an authority: for its root and children, or for `. DNSKEY` alone.

    `skr` restricts the answers to `. DNSKEY` (the rest is REFUSED), as an authority without zones does by
    itself. `apexes` names the zones hosted here; by default all, so that one responder plays every server.
    `size` is that of the root (zone.SIZES); `places` says which IPv4 addresses are others (relocation.py).
    A server with an `identity` tells it to those who ask (identity.py). Each memo holds `limit` responses,
    the oldest go first.
    """

    def __init__(
        self,
        authority: Authority,
        *,
        skr: bool = False,
        apexes: tuple[bytes, ...] | None = None,
        size: str = "minimal",
        places: Mapping[str, str] | None = None,
        identity: str = "",
        memo: bool = True,
        limit: int = 4096,
    ) -> None:
        """Take the authority; nothing is signed yet."""
        self._authority = authority
        self._identity = Identity(identity)
        self._zoned: ZoneAuthority | None = None
        self._zones: tuple[Zone, ...] = ()
        if not skr and authority.child_names is not None:
            assert isinstance(authority, ZoneAuthority), "an authority that names children must serve them"
            self._zoned = authority
            zones = tuple(relocated(zone, places or {}) for zone in zones_of(authority, size))
            self._zones = zones if apexes is None else tuple(zone for zone in zones if zone.apex in apexes)
        self._memo, self._limit = memo, limit
        self._twists: tuple[Twist, ...] = ()
        self._forget()

    def _forget(self) -> None:
        """Begin without any memory."""
        limit = self._limit
        self._whole = (WholeResponses(limit), WholeResponses(limit))
        self._tails = (WildcardTails(limit), WildcardTails(limit))
        self._transfers = Transfers(self._zoned) if self._zoned is not None else None
        self._under: dict[tuple[Twist, ...], Responder] = {}

    def twisted(self, twists: tuple[Twist, ...]) -> Responder:
        """Return who answers for the same zones under some faults; the last few are kept, memories and all.

        Raises UserError where there are no private keys to be wrong with: on ceremony files.
        """
        known = self._under.get(twists)
        if known is None:
            if not isinstance(self._zoned, ZoneSigner):
                raise UserError(
                    "ceremony files are served as they are", remedy="faults are for the keys of a scenario"
                )
            known = copy(self)
            known._authority = known._zoned = FaultySigner(self._zoned, twists)
            for twist in twists:
                known._zones = tuple(twist.zone(zone) for zone in known._zones)
            known._twists = twists
            known._forget()
            if len(self._under) >= _KEPT:
                del self._under[next(iter(self._under))]
            self._under[twists] = known
        return known

    def named(self, identity: str) -> Responder:
        """Return another server of the same zones, with a name of its own."""
        other = copy(self)
        other._identity = Identity(identity)
        other._forget()
        return other

    def transfer(self, query_wire: bytes, now: Instant) -> tuple[bytes, ...]:
        """Return the messages of a zone transfer, none if the query is for none that can be had.

        Only over TCP may they be sent (RFC 5936 section 4.2). Raises KeyFileError as `answer` does.
        """
        wire = query_wire
        if self._transfers is None or len(wire) < HEADER or wire[2] & 0xF8:
            return ()
        try:
            query = parse_message(wire)
        except MalformedMessage:
            return ()
        question = query.question
        if question is None or question.qtype != AXFR or question.qclass != IN or query.answer:
            return ()
        if query.edns is not None and query.edns.version != 0:
            return ()
        zone = next((zone for zone in self._zones if zone.apex == question.owner), None)
        now = self._asked(question, now)
        if zone is None or now < self._authority.timeline.start:
            return ()
        return self._transfers.messages(query, wire, zone, now, EDNS_UDP, self._identity.options(query))

    def _asked(self, question: Question | None, now: Instant) -> Instant:
        """Return the instant whose answer is given, under faults of time."""
        for twist in self._twists:
            now = twist.instant(now, question)
        return now

    def answer(self, query_wire: bytes, now: Instant, tcp: bool = False) -> bytes | None:
        """Return the response to a query, or None for what deserves none: no header, or itself a response.

        Over UDP a response longer than the client takes is cut down to its header, question and OPT, with
        TC set. Raises KeyFileError if a key of the timeline cannot be had; no octets of a query raise
        anything.
        """
        if self._twists:
            now = self._asked(_question(query_wire), now)
        known = self._whole[tcp].find(query_wire, now)
        if known is None:
            known = self._tails[tcp].find(query_wire, now)
        return known if known is not None else self._read(query_wire, now, tcp)

    def _read(self, wire: bytes, now: Instant, tcp: bool) -> bytes | None:
        """Read a query and answer it, or say why not (RFC 1035 section 4.1.1)."""
        if len(wire) < HEADER or wire[2] & 0x80:
            return None
        if wire[2] & 0x78:
            return _bare(wire, NOTIMP)
        try:
            query = parse_message(wire)
        except MalformedMessage:
            return _bare(wire, FORMERR)
        question = query.question
        if question is None or query.answer:
            return _bare(wire, FORMERR)
        if query.edns is not None and query.edns.version != 0:
            return self._empty(query, BADVERS)
        told = self._identity.chaos(question)
        if told is not None:
            return _render(query, Reply(0, True), _room(query, tcp), self._identity, told)
        if question.qclass != IN or question.qtype in _META_TYPES:
            return self._empty(query, REFUSED)
        if self._zoned is not None:
            return self._from_zones(self._zoned, wire, query, question, now, tcp)
        if question.owner != ROOT or question.qtype != DNSKEY:
            return self._empty(query, REFUSED)
        return self._from_keys(wire, query, now, tcp)

    def _empty(self, query: Message, rcode: int) -> bytes:
        """Return a response without records."""
        return codec.render_response(
            query, rcode=rcode, edns_udp=EDNS_UDP, options=self._identity.options(query)
        )

    def _from_keys(self, wire: bytes, query: Message, now: Instant, tcp: bool) -> bytes:
        """Answer `. DNSKEY` where there is nothing else; SERVFAIL where there is not even that.

        The answer holds until the next step, but not beyond its signatures: ceremony files say nothing
        then.
        """
        served = self._authority.dnskey(now)
        if served is None:
            return self._empty(query, SERVFAIL)
        response = _render(query, Reply(0, True, (served,)), _room(query, tcp), self._identity)
        start, until = self._dnskey_window(now)
        window = (start, min(until, self._authority.timeline.step(now).expiration + 1))
        if self._memo:
            self._whole[tcp].keep(wire, window, response)
        return response

    def _from_zones(
        self,
        authority: ZoneAuthority,
        wire: bytes,
        query: Message,
        question: Question,
        now: Instant,
        tcp: bool,
    ) -> bytes:
        """Answer from the zone a question belongs to; SERVFAIL before the timeline's start."""
        name, qtype, _ = question
        zone = zone_for(self._zones, name, qtype)
        if zone is None:
            return self._empty(query, REFUSED)
        if now < authority.timeline.start:
            return self._empty(query, SERVFAIL)
        reply = Lookup(authority, zone, now, query.do).reply(name, qtype)
        room = _room(query, tcp)
        response = _render(query, reply, room, self._identity)
        if not self._memo:
            return response
        keys = name == ROOT and qtype == DNSKEY
        window = self._dnskey_window(now) if keys else authority.edition(now, zone.apex)[:2]
        if not (reply.wildcard and self._tails[tcp].keep(wire, query, zone, window, response, room)):
            self._whole[tcp].keep(wire, window, response)
        return response

    def _dnskey_window(self, now: Instant) -> Window:
        """Return from when until before when the timeline's step in force now is."""
        timeline = self._authority.timeline
        change = timeline.next_change(now)
        return timeline.step(now).at, FOREVER if change is None else change


def _room(query: Message, tcp: bool) -> int:
    """Return how many octets a response may have (RFC 6891 section 6.2.3)."""
    if tcp:
        return codec.MAX_MESSAGE
    return PLAIN_UDP if query.edns is None else max(PLAIN_UDP, min(query.edns.udp_size, MAX_UDP))


def _question(wire: bytes) -> Question | None:
    """Return the question of a query, None if it cannot be read."""
    try:
        return parse_message(wire).question
    except MalformedMessage:
        return None


def _render(query: Message, reply: Reply, room: int, identity: Identity, told: tuple[RR, ...] = ()) -> bytes:
    """Write a response; if it is too long, without addresses that nobody needs, or else truncated and empty.

    The glue of a referral is needed (RFC 9471), other additional data is not (RFC 2181 section 9). `told` is
    an answer that is no zone's.
    """
    rcode, aa, additional = reply.rcode, reply.aa, reply.additional
    options = identity.options(query)
    while True:
        response = codec.render_response(
            query,
            rcode=rcode,
            aa=aa,
            answer=told or _records(reply.answer, query.do),
            authority=_records(reply.authority, query.do),
            additional=_records(additional, query.do),
            edns_udp=EDNS_UDP,
            options=options,
        )
        if len(response) <= room:
            return response
        if not (aa and additional):
            return codec.render_response(
                query, rcode=rcode, aa=aa, tc=True, edns_udp=EDNS_UDP, options=options
            )
        additional = additional[:-1]


def _records(section: Section, do: bool) -> tuple[RR, ...]:
    """Return the records of a section, RRSIGs among them if DNSSEC was asked for."""
    return tuple(record for signed in section for record in records_of(signed, rrsigs=do))


def _bare(wire: bytes, rcode: int) -> bytes:
    """Return a header alone, for a query whose rest is not read: its id, opcode and RD."""
    return wire[:2] + bytes((0x80 | wire[2] & 0x79, rcode)) + bytes(8)
