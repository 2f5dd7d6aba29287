"""docs/scenarios.md lists what is shipped, in the order of the suites, under the titles of the files."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lab.scenario.catalogue import shipped_scenarios, suites
from lab.scenario.load import Scenario, load_scenario

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "scenarios.md").read_text(encoding="utf-8")

LISTED = re.compile(
    r"^\| (?:(?P<row>\d*) +\| )?\[`(?P<name>[^`]+)`\]\((?P<file>[^)]+)\) \| (?P<title>.+) \|$"
)
MISSING = re.compile(r"^\| (\d+) \| [^\[\n]+\|$", re.MULTILINE)
CAUSE = re.compile(r"facts 6 row (\d+)")
CAUSES = range(1, 23)
"""The rows of the catalogue of causes, facts.md section 6."""


@cache
def scenario_of(name: str) -> Scenario:
    """Load each scenario once."""
    return load_scenario(name)


def section(suite: str) -> list[re.Match[str]]:
    """Return the rows of a suite's table."""
    text = PAGE.partition(f"## Suite `{suite}`\n")[2].partition("\n## ")[0]
    return [row for line in text.splitlines() if (row := LISTED.match(line)) is not None]


def test_every_suite_is_listed() -> None:
    """A section for each suite, with its scenarios in its order, under their titles."""
    listed = {name: [(row["name"], row["title"]) for row in section(name)] for name in suites()}
    assert listed == {
        name: [(scenario, scenario_of(scenario).title) for scenario in suite.scenarios]
        for name, suite in suites().items()
    }


def test_nothing_else_is_listed() -> None:
    """A row that the page has and no suite has would be a scenario nobody can play."""
    rows = [row["name"] for line in PAGE.splitlines() if (row := LISTED.match(line)) is not None]
    assert sorted(rows) == sorted(shipped_scenarios())


def test_links_lead_to_the_files() -> None:
    """Each name links to its own file."""
    rows = [row for name in suites() for row in section(name)]
    files = {row["name"]: (DOCS / row["file"]).resolve() for row in rows}
    assert files == {name: path.resolve() for name, path in shipped_scenarios().items()}


def test_rows_are_those_cited() -> None:
    """The first column of the field failures is the row of the catalogue of causes that the file cites."""
    cited = {
        row["name"]: ", ".join(CAUSE.findall(" ".join(scenario_of(row["name"]).cites)))
        for row in section("field-failures")
    }
    assert {row["name"]: row["row"] for row in section("field-failures")} == cited


def test_every_cause_is_accounted_for() -> None:
    """Each row of the catalogue of causes has a scenario, or is said to have none, and not both."""
    shown = {int(row["row"]) for row in section("field-failures") if row["row"]}
    missing = {int(number) for number in MISSING.findall(PAGE.partition("no model can")[2])}
    assert shown & missing == set()
    assert shown | missing == set(CAUSES)
    assert len(shown) >= 14
