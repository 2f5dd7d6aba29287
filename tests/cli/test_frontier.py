"""`rootlab frontier`: the map, JSON and SVG, exit statuses, and what it refuses."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from lab.run import frontier as search
from lab.run.frontier import Fate

from .ended import Rootlab

SMALL = ("frontier", "2017-planned", "--x", "install=2017-09-01..2017-09-20", "--columns", "4")
ROWS = ("--y", "hold-down=P20D,P30D")


def test_map_and_exact_boundary(rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """On 80 columns: a row for each value, the largest on top, and the boundary to the second."""
    monkeypatch.setenv("COLUMNS", "80")
    ended = rootlab(*SMALL, *ROWS)
    lines = ended.out.splitlines()
    assert (ended.status, max(map(len, lines)) <= 80) == (0, True)
    assert lines[0] == "2017-planned, rfc5011-strict: install (to the right), hold-down (upwards)"
    assert lines[2].startswith("P30D |...")
    assert lines[2].endswith("###|")
    assert lines[3] == f"P20D |{'.' * 72}|"
    row = "P30D       2017-09-11T15:59:59Z  never  2017-09-11T16:00:00Z  broken   agrees"
    assert row in lines
    assert "saw the same" in ended.out


def test_json(rootlab: Rootlab) -> None:
    """JSON has the axes, every segment, and every boundary with what the engine says."""
    shown = json.loads(rootlab(*SMALL, *ROWS, "--z", "ttl-cap=PT1H", "--format", "json").out)
    assert (shown["judged_by"], shown["reason"], shown["z"]["values"]) == ("oracle", None, ["PT1H"])
    assert shown["maps"][0]["z"] == "PT1H"
    (lower, upper) = shown["maps"][0]["rows"]
    assert (lower["y"], upper["y"]) == ("P20D", "P30D")
    assert lower["boundaries"] == []
    assert [segment["verdict"] for segment in upper["segments"]] == ["never", "broken"]
    assert upper["boundaries"][0]["confirmed"] is True
    assert upper["segments"][1]["from"] == upper["boundaries"][0]["from"]


def test_svg(rootlab: Rootlab, tmp_path: Path) -> None:
    """The drawing is XML, with a rectangle that says its span for every segment."""
    path = tmp_path / "map.svg"
    assert rootlab(*SMALL, *ROWS, "--z", "ttl-cap=P1D,P2D", "--format", "svg", "-o", path).status == 0
    root = ElementTree.parse(path).getroot()
    titles = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum(title.endswith("broken") for title in titles) == 2
    texts = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "ttl-cap P2D" in texts


def test_usual_ranges(rootlab: Rootlab) -> None:
    """Named alone, knobs have their usual range; a third has a map for each value; none is confirmed."""
    ended = rootlab(
        "frontier", "2017-planned", "--x", "install", "--y", "hold-down", "--z", "dnskey-ttl=P1D,P2D",
        "--columns", "3", "--rows", "2", "--no-confirm", "--set", "ttl-cap=P1D",
    )  # fmt: skip
    assert ended.status == 0
    assert "ttl-cap is P1D everywhere" in ended.out
    assert "dnskey-ttl P2D" in ended.out
    assert "the engine was not asked" in ended.out
    assert "  -" in ended.out


def test_no_boundary_and_an_engine_that_decides(rootlab: Rootlab) -> None:
    """Where no row changes that is said; where the oracle does not reach, so is that."""
    ended = rootlab(
        "frontier", "2017-planned", "--x", "install=2017-08-01..2017-08-02", "--y", "ttl-cap=P1D",
        "--subject", "getdns", "--columns", "2",
    )  # fmt: skip
    assert "no boundary: one verdict along every row" in ended.out
    assert "The engine played every point" in ended.out


def test_engine_that_differs(rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the engine sees something else at a boundary, the lab is at fault: status 4."""
    monkeypatch.setattr(search, "_all_played", lambda made: [Fate(None, None)] * len(made))
    ended = rootlab(*SMALL, *ROWS)
    assert ended.status == 4
    assert "DIFFERS" in ended.out
    assert "at 1 of 1 boundaries the engine" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--x", "patience", *ROWS), "there is no knob 'patience'"),
        (("--x", "install=2017-09-20..2017-09-01", *ROWS), "2017-09-20 is not before 2017-09-01"),
        (("--x", "install", "--y", "remove-hold-down"), "give one: remove-hold-down=LOW..HIGH"),
        (("--x", "install", *ROWS, "--set", "ttl-cap"), "write --set ttl-cap=VALUE"),
        (("--x", "install", "--y", "install"), "the knob install is turned twice"),
        (("--x", "outage", *ROWS), "turn both: outage and outage-length"),
        (("--x", "install", *ROWS, "--subject", "daemon:unbound"), "that is a model"),
    ],
)
def test_refused(rootlab: Rootlab, arguments: tuple[str, ...], message: str) -> None:
    """What makes no sense is one line and status 2."""
    ended = rootlab("frontier", "2017-planned", *arguments)
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert message in ended.err
