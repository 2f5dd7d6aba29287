"""The conformance page: who passes which case, where they differ, and why. One HTML file that needs no other.

No script, no font and no picture from anywhere: it can be mailed, archived and served from a folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import groupby

from .. import __version__
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

SIGNS = {PASS: "✓", FAIL: "✗", XFAIL: "(✗)", INCONCLUSIVE: "?", NOT_APPLICABLE: "·"}
WORDS = {
    PASS: "passed",
    FAIL: "failed",
    XFAIL: "fails, and is known to",
    INCONCLUSIVE: "not seen",
    NOT_APPLICABLE: "does not apply",
}

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 1240px;
  background: var(--paper); overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
.wide { overflow-x: auto; border: 1px solid var(--line); }
table { border-collapse: collapse; font-size: .875rem; }
th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--line); text-align: center;
  white-space: nowrap; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--paper);
  font-weight: normal; }
thead th { vertical-align: bottom; font-weight: 600; }
thead th.who { padding: .5rem .25rem; }
thead th.who span { writing-mode: vertical-rl; transform: rotate(180deg); }
.pass { color: #17803d; } .fail { color: #fff; background: #b42318; font-weight: 700; }
.xfail { color: #8a5a00; } .inconclusive { color: #fff; background: #7a5af8; }
.not-applicable { color: #777; }
@media (prefers-color-scheme: dark) { .pass { color: #4ac776; } .xfail { color: #f0b849; } }
details { border-bottom: 1px solid var(--line); padding: .5rem 0; } summary { cursor: pointer; }
details p, details ul { margin: .5rem 0; } code { overflow-wrap: anywhere; font-size: .875rem; }
.legend span { display: inline-block; min-width: 2rem; text-align: center; }
"""


def render(result: Examination, said: Mapping[str, str]) -> str:
    """Return the page; `said` is how each examinee was named on the command line."""
    differing = [case for case in result.cases if _differs(result, case)]
    agree = len(result.cases) - len(differing)
    body = [
        "<h1>Trust anchor conformance</h1>",
        f"<p>{len(result.cases)} cases, {len(result.examinees)} subjects, seed {result.seed}, "
        f"lab {__version__}: <strong>{result.verdict}</strong>. Each case is a demand of an RFC; who is "
        "examined has no say in it.</p>",
        _legend(),
        "<h2>Who did how</h2>",
        _summary(result),
        "<h2>Every case</h2>",
        *(_matrix(result, chapter, list(cases)) for chapter, cases in groupby(result.cases, _chapter)),
        f"<h2>Where they differ, and why</h2><p>{len(differing)} cases; in the other {agree} all to whom the "
        "case applies do the same.</p>"
        if len(result.examinees) > 1
        else "<h2>What was not passed</h2>",
        *(
            _details(result, case, said)
            for case in (differing if len(result.examinees) > 1 else result.cases)
        ),
    ]
    rest = [case for case in result.cases if case not in differing and _troubled(result, case)]
    if len(result.examinees) > 1 and rest:
        body += ["<h2>What nobody passed</h2>", *(_details(result, case, said) for case in rest)]
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Trust anchor conformance</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(part for part in body if part) + "\n</body>\n</html>\n"


def _chapter(case: Case) -> str:
    return case.id.partition("-")[0]


def _statuses(result: Examination, case: Case) -> list[CaseResult]:
    return [result.of(case.id, name) for name, _, _ in result.examinees]


def _differs(result: Examination, case: Case) -> bool:
    """Tell whether not all to whom a case applies came to the same; a known failure is a failure."""
    kinds = {FAIL if one.status == XFAIL else one.status for one in _statuses(result, case)}
    return len(kinds - {NOT_APPLICABLE}) > 1


def _troubled(result: Examination, case: Case) -> bool:
    return any(one.status not in (PASS, NOT_APPLICABLE) for one in _statuses(result, case))


def _legend() -> str:
    rows = (f'<span class="{status}">{SIGNS[status]}</span> {WORDS[status]}' for status in STATUSES)
    return f'<p class="legend">{"<br>".join(rows)}</p>'


def _summary(result: Examination) -> str:
    heads = "".join(f"<th>{WORDS[status]}</th>" for status in STATUSES)
    rows = "".join(
        f"<tr><th>{escape(name)} <small>{escape(version)}</small></th>"
        + "".join(f"<td>{result.count(status, name) or ''}</td>" for status in STATUSES)
        + "</tr>"
        for name, _, version in result.examinees
    )
    return _table(f"<th>subject</th>{heads}", rows)


def _matrix(result: Examination, chapter: str, cases: list[Case]) -> str:
    heads = "".join(f'<th class="who"><span>{escape(name)}</span></th>' for name, _, _ in result.examinees)
    rows = []
    for case in cases:
        link = f'<a href="#{case.id}">{case.id}</a>' if _troubled(result, case) else case.id
        cells = "".join(
            f'<td class="{one.status}" title="{escape(f"{one.examinee}: {WORDS[one.status]}")}">'
            f"{SIGNS[one.status]}</td>"
            for one in _statuses(result, case)
        )
        rows.append(f'<tr><th title="{escape(case.title)}">{link}</th>{cells}</tr>')
    return f"<h3>{chapter}</h3>" + _table(f"<th>case</th>{heads}", "".join(rows))


def _table(heads: str, rows: str) -> str:
    """Return a table that is scrolled by itself where it is wider than the window."""
    inner = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide" tabindex="0">{inner}</div>'


def _details(result: Examination, case: Case, said: Mapping[str, str]) -> str:
    """Return what was seen of those who did not pass a case, those with the same reason together."""
    found = [one for one in _statuses(result, case) if one.status not in (PASS, NOT_APPLICABLE)]
    if not found:
        return ""
    passed = [one.examinee for one in _statuses(result, case) if one.status == PASS]
    items = []
    for status in (FAIL, INCONCLUSIVE, XFAIL):
        reasons: dict[str, list[CaseResult]] = {}
        for one in found:
            if one.status == status:
                reasons.setdefault(one.reason or one.message, []).append(one)
        items += [_item(result, reason, some, said) for reason, some in reasons.items()]
    cites = "".join(f"<li>{escape(cite)}</li>" for cite in case.cites)
    who = f"<p>Passed by {escape(', '.join(passed))}.</p>" if passed else ""
    return (
        f'<details id="{case.id}" open><summary><strong>{case.id}</strong> {escape(case.title)}</summary>'
        f"<ul>{cites}</ul>{who}<ul>{''.join(items)}</ul></details>"
    )


def _item(result: Examination, reason: str, some: list[CaseResult], said: Mapping[str, str]) -> str:
    names = escape(", ".join(one.examinee for one in some))
    first = some[0]
    sign = f'<span class="{first.status}">{SIGNS[first.status]}</span>'
    seen = f" <br><small>{escape(first.examinee)}: {escape(first.message)}</small>" if first.reason else ""
    again = repro(first, result.seed, said.get(first.examinee, ""))
    return f"<li>{sign} {names}: {escape(reason)}{seen}<br><code>{escape(again)}</code></li>"
