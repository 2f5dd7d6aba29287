"""Real resolvers where there are no namespaces: on loopback, without rights or as root; nothing stays."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cli import main
from lab.drivers import theatre
from lab.drivers.loopback import DNS, why_not
from lab.drivers.programs import missing
from lab.drivers.table import DRIVERS
from tests.conftest import unavailable
from tests.drivers.somebody import start, users

SCENARIO = """
title = "A hold-down"
start = 2017-07-01
stop = 2017-08-20

[authority]
base = "2017-planned"

[[subject]]
name = "unbound"

[[expect]]
id = "unbound-learns"
subject = "unbound"
reaches = { key = "ksk-2017", state = "Valid", from = 2017-08-10, to = 2017-08-12 }
"""

RUN = """
import os, re, sys, tempfile
from pathlib import Path
from lab.drivers import stage, theatre
from lab.cli import main

tempfile.tempdir = sys.argv[1]
theatre.available = lambda: "no namespaces in this test"
check = stage.Stage._check

def bound(pid):
    links = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {match[1] for link in links if (match := re.match(r"socket:.(\\d+)", link))}
    for kind in ("udp", "tcp", "udp6", "tcp6"):
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
            words = line.split()
            if words[9] in inodes:
                yield kind, words[1]

def watched(one, at, members):
    for member in members:
        print("bound", sorted(set(bound(member.seat._process.pid))), flush=True)
    stage.Stage._check = check
    check(one, at, members)

stage.Stage._check = watched
raise SystemExit(main(sys.argv[2:]))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder for temporary files by a short path, which every user may write to."""
    folder = Path(tempfile.mkdtemp(prefix="lab", dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def played(place: Path, uid: int, daemon: str) -> tuple[int, str]:
    """Play the scenario as a user and return the exit status and all that was printed."""
    if reason := missing(DRIVERS[daemon]):
        unavailable(reason)
    scenario = place / "summer.toml"
    scenario.write_text(SCENARIO)
    process = start(
        RUN, uid=uid, arguments=(str(place), "run", str(scenario), "--subject", f"daemon:{daemon}")
    )
    out, _ = process.communicate(timeout=120)
    scenario.unlink()
    return process.returncode, out


@pytest.mark.parametrize("uid", users())
def test_unbound(place: Path, uid: int) -> None:
    """Unbound lives at a port that is free, with stubs in place of hints; its sockets are on loopback."""
    status, out = played(place, uid, "unbound")
    assert status == 0, out
    lines = out.splitlines()
    assert lines[0].startswith("daemons run on loopback addresses, port ")
    assert lines[0].endswith(": no namespaces in this test")
    (bound,) = (line for line in lines if line.startswith("bound "))
    assert "('udp', " in bound
    sockets = [word.partition(":")[0] for word in bound.split("'") if ":" in word]
    assert {address[-2:] for address in sockets} == {"7F"}
    assert list(place.iterdir()) == []


def test_port_53(place: Path) -> None:
    """PowerDNS Recursor has no port in its hints: it needs port 53, and says so where it is not to be had."""
    status, out = played(place, os.geteuid(), "pdns_recursor")
    reason = why_not(DNS)
    assert status == (3 if reason else 0), out
    assert ("on loopback daemon:pdns_recursor needs port 53, and port 53 of" in out) is bool(reason)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(("daemon", "why"), [
    ("named", "it listens only at addresses that an interface has"),
    ("kresd", "it asks no server at a loopback address"),
    ("dnsmasq", "it is a forwarder"),
])  # fmt: skip
def test_who_cannot(
    tmp_path: Path, daemon: str, why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Others end with status 3 and the reason, which begins with why there is no namespace."""
    if reason := missing(DRIVERS[daemon]):
        unavailable(reason)
    scenario = tmp_path / "summer.toml"
    scenario.write_text(SCENARIO)
    monkeypatch.setattr(theatre, "available", lambda: "no namespaces in this test")
    assert main(["run", str(scenario), "--subject", f"daemon:{daemon}"]) == 3
    told = capsys.readouterr().err
    assert f"no namespaces in this test; daemon:{daemon} cannot do without: {why}" in told
