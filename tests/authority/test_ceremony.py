"""What is read from ceremony files is what IANA published; what is damaged is refused by name and place."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from lab.authority.ceremony import CeremonyFile, parse_ceremony, read_ceremony
from lab.authority.slots import root_history
from lab.clock import DAY, HOUR, parse_instant
from lab.dnssec.codec import make_query, parse_message, records_of, render_response, rrsets_of
from lab.dnssec.names import ROOT
from lab.dnssec.rrtypes import DNSKEY
from lab.errors import CeremonyError

from .ceremony_files import (
    K,
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

# number, inception, expiration, KSKs, ZSKs, size of the response; signed by 19036 (facts 2.2)
SLOTS = {
    "skr-root-2017-q1": (
        (1, "2017-01-01", "2017-01-22", (19036,), (39291, 61045), 1139),
        (2, "2017-01-11", "2017-02-01", (19036,), (61045,), 864),
        (3, "2017-01-21", "2017-02-11", (19036,), (61045,), 864),
        (4, "2017-01-31", "2017-02-21", (19036,), (61045,), 864),
        (5, "2017-02-10", "2017-03-03", (19036,), (61045,), 864),
        (6, "2017-02-20", "2017-03-13", (19036,), (61045,), 864),
        (7, "2017-03-02", "2017-03-23", (19036,), (61045,), 864),
        (8, "2017-03-12", "2017-04-02", (19036,), (61045,), 864),
        (9, "2017-03-21", "2017-04-11", (19036,), (14796, 61045), 1139),
    ),
    "skr-root-2017-q2": (
        (1, "2017-04-01", "2017-04-22", (19036,), (14796, 61045), 1139),
        (2, "2017-04-11", "2017-05-02", (19036,), (14796,), 864),
        (3, "2017-04-21", "2017-05-12", (19036,), (14796,), 864),
        (4, "2017-05-01", "2017-05-22", (19036,), (14796,), 864),
        (5, "2017-05-11", "2017-06-01", (19036,), (14796,), 864),
        (6, "2017-05-21", "2017-06-11", (19036,), (14796,), 864),
        (7, "2017-05-31", "2017-06-21", (19036,), (14796,), 864),
        (8, "2017-06-10", "2017-07-01", (19036,), (14796,), 864),
        (9, "2017-06-20", "2017-07-11", (19036,), (14796, 15768), 1139),
    ),
    "skr-root-2017-q3": (
        (1, "2017-07-01", "2017-07-22", (19036,), (14796, 15768), 1139),
        (2, "2017-07-11", "2017-08-01", (19036, 20326), (15768,), 1139),
        (3, "2017-07-21", "2017-08-11", (19036, 20326), (15768,), 1139),
        (4, "2017-07-31", "2017-08-21", (19036, 20326), (15768,), 1139),
        (5, "2017-08-10", "2017-08-31", (19036, 20326), (15768,), 1139),
        (6, "2017-08-20", "2017-09-10", (19036, 20326), (15768,), 1139),
        (7, "2017-08-30", "2017-09-20", (19036, 20326), (15768,), 1139),
        (8, "2017-09-09", "2017-09-30", (19036, 20326), (15768,), 1139),
        (9, "2017-09-19", "2017-10-10", (19036, 20326), (15768, 46809), 1414),
    ),
}

MADE = response_xml((K, N, Z), (K, Z))
SIGNATURE = "made.xml: bundle 1 (b-1): signature 1"
KEY = "made.xml: bundle 1 (b-1): key 1"

DAMAGED = {
    "other root": (r"KSR", "TrustAnchor", "not well-formed"),
    "neither": (r"<Response>.*</Response>", "", "made.xml: KSR: neither Request nor Response"),
    "both": (r"<Response>", "<Request></Request><Response>", "more than one Request or Response"),
    "no domain": (r' domain="."', "", "made.xml: KSR: no attribute domain"),
    "no id": (r' id="made"', "", "made.xml: KSR: no attribute id"),
    "bad domain": (r'domain="."', 'domain="a..b"', "made.xml: KSR: domain"),
    "bad serial": (r'serial="0"', 'serial="-1"', "made.xml: KSR: serial: '-1' is not a number"),
    "empty response": (r"<Response>.*</Response>", "<Response/>", "made.xml: Response: no ResponseBundle"),
    "request's bundles": (
        r"ResponseBundle id=\"b-1\".*</ResponseBundle",
        "RequestBundle/",
        "no ResponseBundle",
    ),
    "no bundle id": (r' id="b-1"', "", "made.xml: bundle 1: no attribute id"),
    "no keys": (r"<Key .*</Key>", "", "made.xml: bundle 1 (b-1): no Key"),
    "no signatures": (r"<Signature k.*?</Signature>", "", "made.xml: bundle 1 (b-1): no Signature"),
    "no inception": (r"<Inception>.*?</Inception>", "", "made.xml: bundle 1 (b-1): no Inception"),
    "inception twice": (r"(<Inception>.*?</Inception>)", r"\1\1", "Inception stands twice"),
    "bare date": (r"2018-10-01T00:00:00Z", "2018-10-01", "Inception: '2018-10-01' is not an instant"),
    "30 February": (r"2018-10-01", "2018-02-30", "is not an instant"),
    "before 1970": (r"2018-10-01", "1969-10-01", "is not an instant from 1970 to 2106"),
    "after 2106": (r"2018-10-22", "2107-10-22", "Expiration: '2107-10-22T00:00:00Z' is not an instant"),
    "fraction": (r"00:00Z", "00:00.5Z", "is not an instant"),
    "no identifier": (r' keyIdentifier="ksk-2010"', "", f"{KEY}: no attribute keyIdentifier"),
    "no tag": (r' keyTag="\d+"', "", f"{KEY}: no attribute keyTag"),
    "large tag": (
        r'keyTag="\d+"',
        'keyTag="65536"',
        f"{KEY}: keyTag: '65536' is not a number from 0 to 65535",
    ),
    "TTL": (r"<TTL>\d+", "<TTL>2147483648", f"{KEY}: TTL: '2147483648' is not a number from 0 to 2147483647"),
    "hex flags": (r"<Flags>257", "<Flags>0x101", f"{KEY}: Flags: '0x101' is not a number from 0 to 65535"),
    "Arabic digits": (r"<Flags>257", "<Flags>٢٥٧", f"{KEY}: Flags"),
    "endless number": (r"<Flags>257", "<Flags>" + "9" * 5000, f"{KEY}: Flags"),
    "protocol": (r"<Protocol>3", "<Protocol>256", f"{KEY}: Protocol"),
    "algorithm": (r"<Algorithm>8", "<Algorithm>256", f"{KEY}: Algorithm"),
    "no public key": (r"<PublicKey>.*?</PublicKey>", "<PublicKey/>", f"{KEY}: PublicKey: empty"),
    "nested": (r"<PublicKey>", "<PublicKey><b/>", f"{KEY}: PublicKey: holds an element b"),
    "long key": (
        r"<PublicKey>",
        "<PublicKey>" + "AAAA" * 6000,
        f"{KEY}: PublicKey: longer than 16384 octets",
    ),
    "not base64": (r"<SignatureData>", "<SignatureData>!", f"{SIGNATURE}: SignatureData: not base64"),
    "URL alphabet": (r"(<SignatureData>)..", r"\1-_", f"{SIGNATURE}: SignatureData: not base64"),
    "no padding": (r"==</SignatureData>", "</SignatureData>", f"{SIGNATURE}: SignatureData: not base64"),
    "stray bits": (r".==</SignatureData>", "B==</SignatureData>", f"{SIGNATURE}: SignatureData: not base64"),
    "covers another": (
        r">DNSKEY<",
        ">SOA<",
        f"{SIGNATURE}: TypeCovered: SOA, but a bundle holds DNSKEY only",
    ),
    "signer": (r"<SignersName>.", "<SignersName>..", f"{SIGNATURE}: SignersName"),
    "policy twice": (
        r"(<ResponsePolicy>.*</ResponsePolicy>)",
        r"\1\1",
        "Response: ResponsePolicy stands twice",
    ),
    "duration": (
        r"P28D",
        "28 days",
        "made.xml: ResponsePolicy: KSK: RetireSafety: '28 days' is not a duration",
    ),
    "policy algorithm": (r' algorithm="8"', "", "SignatureAlgorithm: no attribute algorithm"),
    "policy size": (r'size="2048"', 'size="2k"', "SignatureAlgorithm: size: '2k' is not a number"),
    "many algorithms": (
        r"(<SignatureAlgorithm.*?</SignatureAlgorithm>)",
        r"\1" * 65,
        "more than 64 SignatureAlg",
    ),
    "many bundles": (r"(<ResponseBundle .*?</ResponseBundle>)", r"\1" * 64, "more than 64 ResponseBundle"),
    "many wanted signers": (r"(<Key )", '<Signer keyIdentifier="k"/>' * 65 + r"\1", "more than 64 Signer"),
    "signer without a name": (r"(<Key )", r"<Signer/>\1", "Signer: no attribute keyIdentifier"),
    "many keys": (r"(<Key .*?</Key>)", r"\1" * 65, "made.xml: bundle 1 (b-1): more than 64 Key"),
    "many signatures": (r"(<Signature k.*?</Signature>)", r"\1" * 65, "(b-1): more than 64 Signature"),
}


@pytest.mark.parametrize("name", SLOTS)
def test_slots_of_2017(shared_data: Path, name: str) -> None:
    """The 27 slots of 2017Q1 to Q3 have the tags, flags, windows and response sizes of facts.md 2.2."""
    found = []
    for bundle in read_ceremony(real(shared_data, name)).bundles:
        tags = {
            flags: tuple(sorted(k.key.tag for k in bundle.keys if k.key.flags == flags))
            for flags in (257, 256)
        }
        assert len(tags[257]) + len(tags[256]) == len(bundle.keys)
        assert [signature.rrsig.key_tag for signature in bundle.signatures] == [19036]
        window = (bundle.inception, bundle.expiration)
        found.append((bundle.number, *window, tags[257], tags[256], bundle.response_size))
    expected = [(number, parse_instant(a), parse_instant(b), *rest) for number, a, b, *rest in SLOTS[name]]
    assert found == expected


def test_real_slots_are_the_calendars(shared_data: Path) -> None:
    """Windows and key counts of the 27 real slots are those of the lab's own history of the root."""
    steps = {step.inception: step for step in root_history().steps}
    for path in real_responses(shared_data):
        for bundle in read_ceremony(path).bundles:
            step = steps[bundle.inception]
            assert step.expiration == bundle.expiration
            assert len(step.keys.ksks) == sum(key.key.is_sep for key in bundle.keys)
            assert len(step.keys.zsks) == sum(not key.key.is_sep for key in bundle.keys)


def test_response_size_is_the_wires(shared_data: Path) -> None:
    """The size told is that of the answer as it goes out, and the answer holds exactly the file's records."""
    for path in real_responses(shared_data):
        for bundle in read_ceremony(path).bundles:
            query = parse_message(make_query(ROOT, DNSKEY))
            wire = render_response(
                query, rcode=0, aa=True, answer=records_of(bundle.signed), authority=(), additional=()
            )
            assert len(wire) == bundle.response_size
            assert rrsets_of(parse_message(wire).answer) == (bundle.signed,)
            assert len(bundle.rrset.rdatas) == len(bundle.keys)


def test_response(shared_data: Path) -> None:
    """A file keeps id, domain, serial, digest and both policies; a real one has nothing unknown."""
    path = real(shared_data, "skr-root-2017-q3")
    file = read_ceremony(path)
    assert (file.kind, file.id, file.domain, file.serial) == (
        "skr",
        "dcde8cf4-f0f8-4a7f-9975-4de167407d52",
        ".",
        0,
    )
    assert file.digest == sha256(path.read_bytes()).hexdigest()
    assert file.unknown == ()
    assert file.ksk_policy is not None
    assert file.zsk_policy is not None
    assert (file.ksk_policy.publish_safety, file.ksk_policy.retire_safety) == (0, 28 * DAY)
    assert (file.ksk_policy.min_validity, file.ksk_policy.max_validity) == (21 * DAY, 21 * DAY)
    assert (file.zsk_policy.min_overlap, file.zsk_policy.max_overlap) == (9 * DAY, 12 * DAY)
    assert file.ksk_policy.algorithms == ((8, 2048, 65537),)


def test_request_of_2016(shared_data: Path) -> None:
    """The KSR of 2016Q3 has windows up to 23:59:59, instants without offset, and ZSKs of both sizes."""
    file = read_ceremony(real(shared_data, "ksr-root-2016-q3"))
    tags = [tuple(sorted(key.key.tag for key in bundle.keys)) for bundle in file.bundles]
    assert file.kind == "ksr"
    assert file.ksk_policy is None
    assert tags == [(46551, 60615), *[(46551,)] * 7, (39291, 46551)]
    assert file.bundles[0].inception == parse_instant("2016-07-01T00:00:00Z")
    lengths = [bundle.expiration - bundle.inception for bundle in file.bundles]
    assert lengths == [15 * DAY - 1] * 7 + [16 * DAY - 1] * 2
    sizes = {key.key.tag: len(key.key.public_key) for key in file.bundles[8].keys}
    assert sizes == {46551: 132, 39291: 260}


@pytest.mark.parametrize(("pattern", "new", "problem"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged(pattern: str, new: str, problem: str) -> None:
    """A damaged file is refused in one line with file, bundle, element and remedy."""
    with pytest.raises(CeremonyError) as caught:
        parse_ceremony(replaced(MADE, pattern, new), "made.xml")
    assert problem in str(caught.value)
    assert str(caught.value).startswith("made.xml: ")
    assert caught.value.remedy
    assert caught.value.remedy in str(caught.value)
    assert caught.value.exit_status == 2


def test_wrong_root() -> None:
    """Another kind of XML, such as the trust anchors of RFC 9718, is named as what it is."""
    with pytest.raises(CeremonyError) as caught:
        parse_ceremony(b"<TrustAnchor><Zone>.</Zone></TrustAnchor>", "root-anchors.xml")
    expected = "root-anchors.xml: the root element is TrustAnchor, not KSR; give a KSR or SKR file"
    assert str(caught.value) == expected


def test_too_large_for_dns() -> None:
    """A bundle that fits no DNS message (RFC 1035 section 4.2.2) is refused, since it can never be served."""
    key = '<Key keyIdentifier="z" keyTag="1"><TTL>1</TTL><Flags>256</Flags><Protocol>3</Protocol>'
    key += "<Algorithm>8</Algorithm><PublicKey>" + "{0:04d}" + "AAAA" * 600 + "</PublicKey></Key>"
    crowd = "".join(key.format(n) for n in range(60))
    with pytest.raises(CeremonyError, match="fits no DNS message"):
        parse_ceremony(replaced(MADE, "(<Key )", crowd + r"\1"), "made.xml")


@pytest.mark.parametrize(
    "form", ["2018-10-01T00:00:00", "2018-10-01T00:00:00+00:00", "2018-10-01T02:00:00.000+02:00"]
)
def test_timestamps(form: str) -> None:
    """Z, an offset and no offset at all are read as the same instant."""
    assert MADE.count(b"2018-10-01T00:00:00Z") == 2
    file = parse_ceremony(MADE.replace(b"2018-10-01T00:00:00Z", form.encode()), "made.xml")
    assert file.bundles == parse_ceremony(MADE, "made.xml").bundles


def test_layout_does_not_matter() -> None:
    """Comments, white space inside base64 and unknown attributes change nothing but the digest."""
    text = replaced(MADE, r"(<PublicKey>.{40})", "<!-- key -->\\1\n \t")
    file = parse_ceremony(replaced(text, "<Response>", '<Response xml:lang="en" by="hand">'), "made.xml")
    assert file.bundles == parse_ceremony(MADE, "made.xml").bundles


def test_unknown_elements_are_told() -> None:
    """An element the format does not have is passed over and named; a request's optional Signer is known."""
    text = replaced(MADE, "(<Inception>)", r'<Signer keyIdentifier="k"/><Colour>red</Colour>\1')
    file = parse_ceremony(replaced(text, "</Response>", "</Response><Extra/>"), "made.xml")
    assert file.unknown == ("made.xml: KSR: Extra", "made.xml: bundle 1 (b-1): Colour")
    first, *others = parse_ceremony(MADE, "made.xml").bundles
    assert file.bundles == (replace(first, wanted_signers=("k",)), *others)


def test_unknown_elements_are_few() -> None:
    """However many unknown elements a file has, 64 are told."""
    file = parse_ceremony(replaced(MADE, "(<Inception>)", "<Colour/>" * 1000 + r"\1"), "made.xml")
    assert file.unknown == ("made.xml: bundle 1 (b-1): Colour",) * 64


def test_no_policy() -> None:
    """A file without policy, or with an algorithm that has no parameters, is read."""
    bare = parse_ceremony(replaced(MADE, "<ResponsePolicy>.*</ResponsePolicy>", ""), "made.xml")
    assert (bare.ksk_policy, bare.zsk_policy) == (None, None)
    file = parse_ceremony(replaced(MADE, '<RSA size="2048" exponent="65537"/>', ""), "made.xml")
    assert file.ksk_policy is not None
    assert file.ksk_policy.algorithms == ((8, None, None), (13, 256, None))


def test_lowest_ttl_is_served() -> None:
    """Of different TTLs the lowest is served (RFC 2181 section 5.2); 2**31-1 is one (RFC 2181 section 8)."""
    file = parse_ceremony(replaced(MADE, "<TTL>172800", f"<TTL>{2**31 - 1}"), "made.xml")
    assert [key.ttl for key in file.bundles[0].keys] == [2**31 - 1, 172800, 172800]
    assert file.bundles[0].rrset.ttl == 172800


def test_other_domain() -> None:
    """A file for another zone keeps its owner, compressed in the size of its answer."""
    text = file_xml([bundle_xml((K, Z), domain="example.")], domain="EXAMPLE.")
    bundle = parse_ceremony(text, "made.xml").bundles[0]
    query = parse_message(make_query(b"\x07example\x00", DNSKEY))
    wire = render_response(
        query, rcode=0, aa=True, answer=records_of(bundle.signed), authority=(), additional=()
    )
    assert bundle.rrset.owner == b"\x07example\x00"
    assert len(wire) == bundle.response_size


def test_long_names_leave_room_for_the_problem() -> None:
    """However long path and ids are, the error ends with problem and remedy."""
    text = replaced(MADE, 'id="b-1"', f'id="{"b" * 900}"')
    with pytest.raises(CeremonyError) as caught:
        parse_ceremony(replaced(text, "<SignatureData>", "<SignatureData>!"), "deep/" * 100 + "skr.xml")
    assert str(caught.value).startswith("...")
    assert str(caught.value).endswith("SignatureData: not base64; the file is damaged, fetch it again")


def test_value() -> None:
    """Reading the same octets twice gives equal values, apart from the name."""
    first, second = response((K, Z)), response((K, Z), name="copy.xml")
    assert isinstance(first, CeremonyFile)
    assert first == response((K, Z))
    assert (first.bundles, first.digest) == (second.bundles, second.digest)
    assert second.place(second.bundles[0]) == "copy.xml: bundle 1 (b-1)"
    assert second.bundles[0].expiration - second.bundles[0].inception == 21 * 24 * HOUR
