"""PowerDNS Recursor 4.8: static anchors, from a file that is read at start and once a day.

Debian's recursor.lua says readTrustAnchorsFromFile (pdns/rec-lua-conf.cc); the file is read again when 24
hours have passed (pdns/recursordist/rec-main.cc, `houseKeeping`). `rec_control get-tas` tells what is trusted
now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..clock import DAY, Instant
from ..dnssec.keys import DS
from ..dnssec.names import MalformedRdata
from ..resolver.rfc5011 import State
from ..scenario.spec import DEFAULT_UDP_SIZE
from . import driver
from .driver import Reading, Setting, Tool

_HINTS: Final = "/usr/share/dns/root.hints"
"""What recursor.conf names; dns-root-data has it."""
_VERSION: Final = re.compile(r"PowerDNS Recursor ([0-9][^\s]*)")
_STAMP: Final = re.compile(r'\bts="(\d{1,11})\.\d{3}"')
_FATAL: Final = re.compile(r'msg="[^"]*" error=".*prio="(?:Error|Critical)"|terminate called|Assertion')
"""A complaint that fits into a line; the last one behind an exception of Lua is a stack trace."""


@dataclass(frozen=True, slots=True)
class Recursor:
    """Drive the pdns_recursor of the Debian package pdns-recursor."""

    name: str = "pdns_recursor"
    program: str = "pdns_recursor"
    package: str = "pdns-recursor"
    install: str = driver.apt("pdns-recursor")
    model: str = "pdns-recursor"
    managed: bool = False
    forwards: bool = False
    spins: bool = False
    reckons: bool = True
    clocks: tuple[str, ...] = ("shim", "none")
    knobs: frozenset[str] = frozenset({"udp_size"})
    version_command: tuple[str, ...] = ("pdns_recursor", "--version")

    def version(self, text: str) -> str:
        """Return the version in the output of `pdns_recursor --version`."""
        return driver.first_match(_VERSION, text)

    def files(self, setting: Setting) -> dict[str, str]:
        """Return recursor.conf, recursor.lua, the anchors' file, and hints if others are wanted."""
        small = setting.udp_size != DEFAULT_UDP_SIZE
        values = {
            "folder": setting.path(),
            "hints": _HINTS if setting.roots is None else setting.path("root.hints"),
            "addresses": ",".join(setting.addresses),
            "address": setting.address,
            "knobs": driver.lines((small, f"edns-outgoing-bufsize={setting.udp_size}")).rstrip("\n"),
        }
        own = {} if setting.roots is None else {"root.hints": driver.hints(setting.roots)}
        return {
            "recursor.conf": driver.template("recursor.conf", **values),
            "recursor.lua": f'readTrustAnchorsFromFile("{setting.path("root.key")}")\n',
            "root.key": driver.anchor_records(setting.anchors),
            **own,
        }

    def seeds(self, setting: Setting) -> dict[str, str]:
        """Return nothing: it has no state."""
        return {}

    def state(self, setting: Setting) -> tuple[str, ...]:
        """Return nothing: it has no state."""
        return ()

    def command(self, setting: Setting) -> list[str]:
        """Run in the foreground, as Debian's unit does, but with stamps in the log."""
        folder = f"--config-dir={setting.path()}"
        return [self.program, folder, "--daemon=no", "--write-pid=no", "--disable-syslog"]

    def environment(self, setting: Setting) -> dict[str, str]:
        """Return nothing: it needs nothing."""
        return {}

    def trust(self, setting: Setting, tool: Tool) -> tuple[Reading, ...] | None:
        """Ask the daemon; None if it does not answer as it should."""
        return trusted(tool(self.control(setting, "get-tas")))

    def stamp(self, setting: Setting) -> object:
        """Return nothing: what it trusts is asked for when it has started, and when an operator has acted."""
        return None

    def due(self, setting: Setting, tool: Tool, asked: Instant | None) -> tuple[Instant, ...]:
        """Return when the DNSKEY RRset runs out that it has for its clients (max-cache-ttl, a day)."""
        return () if asked is None else (asked + DAY + 1,)

    def set_anchors(self, setting: Setting, tool: Tool) -> bool:
        """Read the file of anchors again, written before, and empty the cache; True, it is a live way.

        There are add-ta and clear-ta, too, but clear-ta refuses to take the root's anchors away. add-ta
        empties the cache, where what is bogus stays for an hour (max-cache-bogus-ttl); reloading does not.
        """
        tool(self.control(setting, "reload-lua-config"))
        tool(self.control(setting, "wipe-cache", ".$"))
        return True

    def control(self, setting: Setting, *words: str) -> list[str]:
        """Return the command line of rec_control."""
        return ["rec_control", f"--config-dir={setting.path()}", *words]

    def log_instant(self, line: str, near: Instant) -> Instant | None:
        """Read `ts="1539273600.000"`, or else `Oct 11 16:00:00 ...`, which has no year."""
        match = _STAMP.search(line)
        return int(match[1]) if match else driver.syslog_instant(line[:16], near)

    def fatal(self, lines: Sequence[str]) -> str:
        """Return the last complaint."""
        return driver.last_line(_FATAL, lines)


def trusted(text: str) -> tuple[Reading, ...] | None:
    """Return the anchors of the root in the output of `rec_control get-tas`, None if it is no such list.

    A line names the owner; its anchors follow, indented, as DS.
    """
    if "Configured Trust Anchors" not in text:
        return None
    found: list[Reading] = []
    owner = ""
    for line in text.splitlines():
        if line and not line[0].isspace():
            owner = line.strip()
        elif owner == "." and line.strip():
            try:
                ds = DS.from_text(line)
            except MalformedRdata:
                continue
            found.append(Reading(ds.key_tag, ds, State.VALID))
    return tuple(found)
