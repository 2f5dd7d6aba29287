"""Real resolvers through a whole roll, by the command line, in the lab's own network and under its clock."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lab.cli import main
from lab.drivers.client import SIGNED, Client
from lab.drivers.netns import available
from lab.drivers.process import Process, run_tool
from lab.drivers.programs import missing
from lab.drivers.seat import Seat
from lab.drivers.table import DRIVERS
from lab.errors import DriverError
from lab.nameserver.responder import Responder
from tests.conftest import unavailable


@pytest.fixture(autouse=True)
def _programs() -> None:
    for name in ("unbound", "named", "pdns_recursor"):
        if reason := missing(DRIVERS[name]) or available():
            unavailable(reason)


def run(folder: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Run a scenario and return exit status and subjects of the JSON report."""
    report = folder / "run.json"
    status = main(["run", *arguments, "--format", "json", "--output", str(report)])
    return status, json.loads(report.read_text())["subjects"]


def test_roll_of_2018(tmp_path: Path) -> None:
    """Unbound learns, trusts and forgets as its model is expected to, and never fails; PowerDNS fails."""
    names = ("daemon:unbound", "daemon:pdns_recursor")
    status, subjects = run(tmp_path, "2018-actual", *(word for name in names for word in ("--subject", name)))
    found = {subject["name"]: subject for subject in subjects}
    assert status == 0
    unbound, recursor = (found[name] for name in names)
    assert [(t["key"], t["from"], t["to"]) for t in unbound["transitions"]] == [
        ("ksk-2017", "Start", "AddPend"),
        ("ksk-2017", "AddPend", "Valid"),
        ("ksk-2010", "Valid", "Revoked"),
        ("ksk-2010", "Revoked", "Start"),
    ]
    assert (unbound["kind"], unbound["outcome"], unbound["first_failure"]) == ("daemon", "secure", None)
    assert "2018-10-11T16:00:00Z" < recursor["first_failure"] < "2018-10-12T17:00:05Z"
    assert recursor["last_good"] < recursor["first_failure"]
    assert recursor["cause"] == "static-anchor"


def test_two_in_bad_weather(tmp_path: Path) -> None:
    """An expired answer for a day makes Unbound fail for hours and heal, and does not stop its hold-down."""
    status, subjects = run(tmp_path, "hold-down-reset", "--subject", "daemon:unbound", "--subject", "unbound")
    daemon, model = sorted(subjects, key=lambda subject: str(subject["kind"]))
    assert (status, daemon["kind"], model["kind"]) == (0, "daemon", "model")
    moves = [[(t["key"], t["to"]) for t in subject["transitions"]] for subject in (daemon, model)]
    assert moves[0] == moves[1]


def test_daemon_that_ignores_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon without the shim, as a static program would be, is inconclusive: status 3, and why."""
    begin = Process.start

    def blind(process: Process) -> None:
        process.environment.pop("LD_PRELOAD", None)
        begin(process)

    monkeypatch.setattr(Process, "start", blind)
    status, subjects = run(tmp_path, "hold-down-reset", "--subject", "daemon:unbound")
    assert status == 3
    assert subjects[0]["verdict"] == "inconclusive"
    findings = json.dumps(subjects[0])
    assert "does not see the lab's clock" in findings


def test_silence_shows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that runs and does not answer is inconclusive, not bogus: whose fault it is nobody knows."""
    take = Client.take

    def deaf(client: Client) -> None:
        take(client)
        client.answers.pop(SIGNED, None)

    monkeypatch.setattr(Client, "take", deaf)
    status, subjects = run(tmp_path, "hold-down-reset", "--subject", "daemon:unbound")
    assert (status, subjects[0]["outcome"]) == (3, None)
    assert "did not answer" in json.dumps(subjects[0])


def test_fault_of_the_authority_is_the_lab_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An authority that fails ends the run with status 4; no daemon is blamed for it."""

    def broken(*_arguments: object, **_named: object) -> bytes:
        raise ZeroDivisionError("the authority is broken")

    monkeypatch.setattr(Responder, "answer", broken)
    report = tmp_path / "run.json"
    command = ["run", "hold-down-reset", "--subject", "daemon:unbound", "--format", "json"]
    assert main([*command, "--output", str(report)]) == 4
    assert "the authority is broken" in capsys.readouterr().err
    assert not report.exists()


def test_nothing_is_left(tmp_path: Path) -> None:
    """After a run no process of it runs and the logs asked for are there."""
    before = _children(os.getpid())
    run(tmp_path, "hold-down-reset", "--subject", "daemon:unbound", "--logs", str(tmp_path))
    assert [path.name for path in tmp_path.glob("*.log")] == ["unbound-0.log"]
    assert _children(os.getpid()) == before


def _children(parent: int) -> set[int]:
    """Return the processes a process has started, dead ones that nobody has asked after included."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = stat.read_text().rpartition(")")[2].split()
            if int(words[1]) == parent:
                found.add(int(stat.parent.name))
    return found


def test_named_is_asked_as_rndc_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the control channel tells the lab is what the program rndc prints, errors included."""
    speak = Seat._rndc
    told: list[Sequence[str]] = []

    def both(seat: Seat, command: Sequence[str]) -> str:
        said = speak(seat, command)
        if len(told) < 6:
            printed = run_tool(
                command, seat.folder, seat._page.environment(seat._tool_label), user=seat._user
            )
            told.append(command)
            assert said.split() == printed.split() if "status" in command else said[:30] == printed[:30]
            nonsense = [*command[:7], "nonsense"]
            with pytest.raises(DriverError, match="unknown command"):
                speak(seat, nonsense)
        return said

    monkeypatch.setattr(Seat, "_rndc", both)
    scenario = tmp_path / "week.toml"
    scenario.write_text(
        'title = "A week"\nstart = 2018-10-12T00:00:00Z\nstop = 2018-10-14T00:00:00Z\n'
        '[authority]\nbase = "2018-actual"\n[[subject]]\n'
        'name = "new"\nmodel = "bind"\nanchors = ["ksk-2017"]\n'
    )
    status, _ = run(tmp_path, str(scenario), "--subject", "daemon:named@new")
    assert status == 0
