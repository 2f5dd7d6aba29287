"""Sweeps: what is weighed, what delays do, and that a kill at any moment changes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.clock import format_instant, parse_instant
from lab.errors import ScenarioError, UserError
from lab.population.fleet import Fleet, fleet_of_text, load_fleet, names_of
from lab.population.plan import Plan, Request, claim, prepare, run
from lab.population.plan_cells import Cell, Counts, Order, Parts, compute, even_strata
from lab.population.plan_result import read_sweep
from lab.population.plan_sobol import sobol
from lab.population.plan_weigh import Outcome, assumptions, draws, interval, weights_at
from lab.population.plan_worlds import delayed, later
from lab.population.strata import Books, compile_strata
from lab.population.world import Stage, world_of

ROOT = Path(__file__).resolve().parents[2]
FLEET = """
title = "Two kinds, one of which breaks"
seed = 5
[[cohort]]
name = "old"
model = "static"
share = { value = 1, low = 0.5, high = 2, source = "assumed" }
users = { value = 2, low = 1, high = 10, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
repair = { source = "assumed", soonest = "P1D", latest = "P10D" }
[[cohort]]
name = "both"
model = "static"
anchors = ["current", "next"]
share = { value = 9, source = "assumed" }
start = { source = "assumed", window = [{ from = 2016-01-01, to = 2017-01-01 }] }
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Return the path of a small fleet."""
    path = tmp_path / "two.toml"
    path.write_text(FLEET)
    return path


def request(fleet: Path, delays: tuple[int, ...] = (0, 2, 3)) -> Request:
    """Return a small request."""
    return Request((str(fleet),), ("2017-planned",), delays, 400, worlds=200, sobol=64, watch=30)


def counted(*cohorts: tuple[int, int, list[int], list[int]]) -> Cell:
    """Return a cell of (drawn, present, failed, recovered) a cohort."""
    return Cell("", tuple(Counts(d, p, 0, tuple(f), tuple(r), ()) for d, p, f, r in cohorts))


@pytest.mark.parametrize(
    ("at", "months", "expected"),
    [
        ("2017-10-11T16:00:00Z", 3, "2018-01-11T16:00:00Z"),
        ("2017-10-31T00:00:00Z", 4, "2018-02-28T00:00:00Z"),
        ("2017-12-11T00:00:00Z", 12, "2018-12-11T00:00:00Z"),
    ],
)
def test_months_are_the_calendars(at: str, months: int, expected: str) -> None:
    """A day that a month lacks is its last one."""
    assert format_instant(later(parse_instant(at), months)) == expected


def test_a_delay_moves_signing_and_revocation_and_nothing_else() -> None:
    """The new key is published as planned; roll and revocation come later by the same time."""
    plain, moved = delayed("2017-planned", 0, 30), delayed("2017-planned", 2, 30)
    events = [
        {(event.kind, event.name): event.at for event in one.scenario.timeline.ksk_events()}
        for one in (plain, moved)
    ]
    by = moved.rolled_at - plain.rolled_at
    assert {what: events[1][what] - at for what, at in events[0].items()} == {
        what: 0 if what[0] == "publish" else by for what in events[0]
    }
    assert moved.scenario.stop == moved.rolled_at + 30 * 86400


def test_a_file_of_the_users_can_be_delayed(tmp_path: Path) -> None:
    """A scenario that is a file is the base of its delays, wherever it lies."""
    path = tmp_path / "mine.toml"
    text = 'title = "Mine"\nstart = 2017-07-01\nstop = 2018-06-01\n[authority]\nbase = "2017-planned"\n'
    path.write_text(text)
    assert delayed(str(path), 3, 30).rolled_at == delayed("2017-planned", 3, 30).rolled_at
    path.write_text(text.replace("2018-06-01", "2017-08-01"))
    with pytest.raises(ScenarioError, match=r"mine\.toml: no key rolls in it"):
        delayed(str(path), 3, 30)


def test_ranges_are_kept_and_their_middle_is_the_best_value() -> None:
    """A range is drawn between its ends, around the best value as the median, also one that begins at 0."""
    known = assumptions(fleet_of_text(FLEET))
    assert [one.name for one in known] == ["share of old", "users of old"]
    ends = np.array([0.0, 0.25, 0.5, 1.0])
    assert known[0].at(ends) == pytest.approx([0.5, 0.5**0.5, 1.0, 2.0])
    zero = replace(known[0], estimate=known[0].estimate.model_copy(update={"low": 0}))
    assert zero.at(ends) == pytest.approx([0.0, 0.5, 1.0, 2.0])


def test_shares_and_users_weigh_counts() -> None:
    """Half of the old ones fail: a tenth of the fleet is old, and its users count twice."""
    fleet = fleet_of_text(FLEET)
    cell = counted((100, 100, [30, 20, 0, 9], [0, 0, 0, 0]), (100, 50, [0] * 4, [0] * 4))
    one = Outcome(weights_at(fleet, np.full((1, 2), 0.5)), cell, 2)
    assert one.resolvers[0] == pytest.approx(100 * 0.5 / (1 + 9 * 0.5))
    assert one.users[0] == pytest.approx(100 * 2 * 0.5 / (2 + 9 * 0.5))


@pytest.mark.parametrize(
    ("recovered", "days"), [([0, 0, 40, 5, 0], 3.0), ([0, 0, 40, 4, 0], np.inf), ([0] * 5, np.inf)]
)
def test_repair_ends_at_a_tenth_of_the_worst_day(recovered: list[int], days: float) -> None:
    """Days to repair run from the roll until a tenth is left, and are infinite if that is not seen."""
    cell = counted((100, 100, [20, 30, 0, 0, 0], recovered), (100, 100, [0] * 5, [0] * 5))
    one = Outcome(weights_at(fleet_of_text(FLEET), np.full((1, 2), 0.5)), cell, 2)
    assert one.repair[0] == days
    nobody = counted((100, 100, [0] * 5, [0] * 5), (100, 100, [0] * 5, [0] * 5))
    assert replace(one, cell=nobody).repair[0] == 0.0


def test_intervals_hold_what_sampling_leaves_open() -> None:
    """With few resolvers drawn the interval is wide although no range is; with many it is narrow."""
    fleet = fleet_of_text(FLEET.replace("low = 0.5, high = 2, ", "").replace("low = 1, high = 10, ", ""))
    weights, chances = draws(fleet, 1, 4000)
    widths = []
    for size in (40, 4000):
        cell = counted((size, size, [size // 2], [0]), (size, size, [0], [0]))
        low, median, high = interval(Outcome(weights, cell, 2, chances).resolvers)
        assert low is not None and median is not None and high is not None  # noqa: PT018
        assert low < 5.0 < high
        widths.append(high - low)
    # 90 % of a binomial share: 2 x 1.645 x sqrt(p (1 - p) / n), of a tenth of the fleet
    assert widths[1] == pytest.approx(10 * 2 * 1.645 * (0.25 / 4000) ** 0.5, rel=0.1)
    assert widths[0] > 8 * widths[1]


def test_sobol_indices_name_the_assumption_that_moves_the_answer() -> None:
    """Of a linear answer the first-order indices are the parts of the variance, and users move users only."""
    fleet = fleet_of_text(FLEET)
    cell = counted((100, 100, [50], [0]), (100, 100, [0], [0]))
    first, total = sobol(fleet, [cell], 2, 3, 512)
    assert first.shape == total.shape == (2, 2, 3)
    assert first[0, :, 1] == pytest.approx([1.0, 0.0], abs=0.05)
    assert total[0, :, 1] == pytest.approx([1.0, 0.0], abs=0.05)
    assert total[1, 0, 1] + total[1, 1, 1] > 0.95
    assert total[1, 1, 1] > 0.2
    low, value, high = first[0, 0]
    assert low <= value <= high
    nothing = counted((100, 100, [0], [0]), (100, 100, [0], [0]))
    assert not sobol(fleet, [nothing, nothing], 2, 3, 64)[1].any()


def test_parts_are_computed_once_and_results_do_not_depend_on_the_executor(
    fleet: Path, tmp_path: Path
) -> None:
    """Threads and one process come to the same bytes; what is there already is not computed again."""
    plan = prepare(request(fleet))
    alone = run(plan, claim(tmp_path / "a", plan.inputs))
    with ThreadPoolExecutor(2) as pool:
        shared = run(plan, claim(tmp_path / "b", plan.inputs), executor=pool)
    assert alone.text() == shared.text()
    done: list[float] = []
    assert run(plan, claim(tmp_path / "a", plan.inputs), progress=done.append).text() == alone.text()
    assert done == [1.0]
    rows = alone.studies[0].rows
    assert [row.rolled_at[:10] for row in rows] == ["2017-10-11", "2017-12-11", "2018-01-11"]
    assert all(5 < row.resolvers_broken.median < 20 < 100 * 2 / 3 for row in rows)
    assert all(row.days_to_repair.median is not None for row in rows)
    assert len(alone.studies[0].sensitivity) == 4 * 2
    states = {(lane.kind, lane.name, lane.state) for lane in alone.studies[0].lanes if lane.months == 3}
    assert states == {
        ("anchors", "both", "new key trusted"), ("anchors", "old", "old key only"),
        ("anchors", "old", "mixed"), ("anchors", "old", "new key trusted"), ("key", "ksk-2010", "signing"),
        ("key", "ksk-2010", "published"), ("key", "ksk-2017", "published"), ("key", "ksk-2017", "signing"),
    }  # fmt: skip


def test_a_load_is_taken_from_whoever_computes_it(fleet: Path, tmp_path: Path) -> None:
    """The seam for query load gets fleet, timeline and seed, and its interval goes into the rows."""
    plan = prepare(request(fleet, (0,)))
    asked: list[int] = []

    def load(fleet: Fleet, world: object, seed: int) -> tuple[float, float, float]:
        asked.append(seed)
        return 1.0, 2.0, 3.0

    found = run(plan, claim(tmp_path / "a", plan.inputs), load=load).studies[0]
    assert asked == [5]
    assert found.rows[0].peak_load is not None
    assert found.rows[0].peak_load.median == 2.0
    assert found.gains == ()


def test_machines_are_explored_once_for_all_delays() -> None:
    """A timeline with the same sets at other times needs no new books, and comes out as if it had them."""
    loaded = load_fleet("2017")
    books: Books = {}
    for months in (0, 1, 4):
        one = delayed("2017-planned", months, 30)
        strata = even_strata(loaded, one)
        world = world_of(one.scenario, names_of(strata))
        kept = compile_strata(world, Stage(world, one.scenario), strata, books)
        fresh = compile_strata(world, Stage(world, one.scenario), strata)
        assert len(books) == 9
        assert [str(np.asarray(part).tolist()) for part in (*kept.arrays, *kept.tables)] == [
            str(np.asarray(part).tolist()) for part in (*fresh.arrays, *fresh.tables)
        ]


def test_a_damaged_part_is_computed_again(fleet: Path, tmp_path: Path) -> None:
    """A part that was changed, cut short or put under another name counts for nothing."""
    order = prepare(request(fleet, (0,))).orders[0]
    parts, cell = Parts(tmp_path), compute(order, "numpy")
    parts.save(cell)
    assert parts.load(order.key) == cell
    whole = parts.path(order.key).read_bytes()
    for bad in (whole[:-9], whole.replace(b'"before": 0', b'"before": 1', 1), b"[]", b"\xff"):
        parts.path(order.key).write_bytes(bad)
        assert parts.load(order.key) is None
    parts.path("0" * 64).write_bytes(whole)
    assert parts.load("0" * 64) is None


def test_a_key_changes_with_everything_a_cell_depends_on(fleet: Path) -> None:
    """Another fleet, delay, seed, number of resolvers or watch is another part."""
    order = prepare(request(fleet, (0, 1))).orders
    others: list[Order] = [
        order[1], replace(order[0], seed=6), replace(order[0], resolvers=401),
        replace(order[0], delayed=delayed("2017-planned", 0, 31)),
        replace(order[0], fleet=fleet_of_text(FLEET + "# more\n")),
    ]  # fmt: skip
    assert len({order[0].key, *(other.key for other in others)}) == 6


def test_a_folder_of_other_inputs_is_refused(fleet: Path, tmp_path: Path) -> None:
    """One line names what differs; a folder with other things in it is not taken either."""
    plan: Plan = prepare(request(fleet, (0,)))
    claim(tmp_path / "a", plan.inputs)
    with pytest.raises(
        UserError, match=r"a/inputs\.json: the folder holds a sweep of other inputs \(delays\)"
    ):
        claim(tmp_path / "a", prepare(request(fleet, (0, 1))).inputs)
    (tmp_path / "a" / "inputs.json").write_text("[]")
    with pytest.raises(UserError, match="other inputs; name another"):
        claim(tmp_path / "a", plan.inputs)
    with pytest.raises(UserError, match="is not empty and holds no sweep"):
        claim(tmp_path, plan.inputs)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "lock").touch()
    (tmp_path / "b" / ".inputs.json.77.part").touch()
    assert claim(tmp_path / "b", plan.inputs).folder == tmp_path / "b" / "parts"


def sweep_of(fleet: Path, out: Path, jobs: int) -> list[str]:
    """Return the command line of a sweep with seven delays."""
    return [
        sys.executable, "-m", "lab", "plan", "sweep", "--fleet", str(fleet), "--timeline", "2017-planned",
        "--delays", "0..6", "--resolvers", "300", "--worlds", "100", "--sobol", "64", "--watch", "10",
        "--jobs", str(jobs), "--out", str(out),
    ]  # fmt: skip


def files_of(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_sweep_survives_being_killed(fleet: Path, tmp_path: Path) -> None:
    """Killed twice, a sweep keeps its finished parts and ends in the bytes of an undisturbed one."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(sweep_of(fleet, tmp_path / "whole", 1), check=True, env=environment, capture_output=True)
    out, kept = tmp_path / "killed", 0
    for jobs in (2, 1):
        started = subprocess.Popen(sweep_of(fleet, out, jobs), env=environment, stdout=subprocess.DEVNULL)
        before = {path: path.stat().st_mtime_ns for path in out.glob("parts/*.json")}
        while started.poll() is None and len(list(out.glob("parts/*.json"))) <= kept:
            threading.Event().wait(0.002)
        started.send_signal(signal.SIGKILL)
        assert started.wait() == -signal.SIGKILL
        assert all(path.stat().st_mtime_ns == at for path, at in before.items())
        assert len(list(out.glob("parts/*.json"))) > kept
        kept = len(list(out.glob("parts/*.json")))
    (out / "parts" / ".half.json.1.part").write_bytes(b"half")
    finished = {path: path.stat().st_mtime_ns for path in out.glob("parts/*.json")}
    assert 2 <= len(finished) < 7
    subprocess.run(sweep_of(fleet, out, 2), check=True, env=environment, capture_output=True)
    assert all(path.stat().st_mtime_ns == at for path, at in finished.items())
    assert files_of(out) == files_of(tmp_path / "whole")
    other = subprocess.run(
        [*sweep_of(fleet, out, 1), "--seed", "9"], env=environment, capture_output=True, check=False
    )
    assert (other.returncode, other.stderr.count(b"\n")) == (2, 1)
    assert b"the folder holds a sweep of other inputs (seed)" in other.stderr
    assert json.loads((out / "sweep.json").read_text())["inputs"]["seed"] == read_sweep(out).inputs.seed == 5
