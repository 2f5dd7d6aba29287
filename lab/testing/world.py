"""One test's world: a root that rolls its key, a clock that the test moves, and the resolvers it installs.

What a test does is written down as the tables of a scenario file, so that words, defaults and errors are the
file's. Nothing is played before somebody asks what was seen; then the run goes from the scenario's start to
where the clock is. A second look, later, plays it again from the start: the same inputs, the same run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..clock import Instant, format_duration, format_instant
from ..drivers.programs import version_of
from ..drivers.table import SUFFIX, driver_of
from ..errors import DriverError, ScenarioError
from ..scenario.catalogue import find_scenario, shipped_scenarios
from ..scenario.load import load_scenario, load_tables
from ..scenario.spec import DAEMON, Scenario
from .moment import Moment, Span, When, instant_of, seconds_of
from .played import Absent, Run, refuse

_PLACE = Path("test")
"""Where errors say that a table stands which a test wrote."""
_INSTANTS = ("first-start", "from", "to", "at", "of", "until")
_SPANS = ("restart-every", "clock-offset", "offset")


def configured(scenario: Scenario, tables: Sequence[Mapping[str, Any]], **others: Any) -> Scenario:
    """Return a scenario with the same root, and in place of its subjects those that some tables describe.

    A table has the keys of `[[subject]]` in a scenario file; underscores may stand for the hyphens. Its
    `name` is that of its model where it is not said. Raises ScenarioError.
    """
    shipped = shipped_scenarios().get(scenario.name)
    path = find_scenario(scenario.path).resolve()
    base = scenario.name if shipped is not None and shipped.resolve() == path else str(path)
    content = {
        "title": scenario.title,
        "start": format_instant(scenario.start),
        "stop": format_instant(scenario.stop),
        "seed": scenario.seed,
        "authority": {"base": base},
        "subject": [_table(table) for table in tables],
        **others,
    }
    return load_tables(content, _PLACE / f"{scenario.name}.toml")


def _table(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table as a file would have it: hyphens in its keys, instants and durations as text."""
    table = {key.replace("_", "-"): value for key, value in given.items() if value is not None}
    for key in _INSTANTS:
        if key in table:
            table[key] = format_instant(instant_of(table[key]))
    for key in _SPANS:
        if key in table:
            table[key] = format_duration(seconds_of(table[key]))
    if "name" not in table and "model" in table:
        table["name"] = str(table["model"]).removeprefix(DAEMON)
    if "policy" in table:
        table["policy"] = {knob.replace("_", "-"): value for knob, value in table["policy"].items()}
    if "off" in table:
        table["off"] = [_table(span) for span in table["off"]]
    return table


class World:
    """A root that rolls, a clock, and who was installed so far; times only go forward."""

    def __init__(self, scenario: str, *, absent: Absent = refuse) -> None:
        """Load a scenario, by name or path, for its root; its own subjects stay out. Raises ScenarioError."""
        self.scenario = load_scenario(scenario)
        self.now: Instant = self.scenario.start
        self.absent = absent
        self._subjects: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def install(self, model: str, **options: Any) -> Resolver:
        """Install a resolver now, a model or a `daemon:`; options are keys of `[[subject]]`.

        `first_start` may be later than now. Without `anchors` it has the key that signs at the moment.
        """
        names = [str(table["name"]) for table in self._subjects]
        name = str(options.pop("name", "") or _unused(model.removeprefix(DAEMON), names))
        if name in names:
            raise ScenarioError(f"there is a resolver {name!r} already", remedy="give it another name")
        start = options.pop("first_start", None)
        first_start = self.now if start is None else instant_of(start)
        if first_start < self.now:
            raise ScenarioError(
                f"{name} cannot have started at {format_instant(first_start)}",
                remedy=f"the clock is at {format_instant(self.now)} already",
            )
        anchors = options.pop("anchors", None)
        if anchors is None:
            anchors = self.scenario.timeline.key_set(first_start).trusted_signers
        anchors = [anchors] if isinstance(anchors, str) else list(anchors)
        table = {"name": name, "model": model, "anchors": anchors, "first-start": first_start, **options}
        self._check([*self._subjects, table], self._events)
        self._subjects.append(table)
        return Resolver(self, name)

    def daemon(self, name: str, **options: Any) -> Resolver:
        """Install a real resolver, named by its driver. Where its program is missing, that is `absent`."""
        bare = name.removeprefix(DAEMON)
        try:
            version_of(driver_of(bare))
        except DriverError as error:
            self.absent(str(error))
        if bare.endswith(SUFFIX):
            options.setdefault("name", Path(bare).stem)
            bare = str(Path(bare).resolve())
        return self.install(f"{DAEMON}{bare}", **options)

    def happen(self, subject: str | None, what: str, value: object) -> None:
        """Let something happen now, to a resolver or to all; `what` is a key of `[[event]]`."""
        event = {"at": self.now, what: value, **({} if subject is None else {"subject": subject})}
        self._check(self._subjects, [*self._events, event])
        self._events.append(event)

    def move(self, when: When) -> Run:
        """Let time pass until an instant, and return the run up to it, that second included."""
        until = instant_of(when)
        if until < self.now:
            raise ScenarioError(
                f"the clock cannot go back to {format_instant(until)}",
                remedy=f"it is at {format_instant(self.now)}; begin a test of its own",
            )
        self.now = until
        return Run(self._scenario(self._subjects, self._events, until + 1), absent=self.absent)

    def _check(self, subjects: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
        """Raise ScenarioError now for what a file could not say, not when it is played."""
        latest = max([self.now, *(int(table["first-start"]) for table in subjects)])
        ends = [int(part["until"]) for event in events for part in event.values() if _lasts(part)]
        self._scenario(subjects, events, max([latest, *ends]) + 1)

    def _scenario(
        self, subjects: list[dict[str, Any]], events: list[dict[str, Any]], stop: Instant
    ) -> Scenario:
        base = self.scenario
        installed = [table for table in subjects if int(table["first-start"]) < stop]
        told = [_event(event, stop) for event in events]
        return configured(base, installed, event=told, stop=format_instant(max(stop, base.start + 1)))


def _lasts(part: object) -> bool:
    return isinstance(part, dict) and part.get("until") is not None


def _event(event: Mapping[str, Any], stop: Instant) -> dict[str, Any]:
    """Return an event as a file would have it; what lasts longer than the run lasts to its end."""
    told: dict[str, Any] = {}
    for key, value in event.items():
        if isinstance(value, dict):
            value = {k: v for k, v in value.items() if k != "until" or (v is not None and v < stop)}
            told[key] = _table(value)
        else:
            told[key] = format_instant(value) if key == "at" else value
    return told


def _unused(wanted: str, names: Sequence[str]) -> str:
    """Return a name, with a number behind it if somebody has it."""
    wanted = "".join(one if one.isalnum() or one in "._-" else "-" for one in wanted)[-56:].strip("._-")
    numbers = (f"{wanted}-{number}" for number in range(2, len(names) + 3))
    return next(name for name in (wanted, *numbers) if name not in names)


class Resolver:
    """A resolver that a test installed; what it is made to do happens where the clock is."""

    def __init__(self, world: World, name: str) -> None:
        """Take the world it lives in and the name results are shown under."""
        self._world, self.name = world, name

    def restart(self, *, keep_state: bool = True, kill: bool = False) -> None:
        """Stop and start it; without `keep_state` from its configured anchors, with `kill` by kill -9."""
        self._happen("restart", {"keep-state": keep_state, "kill": kill})

    def off(self, until: When) -> None:
        """Switch it off until an instant; it starts again with the state it had."""
        self._happen("off", {"until": instant_of(until)})

    def dark(self, until: When) -> None:
        """Let it not reach the root servers until an instant."""
        self._happen("dark", {"until": instant_of(until)})

    def replay(self, of: When, until: When) -> None:
        """Let an attacker give it the DNSKEY answer of an earlier instant until a later one."""
        self._happen("replay", {"of": instant_of(of), "until": instant_of(until)})

    def set_clock(self, ahead: Span) -> None:
        """Set its clock: how far ahead of the true time, behind if negative."""
        self._happen("clock", {"offset": seconds_of(ahead)})

    def set_anchors(self, keys: Sequence[str]) -> None:
        """Replace its configured anchors, as an operator does; it reads them now."""
        self._happen("anchors", {"set": list(keys)})

    def set_state_writable(self, writable: bool) -> None:
        """Let it write its state from now on, or not."""
        self._happen("state-writable", writable)

    def _happen(self, what: str, value: object) -> None:
        self._world.happen(self.name, what, value)

    def __repr__(self) -> str:
        """Return the name."""
        return f"<resolver {self.name}>"


class LabClock:
    """The clock of a test's world. It stands still until the test moves it, and never goes back."""

    def __init__(self, world: World) -> None:
        """Take the world whose clock it is."""
        self._world = world

    @property
    def now(self) -> Moment:
        """Return the instant it shows."""
        return Moment(self._world.now)

    def advance_to(self, when: When) -> Run:
        """Move to an instant, and return the run from the scenario's start up to it, that second included."""
        return self._world.move(when)

    def advance(self, span: Span) -> Run:
        """Move on by a duration (seconds, `P30D` or a timedelta), and return the run up to there."""
        return self._world.move(self._world.now + seconds_of(span))
