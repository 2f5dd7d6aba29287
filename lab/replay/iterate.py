"""Find an answer by asking: from the closest stub or forward zone down, by referrals, along aliases.

A search is a generator: it yields whom it wants to ask what, and is sent the octets that came, or None if
none did. So whoever runs it decides when, and by whom, a question is answered. It is a small iterator: it
asks one server after the other, does not minimise names, and keeps delegations as long as their TTL says.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias, TypeVar

from ..clock import Instant
from ..dnssec.codec import RR, TC, Message, make_query
from ..dnssec.names import ROOT, is_subdomain, parent
from ..dnssec.rrtypes import AAAA, CNAME, DNAME, DS, IN, NS, SOA, A
from .configuration import Configuration, Zone
from .matching import parse

SERVFAIL, NXDOMAIN, REFUSED, YXDOMAIN = 2, 3, 5, 6
ANY: Final = 255
_MAX_REFERRALS: Final = 30
_MAX_ALIASES: Final = 11
"""Aliases followed (iterator/iterator.h: MAX_RESTART_COUNT)."""
_MAX_DEPTH: Final = 6
"""Searches for addresses of name servers inside each other."""
_MAX_ASKED: Final = 300
"""Questions of one search: no zone can make it go on for ever."""
_UDP_SIZE: Final = 1232


class Ask(NamedTuple):
    """One question for one server."""

    address: str
    query: bytes
    tcp: bool = False


T = TypeVar("T")
Search: TypeAlias = Generator[Ask, "bytes | None", T]
"""A search in progress that ends in a T."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found: the records that count of one or several messages.

    `failed` tells that nobody gave a usable answer.
    """

    rcode: int
    answer: tuple[RR, ...] = ()
    authority: tuple[RR, ...] = ()
    additional: tuple[RR, ...] = ()
    failed: bool = False


FAILED = Answer(SERVFAIL, failed=True)


class Cut(NamedTuple):
    """Where to ask about names of a zone, until when (None: configured, for ever)."""

    zone: bytes
    addresses: tuple[str, ...]
    hosts: tuple[bytes, ...]
    forward: bool = False
    first: bool = False
    expires: Instant | None = None


class Iterator:
    """Searches of one resolver, and the delegations it has learnt."""

    def __init__(self, config: Configuration, clock: Callable[[], Instant]) -> None:
        """Begin with the configured zones alone; `clock` tells the time of the run."""
        self._clock = clock
        self._configured = [_cut_of(zone) for zone in config.zones]
        self._learnt: dict[bytes, Cut] = {}
        self._asked = 0

    def search(self, name: bytes, rrtype: int, rrclass: int = IN) -> Search[Answer]:
        """Return the answer to a question, aliases followed."""
        found: list[RR] = []
        for _ in range(_MAX_ALIASES):
            answer = yield from self.find(name, rrtype, rrclass)
            if answer.failed:
                return answer
            found += [record for record in answer.answer if record not in found]
            target = _end_of_aliases(name, rrtype, answer.answer)
            if target is None:
                return replace(answer, answer=tuple(found))
            name = target
        return replace(answer, answer=tuple(found))

    def find(self, name: bytes, rrtype: int, rrclass: int = IN, depth: int = 0) -> Search[Answer]:
        """Return what the servers of a name's zone say to one question; `depth` counts searches inside it."""
        passed: list[Cut] = []
        if depth == 0:
            self._asked = 0
        for _ in range(_MAX_REFERRALS):
            cut = self._closest(name, rrtype, passed)
            if cut is None:
                return FAILED
            message = yield from self._ask_servers(cut, name, rrtype, rrclass, depth)
            if message is None:
                if not cut.first:
                    return FAILED
                passed.append(cut)
                continue
            below = None if cut.forward else _referral(message, cut.zone, name, rrtype)
            if below is None:
                return _answer_of(message, cut.zone)
            self._learn(message, cut.zone, below)
        return FAILED

    # -- where to ask ----------------------------------------------------------------------------------------

    def _closest(self, name: bytes, rrtype: int, passed: list[Cut]) -> Cut | None:
        """Return the deepest zone known to enclose a name.

        A DS lies above the cut (RFC 4035 section 3.1.4.1).
        """
        now = self._clock()
        best: Cut | None = None
        for cut in (*self._configured, *self._learnt.values()):
            if not is_subdomain(name, cut.zone) or (cut.expires is not None and cut.expires <= now):
                continue
            if rrtype == DS and cut.zone == name != ROOT and not cut.forward:
                continue
            if cut not in passed and (best is None or len(cut.zone) > len(best.zone)):
                best = cut
        return best

    def _learn(self, message: Message, zone: bytes, below: bytes) -> None:
        """Keep a delegation with the addresses that came along and lie where the server may speak of."""
        names = [record for record in message.authority if record.rrtype == NS and record.owner == below]
        hosts = tuple(record.rdata.lower() for record in names)
        glue = {
            record.owner: record.ttl
            for record in message.additional
            if record.rrtype in (A, AAAA) and record.owner in hosts and is_subdomain(record.owner, zone)
        }
        addresses = [
            str(ipaddress.ip_address(record.rdata))
            for host in hosts
            for record in message.additional
            if record.owner == host and host in glue and _is_address(record)
        ]
        ttl = min([*(record.ttl for record in names), *glue.values()], default=0)
        without = tuple(host for host in hosts if host not in glue)
        self._learnt[below] = Cut(below, tuple(addresses), without, expires=self._clock() + max(ttl, 1))

    def _addresses(self, cut: Cut, depth: int) -> Search[list[str]]:
        """Look the names of servers up; called when those whose addresses are known did not help."""
        found: list[str] = []
        if depth >= _MAX_DEPTH:
            return found
        for host in cut.hosts:
            if is_subdomain(host, cut.zone) and cut.expires is not None:
                continue
            for rrtype in (A, AAAA):
                answer = yield from self.find(host, rrtype, IN, depth + 1)
                found += [
                    str(ipaddress.ip_address(record.rdata))
                    for record in answer.answer
                    if record.rrtype == rrtype and _is_address(record)
                ]
                if found:
                    break
        return found

    # -- asking ----------------------------------------------------------------------------------------------

    def _ask_servers(
        self, cut: Cut, name: bytes, rrtype: int, rrclass: int, depth: int
    ) -> Search[Message | None]:
        """Ask the servers of a zone in turn; return the first usable message."""
        for address in cut.addresses:
            message = yield from self._ask(cut, address, name, rrtype, rrclass)
            if message is not None:
                return message
        for address in (yield from self._addresses(cut, depth)):
            message = yield from self._ask(cut, address, name, rrtype, rrclass)
            if message is not None:
                return message
        return None

    def _ask(self, cut: Cut, address: str, name: bytes, rrtype: int, rrclass: int) -> Search[Message | None]:
        """Ask one server, over TCP again if the answer was cut; None for what cannot be used."""
        query = make_query(name, rrtype, udp_size=_UDP_SIZE, do=True, cd=cut.forward, rd=cut.forward)
        if rrclass != IN:
            query = _in_class(query, name, rrclass)
        for tcp in (False, True):
            self._asked += 1
            if self._asked > _MAX_ASKED:
                return None
            wire = yield Ask(address, query, tcp)
            message = parse(wire) if wire is not None else None
            if message is None or not _answers(message, name, rrtype, rrclass):
                return None
            if not message.flags & TC:
                return None if _is_lame(message, cut, name) else message
        return None


def _cut_of(zone: Zone) -> Cut:
    return Cut(zone.name, zone.addresses, zone.hosts, zone.forward, zone.first)


def _in_class(query: bytes, name: bytes, rrclass: int) -> bytes:
    at = 12 + len(name) + 2
    return query[:at] + rrclass.to_bytes(2, "big") + query[at + 2 :]


def _is_address(record: RR) -> bool:
    return (record.rrtype, len(record.rdata)) in ((A, 4), (AAAA, 16))


def _answers(message: Message, name: bytes, rrtype: int, rrclass: int) -> bool:
    """Tell whether a message answers the question: same question, and a code that is an answer."""
    question = message.question
    if question is not None and (question.owner, question.qtype, question.qclass) != (name, rrtype, rrclass):
        return False
    return message.rcode in (0, NXDOMAIN, YXDOMAIN)


def _is_lame(message: Message, cut: Cut, name: bytes) -> bool:
    """Tell whether a server sends up or sideways instead of answering (iterator/iter_resptype.c)."""
    if message.answer or message.rcode or cut.forward:
        return False
    owners = [record.owner for record in message.authority if record.rrtype == NS]
    if not owners or any(record.rrtype == SOA for record in message.authority):
        return False
    inside = [owner for owner in owners if is_subdomain(name, owner) and is_subdomain(owner, cut.zone)]
    return not inside


def _referral(message: Message, zone: bytes, name: bytes, rrtype: int) -> bytes | None:
    """Return the zone a message refers to, below the one asked; None if it refers nowhere."""
    if message.answer or message.rcode:
        return None
    if any(record.rrtype == SOA for record in message.authority):
        return None
    for record in message.authority:
        owner = record.owner
        deeper = owner != zone and is_subdomain(owner, zone) and is_subdomain(name, owner)
        if record.rrtype == NS and deeper and not (rrtype == DS and owner == name):
            return owner
    return None


def _answer_of(message: Message, zone: bytes) -> Answer:
    """Return what a message says, less what its server has no business to speak of."""
    return Answer(
        message.rcode,
        _within(message.answer, zone),
        _within(message.authority, zone),
        _within(message.additional, zone),
    )


def _within(records: Iterable[RR], zone: bytes) -> tuple[RR, ...]:
    return tuple(record for record in records if is_subdomain(record.owner, zone))


def _end_of_aliases(name: bytes, rrtype: int, records: tuple[RR, ...]) -> bytes | None:
    """Return the name to ask about next, None if the answer has what was asked for or ends nowhere else."""
    if rrtype in (CNAME, ANY):
        return None
    start = name
    for _ in range(_MAX_ALIASES):
        if any(record.owner == name and record.rrtype == rrtype for record in records):
            return None
        target = alias_target(name, records)
        if target is None:
            break
        name = target
    return None if name == start else name


def alias_target(name: bytes, records: Iterable[RR]) -> bytes | None:
    """Return what a name is an alias of, by CNAME or DNAME (RFC 6672 section 2.2); None if it is none."""
    records = tuple(records)
    for record in records:
        if record.owner == name and record.rrtype == CNAME:
            return record.rdata.lower()
    for record in records:
        if record.rrtype == DNAME and record.owner != name and is_subdomain(name, record.owner):
            target = name[: len(name) - len(record.owner)] + record.rdata.lower()
            return target if len(target) <= 255 else None
    return None


def ancestors(name: bytes, above: bytes) -> list[bytes]:
    """Return a name and its ancestors below `above`, topmost first."""
    found: list[bytes] = []
    while name != above and name != ROOT:
        found.append(name)
        name = parent(name)
    return found[::-1]
