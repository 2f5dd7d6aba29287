"""What holds of every scenario: it is played to its end, no subject sees another, no short cut is seen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lab.clock import format_instant
from lab.observation import Observation
from lab.run.engine import play
from lab.run.explain import explain
from lab.run.judge import judge
from lab.run.record import Record

from ..effort import examples
from .scripts import Script, moments, scripts
from .stage import event, scenario

pytestmark = pytest.mark.no_cover


def played(script: Script, *more: str, **choices: Any) -> Record:
    """Play a script, with some parts added."""
    return play(scenario(*script.subjects, *script.events, *more, **script.span), **choices)


def seen(record: Record, name: str = "s1") -> list[Observation]:
    """Return what was seen of a subject."""
    return [one for one in record.observations if one.subject == name]


@examples(20)
@given(script=scripts())
def test_any_scenario_is_played(script: Script, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever happens to whichever models, a run keeps the invariants and can be stored, judged and told."""
    record = played(script)
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    record.write(path)
    assert Record.read(path) == record
    assert judge(Record.read(path)) == judge(record)
    assert len(explain(record)) > len(script.subjects)


@examples(15)
@given(script=scripts(most=4))
def test_subjects_do_not_see_each_other(script: Script) -> None:
    """What is seen of a subject is the same whoever else is played."""
    assert seen(played(script, subjects=["s1"])) == seen(played(script))


@examples(15)
@given(script=scripts(most=1))
def test_no_short_cut_of_signatures_is_seen(script: Script) -> None:
    """Every signature verified anew each time gives the same record as each verified once."""
    assert played(script, memo=False).to_bytes() == played(script).to_bytes()


@examples(20)
@given(data=st.data(), script=scripts(most=1, actions_but="anchors"))
def test_no_jump_is_seen(data: st.DataObject, script: Script) -> None:
    """An event without effect, which no jump over attempts that must fail goes beyond, changes nothing."""
    assume('"getdns"' not in script.subjects[0])  # takes other anchors by itself
    (anchors,) = re.findall(r"^anchors = (.*)$", script.subjects[0], re.MULTILINE)
    moments_of = st.lists(moments(script.season), min_size=1, max_size=5)
    idle = f'anchors = {{ set = {anchors}, apply = "next-read" }}'
    stops = [event(format_instant(moment), idle) for moment in data.draw(moments_of)]
    assert seen(played(script, *stops)) == seen(played(script))
