"""The reader of the documentation's pages sees what a reader of the pages sees."""

from __future__ import annotations

import pytest

from tests.docs.pages import Command, File, anchors, commands, first_difference, links, steps

SEEN = ("one", "two", "three", "four")


def test_commands_of_a_session() -> None:
    """A session is commands with the lines under them; `echo $?` states the status of the one before."""
    session = "$ a b\nout\n\nmore\n$ c\n$ echo $?\n1\n$ d\n"
    assert list(commands(session)) == [
        Command("a b", ("out", "", "more")), Command("c", (), 1), Command("d", ()),
    ]  # fmt: skip


def test_session_without_a_command() -> None:
    """Output without a command is a mistake of the page."""
    with pytest.raises(ValueError, match="begins with a command"):
        list(commands("out\n$ a\n"))


def test_steps_are_in_order() -> None:
    """Commands and files come in the order of the page; other blocks are for reading."""
    page = "Write:\n```toml\n# a.toml\nx = 1\n```\n```console\n$ run a.toml\n```\n```toml\nx = 2\n```\n"
    assert list(steps(page)) == [File("a.toml", "# a.toml\nx = 1\n"), Command("run a.toml", ())]


@pytest.mark.parametrize(
    "shown",
    [
        (),
        ("one", "two", "three", "four"),
        ("one  ", "..."),
        ("...", "four"),
        ("one", "...", "three", "..."),
        ("on ...", "...", "four"),
    ],
)
def test_what_is_shown_is_there(shown: tuple[str, ...]) -> None:
    """Lines may be left out where three dots say so."""
    assert first_difference(shown, SEEN) is None


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        (("one", "two"), "(nothing more, but: three)"),
        (("two", "..."), "two"),
        (("...", "three", "two", "..."), "two"),
        (("...", "five"), "five"),
        (("one", "..", "..."), ".."),
        (("on", "..."), "on"),
        (("...", "four", "five"), "five"),
    ],
)
def test_what_is_shown_is_not_there(shown: tuple[str, ...], wrong: str) -> None:
    """A line that is not in its place is named, and so is an end that is none."""
    assert first_difference(shown, SEEN) == wrong


def test_links_and_anchors() -> None:
    """Links in code are none, and headings become anchors as on the web page."""
    text = "# A `b.c` title\n[x](y.md#a) `[no](link)` ![p](q.svg)\n```toml\n[z](w)\n# none\n```\n"
    assert list(links(text)) == ["y.md#a", "q.svg"]
    assert anchors(text) == {"a-bc-title"}
