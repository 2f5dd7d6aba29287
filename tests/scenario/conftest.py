"""Give the tests of scenario files a file with every key of the format, and a small one to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.resources import zones_path

HEAD = """title = "Small"
start = 2017-07-01
stop = 2018-06-01
"""
QUARTERS = """[authority]
keys = ["ksk-2010", "ksk-2017"]
quarters = { 2017Q3 = "pre-publish", 2017Q4 = "rollover", 2018Q1 = "revoke" }
"""
SUBJECTS = """[[subject]]
name = "unbound"
[[subject]]
name = "bind"
"""


@pytest.fixture
def small() -> str:
    """Return the text of a small scenario that ends inside its second subject's table."""
    return HEAD + QUARTERS + SUBJECTS


@pytest.fixture(scope="session")
def everything_text() -> str:
    """Return the text of a scenario with every key of the format."""
    return (Path(__file__).parent / "everything.toml").read_text()


@pytest.fixture(scope="session")
def everything(everything_text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of that scenario, with the user's key it names beside it."""
    folder = tmp_path_factory.mktemp("everything")
    (folder / "own.pem").write_bytes((zones_path() / "keys" / "ksk-spare-1.pem").read_bytes())
    path = folder / "everything.toml"
    path.write_text(everything_text)
    return path
