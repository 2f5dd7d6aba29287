"""The values a scenario file becomes: frozen, whole, checked, and free of TOML and pydantic.

`load.load_scenario` makes them; a run on ceremony files or a test may build them by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from ..authority.timeline import Timeline
from ..clock import Instant, Seconds
from .expectations import Expectation

PolicyValue: TypeAlias = str | int | bool
"""What a knob of a resolver policy takes in a file; `ResolverPolicy.override` reads it."""

DEFAULT_UDP_SIZE = 1232
"""The EDNS buffer size in octets a subject offers unless its file says otherwise (DNS flag day 2020)."""


DAEMON: Final = "daemon:"
"""How the model of a real resolver begins; what follows names its driver."""

ClockName: TypeAlias = Literal["shim", "mkeytimers", "restart", "none"]
"""A clock by which a real resolver lives (`lab.drivers.clocks`)."""
CLOCK_NAMES: Final[tuple[str, ...]] = get_args(ClockName)


class Window(NamedTuple):
    """Hold a span of time: `begin` included, `end` not."""

    begin: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class XmlListing:
    """Say from when to when a key is listed in root-anchors.xml (RFC 9718: validFrom, validUntil)."""

    key: str
    from_: Instant
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """The subject stops and starts again at once; without `keep_state` from its configured anchors only.

    With `kill` it is not asked to stop: what it has not written by then is lost.
    """

    keep_state: bool = True
    kill: bool = False


@dataclass(frozen=True, slots=True)
class Off:
    """The subject does not run before `until`, then starts with the state it had."""

    until: Instant


@dataclass(frozen=True, slots=True)
class SetClock:
    """From now on the subject's clock is ahead of the true time by `offset` (behind, if negative)."""

    offset: Seconds


@dataclass(frozen=True, slots=True)
class SetAnchors:
    """An operator replaces the configured anchors; the subject reads them `now` or at its `next-read`."""

    keys: tuple[str, ...]
    apply: Literal["now", "next-read"] = "now"


@dataclass(frozen=True, slots=True)
class SetStateWritable:
    """From now on the subject can, or cannot, write its state."""

    writable: bool


@dataclass(frozen=True, slots=True)
class Dark:
    """The subject cannot reach the root servers before `until`."""

    until: Instant


@dataclass(frozen=True, slots=True)
class Replay:
    """Until `until` an attacker gives the subject the DNSKEY answer of instant `of`, not the true one."""

    of: Instant
    until: Instant


@dataclass(frozen=True, slots=True)
class Disturb:
    """Until `until` a fault of the authority or an impairment of the way to it meets the subject.

    `name` is a row of FAULTS or IMPAIRMENTS; `letters` are the root servers it is for, "" for all.
    """

    name: str
    argument: str
    letters: str
    until: Instant


Action: TypeAlias = Restart | Off | SetClock | SetAnchors | SetStateWritable | Dark | Replay | Disturb


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One thing that happens to a subject, or to all of them if `subject` is None."""

    at: Instant
    subject: str | None
    action: Action


@dataclass(frozen=True, slots=True)
class SubjectSpec:
    """One configuration that goes through the scenario.

    `anchors` are key names, configured as DS or as DNSKEY lines. `policy` overrides single knobs of the
    model's policy. `clock_offset` is how far its clock is ahead of the true time. `restart_every` counts from
    `first_start`; `keep_state` says what those restarts find. `off` is ascending and free of overlaps.
    Responses over UDP longer than `drop_above` octets are lost on the way; 0 means none are. `like` names the
    subject a daemon lives as, `clock` the clock it lives by, "" for the first that its driver has.
    """

    name: str
    model: str
    anchors: tuple[str, ...]
    first_start: Instant
    version: str = ""
    anchor_format: Literal["ds", "dnskey"] = "ds"
    policy: tuple[tuple[str, PolicyValue], ...] = ()
    clock_offset: Seconds = 0
    restart_every: Seconds | None = None
    keep_state: bool = True
    off: tuple[Window, ...] = ()
    state_writable: bool = True
    udp_size: int = DEFAULT_UDP_SIZE
    tcp: bool = True
    drop_above: int = 0
    like: str = ""
    clock: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything a run needs: who serves what and when, who goes through it, what is expected of them.

    `name` is the file's stem, `path` the file as the user named it. The timeline is built, its operators
    applied. `key_names` are all keys the scenario speaks of, `anchors_default` is the KSK that signs at
    `start`. `events` are sorted by time, then by their order in the file. `digest` is a SHA-256 in hex over
    the content, a base scenario's and key files' included, and over no file name.
    """

    name: str
    path: str
    title: str
    start: Instant
    stop: Instant
    timeline: Timeline
    anchors_default: tuple[str, ...]
    key_names: tuple[str, ...]
    key_files: Mapping[str, Path]
    xml: tuple[XmlListing, ...]
    subjects: tuple[SubjectSpec, ...]
    events: tuple[EventSpec, ...]
    expectations: tuple[Expectation, ...]
    digest: str
    cites: tuple[str, ...] = ()
    notes: str = ""
    seed: int = 0
