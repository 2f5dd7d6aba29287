"""Files made from a timeline tell it again, hold what the lab serves, and never pass for the root's own."""

from __future__ import annotations

from pathlib import Path

import dns.dnssec
import dns.name
import dns.node
import dns.rdata
import dns.rdataset
import dns.rrset
import pytest
from hypothesis import assume, given

from lab.authority.ceremony import CeremonyFile, parse_ceremony
from lab.authority.ceremony_authority import SkrAuthority, ceremony_timeline
from lab.authority.ceremony_export import CeremonyExport, as_told, file_name
from lab.authority.ceremony_lint import lint_files
from lab.authority.ceremony_verify import verified_signatures, verify
from lab.authority.keyring import KeyRing
from lab.authority.operators import emergency
from lab.authority.signer import ZoneSigner
from lab.authority.slots import quarter_timeline
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, HOUR, parse_instant
from lab.errors import CeremonyError, KeyFileError
from lab.resources import zones_path
from tests.effort import examples

from .ceremony_files import RING
from .ceremony_workshop import MADE
from .timelines import ACTUAL, HISTORY, PLANNED, any_steps, one_roll

SHIPPED = {
    "a": "ksk-2010", "b": "ksk-2017", "c": "ksk-ecdsa", "y": "zsk-ecdsa", "z": "ksk-spare-1",
}  # fmt: skip
LETTERS = KeyRing({letter: zones_path() / "keys" / f"{name}.pem" for letter, name in SHIPPED.items()})
"""The keys of timelines off the grid, whose names are letters."""


def files(timeline: Timeline, kind: str = "skr", ring: KeyRing = RING) -> list[CeremonyFile]:
    """Return all files of a timeline, written and read again."""
    made = CeremonyExport(timeline, ring, "made")
    return [parse_ceremony(made.octets(name, kind), file_name(name, kind)) for name in made.quarters]


@examples(10)
@given(timeline=one_roll())
def test_roll_on_the_grid(timeline: Timeline) -> None:
    """A roll of any shape in any years comes back from its responses as an equal timeline, and verifies.

    Where each name is a key of its own: the four small ZSKs of before 2016Q4 return after a year.
    """
    names = dict.fromkeys(name for step in timeline.steps for name in step.keys.published)
    assume(len({RING.key(name).identity for name in names}) == len(names))
    made = files(timeline)
    assert ceremony_timeline(made) == as_told(timeline)
    assert verify(made) == ()


@examples(40)
@given(timeline=any_steps())
def test_steps_off_the_grid(timeline: Timeline) -> None:
    """Steps of any length, revoked keys, two algorithms: the timeline comes back, every signature good."""
    made = files(timeline, ring=LETTERS)
    assert ceremony_timeline(made) == as_told(timeline)
    assert [
        f for f in verify(made) if f.identifier in ("CER-SIG", "CER-KEYTAG", "CER-WINDOW", "CER-TTL")
    ] == []


@pytest.mark.parametrize("timeline", [ACTUAL, PLANNED, HISTORY], ids=["actual", "planned", "history"])
def test_what_is_told(timeline: Timeline) -> None:
    """On the grid nothing is lost but the hour of each switch and who signs the zone."""
    told = as_told(timeline)
    assert told.dnskey_ttl == timeline.dnskey_ttl
    for step, own in zip(timeline.steps, told.steps, strict=True):
        assert (own.inception, own.expiration, own.slot) == (step.inception, step.expiration, step.slot)
        assert own.at == step.inception
        assert (own.keys.ksks, own.keys.zsks) == (step.keys.ksks, step.keys.zsks)
        assert set(own.keys.dnskey_signers) == set(step.keys.dnskey_signers)
        assert (set(own.keys.revoked), own.keys.zone_signers) == (set(step.keys.revoked), ())
    assert [(event.kind, event.name) for event in told.ksk_events()] == [
        (event.kind, event.name) for event in timeline.ksk_events()
    ]


def test_the_very_signatures() -> None:
    """A response holds, octet for octet, what the lab serves in each slot."""
    signer = ZoneSigner(ACTUAL, RING)
    authority = SkrAuthority(files(ACTUAL))
    for step in ACTUAL.steps:
        served, told = signer.dnskey(step.at), authority.dnskey(step.at)
        assert served is not None
        assert told is not None
        assert served.rrset == told.rrset
        assert sorted(r.rdata for r in served.rrsigs) == sorted(r.rdata for r in told.rrsigs)


def test_requests() -> None:
    """A request has the ZSKs of its response under the same ids, each with a proof of possession."""
    requests, responses = files(ACTUAL, "ksr"), files(ACTUAL)
    assert verify([*requests, *responses]) == ()
    for request, response in zip(requests, responses, strict=True):
        assert (request.id, request.kind) == (response.id, "ksr")
        assert [bundle.id for bundle in request.bundles] == [bundle.id for bundle in response.bundles]
        assert [len(bundle.keys) for bundle in request.bundles] == [2, 1, 1, 1, 1, 1, 1, 1, 2]
        assert verified_signatures(request) == 11


def test_requests_tell_the_zsks() -> None:
    """Windows and ZSKs of a timeline come back from its requests, slot by slot, under their names."""
    bundles = [bundle for file in files(ACTUAL, "ksr") for bundle in file.bundles]
    told = [
        (bundle.inception, bundle.expiration, tuple(key.identifier for key in bundle.keys))
        for bundle in bundles
    ]
    assert told == [(step.inception, step.expiration, step.keys.zsks) for step in ACTUAL.steps]
    own = {key.key.identity: key.identifier for bundle in bundles for key in bundle.keys}
    assert {RING.key(name).identity: name for name in own.values()} == own


def test_a_stand_in_is_written() -> None:
    """A key of an algorithm nobody has goes into a file and comes back, with a signature of 2420 octets."""
    keys = KeySet(
        ("ksk-2024", "stand-in-1312-2420"), ("zsk-2028q1",), (), ("ksk-2024", "stand-in-1312-2420"), ()
    )
    start = parse_instant("2028-01-01")
    (file,) = files(Timeline((Step(start, keys, start, start + 9 * DAY),)))
    assert [len(signature.rrsig.signature) for signature in file.bundles[0].signatures] == [256, 2420]
    assert file.bundles[0].response_size == 864 + 11 + 4 + 1312 + 11 + 19 + 2420
    assert "CER-SIZE" in {finding.identifier for finding in lint_files([file])}


def test_another_validator_takes_the_proofs() -> None:
    """Each proof of a request is good for dnspython, too, with its own key."""
    for bundle in MADE.file("2018Q4", "ksr").bundles:
        rrset = twin("DNSKEY", [key.key.rdata for key in bundle.keys])
        for key, signature in zip(bundle.keys, bundle.signatures, strict=True):
            rrsig = twin("RRSIG", [signature.rrsig.rdata])[0]
            own: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset]
            own = {dns.name.root: twin("DNSKEY", [key.key.rdata])}
            dns.dnssec.validate_rrsig(rrset, rrsig, own, now=signature.rrsig.inception)


def twin(rrtype: str, wires: list[bytes]) -> dns.rrset.RRset:
    """Return records of the root as dnspython has them."""
    rdatas = [dns.rdata.from_wire("IN", rrtype, wire, 0, len(wire)) for wire in wires]
    return dns.rrset.from_rdata_list(".", 172800, rdatas)


def test_watermark() -> None:
    """A file says in its first lines and in every id that it is not the root's."""
    text = MADE.octets("2018Q4", "skr").decode()
    assert text.splitlines()[1:3] == [
        "<!-- emulated root, for tests only: made by rootlab with keys that are not the root's -->",
        "<!-- _rootlab. TXT scenario=made at=2018-10-01T00:00:00Z -->",
    ]
    file = MADE.file("2018Q4", "skr")
    assert file.id == "rootlab-made-2018Q4"
    assert [bundle.id for bundle in file.bundles] == [f"rootlab-made-2018Q4-{n}" for n in range(1, 10)]


def test_real_root_key_signs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose public half the real root is trusted by makes no file."""
    own = tmp_path / "own.pem"
    own.write_bytes((zones_path() / "keys" / "ksk-spare-1.pem").read_bytes())
    monkeypatch.setattr("lab.authority.keyring.is_real_root_ksk", lambda key: key.tag == 47531)
    made = CeremonyExport(ACTUAL, KeyRing({"ksk-2010": own}), "stolen")
    with pytest.raises(
        KeyFileError, match="a trust anchor of the real root, and the lab does not sign with one"
    ):
        made.octets("2018Q1", "skr")


def test_policy_is_the_roots() -> None:
    """Policies of a quarter since 2017 are those of the real responses, safety times and limits alike."""
    file = MADE.file("2018Q4", "skr")
    assert file.ksk_policy is not None
    assert file.zsk_policy is not None
    policies = [
        (p.publish_safety, p.retire_safety, p.min_validity, p.max_validity, p.min_overlap, p.max_overlap)
        for p in (file.ksk_policy, file.zsk_policy)
    ]
    assert policies == [
        (0, 28 * DAY, 21 * DAY, 21 * DAY, 9 * DAY, 16 * DAY),
        (10 * DAY, 10 * DAY, 21 * DAY, 21 * DAY, 9 * DAY, 12 * DAY),
    ]
    assert file.ksk_policy.algorithms == file.zsk_policy.algorithms == ((8, 2048, 65537),)
    old = CeremonyExport(HISTORY, RING, "made").file("2016Q3", "ksr").zsk_policy
    assert old is not None
    assert (old.min_validity, old.max_validity, old.min_overlap) == (15 * DAY, 16 * DAY, 5 * DAY)
    assert old.algorithms == ((8, 1024, 65537), (8, 2048, 65537))


def test_policy_of_other_algorithms() -> None:
    """A policy names sizes and exponents where an algorithm has them, each kind of key once."""
    keys = KeySet(
        ("ksk-2024", "ksk-ecdsa", "ksk-ed25519"),
        ("zsk-1536-1", "zsk-ed25519"),
        (),
        ("ksk-2024", "ksk-ed25519"),
        (),
    )
    start = parse_instant("2028-01-01")
    (file,) = files(Timeline((Step(start, keys, start, start + 9 * DAY),)))
    assert file.ksk_policy is not None
    assert file.zsk_policy is not None
    assert file.ksk_policy.algorithms == ((8, 2048, 65537), (13, 256, None), (15, None, None))
    assert file.zsk_policy.algorithms == ((8, 1536, 65537), (15, None, None))
    assert verified_signatures(file) == 2
    assert [finding for finding in verify([file]) if finding.identifier == "CER-POLICY"] == []


def test_extra_step() -> None:
    """An emergency inside a slot is a bundle more, in force when it happens, and lint says what is odd."""
    at = parse_instant("2018-02-03T12:00:00Z")
    made = files(emergency(ACTUAL, at, "ksk-emergency"))
    (file,) = [file for file in made if file.id.endswith("2018Q1")]
    assert len(file.bundles) == 10
    assert file.bundles[4].inception == at
    assert SkrAuthority(made).dnskey(at) == file.bundles[4].signed
    assert {"CER-COUNT", "CER-ADD-WAIT", "CER-SCHEMA"} & {f.identifier for f in lint_files([file])} == {
        "CER-COUNT", "CER-ADD-WAIT",
    }  # fmt: skip


def test_no_such_quarter() -> None:
    """A quarter outside the timeline is refused, and the error names those there are."""
    with pytest.raises(CeremonyError, match="made has no slot in 2030Q4; choose one from 2017Q3 to 2019Q3"):
        MADE.file("2030Q4", "skr")


def test_too_many_bundles() -> None:
    """A quarter signed anew every hour does not fit, for the reader takes 64 bundles at most."""
    keys = KeySet(("ksk-2010",), ("zsk-2018q1",), (), ("ksk-2010",), ())
    start = parse_instant("2018-01-01")
    steps = tuple(Step(start + n * HOUR, keys, start, start + 9 * DAY) for n in range(65))
    made = CeremonyExport(Timeline(steps), RING, "hourly")
    with pytest.raises(CeremonyError, match="65 bundles in 2018Q1, and a file holds at most 64"):
        made.file("2018Q1", "skr")


def test_no_zsk() -> None:
    """A step without ZSKs has a response and no request."""
    keys = KeySet(("ksk-2010",), (), (), ("ksk-2010",), ())
    start = parse_instant("2018-01-01")
    made = CeremonyExport(Timeline((Step(start, keys, start, start + DAY),)), RING, "bare")
    assert len(made.file("2018Q1", "skr").bundles[0].keys) == 1
    with pytest.raises(CeremonyError, match="has no ZSK, so there is nothing to request"):
        made.file("2018Q1", "ksr")


def test_served_as_it_expires() -> None:
    """A step that is served only in the last second of its signatures is no bundle."""
    keys = KeySet(("ksk-2010",), ("zsk-2018q1",), (), ("ksk-2010",), ())
    start = parse_instant("2018-01-01")
    made = CeremonyExport(Timeline((Step(start, keys, start - DAY, start),)), RING, "late")
    with pytest.raises(CeremonyError, match="expire as it begins"):
        made.file("2018Q1", "skr")


def test_file_names() -> None:
    """Files are named as IANA's archive names them."""
    assert file_name("2018Q4", "skr") == "skr-root-2018-q4-0.xml"
    assert MADE.file("2018Q4", "ksr").file == "ksr-root-2018-q4-0.xml"


def test_long_history_is_quick_to_order() -> None:
    """Every quarter from 2016Q3 to 2027Q4 is there, in order."""
    made = CeremonyExport(HISTORY, RING, "history")
    assert (len(made.quarters), made.quarters[0], made.quarters[-1]) == (46, "2016Q3", "2027Q4")
    alone = quarter_timeline({}, ("ksk-2010",), "2018Q1", "2018Q1")
    assert CeremonyExport(alone, RING, "one").quarters == ("2018Q1",)
