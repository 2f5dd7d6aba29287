"""The process that plays real resolvers for a test: `played.play_apart` starts it."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from ..drivers.theatre import play_daemons
from ..errors import LabError


def main() -> None:
    """Play the job in the first file named on the command line, and write what came of it to the second."""
    job, answer = (Path(name) for name in sys.argv[1:3])
    scenario, subjects, seed = pickle.loads(job.read_bytes())  # noqa: S301 - our own parent wrote it
    try:
        value: object = play_daemons(scenario, subjects, seed=seed, tell=_tell)
        fine = True
    except LabError as error:
        fine, value = False, error
    answer.write_bytes(pickle.dumps((fine, value)))


def _tell(what: str) -> None:
    """Pass on what is worth knowing of how it is played; pytest shows it with a failed test."""
    print(what, file=sys.stderr)
