"""Examine subjects: put cases that agree in time and timeline on one stage, play it, and judge case by case.

Cases of the same world whose subjects live alike, too, share one life: it is lived once and looked at for
each of them. The name of a life is that of the first shipped case that has it, so that whatever is drawn by
chance is the same however many cases are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..run.engine import Progress
from ..run.judge import judge
from ..run.record import Record
from ..run.verdict import Finding, SubjectResult, worst_verdict
from ..scenario.expectations import Expectation
from ..scenario.spec import EventSpec, Scenario, SubjectSpec
from .case import STATE_KINDS, Case, shipped_cases
from .examinee import DAEMON, Examinee
from .result import FAIL, INCONCLUSIVE, NOT_APPLICABLE, PASS, XFAIL, CaseResult, Examination

TOGETHER = 12
"""Real resolvers on one stage at most: a run waits for the slowest of them, and each needs memory."""

Player = Callable[[Scenario, int | None, Progress | None], Record]
"""(scenario, seed, progress) -> record."""

Keep = Callable[["Sitting", Record, Sequence[CaseResult]], None]
"""Told of every run and its results, to keep what is worth keeping."""


@dataclass(frozen=True, slots=True)
class Life:
    """What happens to a subject in a world, and the cases that look at it."""

    name: str
    cases: tuple[Case, ...]

    @property
    def spec(self) -> SubjectSpec:
        """Return the subject of its cases."""
        return self.cases[0].scenario.subjects[0]

    @property
    def events(self) -> tuple[EventSpec, ...]:
        """Return what happens to it."""
        return self.cases[0].scenario.events


@dataclass(frozen=True, slots=True)
class Sitting:
    """One run: a scenario with a subject for each life and examinee; `places` says who is who."""

    scenario: Scenario
    places: tuple[tuple[str, Life, Examinee], ...]


def _world(case: Case) -> tuple[object, ...]:
    """Return what cases must have in common to be played in one run."""
    scenario = case.scenario
    return scenario.start, scenario.stop, scenario.timeline, scenario.xml, tuple(scenario.key_files.items())


def _life(case: Case) -> tuple[object, ...]:
    """Return what cases must have in common, besides, to be looked at in one life."""
    return (*_world(case), case.scenario.subjects, case.scenario.events)


def _grouped(cases: Iterable[Case], key: Callable[[Case], tuple[object, ...]]) -> list[list[Case]]:
    groups: list[tuple[tuple[object, ...], list[Case]]] = []
    for case in cases:
        mine = key(case)
        found = next((group for other, group in groups if other == mine), None)
        if found is None:
            groups.append((mine, [case]))
        else:
            found.append(case)
    return [group for _, group in groups]


def _names(cases: Sequence[Case]) -> dict[str, str]:
    """Return the name of the life of each case."""
    known = {case.id: case for case in (*shipped_cases(), *cases)}
    groups = _grouped((known[name] for name in sorted(known)), _life)
    return {case.id: group[0].id for group in groups for case in group}


def sittings(cases: Sequence[Case], examinees: Sequence[Examinee]) -> Iterator[Sitting]:
    """Return the runs that show how some examinees do in some cases."""
    names = _names(cases)
    for group in _grouped(cases, _world):
        lives = [Life(names[some[0].id], tuple(some)) for some in _grouped(group, _life)]
        places = [
            (f"{who.name}@{life.name}", life, who)
            for life in lives
            for who in examinees
            if not all(who.lacks(case) for case in life.cases)
        ]
        rest = [place for place in places if place[2].kind == DAEMON]
        batches = [rest[at : at + TOGETHER] for at in range(0, len(rest), TOGETHER)]
        for some in ([place for place in places if place[2].kind != DAEMON], *batches):
            if some:
                yield Sitting(_stage(group[0].scenario, some), tuple(some))


def _stage(world: Scenario, places: Sequence[tuple[str, Life, Examinee]]) -> Scenario:
    """Return a world with a subject for each place."""
    subjects, events, stated = [], [], []
    for name, life, who in places:
        subjects.append(replace(life.spec, name=name, model=who.model))
        events += [replace(event, subject=name) for event in life.events]
        stated += [
            Expectation(f"{case.id}/{one.id}", name, one.kind, one.params)
            for case in life.cases
            for one in case.scenario.expectations
        ]
    keys = dict.fromkeys(
        key for _, life, _ in places for case in life.cases for key in case.scenario.key_names
    )
    return replace(
        world,
        subjects=tuple(subjects),
        events=tuple(sorted(events, key=lambda event: event.at)),
        expectations=tuple(stated),
        key_names=tuple(keys),
    )


def examine(
    cases: Sequence[Case],
    examinees: Sequence[Examinee],
    player: Player,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
    keep: Keep | None = None,
) -> Examination:
    """Examine everybody in every case that applies. Raises what `player` raises."""
    runs = list(sittings(cases, examinees))
    found: dict[tuple[str, str], CaseResult] = {}
    versions: dict[str, str] = {}
    for number, sitting in enumerate(runs):
        record = player(sitting.scenario, seed, _share(progress, number, len(runs)))
        seen = {one.name: one for one in judge(record).subjects}
        results = []
        for name, life, who in sitting.places:
            versions.setdefault(who.name, seen[name].version)
            results += [_result(case, who, seen[name]) for case in life.cases if not who.lacks(case)]
        found |= {(one.case, one.examinee): one for one in results}
        if keep is not None:
            keep(sitting, record, results)
    for case in cases:
        for who in examinees:
            if lack := who.lacks(case):
                found[case.id, who.name] = CaseResult(case.id, who.name, NOT_APPLICABLE, lack)
    return Examination(
        tuple(cases),
        tuple((who.name, who.kind, versions.get(who.name, "")) for who in examinees),
        tuple(found[case.id, who.name] for case in cases for who in examinees),
        seed or 0,
    )


def _share(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Return the progress of one run of several."""
    if progress is None:
        return None
    return lambda share, what: progress((number + share) / count, what)


def _result(case: Case, who: Examinee, seen: SubjectResult) -> CaseResult:
    """Judge one case from what was seen in its life."""
    own = [one for one in seen.findings if one.expectation.startswith(f"{case.id}/")]
    visible = own if "state" in who.abilities else [one for one in own if not _is_of_state(case, one)]
    verdict = worst_verdict([one.verdict for one in visible])
    telling = next((one for one in visible if one.verdict == verdict != "passed"), None)
    message = telling.message if telling else "; ".join(one.message for one in visible)
    known = who.xfails.get(case.id, "")
    if verdict == "failed":
        return CaseResult(case.id, who.name, XFAIL if known else FAIL, message, known, seen)
    if verdict == "inconclusive":
        return CaseResult(case.id, who.name, INCONCLUSIVE, message, known, seen)
    if known:
        message = f"it is listed among those that fail this ({known}), and passes: strike it off the list"
        return CaseResult(case.id, who.name, FAIL, message, "", seen)
    return CaseResult(case.id, who.name, PASS, message, "", seen)


def _is_of_state(case: Case, finding: Finding) -> bool:
    stated = {f"{case.id}/{one.id}": one.kind for one in case.scenario.expectations}
    return stated[finding.expectation] in STATE_KINDS
