"""Find the data the lab ships: zones/ and scenarios/, in a checkout, an editable install or a wheel.

A wheel carries both folders inside the package (`lab/_data`); a checkout has them beside it.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_path(name: str) -> Path:
    """Return the shipped folder `name` ("zones" or "scenarios").

    The installed copy wins, so that a wheel never picks up a stranger's folder next to it.
    """
    installed = _PACKAGE / "_data" / name
    path = installed if installed.is_dir() else _PACKAGE.parent / name
    assert path.is_dir(), f"the installation is incomplete: {path} is missing"
    return path


def zones_path() -> Path:
    """Return the folder of unsigned zones, hints and test keys."""
    return data_path("zones")


def scenarios_path() -> Path:
    """Return the folder of shipped scenarios."""
    return data_path("scenarios")
