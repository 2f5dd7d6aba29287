"""The report of a sweep: what a board reads first, and that no text of a file becomes markup."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lab.population.decide_gate import Gates, load_gates
from lab.population.plan_result import Sweep
from lab.report.plan_brief import brief
from lab.report.plan_charts import charts, picture
from lab.report.plan_page import html, markdown
from lab.report.plan_text import csv, delays_table, number, text

from ..population.sweeps import GATE, around, sweep


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    """Return two gates: one that is met, then one that is missed."""
    path = tmp_path / "gates.toml"
    met = GATE.replace("half", "met").replace("0.5", "9").replace("resolvers", "users")
    path.write_text(met + GATE.replace("[[gate]]", "[[gate]]\ndelay = 6"))
    return load_gates(path)


def test_the_first_screen_is_about_the_gate_that_decides(gates: Gates) -> None:
    """Decision, the number of the missed gate in its interval, and the three assumptions that move it."""
    first = brief(sweep(), gates)
    assert (first.said, first.head, first.figure) == ("no-go", "No-go", "2 [1 to 3] %")
    assert first.figure_words.startswith("of resolvers broken if the key rolls 6 months late, on 2018-04-11")
    assert [one.partition(":")[0] for one in first.assumptions] == [
        "share of static-old", "share of bind", "share of firmware",
    ]  # fmt: skip
    assert not any("more leave" in one for one in first.also)


def test_without_gates_nothing_is_decided() -> None:
    """The first delay is shown, what waiting leaves beside it, and no decision."""
    first = brief(sweep(), None)
    assert (first.said, first.rulings) == (None, ())
    assert first.head == "No gates given: nothing is decided here"
    assert first.figure == "3 [2 to 4] %"
    assert first.also[-1] == "6 months more leave 2 [1 to 3] % of resolvers and 2.50 [2 to 3] % of users."


def test_no_text_becomes_markup() -> None:
    """Names and sources of a fleet file are text on the page, in its scripts and in Markdown."""
    evil = "</script><img src=x onerror=alert(1)>"
    found = sweep(fleet=evil)
    page = html(found, None)
    assert "<img src=x" not in page
    assert page.count("</script>") == 2
    specs = re.search(r"const specs = (\{.*\});\n", page)
    assert specs is not None
    assert set(json.loads(specs[1])) == {
        f"study1-{name}" for name in ("delays", "curve", "sensitivity", "lanes-0", "lanes-6")
    }
    assert r"\<img" in markdown(found, None)


def test_the_page_names_seed_hashes_and_limits(gates: Gates) -> None:
    """Page, Markdown and terminal say seed, inputs and what is left out, and no share without an interval."""
    for told in (html(sweep(), gates), markdown(sweep(), gates), text(sweep(), 80)):
        for word in ("seed 7", "a" * 16, "b" * 16, "Not modelled", "Not computed"):
            assert word in told
    told = markdown(sweep(), gates)
    assert "| 6 | 2018-04-11 | 2 [1 to 3] | 2.50 [2 to 3] | > 30 [5 to > 30] |" in told
    assert "![What a delay buys](study1-delays.svg)" in told
    assert max(len(line) for line in text(sweep(), 80).splitlines()) <= 80


def test_a_load_that_is_known_is_drawn_on_a_log_axis() -> None:
    """With a peak load in the rows there is a chart of it, and it is a column of page, text and CSV."""
    found = sweep(load=around(300.0))
    chart = next(one for one in charts(found, found.studies[0]) if one.name == "load")
    assert [layer["encoding"]["y"].get("scale") for layer in chart.spec["layer"]] == [{"type": "log"}, None]
    assert all("peak load" in told for told in (html(found, None), text(found, 120)))
    assert "Not computed" not in text(found, 120)
    assert delays_table(found)[1][0][-3:] == ["299", "300", "301"]


def test_one_delay_has_no_curve_of_delays() -> None:
    """A sweep of one delay is drawn without what compares delays."""
    study = sweep().studies[0]
    one = study.model_copy(update={"rows": study.rows[:1], "gains": ()})
    found: Sweep = sweep().model_copy(update={"studies": (one,)})
    assert [chart.name for chart in charts(found, one)] == ["curve", "sensitivity", "lanes-0"]
    assert "a month of waiting" not in text(found, 80)


def test_charts_are_files_too() -> None:
    """Every chart is drawn without a browser, as SVG with its title and as PNG, the same each time."""
    for chart in charts(sweep(), sweep().studies[0]):
        svg = picture(chart, "svg")
        assert svg.startswith(b"<svg ")
        assert chart.title.encode() in svg
        assert svg == picture(chart, "svg")
    assert picture(chart, "png").startswith(b"\x89PNG\r\n")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("a", "a"), ("=1+1", "'=1+1"), ("-1.5", "-1.5"), ("-x", "'-x"), ('a,"b"', '"a,""b"""'), ("@a", "'@a")],
)
def test_csv_is_quoted_and_computes_nothing(cell: str, expected: str) -> None:
    """A cell with commas or quotes is quoted; one that a spreadsheet would compute is text."""
    assert csv(["h"], [[cell]]) == f"h\n{expected}\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "> 60"), (3.0, "3"), (0.004, "0.00"), (-0.004, "0.00"), (-0.04, "-0.04"), (12.34, "12.3")],
)
def test_numbers_have_few_digits(value: float | None, expected: str) -> None:
    """Numbers are rounded, and zero has no sign."""
    assert number(value, 60) == expected
