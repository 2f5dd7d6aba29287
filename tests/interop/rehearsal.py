"""Run one real resolver through a minute of a scenario in the lab's own network, and say what it did."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.zone import CHILD_SERVER, ROOT_SERVERS
from lab.clock import Instant, parse_instant
from lab.dnssec.codec import make_query, parse_message
from lab.dnssec.keys import Key
from lab.dnssec.names import ROOT, name_from_text
from lab.dnssec.rrtypes import DNSKEY, A
from lab.drivers.clocks import ClockPage
from lab.drivers.driver import FOLDERS, STATE, Driver, Reading, Setting, state_stamp
from lab.drivers.netns import run_inside
from lab.drivers.process import Process, run_tool
from lab.drivers.stage import LINK
from lab.nameserver.listener import Listener
from lab.nameserver.responder import Responder
from lab.scenario.load import load_scenario

SERVERS: Final = tuple(address for _, *both in ROOT_SERVERS for address in both)
RESOLVER: Final = "127.0.0.9"
"""What forwarders ask: the lab, answering for all zones at once."""
ADDRESS, ADDRESS6 = "127.0.0.3", "fd00:1ab::3"
START: Final = parse_instant("2026-11-24T08:00:00Z")
"""After the roll to ksk-2024 in 2026-planned, before the revocation of ksk-2017."""
NEW, OLD = KeyRing({}).key("ksk-2024"), KeyRing({}).key("ksk-2017")
NOBODY: Final = 65534 if os.geteuid() == 0 else None

Asked = tuple[int, bool]
"""RCODE, and whether the answer is authenticated."""


@dataclass(frozen=True)
class Play:
    """What is to be tried: knobs of Setting, whether the state can be written, how long it lives."""

    anchors: tuple[str, ...] = ("new",)
    dnskey: bool = False
    six: bool = False
    udp_size: int = 1232
    tcp: bool = True
    roots: tuple[str, ...] | None = None
    mkeytimers: tuple[int, int, int] | None = None
    writable: bool = True
    spoiled: bool = False
    """Make the state, folder and files, unwritable after the first moment."""
    moments: tuple[str, ...] = ()
    """Instants to jump to after the start; at each the daemon is asked and read."""
    link: bool = False
    """Make an interface other than lo."""
    new_anchors: tuple[str, ...] = ()
    """Anchors an operator sets in the running daemon at the end."""


@dataclass(frozen=True)
class Seen:
    """What came of it. `at` has, for the start and each moment, what was answered and read."""

    ended: str
    status: int | None
    version: str
    stamps: tuple[Instant, ...]
    at: tuple[tuple[dict[str, Asked], tuple[Reading, ...] | None], ...]
    stamps_of_state: tuple[object, ...]
    queries: tuple[tuple[str, str, bool, int], ...]
    """Of `. DNSKEY` queries: whom from, whom to, whether over TCP, EDNS size."""
    first: str
    """Where the first query of all went to."""
    live: bool = False
    log: str = ""

    @property
    def states(self) -> list[dict[int, str]]:
        """Return the state of each key by its tag, at every moment."""
        return [{one.key_tag: one.state.value for one in readings or ()} for _, readings in self.at]


def rehearse(driver: Driver, play: Play) -> Seen:
    """Play it in a network of the lab's own. Raises DriverError where that cannot be had."""
    addresses = (*SERVERS, CHILD_SERVER, RESOLVER, ADDRESS, ADDRESS6)
    link = LINK if play.link else ""
    return run_inside(lambda folder: _Rehearsal(driver, play, folder).play(), addresses=addresses, link=link)


class _Rehearsal:
    def __init__(self, driver: Driver, play: Play, folder: Path) -> None:
        self.driver, self.wanted = driver, play
        scenario = load_scenario("2026-planned")
        signer = ZoneSigner(scenario.timeline, KeyRing({}), watermark=scenario.name)
        children = signer.child_names
        assert children is not None
        self.children = children
        self.everything = Responder(signer)
        self.roles = Responder(signer, apexes=tuple(children)), Responder(signer, apexes=(ROOT,))
        self.page = ClockPage.create(folder / "clock")
        self.page.jump(parse_instant(play.moments[0]) if play.moments else START)
        self.folder = folder / "daemon"
        self.queries: list[tuple[str, str, bool, int]] = []
        self.first = ""
        self.asked = 0

    def play(self) -> Seen:
        """Start the authority and the daemon, go from moment to moment, stop."""
        self.folder.mkdir()
        for part in FOLDERS:
            (self.folder / part).mkdir()
        setting = self._setting(self.wanted.anchors)
        self._write({**self.driver.files(setting), **self.driver.seeds(setting)})
        if not self.wanted.writable:
            (self.folder / STATE).chmod(0o555)
        version = self.driver.version(run_tool(self.driver.version_command, self.folder))
        environment = self.page.environment("it") | self.driver.environment(setting)
        process = Process(self.driver.command(setting), self.folder, environment, label="it", user=NOBODY)
        found, live, states = [], False, []
        with Listener(self._answer, (*SERVERS, CHILD_SERVER, RESOLVER), 53, anywhere=True), process:
            self._await(process)
            for moment in self.wanted.moments[:1] + self.wanted.moments or ("",):
                if moment and self.page.emulated < parse_instant(moment):
                    self.page.jump(parse_instant(moment))
                    self._quiet()
                if process.running:
                    found.append((self._ask(), self.driver.trust(setting, self._tool)))
                    states.append(state_stamp(setting))
                if self.wanted.spoiled:
                    for path in (*(self.folder / STATE).iterdir(), self.folder / STATE):
                        path.chmod(0o555 if path.is_dir() else 0o444)
            if self.wanted.new_anchors and process.running:
                setting = self._setting(self.wanted.new_anchors)
                self._write(self.driver.files(setting))
                live = self.driver.set_anchors(setting, self._tool)
                found.append((self._ask(), self.driver.trust(setting, self._tool)))
            ended = process.exited
        lines = process.last_lines(4000)
        stamps = [self.driver.log_instant(line, START) for line in lines]
        return Seen(
            self.driver.fatal(lines) if ended else "",
            ended.status if ended else None,
            version,
            tuple(stamp for stamp in stamps if stamp is not None),
            tuple(found),
            tuple(states),
            tuple(self.queries),
            self.first,
            live,
            "\n".join(lines[-60:]),
        )

    def _setting(self, anchors: Sequence[str]) -> Setting:
        keys: list[Key] = [{"new": NEW, "old": OLD}[name] for name in anchors]
        setting = Setting(
            self.folder,
            ADDRESS,
            tuple(key if self.wanted.dnskey else key.ds(ROOT) for key in keys),
            address6=ADDRESS6 if self.wanted.six else None,
            udp_size=self.wanted.udp_size,
            tcp=self.wanted.tcp,
            roots=self.wanted.roots,
            mkeytimers=self.wanted.mkeytimers,
        )
        return replace(setting, forward_to=RESOLVER) if self.driver.forwards else setting

    def _write(self, texts: dict[str, str]) -> None:
        for name, text in texts.items():
            (self.folder / name).write_text(text)
        if NOBODY is not None:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)

    def _tool(self, command: Sequence[str]) -> str:
        return run_tool(command, self.folder, self.page.environment("tool"), user=NOBODY)

    def _answer(self, wire: bytes, client: str, local: str, tcp: bool) -> bytes | None:
        query = parse_message(wire)
        self.first = self.first or local
        if query.question is not None and (query.question.owner, query.question.qtype) == (ROOT, DNSKEY):
            self.queries.append((client, local, tcp, query.edns.udp_size if query.edns else 0))
        now = int(self.page.emulated)
        if local == RESOLVER:
            return self.everything.answer(wire, now, tcp)
        return self.roles[local != CHILD_SERVER].answer(wire, now, tcp)

    def _await(self, process: Process) -> None:
        """Wait until it answers; some end in place of that, at once or when they first refresh."""
        end = time.monotonic() + 20
        while process.running and time.monotonic() < end:
            if self._question(name_from_text("a.root-servers.net."), 0.5):
                break
        self._quiet()
        process.wait(0.3)

    def _quiet(self) -> None:
        """Wait until it has done what is due."""
        end = time.monotonic() + 10
        while self.page.idle_for_ns("it") < 20_000_000 and self.page.threads("it") and time.monotonic() < end:
            time.sleep(0.005)  # noqa: TID251

    def _ask(self) -> dict[str, Asked]:
        """Ask for a name in each child, and for the sentinel of either key (RFC 8509)."""
        self.asked += 1
        secure, insecure = self.children.secure, self.children.insecure
        names = {
            "signed": (f"x{self.asked}", secure),
            "unsigned": (f"x{self.asked}", insecure),
            "is-ta-new": (f"root-key-sentinel-is-ta-{NEW.tag:05d}", secure),
            "is-ta-old": (f"root-key-sentinel-is-ta-{OLD.tag:05d}", secure),
        }
        found: dict[str, Asked] = {}
        for word, (label, zone) in names.items():
            answer = self._question(bytes((len(label),)) + label.encode() + zone, 5)
            if answer is not None:
                found[word] = answer
        self._quiet()
        return found

    def _question(self, name: bytes, patience: float) -> Asked | None:
        """Ask for an address, three times."""
        for _ in range(3):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.settimeout(patience)
                one.connect((ADDRESS, 53))
                with contextlib.suppress(OSError):
                    one.send(make_query(name, A, id=4711, rd=True))
                    message = parse_message(one.recv(4096))
                    return message.rcode, bool(message.flags & 0x20)
                time.sleep(0.02)  # noqa: TID251
        return None
