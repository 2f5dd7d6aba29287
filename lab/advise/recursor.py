"""Read recursor.conf of the PowerDNS Recursor: `name=value` lines, and the Lua file with its anchors.

What is done with anchors: pdns/rec-lua-conf.cc (a file replaces them all), pdns/syncres.cc (modes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..clock import format_duration
from ..scenario.spec import PolicyValue
from .anchors import Gathered
from .lua import BRANCHES, calls, tokens
from .reading import Place, Reading
from .source import Source, Tree

BUILT_IN: Final = ("ksk-2017",)
"""The anchor that is compiled into the version of the preset (pdns/root-dnssec.hh)."""
MODES: Final = ("process", "validate", "log-fail")
"""Values of `dnssec` with which answers are validated."""
_FIX: Final = (
    'readTrustAnchorsFromFile("/usr/share/dns/root.key") in the file of lua-config-file, and a package that '
    "keeps that file up to date"
)


def _settings(tree: Tree, source: Source) -> Iterator[tuple[str, str, Place]]:
    """Yield the settings of a file; `include-dir` is read last, as the recursor does."""
    folders: list[tuple[str, Place]] = []
    for number, line in enumerate(source.lines, 1):
        name, equals, value = line.partition("#")[0].partition("=")
        name, value = name.strip().rstrip("+").strip(), value.strip()
        if name == "include-dir" and value:
            folders.append((value, source.place(number)))
        elif equals:
            yield name, value, source.place(number)
    for folder, place in folders:
        for other in tree.included(f"{folder.rstrip('/')}/*.conf", place):
            yield from _settings(tree, other)


def read(tree: Tree) -> list[Reading]:
    """Return the validator that the configuration describes."""
    last = {name: (value, place) for name, value, place in _settings(tree, tree.main)}
    mode, place = last.get("dnssec", ("process", None))
    if mode not in MODES:
        return [Reading("", f"dnssec={mode}: nothing is validated", place, "dnssec=process, or validate")]
    anchors = _Anchors(tree)
    if "lua-config-file" in last:
        anchors.lua(*last["lua-config-file"])
    policy: list[tuple[str, PolicyValue]] = []
    if mode == "log-fail":
        policy.append(("on-bogus", "pass"))
    longest = last.get("max-cache-ttl", ("", None))[0]
    if longest.isdecimal() and len(longest) < 10:
        policy.append(("ttl-cap", format_duration(int(longest))))
    return [anchors.reading(mode, place, tuple(policy))]


class _Anchors:
    """The root's anchors as the calls of the Lua file change them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._gathered = Gathered(tree)
        self._built_in, self._present = True, True
        self._decides: Place | None = None
        self._insecure: Place | None = None

    def lua(self, name: str, place: Place) -> None:
        """Do what the calls of a Lua file do."""
        real, why = self._tree.locate(name)
        source = self._tree.read(real, f"{place}: ") if real else None
        if source is None:
            self._gathered.unread.append(f"{name} ({place}) is {why or 'not to be read'}")
            self._built_in, self._decides = False, place
            return
        found = tokens(source)
        for token in found:
            if token.kind == "name" and token.text in BRANCHES:
                self._tree.note(f"{token.place}: Lua is read and not run; {token.text} is not followed")
                if token.text in ("dofile", "require", "loadfile"):
                    self._built_in, self._decides = False, token.place
                    self._gathered.unread.append(f"what {token.place} loads is not read")
        for call in calls(found):
            root = "." in call.strings(0)
            if call.name in ("addTA", "addDS") and root and call.strings(1):
                self._decides = call.place
                self._present = True
                self._gathered.text(f". IN DS {call.strings(1)[0]}", call.place)
            elif call.name in ("clearTA", "clearDS") and (root or not call.arguments):
                self._emptied(call.place, present=False)
            elif call.name == "readTrustAnchorsFromFile" and call.strings(0):
                self._emptied(call.place, present=True)
                self._gathered.file(call.strings(0)[0], call.place)
            elif call.name == "addNTA" and root:
                self._insecure = call.place

    def _emptied(self, place: Place, *, present: bool) -> None:
        self._gathered.clear()
        self._built_in, self._present, self._decides = False, present, place

    def reading(self, mode: str, place: Place | None, policy: tuple[tuple[str, PolicyValue], ...]) -> Reading:
        """Return what all of it makes."""
        if self._insecure is not None:
            return Reading("", "the root, and so everything, is insecure", self._insecure, "remove the line")
        if not self._present:
            return Reading("", "no anchor is left: nothing is validated", self._decides, _FIX)
        gathered = self._gathered
        names, notes = gathered.names, []
        if self._built_in:
            names = tuple(dict.fromkeys((*BUILT_IN, *names)))
            notes.append("the anchor compiled into 4.8.8 is played; newer ones have KSK-2024 too")
        if mode == "process":
            notes.append("dnssec=process validates for clients that set DO or AD; others notice nothing")
        elif mode == "log-fail":
            notes.append("dnssec=log-fail answers what does not verify all the same")
        says = "the anchors are what the line names, and no others are learnt"
        if self._decides is None:
            says = "no line names anchors: the ones compiled in never change"
        return Reading(
            "pdns-recursor", says, self._decides or place, _FIX, policy=policy, anchors=names,
            form=gathered.form if not self._built_in else "ds", unread=tuple(gathered.unread),
            notes=tuple(notes),
        )  # fmt: skip
