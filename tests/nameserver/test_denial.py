"""Test lookups against dnspython's view of the zone, and a judge of proofs that shares no code with us."""

from __future__ import annotations

import dns.message
import dns.name
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.authority.zone_file import zone_text
from lab.dnssec.codec import make_query
from lab.dnssec.names import name_from_text

from .lab import AUTHORITY, RESPONDER, ROLL, validated
from .proofs import judge


def zone_of(apex: str) -> dns.zone.Zone:
    """Return a zone as dnspython reads its text."""
    text = zone_text(AUTHORITY, ROLL, apex=name_from_text(apex))
    return dns.zone.from_text(text, origin=dns.name.from_text(apex), relativize=False)


ZONES = {"alpha.": zone_of("alpha."), ".": zone_of(".")}
ZONE_LABELS = [b"alpha", b"beta", b"ns", b"*", b"_rootlab", b"net", b"root-servers", b"a", b"m"]
LABELS = st.one_of(st.sampled_from(ZONE_LABELS), st.binary(min_size=1, max_size=3).map(bytes.lower))
NAMES = st.one_of(
    st.lists(LABELS, max_size=3).map(lambda labels: dns.name.Name([*labels, b""])),
    st.lists(LABELS, min_size=1, max_size=2).map(lambda labels: dns.name.Name([*labels, b"alpha", b""])),
)
TYPES = st.sampled_from([1, 2, 6, 10, 16, 28, 43, 47, 48, 65, 257, 65280])


def wire_of(name: dns.name.Name) -> bytes:
    """Return a name in wire form."""
    wire = name.to_wire()
    assert wire is not None
    return wire


def expected(zone: dns.zone.Zone, name: dns.name.Name, rrtype: int) -> str:
    """Say what a zone has at a name, by RFC 1034 section 4.3.2 and RFC 4592 section 3.3.1, done naively."""
    owners = list(zone.nodes)
    if name in owners:
        return "data" if zone.get_rdataset(name, dns.rdatatype.RdataType.make(rrtype)) else "no data"
    if any(owner.is_subdomain(name) for owner in owners):
        return "no data"
    encloser = name
    while not any(owner.is_subdomain(encloser) for owner in owners):
        encloser = encloser.parent()
    wildcard = dns.name.Name([b"*"]).concatenate(encloser)
    if wildcard not in owners:
        return "no name"
    return "wildcard" if zone.get_rdataset(wildcard, dns.rdatatype.RdataType.make(rrtype)) else "no data"


@given(NAMES, TYPES)
@settings(max_examples=300)
def test_every_answer_proves_what_the_zone_says(name: dns.name.Name, rrtype: int) -> None:
    """Whatever is asked, the answer is what the zone has, and what is missing is proven and validates."""
    below = name.is_subdomain(dns.name.from_text("beta."))
    if below and not (rrtype == 43 and len(name.labels) == 2):
        return
    child = name.is_subdomain(dns.name.from_text("alpha."))
    zone = ZONES["alpha." if child and not (rrtype == 43 and len(name.labels) == 2) else "."]
    wire = RESPONDER.answer(make_query(wire_of(name), rrtype, udp_size=4096), ROLL)
    assert wire is not None
    message = dns.message.from_wire(wire)
    found = judge(message, name, rrtype)
    assert found == expected(zone, name, rrtype)
    if found == "wildcard" and name.is_wild():
        return  # `*.x.alpha.` made from `*.alpha.`: right by RFC 4592 section 2.3, but not to dnspython
    sections = (*message.answer, *message.authority)
    assert len(validated(message, ROLL)) == sum(rrset.rdtype != dns.rdatatype.RRSIG for rrset in sections)


@pytest.mark.parametrize("question", ["_ta-4a5c. NULL", "x.alpha. A", "x.alpha. AAAA", "beta. DS"])
def test_judge_is_not_easily_pleased(question: str) -> None:
    """Without any one of its NSECs a denial proves nothing, so the judge can tell."""
    name, rrtype = dns.name.from_text(question.split()[0]), int(dns.rdatatype.from_text(question.split()[1]))
    wire = RESPONDER.answer(make_query(wire_of(name), rrtype, udp_size=4096), ROLL)
    assert wire is not None
    whole = dns.message.from_wire(wire)
    proofs = [rrset for rrset in whole.authority if rrset.rdtype == dns.rdatatype.NSEC]
    assert proofs
    for proof in proofs:
        message = dns.message.from_wire(wire)
        message.authority = [rrset for rrset in whole.authority if rrset is not proof]
        assert judge(message, name, rrtype) == "nothing"
