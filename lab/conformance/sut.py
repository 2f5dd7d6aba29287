"""Read a file that describes software the lab does not know: a daemon to be driven, or a library.

A daemon's file is a driver file (docs/drivers.md) with a few words more. A library's has `library`, the
command line of a program that speaks four verbs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from ..drivers.generic import Generic, Word, Words, Xfails, driver_from
from ..errors import ScenarioError
from ..scenario.source import parse_toml, read_file, validate
from ..scenario.tables import Table, allowed
from .case import shipped_cases

_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"


class LibraryFile(Table):
    """What a library's file may say."""

    name: Annotated[str, Field(strict=True, pattern=_NAME)]
    library: Words
    version: Word = ""
    xfails: Xfails = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Library:
    """A program that speaks the four verbs: how it is started, and where, for relative paths."""

    name: str
    command: tuple[str, ...]
    version: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Sut:
    """Software under test, the cases it is known to fail with the reasons, and whether it speaks RFC 8145."""

    subject: Generic | Library
    xfails: Mapping[str, str]
    signals: bool = False


def load_sut(path: str) -> Sut:
    """Read a SUT file. Raises ScenarioError naming file, place and remedy."""
    tables = parse_toml(read_file(Path(path)), path)
    if "library" in tables:
        file = validate(LibraryFile, tables, path)
        _check(file.xfails, path)
        library = Library(file.name, file.library, file.version, Path(path).resolve().parent)
        return Sut(library, file.xfails)
    driver = driver_from(tables, path)
    _check(driver.told.xfails, path)
    return Sut(driver, driver.told.xfails, driver.told.signals)


def _check(xfails: Mapping[str, str], path: str) -> None:
    """Refuse cases that there are not: an expected failure of them would never be missed."""
    known = [case.id for case in shipped_cases()]
    for name in xfails:
        if name not in known:
            near = allowed(name, known).partition("? ")
            raise ScenarioError(
                "there is no such case", place=f"{path}: xfails.{name[:64]}",
                remedy=f"{near[0] + '? ' if near[1] else ''}see `rootlab conformance list`",
            )  # fmt: skip
