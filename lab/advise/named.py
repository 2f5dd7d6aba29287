"""Read named.conf: statements of words and blocks that end in `;`, comments `//`, `#` and `/* */`, views.

BIND's rules: lib/isccfg/namedconf.c (grammar), lib/bind9/check.c (a static anchor of the root is refused
beside dnssec-validation auto), bin/named/server.c configure_view_dnsseckeys (what is trusted).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..clock import format_duration
from ..scenario.spec import PolicyValue
from .anchors import Gathered
from .reading import Place, Reading
from .source import DEPTH, Source, Tree

_TOKEN = re.compile(r"//[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z)|\"([^\"]*)\"|([{};])|([^\s{};\"]+)|\n", re.DOTALL)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_FIX = "use dnssec-validation auto and remove the static anchors; named must be able to write its directory"
_ON = frozenset(("yes", "true", "1", "auto"))


@dataclass(slots=True)
class Statement:
    """One statement: its words, those of its block as statements, where it begins."""

    words: list[str]
    place: Place
    block: list[Statement] = field(default_factory=list)


def statements(tree: Tree, source: Source) -> list[Statement]:
    """Return the statements of a file, those of included files in place of the include line."""
    top: list[Statement] = []
    stack: list[list[Statement]] = [top]
    words: list[str] = []
    line = begun = 1
    for token in _TOKEN.finditer(source.text):
        here, line = line, line + token[0].count("\n")
        if token[2] is None and token[1] is None and token[3] is None:
            continue
        if token[2] is None:
            begun = begun if words else here
            words.append(token[3] if token[3] is not None else token[1])
        elif token[2] == "{":
            opened = Statement(words, source.place(begun if words else here))
            stack[-1].append(opened)
            if len(stack) > 4 * DEPTH:
                tree.note(f"{opened.place}: blocks are nested too deeply; the rest of the file is not read")
                break
            stack.append(opened.block)
            words = []
        else:
            if words:
                stack[-1].extend(_ended(tree, Statement(words, source.place(begun))))
            words = []
            if token[2] == "}" and len(stack) > 1:
                stack.pop()
    return top


def _ended(tree: Tree, ended: Statement) -> Iterator[Statement]:
    if ended.words[0] == "include" and len(ended.words) > 1:
        for source in tree.included(ended.words[1], ended.place):
            yield from statements(tree, source)
    else:
        yield ended


def read(tree: Tree) -> list[Reading]:
    """Return a validator for each view, or the one that a configuration without views is."""
    top = statements(tree, tree.main)
    options = [inner for outer in _named(top, "options") for inner in outer.block]
    views = _named(top, "view")
    if not views:
        return [_reading(tree, "", [options], top)]
    names = [view.words[1] if len(view.words) > 1 else "?" for view in views]
    return [
        _reading(tree, f"view {name}", [options, view.block], [*top, *view.block])
        for name, view in zip(names, views, strict=True)
    ]


def _named(found: Iterable[Statement], *names: str) -> list[Statement]:
    return [statement for statement in found if statement.words and statement.words[0] in names]


def _last(levels: list[list[Statement]], name: str) -> tuple[str, Place | None]:
    """Return the value of an option, that of a view before that of all, and where it stands."""
    for level in reversed(levels):
        for statement in reversed(_named(level, name)):
            return " ".join(statement.words[1:]).lower(), statement.place
    return "", None


def _reading(tree: Tree, name: str, levels: list[list[Statement]], around: list[Statement]) -> Reading:
    validation, place = _last(levels, "dnssec-validation")
    enabled, switch = _last(levels, "dnssec-enable")
    if validation in ("no", "false", "0") or enabled in ("no", "false", "0"):
        where = place if validation in ("no", "false", "0") else switch
        return Reading("", "nothing is validated", where, "dnssec-validation auto", name)
    for level in levels:
        for statement in _named(level, "validate-except"):
            if any(entry.words == ["."] for entry in statement.block):
                return Reading(
                    "", "the root, and so everything, is excepted", statement.place, "remove the line", name
                )
    if validation not in ("", *_ON):
        tree.note(f"{place}: dnssec-validation takes yes, no or auto; auto is played")
    return _validating(tree, name, levels, around, place, auto=validation not in _ON - {"auto"})


def _validating(
    tree: Tree, name: str, levels: list[list[Statement]], around: list[Statement], place: Place | None,
    *, auto: bool,
) -> Reading:  # fmt: skip
    anchors = Gathered(tree)
    static, managed = _configured(around, anchors)
    both = static is not None and (auto or managed is not None)
    if both:
        says = "a static anchor of the root beside managed ones: named refuses to start"
        return Reading("", says, static, "remove the static anchor", name, starts=False)
    policy = _knobs(levels)
    if static is not None:
        return Reading(
            "bind-static", "these anchors never change", static, _FIX, name, policy=policy,
            anchors=anchors.names, form=anchors.form, unread=tuple(anchors.unread),
        )  # fmt: skip
    if not auto and managed is None:
        says = "no trust-anchors statement names the root: nothing is validated"
        return Reading("", says, place, "dnssec-validation auto", name)
    where = _last(levels, "bindkeys-file")[1]
    if auto and where is not None:
        anchors.file(_quoted(levels, "bindkeys-file"), where)
    elif auto and managed is None:
        anchors.unread.append("the bind.keys built into named is not seen")
    kept = _last(levels, "managed-keys-directory")[1]
    notes = (f"{kept}: named must be able to write this directory, or it learns nothing",) if kept else ()
    decides = managed or place
    return Reading(
        "bind", "anchors are managed (RFC 5011)" + ("" if decides else ", by default"), decides,
        "keep named's directory writable", name, policy=policy, anchors=anchors.names, form=anchors.form,
        unread=tuple(anchors.unread), notes=notes,
    )  # fmt: skip


def _quoted(levels: list[list[Statement]], name: str) -> str:
    """Return a path as it is written: the value of an option in its own case."""
    found = [statement for level in levels for statement in _named(level, name)]
    return " ".join(found[-1].words[1:]) if found else ""


def _configured(around: list[Statement], anchors: Gathered) -> tuple[Place | None, Place | None]:
    """Gather the root's anchors from trust-anchors and its older names; return where the first of each is."""
    first: dict[bool, Place] = {}
    for outer in _named(around, "trust-anchors", "managed-keys", "trusted-keys"):
        for entry in outer.block:
            if entry.words[:1] != ["."] or len(entry.words) < 4:
                continue
            how = entry.words[1]
            static = how in ("static-key", "static-ds") or how.isdecimal()
            first.setdefault(static, entry.place)
            anchors.text(_record(entry.words), entry.place)
    return first.get(True), first.get(False)


def _record(words: list[str]) -> str:
    """Return an entry as a record of a zone file: its key may have been torn into several strings."""
    fields = [word for word in words[1:] if word[:1].isdecimal() or "-" not in word]
    kind = "DS" if words[1].endswith("-ds") else "DNSKEY"
    return f". IN {kind} {' '.join(fields[:3])} {''.join(''.join(fields[3:]).split())}"


def _knobs(levels: list[list[Statement]]) -> tuple[tuple[str, PolicyValue], ...]:
    policy: list[tuple[str, PolicyValue]] = []
    longest = re.fullmatch(r"(\d{1,9})([smhdw]?)", _last(levels, "max-cache-ttl")[0])
    if longest:
        policy.append(("ttl-cap", format_duration(int(longest[1]) * _SECONDS[longest[2]])))
    if _last(levels, "trust-anchor-telemetry")[0] in ("no", "false", "0"):
        policy.append(("key-tag-query", "none"))
    if _last(levels, "root-key-sentinel")[0] in ("no", "false", "0"):
        policy.append(("sentinel", "no"))
    return tuple(policy)
