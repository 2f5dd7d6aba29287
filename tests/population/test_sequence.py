"""Sequential decisions: no hindsight, no option that has passed, and gates at every delay."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.clock import Instant, parse_instant
from lab.errors import ScenarioError
from lab.population.decide_gate import load_gates
from lab.population.decide_sequence import decide, plans
from lab.population.plan import Plan, Request
from lab.population.plan_result import Sweep
from lab.report.plan_sequence import text

from .sweeps import GATE, sweep

FLEET = """
title = "One kind"
known-until = 2017-09-20
[[cohort]]
name = "old"
model = "static"
share = { value = 1, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
"""
ASKED = Request((), ("2017-planned",), (0, 3, 12), 200, worlds=100, sobol=64, watch=10)
SEPTEMBER, DECEMBER = parse_instant("2017-09-27"), parse_instant("2017-12-18")


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Return the path of a fleet that knows what was known on 2017-09-20."""
    path = tmp_path / "known.toml"
    path.write_text(FLEET)
    return path


def test_only_rolls_that_lie_ahead_are_options(fleet: Path) -> None:
    """In September the plan itself is an option, in December only delays are; the end has none."""
    dated = plans([(DECEMBER, str(fleet)), (SEPTEMBER, str(fleet))], ASKED)
    assert [(at, plan.inputs.delays) for at, plan in dated] == [
        (SEPTEMBER, (0, 3, 12)), (DECEMBER, (3, 12)),
    ]  # fmt: skip
    with pytest.raises(ScenarioError, match="every roll lies before 2019-01-01"):
        plans([(parse_instant("2019-01-01"), str(fleet))], ASKED)


def test_hindsight_is_refused(fleet: Path) -> None:
    """A fleet may not know more than its date, and must say what it knows."""
    with pytest.raises(ScenarioError, match="knows what came after 2017-09-19, until 2017-09-20"):
        plans([(parse_instant("2017-09-19"), str(fleet))], ASKED)
    fleet.write_text(FLEET.replace("known-until = 2017-09-20\n", ""))
    with pytest.raises(ScenarioError, match="does not say until when it knows"):
        plans([(SEPTEMBER, str(fleet))], ASKED)


@pytest.mark.parametrize(
    ("at_most", "said", "words"),
    [
        (4, ["go", "go"], "the first roll that meets the gates is that of 2017-10-11, 0 months late"),
        (3, ["open", "go"], "the first roll that meets the gates is that of 2018-04-11, 6 months late"),
        (2, ["open", "open"], "the evidence settles no delay: intervals straddle the gates"),
        (0.5, ["no-go", "no-go"], "no delay left meets the gates"),
    ],
)
def test_gates_are_held_against_every_delay(
    fleet: Path, tmp_path: Path, at_most: float, said: list[str], words: str
) -> None:
    """With 3 [2 to 4] % at once and 2 [1 to 3] % half a year later, the threshold decides; age is told."""
    path = tmp_path / "gates.toml"
    path.write_text(GATE.replace("0.5", str(at_most)))
    gates = load_gates(path)

    def run(at: Instant, plan: Plan) -> Sweep:
        return sweep()

    verdicts = decide(plans([(parse_instant("2017-10-10"), str(fleet))], ASKED), gates, run)
    assert [option.said for option in verdicts[0].options] == said
    told = text(verdicts, gates, 200)
    assert f"2017-10-10: {words} (fleet 2017, evidence 10 days old)" in told
    assert "seed 7" in told
    assert gates.digest[:16] in told
