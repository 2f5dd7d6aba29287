"""A root whose servers are elsewhere differs in addresses alone."""

from __future__ import annotations

from ipaddress import ip_address

from lab.authority.keyring import KeyRing
from lab.authority.relocation import relocated
from lab.authority.signer import ZoneSigner
from lab.authority.zone import CHILD_SERVER, ROOT_SERVERS, zones_of
from lab.dnssec.rrset import RRset
from lab.dnssec.rrtypes import A
from lab.nameserver.responder import Responder
from lab.scenario.load import load_scenario

PLACES = {ROOT_SERVERS[0][1]: "127.0.53.1", CHILD_SERVER: "127.0.53.53"}


def test_addresses_alone() -> None:
    """What has a place here is there, glue and signed data alike; all else is as it was."""
    scenario = load_scenario("2018-actual")
    for zone in zones_of(ZoneSigner(scenario.timeline, KeyRing())):
        moved, changed = relocated(zone, PLACES), 0
        for owner, node in zone.nodes.items():
            for rrtype, content in node.items():
                other = moved.nodes[owner][rrtype]
                if not isinstance(content, RRset) or content == other:
                    assert other is content or content == other
                    continue
                assert isinstance(other, RRset)
                assert (rrtype, other.ttl) == (A, content.ttl)
                here = {str(ip_address(rdata)) for rdata in other.rdatas}
                assert here == {PLACES[str(ip_address(rdata))] for rdata in content.rdatas}
                changed += 1
        assert changed == (3 if zone.apex == b"\x00" else 1)
        assert relocated(zone, {}) is zone


def test_a_responder_gives_them() -> None:
    """A responder with places answers with them, in signed data and as glue."""
    from lab.dnssec.codec import make_query, parse_message
    from lab.dnssec.names import name_from_text

    scenario = load_scenario("2018-actual")
    responder = Responder(ZoneSigner(scenario.timeline, KeyRing()), apexes=(b"\x00",), places=PLACES)
    for name, section, address in (
        ("a.root-servers.net.", "answer", "127.0.53.1"), ("x.alpha.", "additional", "127.0.53.53"),
    ):  # fmt: skip
        wire = responder.answer(make_query(name_from_text(name), A, udp_size=4096), scenario.start)
        assert wire is not None
        found = [str(ip_address(rr.rdata)) for rr in getattr(parse_message(wire), section) if rr.rrtype == A]
        assert found == [address]
