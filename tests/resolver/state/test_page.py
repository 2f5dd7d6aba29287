"""The table of losses in docs/state-files.md says what the formats do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lab.resolver.rfc5011 import State
from lab.resolver.state.formats import FORMATS, Format
from lab.resolver.state.vocabulary import HOLDS, Entry, TrustState, since_of

from .material import ROOT, ds, key

PAGE = (Path(__file__).parents[3] / "docs" / "state-files.md").read_text(encoding="utf-8")
THEN, LATER = 1_500_000_000, 1_550_000_000
ANCHOR = Entry(key(9), State.VALID, since=THEN, ttl=60)
"""A key that is beside the others, so that there is something to write."""


def carried(form: Format, *entries: Entry, **state: int | bool) -> TrustState:
    """Return what comes back of a state after writing and reading."""
    numbers = {name: value for name, value in state.items() if name != "deleted"}
    whole = TrustState(ROOT, entries, last_success=LATER, deleted=bool(state.get("deleted"))).noting(numbers)
    return form.read(form.write(whole), "f")


def one(form: Format, entry: Entry) -> Entry | None:
    """Return what comes back of one entry."""
    found = [e for e in carried(form, entry, ANCHOR).entries if e.anchor != ANCHOR.anchor]
    assert len(found) <= 1
    return found[0] if found else None


def state(entry: Entry) -> Callable[[Format], str]:
    """Look whether an entry is kept in its state, or in another one."""

    def look(form: Format) -> str:
        found = one(form, entry)
        if found is None:
            return "lost"
        return "kept" if found.state is entry.state else found.state.value

    return look


def field(name: str, entry: Entry, *others: str) -> Callable[[Format], str]:
    """Look whether fields of an entry are kept."""

    def look(form: Format) -> str:
        found = one(form, entry)
        same = found is not None and all(getattr(found, n) == getattr(entry, n) for n in (name, *others))
        return "kept" if same else "lost"

    return look


def beginning(entry: Entry) -> Callable[[Format], str]:
    """Look whether it is kept since when an entry is in its state, by whichever of its times."""

    def look(form: Format) -> str:
        found = one(form, entry)
        if found is None or found.state is not entry.state:
            return "lost"
        holds = replace(HOLDS, keep=120 * 86400)
        return "kept" if since_of(found, holds) == entry.since else "lost"

    return look


def confirmed(entry: Entry) -> Callable[[Format], str]:
    """Look whether it is kept that an entry was confirmed, or was not."""

    def look(form: Format) -> str:
        found = one(form, entry)
        return "kept" if found is not None and found.is_confirmed is entry.is_confirmed else "lost"

    return look


def bookkeeping(form: Format) -> str:
    """Look whether the bookkeeping of probes is kept."""
    return "kept" if carried(form, ANCHOR, retry_time=7).retry_time == 7 else "lost"


def deleted(form: Format) -> str:
    """Look whether it is kept that all anchors were revoked."""
    return "kept" if carried(form, ANCHOR, deleted=True).deleted else "lost"


def order(form: Format) -> str:
    """Look whether keys come back in the order in which they were written, and in the opposite one."""
    entries = [replace(ANCHOR, anchor=key(n)) for n in range(4)]
    lists = ([e.anchor for e in carried(form, *some).entries] for some in (entries, entries[::-1]))
    return "kept" if list(lists) == [[e.anchor for e in s] for s in (entries, entries[::-1])] else "lost"


PENDING = Entry(key(1), State.ADD_PEND, THEN, sightings=5, ttl=60)
MISSING = Entry(key(1), State.MISSING, THEN)
REVOKED = Entry(key(1), State.REVOKED, THEN, accepted=THEN - 5)
VALID = Entry(key(1), State.VALID, THEN, ttl=60, refresh=LATER)
LISTED = Entry(key(1), since=0, valid_from=THEN, valid_until=LATER, identifier="a")
LOOKS: dict[str, Callable[[Format], str]] = {
    "a trusted DNSKEY": state(VALID),
    "a trusted DS": state(Entry(ds(1), since=0)),
    "a pending key": state(PENDING),
    "a missing key": state(MISSING),
    "a revoked key": state(REVOKED),
    "a removed key (tombstone)": state(Entry(key(1), State.REMOVED, THEN)),
    "that a key was configured and never confirmed": confirmed(Entry(key(1), since=0)),
    "that a trusted key was confirmed": confirmed(VALID),
    "since when a key is Valid": beginning(VALID),
    "since when a key is pending": beginning(PENDING),
    "since when a key is missing": beginning(MISSING),
    "since when a key is revoked": beginning(REVOKED),
    "when a revoked key had become trusted": field("accepted", REVOKED),
    "how often a pending key was seen": field("sightings", PENDING),
    "TTL of a key": field("ttl", VALID),
    "when a key is looked at next": field("refresh", VALID),
    "bookkeeping of probes": bookkeeping,
    "that all anchors were revoked": deleted,
    "order of the keys": order,
    "validity and identifier of an anchor": field("valid_from", LISTED, "valid_until", "identifier"),
}
COLUMNS = ("unbound", "bind", "knot", "anchors", "xml")


def rows() -> dict[str, tuple[str, ...]]:
    """Return the table of losses as the page has it."""
    body = PAGE.partition(f"| what | {' | '.join(COLUMNS)} |\n")[2].partition("\n\n")[0]
    found = re.findall(r"^\| ([^|]+?) \| (.*) \|$", body, re.MULTILINE)
    return {what: tuple(cells.split(" | ")) for what, cells in found if set(what) != {"-"}}


def test_every_row_is_tested() -> None:
    """The page has a row for each thing that is looked at, in the same order, and no other."""
    assert list(rows()) == list(LOOKS)


@pytest.mark.parametrize("what", LOOKS)
def test_row(what: str) -> None:
    """Each cell of the page is what writing and reading shows."""
    assert rows()[what] == tuple(LOOKS[what](FORMATS[column]) for column in COLUMNS)


def test_formats_are_listed() -> None:
    """The page lists the formats there are."""
    listed = re.findall(r"^\| (\w+) \| [^|]* \|$", PAGE.partition("| format | file |")[2], re.MULTILINE)
    assert sorted(listed[: len(FORMATS)]) == sorted(FORMATS)
