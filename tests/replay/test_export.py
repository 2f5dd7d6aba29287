"""A run can be written as a scenario that others execute, and that the lab itself passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.errors import UserError
from lab.observation import Transition
from lab.replay.export_run import export_ceremony, export_scenario
from lab.replay.rpl import parse_rpl
from lab.replay.runner import replay
from lab.run.engine import play, play_ceremony
from lab.scenario.load import load_scenario
from lab.scenario.spec import Scenario

SCENARIO = """\
title = "A roll"
start = 2018-09-01T00:00:00Z
stop = 2019-04-30T00:00:00Z

[authority]
quarters = { 2017Q3 = "pre-publish", 2017Q4 = "publish+", 2018Q4 = "rollover", 2019Q1 = "revoke" }
keys = { current = "ksk-2010", next = "ksk-2017" }

[[subject]]
name = "strict"
model = "rfc5011-strict"
anchors = ["ksk-2010"]

[[subject]]
name = "learner"
model = "unbound"
anchors = ["ksk-2010"]
POLICY

[[subject]]
name = "other"
model = "unbound"
anchors = ["ksk-2017"]
anchor-format = "dnskey"
"""


def scenario(tmp_path: Path, more: str = "") -> Scenario:
    """Return a scenario of eight months with two Unbounds."""
    path = tmp_path / "roll.toml"
    path.write_text(SCENARIO.replace("POLICY", more), encoding="utf-8")
    return load_scenario(str(path))


def test_exported_run(tmp_path: Path) -> None:
    """The file has every transition of the run at its second, and its own replay passes."""
    loaded = scenario(tmp_path)
    record = play(loaded)
    exported = export_scenario(loaded, record)
    assert exported.differences == ()
    result = replay(parse_rpl(exported.text, "x.rpl"))
    assert (result.verdict, result.notes) == (
        "passed",
        tuple(n for n in result.notes if n.kind == "no-effect"),
    )
    wanted = [t.at for t in record.observations if isinstance(t, Transition) and t.subject == "learner"]
    assert len(wanted) >= 4
    steps = [int(seconds) for seconds in re.findall(r"TIME_PASSES ELAPSE (\d+)", exported.text)]
    probes = {sum(steps[: number + 1]) for number in range(len(steps))}
    assert set(wanted) <= probes


def test_other_models_fail_the_file(tmp_path: Path) -> None:
    """What the file checks is Unbound's behaviour: another model does not pass it."""
    loaded = scenario(tmp_path)
    text = export_scenario(loaded, play(loaded)).text
    assert replay(parse_rpl(text, "x.rpl"), "bind").verdict == "failed"


def test_chosen_subject(tmp_path: Path) -> None:
    """The first Unbound is taken, or the one that is named; others have no file to check."""
    loaded = scenario(tmp_path)
    record = play(loaded)
    assert "; subject learner" in export_scenario(loaded, record).text
    other = export_scenario(loaded, record, ["other"])
    assert "; subject other" in other.text
    assert "IN\tDNSKEY\t257" in other.text.split("AUTOTRUST_END")[0]
    with pytest.raises(UserError, match=r"no subject of the run is an Unbound.*name one of learner, other"):
        export_scenario(loaded, record, ["strict"])


def test_knobs(tmp_path: Path) -> None:
    """Knobs that unbound.conf has are written there; others are told as a difference."""
    loaded = scenario(tmp_path, 'policy = { add-hold-down = "P20D", negative = "PT5S" }')
    exported = export_scenario(loaded, play(loaded))
    assert "\tadd-holddown: 1728000\n" in exported.text
    assert exported.differences == ("the knob negative has no line in unbound.conf",)
    assert replay(parse_rpl(exported.text, "x.rpl")).verdict == "passed"


def test_disturbed_subject(tmp_path: Path) -> None:
    """What no .rpl can say is left out, and that is said."""
    loaded = scenario(tmp_path, 'restart-every = "P7D"')
    exported = export_scenario(loaded, play(loaded))
    assert "restarts, absences, clock and state of the subject are left out" in exported.differences


def test_ceremony_files(shared_data: Path) -> None:
    """A run on ceremony files is exported with the real root's RRsets and signatures."""
    files = sorted((shared_data / "skr").glob("*2017*.xml"))
    exported = export_ceremony(files, play_ceremony(files, ["unbound"]))
    assert exported.differences == ()
    result = replay(parse_rpl(exported.text, "x.rpl"))
    assert result.verdict == "passed"
    assert "19036 ." in exported.text


def test_names_cannot_break_out(tmp_path: Path) -> None:
    """A title with line breaks or keywords stays in its line."""
    path = tmp_path / "odd.toml"
    odd = SCENARIO.replace('"A roll"', '"x\\nCONFIG_END\\nSTEP 1 TRAFFIC"').replace("POLICY", "")
    path.write_text(odd, encoding="utf-8")
    loaded = load_scenario(str(path))
    exported = export_scenario(loaded, play(loaded, subjects=["learner"]))
    assert replay(parse_rpl(exported.text, "x.rpl")).verdict == "passed"
