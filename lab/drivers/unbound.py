"""Unbound 1.17.1: auto-trust-anchor-file, an RFC 5011 state file that is the daemon's own truth.

Unbound rewrites the file after every probe and ends if it cannot (validator/autotrust.c, `autr_write_file`),
so what the file says is what it trusts. Debian's unit seeds it from dns-root-data; here it begins with the
scenario's anchors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..clock import Instant
from ..resolver.state.vocabulary import HOLDS
from ..scenario.spec import DEFAULT_UDP_SIZE
from . import driver
from .driver import Reading, Setting, Tool

DNS: Final = 53
_VERSION: Final = re.compile(r"^Version ([0-9][^\s]*)", re.MULTILINE)
_STAMP: Final = re.compile(r"^\[(\d{1,11})\] ")
_PROBE: Final = re.compile(r"^;;next_probe_time: (\d{1,11}) ", re.MULTILINE)
_FATAL: Final = re.compile(r"fatal error: |\] error: ")


@dataclass(frozen=True, slots=True)
class Unbound:
    """Drive the unbound of the Debian package of that name."""

    name: str = "unbound"
    program: str = "unbound"
    package: str = "unbound"
    install: str = driver.apt("unbound")
    model: str = "unbound"
    managed: bool = True
    forwards: bool = False
    spins: bool = False
    reckons: bool = False
    clocks: tuple[str, ...] = ("shim", "restart", "none")
    knobs: frozenset[str] = frozenset({"udp_size", "tcp", "address6", "port"})
    version_command: tuple[str, ...] = ("unbound", "-V")

    def version(self, text: str) -> str:
        """Return the version in the output of `unbound -V`."""
        return driver.first_match(_VERSION, text)

    def files(self, setting: Setting) -> dict[str, str]:
        """Return unbound.conf, and hints if the packaged ones are not wanted."""
        listen = "".join(f'    interface: "{address}"\n' for address in setting.addresses)
        ask = "".join(f'    outgoing-interface: "{address}"\n' for address in setting.addresses)
        hinted = setting.roots is not None and setting.port == DNS
        knobs = driver.lines(
            (setting.address6 is None, "    do-ip6: no"),
            (setting.udp_size != DEFAULT_UDP_SIZE, f"    edns-buffer-size: {setting.udp_size}"),
            (not setting.tcp, "    do-tcp: no"),
            (setting.port != DNS, f"    port: {setting.port}"),
            (any(root.startswith("127.") for root in setting.roots or ()), "    do-not-query-localhost: no"),
            (hinted, f'    root-hints: "{setting.path("root.hints")}"'),
        )
        conf = driver.template("unbound.conf", folder=setting.path(), knobs=listen + ask + knobs)
        if setting.port != DNS:
            conf += "".join(
                f'stub-zone:\n    name: "{zone}"\n    stub-addr: {address}@{setting.port}\n'
                for zone, address in setting.zones
            )
        own = {"root.hints": driver.hints(setting.roots or ())} if hinted else {}
        return {"unbound.conf": conf, **own}

    def seeds(self, setting: Setting) -> dict[str, str]:
        """Return the first root.key: anchors without a state."""
        return {f"{driver.STATE}/root.key": driver.anchor_records(setting.anchors)}

    def state(self, setting: Setting) -> tuple[str, ...]:
        """Return the folder of root.key."""
        return (driver.STATE,)

    def command(self, setting: Setting) -> list[str]:
        """Run in the foreground, as Debian's unit does."""
        return [self.program, "-d", "-p", "-c", setting.path("unbound.conf")]

    def environment(self, setting: Setting) -> dict[str, str]:
        """Return nothing: it needs nothing."""
        return {}

    def trust(self, setting: Setting, tool: Tool) -> tuple[Reading, ...]:
        """Read root.key; no control program is asked.

        A hold-down ends with any probe, but the file is written only after one that had an answer
        (validator/autotrust.c, `autr_process_prime`): the stamp is right, and may come late.
        """
        readings = driver.state_readings(setting, "root.key", "unbound", HOLDS)
        return tuple(replace(reading, late=True) for reading in readings)

    def stamp(self, setting: Setting) -> object:
        """Return what its state files look like: it writes them whenever it learns."""
        return driver.state_stamp(setting)

    def due(self, setting: Setting, tool: Tool, asked: Instant | None) -> tuple[Instant, ...]:
        """Read next_probe_time in root.key (validator/autotrust.c, `autr_write_contents`)."""
        try:
            text = (setting.folder / driver.STATE / "root.key").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ()
        return tuple(int(number) for number in _PROBE.findall(text))

    def set_anchors(self, setting: Setting, tool: Tool) -> bool:
        """Return False: the operator writes root.key anew while Unbound is stopped."""
        return False

    def log_instant(self, line: str, near: Instant) -> Instant | None:
        """Read `[1539273600] unbound[7:0] info: ...`, seconds since 1970."""
        match = _STAMP.match(line)
        return int(match[1]) if match else None

    def fatal(self, lines: Sequence[str]) -> str:
        """Return the fatal error, which Unbound logs last, or else the last error."""
        return driver.last_line(_FATAL, lines)
