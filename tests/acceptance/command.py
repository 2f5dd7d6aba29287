"""The installed command, as a person or a pipeline runs it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ROOTLAB = Path(sys.executable).parent / "rootlab"
QUIET = ("ROOTLAB_DEBUG", "COLUMNS", "NO_COLOR")
"""What a developer may have set, and a fresh machine has not."""


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return standard output read as JSON."""
        return json.loads(self.out)


def rootlab(folder: Path, *arguments: str | Path) -> Ended:
    """Run `rootlab ARGUMENTS...` in a folder."""
    assert ROOTLAB.is_file(), f"{ROOTLAB} is missing: run `make setup`"
    environment = {name: value for name, value in os.environ.items() if name not in QUIET}
    command = [str(ROOTLAB), *map(str, arguments)]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Ended(ended.returncode, ended.stdout, ended.stderr)
