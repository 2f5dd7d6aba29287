"""Who is examined: a model, a real resolver, software described by a file, or a library with four verbs.

To the engine all of them are subjects. Here is what it does not know: what they can do, and in which cases
they are known to fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..drivers.driver import Driver
from ..drivers.table import PREFIX, SUFFIX, driver_of
from ..errors import ScenarioError
from ..resolver.profiles import MODELS
from ..scenario.tables import allowed
from .case import ABILITIES, Case
from .findings import known_findings
from .sut import Library, load_sut

MODEL, DAEMON, LIBRARY = "model", "daemon", "library"

DAEMONS: Final = ("unbound", "named", "kresd", "pdns_recursor")
"""The real resolvers that are examined unless others are named."""


@dataclass(frozen=True, slots=True)
class Examinee:
    """One who is examined.

    `kind` is `model`, `daemon` or `library`, `model` the subject's model as a scenario has it, `xfails` a
    reason for each case that it is known to fail, by the case's identifier.
    """

    name: str
    kind: str
    model: str
    abilities: frozenset[str]
    xfails: Mapping[str, str] = field(default_factory=dict)
    library: Library | None = None

    def lacks(self, case: Case) -> str:
        """Say in one line why a case does not apply, "" if it does."""
        missing = [ABILITIES[need] for need in case.needs if need not in self.abilities]
        return f"it is for who {missing[0]}" if missing else ""


def examinee(name: str) -> Examinee:
    """Return who is examined under a name: a model, `daemon:NAME`, or the path of a SUT file.

    Raises ScenarioError.
    """
    if name.startswith(PREFIX) and not name.endswith(SUFFIX):
        return _daemon(name)
    if name.endswith(SUFFIX):
        return _described(name.removeprefix(PREFIX))
    if name not in MODELS:
        raise ScenarioError(
            f"there is nobody called {name[:64]!r} to examine",
            remedy=f"{allowed(name, tuple(MODELS)).partition('? ')[0]}? see `rootlab list models`, or name "
            "daemon:unbound or a file that ends in .toml",
        )
    return Examinee(name, MODEL, name, _of_model(name), known_findings(name))


def _of_model(name: str) -> frozenset[str]:
    policy = MODELS[name].policy
    managed, alone = policy.base == "rfc", policy.trust.feed != "xml"
    signals = policy.signals.key_tag_query != "none"
    return _abilities(
        managed=managed, alone=alone, signals=signals, storage=True, state=True, clients=True, network=True
    )


def _abilities(**can: bool) -> frozenset[str]:
    assert set(can) == set(ABILITIES), "every ability is said"
    return frozenset(name for name, it_can in can.items() if it_can)


def _daemon(name: str) -> Examinee:
    driver = driver_of(name)
    if not driver.model:
        return Examinee(name, DAEMON, PREFIX + driver.name, _of_driver(driver, state=True))
    return Examinee(
        name, DAEMON, name, _of_driver(driver, state=True), known_findings(name, like=driver.model)
    )


def _of_driver(driver: Driver, *, state: bool, signals: bool = False) -> frozenset[str]:
    if driver.model:
        signals = MODELS[driver.model].policy.signals.key_tag_query != "none"
    return _abilities(
        managed=driver.managed, alone=True, signals=signals, storage=True, state=state, clients=True,
        network=True,
    )  # fmt: skip


def _described(path: str) -> Examinee:
    sut = load_sut(path)
    if isinstance(sut.subject, Library):
        abilities = _abilities(
            managed=True, alone=True, signals=False, storage=False, state=True, clients=False,
            network=False,
        )  # fmt: skip
        return Examinee(sut.subject.name, LIBRARY, PREFIX + path, abilities, sut.xfails, sut.subject)
    driver = sut.subject
    abilities = _of_driver(driver, state=driver.tells_states, signals=sut.signals)
    return Examinee(driver.name, DAEMON, PREFIX + path, abilities, sut.xfails)
