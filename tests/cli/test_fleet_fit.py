"""The commands `rootlab fleet fit` and `rootlab fleet observe`: what they write, and what they say."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from lab.population.evidence import COLUMNS
from lab.population.fleet import load_fleet

from .ended import Rootlab
from .test_fleet import FLEET

REPORTING = """
[cohort.telemetry.reports]
value = 0.4
low = 0.1
high = 0.8
source = "assumed"
"""


@pytest.fixture
def signals(tmp_path: Path) -> Path:
    """Return a file of signals in which everybody but a tenth learns on one day."""
    lines = [",".join(COLUMNS)]
    for n in range(140):
        day = date(2017, 5, 20) + timedelta(days=n)
        lacking = 960 + n % 7 if day < date(2017, 8, 12) else 100 + n % 7
        lines.append(f"{day},1000,1000,{lacking},{1000 - lacking},0,0,0,1500")
    path = tmp_path / "signals.csv"
    path.write_text("\n".join([*lines, ""]))
    return path


def test_fit_writes_a_fleet_and_a_report(rootlab: Rootlab, signals: Path, tmp_path: Path) -> None:
    """The fleet can be loaded and carries its provenance; the report says what the data cannot tell."""
    out, report = tmp_path / "fitted.toml", tmp_path / "report.txt"
    ended = rootlab("fleet", "fit", "--rfc8145", signals, "--until", "2017-10-01", "--output", out,
                    "--report", report, "--hold-out", "10")  # fmt: skip
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    fleet = load_fleet(str(out))
    assert fleet.file.fitted is not None
    assert (fleet.file.fitted.data, fleet.file.fitted.days) == ("signals.csv", 135)
    assert fleet.file.assumption["lacking"].value == pytest.approx(0.103, abs=0.004)
    assert fleet.file.assumption["real"] == load_fleet("2017").file.assumption["real"]
    said = report.read_text()
    assert "\n2017-08-14    10." in said
    assert "prior: the data hardly tell" in said
    assert "fitted again without the last 10 days: 10 of these lie in the 90 %" in said
    assert "seed 1" in said
    assert "Not modelled" in said


def test_fit_to_standard_output(rootlab: Rootlab, signals: Path) -> None:
    """Without --output the fleet is printed, and the report goes to standard error."""
    ended = rootlab("fleet", "fit", "--rfc8145", signals, "--until", "2017-10-01")
    assert ended.out.startswith('title = "Sources of RFC 8145 signals')
    assert "learnt" in ended.err
    assert "held out" not in ended.err


@pytest.mark.parametrize("until", ["soon", "2017-13-01", "2017-06-01"])
def test_fit_refuses_a_wrong_cut_off(rootlab: Rootlab, signals: Path, until: str) -> None:
    """A cut-off that is no date, or too early, is one line and exit status 2."""
    ended = rootlab("fleet", "fit", "--rfc8145", signals, "--until", until)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert "--until" in ended.err


@pytest.fixture
def reporting(tmp_path: Path) -> str:
    """Return the path of a fleet of which both cohorts signal, nobody answers sentinels."""
    both = FLEET.replace('[[cohort]]\nname = "both"', f'{REPORTING}[[cohort]]\nname = "both"') + REPORTING
    path = tmp_path / "reporting.toml"
    path.write_text(both)
    return str(path)


def test_observe_shows_seen_beside_true(rootlab: Rootlab, reporting: str) -> None:
    """Half of the resolvers lack the key; the root sees that share give or take what nobody knows."""
    said = json.loads(
        rootlab("fleet", "observe", reporting, "2018-actual", "--resolvers", "2000", "--format", "json").out
    )
    days = {row["day"]: row for row in said["days"]}
    row = days["2018-10-20"]
    assert row["without"] == [pytest.approx(50, abs=4)] * 3
    assert row["failing"] == row["without"]
    low, middle, high = row["lacking"]
    assert low < 35 < middle < 65 < high
    assert row["sentinel_old"] is None
    assert days["2018-10-10"]["failing"] == [0, 0, 0]
    assert {"seed", "fleet_sha256", "scenario_sha256", "not_modelled"} <= said.keys()
    csv = rootlab("fleet", "observe", reporting, "2018-actual", "--resolvers", "500", "--format", "csv").out
    head, *rows = csv.splitlines()
    assert head.startswith("day,lacking_low,lacking_median,lacking_high,without_low")
    assert len(rows) == len(days)
    assert rows[0].endswith(",,,")
    text = rootlab("fleet", "observe", reporting, "2018-actual", "--resolvers", "500").out
    assert "2018-10-1" in text
    assert "Not modelled" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_observe_says_what_was_fitted(rootlab: Rootlab) -> None:
    """The shipped fleet has an hour of publication, which is applied and said; its sentinels answer."""
    text = rootlab("fleet", "observe", "2017", "2018-actual", "--resolvers", "500").out
    assert "h after the scenario's hour, as fitted" in text
    assert "100 (100-100)" in text
