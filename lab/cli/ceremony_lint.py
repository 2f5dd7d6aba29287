"""`rootlab ceremony lint`: say what in ceremony files is wrong or unwise, rule by rule."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import one_line
from .options import FILE
from .output import page, show

if TYPE_CHECKING:
    from ..authority.ceremony import CeremonyFile
    from ..authority.ceremony_verify import CeremonyFinding
    from ..dnssec.keys import DS, Key

_LARGEST = 65_535


@click.command("lint")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--anchors",
    "anchor_files",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Keys trusted at first: K*.key, dsset-*, bind.keys, named.conf, a state file, root-anchors.xml.",
)
@click.option(
    "--max-size",
    type=click.IntRange(512, _LARGEST),
    metavar="OCTETS",
    help="The largest DNSKEY response to allow; default: 1452.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines, or all facts for programs.",
)
@click.pass_context
def lint_files(
    context: click.Context,
    files: tuple[Path, ...],
    anchor_files: tuple[Path, ...],
    max_size: int | None,
    form: str,
) -> None:
    """Find what is wrong or unwise, rule by rule.

    All that verify finds, and whether the root's calendar, its schemas, the waits of RFC 5011 and the thread
    from quarter to quarter are kept. Exit status 0 without findings, 1 with any; 2 if a file cannot be read.
    """
    from ..authority.ceremony import read_ceremony
    from ..authority.ceremony_lint import lint_files as lint
    from ..authority.ceremony_rules import MAX_RESPONSE_OCTETS

    given = [read_ceremony(path) for path in files]
    anchors = [anchor for path in anchor_files for anchor in _anchors(path, given[0].owner)]
    findings = lint(given, anchors=anchors, max_size=MAX_RESPONSE_OCTETS if max_size is None else max_size)
    show(_json(given, findings) if form == "json" else _text(given, findings, page().width))
    context.exit(1 if findings else 0)


def _anchors(path: Path, owner: bytes) -> tuple[DS | Key, ...]:
    """Return the anchors of a zone in a file of any known kind. Raises StateFileError."""
    from ..dnssec.names import name_to_text
    from ..infile import read_limited
    from ..resolver.state.formats import read_state
    from ..resolver.state.reading import STATE_FILE, refuse
    from ..resolver.state.statements import has_statements, read_statements

    data = read_limited(path, STATE_FILE)
    if not has_statements(data):
        return tuple(entry.anchor for entry in read_state(data, str(path), owner=owner).trusted)
    found = tuple(anchor for name, anchor in read_statements(data, str(path)) if name == owner)
    if not found:
        refuse(str(path), 0, f"no key of {name_to_text(owner)}", "give the anchors of the files' zone")
    return found


def _text(files: Sequence[CeremonyFile], findings: Sequence[CeremonyFinding], width: int) -> str:
    """Return a line for each file and under it its findings, wrapped."""
    from ..authority.ceremony import bundle_text

    lines: list[str] = []
    for name in dict.fromkeys(file.file for file in files):
        own = [finding for finding in findings if finding.file == name]
        lines.append(one_line(f"{name}: {_plural(len(own))}"))
        for finding in own:
            where = "" if finding.bundle is None else f"{bundle_text(finding.bundle, finding.bundle_id)}: "
            said = one_line(f"{finding.severity} {finding.identifier}: {where}{finding.message}", 1000)
            lines += textwrap.wrap(
                said, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
    return "".join(f"{line}\n" for line in lines)


def _plural(number: int) -> str:
    return f"{number or 'no'} finding{'' if number == 1 else 's'}"


def _json(files: Sequence[CeremonyFile], findings: Sequence[CeremonyFinding]) -> str:
    from ..report.as_json import dump
    from .ceremony import finding_json, head_json

    value: dict[str, Any] = {
        "verdict": "failed" if findings else "passed",
        "files": [{**head_json(file), "bundles": len(file.bundles)} for file in files],
        "findings": [finding_json(finding) for finding in findings],
    }
    return dump(value)
