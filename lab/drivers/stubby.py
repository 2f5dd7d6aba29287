"""Stubby 0.3 on getdns 1.6: a stub resolver that validates, here with anchors that never change.

With anchors from a file (getdns src/anchor.c, source APP) it never fetches root-anchors.xml. That is what the
preset `stubby` imitates; `getdns` is getdns without any configuration. It keeps no DNSKEY RRset: every query
fetches the chain anew. It cannot be told which address to ask from, and offers an EDNS size of 1432
whatever it is told (edns_maximum_udp_payload_size is heeded only where it is a full resolver).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..clock import Instant
from . import driver
from .driver import Reading, Setting, Tool

_VERSION: Final = re.compile(r"Stubby ([0-9][^\s]*)")
_FATAL: Final = re.compile(r"^error: |Could not |Error|error|corruption|free\(\)")


@dataclass(frozen=True, slots=True)
class Stubby:
    """Drive the stubby of the Debian package of that name."""

    name: str = "stubby"
    program: str = "stubby"
    package: str = "stubby"
    install: str = driver.apt("stubby")
    model: str = "stubby"
    managed: bool = False
    forwards: bool = True
    spins: bool = False
    reckons: bool = False
    clocks: tuple[str, ...] = ("shim", "none")
    knobs: frozenset[str] = frozenset({"tcp", "address6"})
    version_command: tuple[str, ...] = ("stubby", "-V")

    def version(self, text: str) -> str:
        """Return the version in the output of `stubby -V`."""
        return driver.first_match(_VERSION, text)

    def files(self, setting: Setting) -> dict[str, str]:
        """Return stubby.yml and the file of anchors."""
        assert setting.forward_to is not None, "a forwarder needs a resolver to ask"
        listen = "".join(f"\n  - {address}@53" for address in setting.addresses)
        values = {"folder": setting.path(), "forward": setting.forward_to}
        text = driver.template("stubby.yml", **values, knobs=f"listen_addresses:{listen}")
        if not setting.tcp:
            text = text.replace("  - GETDNS_TRANSPORT_TCP\n", "")
        return {"stubby.yml": text, "root.key": driver.anchor_records(setting.anchors)}

    def seeds(self, setting: Setting) -> dict[str, str]:
        """Return nothing: it has no state."""
        return {}

    def state(self, setting: Setting) -> tuple[str, ...]:
        """Return the folder of what getdns might fetch."""
        return (driver.STATE,)

    def command(self, setting: Setting) -> list[str]:
        """Run in the foreground with the log on standard error."""
        return [self.program, "-C", setting.path("stubby.yml"), "-l"]

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
        """Return nothing: it refreshes no keys, or nobody can tell when."""
        return ()

    def set_anchors(self, setting: Setting, tool: Tool) -> bool:
        """Return False: its anchors are read when it starts."""
        return False

    def log_instant(self, line: str, near: Instant) -> Instant | None:
        """Return None: Stubby's stamps (`[16:00:00.123456]`) have no date."""
        return None

    def fatal(self, lines: Sequence[str]) -> str:
        """Return the first complaint: those that follow only say so again."""
        return driver.first_line(_FATAL, lines)
