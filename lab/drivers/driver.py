"""What the lab knows of a daemon: how it is configured, started and read.

Drivers render and parse, nothing else. A driver is what there is to say about one program, in one file,
with one configuration template beside it (`templates/`). It starts no process and opens no socket: it returns
text and command lines, and reads text and files. Configurations are the Debian packages' own; a template says
at its top in what it differs. `table` has all drivers.

Every daemon has a folder of its own. `files` go to its top and are not written by the daemon; `state/` is
all that must outlive a restart, and nothing else is in it, so that it can be emptied or made unwritable by
itself; `run/` holds sockets and locks, `cache/` what a daemon keeps of answers.
"""

from __future__ import annotations

import contextlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final, Protocol

from ..authority.zone import ROOT_SERVERS
from ..clock import Instant, parse_instant, to_datetime
from ..dnssec.keys import DS, REVOKE, Key
from ..dnssec.names import ROOT
from ..errors import DriverError, StateFileError
from ..resolver.rfc5011 import State
from ..resolver.state.formats import FORMATS, read_state
from ..resolver.state.vocabulary import CONFIGURED, Holds, since_of
from ..scenario.spec import DEFAULT_UDP_SIZE

STATE, RUN, CACHE = FOLDERS = ("state", "run", "cache")
"""The folders a daemon writes to, inside its own; they are there and its user's before it starts."""

ROOTS: Final = tuple(v4 for _, v4, _ in ROOT_SERVERS)
"""The IPv4 addresses of the root servers, for software that has no hints of its own."""

Tool = Callable[[Sequence[str]], str]
"""Run a control program (a command line) against a running daemon and return what it prints."""

MKEYTIMERS: Final = (1, 1, 5)
"""Real seconds that BIND takes for an hour, a day and a month of RFC 5011 under the clock of that name."""

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_MONTHS: Final = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
)}  # fmt: skip
_SYSLOG: Final = re.compile(r"(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<clock>\d{2}:\d{2}:\d{2})\b")


@dataclass(frozen=True, slots=True)
class Setting:
    """How one daemon is to run.

    `folder` is its own, absolute, owned by the user it runs as; a path of at most 80 octets leaves room for
    socket names. It answers at port 53 of `address` and `address6` and asks from there; without `address6` it
    uses no IPv6. `anchors` are configured in the form they have: a Key as DNSKEY, a DS as DS. `udp_size` is
    the EDNS buffer size in octets that it offers to servers. `tcp` tells whether it may use TCP; a driver
    whose `knobs` lack `tcp` leaves that to the network. `forward_to` is the address, port 53, of the resolver
    that a forwarder asks. `roots` are the addresses of root servers in place of the packaged hints.
    `mkeytimers` is for the clock of that name: how many real seconds BIND is to take for an hour, a day and a
    month. `port` is another than 53 for drivers whose `knobs` have `port`: there the daemon answers, and
    there it asks the servers of `zones` (a zone's name, an address), for hints know no port.
    """

    folder: Path
    address: str
    anchors: tuple[Key | DS, ...]
    address6: str | None = None
    udp_size: int = DEFAULT_UDP_SIZE
    tcp: bool = True
    forward_to: str | None = None
    roots: tuple[str, ...] | None = None
    mkeytimers: tuple[int, int, int] | None = None
    port: int = 53
    zones: tuple[tuple[str, str], ...] = ()

    def path(self, *parts: str) -> str:
        """Return the path of something in the daemon's folder, as configurations name it."""
        return str(self.folder.joinpath(*parts))

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the addresses it answers at."""
        return (self.address,) if self.address6 is None else (self.address, self.address6)


@dataclass(frozen=True, slots=True)
class Reading:
    """One key as a daemon tells of it.

    `key_tag` is the tag with REVOKE clear. `key` is None where the daemon names a key by its tag alone.
    `since` is when the state was entered, None where the daemon does not say. `by_clock` marks a state that
    the daemon computed from its clock when it was asked, so that it may run ahead of what it trusts. `late`
    says that `since` was noted as it happened and may have been written down later.
    """

    key_tag: int
    key: Key | DS | None
    state: State
    since: Instant | None = None
    by_clock: bool = False
    late: bool = False


class Driver(Protocol):
    """Know one daemon.

    `model` is the preset it is held against, "" if there is none. `managed` tells that it keeps its anchors
    up to date by RFC 5011; `forwards` that it asks a resolver, `Setting.forward_to`, in place of servers;
    `spins` that what it has in its cache can keep it busy until the second is over; `reckons` that its plans
    are reckoned from when it asked, since nothing tells them.
    `clocks` names the clock backends it works with, the best first. `knobs` are the fields of Setting that
    its configuration can express, of `udp_size`, `tcp`, `address6`, `port`; the network has to do the rest.
    `version_command` prints what `version` reads.
    """

    @property
    def name(self) -> str:
        """Return the name users give it, behind `daemon:`."""

    @property
    def program(self) -> str:
        """Return the program that has to be there."""

    @property
    def package(self) -> str:
        """Return the Debian package the program comes from."""

    @property
    def install(self) -> str:
        """Return the command that brings the program onto this machine, or what else to do."""

    @property
    def model(self) -> str:
        """Return the preset it is held against."""

    @property
    def managed(self) -> bool:
        """Tell whether it follows RFC 5011."""

    @property
    def forwards(self) -> bool:
        """Tell whether it needs a resolver to ask."""

    @property
    def spins(self) -> bool:
        """Tell whether it can be busy until its second is over."""

    @property
    def reckons(self) -> bool:
        """Tell whether `due` is reckoned from when it asked."""

    @property
    def clocks(self) -> tuple[str, ...]:
        """Return the clock backends it works with."""

    @property
    def knobs(self) -> frozenset[str]:
        """Return the fields of Setting that its configuration can express."""

    @property
    def version_command(self) -> tuple[str, ...]:
        """Return the command line that prints its version."""

    def version(self, text: str) -> str:
        """Return the version in what `version_command` printed, "" if it is not there."""

    def files(self, setting: Setting) -> dict[str, str]:
        """Return its configuration: relative path and content of every file, written before each start."""

    def seeds(self, setting: Setting) -> dict[str, str]:
        """Return the state files an operator makes once, before the first start and after a reset."""

    def state(self, setting: Setting) -> tuple[str, ...]:
        """Return the files and folders, relative, that make up its state; a reset removes them."""

    def command(self, setting: Setting) -> list[str]:
        """Return the command line that runs it in the foreground, logging to its standard error."""

    def environment(self, setting: Setting) -> dict[str, str]:
        """Return what it needs in its environment."""

    def trust(self, setting: Setting, tool: Tool) -> tuple[Reading, ...] | None:
        """Return what it trusts and what it knows of other keys; None if it has no way to tell.

        Raises StateFileError for a file it cannot have written.
        """

    def stamp(self, setting: Setting) -> object:
        """Return what stays equal as long as `trust` would say the same; it must cost little to ask for."""

    def due(self, setting: Setting, tool: Tool, asked: Instant | None) -> tuple[Instant, ...]:
        """Return when it may refresh its keys next, by its own clock; () if nobody can tell.

        Of one that is not managed: when a client has to ask for it to fetch keys when it would in daily life.
        `asked` is when it asked for the root's DNSKEY RRset last. One instant too many costs a moment.
        """

    def set_anchors(self, setting: Setting, tool: Tool) -> bool:
        """Make a running daemon take `setting.anchors` for its own, if there is a live way; tell whether.

        `files` of that setting have been written already.
        """

    def log_instant(self, line: str, near: Instant) -> Instant | None:
        """Return the instant a log line bears, None if none; `near` decides between years if it has none."""

    def fatal(self, lines: Sequence[str]) -> str:
        """Return the line of a log that says why the daemon ended, "" if none does."""


def apt(package: str) -> str:
    """Return the command that installs a package of Debian's."""
    return f"apt-get install --no-install-recommends {package}"


def template(name: str, **values: str) -> str:
    """Fill in the template of a driver; every value must be asked for, and every place filled."""
    path = _TEMPLATES / name
    return Template(path.read_text(encoding="utf-8")).substitute(values)


def lines(*wanted: tuple[bool, str]) -> str:
    """Return those lines that are wanted, each ended; nothing if none is."""
    return "".join(f"{line}\n" for is_wanted, line in wanted if is_wanted)


def anchor_records(anchors: Iterable[Key | DS]) -> str:
    """Write anchors of the root as records of a master file, one a line."""
    return "".join(f". IN {anchor_rdata(anchor)}\n" for anchor in anchors)


def anchor_rdata(anchor: Key | DS) -> str:
    """Write type and data of an anchor (RFC 4034 sections 2.2 and 5.3)."""
    if isinstance(anchor, DS):
        return f"DS {anchor.to_text()}"
    key = b64encode(anchor.public_key).decode("ascii")
    return f"DNSKEY {anchor.flags} {anchor.protocol} {anchor.algorithm} {key}"


def anchor_ds(anchor: Key | DS) -> DS:
    """Return the DS of an anchor, for software that takes nothing else."""
    return anchor if isinstance(anchor, DS) else anchor.ds(ROOT)


def hints(roots: Sequence[str]) -> str:
    """Write a hints file for root servers at some addresses, by their real names where they are real."""
    names = {address: letter for letter, *pair in ROOT_SERVERS for address in pair}
    found: list[str] = []
    for number, address in enumerate(roots):
        name = f"{names.get(address, f'hint{number}')}.root-servers.net."
        rrtype = "AAAA" if ":" in address else "A"
        found += [f". 3600000 NS {name}\n", f"{name} 3600000 {rrtype} {address}\n"]
    return "".join(found)


def configured(anchors: Iterable[Key | DS]) -> tuple[Reading, ...]:
    """Return what a validator trusts that never learns: what it was configured with."""
    return tuple(Reading(_key_tag(anchor), anchor, State.VALID) for anchor in anchors)


def state_stamp(setting: Setting) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and time of every file in `state/`: equal while nothing is written.

    Unbound, BIND and Knot Resolver write there at every refresh, and learn nothing without one. So while the
    state can be written, their `trust` need not be asked for again until this changes; it costs little.
    """
    found: list[tuple[str, int, int]] = []
    for path in sorted((setting.folder / STATE).iterdir()):
        with contextlib.suppress(FileNotFoundError):
            about = path.stat()
            found.append((path.name, about.st_size, about.st_mtime_ns))
    return tuple(found)


def state_readings(setting: Setting, file: str, form: str, holds: Holds) -> tuple[Reading, ...]:
    """Read a state file a daemon has written, in a format of `lab.resolver.state`; none is no readings.

    Raises StateFileError for what the daemon cannot have written, DriverError for what cannot be read.
    """
    path = setting.folder / STATE / file
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        problem = f"the state file cannot be read: {error.strerror}"
        raise DriverError(f"{path}: {problem}; it must be readable for the lab") from None
    try:
        state = read_state(data, str(path), FORMATS[form], owner=ROOT)
    except StateFileError as error:
        if error.defect == "empty":
            return ()
        raise
    return tuple(
        Reading(_key_tag(entry.anchor), entry.anchor, entry.state, since_of(entry, holds) or None)
        for entry in state.entries
        if not (state.deleted and entry.since == CONFIGURED)
    )


def _key_tag(anchor: Key | DS) -> int:
    return anchor.key_tag


def without_revoke(tag: int) -> int:
    """Return the tag a key has with REVOKE clear, from the one it has with REVOKE set.

    The tag is a sum of 16 bits with its carry added in (RFC 4034 appendix B), and REVOKE adds 128 to it.
    """
    return tag - REVOKE if tag >= REVOKE else tag - REVOKE + 0xFFFF


def syslog_instant(line: str, near: Instant) -> Instant | None:
    """Read a stamp that has no year (`Oct 11 16:00:00`), in the year that brings it closest to `near`."""
    match = _SYSLOG.search(line)
    month = _MONTHS.get(match["month"]) if match else None
    if match is None or month is None:
        return None
    year = to_datetime(near).year
    found: list[Instant] = []
    for candidate in (year - 1, year, year + 1):
        try:
            found.append(parse_instant(f"{candidate}-{month:02d}-{int(match['day']):02d}T{match['clock']}Z"))
        except ValueError:
            continue
    return min(found, key=lambda instant: abs(instant - near), default=None)


def month_number(name: str) -> int | None:
    """Return the number of a month from its English abbreviation."""
    return _MONTHS.get(name)


def first_match(pattern: re.Pattern[str], text: str) -> str:
    """Return the first group of the first match, "" without one."""
    match = pattern.search(text)
    return match[1] if match else ""


def first_line(pattern: re.Pattern[str], log: Sequence[str]) -> str:
    """Return the first line of a log that a pattern is found in, "" without one."""
    return next((line.strip() for line in log if pattern.search(line)), "")


def last_line(pattern: re.Pattern[str], log: Sequence[str]) -> str:
    """Return the last line of a log that a pattern is found in, "" without one."""
    return next((line.strip() for line in reversed(log) if pattern.search(line)), "")
