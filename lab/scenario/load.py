"""Turn a scenario file into a checked `Scenario`.

Raises ScenarioError or TimelineError, and nothing else, whatever the file holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..clock import format_instant
from ..errors import ScenarioError
from .authority import Source, build_timeline, digest, sources, xml_listings
from .catalogue import find_scenario
from .keys import KnownKeys, key_files
from .model import ScenarioFile
from .parts import Checks, event_specs, expectations, subject_specs
from .source import parse_toml, read_file, validate
from .spec import Scenario

__all__ = ["Scenario", "load_scenario", "load_tables", "load_text"]


def load_scenario(argument: str | Path) -> Scenario:
    """Load a scenario by path or shipped name. Raises ScenarioError or TimelineError."""
    path = find_scenario(str(argument))
    return load_text(read_file(path), path)


def load_text(text: str, path: Path = Path("scenario.toml")) -> Scenario:
    """Load a scenario from its text; `path` names it in errors, and relative paths start at its folder."""
    return load_tables(parse_toml(text, str(path)), path)


def load_tables(tables: Mapping[str, Any], path: Path = Path("scenario.toml")) -> Scenario:
    """Load a scenario from the tables its file would have, as `tomllib` reads them; instants may be text."""
    shown = str(path)
    file = validate(ScenarioFile, tables, shown)
    if file.start >= file.stop:
        raise ScenarioError(
            "is not before stop", place=f"{shown}: start", remedy="let the run take some time"
        )
    chain = sources(Source(shown, path, file))
    files = key_files(chain)
    paths = {name: own.path for name, own in files.items()}
    known = KnownKeys(paths)
    known.check_authority(chain)
    timeline = build_timeline(chain)
    _check_span(file, shown, timeline.start, timeline.steps[-1].expiration)
    checks = Checks(file, shown, timeline, known)
    signer = timeline.key_set(file.start).trusted_signers[0]
    return Scenario(
        name=path.stem,
        path=shown,
        title=file.title,
        start=file.start,
        stop=file.stop,
        timeline=timeline,
        anchors_default=(signer,),
        key_names=_key_names(file, checks),
        key_files=paths,
        xml=xml_listings(chain, timeline),
        subjects=subject_specs(checks, (signer,)),
        events=event_specs(checks),
        expectations=expectations(checks),
        digest=digest(chain, {name: own.data for name, own in files.items()}),
        cites=file.cites,
        notes=file.notes,
        seed=file.seed,
    )


def _check_span(file: ScenarioFile, shown: str, begin: int, end: int) -> None:
    """Refuse a run that begins before its zone does, or for which IANA's grid has no signatures."""
    if file.start < begin:
        raise ScenarioError(
            f"there is no zone before {format_instant(begin)}",
            place=f"{shown}: start",
            remedy="start the run later or the timeline earlier",
        )
    if file.authority.history and file.stop > end:
        raise ScenarioError(
            f"the root's own timeline ends at {format_instant(end)}",
            place=f"{shown}: stop",
            remedy="stop the run earlier, or write the timeline in quarters",
        )


def _key_names(file: ScenarioFile, checks: Checks) -> tuple[str, ...]:
    """Return every key the scenario speaks of, in the order of first mention: timeline, anchors, the rest."""
    names = [name for step in checks.timeline.steps for name in step.keys.published]
    for subject in file.subject:
        names += subject.anchors or ()
    for event in file.event:
        names += event.anchors.set if event.anchors is not None else ()
    return tuple(dict.fromkeys([*names, *file.authority.xml, *file.keys]))
