"""Read unbound.conf (unbound.conf(5)): words `name: value`, comments from `#`, includes with patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..clock import format_duration
from ..scenario.spec import PolicyValue
from .anchors import Gathered
from .reading import Place, Reading
from .source import Source, Tree

_WORD = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|#[^\n]*|([^\s\"'#]+)|\n")
_NAME = re.compile(r"([a-z][a-z0-9-]*):(.*)", re.DOTALL)
_CLAUSES = frozenset((
    "server", "remote-control", "stub-zone", "forward-zone", "auth-zone", "view", "python", "dynlib",
    "dnscrypt", "cachedb", "ipset", "redis", "rpz", "dnstap",
))  # fmt: skip
_ANCHORS = ("trust-anchor", "trust-anchor-file", "trusted-keys-file")
_FIX = (
    'replace the line by auto-trust-anchor-file: "/var/lib/unbound/root.key", in a folder Unbound may write'
)
_VALIDATE = "name an auto-trust-anchor-file and have validator in module-config"


def statements(tree: Tree, source: Source) -> Iterator[tuple[str, str, Place]]:
    """Yield (name, value, where) of every option, in the order in which Unbound reads them."""
    name, where, line = "", source.place(1), 1
    for word in _WORD.finditer(source.text):
        if word[0] == "\n":
            line += 1
        if word[0][0] in "\n#":
            continue
        value = word[1] or word[2] or word[3] or ""
        if not name:
            option = _NAME.fullmatch(value) if word[3] else None
            if option is None or (option[1] in _CLAUSES and not option[2]):
                continue
            name, value, where = option[1], option[2], source.place(line)
            if not value:
                continue
        if name in ("include", "include-toplevel"):
            for other in tree.included(value, where):
                yield from statements(tree, other)
        else:
            yield name, value, where
        name = ""


@dataclass(slots=True)
class _Options:
    """What counts: the last value of each option and where it stands, and the anchors."""

    last: dict[str, tuple[str, Place]]
    anchors: Gathered
    auto: Place | None = None
    fixed: Place | None = None
    insecure: Place | None = None
    policy: list[tuple[str, PolicyValue]] = field(default_factory=list)

    def yes(self, name: str) -> Place | None:
        """Return where an option is switched on, if it is."""
        value, place = self.last.get(name, ("no", None))
        return place if value == "yes" else None


def read(tree: Tree) -> list[Reading]:
    """Return the validator that the configuration describes."""
    options = _Options({}, Gathered(tree))
    for name, value, place in statements(tree, tree.main):
        options.last[name] = value, place
        if name == "auto-trust-anchor-file":
            options.auto = place
            options.anchors.file(value, place)
        elif name == "trust-anchor":
            if value.split()[:1] == ["."]:
                options.fixed = options.fixed or place
                options.anchors.text(value, place)
        elif name in _ANCHORS:
            options.fixed = options.fixed or place
            options.anchors.file(value, place)
        elif name == "domain-insecure" and value == ".":
            options.insecure = place
    return [_without(options) or _with(options)]


def _without(options: _Options) -> Reading | None:
    """Return the reading of what validates nothing, or None."""
    modules, place = options.last.get("module-config", ("validator", None))
    if "validator" not in modules.split():
        return Reading("", "module-config without validator: nothing is validated", place, _VALIDATE)
    if options.insecure is not None:
        return Reading("", "the root, and so everything, is insecure", options.insecure, "remove the line")
    if options.auto is None and options.fixed is None:
        return Reading("", "no line configures a trust anchor: nothing is validated", None, _VALIDATE)
    return None


def _with(options: _Options) -> Reading:
    """Return the reading of what validates: managed anchors (RFC 5011) or fixed ones."""
    managed = options.auto is not None
    model, decides = ("unbound", options.auto) if managed else ("unbound-static", options.fixed)
    says = "anchors are managed (RFC 5011)" if managed else "these anchors never change"
    policy, notes = _knobs(options)
    permissive, harden = options.yes("val-permissive-mode"), options.yes("harden-algo-downgrade")
    if permissive is not None:
        decides, says = permissive, f"{says}, and what does not verify is answered all the same, without AD"
        if managed and harden is None:
            model = "unbound-permissive"
        else:
            policy.append(("on-bogus", "pass"))
    if harden is not None:
        if managed:
            model = "unbound-harden"
        else:
            policy.append(("algorithms", "all"))
    anchors = options.anchors
    return Reading(
        model, says, decides,
        "keep the file in a folder that Unbound may write" if managed else _FIX,
        policy=tuple(policy), anchors=anchors.names, form=anchors.form, unread=tuple(anchors.unread),
        notes=tuple(notes),
    )  # fmt: skip


_DURATIONS = {
    "add-holddown": "add-hold-down",
    "del-holddown": "remove-hold-down",
    "keep-missing": "keep-missing",
    "cache-max-ttl": "ttl-cap",
}
_FLAGS = {"trust-anchor-signaling": "key-tag-query", "root-key-sentinel": "sentinel"}


def _knobs(options: _Options) -> tuple[list[tuple[str, PolicyValue]], list[str]]:
    """Return options that a policy has a knob for, and notes on values that are none."""
    policy: list[tuple[str, PolicyValue]] = []
    notes: list[str] = []
    for option, knob in _DURATIONS.items():
        value, place = options.last.get(option, ("", None))
        if place is None or (option != "cache-max-ttl" and options.auto is None):
            continue
        if value.isdecimal() and len(value) < 10:
            forever = option == "keep-missing" and not int(value)
            policy.append((knob, "for-ever" if forever else format_duration(int(value))))
        else:
            notes.append(f"{place}: {option} takes seconds; the default is played")
    for option, knob in _FLAGS.items():
        if options.last.get(option, ("yes", None))[0] == "no":
            policy.append((knob, "none" if knob == "key-tag-query" else "no"))
    return policy, notes
