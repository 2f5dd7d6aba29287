"""What a forwarder is told by the resolver it asks: all that the servers say, and only the header differs."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import pytest

from lab.dnssec.codec import make_query
from lab.dnssec.names import name_from_text
from lab.dnssec.rrtypes import A
from lab.nameserver.forwarder import Forwarder

from .lab import AUTHORITY, ROLL, find, query, reply

FORWARDER = Forwarder(AUTHORITY)


def told(question: str, *, do: bool = True) -> dns.message.Message:
    """Ask what the forwarder would, and read the answer with dnspython."""
    name, rrtype = question.split()
    wire = FORWARDER.answer(query(name, rrtype, do=do), ROLL)
    assert wire is not None
    return dns.message.from_wire(wire, ignore_trailing=False)


@pytest.mark.parametrize(
    "question",
    [". DNSKEY", ". NS", "alpha. DS", "beta. DS", "nowhere. A", "alpha. DNSKEY", "x.alpha. A", "x.beta. A"],
)
def test_all_that_the_servers_say(question: str) -> None:
    """It says what the zones' servers say, proofs too, with RA and without AA (RFC 1035 section 4.1.1)."""
    said, served = told(question), reply(question)
    for section in ("answer", "authority", "additional"):
        assert getattr(said, section) == getattr(served, section)
    assert said.rcode() == served.rcode()
    assert (bool(said.flags & dns.flags.RA), bool(said.flags & dns.flags.AA)) == (True, False)
    assert served.flags & dns.flags.AA


def test_signatures_are_for_who_asks() -> None:
    """RRSIGs come with DO and not without (RFC 4035 section 3.2.1)."""
    for do in (True, False):
        assert ("RRSIG" in told("x.alpha. A", do=do).to_text()) is do


def test_checking_disabled() -> None:
    """CD is copied and changes nothing, as nothing is checked (RFC 4035 section 3.2.2)."""
    plain, checked = (
        FORWARDER.answer(make_query(name_from_text("x.alpha."), A, id=1, rd=True, do=True, cd=cd), ROLL)
        for cd in (False, True)
    )
    assert plain is not None
    assert checked is not None
    assert (plain[3] & 0x10, checked[3] & 0x10) == (0, 0x10)
    assert plain[:3] + plain[4:] == checked[:3] + checked[4:]


def test_too_long() -> None:
    """What does not fit over UDP comes with TC, and whole over TCP."""
    wire = query(".", "DNSKEY", udp_size=512)
    short, whole = (dns.message.from_wire(FORWARDER.answer(wire, ROLL, tcp) or b"") for tcp in (False, True))
    assert (bool(short.flags & dns.flags.TC), len(short.answer)) == (True, 0)
    assert find(whole, "answer", ".", "DNSKEY")


@pytest.mark.parametrize(
    ("name", "rrtype", "root"),
    [
        (".", "DNSKEY", True),
        ("alpha.", "DS", True),
        ("beta.", "DS", True),
        ("nowhere.", "A", True),
        ("alpha.", "DNSKEY", False),
        ("alpha.", "NS", False),
        ("x.alpha.", "A", False),
        ("x.alpha.", "DS", False),
    ],
)
def test_whose_data(name: str, rrtype: str, root: bool) -> None:
    """A DS is the parent's (RFC 4035 section 3.1.4.1), all else the closest zone's."""
    assert FORWARDER.asks_root(query(name, rrtype)) is root


def test_what_is_no_query() -> None:
    """Rubbish is nobody's question, a response gets no answer, and what cannot be read gets FORMERR."""
    assert not FORWARDER.asks_root(b"rubbish")
    assert not FORWARDER.asks_root(bytes(12))
    assert FORWARDER.answer(b"\0\0\x80" + bytes(9), ROLL) is None
    damaged = FORWARDER.answer(bytes(12), ROLL)
    assert damaged is not None
    assert damaged[3] & 0xF == dns.rcode.FORMERR
