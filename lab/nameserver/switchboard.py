"""Switch faults and impairments on and off, for all letters of the root or for some, while others ask.

A switch is written NAME, NAME=ARGUMENT, and with @LETTERS at its end for some letters only:
`stale=P2D@b,c` lets b and c lag two days behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from ..authority.faults import FAULTS, read_fault
from ..authority.faulty_signer import Twist
from ..clock import Instant
from ..errors import UserError
from .impairments import IMPAIRMENTS, Deliveries, Delivery, Impairment, Passing, read_impairment

LETTERS: Final = "abcdefghijklm"
"""The root servers. Where there is but one server it has no letter, and is meant whatever letters are."""
MAX_ARGUMENT: Final = 300
TIMEOUT: Final = 3.0
"""Seconds after which nobody waits for an answer any more, where time is emulated."""


class Switch(NamedTuple):
    """Name a fault or an impairment, its argument, and the letters it is for: none named means all."""

    name: str
    argument: str = ""
    letters: str = ""

    def __str__(self) -> str:
        """Write it as it is read."""
        argument = f"={self.argument}" if self.argument else ""
        return f"{self.name}{argument}{'@' + ','.join(self.letters) if self.letters else ''}"


class Server(Protocol):
    """Answer queries, and do so under faults (`Responder`, `Forwarder`)."""

    def answer(self, query_wire: bytes, now: Instant, tcp: bool = False) -> bytes | None:
        """Return the response to a query."""
        ...

    def transfer(self, query_wire: bytes, now: Instant) -> tuple[bytes, ...]:
        """Return the messages of a zone transfer, none if the query is for none that can be had."""
        ...

    def twisted(self, twists: tuple[Twist, ...]) -> Server:
        """Return who answers under some faults."""
        ...


@dataclass(frozen=True, slots=True)
class _Active:
    """A switch that is on: what it does, and until when if it ends by itself."""

    switch: Switch
    twist: Twist | None
    impairment: Impairment | None
    until: float | None

    def meets(self, letter: str, now: float) -> bool:
        """Tell whether it is on for a letter."""
        over = self.until is not None and now >= self.until
        return not over and (not letter or not self.switch.letters or letter in self.switch.letters)


class Switchboard:
    """Hold what is switched on, and carry answers accordingly.

    Chance is drawn from `seed`, one number after the other, so the same queries in the same order meet the
    same fate. What is on is one tuple that is replaced: who answers in another thread sees either the old or
    the new. Those who switch take turns themselves.
    """

    def __init__(self, seed: str = "") -> None:
        """Begin with nothing switched on."""
        self._seed, self._drawn = seed, 0
        self._active: tuple[_Active, ...] = ()
        self.quiet = True
        """Whether nothing is on, so that nobody need ask."""

    def on(self, switch: Switch, now: float = 0.0, until: float | None = None) -> None:
        """Switch something on, in place of the same for the same letters. Raises UserError if it is wrong."""
        active = _active(switch, now, until)
        kept = tuple(one for one in self._active if not _same(one.switch, switch))
        self._set((*kept, active))

    def off(self, switch: Switch) -> bool:
        """Switch something off, whatever its argument; tell whether it was on."""
        kept = tuple(one for one in self._active if not _same(one.switch, switch))
        gone = len(kept) < len(self._active)
        self._set(kept)
        return gone

    def clear(self) -> None:
        """Switch everything off."""
        self._set(())

    def _set(self, active: tuple[_Active, ...]) -> None:
        self._active, self.quiet = active, not active

    def active(self, now: float) -> tuple[Switch, ...]:
        """Return what is on, in the order in which it was switched on."""
        return tuple(one.switch for one in self._active if one.meets("", now))

    def draw(self) -> float:
        """Return the next number in [0, 1)."""
        self._drawn += 1
        digest = sha256(f"{self._seed}/{self._drawn}".encode()).digest()
        return int.from_bytes(digest[:7], "big") / 2**56

    def by_chance(self, now: float) -> bool:
        """Tell whether the same query may fare otherwise when it is sent again."""
        on = (one for one in self._active if one.meets("", now))
        return any(one.switch.letters or (one.impairment is not None and one.impairment.varies) for one in on)

    def some_letter(self) -> str:
        """Draw the letter that somebody asks who may ask any, if any letter differs from the others."""
        if not any(one.switch.letters for one in self._active):
            return ""
        return LETTERS[int(self.draw() * len(LETTERS))]

    def answer(
        self,
        server: Server,
        query: bytes,
        now: float,
        tcp: bool = False,
        *,
        client: str = "",
        letter: str = "",
        transfers: bool = False,
    ) -> Deliveries:
        """Return what arrives of a server's answer to a query, and after how many seconds.

        With `transfers` a zone is given away as well, in as many messages as it takes; over TCP all go to the
        one who asked, in order.
        """
        on = tuple(one for one in self._active if one.meets(letter, now)) if self._active else ()
        twists = tuple(one.twist for one in on if one.twist is not None)
        asked = server.twisted(twists) if twists else server
        transfer = asked.transfer(query, int(now)) if tcp and transfers else ()
        answer = None if transfer else asked.answer(query, int(now), tcp)
        messages = transfer if answer is None else (answer,)
        found = tuple(Delivery(0.0, wire) for wire in messages)
        passing = Passing(query, now, tcp, client, self.draw)
        for one in on:
            if one.impairment is not None:
                found = one.impairment.carry(found, passing)
        return found


def in_time(found: Deliveries) -> bytes | None:
    """Return the answer that arrives first, None if none does before everybody has given up."""
    first = min(found, key=lambda one: one.after, default=None)
    return None if first is None or first.after >= TIMEOUT else first.wire


def parse_switch(text: str) -> Switch:
    """Read NAME[=ARGUMENT][@LETTERS]. Raises UserError for letters that are none; `check` does the rest."""
    rest, at, letters = text.rpartition("@")
    name, _, argument = (rest if at else text).partition("=")
    named = letters.split(",") if at else []
    if any(letter not in tuple(LETTERS) for letter in named):
        raise UserError(
            "the letters of the root are a to m", place=text[:60], remedy="write them like @b or @b,c"
        )
    return Switch(name, argument, "".join(sorted(dict.fromkeys(named))))


def check(switches: Iterable[Switch], known: Iterable[str]) -> None:
    """Refuse switches that are none of some names, or whose argument is wrong. Raises UserError."""
    names = tuple(known)
    for switch in switches:
        if switch.name not in names:
            near = get_close_matches(switch.name[:60], names, n=1)
            hint = f'did you mean "{near[0]}"? ' if near else ""
            raise UserError(
                "there is no such thing", place=switch.name[:60], remedy=f"{hint}there are {', '.join(names)}"
            )
        _active(switch, 0.0, None)


def _active(switch: Switch, now: float, until: float | None) -> _Active:
    """Read a switch. Raises UserError."""
    name, argument, _ = switch
    try:
        if len(argument) > MAX_ARGUMENT:
            raise ValueError(f"must have {MAX_ARGUMENT} characters at most")
        if name in FAULTS:
            return _Active(switch, read_fault(name, argument), None, until)
        impairment = read_impairment(name, argument, now)
    except KeyError:
        known = ", ".join((*FAULTS, *IMPAIRMENTS))
        raise UserError(
            "there is no such fault or impairment", place=name[:60], remedy=f"there are {known}"
        ) from None
    except ValueError as problem:
        raise UserError(f"the value {problem}", place=name) from None
    ends = [end for end in (until, impairment.until) if end is not None]
    return _Active(switch, None, impairment, min(ends, default=None))


def _same(one: Switch, other: Switch) -> bool:
    """Tell whether two switches are of one name and for the same letters."""
    return one.name == other.name and one.letters == other.letters
