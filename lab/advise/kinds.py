"""The kinds of configuration that can be read, and how a file is recognised as one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import UserError
from . import dnsmasq, kresd, named, recursor, resolved, unbound
from .reading import Reading
from .source import Tree


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its reader, the file names it has, a pattern for what stands in it and in no other."""

    read: Callable[[Tree], list[Reading]]
    names: tuple[str, ...]
    content: re.Pattern[str]


def _lines(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*(?:{pattern})", re.MULTILINE)


KINDS: Final[Mapping[str, Kind]] = {
    "unbound": Kind(
        unbound.read,
        ("unbound.conf",),
        _lines(r"(?:server|remote-control|auto-trust-anchor-file|trust-anchor(?:-file)?|include-toplevel):"),
    ),
    "named": Kind(
        named.read,
        ("named.conf", "named.conf.options"),
        _lines(r"(?:options|trust-anchors|managed-keys|trusted-keys)\s*\{|(?:zone|view)\s[^\n{]*\{"),
    ),
    "kresd": Kind(
        kresd.read,
        ("kresd.conf",),
        _lines(r"trust_anchors\.\w+|net\.listen\s*\(|modules\s*=\s*\{|cache\.size\s*="),
    ),
    "recursor": Kind(
        recursor.read,
        ("recursor.conf",),
        _lines(
            r"(?:lua-config-file|local-address|forward-zones(?:-recurse)?|hint-file|quiet|config-dir)\s*="
            r"|dnssec\s*=\s*(?:off|process|process-no-validate|validate|log-fail)\b"
        ),
    ),
    "resolved": Kind(resolved.read, ("resolved.conf",), _lines(r"\[Resolve\]")),
    "dnsmasq": Kind(
        dnsmasq.read,
        ("dnsmasq.conf",),
        _lines(
            r"dnssec[ \t]*(?:#.*)?$|trust-anchor=|dnssec-check-unsigned"
            r"|(?:no-resolv|bind-interfaces|domain-needed)\b|(?:dhcp-range|cache-size|conf-dir)="
        ),
    ),
}
"""Every kind by its name; a new one is a file here and an entry."""


def kind_of(tree: Tree) -> str:
    """Return the kind of a file by its name, else by what stands in it.

    Raises UserError for what is none or could be several: `--kind` says which.
    """
    name = re.split(r"[/\\]", tree.main.path)[-1].lower()
    by_name = [kind for kind, known in KINDS.items() if name in known.names]
    found = by_name or [kind for kind, known in KINDS.items() if known.content.search(tree.main.text)]
    if len(found) == 1:
        return found[0]
    problem = f"could be of {' or '.join(found)}" if found else "is no configuration the lab can read"
    raise UserError(problem, place=tree.main.path, remedy=f"say which with --kind: {', '.join(KINDS)}")


def readings(tree: Tree, kind: str) -> list[Reading]:
    """Return what the configuration describes: one validator, or one for each view."""
    return KINDS[kind].read(tree)
