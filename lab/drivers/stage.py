"""Real resolvers on one stage: one network, one clock, and steps that all of them make together.

A step is: set the clock, let everybody do what has become due, ask as clients do, let everybody finish, look.
"Everybody has finished" is read, not guessed: every thread of every daemon waits for something that is not
due, and no packet is under way (clocks.py, listener.py). While time-outs are what everybody waits for, time
is moved on to the first of them: a silent root costs no real seconds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from ..authority.signer import ZoneSigner
from ..authority.zone import CHILD_SERVER, ROOT_SERVERS
from ..clock import Instant, Seconds, format_instant
from ..dnssec.names import ROOT
from ..errors import DriverError
from ..nameserver.forwarder import Forwarder
from ..nameserver.listener import Listener, Observe
from ..nameserver.responder import Responder
from ..nameserver.switchboard import Server
from ..run.cast import DAEMON, World
from ..run.engine import life_of
from ..scenario.spec import Replay, SetClock, SubjectSpec
from .clocks import REAL_TIME, ClockPage
from .clockwork import Clockwork
from .driver import Driver
from .grid import Grid, grid_of
from .network import INSIDE, Network
from .programs import version_of
from .seat import Seat, addresses_of, forwarder_of
from .subject import DaemonSubject
from .table import driver_of

PATIENCE: Final = 30.0
"""Real seconds everybody may take to finish after a jump: who storms on a busy machine takes some."""
HURRY, STRIDE, STORM = 0.1, 10.0, 5.0
"""While none is busy but daemons that storm: time jumps `STRIDE` emulated seconds every `HURRY` real ones,
and after `STORM` real ones nobody waits for them any more."""
SPIN: Final = 0.03
"""Real seconds after which a daemon that is known to spin until its second is over is given the next one."""
SURE: Final = 0.003
"""Real seconds without a query before somebody is taken to wait for time alone: a busy kernel can keep a
packet from its reader for a moment, and a time-out that comes just then has made Stubby crash."""
READY: Final = 20.0
"""Real seconds a daemon may take to answer after its start."""
PUMP: Final = 400
"""Emulated seconds that clients wait for an answer while time-outs run."""
RETRIES: Final = 120
"""Emulated seconds in which retries are waited for where the root is silent."""
MOMENT: Final = 2
"""Emulated seconds a refresh is given: a timer may be later than the whole second it is said to be for."""

SERVERS: Final = tuple(address for _, *both in ROOT_SERVERS for address in both)


LINK: Final = "192.0.2.200"
"""The address of an interface beside lo: there are forwarders that take a host without one for offline."""


def stage_addresses(forwards: Sequence[bool]) -> tuple[str, ...]:
    """Return the addresses that a stage needs; `forwards` tells of each daemon whether it asks a resolver."""
    own = (address for number in range(len(forwards)) for address in addresses_of(number))
    return (*SERVERS, CHILD_SERVER, *own, *_forwarders(forwards))


def _forwarders(forwards: Sequence[bool]) -> tuple[str, ...]:
    return tuple(forwarder_of(number) for number, one in enumerate(forwards) if one)


@dataclass(slots=True)
class _Wait:
    """A wait for everybody: since when, in real seconds, and what was done to shorten it."""

    began: float = field(default_factory=time.monotonic)
    hurried: int = 0
    spun: bool = False


class Looks(Protocol):
    """Say when to look at daemons."""

    def next_look(self, now: Instant) -> Instant:
        """Return when to look next."""


class Stage:
    """Make the daemons of one run (it is a `run.cast.DaemonMaker`), and move time for them."""

    def __init__(
        self, folder: Path, forwards: Sequence[bool], logs: Path | None = None, network: Network = INSIDE
    ) -> None:
        """Take an empty folder, and of each daemon to come whether it asks a resolver in place of servers.

        `logs` is where the daemons' logs are kept, if anywhere.
        """
        self._network = network
        self._folder, self._logs = folder, logs
        self._forwarders = _forwarders(forwards)
        self.page: Clockwork = self._clock()
        self.refused = ""
        """Why nobody can live in real time here, in one line."""
        self.members: list[DaemonSubject] = []
        self._by_address: dict[str, DaemonSubject] = {}
        self._listener: Listener | None = None
        self.observe: Observe | None = None
        self._world: World | None = None
        self._grid: Looks = Grid((), ())
        self._done: Instant | None = None

    def __call__(self, spec: SubjectSpec, world: World) -> DaemonSubject:
        """Make the subject for a specification. Raises ScenarioError or DriverError."""
        if self._world is None:
            self._open(world)
        driver = driver_of(spec.model.removeprefix(DAEMON))
        member = DaemonSubject(spec, world, driver, self, len(self.members))
        self.members.append(member)
        for address in addresses_of(member.number):
            self._by_address[address] = member
        if driver.forwards:
            self._by_address[forwarder_of(member.number)] = member
        life = [entry for one in self.members for entry in life_of(world.scenario, one.spec)]
        ends = [action.until for _, action in life if isinstance(action, Replay)]
        ends += [at for at, action in life if isinstance(action, SetClock)]
        self._grid = self._looks(world, [at for at, _ in life], ends)
        return member

    def _clock(self) -> Clockwork:
        """Return the clock that everybody lives by."""
        return ClockPage.create(self._folder / "clock")

    def _looks(self, world: World, lives: Sequence[Instant], ends: Sequence[Instant]) -> Looks:
        """Return when to look at daemons to whom something happens, or ceases to, at some instants."""
        return grid_of(world.scenario.timeline, lives, ends)

    def _authority(self, world: World) -> ZoneSigner:
        """Return who answers."""
        return world.authority

    @property
    def lag(self) -> Seconds:
        """Return how far the date that programs see is ahead of the scenario's."""
        return 0

    def refusal(self, clock: str) -> str:
        """Say in one line why nobody can live by a clock here, "" if one can."""
        return self.refused if clock in REAL_TIME else ""

    def _open(self, world: World) -> None:
        """Set the clock to the start, and let the authority answer."""
        children = world.authority.child_names
        assert children is not None, "a scenario has children"
        self._world = world
        self.page.jump(world.scenario.start)
        authority, network = self._authority(world), self._network
        self._roles = (
            Responder(authority, apexes=tuple(children), places=network.places),
            Responder(authority, apexes=(ROOT,), places=network.places),
        )
        self._forwarder = Forwarder(authority)
        served = (*network.roots, network.children, *self._forwarders)
        everywhere = network.isolated
        self._listener = Listener(
            self._answer, served, network.port, anywhere=everywhere, observe=self.observe
        )
        self._listener.start()

    def seat(self, number: int, spec: SubjectSpec, driver: Driver) -> Seat:
        """Return the place of a daemon."""
        assert self._world is not None
        children = self._world.authority.child_names
        assert children is not None
        return Seat(number, driver, self.page, self._folder, children, self._logs, self._network)

    def version_of(self, driver: Driver) -> str:
        """Return the version of a daemon's program. Raises DriverError if it is not there."""
        return version_of(driver)

    # -- the wire --------------------------------------------------------------------------------------------

    def _answer(self, wire: bytes, client: str, local: str, tcp: bool) -> bytes | None:
        now = int(self.page.emulated)
        forwarded = local in self._forwarders
        root = self._forwarder.asks_root(wire) if forwarded else local != self._network.children
        member = self._by_address.get(local if forwarded else client)
        if member is None:
            return self.server(root).answer(wire, now, tcp)
        return member.serve(wire, now, root, tcp, self._network.letter(local))

    def server(self, root: bool, *, forwarded: bool = False) -> Server:
        """Return who answers for the root or for the children, or for both as a forwarder's resolver.

        The listener asks for one answer at a time.
        """
        return self._forwarder if forwarded else self._roles[root]

    # -- time ------------------------------------------------------------------------------------------------

    @property
    def running(self) -> list[DaemonSubject]:
        """Return the daemons whose process runs."""
        return [member for member in self.members if member.seat.running]

    def reach(self, now: float) -> None:
        """Set the clock to an instant, unless it is there; who lives by restarts is away meanwhile."""
        if self.page.emulated < now:
            away = [member for member in self.running if member.clock == "restart"]
            for member in away:
                member.seat.stop()
            self.page.jump(now)
            for member in away:
                member.wake()

    def advance(self, begin: Instant, end: Instant) -> None:
        """Move all daemons from `begin` up to `end`; who asks second finds it done."""
        if self._done is not None and self._done >= end:
            return
        at = begin
        while at < end:
            self._visit(at, self.running)
            upcoming = min(self._grid.next_look(at), end) if self.running else end
            while (tick := self._tick(at, upcoming)) is not None:
                self._visit(tick, self._askers(tick))
                at = tick
            at = upcoming
        self._done = end

    def _tick(self, now: Instant, upcoming: Instant) -> Instant | None:
        """Return when the next refresh of a daemon is due, if that is before the next look.

        A refresh made in its second leaves the later ones where they would be; made at a look, it would move
        them. What its clock page says is of no use: a wait is cut short by what a daemon does besides.
        """
        exact = [one for one in self.running if one.clock != "restart" and not self._is_broken(one)]
        ticks = (at for member in exact for at in member.due)
        first = min((at for at in ticks if at > now), default=None)
        return first if first is not None and first < upcoming else None

    def _askers(self, tick: Instant) -> list[DaemonSubject]:
        """Return those that are due and fetch keys for clients only, so that clients are to ask them."""
        return [member for member in self.running if not member.driver.managed and tick in member.due]

    @staticmethod
    def _is_broken(member: DaemonSubject) -> bool:
        """Tell whether a daemon that fetches keys for clients only has none: each question makes it try."""
        return not member.driver.managed and member.seat.client.fails

    def _due(self, member: DaemonSubject) -> float | None:
        return self.page.next_deadline(member.seat.label)

    def _visit(self, at: Instant, asked: Sequence[DaemonSubject]) -> None:
        """Make one step, in which clients ask some of the daemons."""
        self.reach(at)
        members = self.running
        if members:
            self._settle(at)
        if asked:
            for member in asked:
                member.look(at)
            self._settle(at)
            self._check(at, asked)
        for member in self.members:
            member.see(at, looked=member in asked or not member.seat.running)

    def _check(self, at: Instant, members: Sequence[DaemonSubject]) -> None:
        """Ask those that fail again, without validation."""
        failing = [member for member in members if member.seat.client.fails]
        for member in failing:
            member.seat.client.check(at)
        if failing:
            self._settle(at)

    def _settle(self, at: Instant) -> None:
        """Let everybody finish; where only time-outs are waited for, move on to the first of them."""
        wait, taken = _Wait(), -1
        while True:
            members = self.running
            for member in members:
                member.seat.client.take()
            if not self._quiet(members):
                if self._is_enough(members, wait, at):
                    break
                time.sleep(0.0002)  # noqa: TID251
                continue
            if any(member.seat.client.take() for member in members):  # what came just before
                continue
            if taken != self._received and any(member.seat.client.open for member in members):
                taken = self._received
                time.sleep(SURE)  # noqa: TID251
                continue
            horizons = (
                (PUMP, [member for member in members if member.seat.client.open]),
                (RETRIES, [member for member in members if at < member.dark_until]),
                (MOMENT, members),
            )
            due = [
                when
                for span, concerned in horizons
                for member in concerned
                if (when := self._due(member)) is not None and when <= at + span
            ]
            first = min(due, default=None)
            if first is None:
                repeated = [member for member in members if member.seat.client.repeat()]
                if not repeated:
                    break
                continue
            self.page.jump(max(first + 0.001, self.page.emulated))
            wait, taken = _Wait(), -1
        for member in self.running:
            member.seat.client.take()
            member.seat.client.give_up()

    def _is_enough(self, members: Sequence[DaemonSubject], wait: _Wait, at: Instant) -> bool:
        """Hurry those that are busy for no good reason, and tell whether they are not to be waited for.

        Raises DriverError if somebody is busy for too long.
        """
        waited = time.monotonic() - wait.began
        if not wait.spun and waited > SPIN and self._spinning(members):
            wait.spun = True
            self.page.jump(int(self.page.emulated) + 1)
        if waited > HURRY * (wait.hurried + 1):
            wait.hurried += 1
            if self._storming(members):
                if waited > STORM:
                    return True
                self.page.jump(self.page.emulated + STRIDE)
        if waited > PATIENCE:
            busy = self.page.busy([member.seat.label for member in members])
            raise DriverError(
                f"the daemons are not done after {PATIENCE:g} s at {format_instant(at)}: "
                f"{busy or 'packets are under way'}"
            )
        return False

    def _spinning(self, members: Sequence[DaemonSubject]) -> bool:
        """Tell whether all that is busy are daemons that are known to spin until their second is over."""
        busy = [member for member in members if not self.page.idle(member.seat.label)]
        return bool(busy) and all(member.driver.spins for member in busy)

    def _storming(self, members: Sequence[DaemonSubject]) -> bool:
        """Tell whether all that is busy are daemons from which the lab keeps answers, so that they ask again.

        Knot Resolver asks for two minutes without a pause, a thousand times a second, if responses are
        truncated and TCP fails; it does not end when its clients have their SERVFAIL.
        """
        idle = (member.withheld or self.page.idle(member.seat.label) for member in members)
        return any(member.withheld for member in members) and all(idle)

    def _quiet(self, members: Sequence[DaemonSubject]) -> bool:
        """Tell whether nothing is under way: no packet, no thread that runs."""
        self._raise_fault()
        return self.page.quiet([member.seat.label for member in members], self._taken)

    def _raise_fault(self) -> None:
        """Raise what the authority raised: the lab's fault, which no daemon is to be blamed for."""
        if self._listener is not None and self._listener.failure is not None:
            raise self._listener.failure

    @property
    def _received(self) -> int:
        """Return how many queries the authority has taken."""
        assert self._listener is not None
        return self._listener.received

    def _taken(self) -> int | None:
        """Return how many queries the authority has taken, None while it works on one."""
        assert self._listener is not None
        return self._listener.received if self._listener.idle() else None

    def await_ready(self, member: DaemonSubject) -> None:
        """Wait until a daemon that was just started answers, or has ended. Raises DriverError if it hangs."""
        began, client = time.monotonic(), member.seat.client
        now = int(self.page.emulated)
        while member.seat.running:
            self._raise_fault()
            client.probe()
            until = time.monotonic() + 0.05
            while time.monotonic() < until:
                client.take()
                if client.answers:
                    client.give_up()
                    return
                time.sleep(0.001)  # noqa: TID251
            if time.monotonic() - began > READY:
                raise DriverError(f"{member.name}: does not answer after its start at {now}; see its log")

    def close(self) -> None:
        """Stop every daemon and the authority."""
        for member in self.members:
            member.seat.close()
        if self._listener is not None:
            self._listener.stop()
        self.page.close()
