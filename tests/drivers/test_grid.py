"""When daemons are looked at: sharply behind a change of signers, finely around events, seldom elsewhere."""

from __future__ import annotations

from lab.clock import DAY, HOUR, parse_instant
from lab.drivers.grid import COARSE, FINE, SHARP, Grid, grid_of
from lab.scenario.load import load_scenario


def test_steps_are_no_whole_days() -> None:
    """No step divides a day, or a refresh due after 24 h and some milliseconds were missed now and then."""
    assert all(DAY % step and step % HOUR for step in (SHARP, FINE, COARSE))


def test_step_by_span() -> None:
    """The narrowest span that holds an instant rules; where one begins, a look is due."""
    grid = Grid(sharp=((100, 200),), fine=((50, 300 * DAY),))
    assert [grid.step(at) for at in (0, 49, 50, 99, 100, 199, 200, 300 * DAY)] == [
        COARSE, COARSE, FINE, FINE, SHARP, SHARP, FINE, COARSE
    ]  # fmt: skip
    assert (grid.next_look(0), grid.next_look(50), grid.next_look(100)) == (50, 100, 100 + SHARP)


def test_grid_of_a_roll() -> None:
    """The roll of 2018 is watched by the hour for 50 hours, the year before it every five days."""
    grid = grid_of(load_scenario("2018-actual").timeline, [])
    roll = parse_instant("2018-10-11T16:00:00Z")
    assert [grid.step(roll + at) for at in (-1, 0, 50 * HOUR - 1, 50 * HOUR)] == [FINE, SHARP, SHARP, FINE]
    assert grid.step(parse_instant("2018-03-01")) == COARSE
    assert grid.step(roll + 36 * DAY - 1) == FINE
    assert grid.step(roll + 36 * DAY) == COARSE


def test_what_happens_to_a_daemon_is_watched() -> None:
    """A start is followed finely for longer than a hold-down."""
    grid = grid_of(load_scenario("2018-actual").timeline, [parse_instant("2018-03-01")])
    assert grid.step(parse_instant("2018-03-31")) == FINE
