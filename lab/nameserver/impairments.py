"""What the way between server and asker can do to answers: one row of IMPAIRMENTS each, usable together.

Pure: time is an argument, and chance is drawn by whoever carries the answers. An impairment takes the
answers to one query with the seconds they are still to wait, and returns those that arrive. Nothing ever goes
to anybody but who asked, and no answer becomes larger. What an authority does wrong is a fault
(lab/authority/faults.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from ..clock import parse_duration
from ..dnssec.codec import MalformedMessage, parse_message, render_response

Draw: TypeAlias = Callable[[], float]
"""Return the next number in [0, 1) of a stream that whoever made it can repeat."""

MAX_DELAY: Final = 60.0
"""Seconds that an answer is kept back at most: every resolver has long given up by then."""
HELD_BACK: Final = 0.1
"""Seconds by which an answer is overtaken: more than loopback needs for the next, less than any time-out."""
_CLIENTS: Final = 4096
"""Askers that are counted at a time; who asks from more addresses than that in a second is counted anew."""


class Delivery(NamedTuple):
    """An answer on its way: the seconds it still waits, and its octets."""

    after: float
    wire: bytes


Deliveries: TypeAlias = tuple[Delivery, ...]


class Passing(NamedTuple):
    """Say what is answered, and how: the query, when (seconds), over TCP or UDP, who asks, and the chance."""

    query: bytes
    now: float
    tcp: bool
    client: str
    draw: Draw


class Impairment:
    """Let everything pass; an impairment overrides this."""

    until: float | None = None
    """When it ends by itself, None if it does not."""

    @property
    def varies(self) -> bool:
        """Tell whether the same answer may fare otherwise the next time."""
        return False

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Return the answers that arrive, and when."""
        return found


@dataclass(frozen=True, slots=True)
class _Chance(Impairment):
    """Begin an impairment that meets answers over UDP with some chance."""

    chance: float

    @property
    def varies(self) -> bool:
        """Tell whether there is a chance of another fate."""
        return self.chance < 1


class Loss(_Chance):
    """Lose answers over UDP with some chance; TCP sends again what is lost."""

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Draw for each."""
        if passing.tcp:
            return found
        return tuple(one for one in found if passing.draw() >= self.chance)


@dataclass(frozen=True, slots=True)
class Delay(Impairment):
    """Keep every answer back for so many seconds."""

    seconds: float

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Add to what it waits."""
        return tuple(Delivery(one.after + self.seconds, one.wire) for one in found)


class Duplication(_Chance):
    """Deliver answers over UDP twice with some chance."""

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Draw for each."""
        if passing.tcp:
            return found
        return tuple(one for one in found for _ in range(1 + (passing.draw() < self.chance)))


class Reordering(_Chance):
    """Keep answers over UDP back with some chance, so that later ones overtake them."""

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Draw for each."""
        if passing.tcp:
            return found
        return tuple(
            Delivery(one.after + HELD_BACK * (passing.draw() < self.chance), one.wire) for one in found
        )


class Truncation(_Chance):
    """Cut answers over UDP down to header, question and OPT with some chance, TC set."""

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Draw for each."""
        if passing.tcp:
            return found
        return tuple(
            Delivery(one.after, truncated(passing.query, one.wire)) if passing.draw() < self.chance else one
            for one in found
        )


def truncated(query: bytes, response: bytes) -> bytes:
    """Return what a server says that has no room: a response without records, TC set (RFC 2181 section 9)."""
    try:
        asked, said = parse_message(query), parse_message(response)
        return render_response(asked, rcode=said.rcode, aa=bool(said.flags & 0x0400), tc=True)
    except (MalformedMessage, ValueError):
        return response


@dataclass(frozen=True, slots=True)
class FragmentsDropped(Impairment):
    """Lose every answer over UDP that is longer than so many octets, as firewalls lose fragments."""

    above: int

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Measure each."""
        if passing.tcp:
            return found
        return tuple(one for one in found if len(one.wire) <= self.above)


class TcpRefused(Impairment):
    """Answer nothing over TCP: a connection is closed as soon as something was asked on it."""

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Say nothing."""
        return () if passing.tcp else found


@dataclass(frozen=True, slots=True)
class Dark(Impairment):
    """Answer nothing at all until an instant."""

    until: float | None

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Say nothing."""
        return ()


class RateLimit(Impairment):
    """Answer each asker over UDP so often a second; beyond that drop one answer, truncate the next.

    So response rate limiting works in BIND, Knot and NSD, with `slip 2`: who is taken for an attacker's
    victim by mistake still gets through over TCP.
    """

    def __init__(self, rate: int) -> None:
        """Begin without knowing anybody."""
        self.rate = rate
        self._second = -1
        self._asked: dict[str, int] = {}

    @property
    def varies(self) -> bool:
        """Tell that it depends on who asked how often."""
        return True

    def carry(self, found: Deliveries, passing: Passing) -> Deliveries:
        """Count the asker."""
        if passing.tcp:
            return found
        if int(passing.now) != self._second or len(self._asked) >= _CLIENTS:
            self._second = int(passing.now)
            self._asked.clear()
        asked = self._asked[passing.client] = self._asked.get(passing.client, 0) + 1
        if asked <= self.rate:
            return found
        if (asked - self.rate) % 2:
            return ()
        return tuple(Delivery(one.after, truncated(passing.query, one.wire)) for one in found)


# -- arguments -----------------------------------------------------------------------------------------------

_PERCENT: Final = re.compile(r"(\d{1,3})%", re.ASCII)
_TIME: Final = re.compile(r"(\d{1,5})(ms|s)", re.ASCII)


def _percent(make: Callable[[float], Impairment]) -> Callable[[str, float], Impairment]:
    """Return a reader of a chance."""

    def read(argument: str, _now: float) -> Impairment:
        match = _PERCENT.fullmatch(argument)
        if match is None or not 0 < int(match[1]) <= 100:
            raise ValueError("must be a chance from 1% to 100%")
        return make(int(match[1]) / 100)

    return read


def _delay(argument: str, _now: float) -> Impairment:
    """Read a time."""
    match = _TIME.fullmatch(argument)
    seconds = 0.0 if match is None else int(match[1]) / (1000 if match[2] == "ms" else 1)
    if not 0 < seconds <= MAX_DELAY:
        raise ValueError(f"must be a time such as 200ms or 2s, at most {MAX_DELAY:g}s")
    return Delay(seconds)


def _whole(make: Callable[[int], Impairment], least: int, most: int) -> Callable[[str, float], Impairment]:
    """Return a reader of a whole number."""

    def read(argument: str, _now: float) -> Impairment:
        plain = argument.isascii() and argument.isdigit() and len(argument) < 7
        if not plain or not least <= int(argument) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return make(int(argument))

    return read


def _dark(argument: str, now: float) -> Impairment:
    """Read for how long from now on; without an argument it lasts."""
    if not argument:
        return Dark(None)
    span = parse_duration(argument)
    if span <= 0:
        raise ValueError("must be longer than zero")
    return Dark(now + span)


def _refused(argument: str, _now: float) -> Impairment:
    if argument:
        raise ValueError("must be left out")
    return TcpRefused()


class ImpairmentKind(NamedTuple):
    """One row: what it is, what argument it takes, the one meant if none is given, and how it is read."""

    title: str
    takes: str
    default: str
    read: Callable[[str, float], Impairment]


IMPAIRMENTS: Final[dict[str, ImpairmentKind]] = {
    "loss": ImpairmentKind("answers over UDP are lost", "CHANCE", "10%", _percent(Loss)),
    "delay": ImpairmentKind("answers come late", "TIME", "200ms", _delay),
    "duplication": ImpairmentKind("answers over UDP come twice", "CHANCE", "100%", _percent(Duplication)),
    "reordering": ImpairmentKind("answers over UDP are overtaken", "CHANCE", "50%", _percent(Reordering)),
    "truncation": ImpairmentKind(
        "answers over UDP are cut to nothing, TC set", "CHANCE", "100%", _percent(Truncation)
    ),
    "fragments-dropped": ImpairmentKind(
        "answers over UDP longer than so many octets are lost", "OCTETS", "1232",
        _whole(FragmentsDropped, 12, 65535),
    ),
    "tcp-refused": ImpairmentKind("nothing is answered over TCP", "", "", _refused),
    "dark": ImpairmentKind("no answers at all, for so long", "DURATION", "", _dark),
    "rate-limit": ImpairmentKind(
        "so many answers a second for each asker over UDP", "NUMBER", "10", _whole(RateLimit, 1, 100_000)
    ),
}  # fmt: skip
"""Every impairment by its name. `takes` is empty where no argument is; `dark` without one lasts."""


def read_impairment(name: str, argument: str = "", now: float = 0.0) -> Impairment:
    """Return an impairment by name and argument, begun `now`. Raises ValueError in words that follow both."""
    kind = IMPAIRMENTS[name]
    return kind.read(argument or kind.default, now)
