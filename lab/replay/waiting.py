"""Searches that wait for answers, and who gives them: the ranges of a script, one question at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ..dnssec.codec import QR
from .iterate import Ask, Search
from .matching import matches, parse
from .packets import answer_from
from .script import Entry, Note, Script

MAX_ROUNDS: Final = 100_000
"""Answers in one scenario; more mean that it loops."""


@dataclass(slots=True, eq=False)
class Task:
    """A search in progress, what it asks now, and what to do with what it finds."""

    search: Search[Any]
    done: Callable[[Any], None]
    asks: Ask = field(default_factory=lambda: Ask("", b""))
    begun: bool = False


class Waiting:
    """All searches of a run."""

    def __init__(self, script: Script, notes: list[Note]) -> None:
        """Begin with none; what cannot be sent is added to `notes`. Tasks are kept newest question first."""
        self._script, self._notes = script, notes
        self.tasks: list[Task] = []
        self.rounds = 0

    def begin(self, search: Search[Any], done: Callable[[Any], None]) -> None:
        """Begin a search; it goes on when somebody answers. `done` is called with what it returns."""
        self.advance(Task(search, done), None)

    def advance(self, task: Task, wire: bytes | None) -> None:
        """Hand a search what came, None for nothing, and keep what it asks next."""
        if task in self.tasks:
            self.tasks.remove(task)
        try:
            task.asks = task.search.send(wire) if task.begun else next(task.search)
        except StopIteration as end:
            task.done(end.value)
            return
        task.begun = True
        self.tasks.insert(0, task)

    def answer_one(self, number: int) -> bool:
        """Answer one question that a range has an answer for while step `number` is next.

        False if there is none.
        """
        for task in self.tasks:
            for entry in self._entries(number, task.asks.address):
                if matches(entry, task.asks.query, task_transport(task)):
                    self.rounds += 1
                    silent = "do_not_answer" in entry.adjust.words
                    self.advance(task, None if silent else self.answer(entry, task))
                    return True
        return False

    def matching(self, entry: Entry, address: str) -> Task | None:
        """Return the first search whose question matches an entry and goes to an address, if one is given."""
        for task in self.tasks:
            if address in ("", task.asks.address) and matches(entry, task.asks.query, task_transport(task)):
                return task
        return None

    def first(self, address: str) -> Task | None:
        """Return the first search that waits for an address, or for anybody."""
        return next((task for task in self.tasks if address in ("", task.asks.address)), None)

    def asked(self) -> str:
        """Return the addresses that owe an answer, in words."""
        return ", ".join(task.asks.address for task in self.tasks)

    def answer(self, entry: Entry, task: Task) -> bytes | None:
        """Return an entry's packet as the answer to a search, None if it cannot be sent."""
        query = parse(task.asks.query)
        assert query is not None, "the iterator asks in messages that can be read"
        try:
            return answer_from(entry, query)
        except ValueError as problem:
            self._notes.append(Note(entry.line, "not-acted-on", f"an entry cannot be sent: {problem}"))
            return None

    def _entries(self, number: int, address: str) -> list[Entry]:
        """Return the entries that servers at an address have while step `number` is next."""
        return [
            entry
            for held in self._script.ranges
            if held.first <= number <= held.last and (not held.addresses or address in held.addresses)
            for entry in held.entries
        ]


def task_transport(task: Task) -> str:
    """Return how a search asks."""
    return "TCP" if task.asks.tcp else "UDP"


def is_reply(entry: Entry) -> bool:
    """Tell whether an entry's packet is a reply, so that it answers the question it matches."""
    return entry.packet.raw is not None or entry.packet.flags & QR != 0
