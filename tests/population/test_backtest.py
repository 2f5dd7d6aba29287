"""Forecasts: their form, what holds of them whatever the numbers, and the engine where it can say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from lab.clock import DAY, HOUR
from lab.errors import ScenarioError
from lab.population.assumptions import ASSUMPTIONS, draws
from lab.population.backtest import Table, backtest, large_on, roll_of, told
from lab.population.draws import seed_key
from lab.population.fleet import fleet_of_text, load_fleet, names_of, strata_of
from lab.population.forecast_caches import drain, old_share
from lab.population.forecast_load import Events, excess, multiple
from lab.population.forecast_signals import NEVER, adoption, days_since, naming_old, sources
from lab.population.load import failing_rate
from lab.population.sampler import Floats
from lab.population.sights import KINDS, publication, sights_of
from lab.population.strata import compile_strata
from lab.population.tables import Estimate
from lab.population.vector import live
from lab.population.world import Stage, world_of
from lab.resolver.profiles import MODELS
from lab.run.onset import onset_of_model
from lab.scenario.load import load_scenario

CUT_OFF = date(2017, 9, 30)
FEW = 200
ROLL, REVOKED, WITHDRAWN = 375.67, 467.58, 537.67


def numbers(**changed: float) -> dict[str, Floats]:
    """Return the values of the shipped fleet as one draw each, some changed."""
    shipped = load_fleet("2017").file.assumption
    return {
        one.name: np.array([changed.get(one.name.replace("-", "_"), float(shipped[one.name].value))])
        for one in ASSUMPTIONS
    }  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Return the tables of the shipped fleet, with few draws."""
    found = backtest(load_fleet("2017"), load_scenario("2018-actual"), 1, FEW)
    return {table.name: table for table in found}


@pytest.mark.parametrize(
    ("name", "first", "last", "rows"),
    [
        ("adoption", "2017-10-01", "2019-03-31", 547),
        ("drain", "0", "72", 73),
        ("revocation", "2019-01-09", "2019-03-31", 82),
        ("load", "2018-08-01", "2019-04-01", 244),
    ],
)
def test_form(tables: dict[str, Table], name: str, first: str, last: str, rows: int) -> None:
    """Each table has its days or hours, without a gap, and numbers in order."""
    table = tables[name]
    assert (table.when[0], table.when[-1], len(table.when)) == (first, last, rows)
    lines = table.csv().splitlines()
    assert lines[0] == "when,low,median,high"
    assert len(lines) == rows + 1
    assert np.isfinite(table.rows).all()
    assert (np.diff(table.rows, axis=1) >= 0).all()
    top = np.inf if name == "load" else 100
    assert ((table.rows >= 0) & (table.rows <= top)).all()


def test_same_seed_same_bytes(tables: dict[str, Table]) -> None:
    """The bytes depend on fleet, scenario, seed and number of draws alone; another seed gives others."""
    fleet, scenario = load_fleet("2017"), load_scenario("2018-actual")
    again = {one.name: one.csv() for one in backtest(fleet, scenario, 1, FEW)}
    assert again == {name: table.csv() for name, table in tables.items()}
    assert backtest(fleet, scenario, 2, FEW)[0].csv() != again["adoption"]


def test_the_drain_is_the_engines_onset() -> None:
    """A cache capped at a day and one with the whole TTL lose the old set when the engine's models fail."""
    scenario = load_scenario("2018-actual")
    text = """
title = "two caps"
[[cohort]]
name = "static"
model = "static"
share = { value = 1, source = "all" }
start = { source = "before", window = [{ from = 2012-01-01, to = 2017-07-01 }] }
cache = { source = "both", cap = [{ share = 1, ttl-cap = "P1D" }, { share = 1, ttl-cap = "P2D" }] }
absence = { source = "phases of their own", every = "P700D" }
"""
    strata = strata_of(fleet_of_text(text), scenario)
    world = world_of(scenario, names_of(strata))
    compiled = compile_strata(world, Stage(world, scenario), strata)
    seen = live(0, 20_000, seed_key(1), compiled.arrays, compiled.tables)
    after = (seen[2] - (roll_of(scenario).rolled - world.start)) / HOUR
    d = numbers(switch_minutes=1e-9, past_ttl=1e-12, renewed_daily=1e-12, renewed_twice=1e-12, cap_2d=0.5,
                cap_1d=1 - 1e-12)  # fmt: skip
    hours = np.array([0.0, 3, 6, 12, 18, 23, 24, 30, 40, 47, 48, 60])
    engine = [(after > hour).mean() for hour in hours]
    assert old_share(d, hours)[0] == pytest.approx(engine, abs=0.015)


def test_the_drain_falls() -> None:
    """It begins with nearly everybody, is the mean of an hour, falls, and ends with the few past the TTL."""
    d = numbers()
    curve = old_share(d, np.arange(0, 73, 0.25))[0]
    assert curve[0] == pytest.approx(1)
    assert (np.diff(curve) <= 0).all()
    assert curve[-1] < 0.02
    table = drain({name: np.repeat(one, 3000) for name, one in d.items()}, 72, 1)
    assert np.median(table[:, 10]) == pytest.approx(100 * curve[40:45].mean(), abs=0.5)


def test_adoption_begins_where_the_fit_ends() -> None:
    """On the first day the share is the fitted one; the trend goes on, wears off, and the roll mends."""
    d = numbers(apps_ratio=1e-9, unbound_ratio=1e-9, mended=0.5)
    at = np.arange(546.0)
    lacking = sources(d, CUT_OFF, at, ROLL, REVOKED).lacking[0]
    assert lacking[0] == pytest.approx(d["lacking"][0], rel=0.01)
    odds = lacking / (1 - lacking)
    assert odds[30] / odds[0] == pytest.approx(d["lacking-trend"][0] ** 0.905, rel=0.01)
    assert lacking[300] / lacking[330] < 1.02
    assert lacking[400] / lacking[374] == pytest.approx(0.5, rel=0.02)


def test_new_signallers_come_with_1_6_7() -> None:
    """Nobody comes in before 2017-10-05; then applications raise the share, and fall when they are fixed."""
    d = numbers(apps_ratio=1.0, unbound_ratio=1e-9, apps_uptake=50.0, apps_fixed=300.0)
    seen = sources(d, CUT_OFF, np.arange(546.0), NEVER, NEVER)
    assert seen.apps[0, :5].max() == 0
    assert seen.apps[0, 60] > 0.3
    assert seen.apps[0, 500] < seen.apps[0].max()


def test_intervals_widen(tables: dict[str, Table]) -> None:
    """What is far away is less sure than tomorrow."""
    low, _, high = tables["adoption"].row("2017-10-02")
    far_low, _, far_high = tables["adoption"].row("2018-09-30")
    assert far_high - far_low > 2 * (high - low)


def test_naming_the_old_key_ends_within_days() -> None:
    """Before the revocation nearly all name it; four days after only those whose anchors are written down."""
    sights = sights_of(load_scenario("2018-actual"), 1, 2000)
    d = {k: np.repeat(v, FEW) for k, v in numbers(drift=1e-6, apps_ratio=1e-9, often_off=1e-9).items()}
    at = np.array([466.0, 467.0, 468.0, 469.0, 470.0, 471.0, 490.0])
    share = np.median(naming_old(d, CUT_OFF, at, ROLL, REVOKED, sights, 1), axis=0)
    assert share[0] == pytest.approx(98, abs=0.5)
    assert share[1] > 90
    assert (np.diff(share[:5]) < 0).all()
    before = sources(d, CUT_OFF, at, ROLL, NEVER)
    after = sources(d, CUT_OFF, at, ROLL, REVOKED)
    assert after.servers[0, -1] == pytest.approx(before.servers[0, -1] * d["still-old"][0])
    assert before.total[0, -1] - after.total[0, -1] == pytest.approx(
        before.servers[0, -1] - after.servers[0, -1]
    )
    stale = after.lacking[0, -1]
    assert share[-1] == pytest.approx(100 * (stale + d["both-static"][0]), abs=0.3)


def test_queries_follow_failures() -> None:
    """Nothing before the roll, most when all have failed, less as they are mended, none at last."""
    d = numbers(revoked_factor=3.0, bind_part=0.999, still_old=0.999)
    events = Events(ROLL, REVOKED, WITHDRAWN)
    at = np.arange(300.0, 548)
    level = excess(d, CUT_OFF, at, events)[0]
    day = {int(one): level[n] for n, one in enumerate(at)}
    assert max(day[n] for n in range(300, 375)) == 0
    assert day[376] > day[375] > 0
    assert day[385] < day[377]
    assert day[480] / day[460] == pytest.approx(3, rel=0.15)
    assert day[545] < day[460]
    table = multiple(
        {k: np.repeat(v, FEW) for k, v in d.items()}, CUT_OFF, at, events, np.zeros(len(at)), 71, 1
    )
    assert table[:, :71].mean(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("model", ["bind-static", "unbound-static"])
def test_failing_rates_are_the_models(model: str) -> None:
    """The law (burst, memory, questions) is what a preset does that is asked seldom and often."""
    policy = MODELS[model].policy
    row = onset_of_model(load_scenario("roll-without-hold-down"), model)
    one = row.onsets[0]
    often = failing_rate(policy, np.array([960 * 24.0]))[0] / 24
    assert one.in_an_hour == pytest.approx(often, rel=0.15)
    seldom = failing_rate(policy, np.array([48.0]))[0]
    assert one.in_a_day == pytest.approx(seldom, rel=0.05)


def test_large_responses_are_asked_for_twice() -> None:
    """Two zone keys beside both key-signing ones, or a second signature, do not fit: then TCP counts too."""
    days = np.arange(305, 548)
    large = large_on(load_scenario("2018-actual"), date(2017, 10, 1), days)
    on = {(date(2017, 10, 1) + timedelta(days=int(day))).isoformat() for day in days[large > 0]}
    assert {"2018-09-25", "2018-10-05", "2018-12-25", "2019-01-12", "2019-03-20"} <= on
    assert not {"2018-09-10", "2018-10-20", "2018-12-01", "2019-03-25"} & on
    d = numbers(real=1e-9, tcp_part=0.2, load_noise=1e-9)
    events = Events(ROLL, REVOKED, WITHDRAWN)
    level = multiple(d, CUT_OFF, days.astype(float), events, large, 71, 1)[0]
    assert level[large > 0].min() / level[large == 0].max() == pytest.approx(1.2, abs=0.001)


def test_applications_with_both_keys_name_the_old_one() -> None:
    """What has both keys built in names the old one at each start, revoked or not."""
    sights = sights_of(load_scenario("2018-actual"), 1, 2000)
    d = {k: np.repeat(v, FEW) for k, v in numbers(drift=1e-6, apps_ratio=1.0, apps_fixed=20.0).items()}
    at = np.array([500.0])
    seen = sources(d, CUT_OFF, at, ROLL, REVOKED)
    share = np.median(naming_old(d, CUT_OFF, at, ROLL, REVOKED, sights, 1))
    assert share > 100 * seen.fixed[0, 0] / seen.total[0, 0] > 20


def test_draws_have_the_ranges() -> None:
    """The value is the median, low and high the 5 and 95 % quantiles, on each scale."""
    shipped = load_fleet("2017").file.assumption
    found = draws(shipped, "2017", 1, 20_000)
    for one in ASSUMPTIONS:
        low, high = shipped[one.name].range
        span = high - low
        got = np.quantile(found[one.name], (0.05, 0.5, 0.95))
        assert got == pytest.approx((low, float(shipped[one.name].value), high), abs=0.05 * span), one.name


@pytest.mark.parametrize(
    ("name", "low", "value", "high", "says"),
    [
        ("real", 0, 0.1, 0.4, "assumption.real: its range must lie between 0 and 1, without the ends"),
        ("real", 0.1, 0.2, 1, "between 0 and 1"),
        ("questions", 0, 1, 2, "assumption.questions: its range must lie above 0"),
    ],
)
def test_ranges_off_their_scale_are_refused(
    name: str, low: float, value: float, high: float, says: str
) -> None:  # fmt: skip
    """A share of nothing or all, or a factor of nothing, has no scale to be drawn on."""
    shipped = dict(load_fleet("2017").file.assumption)
    shipped[name] = Estimate(value=value, low=low, high=high, source="test")
    with pytest.raises(ScenarioError) as said:
        draws(shipped, "x", 1, 10)
    assert says in str(said.value)


def test_what_forecasts_need_is_said() -> None:
    """A fleet without a fit, or without a number, and scenarios without a whole roll are refused."""
    fleet, scenario = load_fleet("2017"), load_scenario("2018-actual")
    with pytest.raises(ScenarioError, match="nothing in this fleet was fitted"):
        backtest(load_fleet("2026"), scenario, 1, FEW)
    less = {name: one for name, one in fleet.file.assumption.items() if name != "real"}
    short = replace(fleet, file=fleet.file.model_copy(update={"assumption": less}))
    with pytest.raises(ScenarioError, match=r"assumption\.real: forecasts need this number"):
        backtest(short, scenario, 1, FEW)
    with pytest.raises(ScenarioError, match="is not rolled, revoked and withdrawn"):
        backtest(fleet, load_scenario("without-revoke"), 1, FEW)
    fitted = fleet.file.fitted
    assert fitted is not None
    late = fitted.model_copy(update={"until": roll_of(scenario).rolled})
    with pytest.raises(ScenarioError, match="the roll lies before the cut-off"):
        backtest(replace(fleet, file=fleet.file.model_copy(update={"fitted": late})), scenario, 1, FEW)


def test_instants() -> None:
    """The roll's instants are the scenario's; the first day after the cut-off is day 0."""
    roll = roll_of(load_scenario("2018-actual"))
    assert told(roll).startswith("rolled 2018-10-11T16:00:00Z, revoked 2019-01-11T14:00:00Z, withdrawn 2019")
    assert days_since(CUT_OFF, roll.rolled) == pytest.approx(375 + 16 / 24)
    key, published = publication(load_scenario("2018-actual"))
    assert (key, published % DAY) == ("ksk-2017", 16 * HOUR)


def test_counting_adds_noise() -> None:
    """Around the expected share the counts of a day scatter as their number says."""
    d = {k: np.repeat(v, 4000) for k, v in numbers(drift=1e-9, scatter=1e-9, growth=1.0, apps_ratio=1e-9,
                                                   unbound_ratio=1e-9, sources=1000.0).items()}  # fmt: skip
    spread = adoption(d, CUT_OFF, np.arange(3.0), ROLL, REVOKED, 1).std(axis=0)
    share = float(d["lacking"][0])
    assert spread == pytest.approx(100 * np.sqrt(share * (1 - share) / 1000), rel=0.1)


def test_nothing_published_is_said() -> None:
    """A scenario without a new key has nothing to learn."""
    scenario = load_scenario("2018-actual")
    alone = replace(scenario, anchors_default=scenario.key_names)
    with pytest.raises(ScenarioError, match="no key `next` is published"):
        publication(alone)


def test_kinds_learn_in_their_order() -> None:
    """Nobody has learnt when the hold-down ends; who refreshes past the cache is first, the off last."""
    sights = sights_of(load_scenario("2018-actual"), 1, 2000)
    lag = sights.lag(np.array([29.0, 30.5, 31.5, 40.0]))
    assert [kind[0] for kind in KINDS] == ["cached", "fresh", "often-off"]
    assert lag[:, 0].tolist() == [1, 1, 1]
    assert lag[1, 2] < lag[0, 2] < lag[2, 2]
    assert lag[:, 3].max() < 0.02
