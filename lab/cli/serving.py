"""What `serve` and `netns run` share: what is served, and how fast its time goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ..clock import Instant
from ..errors import ScenarioError
from ..nameserver.live_clock import LATEST as LATEST
from ..nameserver.live_clock import LiveClock
from .options import INSTANT

if TYPE_CHECKING:
    from ..authority.anchors import Listed
    from ..authority.ceremony_authority import SkrAuthority
    from ..authority.signer import Spread, ZoneSigner
    from ..authority.timeline import Timeline
    from ..dnssec.keys import Key

_at = click.option(
    "--at", type=INSTANT, metavar="INSTANT", help="Begin at this instant; default: the scenario's start."
)
_rate = click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Let time go N times as fast as it does; default: 1.",
)
_hold = click.option("--hold", is_flag=True, help="Let time stand still.")


def pace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --at, --rate and --hold."""
    return _at(_rate(_hold(command)))


@dataclass(frozen=True, slots=True)
class Pace:
    """Say what time it is in the emulated world: `start` when it began, then `rate` times the real rate."""

    start: Instant
    rate: float
    began: float

    @classmethod
    def of_options(cls, at: Instant | None, rate: float | None, hold: bool, start: Instant) -> Pace:
        """Read the options; time runs from now on. Raises a usage error if they contradict each other."""
        context = click.get_current_context()
        if hold and rate is not None:
            raise click.UsageError("--hold and --rate exclude each other", context)
        if at is not None and at >= LATEST:
            raise click.UsageError("--at: the lab's time ends with the year 2099", context)
        return cls(start if at is None else at, 0.0 if hold else rate or 1.0, time.monotonic())

    def from_now(self) -> Pace:
        """Return the same pace, begun now."""
        return replace(self, began=time.monotonic())

    def clock(self) -> LiveClock:
        """Return a clock that goes at this pace from now on, and can be operated."""
        return LiveClock(self.start, self.rate, time.monotonic)

    def now(self) -> float:
        """Return the emulated time, seconds since 1970."""
        return min(self.start + (time.monotonic() - self.began) * self.rate, float(LATEST))

    def __str__(self) -> str:
        """Say how time goes."""
        return "held" if not self.rate else f"rate {self.rate:g}"


class Served(NamedTuple):
    """Hold what is served: its name for people, the authority, and when it begins.

    `key` returns a key by its name, `listed` what root-anchors.xml lists under a timeline. `rebuild` returns
    the authority of another timeline; without it there is none, as for ceremony files.
    """

    name: str
    authority: ZoneSigner | SkrAuthority
    start: Instant
    key: Callable[[str], Key]
    listed: Callable[[Timeline], tuple[Listed, ...]]
    rebuild: Callable[[Timeline], ZoneSigner] | None = None


def scenario_served(argument: str, at: Instant | None, spread: Spread = map) -> tuple[Served, ZoneSigner]:
    """Load a scenario to serve it. Raises ScenarioError, also for an instant before its timeline."""
    from ..authority.anchors import Listed
    from ..authority.keyring import KeyRing
    from ..authority.signer import ZoneSigner
    from ..clock import format_instant
    from ..scenario.listings import relisted
    from ..scenario.load import load_scenario

    scenario = load_scenario(argument)
    first = scenario.timeline.start
    if at is not None and at < first:
        raise ScenarioError(
            "nothing is served yet at that instant",
            place=f"{argument}: --at",
            remedy=f"choose one from {format_instant(first)} on",
        )
    ring = KeyRing(scenario.key_files)
    authority = ZoneSigner(scenario.timeline, ring, watermark=scenario.name, spread=spread)

    def rebuild(timeline: Timeline) -> ZoneSigner:
        """Keep keys and signatures: most of another timeline is signed already."""
        return ZoneSigner(timeline, ring, watermark=scenario.name, store=authority.store, spread=spread)

    def listed(timeline: Timeline) -> tuple[Listed, ...]:
        """List what the scenario lists, and what a later timeline brings."""
        found = relisted(scenario.xml, scenario.timeline, timeline)
        return tuple(Listed(ring.key(one.key), one.from_, one.until) for one in found)

    return Served(scenario.name, authority, scenario.start, ring.key, listed, rebuild), authority


def files_served(files: Sequence[Path]) -> Served:
    """Read signed ceremony files to serve them. Raises CeremonyError."""
    from ..authority.anchors import Listed
    from ..authority.ceremony_authority import SkrAuthority, read_skrs
    from ..errors import CeremonyError
    from ..scenario.listings import first_published, first_revoked

    authority = SkrAuthority(read_skrs(files))

    def key(name: str) -> Key:
        """Return a key that the files name."""
        found = authority.key(name)
        if found is None:
            raise CeremonyError(f"no key of the files is called {name[:60]!r}", remedy="see the timeline")
        return found

    def listed(timeline: Timeline) -> tuple[Listed, ...]:
        """List each KSK from its first bundle on, until the midnight before its revocation."""
        names = dict.fromkeys(name for step in timeline.steps for name in step.keys.ksks)
        return tuple(
            Listed(
                key(name), first_published(timeline, name) or timeline.start, first_revoked(timeline, name)
            )
            for name in names
        )

    name = "a replay of ceremony files, . DNSKEY alone"
    return Served(name, authority, authority.start, key, listed)
