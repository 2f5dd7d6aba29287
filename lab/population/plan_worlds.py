"""The same roll, later: a scenario as a planner moves it, month by month.

Signing, revocation and removal move together, publication stays (`authority.operators.delay`). Months are the
calendar's: a month after 2017-10-11 is 2017-11-11, off IANA's grid of slots, which a plan on paper may be.
"""

from __future__ import annotations

import json
from calendar import monthrange
from dataclasses import dataclass, replace
from pathlib import Path

from ..authority.operators import Roll, rolls
from ..clock import DAY, Instant, Seconds, format_duration, format_instant, from_datetime, to_datetime
from ..errors import ScenarioError
from ..resources import scenarios_path
from ..scenario.load import load_scenario, load_text
from ..scenario.spec import Scenario

GRACE: Seconds = 40 * DAY
"""What a timeline is drawn beyond its last event, so that its signatures outlive the run."""


@dataclass(frozen=True, slots=True)
class Delayed:
    """A scenario with its roll moved by whole months, and when the new key `key` begins to sign in it."""

    scenario: Scenario
    months: int
    rolled_at: Instant
    key: str


def roll_of(scenario: Scenario) -> tuple[Roll, Instant]:
    """Return the first roll after a scenario's start, and when it is. Raises ScenarioError for none."""
    for roll in rolls(scenario.timeline):
        at = scenario.timeline.steps[roll.first].at
        if scenario.start < at < scenario.stop:
            return roll, at
    raise ScenarioError(
        "no key rolls in it, so there is nothing to delay", place=scenario.path, remedy="plan another one"
    )


def later(at: Instant, months: int) -> Instant:
    """Return the instant some calendar months after another; a day that a month lacks is its last one."""
    moment = to_datetime(at)
    month = moment.year * 12 + moment.month - 1 + months
    year, month = month // 12, month % 12 + 1
    day = min(moment.day, monthrange(year, month)[1])
    return from_datetime(moment.replace(year=year, month=month, day=day))


def delayed(argument: str, months: int, watch: int) -> Delayed:
    """Load a scenario and delay its roll, to be played until `watch` days after it.

    `argument` is a path or a shipped name. The subjects of the scenario are left out. Raises ScenarioError or
    TimelineError.
    """
    plain = load_scenario(argument)
    roll, at = roll_of(plain)
    moved = later(at, months)
    last = plain.timeline.steps[roll.events[-1]].at
    until = max(last + moved - at + GRACE, moved + watch * DAY + GRACE)
    lines = [
        f"title = {json.dumps(f'{plain.title[:80]}, {months} months later')}",
        f"start = {format_instant(plain.start)}", f"stop = {format_instant(until)}",
        "[authority]", f"base = {json.dumps(_base(plain))}",
    ]  # fmt: skip
    if months:
        by, key = format_duration(moved - at), json.dumps(roll.new[0])
        lines += ["[[authority.operator]]", f'delay = {{ by = "{by}", key = {key} }}']
    folder = Path(plain.path).parent if _is_file(plain) else Path()
    found = load_text("\n".join(lines) + "\n", folder / f"{plain.name}.later.toml")
    scenario = replace(found, name=plain.name, path=plain.path, title=plain.title, stop=moved + watch * DAY)
    return Delayed(scenario, months, moved, roll.new[0])


def _is_file(scenario: Scenario) -> bool:
    """Tell whether a scenario is a user's file, and no shipped one."""
    return not Path(scenario.path).resolve().is_relative_to(scenarios_path().resolve())


def _base(scenario: Scenario) -> str:
    """Name a scenario as a base: a shipped one by its name, another by its file."""
    return Path(scenario.path).name if _is_file(scenario) else scenario.name
