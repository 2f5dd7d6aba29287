"""Share an authority, its responders, queries, and answers checked by dnspython among the tests."""

from __future__ import annotations

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rdataset
import dns.rdatatype
import dns.rrset

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.slots import root_history
from lab.clock import parse_instant
from lab.dnssec.codec import make_query
from lab.dnssec.names import ROOT, name_from_text
from lab.nameserver.responder import Responder

ROLL = parse_instant("2018-10-11T16:00:00Z")
REVOCATION = parse_instant("2019-01-11T14:00:00Z")
AUTHORITY = ZoneSigner(root_history(), KeyRing(), watermark="2018-actual")
RESPONDER = Responder(AUTHORITY)
SLOW = Responder(AUTHORITY, memo=False)
ROOT_ONLY = Responder(AUTHORITY, apexes=(ROOT,))


def query(name: str, rrtype: str, *, udp_size: int = 4096, do: bool = True, edns: bool = True) -> bytes:
    """Return a query in wire form, the name in lower case."""
    qtype = int(dns.rdatatype.from_text(rrtype))
    return make_query(name_from_text(name), qtype, id=4711, udp_size=udp_size, do=do, edns=edns)


def reply(
    question: str, now: int = ROLL, *, responder: Responder = RESPONDER, do: bool = True
) -> dns.message.Message:
    """Ask for a name and type, and read the answer with dnspython, which refuses what is malformed."""
    name, rrtype = question.split()
    wire = responder.answer(query(name, rrtype, do=do), now)
    assert wire is not None
    return dns.message.from_wire(wire, ignore_trailing=False)


def trusted_keys(now: int) -> dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset]:
    """Return the DNSKEY RRsets of the signed zones, read from answers."""
    return {
        dns.name.from_text(apex): find(reply(f"{apex} DNSKEY", now), "answer", apex, "DNSKEY")
        for apex in (".", "alpha.")
    }


def find(message: dns.message.Message, section: str, name: str, rrtype: str) -> dns.rrset.RRset:
    """Return an RRset of a section."""
    found = message.get_rrset(
        getattr(message, section),
        dns.name.from_text(name),
        dns.rdataclass.IN,
        dns.rdatatype.from_text(rrtype),
    )
    assert found is not None, f"no {name} {rrtype} in {section}"
    return found


def validated(message: dns.message.Message, now: int) -> list[tuple[str, str]]:
    """Return (owner, type) of every RRset that has RRSIGs, after dnspython validated it."""
    keys = trusted_keys(now)
    done = []
    for section in (message.answer, message.authority):
        for rrset in section:
            if rrset.rdtype == dns.rdatatype.RRSIG:
                continue
            rrsigs = message.get_rrset(section, rrset.name, rrset.rdclass, dns.rdatatype.RRSIG, rrset.rdtype)
            if rrsigs is not None:
                dns.dnssec.validate(rrset, rrsigs, keys, now=now)
                assert rrsigs.ttl == rrset.ttl
                done.append((rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype)))
    return done


def served_dnskey(now: int) -> bytes:
    """Return the answer to `. DNSKEY`."""
    wire = RESPONDER.answer(query(".", "DNSKEY"), now)
    assert wire is not None
    return wire
