"""Keep what helps to understand a failure: one folder for each examinee and case that failed.

| file | |
|---|---|
| `repro.txt` | the command line that repeats it |
| `record.jsonl` | all that was seen of the subject, for `rootlab explain` |
| `zone.txt` | the root zone, signed, at the instant of the failure |
| `state.json` | what the subject trusted in the end |
| `case.toml` | the case |
| `*.log` | what a real resolver said |
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..authority.keyring import KeyRing
from ..authority.signer import ZoneSigner
from ..authority.zone_file import zone_text
from ..clock import Instant, format_instant
from ..errors import UserError
from ..run.record import Record
from .case import Case
from .examine import Sitting
from .result import FAIL, INCONCLUSIVE, CaseResult, repro

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def folder_name(name: str) -> str:
    """Return an examinee's name as that of a folder: `daemon:unbound` is `daemon-unbound`."""
    return _UNSAFE.sub("-", name).strip("-.") or "subject"


def keep_failures(
    folder: Path, said: Mapping[str, str], sitting: Sitting, record: Record, results: Sequence[CaseResult]
) -> list[Path]:
    """Write the artifacts of all that failed in a run and return their folders. Raises UserError."""
    kept = []
    for name, life, who in sitting.places:
        for case in life.cases:
            result = next((one for one in results if (one.case, one.examinee) == (case.id, who.name)), None)
            if result is not None and result.status in (FAIL, INCONCLUSIVE):
                place = folder / folder_name(who.name) / case.id
                try:
                    _write(place, case, _alone(record, name), result, said.get(who.name, ""))
                except OSError as error:
                    raise UserError(
                        f"cannot be written: {error.strerror}", place=str(place), remedy="name another folder"
                    ) from None
                kept.append(place)
    return kept


def keep_logs(logs: Path, kept: Sequence[Path]) -> None:
    """Copy the logs of a run beside what was kept of it."""
    for log in sorted(logs.iterdir()):
        for place in kept:
            shutil.copy(log, place / log.name)


def _alone(record: Record, name: str) -> Record:
    """Return a record with one of its subjects."""
    header = dict(record.header)
    header["subjects"] = [row for row in header["subjects"] if row["name"] == name]
    header["expectations"] = [row for row in header["expectations"] if row["subject"] == name]
    return Record(header, tuple(seen for seen in record.observations if seen.subject in ("", name)))


def _write(place: Path, case: Case, record: Record, result: CaseResult, said: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    seen = result.seen
    at = case.scenario.stop if seen is None or seen.first_failure is None else seen.first_failure
    anchors = () if seen is None else seen.anchors
    state = [
        {"key": one.key, "key_tag": one.key_tag, "state": one.state, "since": format_instant(one.since)}
        for one in anchors
    ]
    texts = {
        "repro.txt": repro(result, int(record.header["seed"]), said) + "\n" + result.message + "\n",
        "zone.txt": _zone(case, at),
        "state.json": json.dumps(state, indent=2) + "\n",
        "case.toml": Path(case.scenario.path).read_text(encoding="utf-8"),
    }
    record.write(place / "record.jsonl")
    for name, text in texts.items():
        new = place / f".{name}.new"
        new.write_text(text, encoding="utf-8")
        os.replace(new, place / name)


def _zone(case: Case, at: Instant) -> str:
    """Return the zone that was served at an instant, or at the end of what was signed before it."""
    scenario = case.scenario
    at = min(at, scenario.stop - 1)
    step = scenario.timeline.step(at)
    signer = ZoneSigner(scenario.timeline, KeyRing(scenario.key_files), watermark=case.id)
    return zone_text(signer, min(at, step.expiration))
