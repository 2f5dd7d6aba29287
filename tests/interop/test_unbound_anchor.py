"""unbound-anchor against the lab's root and the lab's web server, at instants before and after the roll."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from lab.authority.anchors import Listed, Variant
from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.zone import CHILD_SERVER
from lab.clock import DAY, parse_instant
from lab.dnssec.names import ROOT
from lab.drivers.clocks import ClockPage
from lab.drivers.driver import STATE, Setting, anchor_records, hints, state_readings
from lab.drivers.netns import available, run_inside
from lab.drivers.process import Process, find_program
from lab.drivers.unbound_anchor import PROGRAM, How, command, outcome
from lab.errors import DriverError
from lab.nameserver.anchors_https import AnchorServer, publish
from lab.nameserver.listener import Listener
from lab.nameserver.responder import Responder
from lab.resolver.state.vocabulary import HOLDS
from lab.scenario.load import load_scenario
from tests.conftest import unavailable
from tests.interop.rehearsal import ADDRESS, NEW, NOBODY, OLD, SERVERS

WEB = "192.0.2.80"
BEFORE, DURING, AFTER, REVOKED, LATE = (
    parse_instant(f"{day}T00:00:00Z")
    for day in ("2026-09-01", "2026-10-12", "2026-11-24", "2027-01-20", "2027-05-01")
)
OLD_ENDS = parse_instant("2027-02-01T00:00:00Z")


@dataclass(frozen=True)
class Run:
    """What came of a run."""

    how: How
    status: int
    trusted: tuple[int, ...]
    asked: tuple[str, ...]
    said: str


@cache
def run(now: int, *variants: Variant, bundled: int = BEFORE) -> Run:
    """Run the tool with the old key's DS at an instant, and the bundle published at the instant `bundled`."""
    if reason := available():
        unavailable(reason)
    try:
        find_program(PROGRAM)
    except DriverError as error:
        unavailable(str(error))

    def work(folder: Path) -> Run:
        scenario = load_scenario("2026-planned")
        authority = ZoneSigner(scenario.timeline, KeyRing({}), watermark=scenario.name)
        root = Responder(authority, apexes=(ROOT,))
        page = ClockPage.create(folder / "clock")
        page.jump(now)
        own = folder / "tool"
        (own / STATE).mkdir(parents=True)
        setting = Setting(own, ADDRESS, (OLD.ds(ROOT),))
        listed = (Listed(OLD, BEFORE - 10**8, OLD_ENDS), Listed(NEW, BEFORE - 10**8))
        publication = publish(listed, variants)
        server = AnchorServer(publication, lambda: int(page.emulated), WEB, 443, anywhere=True)
        (own / STATE / "root.key").write_text(anchor_records(setting.anchors))
        (own / "bundle.pem").write_bytes(publication.bundle(bundled))
        (own / "root.hints").write_text(hints(SERVERS[::2]))
        for path in (own, *own.rglob("*")):
            if NOBODY is not None:
                os.chown(path, NOBODY, NOBODY)
        words = command(setting, WEB, setting.path("root.hints"))
        process = Process(words, own, page.environment("tool"), user=NOBODY)

        def answer(wire: bytes, _client: str, _local: str, tcp: bool) -> bytes | None:
            return root.answer(wire, int(page.emulated), tcp)

        with Listener(answer, SERVERS, 53, anywhere=True), server, process:
            ended = process.wait(20)
        assert ended is not None
        said = "\n".join(process.last_lines(200))
        readings = state_readings(setting, "root.key", "unbound", HOLDS)
        trusted = tuple(sorted(one.key_tag for one in readings if one.state.value == "Valid"))
        return Run(outcome(said), ended.status, trusted, tuple(server.asked), said)

    return run_inside(work, addresses=(*SERVERS, CHILD_SERVER, WEB, ADDRESS))


def test_anchor_fits() -> None:
    """Before the roll one query is enough, and nothing is fetched."""
    seen = run(BEFORE)
    assert (seen.how, seen.status, seen.asked) == ("probe", 0, ()), seen.said
    assert OLD.tag in seen.trusted


@pytest.mark.parametrize("now", [DURING, AFTER, REVOKED])
def test_anchor_does_not_fit(now: int) -> None:
    """After the roll the signed file is fetched, and what it lists is written (RFC 9718 sections 2 and 3)."""
    seen = run(now)
    assert (seen.how, seen.status) == ("xml", 1), seen.said
    assert len(seen.asked) == 2
    assert NEW.tag in seen.trusted


def test_listing_has_ended() -> None:
    """A key whose validUntil is past is not written."""
    seen = run(LATE)
    assert (seen.how, seen.trusted) == ("xml", (NEW.tag,)), seen.said


@pytest.mark.parametrize(
    "variant",
    [
        Variant("stranger"),
        Variant("tampered"),
        Variant("expired-signer", AFTER - DAY),
        Variant("new-ca", AFTER),
    ],
    ids=lambda variant: variant.name,
)
def test_signature_is_no_good(variant: Variant) -> None:
    """A stranger's signature, one whose certificate has ended or whose authority is not in the bundle, or a
    file changed since: each changes nothing; and the status is 0 all the same.
    """
    seen = run(AFTER, variant, bundled=AFTER - 91 * DAY)
    assert (seen.how, seen.status, seen.trusted) == ("failed", 0, (OLD.tag,)), seen.said


def test_bundle_is_renewed_in_time() -> None:
    """Whoever has the bundle of the 90 days before gets over the change of the certificate authority."""
    seen = run(AFTER, Variant("new-ca", AFTER), bundled=AFTER - 80 * DAY)
    assert (seen.how, NEW.tag in seen.trusted) == ("xml", True), seen.said


def test_digests_alone_are_enough() -> None:
    """A file in the shape of RFC 7958 does as well."""
    seen = run(AFTER, Variant("rfc7958"))
    assert (seen.how, NEW.tag in seen.trusted) == ("xml", True), seen.said
