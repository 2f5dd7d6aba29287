"""Gather the root's anchors that a configuration names: in its own lines and in files it points to.

A key is recognised as `rootlab scan` does it, by public key or digest, so what is commented out, pending or
revoked does not count.
"""

from __future__ import annotations

from typing import Literal

from ..scan.context import anchor_of
from ..scan.matching import find
from ..scan.material import KNOWN
from .reading import Place
from .source import Tree


def root_keys(text: str, suffix: str = "") -> tuple[tuple[str, ...], bool]:
    """Return the names of the root's KSKs that a text trusts, and whether all of them stand there whole."""
    hits = find(text.encode("latin-1", "replace"), binary=False)
    kept = [hit for hit in hits if anchor_of(text, hit, suffix=suffix) is not None]
    names = {hit.shape.known.name for hit in kept}
    return tuple(known.name for known in KNOWN if known.name in names), all(
        hit.shape.part == "key" for hit in kept
    )


class Gathered:
    """Anchors of one validator, as lines and files add to them."""

    def __init__(self, tree: Tree) -> None:
        """Begin with none."""
        self._tree = tree
        self._names: set[str] = set()
        self._whole = True
        self.places: list[Place] = []
        """The lines that configure an anchor of the root, or a file of them."""
        self.unread: list[str] = []
        """What holds anchors that could not be seen."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the keys' names, oldest first."""
        return tuple(known.name for known in KNOWN if known.name in self._names)

    @property
    def form(self) -> Literal["ds", "dnskey"]:
        """Return how they are configured; a mixture counts as DS."""
        return "dnskey" if self._names and self._whole else "ds"

    def text(self, text: str, place: Place, suffix: str = "") -> None:
        """Add the anchors of a line or statement that is known to be about the root."""
        names, whole = root_keys(text, suffix)
        self.places.append(place)
        if not names:
            self.unread.append(f"the anchor of {place} is no KSK that the root has had")
        self._names.update(names)
        self._whole = self._whole and whole

    def file(self, name: str, place: Place) -> None:
        """Add the anchors of a file that a line names, or remember that it could not be seen."""
        self.places.append(place)
        real, why = self._tree.locate(name)
        source = self._tree.read(real, f"{place}: ") if real else None
        if source is None:
            self.unread.append(f"{name} ({place}) is {why or 'not to be read'}")
            return
        names, whole = root_keys(source.text, source.suffix)
        if not names:
            self.unread.append(f"{source.path} ({place}) holds no KSK that the root has had")
        self._names.update(names)
        self._whole = self._whole and whole

    def clear(self) -> None:
        """Forget all of them: a line says so."""
        self._names.clear()
        self.places.clear()
        self.unread.clear()
        self._whole = True
