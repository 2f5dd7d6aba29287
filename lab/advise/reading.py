"""What a reader makes of a configuration: the preset that behaves so, its anchors, the line that decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..scenario.spec import PolicyValue


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file: the path as the user would name it, the number from 1, what stands there."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return `path:line`."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One validator that a configuration describes; a named with views holds several.

    `model` is a preset, or empty for what validates nothing under the root or, with `starts` false, does not
    start. `anchors` are names of KSKs; if there are none, `unread` says where they are, and the timeline's
    first are taken. `decides` is None if no line decides, but that there is none; `says` is what is decided.
    `fix` is how such a configuration is made to follow the root.
    """

    model: str
    says: str
    decides: Place | None
    fix: str
    name: str = ""
    starts: bool = True
    policy: tuple[tuple[str, PolicyValue], ...] = ()
    anchors: tuple[str, ...] = ()
    form: Literal["ds", "dnskey"] = "ds"
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
