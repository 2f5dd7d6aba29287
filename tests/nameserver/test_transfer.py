"""AXFR: a zone in as many messages as it takes, the same as its master file, and to nobody over UDP."""

from __future__ import annotations

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.xfr
import dns.zone
import pytest

from lab.authority.zone_file import zone_text
from lab.dnssec.codec import make_query, parse_message
from lab.dnssec.names import ROOT, name_from_text
from lab.dnssec.rrtypes import SOA
from lab.nameserver.letters import Letters
from lab.nameserver.listener import Listener
from lab.nameserver.transfer import AXFR, ROOM
from tests.nameserver.lab import AUTHORITY, RESPONDER, ROLL, ROOT_ONLY, query

pytestmark = pytest.mark.real_clock


def transfer(apex: str = ".") -> tuple[bytes, ...]:
    """Return the messages of a transfer."""
    return RESPONDER.transfer(make_query(name_from_text(apex), AXFR, id=7), ROLL)


@pytest.mark.parametrize(("apex", "name"), [(".", b"\x00"), ("alpha.", b"\x05alpha\x00")])
def test_a_client_gets_the_whole_zone(apex: str, name: bytes) -> None:
    """What dnspython transfers is what the lab writes as a master file (RFC 5936 section 2.2)."""
    letters = Letters(RESPONDER)

    def answer(wire: bytes, client: str, _local: str, tcp: bool) -> object:
        return letters.answer(wire, ROLL, tcp, client=client)

    zone = dns.zone.Zone(apex, relativize=False)
    with Listener(answer, ("127.0.0.1",)) as listener:  # type: ignore[arg-type]
        dns.query.inbound_xfr("127.0.0.1", zone, port=listener.ports[0], timeout=10)
    expected = dns.zone.from_text(zone_text(AUTHORITY, ROLL, apex=name), apex, relativize=False)
    assert zone == expected


def test_several_messages() -> None:
    """Records are shared out among messages, SOA first and last, each with the id of the query.

    A message has 16,000 octets of records at most, owners counted whole (RFC 1035 section 4.1.3).
    """
    messages = [parse_message(wire) for wire in transfer()]
    assert len(messages) > 1
    assert {message.id for message in messages} == {7}
    assert all(len(wire) <= ROOM + 1000 for wire in transfer())
    records = [record for message in messages for record in message.answer]
    assert (records[0], records[0].rrtype) == (records[-1], SOA)
    assert sum(record.rrtype == SOA for record in records) == 2


def test_a_transfer_is_kept() -> None:
    """A second transfer of the same edition is the first with another id; the next edition is another."""
    first, again = transfer(), RESPONDER.transfer(make_query(ROOT, AXFR, id=8), ROLL + 1)
    assert [wire[2:] for wire in first] == [wire[2:] for wire in again]
    assert again[0][:2] == b"\0\x08"
    assert RESPONDER.transfer(make_query(ROOT, AXFR, id=8), ROLL + 86400) != again


def test_not_over_udp() -> None:
    """Over UDP there is no transfer (RFC 5936 section 4.2), nor in the answers of one who asks for one."""
    reply = dns.message.from_wire(RESPONDER.answer(query(".", "AXFR"), ROLL) or b"")
    assert reply.rcode() == dns.rcode.REFUSED
    assert Letters(RESPONDER).answer(query(".", "AXFR"), ROLL, False) == RESPONDER.answer(
        query(".", "AXFR"), ROLL
    )


@pytest.mark.parametrize(
    "wire",
    [
        query("nosuch.", "AXFR"),
        query(".", "SOA"),
        query(".", "AXFR")[:11],
        query(".", "AXFR")[:20],
        b"\0\0\x80" + query(".", "AXFR")[3:],
        b"\0\0\x28" + query(".", "AXFR")[3:],
        b"\0\0\0\0" + bytes(8),
        make_query(ROOT, AXFR)[:-10] + b"\x04\xd0\0\x01\0\0\0\0"[:0] + make_query(ROOT, AXFR)[-10:-5]
        + b"\x01" + make_query(ROOT, AXFR)[-4:],
    ],
    ids=["no zone", "SOA", "no header", "cut", "a response", "an update", "no question", "EDNS version 1"],
)  # fmt: skip
def test_what_is_no_transfer(wire: bytes) -> None:
    """What is not a query for a zone that is here gets none."""
    assert RESPONDER.transfer(wire, ROLL) == ()


def test_only_zones_that_are_hosted() -> None:
    """A server of the root alone has no children to give away, and none has a root before its beginning."""
    wire = query("alpha.", "AXFR")
    assert (ROOT_ONLY.transfer(wire, ROLL), bool(RESPONDER.transfer(wire, ROLL))) == ((), True)
    assert RESPONDER.transfer(query(".", "AXFR"), AUTHORITY.timeline.start - 1) == ()
