"""Real resolvers by other clocks than the shim: BIND's own timers, restarts, and real time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.cli import main
from lab.drivers.netns import available
from lab.drivers.programs import missing
from lab.drivers.table import DRIVERS
from tests.conftest import unavailable


@pytest.fixture(autouse=True)
def _programs() -> None:
    for name in ("unbound", "named"):
        if reason := missing(DRIVERS[name]) or available():
            unavailable(reason)


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run a scenario and return exit status and subjects of the JSON report by name."""
    report = folder / "run.json"
    status = main(["run", *arguments, "--format", "json", "--output", str(report)])
    return status, {subject["name"]: subject for subject in json.loads(report.read_text())["subjects"]}


def moves(subject: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the transitions of a subject, without their instants."""
    return [(move["key"], move["from"], move["to"]) for move in subject["transitions"]]


def test_bind_by_its_own_timers(tmp_path: Path) -> None:
    """A BIND whose time nobody fakes goes through a roll in 27 real seconds, in its model's order."""
    names = ("daemon:named:mkeytimers", "bind")
    status, found = run(
        tmp_path, "roll-in-seconds", *(word for name in names for word in ("--subject", name))
    )
    daemon, model = (found[name] for name in names)
    assert status == 0, json.dumps(daemon["findings"])
    assert moves(daemon) == moves(model) == [
        ("ksk-spare-2", "Start", "AddPend"),
        ("ksk-spare-2", "AddPend", "Valid"),
        ("ksk-spare-1", "Valid", "Revoked"),
        ("ksk-spare-1", "Revoked", "Start"),
    ]  # fmt: skip


SUMMER = """
title = "A hold-down"
start = 2017-07-01
stop = 2017-09-01

[authority]
base = "2017-planned"

[[subject]]
name = "unbound"
"""


def test_restarts(tmp_path: Path) -> None:
    """A resolver that is restarted at every step learns as one that is not; nobody is told of restarts."""
    scenario = tmp_path / "summer.toml"
    scenario.write_text(SUMMER)
    record = tmp_path / "run.jsonl"
    name = "daemon:unbound:restart"
    status, found = run(tmp_path, str(scenario), "--subject", name, "--record", str(record))
    assert status == 0
    assert moves(found[name]) == [("ksk-2017", "Start", "AddPend"), ("ksk-2017", "AddPend", "Valid")]
    learnt = found[name]["transitions"][1]["at"]
    assert "2017-08-10T16:00:00Z" < learnt < "2017-08-12T00:00:00Z"
    kinds = [json.loads(line).get("kind") for line in record.read_text().splitlines()]
    assert kinds.count("started") == 1
    assert kinds.count("stopped") == 0


@pytest.mark.parametrize(("name", "words"), [
    ("daemon:named:mkeytimers", "the clock mkeytimers takes real seconds, and summer lasts P62D: PT10M at"),
    ("daemon:unbound:none", "the clock none takes real seconds, and summer lasts P62D: PT10M at most"),
])  # fmt: skip
def test_too_long_for_real_time(tmp_path: Path, name: str, words: str) -> None:
    """Where real seconds do not suffice the subject is inconclusive, in one line; others are played."""
    scenario = tmp_path / "summer.toml"
    scenario.write_text(SUMMER)
    status, found = run(tmp_path, str(scenario), "--subject", name, "--subject", "unbound")
    assert (status, found[name]["verdict"], found["unbound"]["verdict"]) == (3, "inconclusive", "passed")
    assert words in json.dumps(found[name])
    assert found[name]["outcome"] is None


SECONDS = """
title = "Seconds in October"
start = 2018-10-11T15:59:56Z
stop = 2018-10-11T16:00:04Z

[authority]
base = "2018-actual"

[[subject]]
name = "mine"
model = "daemon:unbound"
clock = "none"

[[event]]
at = 2018-10-11T16:00:01Z
subject = "mine"
restart = { kill = true, keep-state = false }

[[expect]]
id = "mine-fails"
subject = "mine"
fails = { from = 2018-10-11T16:00:01Z, cause = "state-not-persisted" }
"""


def test_real_time(tmp_path: Path) -> None:
    """Software that nothing can be told of the time goes through seconds of a scenario, under real dates."""
    scenario = tmp_path / "seconds.toml"
    scenario.write_text(SECONDS)
    status, found = run(tmp_path, str(scenario))
    assert (status, found["mine"]["kind"], found["mine"]["outcome"]) == (0, "daemon", "bogus")
    assert "2018-10-11T16:00:01Z" <= found["mine"]["first_failure"] < "2018-10-11T16:00:04Z"
