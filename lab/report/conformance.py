"""Render an examination: for a terminal, for programs, for a CI server; the page is `conformance_page`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from .. import __version__
from ..clock import format_instant
from ..conformance.case import Case
from ..conformance.result import (
    FAIL,
    INCONCLUSIVE,
    NOT_APPLICABLE,
    PASS,
    STATUSES,
    XFAIL,
    CaseResult,
    Examination,
    repro,
)
from . import Page
from .conformance_page import render as render_page
from .junit import clean
from .sheet import STYLES, paragraph, screen, table, text_of

STATUS_STYLES: Final = {
    PASS: STYLES["passed"], FAIL: STYLES["failed"], XFAIL: "yellow", INCONCLUSIVE: STYLES["inconclusive"],
    NOT_APPLICABLE: "",
}  # fmt: skip

Said = Mapping[str, str]
"""Examinee -> how the command line named it, for lines that repeat a result."""


def cases_text(cases: Sequence[Case], page: Page) -> str:
    """Return the cases as a table: identifier and title."""
    console, grid = screen(page), table()
    grid.add_column("case", no_wrap=True)
    grid.add_column("what is demanded", overflow="fold")
    for case in cases:
        grid.add_row(case.id, case.title)
    console.print(grid)
    paragraph(console, f"{len(cases)} cases. With --format json: the sentence of the RFC behind each.")
    return text_of(console)


def cases_json(cases: Sequence[Case]) -> str:
    """Return the cases as JSON: a list of id, title and cites."""
    rows = [{"id": case.id, "title": case.title, "cites": list(case.cites)} for case in cases]
    return json.dumps(rows, indent=2, ensure_ascii=True) + "\n"


def render_text(result: Examination, page: Page, said: Said) -> str:
    """Return a table of who did how, and below it all that was not passed, known failures last."""
    console, grid = screen(page), table()
    for head in ("subject", "version"):
        grid.add_column(head, no_wrap=True)
    for head in ("pass", "fail", "xfail", "unsure", "n/a"):
        grid.add_column(head, justify="right", no_wrap=True)
    for name, _, version in result.examinees:
        grid.add_row(name, version[:20], *(str(result.count(status, name)) for status in STATUSES))
    console.print(grid)
    for status in (FAIL, INCONCLUSIVE, XFAIL):
        found = [one for one in result.results if one.status == status]
        if status == XFAIL and len(result.examinees) > 1:
            _known_text(console, found)
            continue
        for one in found:
            _one_text(console, result, one, said)
    console.print()
    console.print(f"conformance: {result.verdict}", style=STYLES[result.verdict])
    return text_of(console)


def _one_text(console: Any, result: Examination, one: CaseResult, said: Said) -> None:
    """Print one result with what was seen, why if that is known, and how to repeat it."""
    title = next(case.title for case in result.cases if case.id == one.case)
    console.print()
    console.print(f"{one.status.upper()} {one.case}  {one.examinee}", style=STATUS_STYLES[one.status])
    paragraph(console, title, indent=2)
    paragraph(console, one.message, indent=2)
    if one.reason:
        paragraph(console, f"why: {one.reason}", indent=2)
    if one.status != XFAIL:
        paragraph(console, repro(one, result.seed, said.get(one.examinee, "")), indent=2)


def _known_text(console: Any, found: Sequence[CaseResult]) -> None:
    """Print known failures by reason."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for one in found:
        reasons.setdefault(one.reason, {}).setdefault(one.examinee, []).append(one.case)
    if reasons:
        console.print()
        console.print("Known failures, by reason:")
    for reason, names in reasons.items():
        console.print()
        paragraph(console, f"{reason}:", indent=2)
        by: dict[tuple[str, ...], list[str]] = {}
        for name, cases in names.items():
            by.setdefault(tuple(cases), []).append(name)
        for same, who in by.items():
            paragraph(console, f"{', '.join(who)}: {', '.join(same)}", indent=4)


def render_json(result: Examination, page: Page, said: Said) -> str:
    """Return every fact (docs/json.md)."""
    value = {
        "verdict": result.verdict,
        "seed": result.seed,
        "lab_version": __version__,
        "cases": [{"id": case.id, "title": case.title, "cites": list(case.cites)} for case in result.cases],
        "subjects": [
            {"name": name, "kind": kind, "version": version or None}
            | {status: result.count(status, name) for status in STATUSES}
            for name, kind, version in result.examinees
        ],
        "results": [_row(one) for one in result.results],
    }
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"


def _row(one: CaseResult) -> dict[str, Any]:
    first = one.seen.first_failure if one.seen is not None else None
    return {
        "case": one.case,
        "subject": one.examinee,
        "status": one.status,
        "message": one.message,
        "reason": one.reason or None,
        "first_failure": None if first is None else format_instant(first),
    }


_TAGS: Final = {FAIL: "failure", INCONCLUSIVE: "error", XFAIL: "skipped", NOT_APPLICABLE: "skipped"}


def render_junit(result: Examination, page: Page, said: Said) -> str:
    """Return JUnit XML: a suite for each subject, a test case for each case.

    Known failures and cases that do not apply are `skipped`, with the reason; no evidence is an `error`.
    """
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="rootlab conformance" {_counts(result)}>',
    ]
    for name, _, version in result.examinees:
        lines.append(f"  <testsuite name={quoteattr(clean(name))} {_counts(result, name)}>")
        lines.append(
            f'    <properties><property name="version" value={quoteattr(clean(version))}/></properties>'
        )
        for case in result.cases:
            lines += _junit_case(result, result.of(case.id, name), case.title, said)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _junit_case(result: Examination, one: CaseResult, title: str, said: Said) -> list[str]:
    head = f'    <testcase classname={quoteattr(clean(one.examinee))} name={quoteattr(one.case)} time="0">'
    lines, tag = [head], _TAGS.get(one.status)
    if tag:
        why = f"{one.message} (known: {one.reason})" if one.reason else one.message
        body = f"{title}\n{why}"
        if one.status in (FAIL, INCONCLUSIVE):
            body += f"\n{repro(one, result.seed, said.get(one.examinee, ''))}"
        lines.append(f"      <{tag} message={quoteattr(clean(why))}>{escape(clean(body))}</{tag}>")
    return [*lines, "    </testcase>"]


def _counts(result: Examination, name: str | None = None) -> str:
    failures, errors = result.count(FAIL, name), result.count(INCONCLUSIVE, name)
    skipped = result.count(XFAIL, name) + result.count(NOT_APPLICABLE, name)
    tests = sum(result.count(status, name) for status in STATUSES)
    return f'tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"'


FORMATS: Final[dict[str, Callable[[Examination, Page, Said], str]]] = {
    "text": render_text,
    "json": render_json,
    "junit": render_junit,
    "html": lambda result, _page, said: render_page(result, said),
}
"""Every format of an examination, by the name of `--format`."""
SUFFIXES: Final = {".txt": "text", ".json": "json", ".xml": "junit", ".html": "html"}
"""The format that the suffix of a report's name asks for."""
