"""Unbound's own reading of its file, at the edges: buffers, parentheses, numbers out of range, doubles."""

from __future__ import annotations

from base64 import b64encode

import pytest

from lab.resolver.rfc5011 import State
from lab.resolver.state.autotrust import load_autotrust
from lab.resolver.state.vocabulary import Entry, Loaded

from .material import EXAMPLE, ROOT, ds, key

HEAD = ";;id: . 1\n"
DS_LINE = f". IN DS {ds(9).to_text()}\n"


def load(text: str) -> Loaded:
    """Return what Unbound makes of a file of the root."""
    return load_autotrust(text.encode(), None, ROOT)


def entries(text: str) -> tuple[Entry, ...]:
    """Return the entries of a file that Unbound reads."""
    state = load(text).state
    assert state is not None
    return state.entries


def fields(number: int) -> str:
    """Return the fields of a key's record."""
    found = key(number)
    return f"{found.flags} {found.protocol} {found.algorithm} {b64encode(found.public_key).decode()}"


def line(number: int, comment: str = "") -> str:
    """Return the line of a key."""
    return f". 60 IN DNSKEY {fields(number)}{comment}\n"


def test_buffer_is_filled_to_the_last_octet() -> None:
    """A line of 10,239 octets and its end fit Unbound's buffer; with one more the last octet is cut off."""
    start, end = line(1).rstrip("\n"), " ;;state=1"
    for length, expected in ((10_239, State.ADD_PEND), (10_240, None)):
        text = f"{HEAD}{start}{' ' * (length - len(start) - len(end))}{end}\n"
        assert [entry.state for entry in entries(text + DS_LINE)][:-1] == ([expected] if expected else [])
        assert load(text + DS_LINE).passed_over == (() if expected else (2, 3))


@pytest.mark.parametrize(("lines", "outcome"), [(102, "state"), (103, "exit")])
def test_lines_in_parentheses_fill_the_buffer_too(lines: int, outcome: str) -> None:
    """Lines joined over parentheses share the buffer, a blank between them counted."""
    loaded = load(HEAD + DS_LINE + f"({' ' * 98}\n" + f"{' ' * 99}\n" * (lines - 1) + ")\n")
    assert loaded.outcome == outcome
    assert loaded.reason == ("" if outcome == "state" else f"line {lines + 2}: line too long")


def test_parenthesis_left_open() -> None:
    """A file that ends inside parentheses is refused for that."""
    assert load(f"{HEAD}{DS_LINE}(\n\n").reason == "line 4: too many '('"


def test_origin() -> None:
    """Names are relative to the last $ORIGIN."""
    loaded = load_autotrust(f"$ORIGIN com.\nexample 60 IN DNSKEY {fields(1)}\n".encode(), None, ROOT)
    assert loaded.state is not None
    assert loaded.state.owner == EXAMPLE


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (";;state=1 ;;count=1", ";;state=1 ;;count=2", (State.ADD_PEND, 1)),
        (";;state=1 ;;count=1", ";;state=2 ;;count=2", (State.VALID, 2)),
        (";;state=2 ;;count=1", ";;state=1 ;;count=2", (State.VALID, 1)),
        (";;state=2 ;;count=1", ";;state=2 ;;count=2", (State.VALID, 1)),
    ],
)
def test_key_twice(first: str, second: str, kept: tuple[State, int]) -> None:
    """Of two lines for one key the trusted one counts, else the first."""
    (entry,) = entries(HEAD + line(1, f" {first}") + line(1, f" {second}"))
    assert (entry.state, entry.sightings) == kept


@pytest.mark.parametrize(
    "record",
    [
        "DS 65536 8 2 00", "DS 1 8 256 00", "DNSKEY 65536 3 8 AwEAAQ==", "DNSKEY 257 256 8 AwEAAQ==",
        "DNSKEY 257 3 256 AwEAAQ==", "DS 1 8 2", "DNSKEY 257 3 8",
    ],
)  # fmt: skip
def test_numbers_out_of_range(record: str) -> None:
    """A record with a number that has no room, or too few fields, is passed over."""
    loaded = load(f"{HEAD}. 60 IN {record}\n{DS_LINE}")
    assert (loaded.passed_over, [e.anchor for e in entries(f"{HEAD}. 60 IN {record}\n{DS_LINE}")]) == (
        (2,),
        [ds(9)],
    )


@pytest.mark.parametrize("record", ["DS 65535 8 255 00", "DNSKEY 65535 255 255 AwEAAQ=="])
def test_numbers_at_the_end_of_their_range(record: str) -> None:
    """The largest numbers there are room for are read."""
    loaded = load(f"{HEAD}. 60 IN {record}\n")
    assert loaded.passed_over == ()
    assert len(entries(f"{HEAD}. 60 IN {record}\n")) == 1


def test_comment_without_numbers() -> None:
    """A key without count and lastchange was never seen and never changed."""
    (entry,) = entries(HEAD + line(1, " ;;state=1"))
    assert (entry.state, entry.sightings, entry.since) == (State.ADD_PEND, 0, 0)
    (entry,) = entries(HEAD + line(1, " ;state=1"))
    assert entry.state is State.ADD_PEND
    (entry,) = entries(HEAD + line(1, " ;;state=1 ;;count=7 ;;lastchange=00 ;;x"))
    assert (entry.sightings, entry.since) == (7, 0)
