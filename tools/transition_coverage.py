"""Say which rows of the RFC's table and of the presets, and which values of knobs, the tests exercise.

Line coverage cannot tell: the rows are data, and one line takes them all. So the look is watched while the
tests run: each row it takes is noted with the test that made it, and so is each value of a knob that code
outside of `policy` reads.

    python -m tools.transition_coverage [--output FILE] [PYTEST ARGUMENTS]

The exit status is 1 if a row or a value is left. `tests/selftest/test_transition_coverage.py` holds the rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab.clock import format_duration
from lab.resolver import policy as policies
from lab.resolver.managed import _Look
from lab.resolver.policy import KNOBS, ResolverPolicy
from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import FALLBACK, RFC_TABLE, Event, Row, State

Table = tuple[tuple[Row, ...], str]
"""Override rows and base: what makes one table differ from another."""

OUTPUT = Path("out/transitions.md")
SHOWN = 3
"""So many tests are named for each row; the others are counted."""


def table_of(policy: ResolverPolicy) -> Table:
    """Return what a policy's table is made of."""
    return policy.overrides, policy.base


def emptied(policy: ResolverPolicy, state: State, event: Event) -> Row | None:
    """Return the row by which a policy says that nothing happens, if that is what stands for the event."""
    named = {(row.state, row.event): row for row in policy.overrides}
    base = {(row.state, row.event) for row in RFC_TABLE if policy.base == "rfc"}
    while (state, event) not in named and (state, event) not in base and event in FALLBACK:
        event = FALLBACK[event]
    row = named.get((state, event))
    return row if row is not None and row.target is None else None


@dataclass
class Seen:
    """What was exercised, by which tests: rows by table, values by knob."""

    rows: dict[tuple[Table, Row], dict[str, int]] = field(default_factory=dict)
    values: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    test: str = ""

    def row(self, policy: ResolverPolicy, row: Row) -> None:
        """Note that a row was taken, or said that nothing happens."""
        tests = self.rows.setdefault((table_of(policy), row), {})
        tests[self.test] = tests.get(self.test, 0) + 1

    def value(self, knob: str, value: object) -> None:
        """Note that a knob was read."""
        tests = self.values.setdefault((knob, written(knob, value)), {})
        tests[self.test] = tests.get(self.test, 0) + 1


def written(knob: str, value: Any) -> str:
    """Return a knob's value as a scenario file has it."""
    meta = KNOBS[knob][2]
    if meta["kind"] == "duration":
        return str(meta["none"]) if value is None else format_duration(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


class Spy:
    """Stand in for one attribute of a group of knobs and note who reads it."""

    def __init__(self, member: Any, knob: str, seen: Seen) -> None:
        """Take the place of a slot."""
        self.member, self.knob, self.seen = member, knob, seen

    def __get__(self, group: Any, owner: type | None = None) -> Any:
        """Return the value; what `policy` itself reads, to compare or to write it, is no use of it."""
        if group is None:
            return self
        value = self.member.__get__(group, owner)
        if sys._getframe(1).f_globals.get("__name__") != policies.__name__:
            self.seen.value(self.knob, value)
        return value

    def __set__(self, group: Any, value: Any) -> None:
        """Set the value, as the constructor does."""
        self.member.__set__(group, value)


@contextmanager
def watching(seen: Seen) -> Iterator[None]:
    """Watch every look and every knob for a while."""
    fire, take, adopt = _Look.fire, _Look._take, _Look._adopt

    def note_emptied(look: _Look, state: State, event: Event) -> None:
        row = emptied(look.policy, state, event)
        if row is not None:
            seen.row(look.policy, row)

    def watched_fire(look: _Look, index: int, event: Event, *others: Any) -> None:
        cell = look.cells[index]
        assert cell is not None
        note_emptied(look, cell.state, event)
        fire(look, index, event, *others)

    def watched_take(look: _Look, row: Row, *others: Any) -> None:
        seen.row(look.policy, row)
        take(look, row, *others)

    def watched_adopt(look: _Look, key: Any, event: Event, *others: Any) -> None:
        note_emptied(look, State.START, event)
        for row in look.table[State.START, event][:1]:
            seen.row(look.policy, row)
        adopt(look, key, event, *others)

    groups = {group: getattr(policies, group.capitalize()) for group in policies.GROUPS}
    slots = {knob: getattr(groups[group], name) for knob, (group, name, _) in KNOBS.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Look, "fire", watched_fire)
        patch.setattr(_Look, "_take", watched_take)
        patch.setattr(_Look, "_adopt", watched_adopt)
        for knob, (group, name, _) in KNOBS.items():
            patch.setattr(groups[group], name, Spy(slots[knob], knob, seen))
        yield


class Plugin:
    """Watch a run of pytest, test by test."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.seen = Seen()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Watch while the tests run, not while they are collected."""
        with watching(self.seen):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Note whose rows those are that come now; parameters are not told apart."""
        self.seen.test = item.nodeid.partition("[")[0].removeprefix("tests/")
        return (yield)


def families() -> dict[str, tuple[tuple[Table, ...], tuple[Row, ...]]]:
    """Return, for every implementation, the tables of its presets and the rows that are its own.

    A version's preset has the rows of its implementation, less what it cannot reach, so that a row counts
    whichever version took it. A resolver without rows of its own has the RFC's, or none at all.
    """
    found: dict[str, tuple[tuple[Table, ...], tuple[Row, ...]]] = {}
    for name, profile in MODELS.items():
        table = table_of(profile.policy)
        if not table[0] and table[1] != "rfc":
            continue
        family = name.partition("-")[0]
        those, own = found.get(family, ((), ()))
        fresh = tuple(row for row in table[0] or RFC_TABLE if row not in own)
        found[family] = ((*those, table), own + fresh)
    return found


def tests_of(seen: Seen, those: tuple[Table, ...], row: Row) -> dict[str, int]:
    """Return the tests that exercised a row in any of some tables."""
    return {test: count for table in those for test, count in seen.rows.get((table, row), {}).items()}


def missing_rows(seen: Seen) -> list[str]:
    """Return the rows that no test exercised, with the implementation they belong to."""
    return [
        f"{family}: {row}"
        for family, (those, own) in families().items()
        for row in own
        if not tests_of(seen, those, row)
    ]


def values() -> list[tuple[str, str]]:
    """Return every knob with each value that it can take by a word, and that a preset gives it."""
    found = {(knob, written(knob, value)) for knob, meta in _metas() for value in _words(meta)}
    for profile in MODELS.values():
        for knob, (group, name, _) in KNOBS.items():
            found.add((knob, written(knob, getattr(getattr(profile.policy, group), name))))
    return sorted(found)


def _metas() -> list[tuple[str, Any]]:
    return [(knob, meta) for knob, (_, _, meta) in KNOBS.items()]


def _words(meta: Any) -> tuple[Any, ...]:
    return (True, False) if meta["kind"] == "flag" else tuple(meta.get("choices", ()))


def missing_values(seen: Seen) -> list[str]:
    """Return the values of knobs that no test made code read."""
    return [f"{knob} = {value}" for knob, value in values() if (knob, value) not in seen.values]


def named(tests: dict[str, int]) -> str:
    """Name the first tests of some, and count the others."""
    first = sorted(tests)[:SHOWN]
    rest = len(tests) - len(first)
    return ", ".join(f"`{test}`" for test in first) + (f" and {rest} more" if rest else "")


def report(seen: Seen) -> str:
    """Return the report in Markdown: the rows of every table, then the knobs."""
    lines = ["# What the tests exercise", "", "Written by `make transition-coverage`.", ""]
    for family, (those, own) in families().items():
        lines += [f"## {family}", "", "| row | tests | which |", "|---|---|---|"]
        for row in own:
            tests = tests_of(seen, those, row)
            lines.append(f"| `{row}` | {len(tests) or '**none**'} | {named(tests)} |")
        lines.append("")
    lines += ["## Knobs", "", "| knob | value read | tests | which |", "|---|---|---|---|"]
    for knob, value in sorted({*values(), *seen.values}):
        tests = seen.values.get((knob, value), {})
        lines.append(f"| {knob} | {value} | {len(tests) or '**none**'} | {named(tests)} |")
    for what, left in (("Rows", missing_rows(seen)), ("Values", missing_values(seen))):
        lines += ["", f"{what} not exercised: {len(left)}", *(f"- {one}" for one in left)]
    return "\n".join(lines) + "\n"


def main(arguments: list[str], run: Callable[..., int] = pytest.main) -> int:
    """Run the tests named (all unless said), write the report, and return the exit status."""
    output = OUTPUT
    if arguments[:1] == ["--output"]:
        output, arguments = Path(arguments[1]), arguments[2:]
    plugin = Plugin()
    failed = run(["-q", "-p", "no:cacheprovider", *arguments], plugins=[plugin])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(report(plugin.seen), encoding="utf-8")
    left = missing_rows(plugin.seen) + missing_values(plugin.seen)
    print("\n".join([f"{output}: {len(left)} rows and values not exercised", *left]))
    return int(failed) or int(bool(left))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
