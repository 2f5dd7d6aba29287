"""Render verdicts as JSON: stable, with every field documented in docs/json.md.

Key order is part of the format, so that two versions of a report can be compared line by line. Instants are
RFC 3339 in Z with whole seconds, ascending within a list; a value that does not exist is null, never left
out.
"""

from __future__ import annotations

import json
from typing import Any

from .. import __version__
from ..clock import Instant, format_instant
from ..observation import Anchor, Outcome, Transition
from ..run.verdict import RunResult, SubjectResult, SuiteResult
from . import Headers, Page, Result


def render(result: Result, headers: Headers, page: Page) -> str:
    """Return the JSON text of one run or one suite."""
    if isinstance(result, SuiteResult):
        return dump(suite_values(result, headers))
    return dump(run_values(result, headers))


def dump(values: Any) -> str:
    """Return JSON in the lab's form: two columns of indentation, keys in the given order, ASCII.

    ASCII, because a lone surrogate from a hostile name would make a file that is not UTF-8.
    """
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def suite_values(suite: SuiteResult, headers: Headers) -> dict[str, Any]:
    """Return a suite as JSON values."""
    return {
        "suite": suite.suite,
        "verdict": suite.verdict,
        "lab_version": __version__,
        "runs": [run_values(run, headers) for run in suite.runs],
    }


def run_values(run: RunResult, headers: Headers) -> dict[str, Any]:
    """Return one run as JSON values."""
    header = headers.get(run.scenario, {})
    return {
        "scenario": run.scenario,
        "title": run.title,
        "seed": run.seed,
        "verdict": run.verdict,
        "start": header.get("start"),
        "stop": header.get("stop"),
        "digest": header.get("digest"),
        "lab_version": __version__,
        "notes": list(run.notes),
        "subjects": [_subject(subject) for subject in run.subjects],
    }


def _subject(subject: SubjectResult) -> dict[str, Any]:
    """Return what was seen of one subject as JSON values."""
    return {
        "name": subject.name,
        "kind": subject.kind,
        "version": subject.version or None,
        "verdict": subject.verdict,
        "first_failure": _instant(subject.first_failure),
        "last_good": _instant(subject.last_good),
        "recovered_at": _instant(subject.recovered_at),
        "outcome": subject.outcome,
        "outcomes": [_outcome(outcome) for outcome in subject.outcomes],
        "cause": subject.cause or None,
        "explanation": subject.explanation or None,
        "transitions": [_transition(transition) for transition in subject.transitions],
        "anchors": [_anchor(anchor) for anchor in subject.anchors],
        "sentinels": [{"at": format_instant(one.at), "is_ta": list(one.is_ta)} for one in subject.sentinels],
        "signals": [{"at": format_instant(signal.at), "name": signal.name} for signal in subject.signals],
        "findings": [
            {"expectation": finding.expectation, "verdict": finding.verdict, "message": finding.message}
            for finding in subject.findings
        ],
    }


def _instant(instant: Instant | None) -> str | None:
    """Write an instant, null where there is none."""
    return None if instant is None else format_instant(instant)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    """Return one change of what a client sees."""
    return {
        "at": format_instant(outcome.at),
        "outcome": outcome.outcome,
        "unsigned": outcome.unsigned,
        "cause": outcome.cause or None,
        "ede": outcome.ede,
        "detail": outcome.detail or None,
    }


def _transition(transition: Transition) -> dict[str, Any]:
    """Return one change of state of one key."""
    return {
        "at": format_instant(transition.at),
        "key": transition.key,
        "key_tag": transition.key_tag,
        "wire_tag": transition.wire_tag,
        "from": transition.source,
        "to": transition.target,
    }


def _anchor(anchor: Anchor) -> dict[str, Any]:
    """Return the state of one key at the end of the run."""
    return {
        "key": anchor.key,
        "key_tag": anchor.key_tag,
        "state": anchor.state,
        "since": format_instant(anchor.since),
    }
