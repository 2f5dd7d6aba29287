"""What a fleet asks of the root: rates are the models', and the sum follows who fails."""

from __future__ import annotations

import numpy as np
import pytest

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.clock import DAY, HOUR, parse_instant
from lab.dnssec.names import ROOT
from lab.nameserver.responder import Responder
from lab.population.fleet import fleet_of_text, names_of, strata_of
from lab.population.load import Load, load_of, rates_of
from lab.population.simulate import simulate
from lab.population.strata import compile_strata
from lab.population.world import Stage, world_of
from lab.resolver.asked import AskedModel
from lab.resolver.model import Setup
from lab.resolver.profiles import MODELS
from lab.resolver.refresh import Jitter
from lab.run.cast import Labels
from lab.scenario.load import load_scenario

TTL = 172_800
LOOKED = 40
"""Days over which a model's queries are counted, after ten to settle."""


@pytest.mark.parametrize(
    "name",
    ["bind-9.11.2", "bind-9.11.3", "unbound", "knot", "pdns-recursor", "static", "rfc5011-strict", "sdns"],
)
def test_working_rates_are_the_models(name: str) -> None:
    """A preset that is asked every half hour sends as many DNSKEY queries as its knobs say."""
    scenario = load_scenario("2018-actual")
    ring = KeyRing(scenario.key_files)
    responder = Responder(ZoneSigner(scenario.timeline, ring, watermark=scenario.name))
    keys = {key: ring.key(key) for key in scenario.key_names}
    anchors = (ring.key(scenario.anchors_default[0]).ds(ROOT),)
    policy = MODELS[name].policy
    model = AskedModel(policy, Setup("asked", ROOT, anchors, Jitter(1, "x"), Labels(keys)), responder.answer)
    start = parse_instant("2017-07-01T00:00:00Z")
    model.start(start)
    for number in range(48 * (10 + LOOKED)):
        model.live(start + number * HOUR // 2)
        model.ask(start + number * HOUR // 2)
    counted = sum(at >= start + 10 * DAY for at in model.sent) / LOOKED
    assert rates_of(policy, TTL, 96).working == pytest.approx(counted, rel=0.06)


def test_failing_and_priming_rates() -> None:
    """A failing BIND asks 26 servers, but once in 30 s; who has no memory asks at every question."""
    bind, knot = MODELS["bind"].policy, MODELS["dnsmasq"].policy
    assert rates_of(bind, TTL, 10).failing == 260
    assert rates_of(bind, TTL, 1e9).failing == 26 * 2880
    assert rates_of(knot, TTL, 12_345).failing == 12_345
    assert rates_of(bind, TTL, 10).priming == pytest.approx(1 / 6)
    assert rates_of(MODELS["unbound"].policy, TTL, 10).priming == 1


FLEET = """
title = "Late strict ones, and old static ones"
[[cohort]]
name = "late"
model = "rfc5011-strict"
share = { value = 1, source = "test" }
start = { source = "too late for the hold-down", window = [{ from = 2018-09-20, to = 2018-09-25 }] }
[[cohort]]
name = "old"
model = "static"
share = { value = 1, low = 0.5, high = 2, source = "test" }
start = { source = "long before", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
"""


@pytest.fixture(scope="module")
def load() -> Load:
    """Return the load of a fleet that fails at the roll to the last one."""
    fleet, scenario = fleet_of_text(FLEET), load_scenario("2018-actual")
    strata = strata_of(fleet, scenario)
    world = world_of(scenario, names_of(strata))
    compiled = compile_strata(world, Stage(world, scenario), strata)
    return load_of(fleet, scenario, compiled, simulate(compiled, 3, 400), 3, (10.0, 10.0, 10.0))


def day(text: str) -> int:
    """Return the number of a day of the scenario."""
    return (parse_instant(f"{text}T00:00:00Z") - parse_instant("2017-07-01T00:00:00Z")) // DAY


def test_load_follows_failures(load: Load) -> None:
    """Before the roll all work; after it all fail; from the revocation on those that give up ask no more."""
    median = load.dnskey[:, 1]
    assert load.dnskey[day("2018-09-10")] == pytest.approx([0.5, 0.5, 0.5])
    assert median[day("2018-10-10")] == pytest.approx(1.0, abs=0.1)
    assert load.failing[:, day("2018-10-14")] == pytest.approx([1, 1])
    assert median[day("2018-10-14")] == pytest.approx(10)
    assert load.failing[:, day("2019-01-14")] == pytest.approx([0, 1])
    low, middle, high = load.dnskey[day("2019-01-14")]
    assert low < middle < high
    assert middle == pytest.approx(5, abs=0.7)
    assert np.ptp(load.priming[day("2018-09-20") :]) < 0.01


def test_rates_are_those_of_the_best_number(load: Load) -> None:
    """A row for each cohort, in the order of the file."""
    assert [round(one.working, 1) for one in load.rates] == [1.5, 0.5]
    assert [one.failing for one in load.rates] == [10, 10]
