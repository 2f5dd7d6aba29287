"""Make the shortest scenario that still fails for the same cause: delta debugging over all it consists of.

Everything is tried in a fixed order, and what can go without the failure going too is gone: events,
options of the subject, deviations of its policy from RFC 5011, versions of the DNSKEY RRset, and time. Each
attempt is written as a scenario file, read back and played by the engine, so that what comes out is what was
seen to fail. Same input, same output. The result is minimal in that no one thing more can go; it need not be
the smallest there is, nor the story one had in mind: of two ways to the same cause the shorter one is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..clock import DAY, Instant, format_duration
from ..errors import ScenarioError, UserError
from ..scenario.load import load_text
from ..scenario.spec import Scenario
from ..scenario.write import instants_in, map_instants, to_toml
from .engine import play
from .judge import judge
from .spelled_out import Tables, spelled_out
from .verdict import SubjectResult

Progress = Callable[[float, str], None]
Way = tuple[str | None, str | None, bool]
"""Cause, first outcome that is not secure, and whether there was a secure one before it."""

_OPTIONS = (
    "clock-offset", "state-writable", "restart-every", "keep-state", "anchor-format", "udp-size", "tcp",
    "drop-above", "off", "policy",
)  # fmt: skip
_SHORT = (2, 5, 10, 20, 40, 80, 160, 320)
"""Lengths in days that are tried first, the shortest first."""
_DRAIN = 3 * DAY
"""For so long such a run goes on after the failure: begun later, caches may last longer."""
_ROUNDS = 4
"""Passes over everything at most; two are the rule, the second of which finds nothing."""


class Size(NamedTuple):
    """How large a case is, in what a reader has to read."""

    events: int
    options: int
    deviations: int
    steps: int
    seconds: int

    def told(self) -> dict[str, str]:
        """Return the sizes in words, by what they count."""
        return {
            "events": str(self.events),
            "options of the subject": str(self.options),
            "deviations from RFC 5011": str(self.deviations),
            "versions of the DNSKEY RRset": str(self.steps),
            "time": format_duration(self.seconds),
        }


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What came out: the tables of a scenario that passes if it fails as the first one did."""

    tables: Tables
    subject: str
    cause: str
    first_failure: Instant
    before: Size
    after: Size
    plays: int
    settled: bool
    """Whether a whole pass found nothing more to drop."""


def shrink(
    scenario: Scenario, name: str = "", *, seed: int | None = None, progress: Progress | None = None
) -> Shrunk:
    """Shrink the failure of a subject, the first that fails unless named. Raises ScenarioError."""
    used = scenario.seed if seed is None else seed
    seen = judge(play(scenario, seed=used, subjects=[name] if name else None, progress=progress)).subjects
    failing = [one for one in seen if one.first_failure is not None]
    wrong = [one for one in failing if one.verdict == "failed"]
    if not failing:
        who = f"{name} does not" if name else "nobody does"
        raise ScenarioError(f"{who} fail in it", place=scenario.path, remedy="name a scenario with a failure")
    search = _Search(_way((wrong or failing)[0]), progress)
    target = (wrong or failing)[0].name
    for literal in (False, True):
        tables = spelled_out(scenario, target, used, literal=literal)
        if search.fails(tables):
            break
    else:
        raise ScenarioError(
            f"the failure of {target} does not show when the scenario is spelled out",
            place=scenario.path,
            remedy="please report it",
        )
    before = size_of(tables)
    tables = search.smallest(tables)
    result = search.result(tables)
    assert result is not None, "the last attempt could be played"
    assert result.first_failure is not None, "and failed"
    expected = {"at": result.first_failure, "cause": result.cause or ""}
    tables["expect"] = [{"id": "fails-the-same-way", "subject": target, "fails": expected}]
    return Shrunk(
        tables,
        target,
        result.cause or "",
        result.first_failure,
        before,
        size_of(tables),
        search.plays,
        search.settled,
    )


def size_of(tables: Tables) -> Size:
    """Return how large a case is."""
    (subject,) = tables["subject"]
    policy = dict(subject.get("policy", {}))
    rows = str(policy.pop("rows", "")).splitlines()
    options = [key for key in _OPTIONS if key in subject and key != "policy"]
    return Size(
        len(tables["event"]), len(options), len(policy) + len(rows), len(tables["timeline"]),
        tables["stop"] - tables["start"],
    )  # fmt: skip


def _way(result: SubjectResult) -> Way:
    """Return the way in which a subject fails: the cause, what clients see, and was it secure before?"""
    outcomes = [seen.outcome for seen in result.outcomes]
    first = next((outcome for outcome in outcomes if outcome != "secure"), None)
    return result.cause, first, outcomes[0] == "secure"


@dataclass(slots=True)
class _Search:
    """Try smaller and smaller cases."""

    way: Way
    progress: Progress | None
    plays: int = 0
    settled: bool = False
    known: dict[str, SubjectResult | None] = field(default_factory=dict)

    def result(self, tables: Tables) -> SubjectResult | None:
        """Return what is seen of the subject of a case; None for one that cannot be."""
        text = to_toml(tables)
        if text not in self.known:
            self.plays += 1
            if self.progress is not None:
                self.progress(1 - 1 / (1 + self.plays / 60), f"attempt {self.plays}")
            try:
                (self.known[text],) = judge(play(load_text(text))).subjects
            except UserError:
                self.known[text] = None
        return self.known[text]

    def fails(self, tables: Tables) -> bool:
        """Tell whether a case can be, and fails in the same way."""
        result = self.result(tables)
        return result is not None and result.first_failure is not None and _way(result) == self.way

    def smallest(self, tables: Tables) -> Tables:
        """Return the smallest case that is found."""
        for _ in range(_ROUNDS):
            before = to_toml(tables)
            tables = self.roomy(self.late(tables))
            for part in (self.events, self.options, self.deviations, self.steps, self.keys, self.root):
                tables = part(tables)
            tables = self.time(self.until_failure(tables))
            if to_toml(tables) == before:
                self.settled = True
                break
        return tables

    def better(self, tables: Tables, tries: Iterator[Tables]) -> Tables:
        """Return the first of some cases that fails, else the case itself."""
        return next((one for one in tries if self.fails(one)), tables)

    # -- parts -----------------------------------------------------------------------------------------------

    def roomy(self, tables: Tables) -> Tables:
        """Let the run go on for a while after the failure: with something dropped it may come a bit later."""
        result = self.result(tables)
        if result is None or result.first_failure is None:
            return tables
        end = result.first_failure + _DRAIN
        longer = _ended(tables, end) if end <= tables["stop"] else {**tables, "stop": end}
        return self.better(tables, iter([longer]))

    def until_failure(self, tables: Tables) -> Tables:
        """End the run a second after the failure, and begin it when the subject first starts."""
        result = self.result(tables)
        if result is not None and result.first_failure is not None:
            end = result.first_failure + 1
            tables = self.better(tables, iter([_ended(tables, end)]))
        (subject,) = tables["subject"]
        return self.better(tables, iter([_begun(tables, subject["first-start"])]))

    def late(self, tables: Tables) -> Tables:
        """Let everything begin as shortly before the end as goes: short runs are quickly played."""
        result = self.result(tables)
        failed = None if result is None else result.first_failure
        if failed is None:
            return tables
        spans = ((failed - days * DAY, failed + _DRAIN) for days in _SHORT)
        short = (
            _begun(_ended(tables, min(end, tables["stop"])), start)
            for start, end in spans
            if start > tables["start"]
        )
        return self.better(tables, short)

    def events(self, tables: Tables) -> Tables:
        """Drop events."""
        kept = self.least(tables["event"], lambda some: {**tables, "event": some})
        return {**tables, "event": kept}

    def options(self, tables: Tables) -> Tables:
        """Drop options of the subject, absences one by one, and anchors down to one."""
        for key in _OPTIONS:
            (subject,) = tables["subject"]
            if key in subject:
                less = {name: value for name, value in subject.items() if name != key}
                tables = self.better(tables, iter([{**tables, "subject": [less]}]))
        for key in ("off", "anchors"):
            (subject,) = tables["subject"]
            if len(subject.get(key, ())) > 1:
                some = self.least(subject[key], _with_subject(tables, key), least=1)
                tables = _with_subject(tables, key)(some)
        return tables

    def deviations(self, tables: Tables) -> Tables:
        """Drop deviations from RFC 5011: knobs, and rows of the table one by one."""
        (subject,) = tables["subject"]
        policy = dict(subject.get("policy", {}))
        rows = str(policy.pop("rows", "")).splitlines()
        parts: list[Any] = [*policy.items(), *(("rows", row) for row in rows)]

        def put(some: Sequence[Any]) -> Tables:
            return _with_subject(tables, "policy")(_policy(some))

        return put(self.least(parts, put)) if parts else tables

    def steps(self, tables: Tables) -> Tables:
        """Drop versions of the DNSKEY RRset; the run begins with the first that is left."""

        def put(some: Sequence[Any]) -> Tables:
            first = {**some[0], "at": min(some[0]["at"], tables["start"])}
            return {**tables, "timeline": [first, *some[1:]]}

        return put(self.least(tables["timeline"], put, least=1))

    def keys(self, tables: Tables) -> Tables:
        """Drop keys from versions of the RRset, and what is said of zone signing keys."""
        for number in range(len(tables["timeline"])):
            for key in ("zone-sign", "zsks", "revoke", "inception"):
                step = tables["timeline"][number]
                dropped = ("inception", "expiration") if key == "inception" else (key,)
                if key in step:
                    less = {name: value for name, value in step.items() if name not in dropped}
                    tables = self.better(tables, iter([_with_step(tables, number, less)]))
            for name in tuple(tables["timeline"][number]["publish"]):
                tables = self.better(tables, iter([_without_key(tables, number, name)]))
        return tables

    def root(self, tables: Tables) -> Tables:
        """Take the root's own TTL, and leave out lists and key files that do not matter."""
        for key in tuple(tables["authority"]):
            less = {name: value for name, value in tables["authority"].items() if name != key}
            tables = self.better(tables, iter([{**tables, "authority": less}]))
        for key in tuple(tables.get("keys", ())):
            less = {name: value for name, value in tables["keys"].items() if name != key}
            tables = self.better(tables, iter([{**tables, "keys": less}]))
        return tables

    def time(self, tables: Tables) -> Tables:
        """Shorten every span between two instants of the case as far as it goes, the last one first."""
        spans = len(instants_in(tables)) - 1
        for number in reversed(range(spans)):
            at = instants_in(tables)
            if number + 1 >= len(at):
                continue
            low, high = 0, at[number + 1] - at[number]
            if self.fails(_shorter(tables, at[number], high)):
                tables = _shorter(tables, at[number], high)
                continue
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (middle, high) if self.fails(_shorter(tables, at[number], middle)) else (low, middle)
                )
            if low:
                tables = _shorter(tables, at[number], low)
        return tables

    def least(
        self, items: Sequence[Any], put: Callable[[Sequence[Any]], Tables], least: int = 0
    ) -> list[Any]:
        """Return a part of some items that still fails, none of which can go: ddmin, on complements.

        Zeller and Hildebrandt, Simplifying and isolating failure-inducing input, IEEE TSE 28(2), 2002.
        """
        kept, chunk = list(items), len(items)
        while kept and chunk:
            place = 0
            while place < len(kept):
                rest = kept[:place] + kept[place + chunk :]
                if len(rest) >= least and self.fails(put(rest)):
                    kept = rest
                else:
                    place += chunk
            chunk //= 2
        return kept


def _with_subject(tables: Tables, key: str) -> Callable[[Any], Tables]:
    (subject,) = tables["subject"]
    return lambda value: {**tables, "subject": [{**subject, key: value}]}


def _policy(parts: Sequence[tuple[str, Any]]) -> Tables:
    """Return the table of a policy from knobs and single rows."""
    rows = [row for key, row in parts if key == "rows"]
    knobs = {key: value for key, value in parts if key != "rows"}
    return knobs | ({"rows": "\n".join(rows)} if rows else {})


def _with_step(tables: Tables, number: int, step: Tables) -> Tables:
    steps = list(tables["timeline"])
    steps[number] = step
    return {**tables, "timeline": steps}


def _without_key(tables: Tables, number: int, name: str) -> Tables:
    """Take a key out of one version of the RRset."""
    step = {
        key: [one for one in value if one != name] if key in ("publish", "sign", "revoke") else value
        for key, value in tables["timeline"][number].items()
    }
    return _with_step(tables, number, {key: value for key, value in step.items() if value != []})


def _ended(tables: Tables, stop: Instant) -> Tables:
    """End a case earlier; what would come later is left out, and what would last longer lasts to the end."""
    (subject,) = tables["subject"]
    cut: Tables = {**tables, "stop": stop}
    cut["timeline"] = [step for step in tables["timeline"] if step["at"] < stop]
    cut["event"] = [_lasting(event, stop) for event in tables["event"] if event["at"] < stop]
    if "off" in subject:
        off = [_until(span, "to", stop) for span in subject["off"] if span["from"] < stop]
        cut["subject"] = [{**subject, "off": off}]
    return cut


def _lasting(event: Tables, stop: Instant) -> Tables:
    return {
        key: _until(part, "until", stop) if isinstance(part, dict) else part for key, part in event.items()
    }


def _until(part: Tables, key: str, stop: Instant) -> Tables:
    """Leave out an end that is not before the end of the run: it is the default."""
    return {name: value for name, value in part.items() if name != key or value < stop}


def _begun(tables: Tables, start: Instant) -> Tables:
    """Begin a case later, the subject with it; what came before is left out."""
    (subject,) = tables["subject"]
    start = max(tables["start"], start)
    begun = {**subject, "first-start": max(subject["first-start"], start)}
    if "off" in subject:
        begun["off"] = [span for span in subject["off"] if span["from"] >= begun["first-start"]]
    events = [event for event in tables["event"] if event["at"] >= begun["first-start"]]
    return {**tables, "start": start, "subject": [begun], "event": events}


def _shorter(tables: Tables, after: Instant, by: int) -> Tables:
    """Let everything after an instant come earlier."""
    moved: Tables = map_instants(tables, lambda at: at - by if at > after else at)
    return moved
