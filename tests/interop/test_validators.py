"""BIND's `delv` and ldns' `drill` validate what the lab serves, under its clock and with its anchor."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.slots import root_history
from lab.clock import parse_instant
from lab.dnssec.names import ROOT
from lab.dnssec.presentation import rdata_to_text
from lab.dnssec.rrtypes import DNSKEY
from lab.drivers import shim
from lab.drivers.clocks import ClockPage
from lab.nameserver.listener import Listener
from lab.nameserver.responder import Responder
from tests.conftest import unavailable

pytestmark = pytest.mark.no_cover

NOW = parse_instant("2018-10-11T16:00:30Z")
RING = KeyRing()


class Place(NamedTuple):
    """Where an emulated root is served, and what a program needs to see its time."""

    port: str
    environment: dict[str, str]
    folder: Path


@pytest.fixture(scope="module", params=["minimal", "full"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Serve a root of some size at the roll of 2018."""
    reason = shim.unavailable()
    if reason:
        unavailable(reason)
    folder = tmp_path_factory.mktemp("place")
    page = ClockPage.create(folder / "clock")
    page.jump(NOW)
    responder = Responder(ZoneSigner(root_history(), RING), size=request.param)

    def answer(wire: bytes, _client: str, _local: str, tcp: bool) -> bytes | None:
        return responder.answer(wire, NOW, tcp)

    with Listener(answer, ("127.0.0.1",)) as listener:
        yield Place(str(listener.ports[0]), {**os.environ, **page.environment("programs")}, folder)
    assert listener.failure is None
    page.close()


def delv(place: Place, tool: str, question: str, anchor: str) -> str:
    """Return what delv says first about a question, or else why it fails."""
    ds = RING.key(anchor).ds(ROOT)
    file = place.folder / "anchors.conf"
    numbers = f"{ds.key_tag} {ds.algorithm} {ds.digest_type}"
    file.write_text(f'trust-anchors {{ . static-ds {numbers} "{ds.digest.hex()}"; }};\n')
    command = [tool, "@127.0.0.1", "-p", place.port, "-a", str(file), "+root=.", *question.split()]
    run = subprocess.run(command, env=place.environment, capture_output=True, text=True, check=False)
    return run.stdout.splitlines()[0] if run.stdout else run.stderr


def drill(place: Place, tool: str, question: str, anchor: str) -> str:
    """Return how drill's chase from an answer to a key ends."""
    file = place.folder / "anchor.key"
    file.write_text(f". 172800 IN DNSKEY {rdata_to_text(DNSKEY, RING.key(anchor).rdata)}\n")
    command = [tool, "-p", place.port, "-S", "-k", str(file), "@127.0.0.1", *question.split()]
    run = subprocess.run(command, env=place.environment, capture_output=True, text=True, check=False)
    return next(line for line in run.stdout.splitlines() if line.startswith(";; Chase"))


SECURE = ("alpha. DS", "alpha. DNSKEY", "x.alpha. A", ". SOA", "_rootlab. TXT")
ABSENT = ("beta. DS", "nosuch. A", "x.alpha. AAAA")


@pytest.mark.parametrize("question", SECURE)
def test_data_is_validated(place: Place, debian_tool: Callable[[str], str], question: str) -> None:
    """Data of the root and of the signed child is secure to both programs."""
    assert delv(place, debian_tool("delv"), question, "ksk-2017") == "; fully validated"
    assert drill(place, debian_tool("drill"), question, "ksk-2017") == ";; Chase successful"


@pytest.mark.parametrize("question", ABSENT)
def test_denials_are_validated(place: Place, debian_tool: Callable[[str], str], question: str) -> None:
    """What is not there is proven not to be."""
    expected = "; negative response, fully validated"
    assert delv(place, debian_tool("delv"), question, "ksk-2017") == expected


def test_the_unsigned_child_is_insecure(place: Place, debian_tool: Callable[[str], str]) -> None:
    """Data of the unsigned child is accepted as unsigned, since the root proves that it has no DS."""
    assert delv(place, debian_tool("delv"), "x.beta. A", "ksk-2017") == "; unsigned answer"


def test_the_old_key_no_longer_does(place: Place, debian_tool: Callable[[str], str]) -> None:
    """With the old key alone both programs fail: it was published, but signs no more."""
    said = delv(place, debian_tool("delv"), ". SOA", "ksk-2010")
    assert "broken trust chain" in said
    assert drill(place, debian_tool("drill"), ". SOA", "ksk-2010") == ";; Chase failed."
