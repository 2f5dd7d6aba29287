"""`rootlab state`: show, convert and make the trust-state files of resolvers.

What is heavy (XML, cryptography, scenarios, tables) is imported when a command runs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..clock import Instant, Seconds, format_duration, format_instant
from ..errors import UserError, one_line
from .options import FILE, INSTANT, output_option
from .output import check_targets, deliver, page, show

if TYPE_CHECKING:
    from ..resolver.state.formats import Format
    from ..resolver.state.vocabulary import Entry, TrustState

FORMAT_NAMES = ("unbound", "bind", "knot", "anchors", "xml")
"""The names of `resolver.state.formats.FORMATS`, which a test holds equal."""
DEFAULT_MODEL = "rfc5011-strict"
"""Who makes a state for a format that belongs to no implementation."""

_file = click.argument("file", type=FILE)
_as = click.option(
    "--as",
    "named",
    type=click.Choice(FORMAT_NAMES),
    help="What the file is, if it is not to be found out from its content.",
)
_at = click.option(
    "--at",
    type=INSTANT,
    metavar="INSTANT",
    help="Read it as a resolver does that starts then: BIND's timers, the validity in root-anchors.xml.",
)
_owner = click.option("--owner", metavar="NAME", help="Read about this name, if the file has several.")


@click.group(no_args_is_help=False)
def state() -> None:
    """Show, convert and make the trust-state files of resolvers.

    Formats: unbound (auto-trust-anchor-file), bind (managed-keys.bind), knot (root.keys), anchors (DS and
    DNSKEY records), xml (IANA's root-anchors.xml). The format of a file is found out from its content.
    """


@state.command("show")
@_file
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="A table, or all facts for programs.",
)
@_as
@_at
@_owner
def show_file(file: Path, form: str, named: str | None, at: Instant | None, owner: str | None) -> None:
    """Show which keys a resolver trusts, and since when."""
    source, found = _read(file, named, at, owner)
    if form == "json":
        from ..report.as_json import dump

        show(dump(_state_json(str(file), source, found)))
    else:
        show(_table(str(file), source, found))


@state.command("convert")
@_file
@click.option(
    "--to",
    "target",
    type=click.Choice(FORMAT_NAMES),
    required=True,
    help="The format to write.",
)
@_as
@_at
@_owner
@output_option
def convert_file(
    file: Path, target: str, named: str | None, at: Instant | None, owner: str | None, output: Path | None
) -> None:
    """Write a state in another format, and say what it loses.

    Losses are told on stderr, one a line. Where a format counts from the beginning of a state and another to
    the end of its timer, hold-downs of 30 days are taken.
    """
    from ..resolver.state.convert import convert
    from ..resolver.state.formats import FORMATS
    from ..resolver.state.root_anchors import bounded_in_time

    check_targets(output)
    source, found = _read(file, named, at, owner)
    if at is None and source.name == "xml" and bounded_in_time(found):
        raise UserError(
            "not all its anchors are valid for ever", place=str(file), remedy="say when: --at INSTANT"
        )
    conversion = convert(found, source, FORMATS[target])
    text = FORMATS[target].write(conversion.state).decode("utf-8")
    for loss in conversion.losses:
        click.echo(one_line(f"lost: {loss}"), err=True)
    deliver(text, output)


@state.command("make")
@click.option(
    "--as-of", "as_of", type=INSTANT, required=True, metavar="INSTANT", help="When the file is taken."
)
@click.option(
    "--timeline", "scenario", required=True, metavar="SCENARIO", help="What the root does meanwhile."
)
@click.option(
    "--format", "target", type=click.Choice(FORMAT_NAMES), required=True, help="The format to write."
)
@click.option(
    "--model", metavar="MODEL", help="Who lives through it; the format's own resolver unless given."
)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="KEY",
    help="A key it is configured with, as DS; those of the scenario unless given.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Another seed than the scenario's.")
@output_option
def make_file(
    as_of: Instant,
    scenario: str,
    target: str,
    model: str | None,
    anchors: tuple[str, ...],
    seed: int | None,
    output: Path | None,
) -> None:
    """Write the state a resolver has at an instant.

    A model starts when the scenario does and lives through its timeline undisturbed; the file is what it
    would have written by then.
    """
    from ..resolver.state.convert import losses
    from ..resolver.state.formats import FORMATS, written_by_model
    from ..resolver.state.loading import LOADERS, family
    from ..run.state_at import Part, state_at
    from ..scenario.load import load_scenario

    check_targets(output)
    form = FORMATS[target]
    played = model or (target if target in LOADERS else DEFAULT_MODEL)
    found = state_at(load_scenario(scenario), Part(played, anchors, seed), as_of)
    text = written_by_model(found, form).decode("utf-8")
    if family(played) != target:
        for loss in losses(found, form.held(found)):
            click.echo(one_line(f"lost: {loss}"), err=True)
    deliver(text, output)


def _read(file: Path, named: str | None, at: Instant | None, owner: str | None) -> tuple[Format, TrustState]:
    """Read a state file, and return its format too."""
    from ..dnssec.names import MalformedName, name_from_text
    from ..infile import read_limited
    from ..resolver.state.formats import FORMATS, detect, read_state
    from ..resolver.state.reading import STATE_FILE

    try:
        name = None if owner is None else name_from_text(owner)
    except MalformedName as error:
        raise click.BadParameter(str(error), click.get_current_context(), param_hint="--owner") from None
    data = read_limited(file, STATE_FILE)
    form = detect(data, str(file)) if named is None else FORMATS[named]
    return form, read_state(data, str(file), form, at=at, owner=name)


_COLUMNS: tuple[tuple[str, Callable[[Entry], str]], ...] = (
    ("state", lambda entry: entry.state.value),
    ("since", lambda entry: "configured" if entry.since == 0 else _when(entry.since)),
    ("until", lambda entry: _when(entry.until)),
    ("valid from", lambda entry: _when(entry.valid_from)),
    ("valid until", lambda entry: _when(entry.valid_until)),
    ("seen", lambda entry: "" if not entry.sightings else str(entry.sightings)),
    ("TTL", lambda entry: "" if entry.ttl is None else str(entry.ttl)),
    ("next look", lambda entry: _when(entry.refresh)),
    ("anchor", lambda entry: _anchor(entry)),
)
"""Columns behind the key tag; one that would be empty is left out."""


def _table(file: str, form: Format, found: TrustState) -> str:
    """Return the state as a title, the bookkeeping, and a row per key."""
    from ..dnssec.names import name_to_text
    from ..report.sheet import screen, table, text_of

    console = screen(page())
    title = one_line(f"{file}: {form.title}, for {name_to_text(found.owner)}")
    console.print(title, soft_wrap=True)
    if found.deleted:
        console.print("All anchors were revoked: the zone counts as insecure, and nothing is probed.")
    for noted in _bookkeeping(found):
        console.print(noted, soft_wrap=True)
    console.print()
    if not found.entries:
        console.print("no keys")
        return text_of(console)
    columns = [(name, cell) for name, cell in _COLUMNS if any(cell(entry) for entry in found.entries)]
    grid = table()
    grid.add_column("key tag", justify="right", no_wrap=True)
    for name, _ in columns:
        wraps = name == "anchor"
        grid.add_column(name, justify="right" if name in ("seen", "TTL") else "left", no_wrap=not wraps)
    for entry in found.entries:
        grid.add_row(str(entry.anchor.key_tag), *(cell(entry) or "-" for _, cell in columns))
    console.print(grid)
    for entry in found.entries:
        if entry.note:
            console.print(one_line(f"{entry.anchor.key_tag}: {entry.note}"), soft_wrap=True)
    return text_of(console)


def _bookkeeping(found: TrustState) -> list[str]:
    """Return the bookkeeping in words: what was, and what comes."""
    failed = found.query_failed
    past = (
        found.last_queried and f"asked {format_instant(found.last_queried)}",
        found.last_success and f"verified {format_instant(found.last_success)}",
        failed and f"failed {failed} times since",
    )
    future = (
        found.next_probe_time and f"next probe {format_instant(found.next_probe_time)}",
        found.query_interval and f"every {format_duration(found.query_interval)}",
        found.retry_time and f"retry after {format_duration(found.retry_time)}",
    )
    lines = (", ".join(part for part in parts if part) for parts in (past, future))
    return [line for line in lines if line]


def _when(instant: Instant | None) -> str:
    return "" if not instant else format_instant(instant)


def _anchor(entry: Entry) -> str:
    """Return what the anchor is: DNSKEY or DS, its numbers, and which real key of the root."""
    from ..dnssec.keys import Key

    anchor = entry.anchor
    if isinstance(anchor, Key):
        kind = f"DNSKEY {anchor.flags} {anchor.protocol} {anchor.algorithm}"
    else:
        kind = f"DS {anchor.algorithm} {anchor.digest_type}"
    real = _real(entry)
    name = f", {entry.identifier}" if entry.identifier else ""
    return one_line(f"{kind}{name}{f', {real} of the real root' if real else ''}", 120)


def _real(entry: Entry) -> str | None:
    """Return the label of the real root KSK that an entry is, None for any other key."""
    from ..dnssec.keys import Key
    from ..dnssec.root_keys import REAL_ROOT_DS, real_root_label

    if isinstance(entry.anchor, Key):
        return real_root_label(entry.anchor)
    return next((label for label, ds in REAL_ROOT_DS if ds == entry.anchor), None)


def _state_json(file: str, form: Format, found: TrustState) -> dict[str, Any]:
    from ..dnssec.names import name_to_text

    return {
        "file": file,
        "format": form.name,
        "owner": name_to_text(found.owner),
        "initialised": found.is_initialised,
        "deleted": found.deleted,
        "last_queried": _json_time(found.last_queried),
        "last_success": _json_time(found.last_success),
        "next_probe_time": _json_time(found.next_probe_time),
        "query_failed": found.query_failed,
        "query_interval": _json_duration(found.query_interval),
        "retry_time": _json_duration(found.retry_time),
        "identifier": found.identifier or None,
        "source": found.source or None,
        "keys": [_entry_json(entry) for entry in found.entries],
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    from base64 import b64encode

    from ..dnssec.keys import DS, Key

    anchor = entry.anchor
    ds = anchor if isinstance(anchor, DS) else entry.ds
    return {
        "key_tag": anchor.key_tag,
        "algorithm": anchor.algorithm,
        "state": entry.state.value,
        "trusted": entry.is_trusted,
        "confirmed": entry.is_confirmed,
        "since": _json_time(entry.since),
        "until": _json_time(entry.until),
        "accepted": _json_time(entry.accepted),
        "sightings": entry.sightings,
        "ttl": entry.ttl,
        "refresh": _json_time(entry.refresh),
        "valid_from": _json_time(entry.valid_from),
        "valid_until": _json_time(entry.valid_until),
        "identifier": entry.identifier or None,
        "note": entry.note or None,
        "real_key": _real(entry),
        "flags": anchor.flags if isinstance(anchor, Key) else None,
        "public_key": b64encode(anchor.public_key).decode("ascii") if isinstance(anchor, Key) else None,
        "ds": None if ds is None else ds.to_text(),
    }


def _json_time(instant: Instant | None) -> str | None:
    """Return an instant in RFC 3339; null where the file says nothing, or 0 for it."""
    return format_instant(instant) if instant else None


def _json_duration(seconds: Seconds | None) -> str | None:
    return None if seconds is None else format_duration(seconds)
