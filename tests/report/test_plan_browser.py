"""The report of a sweep in a real Chromium: nothing on the console, no request to anybody, legible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from lab.population.decide_gate import load_gates
from lab.report.plan_page import html

from ..population.sweeps import GATE, around, sweep

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  const inside = node => node.closest(".wide") !== null;
  return [...document.querySelectorAll("body *")]
    .filter(node => !inside(node) && node.getBoundingClientRect().right > wide + 1)
    .map(node => node.tagName + "." + node.className).slice(0, 5);
}"""
"""What sticks out to the right of the window, tables that scroll left out."""


@pytest.fixture(scope="module")
def browser(debian_tool: Callable[[str], str]) -> Iterator[Browser]:
    """Return Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=debian_tool("chromium"), args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a report that has everything a report may have."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "gates.toml").write_text(GATE)
    path = folder / "report.html"
    path.write_text(html(sweep(load=around(3.0)), load_gates(folder / "gates.toml")))
    return path


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_stands_alone_and_fits(browser: Browser, report: Path, width: int) -> None:
    """Every chart is drawn without a word on the console or a request, and nothing sticks out."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    page.wait_for_function(
        "[...document.querySelectorAll('.chart')].every(node => node.querySelector('svg'))"
    )
    assert page.locator(".chart").count() == 6
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate(WIDER) == []
    sizes: Any = page.evaluate(
        "() => [...document.querySelectorAll('body p, body li, .chart text')]"
        ".map(node => parseFloat(getComputedStyle(node).fontSize))"
    )
    assert min(sizes) >= 10
    first = page.locator(".first").inner_text()
    for word in (
        "No-go",
        "3 [2 to 4] %",
        "of resolvers broken if the key rolls as planned, on 2017-10-11 (median, 90 % interval)",
        "share of static-old",
        "share of bind",
        "share of firmware",
    ):
        assert word in first
    assert page.evaluate("document.querySelector('.first').getBoundingClientRect().bottom") < 900
    page.close()


def test_tables_can_be_taken_away(browser: Browser, report: Path, tmp_path: Path) -> None:
    """A click on the name of a table saves it as CSV."""
    page = browser.new_page()
    page.goto(report.as_uri())
    with page.expect_download() as waiting:
        page.click("a[download='delays.csv']")
    waiting.value.save_as(tmp_path / "got.csv")
    head, first, _ = (tmp_path / "got.csv").read_text().splitlines()
    assert head.startswith("fleet,timeline,months,rolls_at,resolvers_broken_low")
    assert first.startswith("2017,2017-planned,0,2017-10-11T16:00:00Z,2,3,4,")
    page.close()
