"""Real resolvers without the new key: when they fail, and that they ask as often as their models do."""

from __future__ import annotations

import pytest

from lab.clock import HOUR
from lab.drivers.netns import available
from lab.drivers.onset import onset_of_daemon
from lab.drivers.programs import missing
from lab.drivers.table import DRIVERS
from lab.run.onset import Onset, onset_of_model
from lab.scenario.load import load_scenario
from tests.conftest import unavailable


def both(name: str) -> tuple[Onset, Onset]:
    """Return what was seen of a daemon, and of its model, from the first start on."""
    if reason := missing(DRIVERS[name]) or available():
        unavailable(reason)
    scenario = load_scenario("roll-without-hold-down")
    (real,) = onset_of_daemon(scenario, f"daemon:{name}", starts=1).onsets
    model, _ = onset_of_model(scenario, DRIVERS[name].model).onsets
    return real, model


@pytest.mark.parametrize("name", ["unbound-static", "named-static", "kresd-debian", "pdns_recursor"])
def test_asks_as_often_as_its_model(name: str) -> None:
    """The rate of queries to questions is of the model's class, and the failure comes when the model says.

    A look may be half an hour late, and while the DS of the child is cached, an hour, the root is not missed.
    """
    real, model = both(name)
    assert real.failed is not None
    assert model.failed is not None
    assert real.rate_class == model.rate_class
    later = (real.failed - real.fetched) - (model.failed - model.fetched)
    assert -60 <= later <= 2 * HOUR  # it fetches some moments after the question
    assert model.in_a_day / 3 <= real.in_a_day <= model.in_a_day * 2


@pytest.mark.parametrize("name", ["unbound", "named"])
def test_managed_ones_ask_as_often_as_their_models(name: str) -> None:
    """The same of those that wait for a hold-down: Unbound fails earlier, and BIND asks over IPv6 too."""
    real, model = both(name)
    assert real.rate_class == model.rate_class
    assert model.in_a_day / 3 <= real.in_a_day <= model.in_a_day * 2.5
