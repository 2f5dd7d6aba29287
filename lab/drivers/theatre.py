"""Play a scenario with real resolvers in it: inside namespaces of the lab's own, on a stage.

All of a run share one clock. Where everybody real lives in real time, and the scenario is short enough, that
is the wall clock; else it is the lab's, and who cannot live by it shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..nameserver.recording import Files, Recording
from ..nameserver.signals import SignalLog
from ..run.cast import DAEMON
from ..run.engine import Progress, play
from ..run.record import Record
from ..scenario.spec import Scenario
from .casting import clock_of
from .clocks import REAL_TIME
from .loopback import run_on_loopback
from .netns import available, run_inside
from .network import INSIDE, outside
from .programs import version_of
from .realtime import RealTimeStage, refusal
from .seat import addresses_of
from .stage import LINK, Stage, stage_addresses
from .table import driver_of


def play_daemons(
    scenario: Scenario,
    subjects: Sequence[str],
    *,
    seed: int | None = None,
    progress: Progress | None = None,
    logs: Path | None = None,
    files: Files | None = None,
    tell: Callable[[str], None] | None = None,
) -> Record:
    """Play some subjects, real ones among them (see `casting.with_daemons`), and return the record.

    `logs` is a folder that gets the daemons' logs, `files` are kept of what is said to the servers. Without
    namespaces loopback addresses have to do, which `tell` is told in one line. Raises ScenarioError, or
    DriverError if a program or the network is not to be had.
    """
    chosen = [spec for spec in scenario.subjects if not subjects or spec.name in subjects]
    real = [spec for spec in chosen if spec.model.startswith(DAEMON)]
    drivers = [driver_of(spec.model.removeprefix(DAEMON)) for spec in real]
    for driver in drivers:
        version_of(driver)
    forwards = [driver.forwards for driver in drivers]
    clocks = [clock_of(spec, driver) for spec, driver in zip(real, drivers, strict=True)]
    refused = refusal(scenario, real, clocks)
    make = RealTimeStage if not refused and any(clock in REAL_TIME for clock in clocks) else Stage

    reason = available()
    own = [addresses_of(number)[0] for number in range(len(real))]
    network = outside(drivers, reason, own) if reason else INSIDE

    def work(folder: Path) -> Record:
        stage = make(folder, forwards, logs, network)
        stage.refused = refused
        with Recording(lambda: stage.page.emulated, SignalLog(), files or Files()) as recording:
            stage.observe = None if files is None else recording.observe
            try:
                return play(scenario, seed=seed, subjects=subjects or None, progress=progress, daemons=stage)
            finally:
                stage.close()

    if reason:
        if tell is not None:
            tell(f"daemons run on loopback addresses, port {network.port}: {reason}")
        return run_on_loopback(work)
    return run_inside(work, addresses=stage_addresses(forwards), link=LINK if any(forwards) else "")
