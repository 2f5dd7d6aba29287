"""Read resolved.conf (resolved.conf(5), dnssec-trust-anchors.d(5)): DNSSEC=, drop-ins, anchors beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from .anchors import Gathered
from .reading import Place, Reading
from .source import Source, Tree

BUILT_IN: Final = ("ksk-2017", "ksk-2024")
"""Anchors that are compiled into the version of the preset (src/resolve/resolved-dns-trust-anchor.c)."""
_YES: Final = frozenset(("yes", "true", "1", "on", "y", "t"))
_NO: Final = frozenset(("no", "false", "0", "off", "n", "f"))
_FIX: Final = (
    "put . IN DS lines of all keys of the root into /etc/dnssec-trust-anchors.d/root.positive, or update "
    "systemd"
)


def _settings(source: Source) -> Iterator[tuple[str, str, Place]]:
    section = ""
    for number, line in enumerate(source.lines, 1):
        text = line.strip()
        if text.startswith("["):
            section = text
        elif section == "[Resolve]" and text[:1] not in ("", "#", ";"):
            name, _, value = text.partition("=")
            yield name.strip(), value.strip(), source.place(number)


def read(tree: Tree) -> list[Reading]:
    """Return the validator that the configuration describes: the last DNSSEC= counts, be it a drop-in's."""
    value, place = "", None
    for source in _sources(tree):
        for name, given, where in _settings(source):
            if name == "DNSSEC":
                value, place = (given.lower(), where) if given else ("", None)
    if place is None:
        says = "no line DNSSEC=, and distributions such as Debian build it with no: nothing is validated"
        return [Reading("", says, None, "DNSSEC=yes", notes=("built by others, it may validate by default",))]
    if value in _NO:
        return [Reading("", "nothing is validated", place, "DNSSEC=yes")]
    if value not in _YES and value != "allow-downgrade":
        says = "DNSSEC= takes yes, no or allow-downgrade; the line is ignored"
        return [Reading("", says, place, "DNSSEC=yes")]
    return [_validating(tree, "systemd-resolved" if value in _YES else "systemd-resolved-downgrade", place)]


def _sources(tree: Tree) -> Iterator[Source]:
    """Yield the file and then its drop-ins, as systemd reads them."""
    yield tree.main
    for real in tree.files_in(f"{tree.main.real}.d", "*.conf"):
        source = tree.read(real, "")
        if source is not None:
            yield source


def _validating(tree: Tree, model: str, place: Place) -> Reading:
    anchors = Gathered(tree)
    folder = os.path.join(tree.folder, "dnssec-trust-anchors.d")
    for real in tree.files_in(folder, "*.negative"):
        source = tree.read(real, "")
        lines = source.lines if source is not None else []
        for number, line in enumerate(lines, 1):
            if source is not None and line.strip() == ".":
                says = "the root, and so everything, is excepted"
                return Reading("", says, source.place(number), "remove the line")
    for real in tree.files_in(folder, "*.positive"):
        source = tree.read(real, "")
        for number, line in enumerate(source.lines if source is not None else [], 1):
            if source is not None and line.split()[:1] == ["."]:
                anchors.text(line, source.place(number), source.suffix)
    if anchors.places:
        return Reading(
            model, "these anchors never change", anchors.places[0], _FIX, anchors=anchors.names,
            form=anchors.form, unread=tuple(anchors.unread),
        )  # fmt: skip
    notes = (
        "no *.positive file in dnssec-trust-anchors.d here names the root: the anchors compiled into 252.39 "
        "are played; older builds lack KSK-2024",
    )
    return Reading(
        model, "the anchors compiled in never change", place, _FIX, anchors=BUILT_IN, notes=notes
    )  # fmt: skip
