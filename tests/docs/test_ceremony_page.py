"""docs/ceremony.md is what the rules of `ceremony lint` say now."""

from __future__ import annotations

from lab.authority.ceremony_lint import RULES
from lab.report.ceremony_page import render
from tests.docs.pages import ROOT


def test_ceremony_page_is_generated() -> None:
    """The page equals its data: `python -m lab.report.ceremony_page > docs/ceremony.md` was run."""
    assert (ROOT / "docs" / "ceremony.md").read_text(encoding="utf-8") == render()


def test_ceremony_page_is_complete() -> None:
    """Every rule has its line."""
    page = render()
    assert [name for name in RULES if page.count(f"\n| `{name}` | ") != 1] == []
