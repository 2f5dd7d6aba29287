"""The drivers there are, by the names users give them behind `daemon:`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..errors import ScenarioError
from .dnsmasq import Dnsmasq
from .driver import Driver
from .generic import load_driver
from .kresd import KRESD_DEBIAN, Kresd
from .named import Named
from .recursor import Recursor
from .resolved import Resolved
from .stubby import Stubby
from .unbound import Unbound

PREFIX: Final = "daemon:"
"""What marks a subject as a real daemon."""

SUFFIX: Final = ".toml"
"""How the name of a file ends that describes a driver."""

_FILES: Final = Path(__file__).with_name("templates")

_ALL: Final[tuple[Driver, ...]] = (
    Unbound(),
    load_driver(_FILES / "unbound-static.toml"),
    Named(),
    load_driver(_FILES / "named-static.toml"),
    Kresd(),
    KRESD_DEBIAN,
    Recursor(),
    Dnsmasq(),
    Resolved(),
    Stubby(),
)

DRIVERS: Final[dict[str, Driver]] = {driver.name: driver for driver in _ALL}
"""Every driver by its name."""


def driver_of(name: str) -> Driver:
    """Return the driver of a name, with or without `daemon:` before it; one that ends in .toml is a file.

    Raises ScenarioError.
    """
    bare = name.removeprefix(PREFIX)
    if bare.endswith(SUFFIX):
        return load_driver(Path(bare))
    known = DRIVERS.get(bare)
    if known is None:
        raise ScenarioError(
            f"there is no driver {bare[:64]!r}",
            remedy=f"the drivers are {', '.join(DRIVERS)}, or name a file that ends in {SUFFIX}",
        )
    return known
