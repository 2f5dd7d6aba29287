"""A failure shrunk: still the same cause, nothing left that could go, the same bytes each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lab.clock import DAY, parse_instant
from lab.errors import ScenarioError
from lab.run import shrink as module
from lab.run.engine import play
from lab.run.judge import judge
from lab.run.shrink import Shrunk, Size, shrink
from lab.run.spelled_out import spelled_out
from lab.scenario.load import load_scenario, load_text
from lab.scenario.spec import (
    Action,
    Dark,
    Disturb,
    EventSpec,
    Off,
    Replay,
    Restart,
    Scenario,
    SetAnchors,
    SetClock,
    SetStateWritable,
    Window,
)
from lab.scenario.write import to_toml


def left(shrunk: Shrunk) -> Scenario:
    """Return what came out as its reader gets it."""
    return load_text(to_toml(shrunk.tables))


@pytest.fixture(scope="module")
def quirk() -> Shrunk:
    """Shrink the failure of Knot Resolver 5.1.2, which does not store new keys, in the roll of 2018."""
    return shrink(load_scenario("2018-actual"), "knot-5.1.2")


def test_the_quirk_is_left(quirk: Shrunk) -> None:
    """Of 32 deviations the one that matters stays, of 24 versions of the RRset two, of two years two days."""
    (subject,) = quirk.tables["subject"]
    assert subject["policy"] == {"rows": "Start seen -"}
    assert quirk.before[2:4] == (32, 24)
    assert quirk.after == Size(events=0, options=0, deviations=1, steps=2, seconds=2 * DAY + 1)
    assert quirk.settled


def test_what_is_left_fails_the_same_way(quirk: Shrunk) -> None:
    """The file passes, since it expects the failure, at its second and for its cause."""
    result = judge(play(left(quirk)))
    assert result.verdict == "passed"
    assert (result.subjects[0].first_failure, result.subjects[0].cause) == (quirk.first_failure, quirk.cause)
    assert quirk.cause == "new-key-not-stored"


def test_nothing_that_is_left_can_go(quirk: Shrunk) -> None:
    """Without the row, either version, or a second of time, it does not fail so."""
    tables = {**quirk.tables, "expect": []}
    (subject,) = tables["subject"]
    plain = {key: value for key, value in subject.items() if key != "policy"}
    less = [
        {**tables, "subject": [plain]},
        *({**tables, "timeline": [step]} for step in tables["timeline"]),
        {**tables, "stop": tables["stop"] - 1},
    ]
    search = module._Search(("new-key-not-stored", "bogus", True), None)
    assert [search.fails(one) for one in less] == [False] * 4
    assert search.fails(tables)


def test_same_bytes_again(quirk: Shrunk) -> None:
    """Shrinking what was shrunk changes nothing but the way there; twice the same is the same."""
    again = shrink(load_scenario("2018-actual"), "knot-5.1.2")
    assert (to_toml(again.tables), again.plays) == (to_toml(quirk.tables), quirk.plays)
    more = shrink(left(quirk))
    assert more.after == quirk.after


def test_first_that_fails_is_taken() -> None:
    """Whose expectations are not met comes first, else the first that fails at all."""
    scenario = load_scenario("wrong-clock")
    short = replace(scenario, subjects=scenario.subjects[:3])
    (spec, *_) = [s for s in judge(play(short)).subjects if s.first_failure is not None]
    assert shrink(short).subject == spec.name
    (last,) = [s for s in judge(play(short)).subjects if s.first_failure is not None][-1:]
    unmet = replace(short, expectations=tuple(e for e in short.expectations if e.subject != last.name))
    assert shrink(unmet).subject == last.name


def test_what_matters_stays() -> None:
    """An option that makes the failure stays, with what else it needs; the seed is the one asked for."""
    shrunk = shrink(load_scenario("2018-actual"), "not-persisted", seed=5)
    (subject,) = shrunk.tables["subject"]
    assert (subject["restart-every"], subject["keep-state"]) == ("P7D", False)
    assert (shrunk.tables["seed"], shrunk.cause) == (5, "state-not-persisted")


EVENTFUL: dict[str, tuple[Action, str]] = {
    "dark": (Dark(parse_instant("2017-12-01")), "root-unreachable"),
    "clock": (SetClock(-400 * DAY), "clock-skew"),
    "anchors": (SetAnchors(("ksk-2024",)), "anchor-missing"),
}


@pytest.mark.parametrize("what", EVENTFUL)
def test_event_that_matters_stays(what: str) -> None:
    """Of several events that one stays which breaks the resolver."""
    action, cause = EVENTFUL[what]
    scenario = load_scenario("2017-planned")
    strict = next(spec for spec in scenario.subjects if spec.name == "rfc5011-strict")
    at = scenario.start + 20 * DAY
    idle = [EventSpec(at - DAY, None, Restart()), EventSpec(at + DAY, "rfc5011-strict", Off(at + 2 * DAY))]
    events = tuple(sorted([*idle, EventSpec(at, None, action)], key=lambda event: event.at))
    stop = scenario.start + 90 * DAY
    shrunk = shrink(replace(scenario, subjects=(strict,), events=events, expectations=(), stop=stop))
    assert [sorted(set(event) - {"at", "subject"}) for event in shrunk.tables["event"]] == [[what]]
    assert shrunk.cause == cause


def test_nobody_fails() -> None:
    """Without a failure there is nothing to shrink."""
    scenario = load_scenario("2018-actual")
    with pytest.raises(ScenarioError, match="static-both does not fail in it"):
        shrink(scenario, "static-both")
    good = tuple(spec for spec in scenario.subjects if spec.name == "static-both")
    with pytest.raises(ScenarioError, match="nobody does fail in it"):
        shrink(replace(scenario, subjects=good))


def test_failure_that_does_not_show_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the scenario spelled out does not fail so, that is said, and nothing else claimed."""
    monkeypatch.setattr(module._Search, "fails", lambda _search, _tables: False)
    with pytest.raises(ScenarioError, match="does not show when the scenario is spelled out"):
        shrink(load_scenario("2018-actual"), "static-old")


def test_end_of_patience(monkeypatch: pytest.MonkeyPatch, quirk: Shrunk) -> None:
    """Whoever stops before a pass found nothing does not claim that nothing more can go."""
    monkeypatch.setattr(module, "_ROUNDS", 1)
    assert not shrink(load_scenario("2018-actual"), "knot-5.1.2").settled


# -- delta debugging -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("needed", "least", "kept"),
    [({3, 7}, 0, [3, 7]), (set(), 0, []), (set(), 1, [9]), (set(range(10)), 0, list(range(10)))],
)
def test_least(needed: set[int], least: int, kept: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is needed stays in its order, and at least so many."""

    def fails(_search: Any, tables: dict[str, Any]) -> bool:
        return needed <= set(tables["items"])

    monkeypatch.setattr(module._Search, "fails", fails)
    search = module._Search((None, None, True), None)

    def put(some: Sequence[Any]) -> dict[str, Any]:
        return {"items": some}

    assert search.least(range(10), put, least) == kept


# -- spelled out ---------------------------------------------------------------------------------------------

OUTCOMES = ("2018-actual", "wrong-clock", "udp-without-tcp", "xml-out-of-date")


@pytest.mark.parametrize("name", OUTCOMES)
def test_spelled_out_is_the_same_story(name: str) -> None:
    """With its own signatures a scenario spelled out shows every subject's outcomes at the same seconds."""
    scenario = load_scenario(name)
    right = {one.name: one for one in judge(play(scenario)).subjects}
    for spec in scenario.subjects[:2]:
        text = to_toml(spelled_out(scenario, spec.name, scenario.seed, literal=True))
        (seen,) = judge(play(load_text(text))).subjects
        assert [(o.at, o.outcome) for o in seen.outcomes] == [
            (o.at, o.outcome) for o in right[spec.name].outcomes
        ]


def test_every_option_and_event_is_spelled_out() -> None:
    """Options of a subject and all kinds of events come back as they were."""
    scenario = load_scenario("2018-actual")
    at = scenario.start + 100 * DAY
    actions: tuple[Action, ...] = (
        Restart(keep_state=False, kill=True), Off(at + DAY), Dark(scenario.stop),
        Replay(at - 60 * DAY, at + DAY), SetClock(60), SetAnchors(("ksk-2017",), "next-read"),
        SetStateWritable(False), Disturb("expired", "", "", at + DAY),
        Disturb("loss", "50%", "bc", scenario.stop),
    )  # fmt: skip
    spec = replace(
        scenario.subjects[0], anchor_format="dnskey", clock_offset=-5, restart_every=DAY, keep_state=False,
        state_writable=False, udp_size=4096, tcp=False, drop_above=1400, policy=(("ttl-cap", "PT1H"),),
        off=(Window(at - 9 * DAY, at - 8 * DAY),),
    )  # fmt: skip
    events = tuple(EventSpec(at, spec.name if n % 2 else None, action) for n, action in enumerate(actions))
    made = load_text(
        to_toml(spelled_out(replace(scenario, subjects=(spec,), events=events), spec.name, 0, literal=True))
    )
    (again,) = made.subjects
    assert again == spec
    assert made.events == events
