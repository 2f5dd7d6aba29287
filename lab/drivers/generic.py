"""A driver from a TOML file, for software the lab does not know: `daemon:./mine.toml`.

The file says how the program is started and configured, in text with places to fill in (`$address`). What
such a daemon trusts is seen from outside, by sentinel names (RFC 8509) and by what its clients get.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from string import Template
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator

from ..clock import Instant
from ..dnssec.keys import DS
from ..errors import ScenarioError
from ..resolver.profiles import MODELS
from ..resolver.state import knot, vocabulary
from ..scenario.source import parse_toml, read_file, validate
from ..scenario.tables import Table, allowed
from . import driver
from .driver import CACHE, RUN, STATE, Reading, Setting, Tool

_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"
_VERSION: Final = re.compile(r"(?:^|[\sv-])(\d+(?:\.[0-9A-Za-z]+)+)")
_FATAL: Final = re.compile(r"fatal|panic|error|cannot|could not|failed", re.IGNORECASE)
_EXAMPLE: Final = Setting(
    Path("/run/lab"), "127.0.0.2", (DS(1, 8, 2, bytes(32)),), address6="fd00::2", forward_to="127.0.0.9"
)

Word = Annotated[str, Field(strict=True, max_length=4096)]
Words = Annotated[tuple[Word, ...], Field(min_length=1, max_length=64)]
Content = Annotated[str, Field(strict=True, max_length=65_536)]
Contents = Annotated[dict[Word, Content], Field(max_length=32)]
Reason = Annotated[str, Field(strict=True, min_length=1, max_length=500)]
Xfails = Annotated[dict[Word, Reason], Field(max_length=1000)]
"""Conformance cases that are known to fail, each with the reason."""

_HOLDS: Final = {"unbound": vocabulary.HOLDS, "knot": knot.HOLDS}
"""How long timers run that a state file of a format shows the end of."""


class DriverFile(Table):
    """What a driver file may say; docs/drivers.md explains it."""

    name: Annotated[str, Field(strict=True, pattern=_NAME)]
    command: Words
    version: Words | None = None
    install: Annotated[str, Field(strict=True, max_length=200)] = "install it, and put it into the PATH"
    model: Word = ""
    managed: Annotated[bool, Field(strict=True)] = False
    forwards: Annotated[bool, Field(strict=True)] = False
    clocks: Annotated[tuple[Literal["shim", "restart", "none"], ...], Field(min_length=1, max_length=3)] = (
        "shim",
        "none",
    )
    knobs: Annotated[tuple[Literal["udp_size", "tcp", "address6"], ...], Field(max_length=3)] = ()
    anchor: Word = ". IN $type $rdata"
    files: Contents = Field(default_factory=dict)
    seeds: Contents = Field(default_factory=dict)
    environment: Annotated[dict[Word, Word], Field(max_length=32)] = Field(default_factory=dict)
    state_file: Word = ""
    state_format: Literal["unbound", "knot"] = "unbound"
    signals: Annotated[bool, Field(strict=True)] = False
    xfails: Xfails = Field(default_factory=dict)

    @field_validator("state_file")
    @classmethod
    def _is_state(cls, name: str) -> str:
        path = PurePosixPath(name)
        if name and (
            path.parts[0] != STATE or len(path.parts) != 2 or str(path) != name or ".." in path.parts
        ):
            raise ValueError(f"{name[:40]!r} is no file of the state; write it like {STATE}/root.key")
        return name

    @field_validator("command")
    @classmethod
    def _names_a_program(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse a place to fill in: the program is looked for before there is anything."""
        if "$" in words[0] or not words[0]:
            raise ValueError(
                "begins with a place to fill in, not with a program's name; write the name first"
            )
        return words

    @field_validator("model")
    @classmethod
    def _known_model(cls, name: str) -> str:
        if name and name not in MODELS:
            raise ValueError(f"there is no model {name[:40]!r}; {allowed(name, tuple(MODELS))}")
        return name

    @field_validator("files", "seeds")
    @classmethod
    def _inside(cls, texts: dict[str, str]) -> dict[str, str]:
        """Refuse paths that lead out of the daemon's folder."""
        for name in texts:
            path = PurePosixPath(name)
            if not name or path.is_absolute() or ".." in path.parts or "\0" in name or str(path) != name:
                raise ValueError(
                    f"{name[:40]!r} is no path inside the daemon's folder; write it like mine.conf"
                )
        return texts

    @field_validator("seeds")
    @classmethod
    def _in_state(cls, texts: dict[str, str]) -> dict[str, str]:
        """State files live in `state/`, which alone is emptied and made unwritable."""
        for name in texts:
            if PurePosixPath(name).parts[0] != STATE:
                raise ValueError(f"{name[:40]!r} is no state file; write it like {STATE}/root.key")
        return texts

    @field_validator("environment")
    @classmethod
    def _not_the_clocks(cls, values: dict[str, str]) -> dict[str, str]:
        """Leave to the lab what its clock is told by."""
        for name in values:
            if name.startswith(("LD_", "LABCLOCK_")) or name == "TZ" or "=" in name or not name:
                raise ValueError(f"{name[:40]!r} is the lab's; leave it out")
        return values


@dataclass(frozen=True)
class Generic:
    """Drive what a file describes."""

    told: DriverFile
    place: str = field(default="driver.toml")
    """The file, for errors."""

    @property
    def name(self) -> str:
        """Return the name the file gives it."""
        return self.told.name

    @property
    def program(self) -> str:
        """Return the program that the command line begins with."""
        return self.told.command[0]

    @property
    def package(self) -> str:
        """Return the name the file gives it: the lab knows no package."""
        return self.told.name

    @property
    def install(self) -> str:
        """Return what to do for those who lack the program, in the file's words."""
        return self.told.install

    @property
    def model(self) -> str:
        """Return the preset it is held against, "" for none."""
        return self.told.model

    @property
    def managed(self) -> bool:
        """Tell whether the file says that it follows RFC 5011."""
        return self.told.managed

    @property
    def forwards(self) -> bool:
        """Tell whether the file says that it asks a resolver."""
        return self.told.forwards

    @property
    def spins(self) -> bool:
        """Return False: that is known of programs that the lab knows."""
        return False

    @property
    def reckons(self) -> bool:
        """Return False: nothing is known of its plans."""
        return False

    @property
    def clocks(self) -> tuple[str, ...]:
        """Return the clocks the file names."""
        return self.told.clocks

    @property
    def knobs(self) -> frozenset[str]:
        """Return the knobs the file says that its texts use."""
        return frozenset(self.told.knobs)

    @property
    def version_command(self) -> tuple[str, ...]:
        """Return the command line that prints a version, by default with --version."""
        return self.told.version or (self.program, "--version")

    def version(self, text: str) -> str:
        """Return the first thing in a text that looks like a version, such as 1.22.0."""
        return driver.first_match(_VERSION, text[:4096])

    def files(self, setting: Setting) -> dict[str, str]:
        """Return the files of the table `files`, filled in."""
        return self._filled("files", self.told.files, setting)

    def seeds(self, setting: Setting) -> dict[str, str]:
        """Return the files of the table `seeds`, filled in."""
        return self._filled("seeds", self.told.seeds, setting)

    def state(self, setting: Setting) -> tuple[str, ...]:
        """Return the folders a daemon may write what it is to remember to."""
        return (STATE, CACHE)

    def command(self, setting: Setting) -> list[str]:
        """Return the command line, filled in."""
        values = self._values(setting)
        return [
            self._fill(f"command[{number}]", word, values) for number, word in enumerate(self.told.command, 1)
        ]

    def environment(self, setting: Setting) -> dict[str, str]:
        """Return the table `environment`, filled in."""
        return self._filled("environment", self.told.environment, setting)

    @property
    def tells_states(self) -> bool:
        """Tell whether the file says where the states of keys can be read."""
        return bool(self.told.state_file)

    def trust(self, setting: Setting, tool: Tool) -> tuple[Reading, ...] | None:
        """Read the state file that is named, if one is; else return None: the lab knows no way to ask."""
        if not self.told.state_file:
            return None
        form = self.told.state_format
        file = PurePosixPath(self.told.state_file).name
        return driver.state_readings(setting, file, form, _HOLDS[form])

    def stamp(self, setting: Setting) -> object:
        """Return what its state files look like, if they are read."""
        return driver.state_stamp(setting) if self.told.state_file else None

    def due(self, setting: Setting, tool: Tool, asked: Instant | None) -> tuple[Instant, ...]:
        """Return nothing: it refreshes no keys, or nobody can tell when."""
        return ()

    def set_anchors(self, setting: Setting, tool: Tool) -> bool:
        """Return False: its files are read when it starts."""
        return False

    def log_instant(self, line: str, near: Instant) -> Instant | None:
        """Return None: the lab does not know its log."""
        return None

    def fatal(self, lines: Sequence[str]) -> str:
        """Return the last line that sounds like a complaint, else the last line."""
        return driver.last_line(_FATAL, lines) or next(
            (line.strip() for line in reversed(lines) if line.strip()), ""
        )

    def _filled(self, table: str, texts: dict[str, str], setting: Setting) -> dict[str, str]:
        values = self._values(setting)
        return {name: self._fill(f'{table}."{name}"', text, values) for name, text in texts.items()}

    def _values(self, setting: Setting) -> dict[str, str]:
        """Return what can stand in a text."""
        return {
            "folder": setting.path(),
            "state": setting.path(STATE),
            "run": setting.path(RUN),
            "cache": setting.path(CACHE),
            "address": setting.address,
            "address6": setting.address6 or "",
            "udp_size": str(setting.udp_size),
            "tcp": "yes" if setting.tcp else "no",
            "forward_to": setting.forward_to or "",
            "hints": driver.hints(setting.roots or driver.ROOTS),
            "anchors": "".join(self._anchor(rdata) for rdata in map(driver.anchor_rdata, setting.anchors)),
            "anchors_ds": "".join(
                self._anchor(f"DS {driver.anchor_ds(anchor).to_text()}") for anchor in setting.anchors
            ),
        }

    def _anchor(self, record: str) -> str:
        rrtype, _, rdata = record.partition(" ")
        parts = rdata.split(" ")
        values = {"type": rrtype, "rdata": rdata, "commas": ",".join(parts)}
        values |= {f"field{number}": part for number, part in enumerate(parts, 1)}
        return self._fill("anchor", self.told.anchor, values) + "\n"

    def _fill(self, where: str, text: str, values: dict[str, str]) -> str:
        """Fill a text in. Raises ScenarioError for a place that nothing can be put in."""
        try:
            return Template(text).substitute(values)
        except KeyError as error:
            problem, remedy = f"${error.args[0]} is nothing the lab knows", f"use ${', $'.join(values)}"
        except ValueError:
            problem, remedy = "a $ that begins no name", "write $$ for a dollar sign"
        raise ScenarioError(problem, place=f"{self.place}: {where}", remedy=remedy)


@lru_cache(maxsize=64)
def load_driver(path: Path) -> Generic:
    """Read a driver file. Raises ScenarioError naming file, place and remedy.

    Every text is filled in once, so that a mistake shows before anything is started.
    """
    place = str(path)
    return driver_from(parse_toml(read_file(path), place), place)


def driver_from(tables: Mapping[str, Any], place: str) -> Generic:
    """Make a driver of parsed TOML; `place` names the file. Raises ScenarioError."""
    found = Generic(validate(DriverFile, tables, place), place)
    found.command(_EXAMPLE)
    for texts in (found.files, found.seeds, found.environment):
        texts(_EXAMPLE)
    return found
