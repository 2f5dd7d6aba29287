"""What a test sees of a command that it has run."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Ended(NamedTuple):
    """What a command left behind: exit status, standard output, standard error."""

    status: int
    out: str
    err: str


Rootlab: TypeAlias = Callable[..., Ended]
"""A function that runs `rootlab ARGUMENTS...`: the fixture `rootlab`."""
