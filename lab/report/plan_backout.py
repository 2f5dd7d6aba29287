"""What a back-out does, in words."""

from __future__ import annotations

import json
from textwrap import fill
from typing import Any

from ..clock import format_instant
from ..population.decide_backout import GROUPS, BackOut
from ..population.fleet import Fleet
from .plan_text import span

SHOWN = (0, 1, 2, 3, 7, 14, 30, 60)
"""Days after the back-out that the text shows."""
NOT_MODELLED = (
    "when a resolver was well between two failures: it counts as broken from the first to the last recovery",
    "operators who hear of the back-out or undo their own repair of the roll",
    "caches of clients and of the zones below: who is secure again is so for a name never asked before",
    "a group in which nobody was counted is shown as 0, which is as sure as the number of resolvers makes it",
)


def text(found: BackOut, fleet: Fleet, width: int) -> str:
    """Return the back-out for a terminal."""
    scenario = found.scenario
    lines = [
        fill(f"{scenario.name} backed out of at {format_instant(found.at)}, fleet {fleet.name}: median "
             "[90 % interval]", width), "",
        f"{'% of resolvers':<22}{'% of users':<22}until {format_instant(scenario.stop)[:10]}",
    ]  # fmt: skip
    for name, words in GROUPS.items():
        share = found.groups[name]
        head = f"{span(share.resolvers):<22}{span(share.users):<22}"
        lines.append(fill(words, width, initial_indent=head, subsequent_indent=" " * 44,
                          break_on_hyphens=False))  # fmt: skip
    lines += ["", f"{'days after':>10}  {'% broken, back-out':<22}% broken, roll goes on"]
    for moment in found.curve:
        if moment.days in SHOWN:
            lines.append(f"{moment.days:>10}  {span(moment.with_it):<22}{span(moment.without_it)}")
    shown = ("broken", "healed", "spared", "harmed")
    lines += ["", f"{'cohort':<16}{'drawn':>8}" + "".join(f"{name:>14}" for name in shown)]
    for number, cohort in enumerate(fleet.cohorts):
        counts = "".join(f"{found.counts[name][number]:>14}" for name in shown)
        lines.append(f"{cohort.name[:15]:<16}{found.drawn[number]:>8}{counts}")
    lines += ["", *(fill(f"Not modelled: {one}.", width) for one in NOT_MODELLED)]
    lines += [
        f"seed {found.seed}, {found.resolvers} resolvers, {found.worlds} draws",
        f"fleet {fleet.name}, SHA-256 {fleet.digest[:16]}",
        f"timeline {scenario.name} with the back-out, SHA-256 {scenario.digest[:16]}",
    ]
    return "\n".join(lines) + "\n"


def as_json(found: BackOut, fleet: Fleet) -> str:
    """Return the back-out for programs."""
    told: dict[str, Any] = {
        "fleet": fleet.name, "fleet_sha256": fleet.digest, "scenario": found.scenario.name,
        "scenario_sha256": found.scenario.digest, "at": format_instant(found.at),
        "until": format_instant(found.scenario.stop), "seed": found.seed, "resolvers": found.resolvers,
        "worlds": found.worlds,
        "groups": {
            name: {"resolvers": one.resolvers.model_dump(), "users": one.users.model_dump()}
            for name, one in found.groups.items()
        },
        "cohorts": [
            {"cohort": cohort.name, "drawn": found.drawn[number],
             **{name: counts[number] for name, counts in found.counts.items()}}
            for number, cohort in enumerate(fleet.cohorts)
        ],
        "curve": [
            {"days": one.days, "with": one.with_it.model_dump(), "without": one.without_it.model_dump()}
            for one in found.curve
        ],
        "not_modelled": NOT_MODELLED,
    }  # fmt: skip
    return json.dumps(told, indent=2) + "\n"
