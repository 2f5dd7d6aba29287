"""Read and write DNS messages as the lab needs them: few objects, no text, names in wire form.

dnspython takes 350 us to read a DNSKEY response; an emulated rollover reads hundreds of thousands. Equality
with dnspython is a property test. Input is untrusted: every offset is checked, names cannot loop, and counts
are compared with the octets there are before anything is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from .names import ROOT, Malformed, MalformedName, MalformedRdata, read_name
from .rrset import Rrsig, SignedRRset, make_rrset
from .rrtypes import IN, NAME_LAYOUTS, NS, OPT, RRSIG, expand_rdata

QR: Final = 0x8000
AA: Final = 0x0400
TC: Final = 0x0200
RD: Final = 0x0100
RA: Final = 0x0080
AD: Final = 0x0020
CD: Final = 0x0010
_OPCODE: Final = 0x7800
_DO: Final = 0x8000
MAX_MESSAGE: Final = 65535

_HEADER = struct.Struct("!HHHHHH")
_QUESTION = struct.Struct("!HH")
_RR = struct.Struct("!HHIH")
_MIN_RR: Final = 11
_MAX_TTL: Final = 0x7FFFFFFF
_NOT_PLAIN: Final = dict.fromkeys((*NAME_LAYOUTS, OPT))
_MEMO_LIMIT: Final = 4096
"""Longer messages than a large EDNS buffer holds are rare and not worth keeping."""
_QUESTION_POINTER: Final = b"\xc0\x0c"
_POINTER, _POINTER_LIMIT = 0xC000, 0x4000
_new = tuple.__new__


class MalformedMessage(Malformed):
    """Report a message that cannot be read (RFC 1035 section 4, RFC 6891 section 6)."""


class RR(NamedTuple):
    """One record: owner in lower case, rdata with every name decompressed, case kept."""

    owner: bytes
    rrtype: int
    rrclass: int
    ttl: int
    rdata: bytes


class Question(NamedTuple):
    """What is asked: owner in lower case, type, class."""

    owner: bytes
    qtype: int
    qclass: int


class Edns(NamedTuple):
    """The OPT record taken apart (RFC 6891 section 6.1); `udp_size` in octets, options as (code, value)."""

    udp_size: int
    do: bool
    ext_rcode: int
    version: int
    options: tuple[tuple[int, bytes], ...]


class Message(NamedTuple):
    """One message: the OPT record is `edns`, not in `additional`; `question_name` is in the case it came."""

    id: int
    flags: int
    question: Question | None
    answer: tuple[RR, ...]
    authority: tuple[RR, ...]
    additional: tuple[RR, ...]
    edns: Edns | None
    question_name: bytes

    @property
    def rcode(self) -> int:
        """Return the response code with the bits the OPT record adds (RFC 6891 section 6.1.3)."""
        low = self.flags & 0xF
        return low if self.edns is None else self.edns.ext_rcode << 4 | low

    @property
    def opcode(self) -> int:
        """Return the operation; 0 is QUERY."""
        return (self.flags & _OPCODE) >> 11

    @property
    def do(self) -> bool:
        """Tell whether DNSSEC records are wanted (RFC 3225)."""
        return self.edns is not None and self.edns.do


def parse_message(wire: bytes) -> Message:
    """Read one whole message. Raises MalformedMessage, and nothing else, for any octets.

    At most one question (RFC 9619); a TTL with its top bit set is 0 (RFC 2181 section 8). The same octets
    give the same object: emulated resolvers read the same answer again and again.
    """
    return _known_message(wire) if len(wire) <= _MEMO_LIMIT else _read_message(wire)


def _read_message(wire: bytes) -> Message:
    """Read a message, and say of any octets that are none why not."""
    try:
        return _parse(wire)
    except (struct.error, IndexError):
        raise MalformedMessage("a message cut short") from None
    except (MalformedName, MalformedRdata) as bad:
        raise MalformedMessage(str(bad)) from None


_known_message = lru_cache(maxsize=512)(_read_message)


def _parse(wire: bytes) -> Message:
    """Read a message; let struct.error and IndexError tell that it ended too early."""
    ident, flags, qdcount, ancount, nscount, arcount = _HEADER.unpack_from(wire)
    size = len(wire)
    if size > MAX_MESSAGE or (ancount + nscount + arcount) * _MIN_RR > size - 12:
        raise MalformedMessage("a message whose counts do not fit its length")
    at = 12
    question: Question | None = None
    name = ROOT
    known: bytes | None = None
    if qdcount == 1:
        if wire[12] == 0:
            known = ROOT
            at = 13
        else:
            name, at = read_name(wire, 12)
            known = name.lower()
        question = _new(Question, (known, *_QUESTION.unpack_from(wire, at)))
        at += 4
    elif qdcount:
        raise MalformedMessage("a message with more than one question")
    answer: tuple[RR, ...] = ()
    authority: tuple[RR, ...] = ()
    additional: tuple[RR, ...] = ()
    edns: list[Edns] = []
    if ancount:
        answer, at = _parse_section(wire, at, ancount, known, None)
    if nscount:
        authority, at = _parse_section(wire, at, nscount, known, None)
    if arcount:
        additional, at = _parse_section(wire, at, arcount, known, edns)
    if at != size:
        raise MalformedMessage("a message with octets after its end")
    only = edns[0] if edns else None
    return _new(Message, (ident, flags, question, answer, authority, additional, only, name))


def _parse_section(
    wire: bytes, at: int, count: int, qowner: bytes | None, edns: list[Edns] | None
) -> tuple[tuple[RR, ...], int]:
    """Read `count` records from an offset; return them and the offset after.

    An OPT record goes into `edns` instead; None means that there may be none (RFC 6891 section 6.1.1).
    """
    size = len(wire)
    unpack = _RR.unpack_from
    records: list[RR] = []
    for _ in range(count):
        octet = wire[at]
        if octet == 0:
            owner = ROOT
            at += 1
        elif octet == 0xC0 and qowner is not None and wire[at + 1] == 12:
            owner = qowner
            at += 2
        else:
            owner, at = read_name(wire, at)
            owner = owner.lower()
        rrtype, rrclass, ttl, length = unpack(wire, at)
        at += 10
        end = at + length
        if end > size:
            raise MalformedMessage("a record that runs past the end")
        if rrtype in _NOT_PLAIN:
            if rrtype == OPT:
                _take_opt(edns, owner, rrclass, ttl, wire[at:end])
                at = end
                continue
            rdata = expand_rdata(rrtype, wire, at, end)
        else:
            rdata = wire[at:end]
        records.append(_new(RR, (owner, rrtype, rrclass, 0 if ttl > _MAX_TTL else ttl, rdata)))
        at = end
    return tuple(records), at


def _take_opt(edns: list[Edns] | None, owner: bytes, udp_size: int, ttl: int, rdata: bytes) -> None:
    """Take an OPT record apart: class is a size, TTL is rcode, version, flags (RFC 6891 section 6.1.2)."""
    if edns is None or edns or owner != ROOT:
        raise MalformedMessage("an OPT record where none may be")
    options = _parse_options(rdata) if rdata else ()
    edns.append(_new(Edns, (udp_size, ttl & _DO != 0, ttl >> 24, ttl >> 16 & 0xFF, options)))


def _parse_options(rdata: bytes) -> tuple[tuple[int, bytes], ...]:
    """Take the options of an OPT record apart (RFC 6891 section 6.1.2)."""
    options: list[tuple[int, bytes]] = []
    at, size = 0, len(rdata)
    while at < size:
        code, length = _QUESTION.unpack_from(rdata, at)
        at += 4 + length
        if at > size:
            raise MalformedMessage("an EDNS option that runs past the end")
        options.append((code, rdata[at - length : at]))
    return tuple(options)


def make_query(
    owner: bytes,
    qtype: int,
    *,
    id: int = 0,  # noqa: A002 (the header's own word)
    udp_size: int = 1232,
    do: bool = True,
    cd: bool = False,
    rd: bool = False,
    edns: bool = True,
    options: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    """Return a query of class IN; `edns=False` leaves out the OPT record: size, DO and options."""
    flags = (RD if rd else 0) | (CD if cd else 0)
    head = _HEADER.pack(id, flags, 1, 0, 0, 1 if edns else 0) + owner + _QUESTION.pack(qtype, IN)
    return head + _render_opt(udp_size, 0, do, options) if edns else head


def _render_opt(udp_size: int, rcode: int, do: bool, options: Iterable[tuple[int, bytes]]) -> bytes:
    """Return an OPT record of version 0 (RFC 6891 section 6.1.2)."""
    body = b"".join(_QUESTION.pack(code, len(value)) + value for code, value in options)
    return ROOT + _RR.pack(OPT, udp_size, (rcode >> 4) << 24 | (_DO if do else 0), len(body)) + body


def render_response(
    query: Message,
    *,
    rcode: int = 0,
    aa: bool = False,
    answer: Sequence[RR] = (),
    authority: Sequence[RR] = (),
    additional: Sequence[RR] = (),
    tc: bool = False,
    ad: bool = False,
    ra: bool = False,
    edns_udp: int = 1232,
    options: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    """Return the response to a query: its id, opcode, RD, CD and question, in the case it was asked.

    There is an OPT record exactly if the query had one, with its DO bit. Owners equal to the question's are
    written as a pointer; in answer to a question for the root, whose list of servers has to be short, owners
    and the names of NS are compressed as far as can be (RFC 1035 section 4.1.4). Raises ValueError if the
    message would not fit 65535 octets, or for an rcode over 15 without OPT.
    """
    edns = query.edns
    if rcode > 15 and edns is None:
        raise ValueError(f"rcode {rcode} cannot be told to a client without EDNS")
    flags = QR | query.flags & (_OPCODE | RD | CD) | rcode & 0xF
    flags |= (AA if aa else 0) | (TC if tc else 0) | (AD if ad else 0) | (RA if ra else 0)
    question = query.question
    arcount = len(additional) + (edns is not None)
    try:
        parts = [
            _HEADER.pack(query.id, flags, question is not None, len(answer), len(authority), arcount),
        ]
        qowner = ROOT
        if question is not None:
            qowner = question.owner
            parts += (query.question_name, _QUESTION.pack(question.qtype, question.qclass))
        names: dict[bytes, int] | None = {} if question is not None and qowner == ROOT else None
        for section in (answer, authority, additional):
            if names is None:
                _render_section(parts, section, qowner)
            else:
                _render_compressed(parts, section, names)
    except struct.error:
        raise ValueError("a response with a count, length or number that has no room in a message") from None
    if edns is not None:
        parts.append(_render_opt(edns_udp, rcode, edns.do, options))
    wire = b"".join(parts)
    if len(wire) > MAX_MESSAGE:
        raise ValueError(f"a response of {len(wire)} octets: a message holds at most {MAX_MESSAGE}")
    return wire


def _render_section(parts: list[bytes], section: Sequence[RR], qowner: bytes) -> None:
    """Append the records of a section, those of the question's owner with a pointer to it."""
    pack = _RR.pack
    for owner, rrtype, rrclass, ttl, rdata in section:
        short = _QUESTION_POINTER if owner == qowner and len(owner) > 2 else owner
        parts += (short, pack(rrtype, rrclass, ttl, len(rdata)), rdata)


def _render_compressed(parts: list[bytes], section: Sequence[RR], names: dict[bytes, int]) -> None:
    """Append the records of a section; `names` says where in the message which names were written."""
    at, pack = sum(map(len, parts)), _RR.pack
    for owner, rrtype, rrclass, ttl, rdata in section:
        short = _compress(owner, at, names)
        if rrtype == NS:
            rdata = _compress(rdata, at + len(short) + _RR.size, names)
        parts += (short, pack(rrtype, rrclass, ttl, len(rdata)), rdata)
        at += len(short) + _RR.size + len(rdata)


def _compress(name: bytes, at: int, names: dict[bytes, int]) -> bytes:
    """Return a name as it is written at an offset, and note where its parts are found from then on."""
    begin = 0
    while name[begin]:
        rest = name[begin:]
        if rest in names:
            return name[:begin] + (_POINTER | names[rest]).to_bytes(2)
        if at + begin < _POINTER_LIMIT:
            names[rest] = at + begin
        begin += 1 + name[begin]
    return name


def records_of(signed: SignedRRset, *, rrsigs: bool = True) -> tuple[RR, ...]:
    """Return the records of an RRset, then those of its RRSIGs under the same TTL (RFC 4034 section 3)."""
    rrset = signed.rrset
    owner, ttl = rrset.owner, rrset.ttl
    records = tuple(RR(owner, rrset.rrtype, IN, ttl, rdata) for rdata in rrset.rdatas)
    if not rrsigs:
        return records
    return records + tuple(RR(owner, RRSIG, IN, ttl, rrsig.rdata) for rrsig in signed.rrsigs)


def rrsets_of(section: Iterable[RR]) -> tuple[SignedRRset, ...]:
    """Group the records of class IN by owner and type, each with the RRSIGs that cover it.

    The order is that of appearance. The TTL is the lowest of the group (RFC 2181 section 5.2); an RRSIG whose
    RRset is not there is left out. The same section gives the same objects. Raises MalformedRdata.
    """
    return _known_rrsets(tuple(section))


def _group(section: tuple[RR, ...]) -> tuple[SignedRRset, ...]:
    """Group a section that was not seen lately."""
    groups: dict[tuple[bytes, int], tuple[list[int], list[bytes]]] = {}
    rrsigs: dict[tuple[bytes, int], list[Rrsig]] = {}
    for owner, rrtype, rrclass, ttl, rdata in section:
        if rrclass != IN:
            continue
        if rrtype == RRSIG:
            rrsig = Rrsig.from_rdata(rdata)
            rrsigs.setdefault((owner, rrsig.type_covered), []).append(rrsig)
            continue
        group = groups.get((owner, rrtype))
        if group is None:
            groups[owner, rrtype] = ([ttl], [rdata])
        else:
            group[0].append(ttl)
            group[1].append(rdata)
    return tuple(
        SignedRRset(make_rrset(place[0], place[1], min(ttls), rdatas), tuple(rrsigs.get(place, ())))
        for place, (ttls, rdatas) in groups.items()
    )


_known_rrsets = lru_cache(maxsize=256)(_group)
