"""Play the runs of an examination: models in memory, libraries as processes, real resolvers on the stage."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ..drivers.theatre import play_daemons
from ..run.cast import DAEMON, World
from ..run.engine import Progress, play
from ..run.record import Record
from ..run.subject import Subject
from ..scenario.spec import Scenario, SubjectSpec
from .examine import Player
from .examinee import Examinee
from .library import LibrarySubject


def player_for(
    examinees: Sequence[Examinee], *, logs: Path | None = None, tell: Callable[[str], None] | None = None
) -> Player:
    """Return who plays the runs of some examinees; `logs` is a folder that gets what programs say.

    What it raises is what `play` and `play_daemons` raise.
    """
    libraries = {who.model: who.library for who in examinees if who.library is not None}

    def player(scenario: Scenario, seed: int | None, progress: Progress | None) -> Record:
        real = [
            one for one in scenario.subjects if one.model.startswith(DAEMON) and one.model not in libraries
        ]
        if real:
            return play_daemons(scenario, (), seed=seed, progress=progress, logs=logs, tell=tell)
        with tempfile.TemporaryDirectory(prefix="rootlab-library-") as folder:
            made: list[LibrarySubject] = []

            def make(spec: SubjectSpec, world: World) -> Subject:
                library = libraries[spec.model]
                assert library is not None
                place = Path(folder) / f"{len(made)}"
                place.mkdir()
                made.append(LibrarySubject(spec, world, library, place))
                return made[-1]

            try:
                return play(scenario, seed=seed, progress=progress, daemons=make)
            finally:
                for one in made:
                    one.close()

    return player
