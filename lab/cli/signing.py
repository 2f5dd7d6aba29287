"""What `zone` and `serve` share: how large the root is, and how its signatures are made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from ..authority.signer import Spread

THREADS: Final = 2
"""Threads that sign a full zone; the lab promises to run on two cores."""

size_option = click.option(
    "--size",
    type=click.Choice(["minimal", "full"]),
    default="minimal",
    show_default=True,
    help="How large the root is. minimal: two delegations, one signed and one not; full: every top-level "
    "domain besides.",
)


@contextmanager
def spread_for(size: str) -> Iterator[Spread]:
    """Give how signatures are made: one after the other, those of a full root by two threads."""
    if size == "minimal":
        yield map
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(THREADS) as pool:
        yield pool.map
