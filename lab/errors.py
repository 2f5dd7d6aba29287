"""Errors that leave the lab, sorted by whose fault they are.

A resolver that breaks is none of these: it is an observation. A broken invariant of the lab is an `assert`.
"""

from __future__ import annotations


class LabError(Exception):
    """Stand for any error the command line turns into one line and an exit status."""

    exit_status = 4


class UserError(LabError):
    """Report input that cannot be used: the caller's fault, exit status 2.

    The text is one line: where (`file: table.key`), what is wrong, and what to do.
    """

    exit_status = 2

    def __init__(self, problem: str, *, place: str = "", remedy: str = "") -> None:
        """Join place, problem and remedy into one line; control characters and line breaks are folded."""
        self.problem, self.place, self.remedy = problem, place, remedy
        text = f"{place}: {problem}" if place else problem
        super().__init__(one_line(f"{text}; {remedy}" if remedy else text))


class ScenarioError(UserError):
    """Report a scenario that cannot be read or makes no sense."""


class TimelineError(UserError):
    """Report an impossible timeline: a signer that is not published, steps out of order."""


class KeyFileError(UserError):
    """Report a key that cannot be read or must not be used."""


class CeremonyError(UserError):
    """Report a KSR or SKR file that cannot be read."""


class StateFileError(UserError):
    """Report a trust-state file that cannot be read, or a state that a format cannot hold.

    `defect` is a stable word for what is wrong (`malformed`, `truncated`, `duplicate`, `oversized`, ...),
    `line` counts from 1, 0 stands for the whole file.
    `outcome` and `reaction` say what the resolver whose file it is makes of it: `exit`, `fresh` or `state`,
    and that in words; both are empty where nobody in particular would read the file.
    """

    def __init__(
        self,
        problem: str,
        *,
        place: str = "",
        remedy: str = "",
        defect: str = "malformed",
        line: int = 0,
        outcome: str = "",
        reaction: str = "",
    ) -> None:
        """Join place, problem, remedy and reaction into one line."""
        self.defect, self.line = defect, line
        self.outcome, self.reaction = outcome, reaction
        super().__init__(problem, place=place, remedy="; ".join(filter(None, (remedy, reaction))))


class RecordError(UserError):
    """Report a stored record that cannot be read."""


class RplError(UserError):
    """Report an .rpl scenario that cannot be read."""


class DriverError(LabError):
    """Report that a subject or a clock is not to be had here: the environment's fault, exit status 3."""

    exit_status = 3


def one_line(text: str, limit: int = 400) -> str:
    """Fold text into a single printable line of at most `limit` characters, safe to show on a terminal."""
    folded = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return folded if len(folded) <= limit else folded[: limit - 3] + "..."
