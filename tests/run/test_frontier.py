"""Boundaries of failure: exact to the second, found where a row is not monotone, confirmed by the engine."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from lab.clock import DAY, HOUR, parse_instant
from lab.errors import ScenarioError
from lab.run import frontier as module
from lab.run.frontier import Axis, Class, Edge, Fate, Frontier, frontier, played, spread
from lab.run.knobs import KNOBS, knob_of, roll_of, subject_of, turn
from lab.run.oracle import predict_subject
from lab.scenario.load import load_scenario
from lab.scenario.spec import Scenario

INSTALL, HOLD_DOWN = knob_of("install"), knob_of("hold-down")


def axis(name: str, *values: int, count: int = 0) -> Axis:
    """Return an axis of some values, or of `count` between two."""
    return Axis(knob_of(name), spread(values[0], values[-1], count) if count else values)


def around(name: str, subject: str, x: Axis, y: Axis, **more: object) -> Frontier:
    """Return the frontier of a subject of a shipped scenario."""
    scenario = load_scenario(name)
    return frontier(scenario, subject_of(scenario, subject), x, y, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["2017-planned", "2018-actual"])
def test_boundary_is_exact_on_500_points(name: str) -> None:
    """Install date by hold-down: 500 points, half of them near a boundary, are as the map says."""
    scenario = load_scenario(name)
    spec = subject_of(scenario, "rfc5011-strict")
    begin, end = (KNOBS["install"].usual or (lambda _: (0, 0)))(scenario)
    x, y = axis("install", begin, end, count=40), axis("hold-down", 10 * DAY, 50 * DAY, count=5)
    found = frontier(scenario, spec, x, y, confirm=False)
    chance, rows = random.Random(name), found.maps[0].rows
    assert all(row.edges for row in rows)
    wrong = []
    for number in range(500):
        row = rows[number % len(rows)]
        near = chance.choice(row.edges).after + chance.randint(-60, 60)
        at = min(end, near if number % 2 else chance.randint(begin, end))
        made = turn(scenario, spec, {"install": at, "hold-down": row.value})
        assert made is not None
        told = predict_subject(made, spec.name)
        if Fate(told.first_failure, told.recovered_at).kind != row.kind_at(at):
            wrong.append((row.value, at))
    assert wrong == []


def test_engine_sees_the_same_at_points_of_chance() -> None:
    """Away from the boundaries too the map is what the engine plays."""
    scenario = load_scenario("2017-planned")
    spec = subject_of(scenario, "knot")
    roll = roll_of(scenario)
    x, y = axis("install", roll - 60 * DAY, roll + 2 * DAY, count=32), axis("hold-down", 20 * DAY, 30 * DAY)
    found = frontier(scenario, spec, x, y)
    assert (found.disagreements, found.judged_by) == (0, "oracle")
    assert all(edge.confirmed for row in found.maps[0].rows for edge in row.edges)
    chance = random.Random(7)
    for row in found.maps[0].rows:
        for at in (chance.randint(x.values[0], x.values[-1]) for _ in range(3)):
            made = turn(scenario, spec, {"install": at, "hold-down": row.value})
            assert made is not None
            assert played(made).kind == row.kind_at(at)


def test_boundary_of_the_strict_resolver() -> None:
    """With a hold-down of 30 days an installation 30 days before the roll is too late by a second."""
    found = around("2017-planned", "rfc5011-strict", axis("install", 1504000000, 1506000000, count=9),
                   axis("hold-down", 30 * DAY))  # fmt: skip
    after = parse_instant("2017-09-11T16:00:00Z")
    assert found.maps[0].rows[0].edges == (Edge(after - 1, after, "never", "broken", True),)


# -- the search ----------------------------------------------------------------------------------------------


def test_every_change_between_two_points_is_met() -> None:
    """Where three classes lie between two points of the grid, both boundaries are found."""

    def kind(at: int) -> Class:
        return "never" if at < 40 else "heals" if at < 77 else "broken"

    found = list(module._changes(0, 100, kind))
    assert found == [Edge(39, 40, "never", "heals", None), Edge(76, 77, "heals", "broken", None)]
    assert list(module._changes(0, 39, kind)) == []


def test_row_that_is_not_monotone() -> None:
    """Ten days off harm if the end of the hold-down and the roll lie in them, and not otherwise."""
    roll = roll_of(load_scenario("2018-actual"))
    found = around(
        "2018-actual", "rfc5011-strict", axis("outage", roll - 20 * DAY, roll + 3 * DAY, count=24),
        axis("outage-length", 10 * DAY), fixed={"install": roll - 35 * DAY},
    )  # fmt: skip
    (row,) = found.maps[0].rows
    assert [segment.kind for segment in row.segments] == ["never", "broken", "never"]
    assert [edge.after - roll for edge in row.edges] == [-10 * DAY, -5 * DAY + 1]
    assert [edge.confirmed for edge in row.edges] == [True, True]
    with pytest.raises(ValueError, match="outside"):
        row.kind_at(0)


def test_spread() -> None:
    """Values are whole, ascending, each once, and both ends are among them."""
    assert spread(0, 10, 3) == (0, 5, 10)
    assert spread(0, 2, 50) == (0, 1, 2)
    assert spread(5, 9, 1) == (5, 9)


def test_third_knob_makes_a_map_for_each_value() -> None:
    """Ten days less of hold-down move the last day of an installation by ten days."""
    roll, seen = roll_of(load_scenario("2017-planned")), list[str]()
    found = around(
        "2017-planned", "rfc5011-strict", axis("install", roll - 40 * DAY, roll, count=20),
        axis("ttl-cap", DAY), z=axis("hold-down", 20 * DAY, 30 * DAY),
        progress=lambda _share, what: seen.append(what),
    )  # fmt: skip
    edges = [one.rows[0].edges[0] for one in found.maps]
    assert [one.depth for one in found.maps] == [20 * DAY, 30 * DAY]
    assert edges[0].after - edges[1].after == 10 * DAY
    assert [edge.confirmed for edge in edges] == [True, True]
    assert seen == ["ttl-cap P1D", "ttl-cap P1D"]


def test_chance_goes_by_the_name() -> None:
    """Unbound draws its refreshes by seed and name, so it is confirmed under its own."""
    roll = roll_of(load_scenario("2017-planned"))
    found = around("2017-planned", "unbound", axis("install", roll - 33 * DAY, roll - 28 * DAY, count=4),
                   axis("hold-down", 30 * DAY))  # fmt: skip
    (edge,) = found.maps[0].rows[0].edges
    assert (edge.was, edge.becomes, edge.confirmed) == ("never", "heals", True)


def test_engine_decides_where_the_oracle_cannot() -> None:
    """With a wrong clock the engine is asked for every point, and says why."""
    scenario = replace(load_scenario("2018-actual"), stop=roll_of(load_scenario("2018-actual")) + 5 * DAY)
    roll = roll_of(scenario)
    spec = replace(subject_of(scenario, "static-old"), clock_offset=60)
    found = frontier(scenario, spec, axis("install", roll - DAY, roll + DAY, count=3), axis("ttl-cap", DAY))
    assert (found.judged_by, found.why) == ("engine", "its clock is wrong, or its state cannot be written")
    assert found.maps[0].rows[0].edges == ()


def test_engine_that_differs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A boundary at which the engine sees something else is counted."""
    monkeypatch.setattr(module, "_all_played", lambda made: [Fate(None, None)] * len(made))
    roll = roll_of(load_scenario("2017-planned"))
    found = around("2017-planned", "rfc5011-strict", axis("install", roll - 40 * DAY, roll, count=3),
                   axis("hold-down", 30 * DAY))  # fmt: skip
    assert found.disagreements == 1


# -- knobs ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Return the roll of 2018."""
    return load_scenario("2018-actual")


def turned(scenario: Scenario, **values: int) -> Scenario:
    """Turn knobs of the strict resolver."""
    made = turn(
        scenario, subject_of(scenario, "rfc5011-strict"), {k.replace("_", "-"): v for k, v in values.items()}
    )
    assert made is not None
    return made


def test_knobs_turn_what_they_say(scenario: Scenario) -> None:
    """Each knob reaches the subject's or the root's own setting."""
    at = scenario.start + 10 * DAY
    made = turned(scenario, install=at, hold_down=3 * DAY, ttl_cap=HOUR, restart_every=DAY, outage=at + DAY,
                  outage_length=HOUR, dnskey_ttl=7200, roll_delay=DAY, remove_hold_down=5 * DAY)  # fmt: skip
    (spec,) = made.subjects
    assert (spec.first_start, spec.restart_every, spec.off) == (at, DAY, ((at + DAY, at + DAY + HOUR),))
    knobs = {"add-hold-down": "P3D", "ttl-cap": "PT1H", "remove-hold-down": "P5D"}
    assert dict(spec.policy) == knobs
    assert (made.timeline.dnskey_ttl, roll_of(made) - roll_of(scenario)) == (7200, DAY)


@pytest.mark.parametrize(
    "values",
    [
        {"install": 0},
        {"outage": parse_instant("2017-07-02"), "outage-length": 0},
        {"install": parse_instant("2018-01-01"), "outage": parse_instant("2017-08-01"), "outage-length": DAY},
        {"restart-every": 0},
        {"roll-delay": 3000 * DAY},
    ],
)
def test_what_cannot_be(scenario: Scenario, values: dict[str, int]) -> None:
    """What no scenario file could say is no configuration, and of the class `impossible`."""
    spec = subject_of(scenario, "rfc5011-strict")
    assert turn(scenario, spec, values) is None
    search = module._Search(scenario, spec, {})
    assert (search.kind(values), search.confirm([values])) == ("impossible", [None])


def test_errors_name_the_knobs(scenario: Scenario) -> None:
    """No such knob, half an outage, a knob turned twice, no roll, no such subject."""
    spec = subject_of(scenario, "rfc5011-strict")
    with pytest.raises(ScenarioError, match="there is no knob 'patience'; the knobs are install, hold-down"):
        knob_of("patience")
    with pytest.raises(ScenarioError, match="turn both: outage and outage-length"):
        turn(scenario, spec, {"outage": scenario.start})
    with pytest.raises(ScenarioError, match="hold-down is turned twice"):
        frontier(scenario, spec, axis("install", 0, 1), axis("hold-down", 0), fixed={"hold-down": 1})
    with pytest.raises(ScenarioError, match="no new key begins to sign"):
        roll_of(replace(scenario, stop=scenario.start + DAY))
    with pytest.raises(ScenarioError, match="no subject 'nobody' that is a model"):
        subject_of(scenario, "nobody")


def test_values_are_read_and_shown() -> None:
    """An instant and a duration are written as in a scenario file; a negative duration is none."""
    assert INSTALL.show(INSTALL.read("2018-10-11")) == "2018-10-11T00:00:00Z"
    assert HOLD_DOWN.show(HOLD_DOWN.read("PT36H")) == "P1DT12H"
    for wrong in ("soon", "-P1D"):
        with pytest.raises(ScenarioError, match="hold-down"):
            HOLD_DOWN.read(wrong)


def test_plain_model_takes_the_old_key(scenario: Scenario) -> None:
    """A model that the scenario does not have is taken with the key that signs at its start."""
    assert subject_of(scenario, "sdns").anchors == ("ksk-2010",)


def test_usual_ranges_are_ranges(scenario: Scenario) -> None:
    """Every knob of the table has a usual range, ascending."""
    assert all(knob.usual is not None for knob in KNOBS.values())
    ranges = [knob.usual(scenario) for knob in KNOBS.values() if knob.usual is not None]
    assert all(low < high for low, high in ranges)
