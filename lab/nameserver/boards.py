"""Show a switchboard to the control API as boards: what the authority does wrong, what the way does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ..errors import UserError
from .live_clock import LiveClock
from .switchboard import Switch, Switchboard


class Titled(Protocol):
    """Say in a line what something does: a row of FAULTS or of IMPAIRMENTS."""

    @property
    def title(self) -> str:
        """Return the line."""
        ...


class SwitchedKind:
    """Switch the things of one table on and off, on the lab's clock; a `Board` of control_verbs.py.

    `check` refuses a switch that makes no sense here, by UserError.
    """

    def __init__(
        self,
        rows: Mapping[str, Titled],
        board: Switchboard,
        clock: LiveClock,
        check: Callable[[Switch], None],
    ) -> None:
        """Take the table, and the switchboard that others share."""
        self._rows, self._board, self._clock, self._check = rows, board, clock, check

    def known(self) -> Mapping[str, str]:
        """Return what there is, and what each does."""
        return {name: row.title for name, row in self._rows.items()}

    def active(self) -> tuple[tuple[str, str, str], ...]:
        """Return what is on: name, argument, letters."""
        return tuple((switch.name, switch.argument, switch.letters) for switch in self._active())

    def set(self, name: str, argument: str, letters: str) -> None:
        """Switch something on from now on. Raises UserError."""
        switch = Switch(name, argument, "".join(sorted(dict.fromkeys(letters))))
        if name not in self._rows:
            raise UserError("there is no such thing", place=name)
        self._check(switch)
        self._board.on(switch, self._clock.now())

    def clear(self, name: str | None = None) -> None:
        """Switch one thing off for all letters, or all things of this table."""
        for switch in self._active():
            if name in (None, switch.name):
                self._board.off(switch)

    def _active(self) -> tuple[Switch, ...]:
        return tuple(switch for switch in self._board.active(self._clock.now()) if switch.name in self._rows)
