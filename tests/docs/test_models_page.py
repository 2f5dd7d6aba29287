"""docs/models.md and the picture in README.md are what the code draws now."""

from __future__ import annotations

from pathlib import Path

from lab.cli import main
from lab.report.models_page import render
from lab.resolver.policy import KNOBS
from lab.resolver.profiles import MODELS
from tests.docs.pages import ROOT, anchors, links


def test_models_page_is_generated() -> None:
    """The page equals its data: `python -m lab.report.models_page > docs/models.md` was run."""
    assert (ROOT / "docs" / "models.md").read_text(encoding="utf-8") == render()


def test_models_page_is_complete() -> None:
    """Every model has its section, every knob its row."""
    page = render()
    assert [name for name in MODELS if f"\n### {name}\n" not in page] == []
    assert [knob for knob in KNOBS if f"\n| `{knob}` |" not in page] == []


def test_models_page_links_to_itself() -> None:
    """The table at the top leads to the sections."""
    page = render()
    inside = [target[1:] for target in links(page) if target.startswith("#")]
    assert len(inside) >= len(MODELS)
    assert [target for target in inside if target not in anchors(page)] == []


def test_picture_is_generated(tmp_path: Path) -> None:
    """The picture equals what `rootlab timeline 2018-actual --format svg` draws."""
    drawn = tmp_path / "drawn.svg"
    assert main(["timeline", "2018-actual", "--format", "svg", "--output", str(drawn)]) == 0
    assert (ROOT / "docs" / "2018-actual.svg").read_text(encoding="utf-8") == drawn.read_text(
        encoding="utf-8"
    )
