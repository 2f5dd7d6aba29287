"""What is kept open of processes that are watched."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lab.drivers import tasks
from tests.conftest import unavailable


@pytest.fixture(autouse=True)
def _proc() -> None:
    if not tasks.in_sight():
        unavailable("/proc shows other processes than ours")


def test_files_of_the_dead_are_closed() -> None:
    """A daemon that forks for each client leaves nothing open: who is gone is closed when another comes."""
    watched, before = tasks.Tasks(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
            assert set(watched.states(process.pid)) == {process.pid}
            assert len(os.listdir("/proc/self/fd")) == before + 3
    watched.close()
    assert len(os.listdir("/proc/self/fd")) == before
