"""RRSIGs are made and checked as by dnspython, and as RFC 4034, 4035, 5011 and 1982 say."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import dns.dnssec
import dns.rrset
import pytest
from dns.exception import ValidationFailure
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.crypto import SIGNING_ALGORITHMS
from lab.dnssec.keys import Key, SigningKey
from lab.dnssec.names import ROOT, MalformedRdata, labels, name_from_text, read_name
from lab.dnssec.rrset import RRset, Rrsig, SignatureMemo, make_rrset, sign_rrset, signed_data, verify_rrsig
from lab.dnssec.rrtypes import DNSKEY, NS, TXT, A

from .material import (
    LOWER_NAMES,
    NAMES,
    dns_name,
    dns_rrset,
    dns_rrsig,
    rrsets,
    rrsigs,
    shipped,
    signing_key,
    wire_name,
)

INCEPTION, EXPIRATION = 1_500_000_000, 1_501_814_400


def dnspython_verifies(rrset: RRset, rrsig: Rrsig, key: Key) -> bool:
    """Tell what dnspython thinks, with the time always right and every algorithm allowed."""
    keys = dns.rrset.RRset(dns_name(rrsig.signer), dns_rrset(rrset).rdclass, dns.rdatatype.DNSKEY)
    keys.add(dns_rrset(make_rrset(ROOT, DNSKEY, 0, [key.rdata]))[0], 0)
    try:
        dns.dnssec.validate_rrsig(
            dns_rrset(rrset),
            dns_rrsig(rrsig),  # type: ignore[arg-type]
            {dns_name(rrsig.signer): keys},
            now=rrsig.inception,
            policy=dns.dnssec.allow_all_policy,
        )
    except ValidationFailure:
        return False
    return True


def signed_by(signing: SigningKey, rrset: RRset) -> Rrsig:
    """Sign an RRset as the root would."""
    return sign_rrset(rrset, signing, ROOT, INCEPTION, EXPIRATION)


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
@given(rrset=rrsets())
def test_our_signatures_verify_with_dnspython(algorithm: int, rrset: RRset) -> None:
    """An RRSIG of ours over any RRset is good for us and for dnspython."""
    signing = signing_key(algorithm)
    rrsig = signed_by(signing, rrset)
    assert verify_rrsig(rrset, rrsig, signing.key)
    assert dnspython_verifies(rrset, rrsig, signing.key)


@given(rrset=rrsets(), algorithm=st.sampled_from(SIGNING_ALGORITHMS))
def test_signed_octets_are_dnspythons(rrset: RRset, algorithm: int) -> None:
    """What we sign is octet for octet what dnspython signs (RFC 4034 section 3.1.8.1)."""
    rrsig = signed_by(signing_key(algorithm), rrset)
    twin = dns.dnssec._make_rrsig_signature_data(dns_rrset(rrset), dns_rrsig(rrsig))  # type: ignore[arg-type]
    assert signed_data(rrset, rrsig) == twin


CHANGES = ("nothing", "rdata", "ttl", "type", "labels", "original_ttl", "inception", "expiration", "tag",
           "algorithm", "signature", "signer", "flags", "protocol", "key")  # fmt: skip
STRINGS = st.binary(max_size=20).map(lambda text: bytes((len(text),)) + text)


def changed(rrset: RRset, rrsig: Rrsig, key: Key, change: str) -> tuple[RRset, Rrsig, Key]:
    """Change one thing about a good signature."""
    signature = rrsig.signature[:-1] + bytes((rrsig.signature[-1] ^ 1,))
    altered = {
        "nothing": (rrset, rrsig, key),
        "rdata": (replace(rrset, rdatas=(*rrset.rdatas[:-1], rrset.rdatas[-1] + b"\x01x")), rrsig, key),
        "ttl": (replace(rrset, ttl=rrset.ttl ^ 1), rrsig, key),
        "type": (rrset, replace(rrsig, type_covered=rrsig.type_covered ^ 1), key),
        "labels": (rrset, replace(rrsig, labels=(rrsig.labels + 1) % 256), key),
        "original_ttl": (rrset, replace(rrsig, original_ttl=rrsig.original_ttl ^ 1), key),
        "inception": (rrset, replace(rrsig, inception=rrsig.inception ^ 1), key),
        "expiration": (rrset, replace(rrsig, expiration=rrsig.expiration ^ 1), key),
        "tag": (rrset, replace(rrsig, key_tag=rrsig.key_tag ^ 1), key),
        "algorithm": (rrset, replace(rrsig, algorithm=rrsig.algorithm ^ 3), key),
        "signature": (rrset, replace(rrsig, signature=signature), key),
        "signer": (rrset, replace(rrsig, signer=b"\x01x\x00"), key),
        "flags": (rrset, rrsig, Key(key.flags & ~0x100, key.algorithm, key.public_key)),
        "protocol": (rrset, rrsig, Key(key.flags, key.algorithm, key.public_key, 2)),
        "key": (rrset, rrsig, signing_key(15).key),
    }
    return altered[change]


@given(
    st.lists(STRINGS, min_size=1, max_size=3), LOWER_NAMES, st.sampled_from([8, 13]), st.sampled_from(CHANGES)
)
def test_any_change_breaks_a_signature_as_it_does_for_dnspython(
    rdatas: list[bytes], owner: bytes, algorithm: int, change: str
) -> None:
    """Nothing but the TTL of the RRset may change, and dnspython agrees on every change."""
    rrset = make_rrset(owner, TXT, 3600, rdatas)
    signing = signing_key(algorithm)
    case = changed(rrset, signed_by(signing, rrset), signing.key, change)
    expected = change in ("nothing", "ttl")
    assert verify_rrsig(*case) == expected
    assert SignatureMemo(0).verify(*case) == expected
    if labels(owner)[:1] != (b"*",):
        assert dnspython_verifies(*case) == expected


@given(NAMES.filter(lambda name: len(name) < 240), st.data())
def test_wildcard_expansion_verifies(base: bytes, data: st.DataObject) -> None:
    """A signature over *.base is good for any name below, and for dnspython (RFC 4035 section 5.3.2)."""
    wildcard = make_rrset(b"\x01*" + base, A, 300, [b"\xc0\x00\x02\x01"])
    signing = signing_key(13)
    rrsig = signed_by(signing, wildcard)
    below = data.draw(st.lists(st.sampled_from([b"a", b"B", b"x" * 5]), min_size=1, max_size=2))
    expanded = replace(wildcard, owner=wire_name([*below, *labels(base)]).lower())
    assert rrsig.labels == len(labels(base))
    assert verify_rrsig(expanded, rrsig, signing.key)
    assert dnspython_verifies(expanded, rrsig, signing.key)


def test_a_wildcard_does_not_reach_beside_its_own_branch() -> None:
    """A signature over *.alpha. is no good for a name below beta., deep as it may lie."""
    signing = signing_key(13)
    rrsig = signed_by(signing, make_rrset(name_from_text("*.alpha."), A, 300, [b"\xc0\x00\x02\x01"]))
    owners = ("x.alpha.", "x.y.alpha.", "x.beta.", "x.alpha.beta.")
    found = [make_rrset(name_from_text(owner), A, 300, [b"\xc0\x00\x02\x01"]) for owner in owners]
    assert [verify_rrsig(rrset, rrsig, signing.key) for rrset in found] == [True, True, False, False]


def test_a_name_is_not_expanded_from_its_own_wildcard_by_fewer_labels() -> None:
    """More labels than the owner has is refused (RFC 4035 section 5.3.1)."""
    signing = signing_key(13)
    deep = make_rrset(name_from_text("a.b.c."), A, 300, [b"\xc0\x00\x02\x01"])
    rrsig = signed_by(signing, deep)
    assert rrsig.labels == 3
    assert not verify_rrsig(replace(deep, owner=name_from_text("b.c.")), rrsig, signing.key)


LIES = {"labels": 2, "type_covered": NS, "algorithm": 10, "key_tag": 1, "signer": b"\x01x\x00"}


@pytest.mark.parametrize("field", LIES)
def test_a_field_that_lies_is_refused_although_it_is_signed(field: str) -> None:
    """Labels, type, algorithm, tag and signer are looked at, not only hashed (RFC 4035 section 5.3.1)."""
    signing = signing_key(8)
    rrset = make_rrset(name_from_text("alpha."), A, 300, [b"\xc0\x00\x02\x01"])
    honest = signed_by(signing, rrset)
    for fields, expected in (({}, True), ({field: LIES[field]}, False)):
        draft = replace(honest, **fields)  # type: ignore[arg-type]
        rrsig = replace(draft, signature=signing.sign(signed_data(rrset, draft)))
        assert verify_rrsig(rrset, rrsig, signing.key) == expected


def test_a_wildcard_owner_may_come_from_a_shorter_wildcard() -> None:
    """A query for *.a.b. may be answered from *.b. (RFC 4592 section 2.2.1); dnspython 2.9 refuses that."""
    signing = signing_key(13)
    rrsig = signed_by(signing, make_rrset(name_from_text("*.b."), A, 300, [b"\xc0\x00\x02\x01"]))
    asked = make_rrset(name_from_text("*.a.b."), A, 300, [b"\xc0\x00\x02\x01"])
    assert verify_rrsig(asked, rrsig, signing.key)


def test_signer_must_be_the_owner_or_above() -> None:
    """The signer's name has to be that of a zone that holds the RRset (RFC 4035 section 5.3.1)."""
    signing = signing_key(13)
    rrset = make_rrset(name_from_text("a.alpha."), A, 300, [b"\xc0\x00\x02\x01"])
    good = {
        ".": True,
        "alpha.": True,
        "a.alpha.": True,
        "b.alpha.": False,
        "x.a.alpha.": False,
        "beta.": False,
    }
    found = {
        signer: verify_rrsig(rrset, sign_rrset(rrset, signing, name_from_text(signer), 0, 1), signing.key)
        for signer in good
    }
    assert found == good


def test_a_revoked_key_signs_its_revocation_and_nothing_else() -> None:
    """Under its new tag a revoked key verifies a DNSKEY RRset, and no other type (RFC 5011 section 2.1)."""
    old, new = shipped("ksk-2010.pem", 257), shipped("ksk-2017.pem", 257)
    revoked = old.revoked()
    keys = make_rrset(ROOT, DNSKEY, 172800, [revoked.key.rdata, new.key.rdata])
    rrsig = signed_by(revoked, keys)
    other = make_rrset(ROOT, NS, 518400, [b"\x01a\x00"])
    over_ns = signed_by(revoked, other)
    assert rrsig.key_tag == 19164
    assert verify_rrsig(keys, rrsig, revoked.key)
    assert dnspython_verifies(keys, rrsig, revoked.key)
    assert not verify_rrsig(keys, rrsig, old.key)
    assert not verify_rrsig(keys, replace(rrsig, key_tag=19036), revoked.key)
    assert not verify_rrsig(other, over_ns, revoked.key)
    assert not dnspython_verifies(other, over_ns, revoked.key)


def test_type_zero_is_no_way_round_the_zone_key_flag() -> None:
    """A key that is no zone key verifies no type at all, not even type 0."""
    rogue = signing_key(13, 0)
    rrset = make_rrset(ROOT, 0, 0, [b"x"])
    assert not verify_rrsig(rrset, signed_by(rogue, rrset), rogue.key)


FILES = ["skr-root-2017-q1-0.xml", "skr-root-2017-q2-0.xml", "skr-root-2017-q3-0-c_to_d.xml"]


@pytest.mark.parametrize("file", FILES)
def test_real_ceremony_signatures_verify(shared_data: Path, file: str) -> None:
    """Each signature of nine real slots is by exactly one key of its bundle, and covers its own ends."""
    bundles = list(ElementTree.parse(shared_data / "skr" / file).iter("ResponseBundle"))
    assert len(bundles) == 9
    for bundle in bundles:
        keys = [_key(element) for element in bundle.iter("Key")]
        rrset = make_rrset(ROOT, DNSKEY, 172800, [key.rdata for key in keys])
        rrsig = _rrsig(bundle.findall("Signature")[0])
        good = [key.tag for key in keys if verify_rrsig(rrset, rrsig, key)]
        assert good == [rrsig.key_tag] == [19036]
        assert rrsig.covers(rrsig.inception)
        assert rrsig.covers(rrsig.expiration)
        assert [key.tag for key in keys] == [int(element.get("keyTag", "")) for element in bundle.iter("Key")]


def _text(element: ElementTree.Element, tag: str) -> str:
    """Return the text of a child that must be there."""
    text = element.findtext(tag)
    assert text is not None
    return text


def _key(element: ElementTree.Element) -> Key:
    """Read a Key element."""
    return Key(
        int(_text(element, "Flags")),
        int(_text(element, "Algorithm")),
        base64.b64decode(_text(element, "PublicKey")),
    )


def _rrsig(element: ElementTree.Element) -> Rrsig:
    """Read a Signature element."""
    algorithm, count, ttl, tag = (
        int(_text(element, name)) for name in ("Algorithm", "Labels", "OriginalTTL", "KeyTag")
    )
    expiration, inception = (
        int(datetime.fromisoformat(_text(element, f"Signature{end}")).timestamp())
        for end in ("Expiration", "Inception")
    )
    data = base64.b64decode(_text(element, "SignatureData"))
    return Rrsig(DNSKEY, algorithm, count, ttl, expiration, inception, tag, ROOT, data)


@given(rrsigs())
def test_rrsig_rdata_round_trip(rdata: bytes) -> None:
    """RRSIG rdata comes back but for the case of the signer, as with dnspython (RFC 4034 section 3.1)."""
    rrsig = Rrsig.from_rdata(rdata)
    signer = read_name(rdata, 18)[0].lower()
    assert rrsig.signer == signer
    assert rrsig.rdata == rdata[:18] + signer + rdata[18 + len(signer) :]
    assert Rrsig.from_rdata(rrsig.rdata) == rrsig
    assert dns_rrsig(rrsig).to_wire() == rrsig.rdata


@given(st.binary(max_size=60))
def test_odd_rrsig_rdata_raises_malformed_rdata_only(rdata: bytes) -> None:
    """Any octets are an RRSIG or MalformedRdata."""
    try:
        rrsig = Rrsig.from_rdata(rdata)
    except MalformedRdata:
        return
    assert len(rrsig.rdata) == len(rdata)


@pytest.mark.parametrize("tail", [b"", b"\x00", b"\x01a\xc0\x00xx", b"\x01", b"\x40xx"])
def test_rrsig_with_a_bad_end(tail: bytes) -> None:
    """A missing signature and a bad or compressed signer's name are malformed (RFC 4034 section 3.1.7)."""
    with pytest.raises(MalformedRdata):
        Rrsig.from_rdata(b"\x00" * 18 + tail)


@given(LOWER_NAMES, st.lists(st.binary(min_size=1, max_size=5), min_size=1), st.randoms())
def test_order_and_doubles_do_not_matter(owner: bytes, rdatas: list[bytes], random: Random) -> None:
    """An RRset is the same however its records came, sorted as octet strings (RFC 4034 section 6.3)."""
    shuffled = rdatas * 2
    random.shuffle(shuffled)
    assert make_rrset(owner, TXT, 1, shuffled) == RRset(owner, TXT, 1, tuple(sorted(set(rdatas))))


def test_canonical_order_of_rdata() -> None:
    """Absence sorts before a zero octet (RFC 4034 section 6.3), and the owner is folded."""
    assert make_rrset(b"\x01A\x00", 65280, 1, [b"\x01\x00", b"\x01", b"\x00\xff"]) == RRset(
        b"\x01a\x00", 65280, 1, (b"\x00\xff", b"\x01", b"\x01\x00")
    )


def test_instants_are_cut_to_32_bits() -> None:
    """A signature made after 2106 carries serials modulo 2**32."""
    rrsig = sign_rrset(make_rrset(ROOT, TXT, 1, [b"\x01x"]), signing_key(13), ROOT, 2**32 - 5, 2**32 + 5)
    assert (rrsig.inception, rrsig.expiration) == (2**32 - 5, 5)


CALLS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(CHANGES)), max_size=30)


@given(CALLS, st.sampled_from([0, 1, 2, 64]))
def test_memo_equals_its_slow_twin(calls: list[tuple[int, str]], limit: int) -> None:
    """A memo of any size gives what verify_rrsig gives, in any order of calls, and stays within its size."""
    memo = SignatureMemo(limit)
    signing = signing_key(13)
    for number, change in calls:
        rrset = make_rrset(ROOT, TXT, 60, [bytes((1, number))])
        case = changed(rrset, signed_by(signing, rrset), signing.key, change)
        assert memo.verify(*case) == memo.verify(*case) == verify_rrsig(*case)
        assert len(memo) <= limit


def test_memo_counts_what_it_saves() -> None:
    """The same object and an equal object are hits, anything new is a miss, and a mismatched tag neither."""
    memo = SignatureMemo()
    signing = signing_key(13)
    rrset = make_rrset(ROOT, TXT, 60, [b"\x01x"])
    rrsig = signed_by(signing, rrset)
    twins = (replace(rrset), replace(rrsig))
    for case in ((rrset, rrsig), (rrset, rrsig), twins, (rrset, replace(rrsig, key_tag=0))):
        memo.verify(*case, signing.key)
    assert (memo.hits, memo.misses, len(memo)) == (2, 1, 1)


def test_memo_is_not_fooled_by_reused_addresses() -> None:
    """A new object that comes to live where a forgotten one lived is looked at afresh."""
    memo = SignatureMemo()
    signing = signing_key(13)
    public, other = signing.key.public_key, signing_key(15).key.public_key
    good = make_rrset(ROOT, TXT, 60, [b"\x01x"])
    rrsig = signed_by(signing, good)
    for turn in range(200):
        key = Key(256, 13, public if turn % 2 else other)
        assert memo.verify(good, rrsig, key) == (turn % 2 == 1)
        rrset = RRset(ROOT, TXT, 60, (b"\x01x" if turn % 2 else b"\x01y",))
        assert memo.verify(rrset, rrsig, signing.key) == (turn % 2 == 1)
        fresh = replace(rrsig, expiration=rrsig.expiration + (turn + 1) % 2)
        assert memo.verify(good, fresh, signing.key) == (turn % 2 == 1)
        del key, rrset, fresh


def test_memo_keeps_no_signature_that_is_too_long_to_be_one() -> None:
    """A signature longer than any algorithm's is refused unseen, so that it cannot fill the memo."""
    memo = SignatureMemo()
    signing = signing_key(13)
    rrset = make_rrset(ROOT, TXT, 60, [b"\x01x"])
    assert not memo.verify(rrset, replace(signed_by(signing, rrset), signature=bytes(513)), signing.key)
    assert (len(memo), memo.misses) == (0, 0)


def test_memo_remembers_failures_apart_from_successes() -> None:
    """A forged signature does not spoil the good one over the same octets, nor the other way about."""
    memo = SignatureMemo()
    signing = signing_key(13)
    rrset = make_rrset(ROOT, TXT, 60, [b"\x01x"])
    good = signed_by(signing, rrset)
    forged = replace(good, signature=bytes(len(good.signature)))
    assert [memo.verify(rrset, rrsig, signing.key) for rrsig in (forged, good, forged, good)] == [
        False,
        True,
    ] * 2
