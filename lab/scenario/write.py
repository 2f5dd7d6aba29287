"""Write the tables of a scenario as a file: `load.load_text` reads back what is written here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..clock import format_instant

INSTANTS = frozenset({
    "start", "stop", "at", "inception", "expiration", "first-start", "from", "to", "until", "of", "by",
})  # fmt: skip
"""Keys whose values are instants: whole numbers in the tables, dates in the file."""

TABLES = ("timeline", "subject", "event", "expect")
"""Arrays of tables, in the order of a file; all else but `authority` and `keys` goes first."""


def to_toml(tables: Mapping[str, Any], comments: tuple[str, ...] = ()) -> str:
    """Return the file; empty tables are left out. `comments` go on top, a line each."""
    lines = [f"# {comment}".rstrip() for comment in comments]
    plain = {key: value for key, value in tables.items() if key not in (*TABLES, "authority", "keys")}
    lines += [_line(key, value) for key, value in plain.items()]
    for name in ("authority", "keys"):
        if tables.get(name):
            lines += ["", f"[{name}]", *(_line(key, value) for key, value in tables[name].items())]
    for name in TABLES:
        for table in tables.get(name, ()):
            lines += ["", f"[[{name}]]", *(_line(key, value) for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any) -> str:
    return f"{key} = {_value(key, value)}"


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return format_instant(value) if key in INSTANTS else str(value)
    if isinstance(value, str):
        # JSON escapes what TOML does, all but DEL
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_line(name, one) for name, one in value.items()) + " }" if value else "{}"
    return "[" + ", ".join(_value(key, one) for one in value) + "]"


def map_instants(tables: Any, change: Callable[[int], int]) -> Any:
    """Return tables with every instant in them changed."""
    if isinstance(tables, Mapping):
        return {
            key: change(value) if key in INSTANTS and type(value) is int else map_instants(value, change)
            for key, value in tables.items()
        }
    if isinstance(tables, (list, tuple)):
        return [map_instants(one, change) for one in tables]
    return tables


def instants_in(tables: Any) -> tuple[int, ...]:
    """Return every instant in tables, ascending, each once."""
    found: dict[int, None] = {}

    def note(at: int) -> int:
        found[at] = None
        return at

    map_instants(tables, note)
    return tuple(sorted(found))
