"""Bind the bounded XML reader to ceremony files: their size, their error, and where a good one comes from."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from .. import infile, xml_in
from ..errors import CeremonyError
from ..infile import DAMAGED, Kind, short, shown
from ..xml_in import (
    MAX_U32,
    Node,
    attribute,
    duration_of,
    instant_of,
    integer,
    octets_of,
    optional,
    several,
    text_of,
)

__all__ = [
    "DAMAGED", "KSR_OR_SKR", "MAX_FILE_OCTETS", "MAX_U32", "Node", "attribute", "bounded", "duration_of",
    "instant_of", "integer", "octets_of", "optional", "parse_xml", "read_limited", "refuse", "several",
    "short", "shown", "text_of",
]  # fmt: skip

MAX_FILE_OCTETS = 16 * 1024 * 1024
"""Largest file read; a real SKR has about 24 kB."""

KSR_OR_SKR = Kind(CeremonyError, "a KSR or SKR", "the ceremony's page", "20 kB", MAX_FILE_OCTETS)


def read_limited(path: Path) -> bytes:
    """Return the octets of a regular file of at most `MAX_FILE_OCTETS`. Raises CeremonyError."""
    return infile.read_limited(path, KSR_OR_SKR)


def parse_xml(data: bytes, file: str) -> Node:
    """Parse octets into the root `Node`; `file` names them in errors. Raises CeremonyError, nothing else."""
    return xml_in.parse_xml(data, file, KSR_OR_SKR)


def bounded(text: str, limit: int, place: str) -> int:
    """Read a number from 0 to `limit`, in ASCII digits only."""
    return xml_in.bounded(text, limit, place, KSR_OR_SKR)


def refuse(place: str, problem: str, remedy: str) -> NoReturn:
    """Raise the one-line error."""
    KSR_OR_SKR.refuse(place, problem, remedy)
