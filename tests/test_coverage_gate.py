"""The coverage gate of CI lets nothing through that it should stop."""

from __future__ import annotations

import pytest

from tools.coverage_gate import PACKAGES, report


def files(taken: dict[str, int]) -> dict[str, object]:
    """Return coverage.py's entries for one file of 100 branches in each package."""
    return {
        f"{package}/module.py": {
            "summary": {"covered_branches": count, "num_branches": 100},
            "missing_branches": [[number, number + 1] for number in range(count, 100)],
        }
        for package, count in taken.items()
    }


def test_enough_branches_pass() -> None:
    """Every package exactly at the limit passes."""
    assert report(files(dict.fromkeys(PACKAGES, 95)))


@pytest.mark.parametrize("weak", PACKAGES)
def test_one_weak_package_fails(weak: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A package below the limit fails although the average passes, and its untaken branches are named."""
    assert not report(files(dict.fromkeys(PACKAGES, 100) | {weak: 94}))
    assert f"{weak}/module.py: 94->95 95->96" in capsys.readouterr().out


@pytest.mark.parametrize("lost", PACKAGES)
def test_unmeasured_package_fails(lost: str) -> None:
    """A package that was not measured at all fails, for instance after a rename."""
    measured = {package: 100 for package in PACKAGES if package != lost}
    assert not report(files(measured))


def test_neighbour_with_the_same_prefix_does_not_count() -> None:
    """Only files inside the folder count: lab/runner is not lab/run."""
    renamed = {("lab/runner" if package == "lab/run" else package): 100 for package in PACKAGES}
    assert not report(files(renamed))
