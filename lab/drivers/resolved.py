"""systemd-resolved 252: a forwarder that validates, with anchors that never change.

It is never installed for the lab, because its package replaces /etc/resolv.conf: `unpack` fetches the package
and takes it apart. It answers only if there is an interface other than lo with an address, since it takes a
host with lo alone for offline (src/resolve/resolved-link.c, `link_relevant`): the stage makes one. It cannot
be told which address to ask from, nor to do without TCP.

A DNSKEY is given as its DS: one in root.positive is taken for the whole DNSKEY RRset of the root, which is
then never fetched, and what a zone signing key has signed is signed by a "missing-key".

An anchor that it sees revoked it forgets until its next start, and says so in its log, where it lists its
anchors at every start (src/resolve/resolved-dns-trust-anchor.c): what it trusts is read there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..clock import Instant, parse_instant
from ..resolver.rfc5011 import State
from . import driver, unpack
from .driver import Reading, Setting, Tool
from .process import LOG

PACKAGE: Final = "systemd-resolved"
PROGRAM: Final = "lib/systemd/systemd-resolved"

_VERSION: Final = re.compile(r"^systemd \d+ \(([0-9][^\s)]*)", re.MULTILINE)
_STAMP: Final = re.compile(r"^[A-Z][a-z]{2} (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) UTC ")
_STARTED: Final = "Positive Trust Anchors:"
_ANCHOR: Final = re.compile(r" UTC \. IN DS (\d{1,5}) ")
_REVOKED: Final = re.compile(r" UTC DNSSEC trust anchor \. IN DS (\d{1,5}) .* has been revoked")
_FATAL: Final = re.compile(r"Failed to |Could not |assertion|Assertion|mount: |unshare: ")


@dataclass(frozen=True, slots=True)
class Resolved:
    """Drive the systemd-resolved of the Debian package of that name."""

    name: str = "systemd-resolved"
    package: str = PACKAGE
    install: str = "python -m lab.drivers.unpack"
    model: str = "systemd-resolved"
    managed: bool = False
    forwards: bool = True
    spins: bool = False
    reckons: bool = False
    clocks: tuple[str, ...] = ("shim", "none")
    knobs: frozenset[str] = frozenset({"address6"})

    @property
    def program(self) -> str:
        """Return the program: an installed one, or where `unpack` puts it."""
        return str(unpack.path_of(PACKAGE, PROGRAM))

    @property
    def version_command(self) -> tuple[str, ...]:
        """Return the command line that prints its version."""
        return (self.program, "--version")

    def version(self, text: str) -> str:
        """Return the version in the output of `systemd-resolved --version`, Debian's revision left out."""
        return driver.first_match(_VERSION, text).partition("-")[0]

    def files(self, setting: Setting) -> dict[str, str]:
        """Return the drop-in resolved.conf, root.positive, and the script that gives it a /run."""
        assert setting.forward_to is not None, "a forwarder needs a resolver to ask"
        knobs = "\n".join(f"DNSStubListenerExtra={address}" for address in setting.addresses)
        return {
            "resolved.conf": driver.template("resolved.conf", forward=setting.forward_to, knobs=knobs),
            "resolved.sh": driver.template("resolved.sh"),
            "root.positive": driver.anchor_records(map(driver.anchor_ds, setting.anchors)),
        }

    def seeds(self, setting: Setting) -> dict[str, str]:
        """Return nothing: it has no state."""
        return {}

    def state(self, setting: Setting) -> tuple[str, ...]:
        """Return nothing: it has no state."""
        return ()

    def command(self, setting: Setting) -> list[str]:
        """Run it in namespaces of its own, in the foreground."""
        own = ["unshare", "--user", "--map-root-user", "--mount", "--"]
        return [*own, "sh", setting.path("resolved.sh"), setting.path(), self.program]

    def environment(self, setting: Setting) -> dict[str, str]:
        """Let it log to standard error, with stamps."""
        return {"SYSTEMD_LOG_TARGET": "console", "SYSTEMD_LOG_TIME": "1"}

    def stamp(self, setting: Setting) -> object:
        """Return the size of its log."""
        try:
            return (setting.folder / LOG).stat().st_size
        except FileNotFoundError:
            return None

    def trust(self, setting: Setting, tool: Tool) -> tuple[Reading, ...] | None:
        """Return the anchors its log lists, less those it says were revoked; None before it lists any."""
        try:
            log = (setting.folder / LOG).read_text(encoding="utf-8", errors="backslashreplace")
        except FileNotFoundError:
            return None
        _, started, since = log.rpartition(_STARTED)
        if not started:
            return None
        gone = set(_REVOKED.findall(since))
        tags = (tag for tag in dict.fromkeys(_ANCHOR.findall(since)) if tag not in gone)
        return tuple(Reading(int(tag), None, State.VALID) for tag in tags)

    def due(self, setting: Setting, tool: Tool, asked: Instant | None) -> tuple[Instant, ...]:
        """Return nothing: it refreshes no keys, or nobody can tell when."""
        return ()

    def set_anchors(self, setting: Setting, tool: Tool) -> bool:
        """Return False: its anchors are read when it starts."""
        return False

    def log_instant(self, line: str, near: Instant) -> Instant | None:
        """Read `Thu 2018-10-11 16:00:00 UTC ...`."""
        match = _STAMP.match(line)
        return parse_instant(f"{match[1]}T{match[2]}Z") if match else None

    def fatal(self, lines: Sequence[str]) -> str:
        """Return the last complaint."""
        return driver.last_line(_FATAL, lines)
