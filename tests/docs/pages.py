"""Read the pages of the documentation: console sessions, files their reader is told to write, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^```(?P<kind>[a-z]*)[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"# (?P<name>[\w./-]+\.(?:toml|yml|sh|py))")


def pages() -> tuple[Path, ...]:
    """Return README.md, CHANGELOG.md and every page below docs/."""
    return (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))


def page_name(page: Path) -> str:
    """Name a page as seen from the checkout."""
    return page.relative_to(ROOT).as_posix()


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a console session, the lines shown under it, and the exit status the page states."""

    text: str
    shown: tuple[str, ...]
    status: int = 0


@dataclass(frozen=True, slots=True)
class File:
    """A file the page tells its reader to write: a fenced block whose first line is `# NAME.toml`."""

    name: str
    content: str


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, body) of every fenced block."""
    for match in _FENCE.finditer(text):
        yield match["kind"], match["body"]


def steps(text: str) -> Iterator[Command | File]:
    """Yield the commands and files of a page in the order in which a reader meets them."""
    for kind, body in blocks(text):
        if kind == "console":
            yield from commands(body)
        else:
            name = _FILE_NAME.fullmatch(body.partition("\n")[0])
            if name is not None:
                yield File(name["name"], body)


def commands(session: str) -> Iterator[Command]:
    """Yield the commands of a console session; `$ echo $?` and the number below it state an exit status.

    Raises ValueError for a session that does not begin with a command.
    """
    given: list[tuple[str, list[str]]] = []
    for line in session.splitlines():
        if line.startswith("$ "):
            given.append((line[2:], []))
        elif given:
            given[-1][1].append(line)
        else:
            raise ValueError(f"a console session begins with a command, not with {line!r}")
    for number, (text, shown) in enumerate(given):
        if text == "echo $?":
            continue
        following = given[number + 1] if number + 1 < len(given) else ("", [])
        status = int(following[1][0]) if following[0] == "echo $?" else 0
        yield Command(text, tuple(shown), status)


def first_difference(shown: tuple[str, ...], seen: tuple[str, ...]) -> str | None:
    """Return the first line shown that the output does not have in its place, or None if all are there.

    A line `...` stands for any number of lines left out, ` ...` at the end of a line for its rest. Without
    them the output begins, goes on and ends as shown. Trailing blanks do not count.
    """
    at, skipping = 0, False
    for line in shown:
        if line.strip() == "...":
            skipping = True
            continue
        places = range(at, len(seen)) if skipping else range(at, min(at + 1, len(seen)))
        found = next((place for place in places if _fits(line, seen[place])), None)
        if found is None:
            return line
        at, skipping = found + 1, False
    return None if skipping or at == len(seen) or not shown else f"(nothing more, but: {seen[at]})"


def _fits(line: str, seen: str) -> bool:
    if line.endswith(" ..."):
        return seen.startswith(line.removesuffix(" ..."))
    return line.rstrip() == seen.rstrip()


def links(text: str) -> Iterator[str]:
    """Yield the targets of links and pictures, those in code left out."""
    plain = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))
    yield from re.findall(r"\]\(([^)\s]+)\)", plain)


def anchors(text: str) -> frozenset[str]:
    """Return the anchors that the headings of a page get."""
    titles = re.findall(r"^#+ +(.+?) *$", _FENCE.sub("", text), re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles)
