"""dnsmasq, systemd-resolved and Stubby on the stage, asking the lab's own resolver, beside their models."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.clock import Instant, format_instant
from lab.drivers.casting import with_daemons
from lab.drivers.grid import FINE, SHARP
from lab.drivers.netns import available
from lab.drivers.programs import missing
from lab.drivers.resolved import PACKAGE, PROGRAM
from lab.drivers.table import DRIVERS
from lab.drivers.theatre import play_daemons
from lab.drivers.unpack import unpack
from lab.errors import DriverError
from lab.observation import Outcome, Transition
from lab.run.compare import compare
from lab.run.judge import judge
from lab.run.record import Record
from lab.scenario.load import load_scenario
from tests.conftest import unavailable
from tests.drivers.somebody import start, users

FORWARDERS = ("dnsmasq", "systemd-resolved", "stubby")
HEAD = 'title = "Forwarders"\ncites = ["resolvers A5 to A7"]\nauthority.base = "2018-actual"\n'

ROLL = f"""{HEAD}
start = 2018-09-15T00:00:00Z
stop = 2018-11-14T00:00:00Z
""" + "".join(
    f"""
[[subject]]
name = "{name}"
anchors = ["ksk-2010"]
[[event]]
at = 2018-10-20T09:00:00Z
subject = "{name}"
anchors = {{ set = ["ksk-2017"], apply = "now" }}
[[expect]]
id = "{name}-fails"
subject = "{name}"
fails = {{ from = 2018-10-11T16:00:00Z, to = {until}, cause = "static-anchor" }}
[[expect]]
id = "{name}-is-repaired"
subject = "{name}"
recovers = {{ from = 2018-10-20T09:00:00Z, by = 2018-10-20T09:00:00Z }}
"""
    for name, until in zip(
        FORWARDERS, ("2018-10-13T17:00:00Z", "2018-10-11T18:00:00Z", "2018-10-11T16:00:00Z"), strict=True
    )
)
"""Sixty days around the roll; nine days after it an operator replaces the anchors."""

REVOCATION = f"""{HEAD}
start = 2018-12-25T00:00:00Z
stop = 2019-02-23T00:00:00Z
""" + "".join(
    f"""
[[subject]]
name = "{name}"
anchors = ["ksk-2010", "ksk-2017"]
[[expect]]
id = "{name}-never-fails"
subject = "{name}"
never-fails = true
"""
    for name in FORWARDERS
)
"""Sixty days around the revocation, with both anchors; the DNSKEY RRset is 1425 octets long."""

INSIDE = """
import os, sys, tempfile
from pathlib import Path
from lab.cli import main
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    Path("scenario.toml").write_text(sys.argv.pop(1))
    raise SystemExit(main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def _programs() -> None:
    try:
        unpack(PACKAGE, PROGRAM)
    except DriverError as error:
        unavailable(str(error))
    for name in FORWARDERS:
        if reason := missing(DRIVERS[name]) or available():
            unavailable(reason)


def play(folder: Path, text: str) -> Record:
    """Play a scenario with its models and their daemons in one run."""
    path = folder / "scenario.toml"
    path.write_text(text)
    names = [word for name in FORWARDERS for word in (name, f"daemon:{name}")]
    return play_daemons(with_daemons(load_scenario(str(path)), names), names)


def unexpected(record: Record) -> list[str]:
    """Return what was not as expected."""
    findings = [one for subject in judge(record).subjects for one in subject.findings]
    return [one.message for one in findings if one.verdict != "passed"]


def first(record: Record, subject: str, outcome: str) -> Instant:
    """Return when a subject was first seen with an outcome."""
    return next(
        seen.at
        for seen in record.observations
        if isinstance(seen, Outcome) and (seen.subject, seen.outcome) == (subject, outcome)
    )


def test_roll(tmp_path: Path) -> None:
    """Each fails when its copy of the old RRset runs out, as its model does, and is repaired by a restart."""
    record = play(tmp_path, ROLL)
    assert unexpected(record) == []
    for name in FORWARDERS:
        assert compare(record, name, f"daemon:{name}", step=FINE).verdict == "agree"
    late = [first(record, f"daemon:{name}", "bogus") - first(record, name, "bogus") for name in FORWARDERS]
    assert all(0 <= seconds <= SHARP for seconds in late)


def test_revocation(tmp_path: Path) -> None:
    """Nobody fails, dnsmasq fetches the long RRset over TCP, systemd-resolved drops the revoked anchor."""
    record = play(tmp_path, REVOCATION)
    assert unexpected(record) == []
    moves = [
        (seen.subject, seen.key, seen.target, format_instant(seen.at))
        for seen in record.observations
        if isinstance(seen, Transition)
    ]
    assert sorted(moves) == [
        (name, "ksk-2010", "Start", "2019-01-11T14:00:00Z")
        for name in ("daemon:systemd-resolved", "systemd-resolved")
    ]


@pytest.mark.parametrize("uid", users()[-1:])
def test_without_any_right(uid: int) -> None:
    """All three work as an ordinary user, who may make an interface in a network of their own."""
    text = REVOCATION.replace("2019-02-23", "2019-01-03")
    words = ("run", "scenario.toml", *(f"--subject=daemon:{name}" for name in FORWARDERS))
    with start(INSIDE, uid=uid, arguments=(text, *words)) as lab:
        assert lab.stdout is not None
        out = lab.stdout.read()
        assert lab.wait(60) == 0, out
    assert "3 of 3 subjects as expected" in out
