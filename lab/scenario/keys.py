"""Check the keys a scenario names: the user's own key files, and every name against those there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..authority.keyring import CHILD_KEY, MAX_KEY_FILE, KeyRing
from ..authority.stand_in import NAME as STAND_IN
from ..errors import KeyFileError, ScenarioError
from .authority import Source, ksks
from .model import TwoKeys
from .tables import allowed

_QUARTER_ZSK = re.compile(r"zsk-\d{4}q[1-4]", re.ASCII)


class KeyFile(NamedTuple):
    """One of the user's own keys: the place that names it, its path, its octets."""

    where: str
    path: Path
    data: bytes


def key_files(chain: tuple[Source, ...]) -> dict[str, KeyFile]:
    """Return the user's own keys by name, a base's included; a file's own win. Raises ScenarioError."""
    found: dict[str, KeyFile] = {}
    for source in reversed(chain):
        for name, file in source.file.keys.items():
            where, path = f"{source.shown}: keys.{name}", source.path.parent / file
            found[name] = KeyFile(where, path, _read(where, path))
    ring = KeyRing({name: file.path for name, file in found.items()})
    for name, own in found.items():
        try:
            ring.get(name)
        except KeyFileError as problem:
            detail = f"{problem.place}: {problem.problem}" if problem.place else problem.problem
            raise ScenarioError(detail, place=own.where, remedy=problem.remedy) from None
    return found


def _read(where: str, path: Path) -> bytes:
    """Return the octets of a key file."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEY_FILE + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise ScenarioError(
            f"{path} cannot be read: {reason}", place=where, remedy="name a PEM file with a private key"
        ) from None
    if len(data) > MAX_KEY_FILE:
        raise ScenarioError(f"{path} is too large", place=where, remedy="a key file holds one private key")
    return data


class KnownKeys:
    """The names of all keys there are: the shipped ones, a ZSK for every quarter, the user's own."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        """Collect the names; no key is read."""
        names = KeyRing(files).names()
        self._names = tuple(name for name in names if name != CHILD_KEY or name in files)

    def check(self, name: str, place: str) -> None:
        """Refuse a key nobody has; `place` names the file, too."""
        made = _QUARTER_ZSK.fullmatch(name) or STAND_IN.fullmatch(name)
        if name not in self._names and made is None:
            known = allowed(name, (*self._names, "zsk-YYYYqN"))
            raise ScenarioError(
                f"there is no key {name}", place=place, remedy=f"{known}, or name its file in [keys]"
            )

    def check_all(self, names: Iterable[str], place: str) -> None:
        """Refuse a key nobody has, or one named twice."""
        seen: list[str] = []
        for number, name in enumerate(names, 1):
            self.check(name, f"{place}[{number}]")
            if name in seen:
                raise ScenarioError(
                    f"{name} is there already", place=f"{place}[{number}]", remedy="name every key once"
                )
            seen.append(name)

    def check_authority(self, chain: tuple[Source, ...]) -> None:
        """Refuse a timeline whose keys nobody has, or that calls a ZSK a KSK or the other way round."""
        for place, name, kind in (mention for source in chain for mention in _mentions(source)):
            self.check(name, place)
            if name.startswith("zsk-") is not (kind == "ZSK"):
                raise ScenarioError(
                    f"{name} cannot be a {kind}",
                    place=place,
                    remedy="the names of ZSKs, and no others, begin with zsk-",
                )


def _mentions(source: Source) -> Iterator[tuple[str, str, str]]:
    """Yield where a file names a key of the root, which one, and of which kind it has to be."""
    authority, shown = source.file.authority, source.shown
    lists: list[tuple[str, tuple[str, ...], str]] = []
    if isinstance(authority.keys, TwoKeys):
        for key, name in zip(("current", "next"), ksks(authority.keys), strict=False):
            yield f"{shown}: authority.keys.{key}", name, "KSK"
    elif authority.keys is not None:
        lists.append((f"{shown}: authority.keys", authority.keys, "KSK"))
    for number, step in enumerate(source.file.timeline, 1):
        place = f"{shown}: timeline[{number}]"
        lists += [(f"{place}.publish", step.publish, "KSK"), (f"{place}.zsks", step.zsks or (), "ZSK")]
        lists.append((f"{place}.zone-sign", step.zone_sign or (), "ZSK"))
    for place, names, kind in lists:
        for number, name in enumerate(names, 1):
            yield f"{place}[{number}]", name, kind
    for number, operator in enumerate(authority.operator, 1):
        if operator.emergency is not None:
            place = f"{shown}: authority.operator[{number}].emergency.key"
            yield place, operator.emergency.key, "KSK"
    for name in authority.xml:
        yield f"{shown}: authority.xml.{name}", name, "KSK"
