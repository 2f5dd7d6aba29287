"""State files are compared by what they say, and a difference names the field."""

from __future__ import annotations

import pytest

from lab.replay.statefile import compare

from .workshop import expand, key_of, state_file

SAME = expand(
    state_file([("b*2", 1, "100"), ("a", 2, "50")], queried="200", success="200", next_probe="300")
).splitlines()
TAGS = {letter: key_of(letter).tag for letter in "ab"}


def fields(old: str, new: str) -> tuple[str, ...]:
    """Return how a file with some text replaced differs from the file."""
    assert any(old in line for line in SAME)
    return compare(tuple(SAME), tuple(line.replace(old, new) for line in SAME)).fields


def test_same_file() -> None:
    """A file does not differ from itself, nor by spaces at the ends of lines."""
    assert compare(tuple(SAME), tuple(f"{line}  " for line in SAME)) == ((), ())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (";;last_queried: 200", ";;last_queried: 201", "last_queried is 201"),
        (";;last_success: 200", ";;last_success: 9", "last_success is 9"),
        (";;next_probe_time: 300", ";;next_probe_time: 301", "next_probe_time is 301"),
        (";;query_failed: 0", ";;query_failed: 6", "query_failed is 6, expected 0"),
        (";;query_interval: 5400", ";;query_interval: 1", "query_interval is 1, expected 5400"),
        (";;retry_time: 3600", ";;retry_time: 1", "retry_time is 1, expected 3600"),
        (";;state=1", ";;state=2", f"key {TAGS['b']}: state is Valid, expected AddPend"),
        (";;count=2", ";;count=3", f"key {TAGS['b']}: count is 3, expected 2"),
        (";;lastchange=50", ";;lastchange=51", f"key {TAGS['a']}: lastchange is 51"),
        ("10800", "60", f"key {TAGS['b']}: ttl is 60, expected 10800"),
    ],
)
def test_every_field_counts(old: str, new: str, said: str) -> None:
    """Each field is looked at, and named with both values."""
    assert said in fields(old, new)[0]


def test_keys_that_are_missing_or_too_many() -> None:
    """Keys are told by their tags."""
    assert compare(tuple(SAME), tuple(SAME[:-1])).fields == (f"key {TAGS['a']} (Valid) is missing",)
    assert compare(tuple(SAME[:-1]), tuple(SAME)).fields == (f"key {TAGS['a']} (Valid) should not be there",)


def test_order_is_text() -> None:
    """Keys in another order say the same; that the text differs is told apart."""
    turned = (*SAME[:-2], SAME[-1], SAME[-2])
    found = compare(tuple(SAME), turned)
    assert found.fields == ()
    assert len(found.text) == 2


def test_files_that_cannot_be_read() -> None:
    """A file that is none is compared by its lines."""
    assert compare(("x",), ("x ",)).fields == ()
    assert compare(("x", "y"), ("z",)).fields == ("line 1 is 'z', expected 'x'", "1 lines, expected 2")
