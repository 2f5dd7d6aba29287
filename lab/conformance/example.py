"""A library that speaks the four verbs, made of the lab's own model: an example, and a check of the checks.

    python -m lab.conformance.example                            RFC 5011 read strictly
    python -m lab.conformance.example --model bind               the rules of a model
    python -m lab.conformance.example --rows "AddPend seen Valid"   the same with a mistake in its table

Its state is one JSON file in the folder that `init` names.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from ..clock import Instant, format_instant, parse_instant
from ..dnssec.keys import DS, Key
from ..dnssec.names import ROOT
from ..resolver import managed
from ..resolver.policy import ResolverPolicy
from ..resolver.profiles import MODELS
from ..resolver.refresh import delay_for, initial_intervals, intervals_of, rule
from ..resolver.rfc5011 import Cell, State, TrustPoint
from ..resolver.state.anchors import read as read_anchors
from ..resolver.validator import DnskeySet, read_dnskey_answer, validate

FILE: Final = "trust.json"


class Library:
    """Keep one trust point, by the rules of a policy."""

    def __init__(self, policy: ResolverPolicy) -> None:
        """Take the policy; `init` has to come first."""
        self._policy = policy
        self._point = TrustPoint(ROOT, ())
        self._path = Path()
        self._times = initial_intervals(policy)

    def init(self, now: Instant, folder: str, anchors: list[str]) -> dict[str, Any]:
        """Begin with the stored state, or with the anchors if there is none; refresh at once."""
        self._path = Path(folder) / FILE
        if self._path.exists():
            self._point = _read(self._path)
            self._point = managed.load(self._point, self._policy, now).point
        else:
            entries = read_anchors("\n".join(anchors).encode("ascii"), "anchors").entries
            self._point = TrustPoint(ROOT, tuple(Cell(entry.anchor, State.VALID, now) for entry in entries))
        return {"next": format_instant(now)}

    def refresh(self, now: Instant, response: str | None) -> dict[str, Any]:
        """Take a look at an answer, store what came of it, and plan the next."""
        dnskeys = _dnskeys(response)
        sighting = managed.observe(self._point, self._policy, dnskeys, now)
        self._point = sighting.point
        if dnskeys is not None and sighting.validators:
            self._times = intervals_of(self._policy, self._point, dnskeys, now)
        _write(self._path, self._point)
        delay = delay_for(rule(self._policy.schedule, sighting.result), self._times)
        return {"next": None if delay is None else format_instant(now + delay)}

    def validate(self, now: Instant, response: str) -> dict[str, Any]:
        """Say what a DNSKEY RRset is worth."""
        if self._point.deleted:
            return {"result": "insecure"}
        dnskeys = _dnskeys(response)
        trust, trusted = self._policy.trust, self._point.trusted()
        good = dnskeys is not None and validate(dnskeys, trusted, ROOT, trust, now)
        return {"result": "secure" if good else "bogus"}

    def state(self, now: Instant) -> dict[str, Any]:
        """Say what is known of every key; the tag of a key is the one without REVOKE."""
        return {
            "keys": [
                {
                    "key_tag": cell.anchor.key_tag,
                    "state": cell.state.value,
                    "since": format_instant(cell.since),
                }
                for cell in self._point.cells
            ]
        }


def _dnskeys(response: str | None) -> DnskeySet | None:
    return None if response is None else read_dnskey_answer(base64.b64decode(response)[2:], ROOT)


def _write(path: Path, point: TrustPoint) -> None:
    """Store a trust point, whole or not at all."""
    rows = [
        [_anchor(cell.anchor), cell.state.value, cell.since, cell.hold, cell.ttl, cell.sightings,
         [[algorithm, key.hex()] for algorithm, key in cell.validators]]
        for cell in point.cells
    ]  # fmt: skip
    new = path.with_suffix(".new")
    new.write_text(json.dumps([point.initialised, point.deleted, rows]), encoding="ascii")
    os.replace(new, path)


def _read(path: Path) -> TrustPoint:
    initialised, deleted, rows = json.loads(path.read_text(encoding="ascii"))
    cells = tuple(
        Cell(_unpacked(anchor), State(state), since, hold, ttl, sightings,
             tuple((algorithm, bytes.fromhex(key)) for algorithm, key in validators))
        for anchor, state, since, hold, ttl, sightings, validators in rows
    )  # fmt: skip
    return TrustPoint(ROOT, cells, initialised, deleted=deleted)


def _anchor(anchor: Key | DS) -> list[str]:
    return ["DS" if isinstance(anchor, DS) else "DNSKEY", anchor.rdata.hex()]


def _unpacked(row: list[str]) -> Key | DS:
    kind, data = row
    return (DS if kind == "DS" else Key).from_rdata(bytes.fromhex(data))


def main() -> None:
    """Answer lines on standard input until it ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="rfc5011-strict", choices=list(MODELS))
    parser.add_argument("--rows", default="")
    said = parser.parse_args()
    library = Library(MODELS[said.model].policy.with_rows(said.rows))
    for line in sys.stdin:
        row = json.loads(line)
        verb, now = row.pop("verb"), parse_instant(row.pop("now"))
        print(json.dumps(getattr(library, verb)(now, **row)), flush=True)


if __name__ == "__main__":
    main()
