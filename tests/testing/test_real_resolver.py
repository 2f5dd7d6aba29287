"""The user's ten lines with a real Unbound, in a suite of its own process."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from lab.drivers import netns, shim
from tests.conftest import unavailable

from .conftest import PLUGIN

LIMIT = 60.0
"""Seconds that it may take on a busy machine; on one with nothing else to do it takes three."""

TEN_LINES = """
def test_unbound_installed_too_late(lab_clock, real_resolver, root_server):
    lab_clock.advance_to("2018-10-01")
    unbound = real_resolver("unbound", anchors=["ksk-2010"])
    run = lab_clock.advance_to("2018-10-13T16:00:01Z")
    seen = run.subject(unbound.name)
    assert "2018-10-11T16:00Z" <= seen.first_failure <= "2018-10-12T17:00Z"
    assert seen.kind == "daemon"
"""


def test_ten_lines_with_a_real_unbound(pytester: pytest.Pytester, debian_tool: Callable[[str], str]) -> None:
    """It fails within a day of the roll, next to a server with threads, and soon."""
    debian_tool("unbound")
    for reason in filter(None, (netns.available(), shim.unavailable())):
        unavailable(reason)
    pytester.makepyfile(TEN_LINES)
    began = time.monotonic()
    command = (sys.executable, "-m", "pytest", *PLUGIN, "--rootlab-require-daemons", "-W", "error")
    result = pytester.run(*command, "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert time.monotonic() - began < LIMIT
