"""What `serve` and `netns run` share: the faults and impairments that are on from the beginning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..clock import Instant

if TYPE_CHECKING:
    from ..authority.timeline import Timeline
    from ..nameserver.switchboard import Switch, Switchboard

_fault = click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[=VALUE][@LETTERS]",
    help="Let the authority do something wrong, see `rootlab list faults`; may be given several times.",
)
_impair = click.option(
    "--impair",
    "impairments",
    multiple=True,
    metavar="NAME[=VALUE][@LETTERS]",
    help="Let the way to it do something to answers, see `rootlab list impairments`.",
)


def switch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --fault and --impair."""
    return _fault(_impair(command))


def switchboard(
    faults: Sequence[str], impairments: Sequence[str], timeline: Timeline | None, start: Instant, letters: str
) -> Switchboard:
    """Read the options; what is to last so long lasts so from `start` on. Raises UserError.

    `timeline` says which keys there are, None where nobody can err, on ceremony files; `letters` are those
    that answer.
    """
    from ..authority.faults import FAULTS
    from ..nameserver.impairments import IMPAIRMENTS
    from ..nameserver.switchboard import Switchboard, check, parse_switch

    context = click.get_current_context()
    wrong = [parse_switch(text) for text in faults]
    way = [parse_switch(text) for text in impairments]
    if wrong and timeline is None:
        raise click.UsageError("--fault is for a scenario: ceremony files are served as they are", context)
    check(wrong, FAULTS)
    check(way, IMPAIRMENTS)
    board = Switchboard()
    for switch in (*wrong, *way):
        check_switch(switch, timeline, letters)
        board.on(switch, start)
    return board


def check_switch(switch: Switch, timeline: Timeline | None, letters: str) -> None:
    """Refuse a letter that does not answer, a key that is not there, a wrong value. Raises UserError."""
    from ..authority.faults import FAULTS, key_of_fault, read_fault
    from ..errors import UserError
    from ..nameserver.switchboard import check

    if missing := next((letter for letter in switch.letters if letter not in letters), ""):
        there = f"there are {', '.join(letters)}" if letters else "give --letters to have any"
        raise UserError(f"letter {missing} does not answer here", place=str(switch), remedy=there)
    check((switch,), (switch.name,))
    key = key_of_fault(read_fault(switch.name, switch.argument)) if switch.name in FAULTS else ""
    known = _keys(timeline) if timeline is not None and key else ()
    if key and key not in known:
        raise UserError(
            f"the scenario has no key {key}", place=str(switch), remedy=f"it has {', '.join(known)}"
        )


def _keys(timeline: Timeline) -> tuple[str, ...]:
    """Return the names of the keys that are published at some time, in order."""
    return tuple(dict.fromkeys(name for step in timeline.steps for name in step.keys.published))
