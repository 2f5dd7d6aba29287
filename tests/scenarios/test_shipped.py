"""Every shipped scenario plays as it says, says where it comes from, and says nothing that is always true."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from lab.authority import signer
from lab.authority.signer import SignatureStore
from lab.resolver.profiles import MODELS
from lab.run.engine import play
from lab.run.judge import judge
from lab.run.verdict import RunResult
from lab.scenario.catalogue import shipped_scenarios, suites
from lab.scenario.load import Scenario, load_scenario, load_text

from .mutants import vacuous

pytestmark = pytest.mark.no_cover
NAMES = tuple(shipped_scenarios())


@pytest.fixture(scope="module", autouse=True)
def signed_once() -> Iterator[None]:
    """Let all runs share their signatures: what is signed is nearly the same in all of them."""
    store = SignatureStore()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signer, "SignatureStore", lambda: store)
        yield


@cache
def scenario_of(name: str) -> Scenario:
    """Load each scenario once."""
    return load_scenario(name)


@cache
def verdict_of(name: str) -> RunResult:
    """Play each scenario once."""
    return judge(play(scenario_of(name)))


@pytest.mark.parametrize("name", NAMES)
def test_plays_as_it_says(name: str) -> None:
    """Every expectation of every subject holds, and none is inconclusive."""
    unmet = [
        f"{finding.expectation}: {finding.verdict}, {finding.message}"
        for subject in verdict_of(name).subjects
        for finding in subject.findings
        if finding.verdict != "passed"
    ]
    assert unmet == []
    assert verdict_of(name).verdict == "passed"


@pytest.mark.parametrize("name", NAMES)
def test_no_expectation_is_vacuous(name: str) -> None:
    """Each expectation fails with a wrong model, without the story, or with a later roll."""
    assert vacuous(scenario_of(name)) == ()


@pytest.mark.parametrize("name", NAMES)
def test_chance_does_not_decide(name: str) -> None:
    """What is expected of a model that draws its refresh times holds with another seed too."""
    scenario = scenario_of(name)
    drawn = [one.name for one in scenario.subjects if MODELS[one.model].policy.schedule.jitter_tenths]
    if drawn:
        assert judge(play(scenario, seed=scenario.seed + 1, subjects=drawn)).verdict == "passed"


def test_a_vacuous_expectation_is_found(tmp_path: Path) -> None:
    """What holds for everybody at all times is caught by no mutation; what says something is."""
    path = tmp_path / "empty-words.toml"
    path.write_text(
        'title = "Empty words"\nstart = 2017-09-01\nstop = 2018-01-01\n'
        '[authority]\nbase = "2017-planned"\n'
        '[[subject]]\nname = "static"\n'
        '[[expect]]\nid = "empty"\nsubject = "static"\nnever-signals = { name = "_ta-9728" }\n'
        '[[expect]]\nid = "full"\nsubject = "static"\nfails = { from = 2017-10-11, to = 2017-10-14 }\n'
    )
    scenario = load_text(path.read_text(), path)
    assert judge(play(scenario)).verdict == "passed"
    assert vacuous(scenario) == ("empty",)


@pytest.mark.parametrize("name", NAMES)
def test_says_where_it_comes_from(name: str) -> None:
    """A scenario cites its sources and tells its story."""
    scenario = scenario_of(name)
    assert scenario.cites
    assert scenario.notes.strip()
    assert not scenario.title.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_every_subject_is_judged(name: str) -> None:
    """Every subject has an expectation of its own, whose id begins with the subject's name."""
    scenario = scenario_of(name)
    judged = {expectation.subject for expectation in scenario.expectations}
    assert [spec.name for spec in scenario.subjects if spec.name not in judged] == []
    loose = [one.id for one in scenario.expectations if not one.id.startswith(f"{one.subject}-")]
    assert loose == []


def test_ids_are_unique() -> None:
    """A scenario's name and an expectation's id name one thing in all that is shipped."""
    ids = [f"{name}.{expectation.id}" for name in NAMES for expectation in scenario_of(name).expectations]
    assert len(set(ids)) == len(ids)
    assert len({scenario_of(name).title for name in NAMES}) == len(NAMES)
    assert len({scenario_of(name).digest for name in NAMES}) == len(NAMES)


def test_every_scenario_is_in_one_suite() -> None:
    """The suites together are everything that is shipped, each scenario once."""
    listed = [name for suite in suites().values() for name in suite.scenarios]
    assert sorted(listed) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_short(name: str) -> None:
    """A scenario is read in an editor: no line is longer than a line of code."""
    lines = Path(scenario_of(name).path).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 110] == []
