"""Write findings as SARIF 2.1.0, which code hosts show beside the lines of a change (OASIS, 2020)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from ..clock import Instant, format_instant
from .hints import NOTATION
from .outlook import Dated

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULES = {
    "anchor-dead": ("error", "None of the root keys trusted here signs any more"),
    "anchor-ends": ("warning", "None of the root keys trusted here will sign after a date that is known"),
    "anchor-lives": ("note", "A root key is trusted here whose end is not known"),
    "tag-named": ("note", "The key tag of a root key is named here"),
}
"""Identifier of a rule: its level, and what it says."""


def render(rows: Sequence[Dated], at: Instant, version: str) -> str:
    """Return the log of one scan, ending in a line break. `at` is the instant the scan looks from."""
    names = list(_RULES)
    rules = [
        {"id": name, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}
        for name, (level, text) in _RULES.items()
    ]
    driver = {"name": "rootlab scan", "version": version, "rules": rules}
    results = [_result(row, at, names) for row in rows]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def rule_of(row: Dated, at: Instant) -> str:
    """Return the rule that a finding comes under."""
    if row.finding.notation == NOTATION:
        return "tag-named"
    if row.dies_before(at):
        return "anchor-dead"
    return "anchor-lives" if row.works_until is None else "anchor-ends"


def _result(row: Dated, at: Instant, names: Sequence[str]) -> dict[str, Any]:
    """Return one result. A member of an archive is placed in the archive, and named as a logical place."""
    found = row.finding
    rule = rule_of(row, at)
    until = "no known end" if row.works_until is None else f"works until {format_instant(row.works_until)}"
    keys = ", ".join(map(str, found.keys))
    archive, _, member = found.path.partition("!")
    region = {"startLine": 1 if member else found.line}
    uri = quote(archive, errors="surrogateescape")
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
    if member:
        place["logicalLocations"] = [{"fullyQualifiedName": f"{found.path}:{found.line}", "kind": "resource"}]
    return {
        "ruleId": rule,
        "ruleIndex": names.index(rule),
        "level": _RULES[rule][0],
        "message": {"text": f"{_RULES[rule][1]} ({found.notation}: {keys}); {until}."},
        "locations": [place],
    }
