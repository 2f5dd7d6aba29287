"""A fleet as a value: its file checked, its digest, and what it becomes in a scenario: strata.

Raises ScenarioError, and nothing else, whatever a file holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..errors import ScenarioError
from ..resolver.policy import PolicyError, ResolverPolicy
from ..resolver.profiles import MODELS
from ..resources import scenarios_path
from ..scenario.keys import KnownKeys
from ..scenario.source import parse_toml, read_file, validate
from ..scenario.spec import Scenario
from ..scenario.tables import allowed
from .machine import Machine
from .strata import Absence, Mending, Stratum, Window
from .tables import Cohort, FleetFile

CURRENT, NEXT = "current", "next"
"""Anchors that stand for the key signing at a scenario's start, and for the one that signs after it."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet file that was read: `name` is the file's stem, `digest` a SHA-256 in hex over its octets."""

    name: str
    path: str
    file: FleetFile
    digest: str

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Return the cohorts in the order of the file."""
        return self.file.cohort


def shipped_fleets() -> dict[str, Path]:
    """Return the shipped fleets by name, sorted."""
    found = sorted((scenarios_path() / "population" / "fleets").glob("*.toml"), key=lambda path: path.stem)
    return {path.stem: path for path in found}


def load_fleet(argument: str) -> Fleet:
    """Load a fleet by path or shipped name. Raises ScenarioError."""
    shipped = shipped_fleets()
    path = shipped.get(argument, Path(argument))
    if argument not in shipped and path.suffix != ".toml":
        remedy = f"{allowed(argument, tuple(shipped))}, or give the path of a .toml file"
        raise ScenarioError("no shipped fleet has this name", place=argument or '""', remedy=remedy)
    return fleet_of_text(read_file(path), path)


def fleet_of_text(text: str, path: Path = Path("fleet.toml")) -> Fleet:
    """Load a fleet from its text; `path` names it in errors."""
    shown = str(path)
    file = validate(FleetFile, parse_toml(text, shown), shown)
    seen: list[str] = []
    for number, cohort in enumerate(file.cohort, 1):
        place = f"{shown}: cohort[{number}] ({cohort.name})"
        if cohort.name in seen:
            raise ScenarioError("another cohort has this name", place=f"{place}.name")
        seen.append(cohort.name)
        policy_of(cohort, place)
        KnownKeys({}).check_all([a for a in cohort.anchors if a not in (CURRENT, NEXT)], f"{place}.anchors")
    if not sum(cohort.share.value for cohort in file.cohort):
        raise ScenarioError("nobody is in the fleet: all shares are 0", place=shown)
    return Fleet(path.stem, shown, file, sha256(text.encode()).hexdigest())


def policy_of(cohort: Cohort, place: str) -> ResolverPolicy:
    """Return the policy of a cohort, caches apart. Raises ScenarioError."""
    if cohort.model not in MODELS:
        raise ScenarioError(
            f"there is no model {cohort.model}", place=f"{place}.model",
            remedy=allowed(cohort.model, tuple(MODELS)),
        )  # fmt: skip
    try:
        return MODELS[cohort.model].policy.override(dict(cohort.policy))
    except PolicyError as problem:
        raise ScenarioError(str(problem), place=f"{place}.policy") from None


def strata_of(fleet: Fleet, scenario: Scenario) -> tuple[Stratum, ...]:
    """Return the strata of a fleet in a scenario, by best estimates: one for each cohort and cap of a cache.

    Raises ScenarioError, for a scenario without a roll too, if the fleet speaks of `next`.
    """
    strata: list[Stratum] = []
    for number, cohort in enumerate(fleet.cohorts):
        place = f"{fleet.path}: cohort[{number + 1}] ({cohort.name})"
        policy = policy_of(cohort, place)
        anchors = tuple(_anchor(name, scenario, place) for name in cohort.anchors)
        caps = [(cap.share, cap.ttl_cap) for cap in cohort.cache.cap] if cohort.cache else [(1.0, None)]
        total = sum(share for share, _ in caps)
        if not total:
            raise ScenarioError("all shares are 0", place=f"{place}.cache")
        for share, cap in caps:
            used = policy if cap is None else policy.override({"ttl-cap": f"PT{cap}S"})
            machine = Machine(
                used, tuple(dict.fromkeys(anchors)), cohort.anchor_format, cohort.state_writable,
                cohort.absence.keep_state if cohort.absence else True,
                cohort.repair.how if cohort.repair else "none",
            )  # fmt: skip
            strata.append(
                Stratum(
                    machine, cohort.share.value * share / total, _windows(cohort), _absence(cohort),
                    _mending(cohort), number,
                )
            )  # fmt: skip
    return tuple(strata)


def _anchor(name: str, scenario: Scenario, place: str) -> str:
    """Return the key an anchor's name stands for."""
    if name == CURRENT:
        return scenario.anchors_default[0]
    if name == NEXT:
        for step in scenario.timeline.steps:
            for signer in step.keys.trusted_signers if step.at > scenario.start else ():
                if signer in step.keys.ksks and signer not in scenario.anchors_default:
                    return signer
        raise ScenarioError(
            "no key follows the one that signs first", place=f"{place}.anchors", remedy="name the keys"
        )
    return name


def _windows(cohort: Cohort) -> tuple[Window, ...]:
    return tuple(Window(float(one.share), one.from_, one.to) for one in cohort.start.window)


def _absence(cohort: Cohort) -> Absence | None:
    habit = cohort.absence
    if habit is None:
        return None
    return Absence(habit.every, habit.shortest, habit.longest, float(habit.restarts))


def _mending(cohort: Cohort) -> Mending | None:
    repair = cohort.repair
    return Mending(float(repair.share), repair.soonest, repair.latest) if repair else None


def names_of(strata: Sequence[Stratum]) -> tuple[str, ...]:
    """Return all keys that anchors of strata name."""
    return tuple(dict.fromkeys(name for stratum in strata for name in stratum.machine.anchors))
