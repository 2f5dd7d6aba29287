"""Test the root with every top-level domain: what it holds, and that signing again leaves nothing behind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from lab.authority.delegations import names, top_level_domains
from lab.authority.keyring import KeyRing
from lab.authority.signer import CHILDREN, Signing, SigningCycle, Spread, ZoneSigner, sign_batch
from lab.authority.timeline import KeySet, Step, Timeline
from lab.authority.zone import ROOT_SERVERS_NET, root_zone, zones_of
from lab.authority.zone_data import Place, fetch_all
from lab.authority.zone_file import zone_text
from lab.clock import DAY, HOUR, parse_instant
from lab.dnssec.codec import make_query
from lab.dnssec.keys import DS as DSRecord
from lab.dnssec.names import ROOT, is_subdomain, name_from_text
from lab.dnssec.rrset import RRset, Rrsig, SignedRRset
from lab.dnssec.rrtypes import AAAA, DS, NS, TXT, A
from lab.nameserver.responder import Responder

from ..nameserver.lab import query

ROLL = parse_instant("2018-10-11T16:00:00Z")
ELLIPTIC = Timeline(
    (
        Step(
            ROLL,
            KeySet(("ksk-ecdsa",), ("zsk-ecdsa",), (), ("ksk-ecdsa",), ("zsk-ecdsa",)),
            ROLL - DAY,
            ROLL + 20 * DAY,
        ),
    )
)
"""A root that signs with P-256: 2,800 signatures in a tenth of the time, and everything else the same."""
TEST_NETS = [IPv4Network("192.0.2.0/24"), IPv4Network("198.51.100.0/24"), IPv4Network("203.0.113.0/24")]
DOCUMENTATION = IPv6Network("2001:db8::/32")
NET = name_from_text("net.")


def signer(spread: Spread = map) -> ZoneSigner:
    """Return an authority that signs quickly."""
    return ZoneSigner(ELLIPTIC, KeyRing(), watermark="full", spread=spread)


AUTHORITY = signer()
ZONE = zones_of(AUTHORITY, "full")[0]
RESPONDER = Responder(AUTHORITY, size="full")


@cache
def lines(now: int) -> list[list[str]]:
    """Return the zone of an instant, its lines split into owner, TTL, class, type and rdata."""
    return [line.split("\t") for line in zone_text(AUTHORITY, now, "full").splitlines()]


def rdatas(owner: bytes, rrtype: int) -> tuple[bytes, ...]:
    """Return the rdata of fixed content, nothing where there is none."""
    content = ZONE.nodes[owner].get(rrtype)
    return () if content is None or callable(content) else content.rdatas


def test_every_name_is_delegated() -> None:
    """Each name of the list is a delegation, and so are the lab's own two."""
    assert ZONE.cuts == {*names(), *CHILDREN}
    assert len(names()) == len(set(names())) == 1438
    assert {name_from_text(text) for text in ("com.", "net.", "arpa.", "xn--p1ai.", "zw.")} <= ZONE.cuts


def test_servers_and_glue() -> None:
    """A top-level domain has 4 to 8 servers, all with an IPv4 and an IPv6 address, signed by nobody."""
    counts = Counter(len(rdatas(owner, NS)) for owner in names())
    assert sorted(counts) == [4, 5, 6, 7, 8]
    assert min(counts.values()) > 150
    servers = {server for owner in names() for server in rdatas(owner, NS)}
    assert {(len(rdatas(server, A)), len(rdatas(server, AAAA))) for server in servers} == {(1, 1)}
    assert not any(ZONE.signs(server, rrtype) for server in servers for rrtype in (A, AAAA))


def test_nobody_real_is_named() -> None:
    """All glue but the root servers' is for documentation: RFC 5737 section 3, RFC 3849 section 2."""
    found = [
        ip_address(rdata)
        for owner in ZONE.owners
        if not is_subdomain(owner, ROOT_SERVERS_NET)
        for rrtype in (A, AAAA)
        for rdata in rdatas(owner, rrtype)
    ]
    assert len(found) > 10_000
    outside = [
        address
        for address in found
        if not (any(address in net for net in TEST_NETS) or address in DOCUMENTATION)
    ]
    assert outside == []


def test_share_of_signed_delegations() -> None:
    """93 of 100 top-level domains have a DS RRset, of one key or two, with SHA-256; `net.` has none."""
    digests = {owner: rdatas(owner, DS) for owner in names()}
    assert sum(bool(found) for found in digests.values()) == round(0.93 * 1438)
    assert digests[NET] == ()
    assert {len(found) for found in digests.values()} == {0, 1, 2}
    records = [DSRecord.from_rdata(rdata) for found in digests.values() for rdata in found]
    assert {(record.algorithm, record.digest_type, len(record.digest)) for record in records} == {
        (8, 2, 32),
        (13, 2, 32),
    }


def test_bitmaps_at_delegations() -> None:
    """NSEC at a delegation lists NS, DS, RRSIG and NSEC only, also where glue has the delegation's name."""
    bitmaps = {owner: text.split(" ", 1)[1] for owner, _, _, rrtype, text in lines(ROLL) if rrtype == "NSEC"}
    types = defaultdict(set)
    for owner, _, _, rrtype, _ in lines(ROLL):
        types[owner].add(rrtype)
    with_glue = [owner for owner in bitmaps if {"NS", "A"} <= types[owner]]
    assert len(with_glue) > 5
    at_cuts = Counter(bitmaps[owner] for owner in bitmaps if "NS" in types[owner] and owner != ".")
    signed = round(0.93 * 1438) + 1
    assert at_cuts == {"NS DS RRSIG NSEC": signed, "NS RRSIG NSEC": 1440 - signed}
    assert bitmaps["."] == "NS SOA RRSIG NSEC DNSKEY ZONEMD"


def test_ttls() -> None:
    """TTLs are the root's: NS 518400, delegations and glue 172800, DS, NSEC, SOA and ZONEMD 86400.

    The DS of the lab's own child lasts a minute, so that its clients miss the root's keys when they are gone.
    """
    seen: dict[str, set[str]] = defaultdict(set)
    for owner, ttl, _, rrtype, _ in lines(ROLL):
        if rrtype != "RRSIG" and not owner.endswith("root-servers.net."):
            own = owner == "alpha." and rrtype == "DS"
            seen["alpha. DS" if own else ("." if owner == "." else "") + rrtype].add(ttl)
    assert seen == {
        ".NS": {"518400"},
        ".SOA": {"86400"},
        ".NSEC": {"86400"},
        ".DNSKEY": {"172800"},
        ".ZONEMD": {"86400"},
        "NS": {"172800"},
        "A": {"172800"},
        "AAAA": {"172800"},
        "DS": {"86400"},
        "alpha. DS": {"60"},
        "NSEC": {"86400"},
        "TXT": {"86400"},
    }


def test_same_input_same_bytes() -> None:
    """The same input gives the same file: made anew, in one thread or two, and after other questions."""
    top_level_domains.cache_clear()
    with ThreadPoolExecutor(2) as pool:
        other = signer(pool.map)
        other.signed_all([RRset(ROOT, TXT, 60, (bytes((number,)),)) for number in range(99)], ROLL + DAY)
        text = zone_text(other, ROLL, "full")
    assert [line.split("\t") for line in text.splitlines()] == lines(ROLL)


def test_signing_again_leaves_nothing_behind() -> None:
    """A day later every signature is of that day's window, one to each RRset that had one."""
    windows = []
    counts = []
    for now in (ROLL, ROLL + DAY):
        rrsigs = [(owner, text.split()) for owner, _, _, rrtype, text in lines(now) if rrtype == "RRSIG"]
        counts.append(Counter((owner, fields[0]) for owner, fields in rrsigs))
        windows.append({(fields[5], fields[4]) for _, fields in rrsigs if fields[0] != "DNSKEY"})
    assert counts[0] == counts[1]
    assert set(counts[0].values()) == {1}
    assert windows == [
        {("20181011040000", "20181024050000")},
        {("20181012040000", "20181025050000")},
    ]


def test_only_what_changed_is_signed() -> None:
    """A step of the clock costs as many signatures as RRsets got other content or another window."""
    authority = signer()
    held: dict[Place, SignedRRset] = {}
    for now in (ROLL, ROLL + HOUR - 1, ROLL + HOUR):
        before, made = dict(held), authority.store.made
        held = {
            (signed.rrset.owner, signed.rrset.rrtype): signed
            for signed in fetch_all(authority, ZONE, now)
            if signed.rrsigs
        }
        changed = sum(before.get(place) != signed for place, signed in held.items())
        assert authority.store.made - made == changed, now


def test_a_longer_cycle_signs_content_alone() -> None:
    """Where signatures are kept for a week, a day costs no more than what has other content, and two more."""
    weekly = SigningCycle(7 * DAY, 0, HOUR, 21 * DAY)
    steps = (
        *ELLIPTIC.steps,
        Step(
            ROLL + DAY,
            KeySet(("ksk-ecdsa", "ksk-2024"), ("zsk-ecdsa",), (), ("ksk-ecdsa",), ("zsk-ecdsa",)),
            ROLL,
            ROLL + 20 * DAY,
        ),
    )
    authority = ZoneSigner(Timeline(steps), KeyRing(), watermark="full", cycle=weekly)
    before = {signed.rrset for signed in fetch_all(authority, ZONE, ROLL)}
    made = authority.store.made
    after = {signed.rrset for signed in fetch_all(authority, ZONE, ROLL + DAY)}
    changed = len(after - before)
    assert changed == 3  # DNSKEY, watermark, digest
    assert authority.store.made - made <= changed + 2


def test_batches_are_shared_out() -> None:
    """Whoever signs is handed the work in batches, and every RRset is in one of them, once."""
    seen: list[Signing] = []

    def counted(work: object, batches: Iterable[Sequence[Signing]]) -> Iterable[tuple[Rrsig, ...]]:
        assert work is sign_batch
        for batch in batches:
            seen.extend(batch)
            yield sign_batch(batch)

    authority = signer(counted)
    zone = root_zone(top_level_domains()[:100])
    fetch_all(authority, zone, ROLL)
    dnskeys = 1
    assert len(seen) == len({signing.rrset for signing in seen}) == authority.store.made - dnskeys


REPLIES = [
    # question, rcode, AA, types in answer and authority
    ("com. NS", "NOERROR", False, [], ["NS", "DS", "RRSIG"]),
    ("www.net. A", "NOERROR", False, [], ["NS", "NSEC", "RRSIG"]),
    ("com. DS", "NOERROR", True, ["DS", "RRSIG"], []),
    ("nosuchtld. A", "NXDOMAIN", True, [], ["SOA", "RRSIG", "NSEC", "RRSIG", "NSEC", "RRSIG"]),
    ("a.root-servers.net. A", "NOERROR", True, ["A"], []),
    ("x.alpha. A", "NOERROR", True, ["A", "RRSIG"], ["NSEC", "RRSIG"]),
    ("x.beta. A", "NOERROR", True, ["A"], []),
]


@pytest.mark.parametrize(
    ("question", "rcode", "aa", "answer", "authority"), REPLIES, ids=[row[0] for row in REPLIES]
)
def test_replies(question: str, rcode: str, aa: bool, answer: list[str], authority: list[str]) -> None:
    """A full root refers to its delegations; alpha, beta and root-servers.net are served here."""
    wire = RESPONDER.answer(query(*question.split()), ROLL)
    assert wire is not None
    message = dns.message.from_wire(wire)
    assert dns.rcode.to_text(message.rcode()) == rcode
    assert bool(message.flags & dns.flags.AA) is aa
    found = [[dns.rdatatype.to_text(rrset.rdtype) for rrset in part] for part in message.sections[1:3]]
    assert [sorted(types) for types in found] == [sorted(answer), sorted(authority)]


def test_referral_has_all_glue() -> None:
    """A referral carries the addresses of every server, in the domain or in its operator's."""
    for owner in names()[::10]:
        wire = RESPONDER.answer(make_query(b"\x03www" + owner, A), ROLL)
        assert wire is not None
        message = dns.message.from_wire(wire)
        servers = {rdata.target for rrset in message.authority if rrset.rdtype == NS for rdata in rrset}
        glue = {(rrset.name, int(rrset.rdtype)) for rrset in message.additional}
        assert glue == {(server, rrtype) for server in servers for rrtype in (A, AAAA)}
