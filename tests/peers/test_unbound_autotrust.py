"""Unbound's own tests of its trust-anchor machine: 14 of the 28 testdata/autotrust_*.rpl, read in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.replay.configuration import configure
from lab.replay.outcome import ReplayResult
from lab.replay.rpl import read_rpl
from lab.replay.runner import Run, replay
from lab.resolver.profiles import MODELS

NAMES = (
    "10key", "addpend_early", "addpend_once", "addpend_twice", "init", "init_ds", "init_sigs", "missing",
    "missing_returns", "probefail", "revtp", "rollalgo", "rollover", "valid_use",
)  # fmt: skip
CHECKS = 118
"""State files, answers and ranges checked in all of them."""


@pytest.fixture
def folder(shared_data: Path) -> Path:
    """Return where the files are."""
    return shared_data / "rpl-unbound-autotrust"


def results(folder: Path, model: str) -> list[ReplayResult]:
    """Return how a model goes through all files."""
    return [replay(read_rpl(folder / f"autotrust_{name}.rpl"), model) for name in NAMES]


def test_every_file_is_here(folder: Path) -> None:
    """The files are the ones named, so that none goes untested."""
    assert sorted(path.stem for path in folder.glob("*.rpl")) == sorted(f"autotrust_{name}" for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_file_passes(folder: Path, name: str) -> None:
    """The model of Unbound passes every check, state files to the octet."""
    result = replay(read_rpl(folder / f"autotrust_{name}.rpl"))
    assert (result.failures, result.verdict) == ((), "passed")
    assert "text-differs" not in [note.kind for note in result.notes]


def test_all_checks_are_made(folder: Path) -> None:
    """No check is passed over: their number is that of the files."""
    found = results(folder, "unbound")
    assert sum(result.checks for result in found) == CHECKS
    assert [note.kind for result in found for note in result.notes if note.kind != "no-effect"] == ["ignored"]


def test_every_seed_passes(folder: Path) -> None:
    """The random delay stays in the range the files allow, whatever is drawn."""
    script = read_rpl(folder / "autotrust_rollover.rpl")
    assert {replay(script, seed=seed).verdict for seed in range(50)} == {"passed"}


@pytest.mark.parametrize("model", ["rfc5011-strict", "bind", "knot", "sdns", "cdnsd", "static"])
def test_other_models_do_not_pass(folder: Path, model: str) -> None:
    """The files tell Unbound apart: no other implementation passes them all."""
    verdicts = [result.verdict for result in results(folder, model)]
    assert "failed" in verdicts
    assert verdicts.count("passed") <= 5


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ("AddPend answer Valid after add", ("addpend_once",)),
        ("Valid absent -", ("missing", "missing_returns")),
        ("Missing absent -", ("missing", "missing_returns")),
        ("Missing seen -", ("missing_returns",)),
        ("Valid revoked -", ("revtp", "rollalgo", "rollover")),
        ("Start seen -", ("10key", "rollover")),
    ],
)
def test_every_row_counts(folder: Path, rows: str, names: tuple[str, ...]) -> None:
    """With one of Unbound's rows gone or changed these files, among others, fail."""
    profile = MODELS["unbound"]
    mutant = replace(profile, policy=profile.policy.with_rows(rows))
    scripts = {name: read_rpl(folder / f"autotrust_{name}.rpl") for name in names}
    verdicts = {n: Run(script, configure(script), mutant, 0).play().verdict for n, script in scripts.items()}
    assert verdicts == dict.fromkeys(names, "failed")
