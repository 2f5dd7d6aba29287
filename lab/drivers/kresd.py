"""Knot Resolver 5.6: a key file, managed by RFC 5011 or, as Debian builds it, only read.

A managed key file is the daemon's own truth: the module ta_update rewrites it after every refresh, and the
daemon ends with a panic if it cannot (daemon/lua/trust_anchors.lua, `keyset_write`). Debian builds with
managed_ta=disabled, so that `kresd-debian` is what its package does out of the box, and `kresd` what it does
for those who say `trust_anchors.add_file(file)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..clock import DAY, HOUR, Instant
from ..resolver.state.knot import HOLDS
from ..scenario.spec import DEFAULT_UDP_SIZE
from . import driver
from .driver import Reading, Setting, Tool

_VERSION: Final = re.compile(r"^Knot Resolver, version ([0-9][^\s]*)", re.MULTILINE)
_TTL: Final = re.compile(r"^(?:; )?\.\s+(\d{1,10})\s", re.MULTILINE)
_FATAL: Final = re.compile(r"PANIC|\[system\] (?!warning)|ERROR|Assertion|critical")


@dataclass(frozen=True, slots=True)
class Kresd:
    """Drive the kresd of the Debian package knot-resolver."""

    name: str = "kresd"
    program: str = "kresd"
    package: str = "knot-resolver"
    install: str = driver.apt("knot-resolver")
    model: str = "knot"
    managed: bool = True
    forwards: bool = False
    spins: bool = True
    reckons: bool = True
    clocks: tuple[str, ...] = ("shim", "none")
    knobs: frozenset[str] = frozenset({"udp_size", "address6"})
    version_command: tuple[str, ...] = ("kresd", "--version")

    def version(self, text: str) -> str:
        """Return the version in the output of `kresd --version`."""
        return driver.first_match(_VERSION, text)

    def files(self, setting: Setting) -> dict[str, str]:
        """Return kresd.conf, the key file if it is not managed, and hints if others are wanted."""
        six = setting.address6
        listen = "".join(f"net.listen('{one}', 53, {{ kind = 'dns' }})\n" for one in setting.addresses)
        knobs = driver.lines(
            (six is None, "net.ipv6 = false"),
            (True, f"net.outgoing_v4('{setting.address}')"),
            (six is not None, f"net.outgoing_v6('{six}')"),
            (setting.udp_size != DEFAULT_UDP_SIZE, f"net.bufsize({DEFAULT_UDP_SIZE}, {setting.udp_size})"),
        )
        hints = driver.lines(
            (
                setting.roots is not None,
                f"modules.load('hints')\nhints.root_file('{setting.path('root.hints')}')",
            )
        )
        keys = setting.path(*((driver.STATE, "root.keys") if self.managed else ("root.keys",)))
        unmanaged = "false" if self.managed else "true"
        values = {"folder": setting.path(), "knobs": listen + knobs + hints, "keys": keys}
        own = {} if setting.roots is None else {"root.hints": driver.hints(setting.roots)}
        if not self.managed:
            own["root.keys"] = driver.anchor_records(setting.anchors)
        return {"kresd.conf": driver.template("kresd.conf", unmanaged=unmanaged, **values), **own}

    def seeds(self, setting: Setting) -> dict[str, str]:
        """Return the first key file, if it is managed: anchors without a state."""
        if not self.managed:
            return {}
        return {f"{driver.STATE}/root.keys": driver.anchor_records(setting.anchors)}

    def state(self, setting: Setting) -> tuple[str, ...]:
        """Return the folder of the key file, and the cache, which outlives a restart."""
        return (driver.STATE, driver.CACHE)

    def command(self, setting: Setting) -> list[str]:
        """Run in the foreground, not interactively, as Debian's unit does."""
        return [self.program, "-n", "-c", setting.path("kresd.conf"), setting.path(driver.RUN)]

    def environment(self, setting: Setting) -> dict[str, str]:
        """Return nothing: it needs nothing."""
        return {}

    def trust(self, setting: Setting, tool: Tool) -> tuple[Reading, ...]:
        """Read the key file; no control program is asked."""
        if not self.managed:
            return driver.configured(setting.anchors)
        return driver.state_readings(setting, "root.keys", "knot", HOLDS)

    def stamp(self, setting: Setting) -> object:
        """Return what its state files look like: it writes them whenever it learns."""
        return driver.state_stamp(setting)

    def due(self, setting: Setting, tool: Tool, asked: Instant | None) -> tuple[Instant, ...]:
        """Return what ta_update plans after a success and after a failure (`active_refresh`).

        They are half and a tenth of the least TTL in its key set; which of the two it is only kresd knows.
        """
        if asked is None:
            return ()
        ttls = {HOUR, DAY}  # a DS has none; the key that takes its place in memory has that of its copy
        if self.managed:
            try:
                text = (setting.folder / driver.STATE / "root.keys").read_text("utf-8", "replace")
            except OSError:
                return ()
            ttls = {min((int(number) for number in _TTL.findall(text)), default=HOUR)}
        waits = {wait for ttl in ttls for wait in (min(DAY, ttl // 10), min(15 * DAY, ttl // 2))}
        return tuple(sorted(asked + max(HOUR, wait) for wait in waits))

    def set_anchors(self, setting: Setting, tool: Tool) -> bool:
        """Return False: the operator writes the key file anew while kresd is stopped."""
        return False

    def log_instant(self, line: str, near: Instant) -> Instant | None:
        """Return None: kresd leaves stamps to the journal."""
        return None

    def fatal(self, lines: Sequence[str]) -> str:
        """Return the last panic or error."""
        return driver.last_line(_FATAL, lines)


KRESD_DEBIAN: Final = Kresd(name="kresd-debian", model="knot-debian", managed=False)
"""The package out of the box: its key file is read and never written."""
