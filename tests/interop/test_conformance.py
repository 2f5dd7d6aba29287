"""A sample of the conformance cases with real resolvers: they do what their models do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.conformance.case import choose
from lab.conformance.examine import examine
from lab.conformance.examinee import DAEMONS, examinee
from lab.conformance.result import FAIL, INCONCLUSIVE, NOT_APPLICABLE, PASS, XFAIL
from lab.conformance.stage import player_for
from lab.drivers import netns, shim
from lab.drivers.table import DRIVERS, PREFIX
from tests.conftest import unavailable

SAMPLE = ("RFC5011-2.2-ADD-04", "RFC5011-2.2-ADD-05")


@pytest.mark.slow
def test_sample(debian_tool: Callable[[str], str], tmp_path: Path) -> None:
    """A key that signs alone after 25 days is not believed; an Unbound believes it five days later."""
    for name in DAEMONS:
        debian_tool(DRIVERS[name].program)
    for reason in filter(None, (netns.available(), shim.unavailable())):
        unavailable(reason)
    who = [examinee(PREFIX + name) for name in DAEMONS]
    found = examine(choose(SAMPLE), who, player_for(who, logs=tmp_path))
    assert [one for one in found.results if one.status in (FAIL, INCONCLUSIVE)] == []
    statuses = {(one.case[-6:], one.examinee.removeprefix(PREFIX)): one.status for one in found.results}
    assert statuses == {
        **{("ADD-04", name): PASS for name in ("unbound", "named", "kresd")},
        **{("ADD-05", name): PASS for name in ("named", "kresd")},
        ("ADD-05", "unbound"): XFAIL,
        **{(case, "pdns_recursor"): NOT_APPLICABLE for case in ("ADD-04", "ADD-05")},
    }
