"""The command `rootlab plan backtest`: four tables, what they rest on, and refusals."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from .ended import Rootlab


def test_backtest_writes_tables(rootlab: Rootlab, tmp_path: Path) -> None:
    """The folder is made; it has the tables and the assumptions, and standard output says what they mean."""
    out = tmp_path / "new" / "bt"
    ended = rootlab("plan", "backtest", "--fleet", "2017", "--out", out, "--draws", "100")
    assert (ended.status, ended.err) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == [
        "adoption.csv", "backtest.json", "drain.csv", "load.csv", "revocation.csv",
    ]  # fmt: skip
    for name, rows in (("adoption", 548), ("drain", 74), ("revocation", 83), ("load", 245)):
        lines = (out / f"{name}.csv").read_text().splitlines()
        assert (lines[0], len(lines)) == ("when,low,median,high", rows)
    about = json.loads((out / "backtest.json").read_text())
    assert about["cut_off"] == "2017-09-30"
    assert about["assumptions"]["real"]["source"]
    assert "cut-off 2017-09-30; rolled 2018-10-11T16:00:00Z" in ended.out
    assert "seed 1, 100 draws" in ended.out
    assert "Not modelled" in ended.out


def test_backtest_refuses(rootlab: Rootlab, tmp_path: Path) -> None:
    """A fleet that was fitted to nothing, or a folder that cannot be made, is one line and exit status 2."""
    wrong = rootlab("plan", "backtest", "--fleet", "2026", "--out", tmp_path / "x")
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)
    assert "nothing in this fleet was fitted" in wrong.err
    (tmp_path / "file").write_text("")
    ended = rootlab("plan", "backtest", "--out", tmp_path / "file" / "x")
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert "cannot be made" in ended.err


def test_without_numpy(rootlab: Rootlab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain install has no numpy: one line that says what to install."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    ended = rootlab("plan", "backtest", "--out", tmp_path / "x")
    assert ended.err.count("\n") == 1
    assert "pip install 'root-rollover-lab[population]'" in ended.err
    assert not (tmp_path / "x").exists()
