"""Real seconds in place of the lab's clock, for programs that see no other time: `mkeytimers` and `none`.

The scenario is played second by second, from now on. Its own instants stay what they are: whoever is watched
is told the real date, the models beside it are told the scenario's, and the authority makes each signature
for the date of who asks. What no compression reaches is the same for all: TTLs of a day outlast every such
run, so what a resolver has cached of zones below the root hides what happens to the root's keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..authority.faulty_signer import Twist
from ..authority.signer import ZoneSigner
from ..authority.timeline import Timeline
from ..clock import MINUTE, Instant, Seconds, format_duration
from ..nameserver.switchboard import Server
from ..run.cast import World
from ..run.engine import life_of
from ..scenario.spec import Scenario, SetClock, SubjectSpec
from .clocks import REAL_TIME
from .clockwork import Clockwork
from .stage import Stage

LONGEST: Final[Seconds] = 10 * MINUTE
"""How long a scenario may be that is played in real time."""
ANSWERS: Final = 5.0
"""Real seconds that clients wait for an answer."""
_NAP: Final = 0.002


class WallClock:
    """Be what a stage needs of a clock page, with the real time: nothing jumps, and no wait is known."""

    def __init__(self) -> None:
        """Show the real date until `begin`."""
        self.lag: Seconds = 0
        """Seconds that the real date is ahead of the scenario's."""

    def begin(self, at: Instant) -> None:
        """Let it be this instant of the scenario now."""
        self.lag = int(time.time()) - at  # noqa: TID251

    @property
    def emulated(self) -> float:
        """Return the scenario's time, seconds since 1970."""
        return time.time() - self.lag  # noqa: TID251

    def jump(self, to: float) -> None:
        """Wait until the scenario has come to an instant."""
        while (left := to - self.emulated) > 0:
            time.sleep(left)  # noqa: TID251

    def environment(self, label: str) -> dict[str, str]:
        """Return what a program gets: nothing stands between it and the time."""
        return {"TZ": "UTC"}

    def quiet(self, labels: Sequence[str], wire: Callable[[], int | None]) -> bool:
        """Tell whether the lab works on nothing; what programs do nobody knows."""
        return wire() is not None

    def idle(self, label: str) -> bool:
        """Return False: what programs do nobody knows."""
        return False

    def busy(self, labels: Sequence[str]) -> str:
        """Return nothing."""
        return ""

    def next_deadline(self, label: str) -> float | None:
        """Return None: nobody knows."""
        return None

    def threads(self, label: str) -> int:
        """Return 1: who lives in real time needs no proof of it."""
        return 1

    def skew(self, label: str, seconds: float) -> None:
        """Do nothing: `refusal` has seen to it that no clock is wrong."""

    def forget(self, label: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class EverySecond:
    """Look every second of a clock; where one was missed, at once."""

    clock: WallClock

    def next_look(self, now: Instant) -> Instant:
        """Return when to look next."""
        return max(now + 1, int(self.clock.emulated))


def refusal(scenario: Scenario, specs: Sequence[SubjectSpec], clocks: Sequence[str]) -> str:
    """Say in one line why a scenario cannot be played in real time with some real subjects, "" if it can.

    `clocks` are those of the subjects. There is nothing to say where nobody wants to live in real time.
    """
    clock = next((clock for clock in clocks if clock in REAL_TIME), "")
    if not clock:
        return ""
    other = next((spec.name for spec, own in zip(specs, clocks, strict=True) if own not in REAL_TIME), "")
    if other:
        return f"the clock {clock} takes real seconds, and that of {other} does not: play them one by one"
    length = scenario.stop - scenario.start
    if length > LONGEST:
        return (
            f"the clock {clock} takes real seconds, and {scenario.name} lasts {format_duration(length)}: "
            f"{format_duration(LONGEST)} at most"
        )
    for spec in specs:
        if spec.clock_offset or any(isinstance(what, SetClock) for _, what in life_of(scenario, spec)):
            return f"the clock {clock} takes real seconds: the clock of {spec.name} cannot be wrong"
    return ""


def at_another_time(timeline: Timeline, ahead: Seconds) -> Timeline:
    """Return a timeline so many seconds later, signatures included."""
    steps = (
        replace(
            step,
            at=step.at + ahead,
            inception=step.inception + ahead,
            expiration=step.expiration + ahead,
        )
        for step in timeline.steps
    )
    return replace(timeline, steps=tuple(steps))


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Answer as another server does at an instant that is ahead."""

    server: Server
    ahead: Seconds

    def answer(self, query_wire: bytes, now: Instant, tcp: bool = False) -> bytes | None:
        """Return the response of then."""
        return self.server.answer(query_wire, now + self.ahead, tcp)

    def transfer(self, query_wire: bytes, now: Instant) -> tuple[bytes, ...]:
        """Return the transfer of then."""
        return self.server.transfer(query_wire, now + self.ahead)

    def twisted(self, twists: tuple[Twist, ...]) -> Server:
        """Return who answers under faults of then."""
        return _Ahead(self.server.twisted(tuple(one.later(self.ahead) for one in twists)), self.ahead)


class RealTimeStage(Stage):
    """Make the real resolvers of a run that goes through a scenario second by second."""

    def _clock(self) -> Clockwork:
        self._wall = WallClock()
        return self._wall

    @property
    def lag(self) -> Seconds:
        """Return how far the date that programs see is ahead of the scenario's."""
        return self._wall.lag

    def _open(self, world: World) -> None:
        self._wall.begin(world.scenario.start)
        super()._open(world)

    def _authority(self, world: World) -> ZoneSigner:
        own = world.authority
        later = at_another_time(own.timeline, self.lag)
        return ZoneSigner(later, own.keyring, watermark=own.watermark)

    def _looks(self, world: World, lives: Sequence[Instant]) -> EverySecond:
        return EverySecond(self._wall)

    def server(self, root: bool, *, forwarded: bool = False) -> Server:
        """Return who answers as ever, with signatures for the real date."""
        return _Ahead(super().server(root, forwarded=forwarded), self.lag)

    def _settle(self, at: Instant) -> None:
        """Wait for the answers to what clients have asked."""
        end = time.monotonic() + ANSWERS
        members = self.running
        while time.monotonic() < end:
            self._raise_fault()
            for member in members:
                member.seat.client.take()
            if not any(member.seat.client.open for member in members):
                return
            time.sleep(_NAP)  # noqa: TID251
        for member in members:
            member.seat.client.give_up()
