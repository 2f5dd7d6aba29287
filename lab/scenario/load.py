"""Turn a scenario file into a checked `Scenario`.

Raises ScenarioError or TimelineError, and nothing else, whatever the file holds.
"""

from __future__ import annotations

from pathlib import Path

from ..clock import format_instant
from ..errors import ScenarioError
from .authority import Source, build_timeline, digest, sources, xml_listings
from .catalogue import find_scenario
from .model import ScenarioFile
from .parts import Checks, event_specs, expectations, subject_specs
from .source import parse_toml, read_file, validate
from .spec import Scenario

__all__ = ["Scenario", "load_scenario", "load_text"]

MAX_KEY_FILE = 65536


def load_scenario(argument: str | Path) -> Scenario:
    """Load a scenario by path or shipped name. Raises ScenarioError or TimelineError."""
    path = find_scenario(str(argument))
    return load_text(read_file(path), path)


def load_text(text: str, path: Path = Path("scenario.toml")) -> Scenario:
    """Load a scenario from its text; `path` names it in errors, and relative paths start at its folder."""
    shown = str(path)
    file = validate(ScenarioFile, parse_toml(text, shown), shown)
    if file.start >= file.stop:
        raise ScenarioError(
            "is not before stop", place=f"{shown}: start", remedy="let the run take some time"
        )
    chain = sources(Source(shown, path, file))
    timeline = build_timeline(chain)
    _check_span(file, shown, timeline.start, timeline.steps[-1].expiration)
    files = _key_files(chain)
    data = {name: _read_key(where, path) for name, (where, path) in files.items()}
    key_files = {name: path for name, (_, path) in files.items()}
    checks = Checks(file, shown, timeline, key_files)
    signer = timeline.key_set(file.start).trusted_signers[0]
    listings = xml_listings(chain, timeline)
    checks.own_keys(files)
    checks.authority_keys(listings)
    return Scenario(
        name=path.stem,
        path=shown,
        title=file.title,
        start=file.start,
        stop=file.stop,
        timeline=timeline,
        anchors_default=(signer,),
        key_names=_key_names(file, checks),
        key_files=key_files,
        xml=listings,
        subjects=subject_specs(checks, (signer,)),
        events=event_specs(checks),
        expectations=expectations(checks),
        digest=digest(chain, data),
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


def _key_files(chain: tuple[Source, ...]) -> dict[str, tuple[str, Path]]:
    """Return the user's own key files by name: where each was named, and its path."""
    found: dict[str, tuple[str, Path]] = {}
    for source in reversed(chain):
        for name, file in source.file.keys.items():
            found[name] = (f"{source.shown}: keys.{name}", source.path.parent / file)
    return found


def _read_key(where: str, path: Path) -> bytes:
    """Return the octets of a key file."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEY_FILE + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise ScenarioError(
            f"{path} cannot be read: {reason}", place=where, remedy="name a PEM file with a private key"
        ) from None
    if len(data) > MAX_KEY_FILE:
        raise ScenarioError(f"{path} is too large", place=where, remedy="a key file holds one private key")
    return data


def _key_names(file: ScenarioFile, checks: Checks) -> tuple[str, ...]:
    """Return every key the scenario speaks of, in the order of first mention: timeline, anchors, the rest."""
    names = [name for step in checks.timeline.steps for name in step.keys.published]
    for subject in file.subject:
        names += subject.anchors or ()
    for event in file.event:
        names += event.anchors.set if event.anchors is not None else ()
    return tuple(dict.fromkeys([*names, *file.authority.xml, *file.keys]))
