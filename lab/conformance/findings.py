"""Which cases who is known to fail, and why: scenarios/conformance/known/findings.toml, read.

The list is strict both ways: a failure that is not in it fails a run, and so does a case in it that passes.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated

from pydantic import Field

from ..resources import scenarios_path
from ..scenario.fields import Line
from ..scenario.source import parse_toml, read_file, validate
from ..scenario.tables import Table

Names = Annotated[tuple[Line, ...], Field(min_length=1, max_length=1000)]


class FindingTable(Table):
    """One reason: everybody in `by` fails each of `cases` for it."""

    reason: Annotated[str, Field(strict=True, min_length=1, max_length=500)]
    by: Names
    cases: Names


class FindingsFile(Table):
    """All findings; `passes` takes back what a daemon would inherit from its model."""

    finding: tuple[FindingTable, ...] = ()
    passes: dict[Line, Names] = Field(default_factory=dict)


@cache
def _file() -> FindingsFile:
    path = scenarios_path() / "conformance" / "known" / "findings.toml"
    return validate(FindingsFile, parse_toml(read_file(path), str(path)), str(path))


def known_findings(name: str, like: str = "") -> dict[str, str]:
    """Return the reason of each case that somebody is known to fail, by the case's identifier.

    A daemon fails what the model `like` fails, unless the file says that it passes.
    """
    found: dict[str, str] = {}
    for who in (like, name):
        for finding in _file().finding:
            if who in finding.by:
                found |= dict.fromkeys(finding.cases, finding.reason)
    passed = _file().passes.get(name, ()) if like else ()
    return {case: reason for case, reason in sorted(found.items()) if case not in passed}


def all_findings() -> dict[str, dict[str, str]]:
    """Return every entry of the file: examinee -> case -> reason."""
    names = dict.fromkeys(who for finding in _file().finding for who in finding.by)
    return {name: known_findings(name) for name in names}
