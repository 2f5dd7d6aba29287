"""The JSON of a verdict: stable keys, in the order that docs/json.md gives."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.causes import CAUSES
from lab.report import REPORTS, Page
from lab.run.verdict import RunResult, SuiteResult

Headers = Mapping[str, Mapping[str, Any]]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "json.md"


def values(result: RunResult | SuiteResult, headers: Headers) -> Any:
    """Return the parsed JSON of a result."""
    return json.loads(REPORTS["json"].render(result, headers, Page()))


def documented(heading: str) -> list[str]:
    """Return the fields that docs/json.md lists under a heading, in order."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)


def test_the_causes_are_documented() -> None:
    """The document lists every cause there is, and no other."""
    assert documented("Causes") == list(CAUSES)


def test_the_keys_of_a_run(passed_run: RunResult, headers: Headers) -> None:
    """A run has exactly the documented keys, in that order, and those of the design come with it."""
    keys = list(values(passed_run, headers))
    assert keys == documented("A run")
    assert [key for key in keys if key in ("scenario", "seed", "verdict", "subjects")] == [
        "scenario", "seed", "verdict", "subjects",
    ]  # fmt: skip


def test_the_keys_of_a_subject(passed_run: RunResult, headers: Headers) -> None:
    """A subject has exactly the documented keys, in that order, whatever befell it."""
    assert [list(subject) for subject in values(passed_run, headers)["subjects"]] == [
        documented("A subject")
    ] * 3


def test_the_keys_of_lists(passed_run: RunResult, headers: Headers) -> None:
    """Outcomes, transitions, anchors and findings have exactly the documented keys."""
    strict = values(passed_run, headers)["subjects"][0]
    assert {name: list(strict[name][0]) for name in ("outcomes", "transitions", "anchors", "findings")} == {
        "outcomes": documented("An outcome"),
        "transitions": documented("A transition"),
        "anchors": documented("An anchor"),
        "findings": documented("A finding"),
    }


def test_the_keys_of_a_suite(suite: SuiteResult, headers: Headers) -> None:
    """A suite is its name, its verdict, and its runs."""
    result = values(suite, headers)
    assert list(result) == documented("A suite")
    assert [run["scenario"] for run in result["runs"]] == ["2018-actual", "2017-planned", "2026-planned"]


def test_a_broken_subject(passed_run: RunResult, headers: Headers) -> None:
    """Instants are RFC 3339 in Z, and what does not exist is null."""
    broken = values(passed_run, headers)["subjects"][1]
    assert {
        name: broken[name] for name in ("version", "first_failure", "last_good", "recovered_at", "cause")
    } == {
        "version": None,
        "first_failure": "2018-10-12T22:00:00Z",
        "last_good": "2018-10-12T21:59:59Z",
        "recovered_at": None,
        "cause": "static-anchor",
    }


def test_a_transition(passed_run: RunResult, headers: Headers) -> None:
    """A transition names the key, both tags, and the states it came from and went to."""
    assert values(passed_run, headers)["subjects"][0]["transitions"][1] == {
        "at": "2017-08-11T03:20:00Z",
        "key": "ksk-2017",
        "key_tag": 20326,
        "wire_tag": 20326,
        "from": "AddPend",
        "to": "Valid",
    }


def test_hostile_text_stays_ascii(failed_run: RunResult, headers: Headers) -> None:
    """Control characters and lone surrogates are escaped, so that any program can read the file."""
    text = REPORTS["json"].render(failed_run, headers, Page())
    assert text.isascii()
    assert "\\ud800" in text
