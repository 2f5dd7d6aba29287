"""Test every kind of answer on the wire: dnspython reads it and validates what is signed."""

from __future__ import annotations

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from dns.rdtypes.ANY.RRSIG import RRSIG

from lab.authority.signer import ZoneSigner
from lab.authority.slots import root_history
from lab.clock import format_instant
from lab.nameserver.responder import Responder

from .lab import (
    AUTHORITY,
    RESPONDER,
    REVOCATION,
    ROLL,
    ROOT_ONLY,
    find,
    query,
    reply,
    served_dnskey,
    validated,
)


def shape(message: dns.message.Message) -> tuple[str, str, list[str], list[str], list[str]]:
    """Return rcode, AA, and owner and type of each section's RRsets, RRSIGs as one with what they cover."""
    sections = [
        [
            f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)}"
            for rrset in section
            if rrset.rdtype != dns.rdatatype.RRSIG
        ]
        for section in (message.answer, message.authority, message.additional)
    ]
    aa = "AA" if message.flags & dns.flags.AA else ""
    return dns.rcode.to_text(message.rcode()), aa, sections[0], sections[1], sections[2]


KINDS = [
    # question, answer section, authority section, signed RRsets, all of them
    (". DNSKEY", [". DNSKEY"], [], [". DNSKEY"]),
    ("alpha. DS", ["alpha. DS"], [], ["alpha. DS"]),
    ("alpha. DNSKEY", ["alpha. DNSKEY"], [], ["alpha. DNSKEY"]),
    ("alpha. SOA", ["alpha. SOA"], [], ["alpha. SOA"]),
    ("x.alpha. A", ["x.alpha. A"], ["ns.alpha. NSEC"], ["x.alpha. A", "ns.alpha. NSEC"]),
    ("!.alpha. A", ["!.alpha. A"], ["alpha. NSEC"], ["!.alpha. A", "alpha. NSEC"]),
    ("a.b.alpha. A", ["a.b.alpha. A"], ["*.alpha. NSEC"], ["a.b.alpha. A", "*.alpha. NSEC"]),
    ("*.alpha. A", ["*.alpha. A"], [], ["*.alpha. A"]),
    ("ns.alpha. A", ["ns.alpha. A"], [], ["ns.alpha. A"]),
    (
        "root-key-sentinel-is-ta-20326.alpha. A",
        ["root-key-sentinel-is-ta-20326.alpha. A"],
        ["ns.alpha. NSEC"],
        ["root-key-sentinel-is-ta-20326.alpha. A", "ns.alpha. NSEC"],
    ),
    ("x.beta. A", ["x.beta. A"], [], []),
    ("beta. SOA", ["beta. SOA"], [], []),
    ("_rootlab. TXT", ["_rootlab. TXT"], [], ["_rootlab. TXT"]),
    (". SOA", [". SOA"], [], [". SOA"]),
    (". NSEC", [". NSEC"], [], [". NSEC"]),
]


@pytest.mark.parametrize(
    ("question", "answer", "authority", "signed"), KINDS, ids=[kind[0] for kind in KINDS]
)
def test_positive(question: str, answer: list[str], authority: list[str], signed: list[str]) -> None:
    """Data comes with AA, a wildcard's with the NSEC that denies a closer name (RFC 4035 section 3.1)."""
    message = reply(question)
    assert shape(message) == ("NOERROR", "AA", answer, authority, [])
    assert [" ".join(pair) for pair in validated(message, ROLL)] == signed


NEGATIVE = [
    # question, rcode, SOA of, NSEC of
    ("beta. DS", "NOERROR", ".", ["beta."]),
    (". DS", "NOERROR", ".", ["."]),
    (". A", "NOERROR", ".", ["."]),
    ("_rootlab. A", "NOERROR", ".", ["_rootlab."]),
    ("net. A", "NOERROR", ".", ["beta."]),
    ("root-servers.net. TXT", "NOERROR", ".", ["beta."]),
    ("_ta-4a5c. NULL", "NXDOMAIN", ".", ["_rootlab.", "."]),
    ("_ta-4a5c-4f66. NULL", "NXDOMAIN", ".", ["_rootlab.", "."]),
    ("com. A", "NXDOMAIN", ".", ["beta.", "."]),
    ("x.root-servers.net. A", "NXDOMAIN", ".", ["m.root-servers.net.", "beta."]),
    ("zz. A", "NXDOMAIN", ".", ["m.root-servers.net.", "."]),
    ("ns.alpha. AAAA", "NOERROR", "alpha.", ["ns.alpha."]),
    ("x.alpha. AAAA", "NOERROR", "alpha.", ["*.alpha.", "ns.alpha."]),
    ("b.alpha. AAAA", "NOERROR", "alpha.", ["*.alpha."]),
    ("x.ns.alpha. A", "NXDOMAIN", "alpha.", ["ns.alpha."]),
]


@pytest.mark.parametrize(("question", "rcode", "soa", "nsecs"), NEGATIVE, ids=[row[0] for row in NEGATIVE])
def test_negative(question: str, rcode: str, soa: str, nsecs: list[str]) -> None:
    """Absence comes with SOA (RFC 2308 section 3) and the NSECs that prove it (RFC 4035 section 3.1.3)."""
    message = reply(question)
    expected = [f"{soa} SOA", *(f"{owner} NSEC" for owner in nsecs)]
    assert shape(message) == (rcode, "AA", [], expected, [])
    assert [" ".join(pair) for pair in validated(message, ROLL)] == expected


@pytest.mark.parametrize(("question", "rcode"), [("x.beta. AAAA", "NOERROR"), ("x.ns.beta. A", "NXDOMAIN")])
def test_negative_in_the_unsigned_child(question: str, rcode: str) -> None:
    """The unsigned child denies with its SOA alone."""
    message = reply(question)
    assert shape(message) == (rcode, "AA", [], ["beta. SOA"], [])
    assert validated(message, ROLL) == []


def test_ds_is_the_parents() -> None:
    """DS is the parent's, signed by the root (RFC 4035 section 3.1.4.1), and fits the child's key."""
    ds = find(reply("alpha. DS"), "answer", "alpha.", "DS")
    rrsig = find_rrsig(reply("alpha. DS"), "alpha.")
    (key,) = find(reply("alpha. DNSKEY"), "answer", "alpha.", "DNSKEY")
    assert list(ds) == [dns.dnssec.make_ds("alpha.", key, "SHA256")]
    assert rrsig.signer == dns.name.root
    assert rrsig.key_tag in {
        dns.dnssec.key_id(rdata)
        for rdata in find(reply(". DNSKEY"), "answer", ".", "DNSKEY")
        if rdata.flags == 256
    }


def find_rrsig(message: dns.message.Message, name: str) -> RRSIG:
    """Return the first RRSIG of an owner in the answer section."""
    found = [rrset[0] for rrset in message.answer if str(rrset.name) == name and isinstance(rrset[0], RRSIG)]
    assert isinstance(found[0], RRSIG)
    return found[0]


def test_wildcard_has_fewer_labels() -> None:
    """The RRSIG of a wildcard's answer counts the wildcard's labels, less `*` (RFC 4034 section 3.1.3)."""
    names = ("x.alpha.", "a.b.c.alpha.", "ns.alpha.")
    assert [find_rrsig(reply(f"{name} A"), name).labels for name in names] == [1, 1, 2]


def test_referral_to_the_signed_child() -> None:
    """Where only the root is hosted a child's name is referred, with DS and glue (RFC 4035 section 3.1.4)."""
    message = reply("x.alpha. A", responder=ROOT_ONLY)
    assert shape(message) == ("NOERROR", "", [], ["alpha. NS", "alpha. DS"], ["ns.alpha. A"])
    assert validated(message, ROLL) == [("alpha.", "DS")]


@pytest.mark.parametrize("question", ["x.beta. A", "beta. NS", "beta. DNSKEY", "ns.beta. A"])
def test_referral_to_the_unsigned_child(question: str) -> None:
    """A referral to an unsigned child proves that there is no DS (RFC 4035 section 3.1.4)."""
    message = reply(question, responder=ROOT_ONLY)
    assert shape(message) == ("NOERROR", "", [], ["beta. NS", "beta. NSEC"], ["ns.beta. A"])
    assert validated(message, ROLL) == [("beta.", "NSEC")]


def test_referral_without_dnssec() -> None:
    """Without the DO bit a referral is NS and glue."""
    message = reply("x.alpha. A", responder=ROOT_ONLY, do=False)
    assert shape(message) == ("NOERROR", "", [], ["alpha. NS"], ["ns.alpha. A"])


def test_ds_where_only_the_root_is() -> None:
    """The root answers DS of its delegations with authority, also where the children are elsewhere."""
    assert shape(reply("alpha. DS", responder=ROOT_ONLY))[:3] == ("NOERROR", "AA", ["alpha. DS"])
    assert shape(reply("beta. DS", responder=ROOT_ONLY))[3] == [". SOA", "beta. NSEC"]


def test_priming() -> None:
    """`. NS` comes with addresses, which are not signed, and with fewer if UDP has no room for all.

    Its names are compressed, so that it is as long as the real root's: 811 octets, 1097 with the signature.
    """
    letters = [f"{letter}.root-servers.net." for letter in "abcdefghijklm"]
    message = reply(". NS")
    expected = [f"{name} {rrtype}" for rrtype in ("A", "AAAA") for name in letters]
    assert shape(message) == ("NOERROR", "AA", [". NS"], [], expected)
    assert validated(message, ROLL) == [(".", "NS")]
    for udp_size, do, size, addresses in (
        (1232, True, 1097, 26),
        (1232, False, 811, 26),
        (512, False, 503, 15),
    ):
        wire = ROOT_ONLY.answer(query(".", "NS", udp_size=udp_size, do=do), ROLL)
        assert wire is not None
        assert (len(wire), len(shape(dns.message.from_wire(wire))[4])) == (size, addresses)


@pytest.mark.parametrize(
    "question", [kind[0] for kind in [*KINDS, *NEGATIVE] if not kind[0].endswith("NSEC")]
)
def test_no_dnssec_without_do(question: str) -> None:
    """Without the DO bit no RRSIG, NSEC or DS is added (RFC 4035 section 3.1)."""
    plain, full = reply(question, do=False), reply(question)
    assert shape(plain)[:3] == shape(full)[:3]
    types = {rrset.rdtype for section in (plain.answer, plain.authority) for rrset in section}
    assert types.isdisjoint({dns.rdatatype.RRSIG, dns.rdatatype.NSEC})


def test_any_and_rrsig() -> None:
    """ANY gets one RRset (RFC 8482 section 4.1), RRSIG the signatures of one; the unsigned child has none."""
    assert shape(reply(". ANY"))[2] == [". NS"]
    assert shape(reply("x.alpha. ANY"))[2] == ["x.alpha. A"]
    signatures = reply("alpha. RRSIG").answer[0]
    assert (str(signatures.name), signatures[0].type_covered) == ("alpha.", dns.rdatatype.NS)
    assert shape(reply("beta. RRSIG")) == ("NOERROR", "AA", [], ["beta. SOA"], [])


def test_size_of_every_slot() -> None:
    """The DNSKEY response has the size facts.md 2.5 computes for each step of the root's history."""
    expected, found = [], []
    for step in root_history().steps:
        old = sum(name < "zsk-2016q4" for name in step.keys.zsks)
        keys = len(step.keys.published) - old
        size = 12 + 5 + 11 + 275 * keys + 147 * old + 286 * len(step.keys.dnskey_signers)
        expected.append((format_instant(step.at), size))
        found.append((format_instant(step.at), len(served_dnskey(step.at))))
    assert found == expected
    assert {size for _, size in found} == {736, 883, 1011, 864, 1139, 1414, 1425}


def test_published_sizes() -> None:
    """The sizes Larson published are met: 1414 octets before the revocation, 1425 after it."""
    assert len(served_dnskey(REVOCATION - 11 * 86400)) == 1414
    assert len(served_dnskey(REVOCATION)) == 1425


def test_answers_are_a_function_of_time() -> None:
    """Another authority of the same timeline gives the same octets, whatever it was asked before."""
    other = Responder(ZoneSigner(root_history(), AUTHORITY.keyring, watermark="2018-actual"))
    for now in (REVOCATION, ROLL):
        for question in (". DNSKEY", "alpha. DS", "x.alpha. A", "beta. DS"):
            wire = query(*question.split())
            assert other.answer(wire, now) == RESPONDER.answer(wire, now)
