"""Fail unless the tests take nearly every branch of the packages that decide who fails and when.

coverage.py's own `fail_under` is one number for everything, lines and branches together: a package could hide
behind its neighbours, and untaken branches behind taken lines.

    coverage json && python -m tools.coverage_gate coverage.json        exit status 1 below the limit
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PACKAGES = ("lab/authority", "lab/resolver", "lab/run")
LIMIT = 95.0
"""Least percentage of branches taken, in each of the packages (issue 2)."""

Files = Mapping[str, Any]


def branches(files: Files, package: str) -> tuple[int, int]:
    """Return how many branches of a package the tests took, and how many there are."""
    inside = [entry["summary"] for name, entry in files.items() if Path(name).is_relative_to(package)]
    return sum(s["covered_branches"] for s in inside), sum(s["num_branches"] for s in inside)


def untaken(files: Files, package: str) -> list[str]:
    """Name the branches of a package that no test takes, as `file: from->to` with line numbers."""
    return [
        f"{name}: " + " ".join(f"{start}->{end}" for start, end in sorted(entry["missing_branches"]))
        for name, entry in sorted(files.items())
        if Path(name).is_relative_to(package) and entry["missing_branches"]
    ]


def report(files: Files) -> bool:
    """Print one line for each package, with what is missing from one below the limit; say if all pass.

    A package without branches was not measured, which must not pass for a success.
    """
    good = True
    for package in PACKAGES:
        taken, total = branches(files, package)
        percent = 100 * taken / total if total else 0.0
        print(f"{package}: {taken} of {total} branches, {percent:.1f} % (at least {LIMIT:.0f} %)")
        if percent < LIMIT:
            good = False
            print("\n".join(untaken(files, package)))
    return good


def main(path: str) -> int:
    """Judge the report that `coverage json` wrote to a file."""
    return 0 if report(json.loads(Path(path).read_text())["files"]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
