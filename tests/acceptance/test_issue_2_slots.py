"""Issue 2, "What it must show": the root's DNSKEY RRset slot by slot, as dnspython reads it from the wire.

The expected values are those published (facts.md 2.2 to 2.5): key tags of the KSKs, number and size of the
ZSKs, signers, validity, size of the response.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdtypes.ANY.DNSKEY
import dns.rdtypes.ANY.RRSIG
import dns.rrset
import pytest
from dns.rdataclass import IN
from dns.rdatatype import DNSKEY, RRSIG

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.slots import root_history
from lab.clock import DAY, Instant, parse_instant
from lab.nameserver.responder import Responder


class Slot(NamedTuple):
    """What a slot must show; ZSKs by the bits of their modulus."""

    ksks: tuple[int, ...]
    zsks: tuple[int, ...]
    signers: tuple[int, ...]
    size: int


OLD, NEW, OLD_REVOKED = 19036, 20326, 19164
Z1, Z2 = (2048,), (2048, 2048)
NORMAL = (Slot((OLD,), Z2, (OLD,), 1139), Slot((OLD,), Z1, (OLD,), 864), Slot((OLD,), Z2, (OLD,), 1139))
PRE_PUBLISH = (
    Slot((OLD,), Z2, (OLD,), 1139),
    Slot((OLD, NEW), Z1, (OLD,), 1139),
    Slot((OLD, NEW), Z2, (OLD,), 1414),
)
PUBLISHED = (
    Slot((OLD, NEW), Z2, (OLD,), 1414),
    Slot((OLD, NEW), Z1, (OLD,), 1139),
    Slot((OLD, NEW), Z2, (OLD,), 1414),
)
ROLLOVER = (
    Slot((OLD, NEW), Z2, (OLD,), 1414),
    Slot((OLD, NEW), Z1, (NEW,), 1139),
    Slot((OLD, NEW), Z2, (NEW,), 1414),
)
REVOKE = (
    Slot((OLD, NEW), Z2, (NEW,), 1414),
    Slot((OLD_REVOKED, NEW), Z1, (OLD_REVOKED, NEW), 1425),
    Slot((NEW,), Z2, (NEW,), 1139),
)
AFTER = (Slot((NEW,), Z2, (NEW,), 1139), Slot((NEW,), Z1, (NEW,), 864), Slot((NEW,), Z2, (NEW,), 1139))

FIRST = "01-01 01-11 01-21 01-31 02-10 02-20 03-02 03-12 03-22"
FIRST_2017 = FIRST.replace("03-22", "03-21")
SECOND = "04-01 04-11 04-21 05-01 05-11 05-21 05-31 06-10 06-20"
THIRD = "07-01 07-11 07-21 07-31 08-10 08-20 08-30 09-09 09-19"
FOURTH = "10-01 10-11 10-21 10-31 11-10 11-20 11-30 12-10 12-20"

QUARTERS: tuple[tuple[int, str, tuple[Slot, Slot, Slot]], ...] = (
    (2017, FIRST_2017, NORMAL),
    (2017, SECOND, NORMAL),
    (2017, THIRD, PRE_PUBLISH),
    (2017, FOURTH, PUBLISHED),
    (2018, FIRST, PUBLISHED),
    (2018, SECOND, PUBLISHED),
    (2018, THIRD, PUBLISHED),
    (2018, FOURTH, ROLLOVER),
    (2019, FIRST, REVOKE),
    (2019, "04-01", AFTER),
)
"""(year, inceptions, what slots 1, 2 to 8 and 9 show), 2017-01-01 to 2019-04-01."""


def slots() -> Iterator[tuple[str, Slot]]:
    """Yield every slot with the day of its inception."""
    for year, days, (first, middle, last) in QUARTERS:
        for number, day in enumerate(days.split(), 1):
            yield f"{year}-{day}", first if number == 1 else last if number == 9 else middle


class Shown(NamedTuple):
    """What a response shows."""

    keys: list[dns.rdtypes.ANY.DNSKEY.DNSKEY]
    rrset: dns.rrset.RRset
    rrsigs: list[dns.rdtypes.ANY.RRSIG.RRSIG]
    size: int

    def ksks(self) -> tuple[int, ...]:
        """Return the tags of the keys that are secure entry points."""
        return tuple(sorted(dns.dnssec.key_id(key) for key in self.keys if key.flags & 1))

    def zsks(self) -> tuple[int, ...]:
        """Return the sizes of the moduli of the others."""
        return tuple(sorted(bits(key) for key in self.keys if not key.flags & 1))

    def slot(self) -> Slot:
        """Return all that a slot says."""
        signers = tuple(sorted(rrsig.key_tag for rrsig in self.rrsigs))
        return Slot(self.ksks(), self.zsks(), signers, self.size)


def bits(key: dns.rdtypes.ANY.DNSKEY.DNSKEY) -> int:
    """Return the size of a key's modulus: it follows the exponent, which is 65537 (RFC 3110 section 2)."""
    assert key.key[:4] == b"\x03\x01\x00\x01"
    return int.from_bytes(key.key[4:], "big").bit_length()


@pytest.fixture(scope="module")
def root() -> Responder:
    """Return the root of 2016 to 2027, as the lab emulates it."""
    return Responder(ZoneSigner(root_history(), KeyRing()))


def ask(root: Responder, now: Instant) -> Shown:
    """Ask for `. DNSKEY` over UDP with DO and a size of 4096, and read the response with dnspython."""
    query = dns.message.make_query(".", "DNSKEY", want_dnssec=True, payload=4096)
    wire = root.answer(query.to_wire(), now)
    assert wire is not None
    response = dns.message.from_wire(wire)
    assert response.flags & dns.flags.AA
    assert not response.flags & dns.flags.TC
    rrset = response.get_rrset("ANSWER", dns.name.root, IN, DNSKEY)
    rrsigs = response.get_rrset("ANSWER", dns.name.root, IN, RRSIG, DNSKEY)
    assert rrset is not None
    assert rrsigs is not None
    assert (rrset.ttl, {rrsig.original_ttl for rrsig in rrsigs}) == (172800, {172800})
    for rrsig in rrsigs:
        dns.dnssec.validate_rrsig(rrset, rrsig, {dns.name.root: rrset}, now=now)
    return Shown(list(rrset), rrset, list(rrsigs), len(wire))


@pytest.mark.parametrize(("day", "expected"), list(slots()), ids=[day for day, _ in slots()])
def test_a_slot(day: str, expected: Slot, root: Responder) -> None:
    """Keys, signers, size and the 21 days of validity are those published, and every signature verifies."""
    inception = parse_instant(day)
    for hours in (20, 9 * 24):
        shown = ask(root, inception + hours * 3600)
        assert shown.slot() == expected
        windows = {(rrsig.inception, rrsig.expiration) for rrsig in shown.rrsigs}
        assert windows == {(inception, inception + 21 * DAY)}


def test_every_slot_is_looked_at() -> None:
    """Nine slots a quarter from 2017-01-01 on, and the first of 2019Q2."""
    days = [day for day, _ in slots()]
    assert (len(days), days[0], days[-1]) == (9 * 9 + 1, "2017-01-01", "2019-04-01")
    assert days == sorted(days)


def test_2016_09_20(root: Responder) -> None:
    """The first ZSK of 2048 bits stood beside one of 1024: one KSK, two ZSKs, 1011 octets."""
    shown = ask(root, parse_instant("2016-09-21"))
    assert (shown.ksks(), shown.zsks(), shown.size) == ((OLD,), (1024, 2048), 1011)
    assert [rrsig.key_tag for rrsig in shown.rrsigs] == [OLD]


@pytest.mark.parametrize(
    ("hour", "before", "after"),
    [
        ("2018-10-11T16:00:00Z", Slot((OLD, NEW), Z2, (OLD,), 1414), Slot((OLD, NEW), Z1, (NEW,), 1139)),
        ("2019-01-11T14:00:00Z", Slot((OLD, NEW), Z2, (NEW,), 1414), REVOKE[1]),
    ],
)
def test_known_hours(hour: str, before: Slot, after: Slot, root: Responder) -> None:
    """The zone changed at the hour that is on record, and not a second before."""
    change = parse_instant(hour)
    assert (ask(root, change - 1).slot(), ask(root, change).slot()) == (before, after)
