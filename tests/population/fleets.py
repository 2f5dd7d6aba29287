"""Random worlds and strata for tests of the fleet engines: fast keys, timelines off IANA's grid, any preset.

Everything is a function of a seed, so that a difference that was found can be found again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from lab.authority.timeline import KeySet, Timeline
from lab.clock import DAY, HOUR
from lab.population import kernel
from lab.population.arrays import Ints
from lab.population.draws import seed_key
from lab.population.machine import Machine
from lab.population.strata import Absence, Compiled, Mending, Stratum, Window, compile_strata
from lab.population.world import Stage, World, world_of
from lab.resolver.profiles import MODELS
from lab.scenario.spec import Scenario

from ..properties.worlds import KSKS, START, keys, scenario, timeline

LIKELY = {
    "absent": ("published",) * 6 + ("signing", "revoked", "flagged"),
    "published": ("signing",) * 4 + ("absent",) * 4 + ("revoked", "flagged"),
    "signing": ("revoked",) * 4 + ("published",) * 4 + ("absent", "flagged"),
    "revoked": ("absent",) * 4 + ("published",) * 3 + ("signing", "flagged"),
}
"""What may become of a key; `flagged` is a REVOKE bit without the key's own signature."""


def _covered() -> tuple[str, ...]:
    """Return the presets a fleet takes: those with a cache, and without anchors from XML."""
    return tuple(
        name for name, profile in MODELS.items()
        if profile.policy.trust.feed != "xml" and profile.policy.cache.ttl_cap != 0
    )  # fmt: skip


COVERED = _covered()


@dataclass(frozen=True)
class Case:
    """A random world with strata in it, ready to run, and the scenario it was made from."""

    scenario: Scenario
    world: World
    compiled: Compiled


def case(seed: int, strata: int) -> Case:
    """Return the random case of a seed, with so many strata."""
    chance = random.Random(seed)
    zone, last = _timeline(chance)
    played = scenario(zone, (), stop=START + last + chance.randint(DAY, 40 * DAY))
    world = world_of(played, KSKS)
    found: list[Stratum] = []
    while len(found) < strata:
        one = _stratum(chance, world)
        if not one.machine.from_cache or world.margin >= 2 * world.dnskey_ttl:
            found.append(one)
    return Case(played, world, compile_strata(world, Stage(world, played), found))


def _timeline(chance: random.Random) -> tuple[Timeline, int]:
    """Return a timeline in which a key or two change their state at a time, as rolls go or as they do not."""
    sets, at = [(0, keys("a", "a", zsks="yz"))], 0
    for _ in range(chance.randint(2, 5)):
        at += chance.choice((
            chance.randint(1, 30 * DAY), chance.randint(HOUR, 10 * DAY),
            chance.choice((30 * DAY, 30 * DAY + 1, 31 * DAY)),
        ))  # fmt: skip
        states: dict[str, str] = {name: sets[-1][1].state(name) for name in KSKS}
        for name in chance.sample(KSKS, chance.randint(0, 2)):
            states[name] = chance.choice(LIKELY[states[name]])
        if "signing" not in states.values():
            states[chance.choice(KSKS)] = "signing"
        sets.append((at, _key_set(states, ("zsk-y", "zsk-z")[: chance.randint(1, 2)])))
    return timeline(sets, ttl=chance.choice((DAY, 2 * DAY, 2 * DAY, chance.randint(DAY, 5 * DAY)))), at


def _key_set(states: dict[str, str], zsks: tuple[str, ...]) -> KeySet:
    return KeySet(
        tuple(name for name in KSKS if states[name] != "absent"),
        zsks,
        tuple(name for name in KSKS if states[name] in ("revoked", "flagged")),
        tuple(name for name in KSKS if states[name] in ("signing", "revoked")),
        ("zsk-y",),
    )


def _stratum(chance: random.Random, world: World) -> Stratum:
    absence = chance.choice((
        None, Absence(chance.randint(1, 60) * DAY),
        Absence(chance.randint(20, 90) * DAY, HOUR, chance.randint(1, 19) * DAY, chance.random()),
    ))  # fmt: skip
    keeps = chance.random() > 0.2
    machine = Machine(
        MODELS[chance.choice(COVERED)].policy,
        chance.choice((("key-a",), ("key-a",), ("key-a", "key-b"), ("key-b",))),
        chance.choice(("ds", "dnskey")), chance.random() > 0.08, keeps,
        chance.choice(("none", "anchors", "reinstall")),
    )  # fmt: skip
    if absence is not None and not keeps:
        absence = Absence(absence.every)
    windows = (Window(0.6, world.start - DAY, world.start), Window(0.4, world.start, world.stop))
    mending = Mending(0.7, chance.randint(1, DAY), chance.randint(DAY, 20 * DAY))
    return Stratum(machine, 1.0, windows, absence, mending)


def by_kernel(compiled: Compiled, seed: int, first: int, count: int) -> Ints:
    """Return what the kernel, as plain Python, makes of resolvers."""
    size = compiled.arrays.keys
    seen = np.zeros((5 + size, count), np.int64)
    registers, since, valid = (np.zeros(n, np.int64) for n in (kernel.REGISTERS, size, size))
    kernel.run(first, count, seed_key(seed), compiled.arrays, compiled.tables, registers, since, valid, seen)
    return seen
