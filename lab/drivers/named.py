"""BIND 9.18: dnssec-validation auto, RFC 5011 state in managed-keys.bind and its journal.

Two commands tell about keys, and they differ. `rndc secroots` prints the table that validates; it is the
truth. `rndc managed-keys status` prints the key data with a verdict computed from the clock at that moment
(bin/named/server.c, `mkey_status`), so after an outage across the end of a hold-down it says "trusted
since" of a key that validates nothing until the next good refresh. What is trusted comes from the first
command here, what else is known from the second.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..clock import DAY, Instant, Seconds, parse_instant
from ..dnssec.keys import DS, Key
from ..dnssec.names import ROOT
from ..errors import StateFileError
from ..resolver.rfc5011 import State
from ..resolver.state import bind
from ..scenario.spec import DEFAULT_UDP_SIZE
from . import driver
from .driver import Reading, Setting, Tool

_HINTS: Final = "/usr/share/dns/root.hints"
"""What named.conf.default-zones names; dns-root-data has it."""
_VERSION: Final = re.compile(r"^BIND ([0-9][^\s-]*)", re.MULTILINE)
_STAMP: Final = re.compile(r"^(\d{2})-([A-Z][a-z]{2})-(\d{4}) (\d{2}:\d{2}:\d{2})\.\d{3} ")
_FATAL: Final = re.compile(
    r"is not writable|named\.conf:\d+: |bind\.keys:\d+: |could not|couldn't|assertion|INSIST|REQUIRE|fatal"
)
"""What explains an end; the lines after it only say that the configuration failed."""
_ENDED: Final = re.compile(r"exiting \(due to fatal error\)$")
_ROOT_ANCHOR: Final = re.compile(r"^\./[A-Z0-9]+/(\d{1,5}) ; (?:managed|static|initializing managed)", re.M)
_STATUS: Final = re.compile(
    r"^\s*keyid: (?P<tag>\d{1,5})\n\s*algorithm: \S+\n\s*flags:(?P<flags>[^\n]*)\n\s*next refresh: [^\n]*\n"
    r"(?:\s*remove at: (?P<remove>[^\n]*)\n)?"
    r"(?:\s*(?:trusted since: (?P<since>[^\n]*)|trust pending: (?P<pending>[^\n]*)))?",
    re.MULTILINE,
)
_REFRESH: Final = re.compile(r"^\s*next refresh: ([^\n]*)$", re.MULTILINE)
_DATE: Final = re.compile(r"\w{3}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT")
_HOLD: Final = 30 * DAY
"""Both hold-downs (RFC 5011 sections 2.4.1 and 2.4.2)."""


class Told(NamedTuple):
    """One key of `rndc managed-keys status`: its tag with REVOKE clear, and its state by BIND's clock."""

    key_tag: int
    state: State
    since: Instant | None


@dataclass(frozen=True, slots=True)
class Named:
    """Drive the named of the Debian package bind9."""

    name: str = "named"
    program: str = "named"
    package: str = "bind9"
    install: str = driver.apt("bind9")
    model: str = "bind"
    managed: bool = True
    forwards: bool = False
    spins: bool = False
    reckons: bool = False
    clocks: tuple[str, ...] = ("shim", "mkeytimers", "restart", "none")
    knobs: frozenset[str] = frozenset({"udp_size", "address6"})
    version_command: tuple[str, ...] = ("named", "-v")

    def version(self, text: str) -> str:
        """Return the version in the output of `named -v`, Debian's revision left out."""
        return driver.first_match(_VERSION, text)

    def files(self, setting: Setting) -> dict[str, str]:
        """Return named.conf, bind.keys, the control key, and hints if the packaged ones are not wanted."""
        six = setting.address6
        knobs = driver.lines(
            (True, f"\tlisten-on {{ {setting.address}; }};"),
            (True, f"\tlisten-on-v6 {{ {six or 'none'}; }};"),
            (True, f"\tquery-source address {setting.address};"),
            (six is not None, f"\tquery-source-v6 address {six};"),
            (setting.udp_size != DEFAULT_UDP_SIZE, f"\tedns-udp-size {setting.udp_size};"),
        )
        hints = _HINTS if setting.roots is None else setting.path("root.hints")
        values = {"folder": setting.path(), "address": setting.address, "hints": hints, "knobs": knobs}
        own = {} if setting.roots is None else {"root.hints": driver.hints(setting.roots)}
        keys = "".join(f"\t. {_initial(anchor)};\n" for anchor in setting.anchors)
        return {
            "named.conf": driver.template("named.conf", **values),
            "bind.keys": f"trust-anchors {{\n{keys}}};\n",
            "rndc.key": _control_key(setting),
            **own,
        }

    def seeds(self, setting: Setting) -> dict[str, str]:
        """Return nothing: named makes its state of bind.keys."""
        return {}

    def state(self, setting: Setting) -> tuple[str, ...]:
        """Return the folder of managed-keys.bind and its journal."""
        return (driver.STATE,)

    def command(self, setting: Setting) -> list[str]:
        """Run in the foreground with the log on standard error (-f alone keeps fatal errors in syslog).

        One worker thread: the number changes no decision, only how long the lab waits for all of them.
        """
        four = ["-4"] if setting.address6 is None else []
        timers = setting.mkeytimers
        fast = [] if timers is None else ["-T", "mkeytimers=" + "/".join(map(str, timers))]
        return [self.program, "-g", *four, *fast, "-n", "1", "-c", setting.path("named.conf")]

    def environment(self, setting: Setting) -> dict[str, str]:
        """Return nothing: it needs nothing."""
        return {}

    def trust(self, setting: Setting, tool: Tool) -> tuple[Reading, ...] | None:
        """Ask for the table that validates and for the key data; the state file gives keys to tags.

        None if named does not answer as it should: then nobody knows what it trusts.
        """
        trusted = trusted_tags(tool(self.control(setting, "secroots", "-")))
        if trusted is None:
            return None
        hold = _HOLD if setting.mkeytimers is None else setting.mkeytimers[2]
        told = key_data(tool(self.control(setting, "managed-keys", "status")), hold)
        return readings(trusted, told, _known_keys(setting), hold)

    def stamp(self, setting: Setting) -> object:
        """Return what its state files look like: it writes them whenever it learns."""
        return driver.state_stamp(setting)

    def due(self, setting: Setting, tool: Tool, asked: Instant | None) -> tuple[Instant, ...]:
        """Ask for the next refresh of each key; the first one is when the zone of keys is refreshed."""
        found = _REFRESH.findall(tool(self.control(setting, "managed-keys", "status")))
        return tuple(at for text in found if (at := _date(text)) is not None)

    def set_anchors(self, setting: Setting, tool: Tool) -> bool:
        """Return False: bind.keys is read when named starts."""
        return False

    def control(self, setting: Setting, *words: str) -> list[str]:
        """Return the command line of rndc. It needs the daemon's clock: 5 minutes apart, named is silent."""
        return ["rndc", "-k", setting.path("rndc.key"), "-s", setting.address, "-p", "953", *words]

    def log_instant(self, line: str, near: Instant) -> Instant | None:
        """Read `11-Oct-2018 16:00:00.000 ...`."""
        match = _STAMP.match(line)
        return _instant(*match.groups()) if match else None

    def fatal(self, lines: Sequence[str]) -> str:
        """Return the line before "exiting (due to fatal error)", which itself says nothing."""
        for number, line in enumerate(lines):
            if _ENDED.search(line.rstrip()):
                return driver.first_line(_FATAL, lines[:number]) or next(
                    (before.strip() for before in reversed(lines[:number]) if before.strip()), ""
                )
        return driver.last_line(_FATAL, lines)


def _initial(anchor: Key | DS) -> str:
    """Write an anchor as trust-anchors takes it, to be managed from there on."""
    if isinstance(anchor, DS):
        digest = anchor.digest.hex().upper()
        return f'initial-ds {anchor.key_tag} {anchor.algorithm} {anchor.digest_type} "{digest}"'
    key = b64encode(anchor.public_key).decode("ascii")
    return f'initial-key {anchor.flags} {anchor.protocol} {anchor.algorithm} "{key}"'


def _control_key(setting: Setting) -> str:
    """Write the key of the control channel, made of the folder's name: who can see it is inside already."""
    secret = b64encode(hashlib.sha256(setting.path().encode()).digest()).decode("ascii")
    return f'key "rndc-key" {{\n\talgorithm hmac-sha256;\n\tsecret "{secret}";\n}};\n'


def _known_keys(setting: Setting) -> dict[int, Key | DS]:
    """Return keys by tag, REVOKE clear: from the configuration, and from managed-keys.bind as it was written.

    The file may lag behind its journal; it only serves to give keys to tags.
    """
    known: dict[int, Key | DS] = {anchor.key_tag: anchor for anchor in setting.anchors}
    path = setting.folder / driver.STATE / "managed-keys.bind"
    try:
        entries = bind.read(path.read_bytes(), str(path), owner=ROOT).entries
    except (OSError, StateFileError):
        return known
    known.update((entry.anchor.key_tag, entry.anchor) for entry in entries)
    return known


def trusted_tags(text: str) -> tuple[int, ...] | None:
    """Return the key tags that `rndc secroots -` lists for the root, None if it is no such list.

    A revoked key is listed no more.
    """
    _, found, rest = text.partition("Secure roots:")
    if not found:
        return None
    secure = rest.partition("Negative trust anchors:")[0]
    return tuple(int(tag) for tag in _ROOT_ANCHOR.findall(secure))


def key_data(text: str, hold: Seconds = _HOLD) -> tuple[Told, ...]:
    """Return the root's keys of `rndc managed-keys status`; its placeholder for no key is none of them."""
    section = re.search(r"^\s*name: \.\n(.*?)(?=^\s*name: |\Z)", text, re.MULTILINE | re.DOTALL)
    found = _STATUS.finditer(section[1]) if section else ()
    return tuple(_told(match, hold) for match in found if match["tag"] != "0" or "SEP" in match["flags"])


def _told(match: re.Match[str], hold: Seconds) -> Told:
    tag = int(match["tag"])
    if "REVOKE" in match["flags"]:
        removal = _date(match["remove"] or "")
        since = None if removal is None else removal - hold
        return Told(driver.without_revoke(tag), State.REVOKED, since)
    if match["pending"]:
        until = _date(match["pending"])
        return Told(tag, State.ADD_PEND, None if until is None else until - hold)
    return Told(tag, State.VALID, _date(match["since"] or ""))


def readings(
    trusted: Sequence[int], told: Sequence[Told], known: dict[int, Key | DS], hold: Seconds = _HOLD
) -> tuple[Reading, ...]:
    """Join what validates with what is known besides: a key that does not validate is none of the trusted.

    Where BIND's clock says "trusted" of a key that does not validate, it is not believed: such a key waits
    for a refresh still, and has done so since a hold-down before the instant BIND names.
    """
    since = {key.key_tag: key.since for key in told}
    found = [Reading(tag, known.get(tag), State.VALID, since.get(tag)) for tag in trusted]
    for tag, state, at in told:
        if tag in trusted:
            continue
        if state is State.VALID:
            state, at = State.ADD_PEND, None if at is None else at - hold
        by_clock = state is not State.REVOKED
        found.append(Reading(tag, known.get(tag), state, at, by_clock=by_clock))
    return tuple(found)


def _date(text: str) -> Instant | None:
    match = _DATE.search(text)
    return _instant(*match.groups()) if match else None


def _instant(day: str, month: str, year: str, clock: str) -> Instant | None:
    number = driver.month_number(month)
    try:
        return None if number is None else parse_instant(f"{year}-{number:02d}-{day}T{clock}Z")
    except ValueError:
        return None
