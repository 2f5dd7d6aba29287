"""Test the zones: their content and their NSEC chains, as dnspython reads them."""

from __future__ import annotations

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority.keyring import KeyRing
from lab.authority.signer import CHILDREN, ZoneSigner
from lab.authority.slots import root_history
from lab.authority.zone import ROOT_SERVERS, WATERMARK, zones_of
from lab.authority.zone_data import Content, Zone, close_zone, fetch, type_bitmap
from lab.authority.zone_file import zone_text
from lab.clock import parse_instant
from lab.dnssec.names import ROOT, canonical_order, name_from_text, name_to_text
from lab.dnssec.rrset import make_rrset
from lab.dnssec.rrtypes import DNSKEY, DS, NS, NSEC, RRSIG, SOA, TXT, A
from lab.errors import TimelineError, UserError

HISTORY = root_history()
ROLL = parse_instant("2018-10-11T16:00:00Z")
REVOCATION = parse_instant("2019-01-11T14:00:00Z")
AUTHORITY = ZoneSigner(HISTORY, KeyRing(), watermark="2018-actual")
ZONES = zones_of(AUTHORITY)
APEXES = (ROOT, CHILDREN.secure, CHILDREN.insecure)


def zone(apex: bytes) -> Zone:
    """Return the zone of an apex."""
    return next(zone for zone in ZONES if zone.apex == apex)


def read(text: str, apex: bytes) -> dns.zone.Zone:
    """Read a master file with dnspython."""
    return dns.zone.from_text(text, origin=dns.name.from_text(name_to_text(apex)), relativize=False)


def rows(text: str) -> list[list[str]]:
    """Split a master file into owner, TTL, class, type and rdata."""
    return [line.split("\t") for line in text.splitlines()]


@pytest.mark.parametrize("apex", APEXES, ids=["root", "alpha", "beta"])
def test_dnspython_reads_the_same_records(apex: bytes) -> None:
    """A zone's text means what is served: dnspython reads the very rdata of every RRset."""
    found = {
        (name.to_wire(), rdataset.rdtype): (rdataset.ttl, {rdata.to_wire() for rdata in rdataset})
        for name, rdataset in read(zone_text(AUTHORITY, ROLL, apex=apex), apex).iterate_rdatasets()
        if rdataset.rdtype != dns.rdatatype.RRSIG
    }
    expected = {}
    for owner in zone(apex).nodes:
        for rrtype in zone(apex).nodes[owner]:
            served = fetch(AUTHORITY, zone(apex), owner, rrtype, ROLL)
            assert served is not None
            expected[owner, rrtype] = (served.rrset.ttl, set(served.rrset.rdatas))
    assert found == expected


@pytest.mark.parametrize("apex", APEXES, ids=["root", "alpha", "beta"])
def test_text_is_canonical(apex: bytes) -> None:
    """One RR a line, in canonical order of owner (RFC 4034 section 6.1), then by type and rdata."""
    lines = rows(zone_text(AUTHORITY, ROLL, apex=apex))
    assert {len(line) for line in lines} == {5}
    assert {line[2] for line in lines} == {"IN"}
    places = []
    for owner, _, _, rrtype, text in lines:
        assert owner == owner.lower()
        assert owner.endswith(".")
        rdata = dns.rdata.from_text("IN", rrtype, text).to_wire()
        places.append((canonical_order(name_from_text(owner)), int(dns.rdatatype.from_text(rrtype)), rdata))
    assert places == sorted(places)


def test_text_is_reproducible() -> None:
    """The same instant gives the same text, from another signer and after other questions."""
    other = ZoneSigner(HISTORY, KeyRing(), watermark="2018-actual")
    zone_text(other, REVOCATION)
    assert zone_text(other, ROLL) == zone_text(AUTHORITY, ROLL)


def test_unknown_size_and_zone() -> None:
    """A size or zone the lab has not is the caller's error."""
    with pytest.raises(UserError, match=r"no zone \. of size 'huge'; sizes are minimal, full"):
        zone_text(AUTHORITY, ROLL, "huge")
    with pytest.raises(UserError, match=r"no zone gamma\. of size 'minimal'"):
        zone_text(AUTHORITY, ROLL, apex=b"\x05gamma\x00")
    with pytest.raises(TimelineError, match="there is no zone before"):
        zone_text(AUTHORITY, HISTORY.start - 1)


def test_root_has_the_root_servers() -> None:
    """The apex NS are the thirteen letters, each with its addresses, under the root's TTLs."""
    root = read(zone_text(AUTHORITY, ROLL), ROOT)
    servers = root.find_rdataset(dns.name.root, "NS")
    assert [str(rdata.target) for rdata in servers] == [f"{c}.root-servers.net." for c in "abcdefghijklm"]
    assert servers.ttl == 518400
    for letter, v4, v6 in ROOT_SERVERS:
        name = dns.name.from_text(f"{letter}.root-servers.net.")
        assert [rdata.address for rdata in root.find_rdataset(name, "A")] == [v4]
        assert [rdata.address for rdata in root.find_rdataset(name, "AAAA")] == [v6]


@pytest.mark.parametrize(
    ("now", "serial"),
    [
        ("2018-10-11T04:59:59Z", 2018101001),
        ("2018-10-11T05:00:00Z", 2018101100),
        ("2018-10-11T16:59:59Z", 2018101100),
        ("2018-10-11T17:00:00Z", 2018101101),
    ],
)
def test_serial(now: str, serial: int) -> None:
    """The serial is the signing's date and number; negative TTL and minimum agree (RFC 2308 section 5)."""
    soa = read(zone_text(AUTHORITY, parse_instant(now)), ROOT).find_rdataset(dns.name.root, "SOA")
    assert (soa[0].serial, soa[0].minimum, soa.ttl) == (serial, 86400, 86400)


def test_watermark() -> None:
    """Every emulated root names its scenario and the instant its edition began, at `_rootlab.`."""
    text = read(zone_text(AUTHORITY, ROLL + 600), ROOT).find_rdataset("_rootlab.", "TXT")[0]
    assert text.strings == (
        b"emulated root, for tests only",
        b"scenario=2018-actual",
        b"at=2018-10-11T16:00:00Z",
    )


def test_watermark_of_any_name() -> None:
    """A scenario's name is shortened and escaped until it fits a character string."""
    authority = ZoneSigner(HISTORY, KeyRing(), watermark="é" + "x" * 300)
    served = fetch(authority, zone(ROOT), WATERMARK, TXT, ROLL)
    assert served is not None
    (wire,) = served.rrset.rdatas
    assert wire[1 + wire[0] :][1 : 1 + wire[1 + wire[0]]] == b"scenario=\\xe9" + b"x" * 196


def test_signed_child_is_chained() -> None:
    """The root's DS of alpha is that of the child's one key, as dnspython computes it."""
    root = read(zone_text(AUTHORITY, ROLL), ROOT)
    child = read(zone_text(AUTHORITY, ROLL, apex=CHILDREN.secure), CHILDREN.secure)
    name = dns.name.from_text("alpha.")
    (key,) = child.find_rdataset(name, "DNSKEY")
    assert list(root.find_rdataset(name, "DS")) == [dns.dnssec.make_ds(name, key, "SHA256")]


@pytest.mark.parametrize(
    ("owner", "types"),
    [
        (".", "NS SOA RRSIG NSEC DNSKEY ZONEMD"),
        ("_rootlab.", "TXT RRSIG NSEC"),
        ("alpha.", "NS DS RRSIG NSEC"),
        ("beta.", "NS RRSIG NSEC"),
        ("m.root-servers.net.", "A AAAA RRSIG NSEC"),
    ],
)
def test_nsec_bitmaps(owner: str, types: str) -> None:
    """NSEC at a delegation lists NS, DS, RRSIG and NSEC only; elsewhere all there is."""
    nsec = read(zone_text(AUTHORITY, ROLL), ROOT).find_rdataset(owner, "NSEC")[0]
    assert nsec.to_text().split(" ", 1)[1] == types


def test_glue_at_the_delegation_itself() -> None:
    """A server of the delegation's own name adds nothing to its NSEC, and its address has no signature."""
    owner = b"\x03own\x00"
    address = make_rrset(owner, A, 60, (bytes(4),))
    nodes: dict[bytes, dict[int, Content]] = {
        ROOT: dict(zone(ROOT).nodes[ROOT]),
        owner: {NS: make_rrset(owner, NS, 60, (owner,)), A: address},
    }
    made = close_zone(ROOT, nodes, [owner], 60)
    signed = {rrtype: fetch(AUTHORITY, made, owner, rrtype, ROLL) for rrtype in made.nodes[owner]}
    nsec = signed[NSEC]
    assert nsec is not None
    assert nsec.rrset.rdatas[0].removeprefix(ROOT) == type_bitmap((NS, RRSIG, NSEC))
    assert {rrtype: len(found.rrsigs) for rrtype, found in signed.items() if found} == {NS: 0, A: 0, NSEC: 1}


@pytest.mark.parametrize("apex", APEXES[:2], ids=["root", "alpha"])
def test_nsec_chain_is_closed(apex: bytes) -> None:
    """The NSEC chain visits every authoritative owner once and comes back to the apex; glue is not in it."""
    names = read(zone_text(AUTHORITY, ROLL, apex=apex), apex)
    start = dns.name.from_text(name_to_text(apex))
    visited = [start]
    while (following := names.find_rdataset(visited[-1], "NSEC")[0].next) != start:
        visited.append(following)
    glue = {dns.name.from_text(text) for text in ("ns.alpha.", "ns.beta.")} if apex == ROOT else set()
    assert sorted(visited) == sorted(name for name in names.nodes if name not in glue)


def test_what_is_signed() -> None:
    """Delegation NS and glue carry no RRSIG (RFC 4035 section 2.2), everything else in the root does."""
    lines = rows(zone_text(AUTHORITY, ROLL))
    signed = {(owner, text.split()[0]) for owner, _, _, rrtype, text in lines if rrtype == "RRSIG"}
    unsigned = {
        (owner, rrtype)
        for owner, _, _, rrtype, _ in lines
        if rrtype != "RRSIG" and (owner, rrtype) not in signed
    }
    assert unsigned == {("alpha.", "NS"), ("beta.", "NS"), ("ns.alpha.", "A"), ("ns.beta.", "A")}


def test_unsigned_child_has_no_dnssec() -> None:
    """The unsigned child has neither keys nor signatures nor NSEC."""
    lines = rows(zone_text(AUTHORITY, ROLL, apex=CHILDREN.insecure))
    assert {line[3] for line in lines} == {"NS", "SOA", "A"}


@pytest.mark.parametrize(
    ("name", "exists", "cut", "encloser"),
    [
        (".", True, None, "."),
        ("net.", True, None, "net."),
        ("root-servers.net.", True, None, "root-servers.net."),
        ("x.root-servers.net.", False, None, "root-servers.net."),
        ("com.", False, None, "."),
        ("alpha.", True, "alpha.", "alpha."),
        ("a.b.alpha.", False, "alpha.", "alpha."),
        ("ns.beta.", True, "beta.", "ns.beta."),
        ("_rootlab.", True, None, "_rootlab."),
    ],
)
def test_names_of_the_root(name: str, exists: bool, cut: str | None, encloser: str) -> None:
    """A name above others exists (RFC 4592 section 2.2.2), and may enclose (RFC 4592 section 3.3.1)."""
    root, wire = zone(ROOT), name_from_text(name)
    found = root.cut(wire)
    assert root.exists(wire) is exists
    assert (None if found is None else name_to_text(found)) == cut
    assert name_to_text(root.closest_encloser(wire)) == encloser


LABELS = st.sampled_from(
    [b"\x00", b"!", b"*", b"-", b"_ta", b"a", b"alpha", b"beta", b"m", b"net", b"ns", b"\xff"]
)


@given(st.sampled_from(APEXES), st.lists(LABELS, max_size=3))
def test_covering_names_are_neighbours(apex: bytes, labels: list[bytes]) -> None:
    """A name lies at or after its NSEC's owner and before the next one, the last next being the apex."""
    name = b"".join(bytes((len(label),)) + label for label in labels) + apex
    owner, following = zone(apex).covering(name)
    assert canonical_order(owner) <= canonical_order(name)
    assert following == apex or canonical_order(name) < canonical_order(following)
    chain = zone(apex).chain
    assert chain[(chain.index(owner) + 1) % len(chain)] == following


@given(st.sets(st.integers(1, 65535), min_size=1, max_size=20))
def test_type_bitmap(types: set[int]) -> None:
    """The type bit maps of any types are those dnspython writes (RFC 4034 section 4.1.2)."""
    text = " ".join(f"TYPE{rrtype}" for rrtype in sorted(types))
    expected = dns.rdata.from_text("IN", "NSEC", f". {text}").to_wire()
    assert b"\x00" + type_bitmap(types) == expected


def test_fetch_what_is_not_there() -> None:
    """An owner or type a zone has not gives None, and signatures only if wanted."""
    root = zone(ROOT)
    assert fetch(AUTHORITY, root, b"\x03com\x00", A, ROLL) is None
    assert fetch(AUTHORITY, root, CHILDREN.insecure, DS, ROLL) is None
    found = [fetch(AUTHORITY, root, ROOT, rrtype, ROLL, signed=False) for rrtype in (NS, SOA, DNSKEY, NSEC)]
    assert [served is not None and served.rrsigs for served in found] == [()] * 4
