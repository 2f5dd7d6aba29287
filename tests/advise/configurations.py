"""Put configurations together for tests: the root's anchors as lines, and a folder with a file in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lab.advise.kinds import kind_of, readings
from lab.advise.reading import Reading
from lab.advise.source import Tree
from lab.scan.material import KNOWN

TAGS: Final = {known.name: known.tag for known in KNOWN}
DIGESTS: Final = {known.name: known.digests[0][1].hex().upper() for known in KNOWN}
OLD: Final = f"20326 8 2 {DIGESTS['ksk-2017']}"
NEW: Final = f"38696 8 2 {DIGESTS['ksk-2024']}"


def tree_of(folder: Path, name: str, text: str, others: Mapping[str, str] | None = None) -> Tree:
    """Write a configuration and its neighbours, and open it."""
    for other, content in {name: text, **(others or {})}.items():
        path = folder / other
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="latin-1")
    return Tree(folder / name)


def read(folder: Path, name: str, text: str, others: Mapping[str, str] | None = None) -> list[Reading]:
    """Return what a configuration describes."""
    tree = tree_of(folder, name, text, others)
    return readings(tree, kind_of(tree))


def line_of(reading: Reading) -> tuple[str, int] | None:
    """Return the name of the file and the line that decides."""
    return (Path(reading.decides.path).name, reading.decides.line) if reading.decides else None
