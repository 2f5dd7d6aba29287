"""Render verdicts as a report to forward: results first, then what happened, the inputs, and the limits.

Written for somebody who has never run the lab, so it explains its words and says what it does not show.
"""

from __future__ import annotations

from .. import __version__
from ..errors import one_line
from ..run.verdict import RunResult, SubjectResult, SuiteResult
from . import Headers, Page, Result, runs_of
from .wording import (
    EXPECTED,
    FAILURE,
    NOT_MODELLED,
    OUTCOME_WORDS,
    cause_words,
    causes_of,
    outcomes_of,
    recovery,
    unmet,
    when,
)

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#&~"})


def render(result: Result, headers: Headers, page: Page) -> str:
    """Return the Markdown text of one run or one suite."""
    runs = runs_of(result)
    if isinstance(result, SuiteResult):
        lines = [f"# {_safe(result.suite)}: {result.verdict}", "", *_overview(result)]
    else:
        lines = [f"# {_safe(result.scenario)}: {result.verdict}", "", f"{_safe(result.title)}.", ""]
        lines += _table(result)
    lines += _legend(runs)
    lines += _unmet(runs)
    lines += _why(runs)
    for run in runs:
        lines += _happened(run, many=len(runs) > 1)
    lines += _inputs(runs, headers)
    lines += ["## What is not modelled", "", *(f"- {text}" for text in NOT_MODELLED), ""]
    return "\n".join(lines)


def _safe(text: str) -> str:
    """Return text that Markdown shows as it stands, on one line."""
    return one_line(text, 2000).translate(_SPECIAL)


def _row(*cells: str) -> str:
    """Return one row of a table from cells that are safe already."""
    return f"| {' | '.join(cells)} |"


def _head(*titles: str) -> list[str]:
    """Return the head of a table."""
    return [_row(*titles), _row(*("---" for _ in titles))]


def _table(run: RunResult) -> list[str]:
    """Return the table of one scenario."""
    lines = _head("subject", "outcome", "first failure", "recovers", "cause", "verdict")
    lines += [
        _row(
            _safe(subject.name),
            subject.outcome or "-",
            when(subject.first_failure),
            recovery(subject),
            _safe(subject.cause or "-"),
            _verdict(subject.verdict),
        )
        for subject in run.subjects
    ]
    return [*lines, ""]


def _verdict(verdict: str) -> str:
    """Return a verdict, in bold where it is not passed."""
    return verdict if verdict == "passed" else f"**{verdict}**"


def _overview(suite: SuiteResult) -> list[str]:
    """Return the table of a suite: configurations as rows, scenarios as columns."""
    lines = _head("subject", *(_safe(run.scenario) for run in suite.runs))
    names = tuple({subject.name: None for run in suite.runs for subject in run.subjects})
    by_run = [{subject.name: subject for subject in run.subjects} for run in suite.runs]
    lines += [_row(_safe(name), *(_cell(subjects.get(name)) for subjects in by_run)) for name in names]
    lines.append(_row("**verdict**", *(_verdict(run.verdict) for run in suite.runs)))
    return [*lines, ""]


def _cell(subject: SubjectResult | None) -> str:
    """Return one subject in one scenario."""
    if subject is None:
        return ""
    parts = [subject.outcome or "-"]
    if subject.first_failure is not None:
        parts[0] += f" from {when(subject.first_failure)}"
        parts += [f"until {when(subject.recovered_at)}"] if subject.recovered_at is not None else []
        parts += [_safe(subject.cause)] if subject.cause else []
    parts += [] if subject.verdict == "passed" else [_verdict(subject.verdict)]
    return ", ".join(parts)


def _legend(runs: tuple[RunResult, ...]) -> list[str]:
    """Return what the words of the tables mean."""
    lines = [f"- *{outcome}*: {OUTCOME_WORDS[outcome]}." for outcome in outcomes_of(runs)]
    lines.append(f"- *first failure*: {FAILURE}.")
    return [*lines, f"- {EXPECTED}", ""]


def _unmet(runs: tuple[RunResult, ...]) -> list[str]:
    """Return every expectation that does not hold or could not be judged."""
    lines = [
        f"- {_verdict(verdict)} {_safe(run.scenario)}, {_safe(name)}, {_safe(expectation)}: {_safe(message)}"
        for run in runs
        for name, expectation, verdict, message in unmet(run)
    ]
    return ["## Not as expected", "", *lines, ""] if lines else []


def _why(runs: tuple[RunResult, ...]) -> list[str]:
    """Return what each cause means, with its citation."""
    lines = [f"- **{_safe(cause)}**: {_safe(cause_words(cause))}" for cause in causes_of(runs)]
    return ["## Why resolvers fail here", "", *lines, ""] if lines else []


def _happened(run: RunResult, *, many: bool) -> list[str]:
    """Return what happened to each subject of one scenario, in order of time."""
    lines = [f"## What happened{f' in {_safe(run.scenario)}' if many else ''}", ""]
    lines += [f"{_safe(run.title)}.", ""] if many else []
    for note in run.notes:
        lines += [_safe(note), ""]
    if not run.subjects:
        lines += ["No subject was played.", ""]
    for subject in run.subjects:
        version = f" ({_safe(subject.version)})" if subject.version else ""
        lines += [f"### {_safe(subject.name)}", "", f"{_safe(subject.kind)}{version}; {subject.verdict}.", ""]
        lines += [f"{_safe(subject.explanation)}", ""] if subject.explanation else []
        lines += [f"- {when(at)} {words}" for at, words in _steps(subject)]
        lines += [f"- at the end: {_anchors(subject)}"] if subject.anchors else []
        lines.append("")
    return lines


def _steps(subject: SubjectResult) -> list[tuple[int, str]]:
    """Return the changes of a subject's keys and of what its clients see, in order of time."""
    steps = [
        (step.at, f"{_safe(step.key)} (tag {step.wire_tag}): {_safe(step.source)} to {_safe(step.target)}")
        for step in subject.transitions
    ]
    before = ""
    for outcome in subject.outcomes:
        seen = f"{outcome.outcome} {outcome.cause}"
        if seen == before:
            continue
        before = seen
        cause = f" ({_safe(outcome.cause)})" if outcome.cause else ""
        steps.append((outcome.at, f"**{_safe(outcome.outcome)}**{cause}"))
    return sorted(steps, key=lambda step: step[0])


def _anchors(subject: SubjectResult) -> str:
    """Return the states of a subject's keys at the end of the run."""
    return ", ".join(
        f"{_safe(anchor.key)} (tag {anchor.key_tag}) {_safe(anchor.state)} since {when(anchor.since)}"
        for anchor in subject.anchors
    )


def _inputs(runs: tuple[RunResult, ...], headers: Headers) -> list[str]:
    """Return what it takes to make the same report again."""
    lines = ["## Inputs", "", *_head("scenario", "from", "to", "seed", "digest (SHA-256)")]
    for run in runs:
        header = headers.get(run.scenario, {})
        start, stop, digest = (one_line(str(header.get(name) or "-")) for name in ("start", "stop", "digest"))
        lines.append(_row(_safe(run.scenario), start, stop, str(run.seed), f"`{digest}`"))
    made = f"Made by rootlab {__version__}. The same scenario, seed and version give the same report."
    return [*lines, "", made, ""]
