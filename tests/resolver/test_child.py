"""Test the look at the two children: the chain of RFC 4035 section 5, every link of it broken once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from lab.authority.keyring import KeyRing
from lab.authority.signer import CHILDREN, ZoneSigner
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, HOUR
from lab.dnssec.codec import RR, Message, parse_message, records_of, render_response
from lab.dnssec.rrset import SignedRRset, make_rrset, sign_rrset
from lab.dnssec.rrtypes import DNSKEY, NS, NSEC, RRSIG, A
from lab.dnssec.rrtypes import DS as DS_TYPE
from lab.nameserver.responder import Responder
from lab.resolver.child import NEW_LABEL, ChildView, _nsec_types, view_children
from lab.resolver.fetch import Path
from lab.resolver.policy import STRICT, Trust
from lab.resolver.validator import DnskeySet

from .world import ROOT, T0

SECURE, INSECURE = CHILDREN
NEW = NEW_LABEL + SECURE
TOLERANT = replace(STRICT.trust, skew="tenth")
"""A validator that grants a tenth of a signature's period at either end."""


def authority(zsk: str = "zsk-ecdsa") -> ZoneSigner:
    """Return a root that never changes."""
    keys = KeySet(("ksk-ecdsa",), (zsk,), (), ("ksk-ecdsa",), (zsk,))
    step = Step(T0 - 100 * DAY, keys, T0 - 101 * DAY, T0 + 100 * DAY, None, False)
    return ZoneSigner(Timeline((step,)), KeyRing(), watermark="test")


ZONE = authority()
RESPONDER = Responder(ZONE)
Change = Callable[[tuple[RR, ...]], Sequence[RR]]
Place = tuple[bytes, int]


@dataclass
class Tampered:
    """Answer as the authority does, but for some questions, whose records are changed on the way."""

    changes: dict[Place, Change | None] = field(default_factory=dict)
    asked: list[Place] = field(default_factory=list)

    def __call__(self, query: bytes, now: int, tcp: bool) -> bytes | None:
        """Answer a query; a change of None is silence."""
        message = parse_message(query)
        assert message.question is not None
        place = (message.question.owner, message.question.qtype)
        self.asked.append(place)
        wire = RESPONDER.answer(query, now, tcp)
        assert wire is not None
        if place not in self.changes:
            return wire
        change = self.changes[place]
        return None if change is None else changed(message, parse_message(wire), change)


def changed(query: Message, response: Message, change: Change) -> bytes:
    """Return a response with its answer and authority records changed."""
    answer, more = change(response.answer), change(response.authority)
    return render_response(query, rcode=response.rcode, aa=True, answer=tuple(answer), authority=tuple(more))


def held(zone: ZoneSigner = ZONE) -> DnskeySet:
    """Return the root's DNSKEY RRset."""
    signed = zone.dnskey(T0)
    assert signed is not None
    return DnskeySet(signed)


def look(
    changes: dict[Place, Change | None] | None = None,
    *,
    now: int = T0,
    offset: int = 0,
    keys: DnskeySet | None = None,
    trust: Trust = STRICT.trust,
) -> ChildView | None:
    """Look at both children, some answers changed."""
    wire = Tampered(changes or {})
    return view_children(keys or held(), (SECURE, INSECURE), wire, now, offset, Path(), trust)


def told(view: ChildView | None) -> tuple[str, str]:
    """Return what the two children look like."""
    assert view is not None
    return view.signed, view.unsigned


def without(rrtype: int) -> Change:
    """Leave out the records of a type."""
    return lambda records: [record for record in records if record.rrtype != rrtype]


def forged(records: tuple[RR, ...]) -> Sequence[RR]:
    """Damage every signature in its last octet."""
    return [
        record._replace(rdata=record.rdata[:-1] + bytes((record.rdata[-1] ^ 1,)))
        if record.rrtype == RRSIG
        else record
        for record in records
    ]


def rewritten(rrtype: int, rdata: bytes) -> Change:
    """Give the records of a type other rdata."""
    return lambda records: [r._replace(rdata=rdata) if r.rrtype == rrtype else r for r in records]


def test_both_children_as_they_are() -> None:
    """A new name is secure in the signed child and insecure in the unsigned one (RFC 4035 section 5.2)."""
    view = look()
    assert told(view) == ("secure", "insecure")
    assert view is not None
    assert not view.zsk_missing


def test_questions() -> None:
    """The look asks the parent for both DS, and the children for keys and a new name."""
    wire = Tampered()
    view_children(held(), (SECURE, INSECURE), wire, T0, 0, Path(), STRICT.trust)
    assert wire.asked == [
        (SECURE, DS_TYPE), (INSECURE, DS_TYPE), (SECURE, DNSKEY), (NEW, A), (NEW_LABEL + INSECURE, A),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ((SECURE, DS_TYPE), without(DS_TYPE)),
        ((SECURE, DS_TYPE), without(RRSIG)),
        ((SECURE, DS_TYPE), forged),
        ((SECURE, DS_TYPE), rewritten(DS_TYPE, b"\x00")),
        ((SECURE, DNSKEY), None),
        ((SECURE, DNSKEY), without(DNSKEY)),
        ((SECURE, DNSKEY), without(RRSIG)),
        ((SECURE, DNSKEY), forged),
        ((SECURE, DNSKEY), rewritten(DNSKEY, b"\x01")),
        ((SECURE, DNSKEY), rewritten(RRSIG, b"\x01")),
        ((NEW, A), None),
        ((NEW, A), without(A)),
        ((NEW, A), without(RRSIG)),
        ((NEW, A), forged),
        ((NEW, A), rewritten(A, b"\xc0\x00\x02\x63")),
    ],
)
def test_signed_child_broken(place: Place, change: Change | None) -> None:
    """One link missing, unsigned, forged or malformed makes the signed child bogus, and no other."""
    assert told(look({place: change})) == ("bogus", "insecure")


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ((INSECURE, DS_TYPE), without(NSEC)),
        ((INSECURE, DS_TYPE), without(RRSIG)),
        ((INSECURE, DS_TYPE), forged),
        ((NEW_LABEL + INSECURE, A), None),
    ],
)
def test_unsigned_child_broken(place: Place, change: Change | None) -> None:
    """Without a proof that there is no DS the unsigned child is bogus (RFC 4035 section 5.2)."""
    assert told(look({place: change})) == ("secure", "bogus")


@pytest.mark.parametrize("child", [SECURE, INSECURE])
def test_parent_out_of_reach(child: bytes) -> None:
    """Where the parent does not answer there is nothing to be seen."""
    assert look({(child, DS_TYPE): None}) is None


def test_garbage() -> None:
    """What cannot be parsed is no answer."""

    def exchange(query: bytes, now: int, tcp: bool) -> bytes:
        return query[:2] + b"\x80\0" + b"\xff" * 30

    assert view_children(held(), (SECURE, INSECURE), exchange, T0, 0, Path(), STRICT.trust) is None


@pytest.mark.parametrize(
    ("types", "seen"), [((NS,), "insecure"), ((NS, DS_TYPE), "bogus"), ((DS_TYPE,), "bogus"), ((), "bogus")]
)
def test_what_the_proof_must_say(types: tuple[int, ...], seen: str) -> None:
    """The NSEC must say that there is a delegation and no DS (RFC 4035 section 5.2)."""
    bits = bytearray(8)
    for rrtype in types:
        bits[rrtype // 8] |= 0x80 >> rrtype % 8
    nsec = make_rrset(INSECURE, NSEC, DAY, [b"\x00\x00\x08" + bytes(bits)])
    records = records_of(ZONE.signed(nsec, T0))
    view = look({(INSECURE, DS_TYPE): lambda section: records if section else section})
    assert told(view) == ("secure", seen)


def test_zone_key_not_held() -> None:
    """A DNSKEY RRset that lacks the key of the zone's data makes both bogus (RFC 6781 section 4.1.1)."""
    view = look(keys=held(authority("zsk-2017q3")))
    assert told(view) == ("bogus", "bogus")
    assert view is not None
    assert view.zsk_missing


def test_zone_key_missed_by_the_proof_alone() -> None:
    """That the zone's key is not held is seen at the proof for the unsigned child too."""
    view = look({(SECURE, DS_TYPE): without(RRSIG)}, keys=held(authority("zsk-2017q3")))
    assert view is not None
    assert view.zsk_missing
    whole = look({(SECURE, DS_TYPE): without(RRSIG)})
    assert whole is not None
    assert not whole.zsk_missing


def test_one_ds_is_enough() -> None:
    """Of several DS records one that matches a key makes it an entry point (RFC 4035 section 5.2)."""

    def with_another(records: tuple[RR, ...]) -> Sequence[RR]:
        rdatas = [record.rdata for record in records if record.rrtype == DS_TYPE]
        if not rdatas:
            return records
        other = rdatas[0][:-1] + bytes((rdatas[0][-1] ^ 1,))
        return records_of(ZONE.signed(make_rrset(SECURE, DS_TYPE, DAY, [*rdatas, other]), T0))

    assert told(look({(SECURE, DS_TYPE): with_another})) == ("secure", "insecure")


def test_revoked_keys_sign_no_data() -> None:
    """A key of the root with REVOKE verifies no zone data (RFC 5011 section 2.1)."""
    keys = held()
    keys.keys = tuple(key.revoked() for key in keys.keys)
    assert told(look(keys=keys)) == ("bogus", "bogus")


@pytest.mark.parametrize(
    ("flags", "seen"), [(256, "insecure"), (0, "bogus"), (256 | 128, "bogus"), (257, "insecure")]
)
def test_only_zone_keys_sign_data(flags: int, seen: str) -> None:
    """Data is verified by keys with the zone key flag and without REVOKE alone (RFC 4034 section 2.1.1)."""
    signer = KeyRing().get("zsk-ecdsa")
    odd = replace(signer, key=replace(signer.key, flags=flags))
    nsec = make_rrset(INSECURE, NSEC, DAY, [b"\x00\x00\x06\x20\x00\x00\x00\x00\x03"])
    signed = SignedRRset(nsec, (sign_rrset(nsec, odd, ROOT, T0 - DAY, T0 + DAY),))
    keys = held()
    keys.keys = (odd.key,)
    view = look({(INSECURE, DS_TYPE): lambda section: records_of(signed) if section else section}, keys=keys)
    assert told(view)[1] == seen


def test_revoked_zone_key_is_missed() -> None:
    """That the one key a signature names is revoked is told as a zone key that is not held."""
    signer = KeyRing().get("zsk-ecdsa").revoked()
    nsec = make_rrset(INSECURE, NSEC, DAY, [b"\x00\x00\x06\x20\x00\x00\x00\x00\x03"])
    signed = SignedRRset(nsec, (sign_rrset(nsec, signer, ROOT, T0 - DAY, T0 + DAY),))
    keys = held()
    keys.keys = (signer.key,)
    wire: dict[Place, Change | None] = {
        (SECURE, DS_TYPE): without(RRSIG),
        (INSECURE, DS_TYPE): lambda section: records_of(signed),
    }
    view = look(wire, keys=keys)
    assert view is not None
    assert view.zsk_missing


@pytest.mark.parametrize("trust", [STRICT.trust, TOLERANT], ids=("strict", "tolerant"))
def test_signatures_of_the_zone_end(trust: Trust) -> None:
    """Data by a clock that is beyond its signatures is bogus; `until` tells when the view can change."""
    view = look(trust=trust)
    assert view is not None
    edge = view.until
    assert T0 < edge < T0 + 30 * DAY
    assert told(look(offset=edge - T0 - 1, trust=trust)) == ("secure", "insecure")
    late = look(offset=edge - T0, trust=trust)
    assert late is not None
    assert "bogus" in told(late)
    assert told(look(offset=-60 * DAY, trust=trust)) == ("bogus", "bogus")


@pytest.mark.parametrize("trust", [STRICT.trust, TOLERANT], ids=("strict", "tolerant"))
def test_the_view_of_a_slow_clock_changes_when_its_time_comes(trust: Trust) -> None:
    """A clock behind the inception sees bogus data until it gets there, and `until` says when that is."""
    view = look(offset=-5 * DAY, trust=trust)
    assert view is not None
    later = look(now=T0, offset=-5 * DAY + view.until - T0, trust=trust)
    assert view.until > T0
    assert told(view) != told(later)


def test_edge_of_a_view() -> None:
    """In the very second in which a signature begins to be valid the view lasts to a later one."""
    view = look(offset=-5 * DAY)
    assert view is not None
    at_the_edge = look(offset=-5 * DAY + view.until - T0)
    assert at_the_edge is not None
    assert at_the_edge.until > T0


def test_tolerance_of_the_policy() -> None:
    """A validator that grants a tenth takes data a day early."""
    assert told(look(offset=-20 * HOUR)) != ("secure", "insecure")
    assert told(look(offset=-20 * HOUR, trust=TOLERANT)) == ("secure", "insecure")


@pytest.mark.parametrize(
    ("rdata", "types"),
    [
        (b"\x00" + b"\x00\x01\x20", (NS,)),
        (b"\x01a\x00" + b"\x00\x06\x22\x00\x00\x00\x00\x03", (NS, 6, RRSIG, NSEC)),
        (b"\x00" + b"\x01\x01\x40", (257,)),
        (b"\x00" + b"\x00\x01\x20\x01\x01\x40", (NS, 257)),
        (b"\x00", ()),
        (b"\x00\x00", ()),
        (b"\x03ab", ()),
        (b"", ()),
    ],
)
def test_type_bitmaps(rdata: bytes, types: tuple[int, ...]) -> None:
    """An NSEC's bitmap is read block by block, and a cut one is no error (RFC 4034 section 4.1.2)."""
    assert _nsec_types(rdata) == types
