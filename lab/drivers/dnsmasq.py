"""dnsmasq 2.90: a forwarder that validates, with anchors that never change.

Its trust-anchor lines take digests only (src/option.c, `trust-anchor`), so a DNSKEY is given as its DS.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..authority.timeline import ROOT_DNSKEY_TTL
from ..clock import Instant
from ..scenario.spec import DEFAULT_UDP_SIZE
from . import driver
from .driver import Reading, Setting, Tool

_VERSION: Final = re.compile(r"^Dnsmasq version ([0-9][^\s]*)", re.MULTILINE)
_FATAL: Final = re.compile(r"^dnsmasq(?:\[\d+\])?: (?:failed|bad|unknown|cannot|illegal|\w+ not |FAILED)")


@dataclass(frozen=True, slots=True)
class Dnsmasq:
    """Drive the dnsmasq of the Debian package dnsmasq-base."""

    name: str = "dnsmasq"
    program: str = "dnsmasq"
    package: str = "dnsmasq-base"
    install: str = driver.apt("dnsmasq-base")
    model: str = "dnsmasq"
    managed: bool = False
    forwards: bool = True
    spins: bool = False
    reckons: bool = True
    clocks: tuple[str, ...] = ("shim", "none")
    knobs: frozenset[str] = frozenset({"udp_size", "address6"})
    version_command: tuple[str, ...] = ("dnsmasq", "--version")

    def version(self, text: str) -> str:
        """Return the version in the output of `dnsmasq --version`."""
        return driver.first_match(_VERSION, text)

    def files(self, setting: Setting) -> dict[str, str]:
        """Return dnsmasq.conf."""
        assert setting.forward_to is not None, "a forwarder needs a resolver to ask"
        anchors = (driver.anchor_ds(anchor).to_text() for anchor in setting.anchors)
        knobs = (
            *(f"listen-address={address}" for address in setting.addresses),
            f"server={setting.forward_to}@{setting.address}",
            *(f"trust-anchor=.,{ds.replace(' ', ',')}" for ds in anchors),
            *([f"edns-packet-max={setting.udp_size}"] if setting.udp_size != DEFAULT_UDP_SIZE else []),
        )
        return {"dnsmasq.conf": driver.template("dnsmasq.conf", knobs="\n".join(knobs))}

    def seeds(self, setting: Setting) -> dict[str, str]:
        """Return nothing: it has no state."""
        return {}

    def state(self, setting: Setting) -> tuple[str, ...]:
        """Return nothing: it has no state."""
        return ()

    def command(self, setting: Setting) -> list[str]:
        """Run in the foreground."""
        return [self.program, "--keep-in-foreground", f"--conf-file={setting.path('dnsmasq.conf')}"]

    def environment(self, setting: Setting) -> dict[str, str]:
        """Return nothing: it needs nothing."""
        return {}

    def trust(self, setting: Setting, tool: Tool) -> tuple[Reading, ...]:
        """Return what it was configured with, which is all it ever trusts."""
        return driver.configured(setting.anchors)

    def stamp(self, setting: Setting) -> object:
        """Return nothing: what it trusts never changes while it runs."""
        return None

    def due(self, setting: Setting, tool: Tool, asked: Instant | None) -> tuple[Instant, ...]:
        """Return when the DNSKEY RRset runs out that it has for its clients: it keeps it for its TTL."""
        return () if asked is None else (asked + ROOT_DNSKEY_TTL + 1,)

    def set_anchors(self, setting: Setting, tool: Tool) -> bool:
        """Return False: its configuration is read when it starts."""
        return False

    def log_instant(self, line: str, near: Instant) -> Instant | None:
        """Return None: on standard error dnsmasq gives no stamps."""
        return None

    def fatal(self, lines: Sequence[str]) -> str:
        """Return the last complaint."""
        return driver.last_line(_FATAL, lines)
