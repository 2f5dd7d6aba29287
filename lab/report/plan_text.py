"""A sweep in words: tables for a terminal and for Markdown, and rows for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill

from ..population.plan_result import Interval, Sensitivity, Study, Sure, Sweep

ANSWERS = {
    "resolvers_broken": "resolvers broken",
    "users_broken": "users broken",
    "resolvers_gain": "what waiting saves in resolvers",
    "users_gain": "what waiting saves in users",
}
"""What Sobol indices explain, in words."""


def number(value: float | None, watch: int) -> str:
    """Write a number with few digits; None is beyond the days watched."""
    if value is None:
        return f"> {watch}"
    text = f"{value:.0f}" if value == int(value) else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
    return text.removeprefix("-") if float(text) == 0 else text


def span(one: Sure | Interval, watch: int = 0) -> str:
    """Write an interval: the median, and the ends behind it."""
    low, median, high = (number(value, watch) for value in (one.low, one.median, one.high))
    return f"{median} [{low} to {high}]"


def ranked(study: Study, answer: str) -> list[Sensitivity]:
    """Return the assumptions by how much they move an answer, the most first."""
    found = [one for one in study.sensitivity if one.answer == answer and one.total.median > 0]
    return sorted(found, key=lambda one: -one.total.median)


def overall(study: Study) -> tuple[str, str] | None:
    """Say what waiting from the first delay to the last comes to a month; None for a single delay.

    The sum of medians is no median, so the words give the first and the last step.
    """
    if not study.gains:
        return None
    first, last = study.gains[0], study.gains[-1]
    return (
        f"a month of waiting saves, at first, {span(first.resolvers)} points of resolvers and "
        f"{span(first.users)} of users",
        f"at last {span(last.resolvers)} and {span(last.users)}",
    )


def text(sweep: Sweep, width: int) -> str:
    """Return a sweep for a terminal."""
    lines: list[str] = []
    for study in sweep.studies:
        lines += [*_study(sweep, study, width), ""]
    return "\n".join([*lines, *footer(sweep, width)]) + "\n"


def _study(sweep: Sweep, study: Study, width: int) -> list[str]:
    watch, loaded = sweep.inputs.watch_days, any(row.peak_load for row in study.rows)
    lines = [
        f"{study.timeline} with fleet {study.fleet}: median [90 % interval]", "",
        f"{'months':>6}  {'rolls on':<11}{'resolvers broken %':<22}{'users broken %':<22}days to repair"
        + ("      peak load" if loaded else ""),
    ]  # fmt: skip
    for row in study.rows:
        load = f"  {span(row.peak_load)}" if row.peak_load else ""
        lines.append(
            f"{row.months:>6}  {row.rolled_at[:10]:<11}{span(row.resolvers_broken):<22}"
            f"{span(row.users_broken):<22}{span(row.days_to_repair, watch)}{load}"
        )
    if (told := overall(study)) is not None:
        lines += ["", fill("; ".join(told), width)]
    for answer, words in ANSWERS.items():
        best = ranked(study, answer)[:3]
        if best:
            moved = ", ".join(f"{one.assumption} {span(one.total)}" for one in best)
            lines += ["", fill(f"what moves {words} most (total Sobol index): {moved}", width)]
    return lines


def footer(sweep: Sweep, width: int) -> list[str]:
    """Return what every output ends with: definitions, what is left out, seed, inputs."""
    given = sweep.inputs
    lines = [
        fill(
            "Broken: failed for the first time between the day of the roll and the end of the TTL, in "
            "percent of those present; days to repair: until a tenth of the worst day is left.",
            width,
        ),
        *(fill(f"Not modelled: {one}.", width) for one in sweep.not_modelled),
    ]
    if not any(row.peak_load for study in sweep.studies for row in study.rows):
        lines.append("Not computed: the load of DNSKEY queries at the root.")
    lines += [
        fill(
            f"seed {given.seed}, {given.resolvers} resolvers in each of {len(given.delays)} delays, "
            f"{given.worlds} draws, watched {given.watch_days} days, rootlab {given.rootlab}", width,
        )
    ]  # fmt: skip
    for kind, inputs in (("fleet", given.fleets), ("timeline", given.timelines)):
        for one in inputs:
            until = f", known until {one.known_until}" if one.known_until else ""
            lines.append(f"{kind} {one.name}, SHA-256 {one.sha256[:16]}{until}")
    return lines


def delays_table(sweep: Sweep) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the delays, for a spreadsheet: full numbers, empty where beyond the watch."""
    head = ["fleet", "timeline", "months", "rolls_at"]
    names = ("resolvers_broken", "users_broken", "days_to_repair", "peak_load")
    head += [f"{name}_{end}" for name in names for end in ("low", "median", "high")]
    rows = []
    for study in sweep.studies:
        for row in study.rows:
            cells = [study.fleet, study.timeline, str(row.months), row.rolled_at]
            for name in names:
                cells += _ends(getattr(row, name))
            rows.append(cells)
    return head, rows


def gains_table(sweep: Sweep) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of what a month of waiting saves, in percentage points."""
    head = ["fleet", "timeline", "from_months", "to_months"]
    head += [f"{name}_{end}" for name in ("resolvers", "users") for end in ("low", "median", "high")]
    rows = [
        [study.fleet, study.timeline, str(one.from_months), str(one.to_months),
         *_ends(one.resolvers), *_ends(one.users)]
        for study in sweep.studies for one in study.gains
    ]  # fmt: skip
    return head, rows


def sensitivity_table(sweep: Sweep) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the Sobol indices."""
    head = ["fleet", "timeline", "answer", "assumption", "low", "value", "high", "source"]
    head += [f"{name}_{end}" for name in ("first", "total") for end in ("low", "value", "high")]
    rows = [
        [study.fleet, study.timeline, one.answer, one.assumption, f"{one.low:g}", f"{one.value:g}",
         f"{one.high:g}", one.source, *_ends(one.first), *_ends(one.total)]
        for study in sweep.studies for one in study.sensitivity
    ]  # fmt: skip
    return head, rows


def curve_table(sweep: Sweep) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of percent of resolvers broken by day after the roll."""
    head = ["fleet", "timeline", "months", "day", "low", "median", "high"]
    rows = [
        [study.fleet, study.timeline, str(one.months), str(one.day), *_ends(one.broken)]
        for study in sweep.studies for one in study.curve
    ]  # fmt: skip
    return head, rows


def _ends(one: Sure | Interval | None) -> list[str]:
    if one is None:
        return ["", "", ""]
    return ["" if value is None else f"{value:g}" for value in (one.low, one.median, one.high)]


def csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return CSV (RFC 4180, lines end in LF). A cell that a spreadsheet would compute is made text."""
    return "\n".join(",".join(_cell(cell) for cell in row) for row in (head, *rows)) + "\n"


def _cell(text: str) -> str:
    if text[:1] in ("=", "@", "+") or (text[:1] == "-" and not text[1:2].isdigit()):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


TABLES = {
    "delays": delays_table, "gains": gains_table, "sensitivity": sensitivity_table, "curve": curve_table,
}  # fmt: skip
"""The tables of a sweep by the name of their CSV file."""
