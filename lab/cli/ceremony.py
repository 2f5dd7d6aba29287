"""`rootlab ceremony`: show what KSR and SKR files hold, verify it, lint it, and write such files.

What is heavy (XML, cryptography, tables) is imported when a command runs: `rootlab --version` does without.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..clock import DAY, Instant, format_instant
from ..errors import one_line
from .ceremony_export import export_files
from .ceremony_lint import lint_files
from .options import FILE
from .output import page, show

if TYPE_CHECKING:
    from ..authority.ceremony import Bundle, CeremonyFile, CeremonyKey
    from ..authority.ceremony_verify import CeremonyFinding

_KINDS = {"ksr": "KSR (request)", "skr": "SKR (response)"}

_files = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
_form = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Tables and lines, or all facts for programs.",
)


@click.group(no_args_is_help=False)
def ceremony() -> None:
    """Read, check and write the files of key ceremonies (KSR, SKR).

    A request (KSR) asks for signatures over the root's DNSKEY RRset, a response (SKR) brings them; both have
    one bundle for each slot.
    """


ceremony.add_command(lint_files)
ceremony.add_command(export_files)


@ceremony.command("show")
@_files
@_form
def show_files(files: tuple[Path, ...], form: str) -> None:
    """Show the bundles: windows, keys, signers, sizes."""
    from ..authority.ceremony import read_ceremony

    given = [read_ceremony(path) for path in files]
    if form == "json":
        _show_json({"files": [_file_json(file) for file in given]})
    else:
        show("\n".join(_file_table(file) for file in given))


@ceremony.command("verify")
@_files
@_form
@click.pass_context
def verify_files(context: click.Context, files: tuple[Path, ...], form: str) -> None:
    """Verify every signature, tag, window and TTL.

    Several files are also held against each other. Exit status 1, and the bundle named, if anything is wrong;
    2 if a file cannot be read. A note changes nothing.
    """
    from ..authority.ceremony import read_ceremony
    from ..authority.ceremony_verify import verified_signatures, verify

    given = [read_ceremony(path) for path in files]
    findings = verify(given)
    counts = [(file, verified_signatures(file)) for file in given]
    failed = any(finding.is_error for finding in findings)
    if form == "json":
        _show_json(
            {
                "verdict": "failed" if failed else "passed",
                "files": [{**head_json(file), **_counts_json(file, verified)} for file, verified in counts],
                "findings": [finding_json(finding) for finding in findings],
            }
        )
    else:
        lines = [_count_line(file, verified) for file, verified in counts]
        lines += [one_line(f"{finding.severity}: {finding}") for finding in findings]
        show("".join(f"{line}\n" for line in lines))
    context.exit(1 if failed else 0)


def _show_json(value: dict[str, Any]) -> None:
    from ..report.as_json import dump

    show(dump(value))


def _total(file: CeremonyFile) -> int:
    return sum(len(bundle.signatures) for bundle in file.bundles)


def _count_line(file: CeremonyFile, verified: int) -> str:
    total = _total(file)
    result = "all verified" if verified == total else f"{total - verified} NOT verified"
    counted = f"{_plural(len(file.bundles), 'bundle')}, {_plural(total, 'signature')}"
    return one_line(f"{file.file}: {file.kind.upper()}, {counted}, {result}")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _file_table(file: CeremonyFile) -> str:
    """Return one file as a title, a row per bundle, and the identifiers of its KSKs."""
    from ..report.sheet import screen, table, text_of

    grid = table()
    for heading in ("#", "inception", "expiration", "KSKs", "ZSKs", "signed by", "size"):
        if heading in ("KSKs", "ZSKs", "signed by"):
            grid.add_column(heading, overflow="fold", min_width=len("19164R"))
        else:
            grid.add_column(heading, justify="right" if heading in ("#", "size") else "left", no_wrap=True)
    for bundle in file.bundles:
        grid.add_row(
            str(bundle.number),
            _when(bundle.inception),
            _when(bundle.expiration),
            _tags(key for key in bundle.keys if key.key.is_sep),
            _tags(key for key in bundle.keys if not key.key.is_sep),
            " ".join(str(signature.rrsig.key_tag) for signature in bundle.signatures),
            str(bundle.response_size) if file.kind == "skr" else "-",
        )
    console = screen(page())
    console.print(one_line(f"{file.file}: {_KINDS[file.kind]} for {file.domain}"), soft_wrap=True)
    console.print(one_line(f"id {file.id}, serial {file.serial}, SHA-256 {file.digest[:16]}"), soft_wrap=True)
    console.print()
    console.print(grid)
    console.print()
    for line in _legend(file):
        console.print(line, soft_wrap=True)
    return text_of(console)


def _legend(file: CeremonyFile) -> list[str]:
    from ..dnssec.root_keys import real_root_label

    lines: dict[str, None] = {}
    for key in (key for bundle in file.bundles for key in bundle.keys if key.key.is_sep):
        known = real_root_label(key.key)
        name = f"{key.identifier}, {known} of the real root" if known else key.identifier
        lines[one_line(f"{_tag(key)}  {name}", 100)] = None
    if any(key.key.is_revoked for bundle in file.bundles for key in bundle.keys):
        lines["R: revoked (RFC 5011), the tag counts the REVOKE bit"] = None
    if file.kind == "skr":
        lines["size: octets of the DNSKEY response over UDP, with EDNS and DO"] = None
    return list(lines)


def _tags(keys: Iterable[CeremonyKey]) -> str:
    return " ".join(_tag(key) for key in keys) or "-"


def _tag(key: CeremonyKey) -> str:
    return f"{key.key.tag}R" if key.key.is_revoked else str(key.key.tag)


def _when(instant: Instant) -> str:
    """Write midnight as a bare date: most windows of a ceremony begin and end there."""
    return format_instant(instant)[:10] if instant % DAY == 0 else format_instant(instant)


def head_json(file: CeremonyFile) -> dict[str, Any]:
    """Return what every command tells of a file."""
    return {
        "file": file.file,
        "kind": file.kind,
        "id": file.id,
        "domain": file.domain,
        "serial": file.serial,
        "sha256": file.digest,
    }


def _counts_json(file: CeremonyFile, verified: int) -> dict[str, Any]:
    return {"bundles": len(file.bundles), "signatures": _total(file), "verified": verified}


def _file_json(file: CeremonyFile) -> dict[str, Any]:
    return {**head_json(file), "bundles": [_bundle_json(file, bundle) for bundle in file.bundles]}


def _bundle_json(file: CeremonyFile, bundle: Bundle) -> dict[str, Any]:
    return {
        "number": bundle.number,
        "id": bundle.id,
        "inception": format_instant(bundle.inception),
        "expiration": format_instant(bundle.expiration),
        "ttl": bundle.ttl,
        "keys": [
            {
                "identifier": key.identifier,
                "key_tag": key.key.key_tag,
                "wire_tag": key.key.tag,
                "flags": key.key.flags,
                "algorithm": key.key.algorithm,
                "revoked": key.key.is_revoked,
            }
            for key in bundle.keys
        ],
        "signatures": [
            {
                "identifier": signature.identifier,
                "wire_tag": signature.rrsig.key_tag,
                "algorithm": signature.rrsig.algorithm,
                "inception": format_instant(signature.rrsig.inception),
                "expiration": format_instant(signature.rrsig.expiration),
            }
            for signature in bundle.signatures
        ],
        "response_size": bundle.response_size if file.kind == "skr" else None,
    }


def finding_json(finding: CeremonyFinding) -> dict[str, Any]:
    """Return a finding as verify and lint tell it."""
    return {
        "identifier": finding.identifier,
        "severity": finding.severity,
        "file": finding.file,
        "bundle": finding.bundle,
        "bundle_id": finding.bundle_id or None,
        "message": finding.message,
    }
