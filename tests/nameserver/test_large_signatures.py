"""A root of ML-DSA-44: real signatures, too large for UDP; dnspython validates them, the models do not."""

from __future__ import annotations

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rrset
import pytest

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, parse_instant
from lab.dnssec.codec import make_query
from lab.dnssec.keys import SUPPORTED_ALGORITHMS
from lab.dnssec.names import ROOT
from lab.dnssec.rrtypes import DNSKEY, SOA
from lab.nameserver.responder import Responder

NOW = parse_instant("2030-01-01")
KEYS = KeySet(("ksk-mldsa44",), ("zsk-mldsa44",), (), ("ksk-mldsa44",), ("zsk-mldsa44",))
SIGNER = ZoneSigner(Timeline((Step(NOW, KEYS, NOW, NOW + 21 * DAY),)), KeyRing())


def ask(qtype: int, *, tcp: bool, size: int = 4096) -> dns.message.Message:
    """Ask the root for one of its own RRsets."""
    wire = Responder(SIGNER).answer(make_query(ROOT, qtype, udp_size=size), NOW + DAY, tcp)
    assert wire is not None
    return dns.message.from_wire(wire)


@pytest.mark.parametrize("qtype", [DNSKEY, SOA])
def test_dnspython_validates(qtype: int) -> None:
    """Over TCP the answer is whole, and its one signature holds."""
    reply, keys = ask(qtype, tcp=True), ask(DNSKEY, tcp=True)
    known = {dns.name.root: keys.answer[0]}
    dns.dnssec.validate(reply.answer[0], reply.answer[1], known, now=NOW + DAY)  # type: ignore[arg-type]
    longer = dns.rrset.from_rdata(dns.name.root, 1, reply.answer[1][0].replace(expiration=NOW + 22 * DAY))
    with pytest.raises(dns.exception.ValidationFailure):
        dns.dnssec.validate(reply.answer[0], longer, known, now=NOW + DAY)  # type: ignore[arg-type]


@pytest.mark.parametrize(("size", "cut"), [(512, True), (1232, True), (1452, True), (4096, True)])
def test_no_datagram_is_large_enough(size: int, cut: bool) -> None:
    """Two keys and one signature have 5132 octets, more than any client takes over UDP."""
    reply = ask(DNSKEY, tcp=False, size=size)
    assert bool(reply.flags & dns.flags.TC) == cut
    assert len(ask(DNSKEY, tcp=True).to_wire(max_size=65535)) == 12 + 5 + 11 + 2 * (15 + 1312) + 30 + 2420


def test_no_resolver_knows_it() -> None:
    """To the models it is an algorithm they do not know."""
    assert SIGNER.keyring.key("ksk-mldsa44").algorithm not in SUPPORTED_ALGORITHMS
