"""Where `serve` answers: one address or several, or the letters of the root at addresses in a row."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Final

import click

from ..errors import DriverError
from .places import read_place, shown

if TYPE_CHECKING:
    from ..nameserver.listener import Answer, Listener, Observe

_ATTEMPTS: Final = 20
"""Free ports that are tried, if one is to be free at every letter's address."""


@dataclass(frozen=True, slots=True)
class Site:
    """Hold addresses and ports, and the letters that answer there, "" for one server at all of them.

    `moved` says which addresses the zones give for the root servers instead of the real ones.
    """

    addresses: tuple[str, ...]
    ports: tuple[int, ...]
    letters: str = ""
    moved: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def listener(self, answer: Answer, observe: Observe | None = None) -> Iterator[Listener]:
        """Listen there, all letters at the same port. Raises DriverError if that cannot be had."""
        from ..nameserver.listener import Listener

        attempts = _ATTEMPTS if self.letters and not self.ports[0] else 1
        for attempt in range(attempts):
            ports = self.ports if attempts == 1 else (_free_port(self.addresses[0]),) * len(self.addresses)
            listener = Listener(answer, self.addresses, ports, watched=False, observe=observe)
            try:
                listener.start()
                break
            except DriverError:
                if attempt + 1 == attempts:
                    raise
        try:
            yield listener
        finally:
            listener.stop()

    def told(self, ports: Sequence[int]) -> tuple[str, ...]:
        """Return the lines that say where somebody listens."""
        if self.letters:
            last = f" to {self.letters[-1]} at {self.addresses[-1]}" if len(self.letters) > 1 else ""
            return (
                f"listening on {shown(self.addresses[0])}:{ports[0]}",
                f"letter {self.letters[0]} at {self.addresses[0]}{last}",
            )
        return tuple(f"listening on {place}" for place in self.places(ports))

    def places(self, ports: Sequence[int]) -> tuple[str, ...]:
        """Return every address with its port."""
        pairs = zip(self.addresses, ports, strict=True)
        return tuple(f"{shown(address)}:{port}" for address, port in pairs)


def _free_port(address: str) -> int:
    """Return a port that is free at an address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind((address, 0))
        port: int = asking.getsockname()[1]
        return port


def site_of(places: Sequence[str], count: int | None) -> Site:
    """Read --listen and --letters. Raises a usage error."""
    from ..authority.zone import CHILD_SERVER, ROOT_SERVERS

    context = click.get_current_context()
    pairs = [read_place(place, "--listen") for place in places]
    if len(dict.fromkeys(pairs)) < len(pairs) and any(port for _, port in pairs):
        raise click.UsageError("--listen: every address and port once", context)
    if count is None:
        return Site(tuple(address for address, _ in pairs), tuple(port for _, port in pairs))
    if len(pairs) > 1:
        raise click.UsageError("--letters takes addresses in a row from one --listen", context)
    base, port = pairs[0]
    try:
        first = ip_address(base)
        row = [first + number for number in range(count)]
    except ValueError:
        first, row = None, []
    if not isinstance(first, IPv4Address) or not all(one.is_loopback for one in row):
        raise click.UsageError("--letters: give a loopback address of IPv4 with room after it", context)
    addresses = tuple(map(str, row))
    moved = {v4: addresses[number % count] for number, (_, v4, _) in enumerate(ROOT_SERVERS)}
    letters = "".join(letter for letter, _, _ in ROOT_SERVERS[:count])
    return Site(addresses, (port,) * count, letters, {**moved, CHILD_SERVER: addresses[0]})
