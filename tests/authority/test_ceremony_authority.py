"""What an SkrAuthority serves is what its files hold, when they say so, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority.ceremony import CeremonyFile, parse_ceremony, read_ceremony
from lab.authority.ceremony_authority import SkrAuthority, ceremony_timeline, first_anchors, read_skrs
from lab.authority.signer import Authority
from lab.authority.timeline import KeySet, KskEvent, SlotId
from lab.clock import DAY, parse_instant
from lab.dnssec.root_keys import REAL_ROOT_DS
from lab.errors import CeremonyError

from .ceremony_files import (
    START,
    K,
    Member,
    N,
    Z,
    bundle_xml,
    file_xml,
    real,
    real_responses,
    replaced,
    response,
    response_xml,
)

REVOKED = (Member("ksk-2010", 385, signs=True), Member("ksk-2017", signs=True), Z)
NEW = Member("ksk-2017", signs=True)


@pytest.fixture(scope="module")
def year(shared_data: Path) -> SkrAuthority:
    """Return the authority of the three real quarters."""
    return SkrAuthority(read_skrs(real_responses(shared_data)))


def test_serves_the_files(year: SkrAuthority) -> None:
    """At each of the 27 inceptions exactly the RRset and signatures of that bundle are in force."""
    bundles = [bundle for file in year.files for bundle in file.bundles]
    assert len(bundles) == 27
    assert [year.dnskey(bundle.inception) for bundle in bundles] == [bundle.signed for bundle in bundles]
    assert [len(bundle.signed.rrsigs) for bundle in bundles] == [1] * 27


def test_a_bundle_ends_where_the_next_begins(year: SkrAuthority) -> None:
    """A bundle serves until the second before the next inception, although its signatures last longer."""
    bundles = [bundle for file in year.files for bundle in file.bundles]
    last_seconds = [year.bundle(after.inception - 1) for after in bundles[1:]]
    assert last_seconds == bundles[:-1]


def test_nothing_before_and_after(year: SkrAuthority) -> None:
    """Nothing is invented before the first bundle or after the last expiration, which itself is inclusive."""
    assert (year.start, year.end) == (parse_instant("2017-01-01"), parse_instant("2017-10-10"))
    served = [year.dnskey(now) is not None for now in (year.start - 1, year.start, year.end, year.end + 1)]
    assert served == [False, True, True, False]
    assert year.gaps() == ()


def test_gap(shared_data: Path) -> None:
    """With a quarter left out nothing is served from the last expiration to the next inception."""
    first, _, third = real_responses(shared_data)
    authority = SkrAuthority(read_skrs((third, first)))
    gap = (parse_instant("2017-04-11T00:00:01Z"), parse_instant("2017-07-01"))
    assert authority.gaps() == (gap,)
    served = [authority.dnskey(now) is not None for now in (gap[0] - 1, gap[0], gap[1] - 1, gap[1])]
    assert served == [True, False, False, True]


@given(gaps=st.lists(st.integers(-20, 3), min_size=1, max_size=6), data=st.data())
def test_next_change(gaps: list[int], data: st.DataObject) -> None:
    """Between two changes the answer is one and the same; at a change it differs from a second before."""
    texts, inception = [], START
    for number, gap in enumerate([*gaps, 0], 1):
        texts.append(bundle_xml((K, Z), number=number, inception=inception))
        inception += (21 + gap) * DAY
    authority = SkrAuthority([parse_ceremony(file_xml(texts), "made.xml")])
    now = data.draw(st.integers(START - DAY, authority.end + DAY))
    change = authority.next_change(now)
    if change is None:
        assert now > authority.end
        assert authority.bundle(now) is None
    else:
        later = data.draw(st.integers(now, change - 1))
        assert authority.bundle(later) == authority.bundle(now)
        assert authority.bundle(change) != authority.bundle(change - 1)


def test_is_an_authority(year: SkrAuthority) -> None:
    """An SkrAuthority has the face of every authority, and no zones below the root."""
    assert isinstance(year, Authority)
    assert year.child_names is None


def test_timeline(year: SkrAuthority) -> None:
    """Every bundle is a step at its inception, with IANA's slot, KSKs by label, ZSKs by tag."""
    step = year.timeline.step(parse_instant("2017-09-30"))
    assert step.keys == KeySet(("Kjqmt7v", "Klajeyz"), ("zsk-15768", "zsk-46809"), (), ("Kjqmt7v",), ())
    assert (step.at, step.inception) == (parse_instant("2017-09-19"), parse_instant("2017-09-19"))
    assert (step.expiration, step.slot, step.assumed) == (
        parse_instant("2017-10-10"),
        SlotId(2017, 3, 9),
        False,
    )
    slots = [SlotId(2017, quarter, number) for quarter in (1, 2, 3) for number in range(1, 10)]
    assert [step.slot for step in year.timeline.steps] == slots
    assert year.timeline.dnskey_ttl == 172800
    assert ceremony_timeline(year.files) == year.timeline


def test_events(year: SkrAuthority) -> None:
    """The one KSK event of 2017Q1 to Q3 is the publication of KSK-2017 on 11 July."""
    assert year.timeline.ksk_events() == (KskEvent(parse_instant("2017-07-11"), "publish", "Klajeyz"),)


def test_key_names(year: SkrAuthority) -> None:
    """Names lead to keys and identities to names; what is in no bundle has neither."""
    key = year.key("Klajeyz")
    assert key is not None
    assert (key.tag, year.label(key.identity)) == (20326, "Klajeyz")
    zsk = year.key("zsk-46809")
    assert zsk is not None
    assert (zsk.tag, zsk.flags) == (46809, 256)
    assert (year.key("Kmyv6jo"), year.label((8, b"\x03\x01\x00\x01"))) == (None, None)


def test_first_anchors(shared_data: Path) -> None:
    """The first bundle of 2017 is signed by the real KSK-2010; the order of the files does not matter."""
    paths = real_responses(shared_data)
    assert first_anchors(read_skrs(paths)) == (REAL_ROOT_DS[0][1],)
    assert first_anchors(read_skrs(paths[::-1])) == (REAL_ROOT_DS[0][1],)


def test_first_anchors_leave_the_revoked_out() -> None:
    """A revoked key is nobody's anchor, even where it signs (RFC 5011 section 2.1)."""
    file = response(REVOKED, start=parse_instant("2019-01-11"))
    assert [ds.key_tag for ds in first_anchors([file])] == [20326]


def test_first_anchors_without_ksk() -> None:
    """Where only a key without SEP signs, that key is the anchor; where a KSK does, it alone."""
    zone_key = Z._replace(signs=True)
    assert [ds.key_tag for ds in first_anchors([response((K, zone_key))])] == [19036]
    (anchor,) = first_anchors([response((zone_key, N))])
    key = SkrAuthority([response((zone_key, N))]).key("zsk-2018q4")
    assert key is not None
    assert anchor == key.ds(b"\x00")


def test_revocation() -> None:
    """A revoked KSK keeps its name, is listed as revoked, and signs; its key is given without the bit."""
    authority = SkrAuthority([response((*REVOKED[1:], K), REVOKED, (NEW, Z))])
    names = ("ksk-2017", "ksk-2010")
    assert [step.keys for step in authority.timeline.steps] == [
        KeySet(names, ("zsk-2018q4",), (), names, ()),
        KeySet(names[::-1], ("zsk-2018q4",), ("ksk-2010",), names[::-1], ()),
        KeySet(names[:1], ("zsk-2018q4",), (), names[:1], ()),
    ]
    kinds = [(event.kind, event.name) for event in authority.timeline.ksk_events()]
    assert kinds == [("retire", "ksk-2010"), ("revoke", "ksk-2010"), ("remove", "ksk-2010")]
    key = authority.key("ksk-2010")
    assert key is not None
    assert key.tag == 19036


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("Kjqmt7v", "Kjqmt7v"),
        ("6b736b2d32303130", "ksk-19036"),
        ("KSK 2010", "ksk-19036"),
        ("CN=Root KSK", "ksk-19036"),
        ("x" * 33, "ksk-19036"),
        ("-rf", "ksk-19036"),
        ("\u202e", "ksk-19036"),
    ],
)
def test_labels(identifier: str, name: str) -> None:
    """A short plain identifier names a key; hex, spaces and anything odd give way to role and tag."""
    authority = SkrAuthority([response((K._replace(identifier=identifier), Z))])
    assert authority.timeline.steps[0].keys.ksks == (name,)


def test_labels_are_unique() -> None:
    """Two keys of one identifier get two names, and a key keeps its first name under another identifier."""
    same = N._replace(identifier="ksk-2010")
    spare = Member("ksk-spare-1", identifier="ksk-2010")
    authority = SkrAuthority([response((K, same, spare, Z), (K._replace(identifier="other"), same, Z))])
    tag = authority.files[0].bundles[0].keys[2].key.tag
    first, second = (step.keys.ksks for step in authority.timeline.steps)
    assert first == ("ksk-2010", "ksk-2010-20326", f"ksk-2010-{tag}")
    assert second == first[:2]


def test_labels_of_equal_tags() -> None:
    """Names that would be equal down to the tag get the next free number."""
    members = (K._replace(identifier="ksk-20326"), Member("ksk-spare-1", identifier="ksk-20326-2"), N)
    file = response((*members[:2], members[2]._replace(identifier="6b736b2d32303137"), Z))
    ksks = SkrAuthority([file]).timeline.steps[0].keys.ksks
    assert ksks == ("ksk-20326", "ksk-20326-2", "ksk-20326-3")


def test_off_the_grid() -> None:
    """A bundle that begins when no slot of IANA's does, or after the calendar's end, has none."""
    for start in (START + 1, parse_instant("2105-10-01")):
        assert ceremony_timeline([response((K, Z), start=start)]).steps[0].slot is None


def test_same_key_in_two_roles() -> None:
    """A key published both with and without SEP is one KSK, named once."""
    keys = ceremony_timeline([response((K, Member("ksk-2010", 256)))]).steps[0].keys
    assert (keys.ksks, keys.zsks) == (("ksk-2010",), ())


def request(shared_data: Path) -> CeremonyFile:
    """Return a real KSR."""
    return read_ceremony(real(shared_data, "ksr-root-2017-q2"))


def test_request_is_refused(shared_data: Path) -> None:
    """A KSR where an SKR is needed is named as such, when read for a run and when served."""
    path = real(shared_data, "ksr-root-2017-q2")
    with pytest.raises(
        CeremonyError, match=r"ksr-root-2017-q2-0.xml: a request \(KSR\).*; give the response"
    ):
        read_skrs([path])
    with pytest.raises(CeremonyError, match="a request"):
        SkrAuthority([request(shared_data)])


def test_refused_lines() -> None:
    """No file, another zone, one slot twice, time that runs backwards, and no signer are refused by place."""
    foreign = parse_ceremony(file_xml([bundle_xml((K, Z), domain="example.")], domain="example."), "x.xml")
    backwards = file_xml([bundle_xml((K, Z), expiration=START - DAY)])
    unsigned = replaced(response_xml((K, Z)), r"<KeyTag>\d+", "<KeyTag>1")
    cases = (
        ((), "no ceremony file given"),
        ((foreign,), "x.xml: its domain is example."),
        (
            (response((K, Z)), response((K, N), name="b.xml")),
            r"b.xml: bundle 1 .* as does made.xml: bundle 1",
        ),
        ((parse_ceremony(backwards, "made.xml"),), r"bundle 1 \(b-1\): its expiration .* does not follow"),
        ((parse_ceremony(unsigned, "made.xml"),), r"bundle 1 \(b-1\): signed by no key of its own"),
        ((response((K, REVOKED[0])),), r"^made.xml: timeline, slot 2018Q4/1 .* no key signs"),
        ((response((REVOKED[0], N)),), "signed by no key of its own that is not revoked"),
    )
    for files, problem in cases:
        with pytest.raises(CeremonyError, match=problem):
            SkrAuthority(files)


def test_forgery_is_served_as_it_is() -> None:
    """A signature that does not verify is served like any other: resolvers are there to notice."""
    text = replaced(response_xml((K, Z)), r"(<SignatureData>)....", r"\1AAAA")
    served = SkrAuthority([parse_ceremony(text, "made.xml")]).dnskey(START)
    assert served is not None
    assert served.rrsigs[0].signature[:3] == bytes(3)
