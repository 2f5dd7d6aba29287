"""Show what is left of a failure: the scenario as a file, and what was dropped on the way."""

from __future__ import annotations

from ..clock import format_instant
from ..run.shrink import Shrunk
from ..scenario.write import to_toml


def summary(shrunk: Shrunk) -> tuple[str, ...]:
    """Return a few lines: what fails, how much was dropped, what is left."""
    before, after = shrunk.before.told(), shrunk.after.told()
    wide = max(map(len, before))
    verdict = "no one thing more can go" if shrunk.settled else "more may be possible"
    return (
        f"{shrunk.subject} fails at {format_instant(shrunk.first_failure)} [{shrunk.cause}]",
        *(f"{what:<{wide}}  {before[what]} -> {after[what]}" for what in before),
        f"{shrunk.plays} attempts; {verdict}",
    )


def scenario_file(shrunk: Shrunk) -> str:
    """Return the scenario file, what was dropped in comments on top."""
    return to_toml(shrunk.tables, summary(shrunk))
