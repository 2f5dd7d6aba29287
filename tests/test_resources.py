"""Test where the lab finds the data it ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import resources
from lab.resources import data_path, scenarios_path, zones_path


def test_checkout() -> None:
    """In a checkout both folders lie beside the package."""
    assert (zones_path() / "keys" / "README.md").is_file()
    assert scenarios_path() == data_path("scenarios")


def test_installed_copy_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel takes its own copy, not a folder of the same name that happens to lie beside it."""
    package = tmp_path / "site-packages" / "lab"
    for folder in (package / "_data" / "zones", package.parent / "zones"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert zones_path() == package / "_data" / "zones"


def test_incomplete_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its data the lab is broken, and says which folder is missing."""
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "lab")
    with pytest.raises(AssertionError, match=r"incomplete: .*scenarios is missing"):
        scenarios_path()
