"""docs/scenario-format.md tells the truth: its examples play, and it names every key of the format."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.run.engine import play
from lab.run.judge import judge
from lab.scenario.expectations import EXPECTATIONS
from lab.scenario.load import load_text
from lab.scenario.schema import schema

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scenario-format.md").read_text()
EXAMPLES = [text for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "# no-check" not in text]


@pytest.mark.parametrize("text", EXAMPLES, ids=[text.split('"')[1] for text in EXAMPLES])
def test_examples(text: str) -> None:
    """Every example loads, and where it expects something, that comes true."""
    scenario = load_text(text)
    if scenario.expectations:
        assert judge(play(scenario)).verdict == "passed"


def test_there_are_examples() -> None:
    """The page shows a whole scenario, and most of them are checked."""
    assert len(EXAMPLES) >= 7
    assert PAGE.count("# no-check") <= 2


def test_every_key_is_on_the_page() -> None:
    """A key that the format has and the page has not is a key nobody finds."""
    definitions = schema()["$defs"]
    keys = {key for table in (schema(), *definitions.values()) for key in table.get("properties", {})}
    assert len(keys) > 60
    words = set(re.findall(r"[a-z][a-z0-9-]*", PAGE))
    assert sorted(keys - words) == []


@pytest.mark.parametrize("kind", EXPECTATIONS)
def test_every_kind_of_expectation_is_described(kind: str) -> None:
    """Each row of EXPECTATIONS has its row on the page."""
    assert re.search(rf"^\| `{kind} = ", PAGE, re.MULTILINE)
