"""Read kresd.conf of Knot Resolver 5: what it does with `trust_anchors` (daemon/lua/trust_anchors.lua.in)."""

from __future__ import annotations

from typing import Final

from ..clock import format_duration
from ..scenario.spec import PolicyValue
from .anchors import Gathered
from .lua import BRANCHES, Call, calls, tokens
from .reading import Place, Reading
from .source import Tree

_UNITS: Final = {"ms": 1, "sec": 1000, "minute": 60_000, "min": 60_000, "hour": 3_600_000, "day": 86_400_000}
_FIX: Final = (
    "let Knot Resolver manage the anchors: trust_anchors.remove('.') and then "
    "trust_anchors.add_file('root.keys'), in a folder it may write"
)
_DEFAULT: Final = "the key file that the distribution compiled in is not seen"


class _Anchors:
    """The root's trust point as the lines of the file change it."""

    def __init__(self, tree: Tree) -> None:
        self.gathered = Gathered(tree)
        self.gathered.unread.append(_DEFAULT)
        self.present, self.managed = True, False
        self.decides: Place | None = None
        self.refused: Place | None = None
        self.policy: list[tuple[str, PolicyValue]] = []

    def apply(self, call: Call) -> None:
        """Do what one call or assignment does."""
        if call.name == "trust_anchors.add_file" and call.strings(0):
            self._replaced(call, present=True)
            self.managed = call.word(1) in ("", "false", "nil")
            self.gathered.file(call.strings(0)[0], call.place)
        elif call.name == "trust_anchors.add" and call.strings(0):
            if call.strings(0)[0].split()[:1] == ["."]:
                self._add(call)
        elif call.name == "trust_anchors.remove" and call.strings(0) == (".",):
            self._replaced(call, present=False)
        elif call.name == "trust_anchors.set_insecure" and "." in call.strings(0):
            self.refused = call.place if self.present else self.refused
        elif call.assigns and call.name == "trust_anchors.keyfile_default":
            self._replaced(call, present=bool(call.strings(0)))
            for name in call.strings(0)[:1]:
                self.gathered.file(name, call.place)
        elif call.assigns and call.name.endswith("hold_down_time"):
            milliseconds = _product(call)
            if milliseconds is not None:
                self.policy.append(("add-hold-down", format_duration(milliseconds // 1000)))

    def _replaced(self, call: Call, *, present: bool) -> None:
        self.gathered.clear()
        self.present, self.managed, self.decides = present, False, call.place

    def _add(self, call: Call) -> None:
        """Extend the anchors that are there; kresd refuses that if it manages them."""
        if self.managed:
            self.refused = call.place
        self.present, self.decides = True, call.place
        self.gathered.text(call.strings(0)[0], call.place)


def read(tree: Tree) -> list[Reading]:
    """Return the validator that the configuration describes."""
    found = tokens(tree.main)
    branch = next((token for token in found if token.kind == "name" and token.text in BRANCHES), None)
    if branch is not None:
        tree.note(f"{branch.place}: Lua is read line by line and not run; {branch.text} is not followed")
    anchors = _Anchors(tree)
    for call in calls(found):
        anchors.apply(call)
    gathered = anchors.gathered
    if anchors.refused is not None:
        return [Reading("", "kresd refuses this and does not start", anchors.refused, _FIX, starts=False)]
    if not anchors.present:
        return [Reading("", "no anchor is left: nothing is validated", anchors.decides, _FIX)]
    says = "anchors are managed (RFC 5011)" if anchors.managed else "these anchors never change"
    if anchors.decides is None:
        says = "no line says otherwise, so the anchors are the distribution's and never change"
    return [
        Reading(
            "knot" if anchors.managed else "knot-debian", says, anchors.decides,
            "keep the file in a folder that kresd may write" if anchors.managed else _FIX,
            policy=tuple(anchors.policy) if anchors.managed else (), anchors=gathered.names,
            form=gathered.form, unread=tuple(gathered.unread),
        )
    ]  # fmt: skip


def _product(call: Call) -> int | None:
    """Return a time in milliseconds: a number, or a product of numbers and kresd's units."""
    value = 1
    for number, token in enumerate(call.arguments[0] if call.arguments else ()):
        if number % 2:
            if token.text != "*":
                return None
        elif token.kind == "number" and token.text.isdecimal() and len(token.text) < 12:
            value *= int(token.text)
        elif token.text in _UNITS:
            value *= _UNITS[token.text]
        else:
            return None
    return value if value < 10**15 else None
