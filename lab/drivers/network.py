"""Where servers and daemons are: at the servers' own addresses in a namespace, or on loopback without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from ..authority.zone import CHILD_SERVER, ROOT_SERVERS
from ..errors import DriverError
from ..nameserver.switchboard import LETTERS
from . import loopback
from .driver import Driver


@dataclass(frozen=True, slots=True)
class Network:
    """Hold the addresses of the root servers and of the children's server, and the port of all.

    `places` maps addresses of the zones to those here, where they differ. A network that is `isolated` is a
    namespace: it has every address, and ends with the lab.
    """

    roots: tuple[str, ...]
    children: str
    port: int = loopback.DNS
    places: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    isolated: bool = True

    def letter(self, address: str) -> str:
        """Return the letter of the root server at an address, "" if there is none."""
        if address not in self.roots:
            return ""
        return LETTERS[self.roots.index(address) * len(LETTERS) // len(self.roots)]

    @property
    def hints(self) -> tuple[str, ...] | None:
        """Return the root servers for who has hints of other ones, None if those are right."""
        return None if self.isolated else self.roots


_LOOPBACK_IGNORED: Final = "it asks no server at a loopback address"
NEVER: Final = {
    "named": "it listens only at addresses that an interface has",
    "kresd": _LOOPBACK_IGNORED,  # lib/layer/iterate.c, is_valid_addr
    "kresd-debian": _LOOPBACK_IGNORED,
}
"""Drivers whose daemons cannot live on loopback addresses: why."""

INSIDE: Final = Network(tuple(address for _, *both in ROOT_SERVERS for address in both), CHILD_SERVER)
"""The network of a namespace."""


def outside(drivers: Sequence[Driver], reason: str, own: Sequence[str]) -> Network:
    """Return the network for some daemons without a namespace; `own` are the addresses they answer at.

    Raises DriverError, saying first why there is no namespace, if they cannot do without one.
    """
    for driver in drivers:
        why = "it is a forwarder" if driver.forwards else NEVER.get(driver.name, "")
        if why:
            raise DriverError(f"{reason}; daemon:{driver.name} cannot do without: {why}")
    fixed = next((driver.name for driver in drivers if "port" not in driver.knobs), "")
    port = loopback.DNS if fixed else loopback.free_port(own)
    if fixed and (problem := loopback.why_not(port, own)):
        raise DriverError(f"{reason}; on loopback daemon:{fixed} needs port 53, and {problem}")
    places = {v4: here for (_, v4, _), here in zip(ROOT_SERVERS, loopback.ROOTS, strict=True)}
    places[CHILD_SERVER] = loopback.CHILDREN
    return Network(loopback.ROOTS, loopback.CHILDREN, port, MappingProxyType(places), isolated=False)
