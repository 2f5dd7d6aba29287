"""The resolver under test as its clients see it: questions in, answers out, a search between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from ..clock import Instant
from ..dnssec.codec import AD, CD, QR, RA, RD, RR, Message, Question
from ..dnssec.names import ROOT, labels, name_to_text
from ..dnssec.rrtypes import AAAA, IN, NSEC, RRSIG, SOA, TXT, A
from ..resolver.policy import ResolverPolicy
from ..resolver.sentinel import sentinel_answer
from .chain import Chain, Status, Verdict
from .configuration import Configuration
from .iterate import SERVFAIL, Answer, Iterator, Search
from .matching import parse
from .packets import render
from .rdata import NSEC3, character_string
from .script import Packet
from .trustpoints import TrustPoints

FORMERR, NOTIMP, REFUSED = 1, 4, 5
CHAOS: Final = 3
EDE_UNREACHABLE, EDE_REFUSED = 22, 20
"""RFC 8914 sections 4.23 and 4.21: no reachable authority, not authoritative."""
_UDP_SIZE: Final = 1232
_DNSSEC_TYPES: Final = (RRSIG, NSEC, NSEC3)
_FAILURE_TTL: Final = 5
"""How long a resolution that failed is remembered (util/data/msgreply.h: NORR_TTL)."""


@dataclass(frozen=True, slots=True)
class Cached:
    """An answer as it was judged, since when, and until when it counts."""

    verdict: Verdict
    since: Instant
    until: Instant


class Server:
    """Answer clients of one run."""

    def __init__(
        self,
        config: Configuration,
        policy: ResolverPolicy,
        points: TrustPoints,
        iterator: Iterator,
        chain: Chain,
        clock: Callable[[], Instant],
    ) -> None:
        """Take the parts; nothing is cached yet."""
        self._config, self._policy, self._points = config, policy, points
        self._iterator, self._chain, self._clock = iterator, chain, clock
        self._cache: dict[tuple[Question, bool], Cached] = {}

    def flush(self, question: Question) -> None:
        """Forget the answer to a question."""
        for cd in (False, True):
            self._cache.pop((question, cd), None)

    def reply(self, wire: bytes) -> Search[bytes | None]:
        """Return the reply to a client's octets, None where a resolver stays silent."""
        query = parse(wire)
        if query is None:
            return None if len(wire) < 12 or wire[2] & 0x80 else _error(wire, FORMERR)
        if query.flags & QR:
            return None
        if query.opcode:
            return self._render(query, Answer(NOTIMP), Status.INSECURE, 0)
        if query.question is None:
            return self._render(query, Answer(FORMERR), Status.INSECURE, 0)
        if query.question.qclass == CHAOS:
            return self._render(query, self._chaos(query.question), Status.INSECURE, 0)
        verdict = yield from self._judged(query, query.question)
        return self._render(query, verdict.answer, verdict.status, verdict.ede)

    def _judged(self, query: Message, question: Question) -> Search[Verdict]:
        """Return the answer to a question, from the cache or found and validated."""
        checking = self._config.validates and (self._config.ignore_cd or not query.flags & CD)
        place = (question, not checking)
        cached = self._cache.get(place)
        if cached is not None and cached.until > self._clock():
            return _aged(cached, self._clock())
        if not query.flags & RD:
            return Verdict(Status.INSECURE, Answer(REFUSED), EDE_REFUSED)
        answer = yield from self._iterator.search(*question)
        if answer.failed:
            verdict = Verdict(Status.INSECURE, answer, EDE_UNREACHABLE)
        elif checking and question.qclass == IN:
            verdict = yield from self._chain.validate(question.owner, question.qtype, answer)
            verdict = self._sentinel(question, verdict)
        else:
            verdict = Verdict(Status.INSECURE, answer)
        if verdict.status is Status.BOGUS and self._passes_bogus():
            verdict = Verdict(Status.INSECURE, verdict.answer)
        self._cache[place] = Cached(verdict, self._clock(), self._clock() + self._lifetime(verdict))
        return verdict

    def _passes_bogus(self) -> bool:
        return self._config.permissive or self._policy.trust.on_bogus == "pass"

    def _sentinel(self, question: Question, verdict: Verdict) -> Verdict:
        """Fail a root key sentinel that asks for it (RFC 8509)."""
        point = self._points.points.get(ROOT)
        wanted = self._config.sentinel and self._policy.signals.sentinel != "no"
        secure = verdict.status is Status.SECURE and question.qtype in (A, AAAA)
        if point is None or not wanted or not secure or question.owner == ROOT:
            return verdict
        label = labels(question.owner)[0].decode("latin-1")
        if sentinel_answer(label, point.model.point, self._policy.signals.sentinel) == "original":
            return verdict
        return Verdict(Status.INSECURE, Answer(SERVFAIL))

    def _lifetime(self, verdict: Verdict) -> int:
        """Return for how many seconds an answer is kept."""
        config, answer = self._config, verdict.answer
        if verdict.status is Status.BOGUS:
            return config.bogus_ttl
        if answer.failed:
            return _FAILURE_TTL
        if answer.answer and not answer.rcode:
            ttl = min(record.ttl for record in answer.answer)
        else:
            soa = [
                min(r.ttl, int.from_bytes(r.rdata[-4:], "big")) for r in answer.authority if r.rrtype == SOA
            ]
            ttl = min([*soa, config.max_negative_ttl]) if soa else 0
        return max(config.min_ttl, min(config.max_ttl, ttl))

    # -- the reply -------------------------------------------------------------------------------------------

    def _render(self, query: Message, answer: Answer, status: Status, ede: int) -> bytes:
        """Return the octets of a reply."""
        bogus = status is Status.BOGUS
        rcode = SERVFAIL if bogus else answer.rcode
        flags = QR | RA | query.flags & (RD | CD)
        if status is Status.SECURE and not rcode & ~3 and (query.do or query.flags & AD):
            flags |= AD
        kept = Answer(rcode) if bogus or answer.failed else self._sections(query, answer)
        options = b""
        if self._config.ede and ede and rcode in (SERVFAIL, REFUSED):
            options = b"\x00\x0f\x00\x02" + ede.to_bytes(2, "big")
        packet = Packet(
            flags,
            query.opcode,
            rcode,
            query.edns is not None,
            query.do,
            options,
            () if query.question is None else (query.question,),
            kept.answer,
            kept.authority,
            kept.additional,
        )
        return render(packet, ident=query.id)

    def _sections(self, query: Message, answer: Answer) -> Answer:
        """Return what of an answer a client gets: no signatures unasked, little beside the answer."""
        qtype = 0 if query.question is None else query.question.qtype
        if self._config.minimal_responses and _is_positive(answer, qtype):
            answer = replace(answer, authority=(), additional=())
        if query.do:
            return answer
        asked = qtype in (*_DNSSEC_TYPES, 255)
        return replace(
            answer,
            answer=answer.answer if asked else _plain(answer.answer),
            authority=_plain(answer.authority),
            additional=_plain(answer.additional),
        )

    def _chaos(self, question: Question) -> Answer:
        """Answer `trustanchor.unbound. CH TXT`: a string for each trust point, its tags (unbound.conf(5))."""
        if name_to_text(question.owner) != "trustanchor.unbound." or question.qtype != TXT:
            return Answer(REFUSED)
        texts = [
            " ".join([name_to_text(owner), *map(str, point.tags)])
            for owner, point in self._points.points.items()
            if point.tags
        ]
        return Answer(0, tuple(RR(question.owner, TXT, CHAOS, 0, character_string(text)) for text in texts))


def _is_positive(answer: Answer, qtype: int) -> bool:
    """Tell whether an answer needs nothing beside it: no denial for a wildcard (util/data/msgencode.c)."""
    if answer.rcode or not any(record.rrtype == qtype for record in answer.answer):
        return False
    return not any(record.rrtype in (NSEC, NSEC3) for record in answer.authority)


def _plain(records: Iterable[RR]) -> tuple[RR, ...]:
    """Return records without those that only a client with DO is given (RFC 4035 section 3.2.1)."""
    return tuple(record for record in records if record.rrtype not in _DNSSEC_TYPES)


def _aged(cached: Cached, now: Instant) -> Verdict:
    """Return a cached answer with its TTLs counted down."""
    age = now - cached.since

    def older(records: Iterable[RR]) -> tuple[RR, ...]:
        return tuple(record._replace(ttl=max(0, record.ttl - age)) for record in records)

    answer = cached.verdict.answer
    aged = replace(
        answer,
        answer=older(answer.answer),
        authority=older(answer.authority),
        additional=older(answer.additional),
    )
    return cached.verdict._replace(answer=aged)


def _error(wire: bytes, rcode: int) -> bytes:
    """Return an error for a message of which only the header can be read."""
    flags = QR | RA | int.from_bytes(wire[2:4], "big") & 0x7900 | rcode
    return wire[:2] + flags.to_bytes(2, "big") + bytes(8)
