"""The place of one daemon on a stage: its folder, its address, its process, its clients."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..authority.signer import ChildNames
from ..dnssec.keys import DS, Key
from ..dnssec.names import name_to_text
from ..scenario.spec import SubjectSpec
from . import rndc
from .client import Client
from .clockwork import Clockwork
from .driver import CACHE, RUN, STATE, Driver, Setting
from .network import Network
from .process import Process, canary, run_tool

NOBODY: Final = 65534
"""Who daemons run as where the lab is root: unwritable folders are to be unwritable."""

LOG_LINES: Final = 400
"""Lines of a log in which the reason of an end is looked for."""
FIRST: Final = 11
"""Daemon number n listens at, and asks from, 127.0.1.(11 + n) and fd00:1ab::(11 + n)."""


def forwarder_of(number: int) -> str:
    """Return the address at which the lab is the resolver that a forwarder asks, by the forwarder's number.

    Each has one of its own: some forwarders ask from whatever address the kernel chooses.
    """
    return f"127.0.2.{FIRST + number}"


def addresses_of(number: int) -> tuple[str, str]:
    """Return the IPv4 and IPv6 address of a daemon by its number."""
    return f"127.0.1.{FIRST + number}", f"fd00:1ab::{FIRST + number:x}"


class Seat:
    """Hold what belongs to one daemon. Its processes have the lab's clock under `label`."""

    def __init__(
        self,
        number: int,
        driver: Driver,
        page: Clockwork,
        folder: Path,
        children: ChildNames,
        logs: Path | None,
        network: Network,
    ) -> None:
        """Make the daemon's folder; nothing is started."""
        self.label = f"{driver.name}-{number}"[:40]
        self._tool_label = f"{self.label}-tool"
        self.folder, self._logs = folder / self.label, logs
        self._driver, self._page = driver, page
        self.address, self.address6 = addresses_of(number)
        self._forward_to = forwarder_of(number) if driver.forwards else None
        self._network, self._children = network, children
        self.client = Client(self.address, children, network.port)
        self.passes = driver.forwards
        self.started, self._offset = False, 0
        self._process: Process | None = None
        self._setting: Setting | None = None
        self._user = NOBODY if os.geteuid() == 0 else None
        for part in ("", STATE, RUN, CACHE):
            self._own(self.folder / part, 0o755)

    def _own(self, path: Path, mode: int) -> None:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if self._user is not None:
            os.chown(path, self._user, self._user)

    def setting(self, anchors: tuple[Key | DS, ...], spec: SubjectSpec) -> Setting:
        """Return how the daemon is to run with some anchors."""
        return Setting(
            self.folder,
            self.address,
            anchors,
            address6=self.address6 if self._network.isolated else None,
            udp_size=spec.udp_size,
            tcp=spec.tcp,
            forward_to=self._forward_to,
            roots=self._network.hints,
            port=self._network.port,
            zones=self._zones(),
        )

    def _zones(self) -> tuple[tuple[str, str], ...]:
        """Return where each zone is served, as `Setting.zones` has it."""
        below = ((name_to_text(name), self._network.children) for name in self._children)
        return (*((".", address) for address in self._network.roots), *below)

    def write(self, setting: Setting, *, seeds: bool) -> None:
        """Write the configuration, and if asked the state an operator makes."""
        self._setting = setting
        texts = self._driver.files(setting) | (self._driver.seeds(setting) if seeds else {})
        for name, text in texts.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            if self._user is not None:
                os.chown(path, self._user, self._user)

    def start(self, setting: Setting, *, fresh: bool, writable: bool) -> None:
        """Start the daemon, if `fresh` without the state it had."""
        self.stop()
        if fresh:
            self.set_writable(True)
            for name in self._driver.state(setting):
                self._empty(self.folder / name)
        self._empty(self.folder / CACHE)
        self.write(setting, seeds=fresh)
        self.set_writable(writable)
        self._process = Process(
            self._driver.command(setting),
            self.folder,
            self._page.environment(self.label) | self._driver.environment(setting),
            label=self.label,
            user=self._user,
            leash=not self._network.isolated,
        )
        self._process.start()
        self.started = True

    def _empty(self, path: Path) -> None:
        """Remove what is in a folder of the daemon's, or a file."""
        if path.is_dir():
            for entry in path.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        else:
            path.unlink(missing_ok=True)

    def set_writable(self, writable: bool) -> None:
        """Let the daemon write its state, or let nobody but root."""
        folder = self.folder / STATE
        for path in (folder, *folder.iterdir()):
            mode = 0o755 if path.is_dir() else 0o644
            path.chmod(mode if writable else mode & 0o555)

    @property
    def running(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.running

    def stop(self) -> None:
        """Stop the process as its service manager would."""
        if self._process is not None:
            self._process.terminate()
            self._page.forget(self.label)
        self.started = False

    def kill(self) -> None:
        """Kill the process: it gets no chance to write anything."""
        if self._process is not None:
            self._process.kill()
            self._page.forget(self.label)
        self.started = False

    def tool(self, command: Sequence[str]) -> str:
        """Run a control program under the daemon's clock and return what it printed. Raises DriverError."""
        if command[0] == "rndc":
            return self._rndc(command)
        return run_tool(
            command,
            self.folder,
            self._page.environment(self._tool_label),
            user=self._user,
            leash=not self._network.isolated,
        )

    def _rndc(self, command: Sequence[str]) -> str:
        """Say what rndc would be told to say: `rndc -k FILE -s ADDRESS -p PORT WORD...`."""
        _, _, key, _, address, _, port, *words = command
        now = int(self._page.emulated) + self._offset
        return rndc.ask(Path(key), address, int(port), " ".join(words), now)

    def skew(self, offset: int) -> None:
        """Put the daemon's clock off by some seconds, and that of its control programs."""
        self._offset = offset
        for label in (self.label, self._tool_label):
            self._page.skew(label, offset)

    def canary(self) -> str:
        """Say why the daemon cannot be shown to see the lab's time, "" if it does."""
        return "" if self._process is None else canary(self._page, self._process)

    def reason(self) -> str:
        """Return in one line why the process ended by itself."""
        return "" if self._process is None else self._driver.fatal(self._process.last_lines(LOG_LINES))

    def close(self) -> None:
        """Stop, and keep the log if somebody wants it."""
        self.stop()
        self.client.close()
        if self._logs is not None and self._process is not None:
            shutil.copyfile(self._process.log, self._logs / f"{self.label}.log")
