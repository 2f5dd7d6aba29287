"""Show the answer of a control API to people: members as lines, lists of objects as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import one_line
from . import Page
from .sheet import screen, table, text_of


def render_plain(answer: Mapping[str, Any], page: Page) -> str:
    """Return an answer as text: first what is one value, then each list under its name."""
    console = screen(page)
    single = {name: value for name, value in answer.items() if not isinstance(value, list)}
    lists = {name: value for name, value in answer.items() if isinstance(value, list)}
    width = max((len(_words(name)) for name in single), default=0)
    for name, value in single.items():
        console.print(f"{_words(name):<{width}}  {_shown(value)}", soft_wrap=True)
    for name, rows in lists.items():
        if single or name != next(iter(lists)):
            console.print()
        if not rows:
            console.print(f"{_words(name)}: none")
        elif isinstance(rows[0], dict):
            console.print(f"{_words(name)}:")
            grid = table()
            for column in rows[0]:
                grid.add_column(_words(column))
            for row in rows:
                grid.add_row(*(_shown(value) for value in row.values()))
            console.print(grid)
        else:
            console.print(f"{_words(name)}: {', '.join(_shown(row) for row in rows)}")
    return text_of(console)


def _words(name: str) -> str:
    """Write the name of a member as words."""
    return name.replace("_", " ")


def _shown(value: object) -> str:
    """Write a value on one line; it may come from the network."""
    if value is None or value == "":
        return "-"
    if isinstance(value, list):
        return " ".join(_shown(one) for one in value) or "-"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return one_line(str(value))
