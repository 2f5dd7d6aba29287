"""Read dnsmasq.conf (dnsmasq(8)): options as on the command line, without `--`, comments from `#`."""

from __future__ import annotations

from collections.abc import Iterator

from ..clock import format_duration
from ..scenario.spec import PolicyValue
from .anchors import Gathered
from .reading import Place, Reading
from .source import Source, Tree

_FIX = "add a line trust-anchor=.,TAG,8,2,DIGEST for the new key; dnsmasq learns none by itself"


def options(tree: Tree, source: Source) -> Iterator[tuple[str, str, Place]]:
    """Yield (option, value, where) in the order in which dnsmasq reads them."""
    for number, line in enumerate(source.lines, 1):
        name, _, value = line.partition("#" if line.lstrip().startswith("#") else " #")[0].partition("=")
        name, value, place = name.strip(), value.strip().strip('"'), source.place(number)
        if name in ("conf-file", "servers-file"):
            for other in tree.included(value, place) if name == "conf-file" else ():
                yield from options(tree, other)
            if name == "conf-file" and "anchor" in value and tree.locate(value)[1]:
                yield "unread", value, place
        elif name == "conf-dir":
            folder, *endings = value.split(",")
            yield from _folder(tree, folder, endings, place)
        elif name:
            yield name, value, place


def _folder(tree: Tree, folder: str, endings: list[str], place: Place) -> Iterator[tuple[str, str, Place]]:
    """Yield the options of a folder: all files, but for endings, or those with `*` and an ending."""
    wanted = tuple(ending.strip()[1:] for ending in endings if ending.strip().startswith("*"))
    unwanted = tuple(
        ending.strip() for ending in endings if ending.strip() and not ending.strip().startswith("*")
    )
    for other in tree.included(f"{folder.rstrip('/')}/*", place):
        named = other.path.rpartition("/")[2]
        backup = named.endswith("~") or (named.startswith("#") and named.endswith("#"))
        if not backup and not named.endswith(unwanted or "\0") and (not wanted or named.endswith(wanted)):
            yield from options(tree, other)


def read(tree: Tree) -> list[Reading]:
    """Return the validator that the configuration describes."""
    anchors = Gathered(tree)
    on: Place | None = None
    unsigned: Place | None = None
    policy: list[tuple[str, PolicyValue]] = []
    for name, value, place in options(tree, tree.main):
        if name == "dnssec":
            on = on or place
        elif name == "dnssec-check-unsigned" and value == "no":
            unsigned = place
        elif name == "trust-anchor" and value.split(",")[0].strip() == ".":
            anchors.text(f"trust-anchor={value}", place)
        elif name == "unread":
            anchors.places.append(place)
            anchors.unread.append(f"{value} ({place}) is not read")
        elif name == "max-cache-ttl" and value.isdecimal() and len(value) < 10:
            policy.append(("ttl-cap", format_duration(int(value))))
    if on is None:
        return [
            Reading("", "no line dnssec: nothing is validated", None, "a line dnssec, and trust-anchor lines")
        ]
    if not anchors.places:
        says = "dnssec without a trust-anchor: dnsmasq refuses to start"
        return [Reading("", says, on, _FIX, starts=False)]
    notes = (f"{unsigned}: answers without signatures pass unproven",) if unsigned else ()
    return [
        Reading(
            "dnsmasq", "these anchors never change", anchors.places[0], _FIX, policy=tuple(policy),
            anchors=anchors.names, form="ds", unread=tuple(anchors.unread), notes=notes,
        )
    ]  # fmt: skip
