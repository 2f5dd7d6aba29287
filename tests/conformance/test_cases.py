"""The shipped cases: each has an identifier, a sentence of an RFC behind it, and can be failed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lab.conformance.case import ABILITIES, STRICT, SUT, Case, choose, load_case, shipped_cases
from lab.conformance.result import XFAIL, Examination
from lab.errors import ScenarioError
from lab.report import Page
from lab.report.conformance import cases_json, cases_text
from lab.run.engine import play
from lab.run.judge import judge

from ..selftest.wrong import WRONG

CASES = shipped_cases()
IDENTIFIER = re.compile(r"[A-Z]+\d*(-\d+(\.\d+)*)*(-[A-Z0-9]+)*")
WRONG_POLICIES = [
    (*one.knobs.items(), *((("rows", one.rows),) if one.rows else ())) for one in WRONG
]  # fmt: skip
FALLIBLE = """\
title = "A new key is trusted"
cites = ["RFC 5011 section 2.2: it is watched, then trusted"]
world = "roll"
[[expect]]
id = "trusted"
reaches = { key = "ksk-spare-2", state = "Valid" }
"""


def write(folder: Path, text: str) -> Path:
    """Write a case's file."""
    path = folder / "MINE-01.toml"
    path.write_text(text)
    return path


def test_there_are_many() -> None:
    """There are more than sixty cases, each of another name."""
    assert len(CASES) > 60
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_is_told(case: Case) -> None:
    """A case has an identifier, and each of its citations names a section and what it demands."""
    assert IDENTIFIER.fullmatch(case.id)
    assert case.scenario.subjects[0].name == SUT
    assert set(case.needs) <= set(ABILITIES)
    for cite in case.cites:
        section = re.match(r"RFC (\d+) section (\d+(?:\.\d+)*): .{20}", cite)
        assert section, cite
    if case.id.startswith("RFC"):
        rfc, section_of_id, *_ = case.id.removeprefix("RFC").split("-")
        assert any(cite.startswith(f"RFC {rfc} section {section_of_id}") for cite in case.cites)


def test_every_case_can_be_failed(everybody: Examination) -> None:
    """Somebody fails it: a model, or one of the policies that are wrong on purpose."""
    failed = {one.case for one in everybody.results if one.status == XFAIL}
    left = [case for case in CASES if case.id not in failed]
    assert len(left) < len(CASES) / 2
    assert [case.id for case in left if not fallible(case)] == []


def fallible(case: Case) -> bool:
    """Tell whether a static validator, one on a narrow path, or a wrong policy fails a case."""
    spec = case.scenario.subjects[0]
    cast = (
        replace(spec, name="static", model="static", anchors=case.scenario.anchors_default),
        replace(spec, name="narrow", udp_size=512, tcp=False),
        replace(spec, name="mute", model="unbound", anchors=("ksk-2010",)),
        *(replace(spec, name=f"wrong-{n}", policy=knobs) for n, knobs in enumerate(WRONG_POLICIES)),
    )
    for one in cast:
        alone = replace(
            case.scenario,
            subjects=(one,),
            events=tuple(replace(event, subject=one.name) for event in case.scenario.events),
            expectations=tuple(replace(stated, subject=one.name) for stated in case.scenario.expectations),
        )
        if judge(play(alone)).verdict == "failed":
            return True
    return False


def test_chosen_by_name() -> None:
    """A case is chosen by its identifier, several by what they begin with, all by nothing."""
    assert [case.id for case in choose(("REPLAY-01",))] == ["REPLAY-01"]
    assert {case.id[:7] for case in choose(("REPLAY-*", "ALG-01"))} == {"REPLAY-", "ALG-01"}
    assert choose(()) == CASES
    with pytest.raises(ScenarioError, match="no case 'REPLAY-1'; did you mean \"REPLAY-01\""):
        choose(("REPLAY-1",))


def test_list_is_as_documented() -> None:
    """`conformance list --format json` is a list of id, title and cites; the table fits 80 columns."""
    rows = json.loads(cases_json(CASES))
    assert [row["id"] for row in rows] == [case.id for case in CASES]
    assert {tuple(row) for row in rows} == {("id", "title", "cites")}
    text = cases_text(CASES, Page(80))
    assert max(map(len, text.splitlines())) <= 80
    assert f"{len(CASES)} cases" in text


def test_case_is_a_scenario_written_shorter(tmp_path: Path) -> None:
    """World, subject and names are filled in; a case about states alone is for who tells them."""
    case = load_case(write(tmp_path, FALLIBLE))
    (subject,) = case.scenario.subjects
    assert (case.id, subject.name, subject.model, case.needs) == ("MINE-01", SUT, STRICT, ("state",))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('world = "roll"', 'world = "rill"', 'no shipped scenario is called "rill"|no shipped scenario has'),
        ("[[expect]]", '[subject]\nmodel = "bind"\n[[expect]]', "without name, model, policy and clock"),
        ("[[expect]]", 'needs = ["magic"]\n[[expect]]', "magic"),
        ("[[expect]]", "[[wish]]", "wish"),
        (
            'cites = ["RFC 5011 section 2.2: it is watched, then trusted"]',
            "",
            "demands nothing of anybody; add cites",
        ),
    ],
)
def test_mistakes_are_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    """A mistake in a case's file is one line that names the file."""
    text = FALLIBLE.replace(old, new)
    if new.startswith("needs"):
        text = new.partition("\n")[0] + "\n" + FALLIBLE
    with pytest.raises(ScenarioError, match=message) as caught:
        load_case(write(tmp_path, text))
    assert "\n" not in str(caught.value)
