"""Play a scenario with real resolvers in it: inside namespaces of the lab's own, on a stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..run.cast import DAEMON
from ..run.engine import Progress, play
from ..run.record import Record
from ..scenario.spec import Scenario
from .netns import run_inside
from .programs import version_of
from .stage import LINK, Stage, stage_addresses
from .table import driver_of


def play_daemons(
    scenario: Scenario,
    subjects: Sequence[str],
    *,
    seed: int | None = None,
    progress: Progress | None = None,
    logs: Path | None = None,
) -> Record:
    """Play some subjects, real ones among them (see `casting.with_daemons`), and return the record.

    `logs` is a folder that gets the daemons' logs. Raises ScenarioError, or DriverError if a program or the
    network is not to be had.
    """
    real = [spec for spec in scenario.subjects if spec.name in subjects and spec.model.startswith(DAEMON)]
    drivers = [driver_of(spec.model.removeprefix(DAEMON)) for spec in real]
    for driver in drivers:
        version_of(driver)
    forwards = [driver.forwards for driver in drivers]

    def work(folder: Path) -> Record:
        stage = Stage(folder, forwards, logs)
        try:
            return play(scenario, seed=seed, subjects=subjects, progress=progress, daemons=stage)
        finally:
            stage.close()

    return run_inside(work, addresses=stage_addresses(forwards), link=LINK if any(forwards) else "")
