"""Ask a real resolver without the new key, and count what it asks the root (see `run.onset`)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..authority.keyring import KeyRing
from ..authority.signer import ZoneSigner
from ..authority.zone import CHILD_SERVER
from ..clock import Instant
from ..dnssec.names import ROOT
from ..dnssec.rrtypes import DNSKEY
from ..errors import DriverError
from ..nameserver.responder import Responder
from ..run.cast import DAEMON, scenario_cast
from ..run.onset import Onset, Row, as_asked, measure, starts_of
from ..scenario.spec import Scenario
from .client import SIGNED, UNSIGNED
from .driver import Driver
from .netns import run_inside
from .programs import version_of
from .stage import Stage, stage_addresses
from .subject import DaemonSubject, parse_question
from .table import driver_of


class _AskedStage(Stage):
    """A stage whose one daemon is asked when we want it to be, and whose DNSKEY queries are counted."""

    def __init__(self, folder: Path, scenario: Scenario, driver: Driver) -> None:
        """Take the scenario whose only subject is the daemon."""
        super().__init__(folder, (driver.forwards,))
        self.sent: list[Instant] = []
        self._at = scenario.start
        authority = ZoneSigner(scenario.timeline, KeyRing(scenario.key_files), watermark=scenario.name)
        scenario_cast(scenario, authority, Responder(authority), 0, daemons=self)

    @property
    def _daemon(self) -> DaemonSubject:
        return self.members[0]

    def _answer(self, wire: bytes, client: str, local: str, tcp: bool) -> bytes | None:
        if local != CHILD_SERVER and parse_question(wire) == (ROOT, DNSKEY):
            self.sent.append(int(self.page.emulated))
        return super()._answer(wire, client, local, tcp)

    def start(self, now: Instant) -> None:
        """Start the daemon."""
        self._daemon.start(now)

    def look(self, now: Instant) -> bool:
        """Let it do what is due, ask for a new name in each child, and return whether both are answered.

        Raises DriverError if it has ended or says nothing at all.
        """
        seat = self._daemon.seat
        while (tick := self._tick(self._at, now)) is not None:
            self._live(tick)
        self.reach(now)
        self._settle(now)
        if not seat.running:
            raise DriverError(f"{self._daemon.name} has ended: {seat.reason()}")
        seat.client.look(now)
        self._settle(now)
        answers = [seat.client.answers.get(what) for what in (SIGNED, UNSIGNED)]
        if None in answers:
            raise DriverError(f"{self._daemon.name} runs and did not answer: {seat.client.told()}")
        self._daemon.see_trust(now)
        self._at = now
        return not seat.client.fails

    def _live(self, tick: Instant) -> None:
        """Let it make a refresh in its second."""
        self.reach(tick)
        self._settle(tick)
        if self._daemon.seat.running:
            self._daemon.see_trust(tick)
        self._at = tick


def onset_of_daemon(scenario: Scenario, name: str, *, starts: int = 2) -> Row:
    """Return the row of a real resolver, `daemon:NAME`, from the first start or both.

    Raises DriverError or ScenarioError.
    """
    driver = driver_of(name.removeprefix(DAEMON))
    version = version_of(driver)
    roll, instants = starts_of(scenario)
    addresses = stage_addresses((driver.forwards,))

    def work(start: Instant, folder: Path) -> Onset:
        stage = _AskedStage(folder, as_asked(scenario, name, start), driver)
        try:
            return measure(stage, start, roll)
        finally:
            stage.close()

    onsets = (run_inside(partial(work, start), addresses=addresses) for start in instants[:starts])
    return Row(name, "daemon", version, "", tuple(onsets))
