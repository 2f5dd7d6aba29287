"""Programs that others wrote accept every zone that the shipped scenarios serve, at the time of each step.

`ldns-verify-zone` and `kzonecheck` take the time as an argument; BIND's `dnssec-verify` reads the clock, so
it runs under the lab's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from lab.authority.keyring import KeyRing
from lab.authority.signer import CHILDREN, SignatureStore, Spread, ZoneSigner
from lab.authority.slots import root_history
from lab.authority.timeline import Step
from lab.authority.zone_file import zone_text
from lab.clock import HOUR, format_instant, parse_instant, to_datetime
from lab.dnssec.names import ROOT, name_to_text
from lab.drivers import shim
from lab.drivers.clocks import ClockPage
from lab.scenario.catalogue import shipped_scenarios
from lab.scenario.load import load_scenario
from tests.conftest import BY_NIGHT, PROFILE, unavailable

pytestmark = pytest.mark.no_cover

DATES = (
    ("", "2016-08-15T00:00:00Z"),
    ("", "2016-09-25T00:00:00Z"),
    ("2018-actual", "2019-01-11T14:00:00Z"),
    ("2026-planned", "2026-10-11T16:00:00Z"),
    ("algorithm-roll-liberal", "2029-02-01T00:00:00Z"),
)
"""Scenario, or the root's history, and instant: the last ZSK of 1024 bits, also beside the first of 2048; the
revocation, the roll to come, a root of nothing but P-256."""

REFUSED_ON_PURPOSE = {
    "algorithm-roll-ksk-alone": {"bind": "Missing ZSK for algorithm ECDSAP256SHA256"},
    "algorithm-roll-silent-key": {"bind": "Missing ZSK for algorithm ECDSAP256SHA256"},
    "algorithm-roll-silent-key-new-zsk": {"bind": "Missing self-signed KSK for algorithm"},
    "algorithm-roll-large": {"knot": "failed to run semantic checks"},
}
"""What a program says of scenarios whose zone it has to refuse: BIND wants every algorithm of the DNSKEY
RRset to sign (RFC 4035 section 2.2), Knot gives up at one that it does not know."""

Verify = Callable[[str, bytes, int], dict[str, str]]
"""(zone as text, its apex, the instant) -> what each program that refuses it says."""


class Shot(NamedTuple):
    """One step of a scenario's timeline, and the authority that serves it."""

    step: Step
    authority: ZoneSigner


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClockPage]:
    """Return a clock for programs."""
    reason = shim.unavailable()
    if reason:
        unavailable(reason)
    made = ClockPage.create(tmp_path_factory.mktemp("clock") / "clock")
    yield made
    made.close()


@pytest.fixture
def verify(tmp_path: Path, page: ClockPage, debian_tool: Callable[[str], str]) -> Verify:
    """Return what asks the three programs about a zone."""
    ldns, knot, bind = map(debian_tool, ("ldns-verify-zone", "kzonecheck", "dnssec-verify"))
    environment = {**os.environ, **page.environment("programs")}

    def ask(text: str, apex: bytes, now: int) -> dict[str, str]:
        path, origin = tmp_path / "zone", name_to_text(apex)
        path.write_text(text)
        page.jump(now)
        commands = {
            "ldns": [ldns, *(["-ZZ"] if apex == ROOT else []), "-t", f"{to_datetime(now):%Y%m%d%H%M%S}"],
            "knot": [knot, "-d", "on", "-t", str(now), "-o", origin],
            "bind": [bind, "-q", *(["-z"] if apex != ROOT else []), "-o", origin],
        }
        said = {}
        for name, command in commands.items():
            run = subprocess.run(
                [*command, str(path)], env=environment, capture_output=True, text=True, check=False
            )
            if run.returncode:
                said[name] = run.stdout + run.stderr
        return said

    return ask


def shots() -> Iterator[Shot]:
    """Yield every distinct step of the shipped scenarios' timelines that is served signed, once each.

    In a quarter of the calendar one key set stays for seven slots, which differ in nothing but dates: of
    those the first is enough, unless it is night.
    """
    store, ring = SignatureStore(), KeyRing()
    seen = set()
    for name in shipped_scenarios():
        scenario = load_scenario(name)
        own = KeyRing(scenario.key_files) if scenario.key_files else ring
        authority = ZoneSigner(scenario.timeline, own, watermark=scenario.name, store=store)
        for step in scenario.timeline.steps:
            dates = (step.at, step.inception, step.expiration) if PROFILE == BY_NIGHT else ()
            if (step.keys, dates) not in seen and step.keys.zone_signers:
                seen.add((step.keys, dates))
                yield Shot(step, authority)


def test_every_step_of_every_scenario(verify: Verify) -> None:
    """The root of each step is accepted by all three, digest and all."""
    found = list(shots())
    said = {
        (authority.watermark, format_instant(step.at)): verify(zone_text(authority, step.at), ROOT, step.at)
        for step, authority in found
    }
    assert len(said) == len(found) > 150
    found_bad = {place: refused for place, refused in said.items() if refused}
    assert {place: refused for place, refused in found_bad.items() if not on_purpose(place[0], refused)} == {}
    assert {scenario for scenario, _ in found_bad} == set(REFUSED_ON_PURPOSE)


def on_purpose(scenario: str, refused: dict[str, str]) -> bool:
    """Tell whether a zone is refused by the programs that must refuse it, in their words, and by no other."""
    wanted = REFUSED_ON_PURPOSE.get(scenario, {})
    return refused.keys() == wanted.keys() and all(words in refused[name] for name, words in wanted.items())


def served_by(scenario: str, spread: Spread = map) -> ZoneSigner:
    """Return the authority of a scenario, or of the root's history."""
    timeline = load_scenario(scenario).timeline if scenario else root_history()
    return ZoneSigner(timeline, KeyRing(), watermark=scenario, spread=spread)


@pytest.mark.parametrize(("scenario", "date"), DATES)
def test_full_root(verify: Verify, scenario: str, date: str) -> None:
    """The root with every top-level domain is accepted, with small, large and elliptic keys."""
    now = parse_instant(date)
    with ThreadPoolExecutor(2) as pool:
        text = zone_text(served_by(scenario, pool.map), now, "full")
    assert text.count("\tRRSIG\t") > 2750
    assert verify(text, ROOT, now) == {}


@pytest.mark.parametrize(("scenario", "date"), DATES)
def test_signed_child(verify: Verify, scenario: str, date: str) -> None:
    """So is the signed child."""
    now = parse_instant(date)
    text = zone_text(served_by(scenario), now, apex=CHILDREN.secure)
    assert verify(text, CHILDREN.secure, now) == {}


@pytest.mark.parametrize("change", ["late", "digest", "signature"])
def test_programs_do_look(verify: Verify, change: str) -> None:
    """All three refuse an old zone or one with a wrong signature, and ldns one with a wrong digest."""
    authority, now = served_by(""), parse_instant("2018-10-11T16:00:00Z")
    text, late = zone_text(authority, now), authority.edition(now).expiration + HOUR
    if change == "late":
        assert set(verify(text, ROOT, late)) == {"ldns", "knot", "bind"}
    elif change == "signature":
        lines = text.splitlines(keepends=True)
        at = next(number for number, line in enumerate(lines) if "RRSIG\tNSEC" in line)
        lines[at] = lines[at][:-8] + ("AAAA" if lines[at][-8:-4] != "AAAA" else "BBBB") + lines[at][-4:]
        assert set(verify("".join(lines), ROOT, now)) == {"ldns", "knot", "bind"}
    else:
        other = zone_text(authority, now).replace(
            "\t172800\tIN\tA\t192.0.2.53", "\t172800\tIN\tA\t192.0.2.54"
        )
        assert set(verify(other, ROOT, now)) == {"ldns"}
