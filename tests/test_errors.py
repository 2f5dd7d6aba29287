"""Test the errors that leave the lab: one line, in the right order, with the right exit status."""

from __future__ import annotations

import pytest

from lab import errors
from lab.errors import DriverError, LabError, UserError, one_line


@pytest.mark.parametrize(
    ("place", "remedy", "text"),
    [
        ("", "", "no such key"),
        ("a.toml: subject", "", "a.toml: subject: no such key"),
        ("", "name another", "no such key; name another"),
        ("a.toml: subject", "name another", "a.toml: subject: no such key; name another"),
    ],
)
def test_line_of_a_user_error(place: str, remedy: str, text: str) -> None:
    """Place, problem and remedy come in this order, and what is not given leaves no trace."""
    error = UserError("no such key", place=place, remedy=remedy)
    assert str(error) == text
    assert (error.problem, error.place, error.remedy) == ("no such key", place, remedy)


def test_exit_statuses() -> None:
    """Bad input is status 2, an environment that lacks something 3, a fault of the lab 4."""
    assert (UserError.exit_status, DriverError.exit_status, LabError.exit_status) == (2, 3, 4)


def test_every_error_is_a_lab_error() -> None:
    """Whatever is raised on purpose is caught as one kind, and bad input of any kind is status 2."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert all(issubclass(kind, LabError) for kind in kinds)
    named = ("ScenarioError", "TimelineError", "KeyFileError", "CeremonyError", "RecordError")
    assert {getattr(errors, name).exit_status for name in named} == {2}


def test_control_characters_are_folded() -> None:
    """A file name cannot move the cursor, ring the bell or begin a second line."""
    assert one_line("a\x1b[31m\nb\t\u202e c\x07") == "a [31m b c"


@pytest.mark.parametrize(("length", "kept"), [(399, 399), (400, 400), (401, 400)])
def test_long_text_is_cut(length: int, kept: int) -> None:
    """A line has at most 400 characters, and one that was cut says so."""
    text = one_line("x" * length)
    assert len(text) == kept
    assert text.endswith("...") is (length > 400)
