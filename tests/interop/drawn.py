"""Worlds drawn by number, in which real resolvers and their models go through the same.

A world is a roll of two to five months, ordinary or not, and what befalls everybody in it: outages, absences,
restarts, late installations, bogus answers, wrong clocks, states that cannot be written. The four daemons and
their models share the run.

    python -m tests.interop.drawn FIRST [LAST]     play worlds and say where daemon and model part
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from lab.authority.timeline import KeySet, Timeline
from lab.clock import DAY, HOUR, MINUTE, Instant, Seconds, format_instant
from lab.drivers.casting import with_daemons
from lab.drivers.grid import FINE
from lab.drivers.theatre import play_daemons
from lab.run.compare import Comparison, compare, told
from lab.scenario.spec import (
    Action,
    Dark,
    EventSpec,
    Off,
    Replay,
    Restart,
    Scenario,
    SetClock,
    SetStateWritable,
)
from tests.properties.worlds import START, keys, scenario, subject, timeline

PAIRS: Final = {
    "unbound": "daemon:unbound",
    "bind": "daemon:named",
    "knot": "daemon:kresd",
    "pdns-recursor": "daemon:pdns_recursor",
}
"""Model and daemon."""


@dataclass(frozen=True)
class World:
    """A scenario, and in words what is peculiar about it."""

    number: int
    scenario: Scenario
    words: tuple[str, ...]


def world(number: int) -> World:
    """Return the world of a number: the same for ever, as far as this file stays as it is."""
    chance = random.Random(f"world {number}")
    days = chance.randint(60, 150)
    zone, words = _roll(chance, days)
    first = START + chance.choice((0, 0, chance.randrange(DAY), chance.randrange(60 * DAY)))
    writable = chance.random() > 0.04
    events: list[EventSpec] = []
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2))):
        at = START + chance.randrange(DAY, days * DAY - DAY)
        action, what = _disturbance(chance, at)
        events.append(EventSpec(at, None, action))
        words.append(f"{what} at {format_instant(at)}")
    if first != START:
        words.append(f"first start {format_instant(first)}")
    if not writable:
        words.append("state unwritable")
    subjects = [replace(subject(model, model, "a", first), state_writable=writable) for model in PAIRS]
    made = scenario(zone, subjects, stop=START + days * DAY, events=events, seed=number)
    return World(number, made, tuple(words))


def _roll(chance: random.Random, days: int) -> tuple[Timeline, list[str]]:
    """Draw the key sets of a roll from A to B, and say how it goes."""
    short = (
        6 * HOUR if days < 75 else DAY
    )  # each refresh of each daemon is a step: short worlds alone afford it
    ttl = chance.choice((2 * DAY, 2 * DAY, DAY, short))
    published = chance.randrange(2 * DAY, 20 * DAY)
    notice = chance.choice((10, 25, 29, 30, 31, 33, 40, 60)) * DAY + chance.randrange(DAY)
    sets: list[tuple[Seconds, KeySet]] = [(0, keys("a")), (published, keys("ab"))]
    words = [f"TTL {ttl // HOUR} h, B published {_day(published)}"]
    if chance.random() < 0.25:
        gone = published + chance.randrange(HOUR, 40 * DAY)
        back = gone + chance.choice((DAY, DAY, 3 * DAY, 20 * DAY))
        sets += [(gone, keys("a")), (back, keys("ab"))]
        words.append(f"B missing {_day(gone)} to {_day(back)}")
        notice += chance.choice((0, back - published))
    rolled = published + notice
    if rolled > sets[-1][0]:
        sets.append((rolled, keys("ab", "b")))
        words.append(f"roll {_day(rolled)}")
        revoked = rolled + chance.randrange(5 * DAY, 40 * DAY)
        proved = chance.random() < 0.85
        if chance.random() < 0.85:
            sets.append((revoked, keys("ab", "ab" if proved else "b", "a")))
            words.append(f"A revoked {_day(revoked)}{'' if proved else ' without its own signature'}")
            removed = revoked + chance.randrange(2 * DAY, 45 * DAY)
            sets.append((removed, keys("b")))
            words.append(f"A removed {_day(removed)}")
    within = [(at, keyset) for at, keyset in sets if at < days * DAY - DAY]
    return timeline(within, ttl=ttl), words


def _disturbance(chance: random.Random, at: Instant) -> tuple[Action, str]:
    """Draw something that befalls everybody."""
    lasts = chance.choice((HOUR, 20 * HOUR, 3 * DAY, 12 * DAY, 35 * DAY)) + chance.randrange(DAY)
    kind = chance.choice(
        ("dark", "dark", "off", "off", "restart", "kill", "reset", "clock", "replay", "stuck")
    )
    if kind == "dark":
        return Dark(at + lasts), f"dark for {lasts / DAY:.1f} d"
    if kind == "off":
        return Off(at + lasts), f"off for {lasts / DAY:.1f} d"
    if kind in ("restart", "kill", "reset"):
        return Restart(kind != "reset", kill=kind == "kill"), kind
    if kind == "clock":
        offset = chance.choice((-40 * DAY, -DAY, -10 * MINUTE, HOUR, 2 * DAY, 12 * DAY, 40 * DAY))
        return SetClock(offset), f"clock {offset / DAY:+.1f} d"
    if kind == "replay":
        of = START + (at - START) * chance.choice((0, 3)) // 4
        return Replay(of, at + lasts), f"answers of {format_instant(of)} for {lasts / DAY:.1f} d"
    return SetStateWritable(False), "state turns unwritable"


def _day(after: Seconds) -> str:
    return format_instant(START + after)


def compared(drawn: World, models: Iterable[str] = PAIRS) -> dict[str, Comparison]:
    """Play a world and return each model beside its daemon."""
    names = [name for model in models for name in (model, PAIRS[model])]
    record = play_daemons(with_daemons(drawn.scenario, names), names)
    return {name: compare(record, name, PAIRS[name], step=FINE) for name in names[::2]}


def report(drawn: World, found: dict[str, Comparison]) -> str:
    """Say what the world is, and where daemon and model part."""
    lines = [f"world {drawn.number}: {'; '.join(drawn.words)}"]
    for model, comparison in found.items():
        pair = comparison.divergence
        where = f"{told(pair.left)} | {told(pair.right)}" if pair else comparison.reason
        lines.append(f"    {model}: {comparison.verdict} {where}".rstrip())
    return "\n".join(lines)


def main(first: int, last: int) -> int:
    """Play worlds, one after the other; return 1 if a model and its daemon part in one of them."""
    agreed = 0
    for number in range(first, last):
        drawn, began = world(number), time.monotonic()
        found = compared(drawn)
        agreed += all(one.verdict == "agree" for one in found.values())
        print(f"{report(drawn, found)}\n    {time.monotonic() - began:.1f} s", flush=True)
    print(f"{agreed} of {last - first} worlds agree")
    return int(agreed < last - first)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int(sys.argv[1]) + 1))
