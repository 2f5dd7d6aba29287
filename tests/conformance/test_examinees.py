"""Who can be examined, and how cases share lives and stages."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.conformance.case import choose
from lab.conformance.examine import TOGETHER, examine, sittings
from lab.conformance.examinee import DAEMON, DAEMONS, examinee
from lab.conformance.findings import known_findings
from lab.conformance.result import CaseResult, Examination, repro
from lab.conformance.stage import player_for
from lab.drivers.table import DRIVERS, PREFIX
from lab.errors import ScenarioError

DRIVER = """\
name = "mine"
command = ["mydns", "$folder/mine.conf"]
managed = true
"""


def test_daemons_fail_what_their_models_fail() -> None:
    """A real resolver is known to fail what its model does, unless the list says otherwise."""
    for name in DAEMONS:
        who = examinee(PREFIX + name)
        assert who.kind == DAEMON
        assert who.model == PREFIX + name
        assert set(who.xfails) <= set(known_findings(DRIVERS[name].model)) | set(
            known_findings(PREFIX + name)
        )
    assert "managed" in examinee("daemon:unbound").abilities
    assert "managed" not in examinee("daemon:pdns_recursor").abilities
    assert "signals" in examinee("daemon:named").abilities


def test_described_daemon(tmp_path: Path) -> None:
    """What a driver file says decides what applies; without a state file only clients are looked at."""
    path = tmp_path / "mine.toml"
    path.write_text(DRIVER)
    probed = examinee(str(path))
    assert (probed.name, probed.model) == ("mine", f"daemon:{path}")
    assert "state" not in probed.abilities
    path.write_text(DRIVER + 'state-file = "state/root.key"\nsignals = true\n')
    assert {"state", "signals"} <= examinee(str(path)).abilities
    path.write_text(DRIVER + 'state-file = "root.key"\n')
    with pytest.raises(ScenarioError, match="no file of the state"):
        examinee(str(path))


def test_strangers_are_refused() -> None:
    """Nobody of an unknown name is examined, and near names are said."""
    with pytest.raises(ScenarioError, match='did you mean "unbound"'):
        examinee("unbuond")
    with pytest.raises(ScenarioError, match="no driver 'unbuond'"):
        examinee("daemon:unbuond")


def test_lives_are_shared() -> None:
    """Cases that agree in world, subject and events are one life, named the same however many are chosen."""
    who = [examinee("bind"), examinee("unbound")]
    (all_of_roll,) = [
        one
        for one in sittings(choose(()), who)
        if any(life.name == "RFC5011-2.1-REV-01" for _, life, _ in one.places)
    ]
    name, life, _ = next(place for place in all_of_roll.places if place[1].name == "RFC5011-2.1-REV-01")
    assert name == "bind@RFC5011-2.1-REV-01"
    assert {"RFC5011-2.2-ADD-01", "RFC5011-2.4.1-ADD-02", "RFC5011-6.3-ROLL-01"} <= {
        one.id for one in life.cases
    }
    (alone,) = sittings(choose(("RFC5011-2.4.1-ADD-02",)), who)
    assert [place[0] for place in alone.places] == ["bind@RFC5011-2.1-REV-01", "unbound@RFC5011-2.1-REV-01"]


def test_daemons_are_played_some_at_a_time() -> None:
    """Real resolvers share a stage, but not more than it holds, and never with models."""
    who = [examinee(PREFIX + name) for name in DAEMONS] + [examinee("unbound")]
    found = list(sittings(choose(()), who))
    for one in found:
        kinds = {place[2].kind for place in one.places}
        assert len(kinds) == 1
        assert kinds == {"model"} or len(one.places) <= TOGETHER
    places = [place[0] for one in found for place in one.places]
    assert len(places) == len(set(places))


def test_verdicts() -> None:
    """The worst result counts; where nothing applies there is no evidence."""

    def of(*statuses: str) -> str:
        rows = tuple(CaseResult("X", "y", status, "") for status in statuses)
        return Examination((), (), rows, 0).verdict

    assert of("pass", "xfail", "not-applicable") == "passed"
    assert of("pass", "inconclusive") == "inconclusive"
    assert of("inconclusive", "fail") == "failed"
    assert of("not-applicable") == "inconclusive"


def test_unlisted_pass_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that passes what it is listed to fail fails the run."""
    who = examinee("rfc5011-strict")
    from dataclasses import replace

    listed = replace(who, xfails={"REPLAY-01": "says who"})
    (one,) = examine(choose(("REPLAY-01",)), [listed], player_for([listed])).results
    assert one.status == "fail"


def test_repro_is_one_line() -> None:
    """The line that repeats a result names case, subject, and the seed if there is one."""
    one = CaseResult("REPLAY-01", "mine", "fail", "")
    assert repro(one, 0) == "rootlab conformance run --case REPLAY-01 --subject mine"
    assert repro(one, 7, "--sut m.toml") == "rootlab conformance run --case REPLAY-01 --sut m.toml --seed 7"
