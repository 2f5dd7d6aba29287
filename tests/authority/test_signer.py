"""Test the signer: what the timeline says, with real signatures, made when asked for and once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import dns.dnssec
import dns.name
import dns.rrset
import pytest
from dns.exception import ValidationFailure
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.authority.keyring import KeyRing
from lab.authority.signer import (
    CHILDREN,
    FOREVER,
    Authority,
    SignatureStore,
    Signing,
    SigningCycle,
    ZoneAuthority,
    ZoneSigner,
)
from lab.authority.slots import root_history
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, HOUR, format_instant, parse_instant
from lab.dnssec.keys import Key
from lab.dnssec.names import ROOT
from lab.dnssec.rrset import SignedRRset, make_rrset, verify_rrsig
from lab.dnssec.rrtypes import DNSKEY, DS, NSEC, TXT, A
from lab.errors import KeyFileError, TimelineError

RING = KeyRing()
HISTORY = root_history()
ROLL = parse_instant("2018-10-11T16:00:00Z")
REVOCATION = parse_instant("2019-01-11T14:00:00Z")
DATA = make_rrset(CHILDREN.secure, DS, 86400, (bytes(36),))
ADDRESS = make_rrset(b"\x01*" + CHILDREN.secure, A, 300, (b"\xc0\x00\x02\x01",))


def signer(timeline: Timeline = HISTORY) -> ZoneSigner:
    """Return an authority that has signed nothing yet."""
    return ZoneSigner(timeline, RING, watermark="test")


def keys_of(signed: SignedRRset | None) -> list[Key]:
    """Return the keys of a DNSKEY RRset."""
    assert signed is not None
    return [Key.from_rdata(rdata) for rdata in signed.rrset.rdatas]


def tags(signed: SignedRRset | None) -> tuple[list[int], list[int]]:
    """Return the wire tags of the KSKs in a DNSKEY RRset and of the keys that signed it."""
    assert signed is not None
    ksks = sorted(key.tag for key in keys_of(signed) if key.is_sep)
    return ksks, [rrsig.key_tag for rrsig in signed.rrsigs]


def test_both_faces() -> None:
    """The zone signer has the face that models use and the one that name servers use."""
    authority = signer()
    assert isinstance(authority, Authority)
    assert isinstance(authority, ZoneAuthority)
    assert authority.child_names == (b"\x05alpha\x00", b"\x04beta\x00")


@pytest.mark.parametrize(
    ("at", "ksks", "signers"),
    [
        ("2017-07-10T00:00:00Z", [19036], [19036]),
        ("2017-07-11T16:00:00Z", [19036, 20326], [19036]),
        ("2018-10-11T15:59:59Z", [19036, 20326], [19036]),
        ("2018-10-11T16:00:00Z", [19036, 20326], [20326]),
        ("2019-01-11T13:59:59Z", [19036, 20326], [20326]),
        ("2019-01-11T14:00:00Z", [19164, 20326], [19164, 20326]),
        ("2019-03-22T16:00:00Z", [20326], [20326]),
        ("2026-10-11T16:00:00Z", [20326, 38696], [38696]),
    ],
)
def test_history(at: str, ksks: list[int], signers: list[int]) -> None:
    """The DNSKEY RRset of the root's history has the right KSKs, revoked ones under their revoked tag."""
    assert tags(signer().dnskey(parse_instant(at))) == (ksks, signers)


def test_revoked_key_signs_its_revocation() -> None:
    """A revoked key has flags 385 and its signature verifies under its own tag (RFC 5011 section 2.1)."""
    served = signer().dnskey(REVOCATION)
    (revoked,) = [key for key in keys_of(served) if key.is_revoked]
    assert served is not None
    assert revoked.flags == 385
    assert [verify_rrsig(served.rrset, rrsig, revoked) for rrsig in served.rrsigs] == [True, False]


def test_dnspython_accepts_every_step() -> None:
    """Every DNSKEY RRset of 2017 to 2019 validates in dnspython, in its window and not beyond."""
    authority = signer()
    steps = [step for step in HISTORY.steps if "2017-01" <= format_instant(step.at) < "2019-04"]
    assert len(steps) == 81
    for step in steps:
        served = authority.dnskey(step.at)
        assert served is not None
        rrset = dns.rrset.from_rdata_list(
            dns.name.root, served.rrset.ttl, [rdata(DNSKEY, wire) for wire in served.rrset.rdatas]
        )
        rrsigs = dns.rrset.from_rdata_list(
            dns.name.root, served.rrset.ttl, [rdata(46, rrsig.rdata) for rrsig in served.rrsigs]
        )
        for now in (step.inception, step.at, step.expiration):
            dns.dnssec.validate(rrset, rrsigs, {dns.name.root: rrset}, now=now)
        for now in (step.inception - 1, step.expiration + 1):
            with pytest.raises(ValidationFailure):
                dns.dnssec.validate(rrset, rrsigs, {dns.name.root: rrset}, now=now)


def rdata(rrtype: int, wire: bytes) -> dns.rdata.Rdata:
    """Read rdata with dnspython."""
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rrtype), wire, 0, len(wire))


def test_nothing_before_the_start() -> None:
    """Before the timeline's start there is no DNSKEY RRset, and no zone data to sign."""
    authority = signer()
    assert authority.dnskey(HISTORY.start - 1) is None
    assert authority.dnskey(HISTORY.start) is not None
    with pytest.raises(TimelineError, match="there is no zone before 2016-07-01"):
        authority.signed(DATA, HISTORY.start - 1)


def test_one_object_for_one_step() -> None:
    """While a step is in force the very same object is served, also after a look elsewhere."""
    authority = signer()
    first = authority.dnskey(ROLL)
    assert authority.dnskey(ROLL + DAY) is first
    assert authority.dnskey(ROLL - 1) is not first
    assert authority.dnskey(ROLL) is first


def test_signing_is_lazy() -> None:
    """Making an authority signs nothing, and a DNSKEY RRset costs as many signatures as it has signers."""
    authority = signer()
    assert authority.store.made == 0
    authority.dnskey(REVOCATION)
    assert authority.store.made == 2


def test_signing_once() -> None:
    """A signature is made once per RRset, key and window, whatever the order of questions."""
    authority = signer()
    for now in (ROLL, ROLL + HOUR, ROLL - DAY, ROLL, ROLL + 5 * HOUR, ROLL - DAY):
        authority.dnskey(now)
        authority.signed(DATA, now)
    expected = 2 + len({authority.edition(now) for now in (ROLL, ROLL + HOUR, ROLL - DAY)})
    assert authority.store.made == expected == 5


def test_shared_store() -> None:
    """Authorities that share a store share signatures, and give what they would give alone."""
    store = SignatureStore()
    first = ZoneSigner(HISTORY, RING, store=store)
    second = ZoneSigner(HISTORY, KeyRing(), store=store)
    assert first.dnskey(ROLL) == second.dnskey(ROLL) == signer().dnskey(ROLL)
    assert store.made == 1


def test_store_is_bounded() -> None:
    """A full store forgets its oldest signature, and makes it again if need be."""
    store = SignatureStore(limit=2)
    key = RING.get("child")
    for inception in (1, 2, 3, 3, 2, 1):
        store.sign(ADDRESS, key, CHILDREN.secure, inception, inception + DAY)
    assert store.made == 4


@pytest.mark.parametrize("zone", [ROOT, *CHILDREN], ids=["root", "alpha", "beta"])
def test_signed_together_or_alone(zone: bytes) -> None:
    """What is signed together is what is signed one by one, DNSKEY by its own signers, in the order asked."""
    together, alone = signer(), signer()
    dnskey = alone.dnskey(ROLL)
    assert dnskey is not None
    rrsets = [DATA, *([dnskey.rrset] if zone == ROOT else []), ADDRESS, DATA]
    found = together.signed_all(rrsets, ROLL, zone)
    assert found == tuple(alone.signed(rrset, ROLL, zone) for rrset in rrsets)
    assert together.store.made == alone.store.made - (zone != ROOT)


def test_store_is_bounded_for_whole_zones_too() -> None:
    """What is signed together is returned, though the store holds less, each signature made once."""
    store = SignatureStore(limit=2)
    key = RING.get("child")
    wanted = [Signing(ADDRESS, key, CHILDREN.secure, day * DAY, 99 * DAY) for day in (1, 2, 3, 4, 1)]
    found = store.sign_all(wanted)
    assert [rrsig.inception for rrsig in found] == [signing.inception for signing in wanted]
    assert store.made == 4
    store.sign_all(wanted[2:4])
    assert store.made == 4
    store.sign_all(wanted[:2])
    assert store.made == 6


@pytest.mark.parametrize(
    ("now", "start", "until", "inception"),
    [
        ("2018-10-10T04:59:59", "2018-10-09T17:00:00", "2018-10-10T05:00:00", "2018-10-09T16:00:00"),
        ("2018-10-10T05:00:00", "2018-10-10T05:00:00", "2018-10-10T17:00:00", "2018-10-10T04:00:00"),
        ("2018-10-10T16:59:59", "2018-10-10T05:00:00", "2018-10-10T17:00:00", "2018-10-10T04:00:00"),
        ("2018-10-10T17:00:00", "2018-10-10T17:00:00", "2018-10-11T05:00:00", "2018-10-10T16:00:00"),
        ("2018-10-11T15:59:59", "2018-10-11T05:00:00", "2018-10-11T16:00:00", "2018-10-11T04:00:00"),
        ("2018-10-11T16:00:00", "2018-10-11T16:00:00", "2018-10-11T17:00:00", "2018-10-11T04:00:00"),
    ],
)
def test_editions_of_the_root(now: str, start: str, until: str, inception: str) -> None:
    """Zone data is signed at 04:00 and 16:00 and served an hour later; a step begins an edition too."""
    edition = signer().edition(parse_instant(now))
    assert [format_instant(edge)[:-1] for edge in edition[:3]] == [start, until, inception]
    assert edition.expiration - edition.inception == 13 * DAY + HOUR


@given(st.integers(HISTORY.start, HISTORY.steps[-1].at + 400 * DAY), st.sampled_from([ROOT, *CHILDREN]))
def test_edition_holds_for_its_whole_span(now: int, zone: bytes) -> None:
    """An instant lies in its edition, that in its signatures' window, and its edges give the same one."""
    authority = signer()
    edition = authority.edition(now, zone)
    assert edition.start <= now < edition.until < FOREVER
    assert edition.inception < edition.start
    assert edition.until < edition.expiration
    assert authority.edition(edition.start, zone) == authority.edition(edition.until - 1, zone) == edition


@given(st.integers(HISTORY.start, HISTORY.steps[-1].at))
@settings(max_examples=25)
def test_zone_data_verifies_with_the_keys_served(now: int) -> None:
    """At any instant zone data is signed by a key of the DNSKEY RRset served then, and valid now."""
    authority = signer()
    served = authority.signed(DATA, now)
    keys = keys_of(authority.dnskey(now))
    (rrsig,) = served.rrsigs
    assert [key.flags for key in keys if verify_rrsig(DATA, rrsig, key)] == [256]
    assert rrsig.covers(now)
    assert rrsig.signer == ROOT


def test_child_signs_its_own() -> None:
    """Data of the signed child is signed in its name by its key, the wildcard without a label for `*`."""
    authority = signer()
    (rrsig,) = authority.signed(ADDRESS, ROLL, CHILDREN.secure).rrsigs
    assert (rrsig.signer, rrsig.labels, rrsig.key_tag) == (CHILDREN.secure, 1, authority.child_key.tag)
    assert verify_rrsig(ADDRESS, rrsig, authority.child_key)
    assert rrsig.covers(ROLL)


def test_unsigned_child_is_unsigned() -> None:
    """Data of the unsigned child comes back as it is."""
    assert signer().signed(ADDRESS, ROLL, CHILDREN.insecure) == SignedRRset(ADDRESS, ())


def test_dnskey_as_zone_data() -> None:
    """The root's DNSKEY RRset is signed by its own signers, not by the zone's."""
    authority = signer()
    served = authority.dnskey(ROLL)
    assert served is not None
    assert authority.signed(served.rrset, ROLL) is served


def test_order_of_questions_does_not_matter() -> None:
    """The same instant gives the same signatures, whatever was asked before."""
    instants = [ROLL - 30 * DAY, ROLL, REVOCATION]
    forward, backward = signer(), signer()
    ahead = [(forward.dnskey(now), forward.signed(DATA, now)) for now in instants]
    behind = [(backward.dnskey(now), backward.signed(DATA, now)) for now in reversed(instants)]
    assert ahead == behind[::-1]


def test_other_cycle() -> None:
    """Zone data may be signed less often, which costs fewer signatures."""
    weekly = ZoneSigner(HISTORY, RING, cycle=SigningCycle(7 * DAY, 0, HOUR, 21 * DAY))
    for day in range(14):
        weekly.signed(DATA, ROLL + DAY + day * DAY)
    assert weekly.store.made == 3


def test_roles_give_flags() -> None:
    """A key has the flags of its role in the key set, whatever its name says."""
    step = Step(
        ROLL, KeySet(("zsk-ecdsa",), ("ksk-ecdsa",), (), ("zsk-ecdsa",), ("ksk-ecdsa",)), ROLL, ROLL + DAY
    )
    served = signer(Timeline((step,))).dnskey(ROLL)
    identities = {RING.key("zsk-ecdsa").identity: 257, RING.key("ksk-ecdsa").identity: 256}
    assert {key.identity: key.flags for key in keys_of(served)} == identities


def test_two_zone_signers_and_none() -> None:
    """Zone data carries a signature by each zone signer, and none if nobody signs the zone."""
    both = KeySet(("ksk-2017",), ("zsk-2018q3", "zsk-ecdsa"), (), ("ksk-2017",), ("zsk-2018q3", "zsk-ecdsa"))
    steps = (
        Step(ROLL, both, ROLL, ROLL + DAY),
        Step(ROLL + HOUR, replace(both, zone_signers=()), ROLL, ROLL + DAY),
    )
    authority = signer(Timeline(steps))
    found = [[rrsig.algorithm for rrsig in authority.signed(DATA, at).rrsigs] for at in (ROLL, ROLL + HOUR)]
    assert found == [[8, 13], []]


def test_a_signer_that_is_not_published() -> None:
    """Signatures may come before their key: data carries both, the DNSKEY RRset the key that is in."""
    keys = KeySet(("ksk-2017",), ("zsk-2018q3",), (), ("ksk-2017",), ("zsk-2018q3", "zsk-ecdsa"))
    authority = signer(Timeline((Step(ROLL, keys, ROLL, ROLL + DAY),)))
    signed = authority.signed(DATA, ROLL)
    names = ("zsk-2018q3", "zsk-ecdsa")
    for name, rrsig in zip(names, signed.rrsigs, strict=True):
        assert verify_rrsig(signed.rrset, rrsig, RING.key(name, 256))
    assert [key.identity for key in keys_of(authority.dnskey(ROLL)) if not key.is_sep] == [
        RING.key("zsk-2018q3").identity
    ]


def test_unknown_key() -> None:
    """A timeline that names a key nobody has is told so when that key is needed."""
    step = Step(ROLL, KeySet(("ksk-2099",), (), (), ("ksk-2099",), ()), ROLL, ROLL + DAY)
    with pytest.raises(KeyFileError, match="there is no key named 'ksk-2099'"):
        signer(Timeline((step,))).dnskey(ROLL)


def test_few_signatures_in_a_rollover() -> None:
    """Two years of daily refreshes cost one or two signatures a slot."""
    authority = signer()
    start = parse_instant("2017-07-01")
    days = Counter(authority.dnskey(start + day * DAY) for day in range(700))
    assert len(days) == 70
    assert authority.store.made == 77


def test_types_are_kept_apart() -> None:
    """RRsets that differ in type alone have signatures of their own."""
    authority = signer()
    first = authority.signed(make_rrset(ROOT, TXT, 60, (b"\x01a",)), ROLL)
    second = authority.signed(make_rrset(ROOT, NSEC, 60, (b"\x01a",)), ROLL)
    assert first.rrsigs[0].signature != second.rrsigs[0].signature
