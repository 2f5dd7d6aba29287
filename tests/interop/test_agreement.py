"""Models held against the daemons they imitate: drawn worlds, and shipped scenarios.

`make test` plays a sample; `python -m tests.interop.drawn` and `make test-nightly` play them by the hundred.
"""

from __future__ import annotations

import pytest

from lab.drivers.netns import available
from lab.drivers.programs import missing
from lab.drivers.table import DRIVERS
from tests.conftest import unavailable
from tests.interop.drawn import PAIRS, compared, report, world

SAMPLE = {0: tuple(PAIRS), 2: tuple(PAIRS), 3: ("unbound",)}
"""Worlds that are played every time, and whose models: the last was found to differ once."""
APART = {
    5: ("bind", "key-a", "reset after the revocation: BIND drops the anchor at once"),
}
"""Worlds in which a model and its daemon part, and why: see docs/claims.md."""


@pytest.fixture(autouse=True)
def _programs() -> None:
    for daemon in PAIRS.values():
        if reason := missing(DRIVERS[daemon.removeprefix("daemon:")]) or available():
            unavailable(reason)


@pytest.mark.parametrize("number", SAMPLE)
def test_daemons_do_as_their_models(number: int) -> None:
    """Keys go through the same states, and clients see the same, within a step."""
    drawn = world(number)
    found = compared(drawn, SAMPLE[number])
    assert {comparison.verdict for comparison in found.values()} == {"agree"}, report(drawn, found)


@pytest.mark.parametrize("number", APART)
def test_known_differences(number: int, request: pytest.FixtureRequest) -> None:
    """What is known to differ first still does, and it is the key that is known to."""
    model, key, why = APART[number]
    drawn = world(number)
    found = compared(drawn, (model,))
    parted = found[model].divergence
    assert not found[model].reason, report(drawn, found)
    threads = {one.thread for one in (parted.left, parted.right) if one} if parted else {key}
    assert key in threads, report(drawn, found)
    request.applymarker(pytest.mark.xfail(reason=why, strict=True))
    assert found[model].verdict == "agree"


def test_worlds_are_drawn_once_and_for_all() -> None:
    """A number is a world, and numbers have different ones in which everything happens to somebody."""
    assert world(7) == world(7)
    words = " ".join(word for number in range(200) for word in world(number).words)
    kinds = "missing, without its own signature, dark, off, restart, kill, reset, clock, answers of, "
    for what in f"{kinds}state turns unwritable, state unwritable, first start".split(", "):
        assert what in words
