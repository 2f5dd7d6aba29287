"""Which server answers: NSID and class CH, and everything else that the header says."""

from __future__ import annotations

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from lab import __version__
from lab.clock import DAY
from lab.nameserver.impairments import Delivery
from lab.nameserver.letters import Letters
from lab.nameserver.responder import Responder
from lab.nameserver.switchboard import Switch, Switchboard
from tests.nameserver.lab import AUTHORITY, RESPONDER, ROLL, query

NAMED = RESPONDER.named("k.rootlab")


def ask(message: dns.message.Message, server: Responder = NAMED) -> dns.message.Message:
    """Return what a server answers."""
    return dns.message.from_wire(server.answer(message.to_wire(), ROLL) or b"")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("id.server.", "k.rootlab"),
        ("hostname.bind.", "k.rootlab"),
        ("VERSION.server.", f"rootlab {__version__}"),
        ("version.bind.", f"rootlab {__version__}"),
    ],
)
def test_chaos(name: str, text: str) -> None:
    """Class CH has the server's name and program (RFC 4892 section 3), with the question's own case."""
    for rrtype in ("TXT", "ANY"):
        reply = ask(dns.message.make_query(name, rrtype, rdclass="CH"))
        assert str(reply.question[0].name) == name
        assert [rrset.to_text().split('"')[1] for rrset in reply.answer] == [text]
        assert reply.answer[0].rdclass == 3  # CH (RFC 1035 section 3.2.4)


@pytest.mark.parametrize(("name", "rrtype"), [("id.server.", "A"), ("authors.bind.", "TXT"), (".", "TXT")])
def test_what_class_ch_has_not(name: str, rrtype: str) -> None:
    """Whatever else is asked for in class CH is refused, and a server without a name has nothing there."""
    message = dns.message.make_query(name, rrtype, rdclass="CH")
    assert ask(message).rcode() == dns.rcode.REFUSED
    assert ask(dns.message.make_query("id.server.", "TXT", rdclass="CH"), RESPONDER).rcode() == 5


@pytest.mark.parametrize("name", [".", "www.alpha.", "nosuch.", "x.nosuch.", "id.server."])
def test_nsid(name: str) -> None:
    """NSID comes with every answer to one who asked for it, and with no other (RFC 5001 section 2.1)."""
    option = dns.edns.GenericOption(dns.edns.NSID, b"")  # option 3 (RFC 5001 section 2.3)
    asked = dns.message.make_query(name, "DNSKEY", use_edns=0, options=[option], payload=1232)
    plain = dns.message.make_query(name, "DNSKEY", use_edns=0, payload=1232)
    told = [[bytes(one.to_wire()) for one in ask(message).options] for message in (asked, plain)]
    assert told == [[b"k.rootlab"], []]
    assert ask(asked, RESPONDER).options == ()


def test_nsid_counts() -> None:
    """NSID is part of what has to fit: a response is never longer than the client takes."""
    option = dns.edns.GenericOption(dns.edns.NSID, b"")
    wire = dns.message.make_query(".", "DNSKEY", use_edns=0, options=[option], payload=512).to_wire()
    answer = NAMED.answer(wire, ROLL) or b""
    assert len(answer) <= 512
    assert dns.message.from_wire(answer).flags & dns.flags.TC


@pytest.mark.parametrize("flags", [0, dns.flags.RD, dns.flags.CD, dns.flags.AD, dns.flags.RD | dns.flags.CD])
def test_flags(flags: int) -> None:
    """RD and CD come back as they were, AD never: an authority validates nothing (RFC 4035 section 3.1.6)."""
    message = dns.message.make_query(".", "SOA", want_dnssec=True)
    message.flags = dns.flags.Flag(flags)
    reply = ask(message)
    kept = flags & (dns.flags.RD | dns.flags.CD)
    assert reply.flags == dns.flags.QR | dns.flags.AA | kept


def test_cookies_are_ignored() -> None:
    """A cookie is an option like any that is not known: it changes nothing (RFC 7873 section 5.2)."""
    cookie = dns.edns.GenericOption(dns.edns.COOKIE, b"8 octets")
    with_one = dns.message.make_query(".", "SOA", use_edns=0, options=[cookie], id=1)
    without = dns.message.make_query(".", "SOA", use_edns=0, id=1)
    assert ask(with_one) == ask(without)


@pytest.mark.parametrize("opcode", [1, 2, 4, 5, 6, 15])
def test_other_opcodes(opcode: int) -> None:
    """Whatever is no query is not implemented."""
    message = dns.message.make_query(".", "SOA")
    message.set_opcode(dns.opcode.from_text(str(opcode)))
    wire = NAMED.answer(message.to_wire(), ROLL) or b""
    assert (wire[2] >> 3 & 15, wire[3] & 15) == (opcode, dns.rcode.NOTIMP)


def test_qname_minimisation() -> None:
    """A name that exists only because others lie below it is there and empty (RFC 8020 section 2)."""
    reply = dns.message.from_wire(RESPONDER.answer(query("net.", "A"), ROLL) or b"")
    assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])


def test_letters_differ() -> None:
    """Each letter has its own name, its own faults and its own version of the zone; all share one board."""
    letters = Letters(RESPONDER, "ab")
    wire = query(".", "SOA")
    sound = RESPONDER.answer(wire, ROLL)
    letters.board.on(Switch("stale", "P1D", "b"))
    told = {letter: letters.answer(wire, ROLL, False, letter=letter) for letter in "ab"}
    assert told["a"] == (Delivery(0.0, sound or b""),)
    assert told["b"] == (Delivery(0.0, RESPONDER.answer(wire, ROLL - DAY) or b""),)
    letters.board.clear()
    assert letters.answer(wire, ROLL, False, letter="b") == sound


def test_a_server_without_letters() -> None:
    """One server of the whole root takes the faults that are for all."""
    board = Switchboard()
    letters = Letters(Responder(AUTHORITY), board=board)
    board.on(Switch("dark"))
    assert letters.answer(query(".", "SOA"), ROLL, False) == ()
