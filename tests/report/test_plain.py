"""Answers of the control API as text: values as lines, objects as tables, nothing a terminal would obey."""

from __future__ import annotations

from lab.report import Page
from lab.report.plain import render_plain

PAGE = Page(80, colour=False)


def test_values_and_lists() -> None:
    """Values come first, lists under their names; what is empty is a dash or none."""
    answer = {
        "now": "x",
        "rate": 2.0,
        "none": None,
        "no_one": [],
        "names": ["a", "b"],
        "rows": [{"a_b": [1, 2], "c": ""}],
    }
    assert render_plain(answer, PAGE) == (
        "now   x\nrate  2\nnone  -\n\nno one: none\n\nnames: a, b\n\nrows:\na b  c\n------\n1 2  -\n"
    )


def test_lists_alone() -> None:
    """Without values the first list begins the text."""
    assert render_plain({"known": [], "active": []}, PAGE) == "known: none\n\nactive: none\n"


def test_hostile_text() -> None:
    """Escapes and line breaks that came over the network are folded."""
    assert render_plain({"name": "a\x1b[31m\nb"}, PAGE) == "name  a [31m b\n"
