"""`rootlab doctor`: what works on this machine, and what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .output import page, show

if TYPE_CHECKING:
    from ..drivers.doctor import Check, Diagnosis

INCONCLUSIVE = 3


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Layout.",
)
def doctor(form: str) -> int:
    """Say which real resolvers can be played here, what is missing.

    Models need nothing of this. Real resolvers (daemon:NAME) need a clock they believe, a network of their
    own, and to be installed. Everything is tried; it takes a second or two.

    Exit status: 0 if daemon:unbound, daemon:named, daemon:kresd and daemon:pdns_recursor can all be played,
    else 3.
    """
    from ..drivers.doctor import diagnose

    diagnosis = diagnose()
    show(_json(diagnosis) if form == "json" else _text(diagnosis))
    return 0 if diagnosis.fit else INCONCLUSIVE


def _json(diagnosis: Diagnosis) -> str:
    """Return all that was found."""
    from ..report.as_json import dump

    return dump(
        {
            "fit": diagnosis.fit,
            "subjects": list(diagnosis.subjects),
            "checks": [_row(check) for check in diagnosis.checks],
        }
    )


def _row(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "subject": check.subject or None,
        "works": check.works,
        "found": check.found,
        "problem": check.problem or None,
        "remedy": check.remedy or None,
    }


def _text(diagnosis: Diagnosis) -> str:
    """Return a table of what was found, and below it what can be played and what to do."""
    from ..report.sheet import screen, table, text_of

    console = screen(page())
    grid = table()
    grid.add_column("what", no_wrap=True)
    grid.add_column("works", no_wrap=True)
    grid.add_column("found")
    for check in diagnosis.checks:
        grid.add_row(check.name, "yes" if check.works else "no", check.problem or check.found)
    console.print(grid)
    console.print()
    playable = ", ".join(diagnosis.subjects)
    console.print(f"Real resolvers that can be played: {playable or 'none'}")
    for check in diagnosis.checks:
        if check.remedy:
            console.print(f"For {check.subject or check.name}: {check.remedy}")
    return text_of(console)
