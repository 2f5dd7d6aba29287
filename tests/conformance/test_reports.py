"""The reports of an examination: text, JSON, JUnit and the page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from defusedxml.ElementTree import fromstring

from lab.conformance.case import choose
from lab.conformance.examine import examine
from lab.conformance.examinee import examinee
from lab.conformance.result import STATUSES, Examination
from lab.conformance.stage import player_for
from lab.report import Page
from lab.report.conformance import FORMATS, SUFFIXES

SAID = {"<knot>": "--sut <knot>.toml"}


@pytest.fixture(scope="module")
def result() -> Examination:
    """Examine three in some cases, with one failure nobody knows of, and one with an awkward name."""
    knot = replace(examinee("knot"), name="<knot>", xfails={})
    who = [examinee("unbound"), knot, examinee("static")]
    cases = choose(("RFC5011-2.1-REV-02", "RFC5011-2.2-ADD-05", "RFC4035-5.2-SIG-05", "RFC5011-2.2-ADD-01"))
    return examine(cases, who, player_for(who))


def rendered(result: Examination, form: str, width: int = 80) -> str:
    """Return a report."""
    return FORMATS[form](result, Page(width), SAID)


def test_text(result: Examination) -> None:
    """The text counts, tells each failure with a line that repeats it, and fits 80 columns."""
    text = rendered(result, "text")
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^<knot>\s+5\.6\.0\s+3\s+1\s+0\s+0\s+0$", text, re.MULTILINE)
    assert "FAIL RFC5011-2.1-REV-02  <knot>" in text
    assert "rootlab conformance run --case RFC5011-2.1-REV-02 --sut <knot>.toml" in text
    assert "unbound: RFC5011-2.2-ADD-05" in text
    assert text.endswith("conformance: failed\n")


def test_text_of_one(result: Examination) -> None:
    """Of one subject each known failure is told in full, with the reason."""
    who = [examinee("unbound")]
    alone = examine(choose(("RFC5011-2.2-ADD-05",)), who, player_for(who))
    text = rendered(alone, "text")
    assert "XFAIL RFC5011-2.2-ADD-05  unbound" in text
    assert "why: any answer ends a hold-down" in text


def test_json(result: Examination) -> None:
    """The JSON has every case, subject and result, and counts that add up."""
    value = json.loads(rendered(result, "json"))
    assert list(value) == ["verdict", "seed", "lab_version", "cases", "subjects", "results"]
    assert len(value["results"]) == len(value["cases"]) * len(value["subjects"]) == 12
    for subject in value["subjects"]:
        assert sum(subject[status] for status in STATUSES) == 4
    known = next(row for row in value["results"] if row["status"] == "xfail")
    assert (known["case"], known["subject"]) == ("RFC5011-2.2-ADD-05", "unbound")
    assert known["reason"].startswith("any answer ends")
    assert known["first_failure"] == "2020-03-27T12:00:00Z" or known["first_failure"] is not None


def test_junit(result: Examination) -> None:
    """The XML has a suite for each subject; failures fail, known ones and n/a are skipped."""
    suites = fromstring(rendered(result, "junit"))
    assert [suite.get("name") for suite in suites] == ["unbound", "<knot>", "static"]
    counts = [tuple(suite.get(key) for key in ("tests", "failures", "errors", "skipped")) for suite in suites]
    assert counts == [("4", "0", "0", "1"), ("4", "1", "0", "0"), ("4", "0", "0", "3")]
    (failure,) = suites.iter("failure")
    assert "--case RFC5011-2.1-REV-02" in (failure.text or "")


class Links(HTMLParser):
    """Collect what a page refers to, and the anchors it has."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.targets: list[str] = []
        self.anchors: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag."""
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name in ("href", "src")]
        self.anchors += [value or "" for name, value in attrs if name == "id"]


def test_page(result: Examination) -> None:
    """The page needs nothing from outside, escapes names, and says where subjects differ and why."""
    page = rendered(result, "html")
    links = Links()
    links.feed(page)
    assert not re.search(r"https?:|//|url\(|@import", page)
    assert not {"script", "link", "img", "iframe", "knot"} & set(links.tags)
    assert all(target.removeprefix("#") in links.anchors for target in links.targets)
    assert len(links.targets) == len(links.anchors) == 2
    assert "&lt;knot&gt;: expected ksk-spare-1 never to become Revoked" in page
    assert "unbound: any answer ends a hold-down" in page
    assert "Passed by unbound" in page
    assert 'name="viewport"' in page
    assert page.count("<table>") == 3


def test_page_tells_what_nobody_passed() -> None:
    """A case that all fail is no difference, and has a place of its own."""
    who = [examinee("unbound"), examinee("bind")]
    cases = choose(("RFC5011-2.4.1-ADD-10",))
    page = rendered(examine(cases, who, player_for(who)), "html")
    assert "What nobody passed" in page
    assert "0 cases; in the other 1" in page


def test_every_format_has_a_suffix() -> None:
    """A report in each format can be asked for by the suffix of its name."""
    assert set(SUFFIXES.values()) == set(FORMATS)
