"""Charts of a sweep as Vega-Lite, drawn by the reader's browser or, as PNG and SVG, without one.

Every line has its 90 % interval as a band. Dates are UTC. The same chart serves page and file: on a page it
is as wide as its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt

from ..population.plan_result import Study, Sure, Sweep
from .plan_text import ANSWERS, ranked

INK, BLUE, ORANGE, GREY, GREEN, RED = "#1f2933", "#1769aa", "#c2570c", "#9aa5b1", "#2e7d32", "#b3261e"
STATES = {
    "published": "#9ec9e8", "signing": BLUE, "revoked": RED, "old key only": ORANGE, "mixed": "#f2c14e",
    "new key trusted": GREEN,
}  # fmt: skip
"""Colours of the states in a swimlane, those of keys before those of anchors."""
FILE_WIDTH = 720
"""Pixels of a chart in a file of its own."""
MOST_BARS = 8
NEGLIGIBLE = 0.005
"""Sobol indices below this get no bar: they move nothing."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: `name` for its file, `title` and `note` for its reader, and what Vega-Lite draws."""

    name: str
    title: str
    note: str
    spec: dict[str, Any]


def charts(sweep: Sweep, study: Study) -> tuple[Chart, ...]:
    """Return the charts of a study, the one that answers most first."""
    ends = (study.rows[0], study.rows[-1]) if len(study.rows) > 1 else study.rows
    found = [_delays(study)] if len(study.rows) > 1 else []
    found += [_curve(study), _sensitivity(study)]
    for row in ends:
        found.append(_lanes(study, row.months))
    if any(row.peak_load for row in study.rows):
        found.append(_load(study))
    return tuple(found)


def _spec(chart: Any, height: int) -> dict[str, Any]:
    """Return what Vega-Lite draws, with the looks that all charts share."""
    shaped = chart.properties(width="container", height=height)
    styled = shaped.configure(font="sans-serif", background="white").configure_view(stroke=None)
    styled = styled.configure_axis(labelColor=INK, titleColor=INK, labelFontSize=12, titleFontSize=12)
    styled = styled.configure_legend(
        orient="bottom", title=None, labelFontSize=12, columns=2, symbolOpacity=1
    )
    found: dict[str, Any] = styled.to_dict()
    return found


def _data(rows: Sequence[dict[str, Any]]) -> Any:
    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]


def _around(one: Sure) -> dict[str, float]:
    return {"low": one.low, "median": one.median, "high": one.high}


def _banded(rows: Sequence[dict[str, Any]], x: Any, y: str, colours: Any, scale: Any = None) -> Any:
    """Return lines in their bands; rows have `of`, low, median and high."""
    base = alt.Chart(_data(rows)).encode(
        x=x, color=alt.Color("of:N", sort=None, scale=colours),
        tooltip=["of:N", "low:Q", "median:Q", "high:Q"],
    )  # fmt: skip
    axis = alt.Y("low:Q", title=y, scale=scale or alt.Scale(zero=True))
    band = base.mark_area(opacity=0.18).encode(y=axis, y2="high:Q")
    return band + base.mark_line(point=len(rows) < 60).encode(y=alt.Y("median:Q", title=y))


def _delays(study: Study) -> Chart:
    rows = [
        {"months": row.months, "of": of, **_around(one)}
        for row in study.rows
        for of, one in (("resolvers", row.resolvers_broken), ("users", row.users_broken))
    ]
    x = alt.X("months:Q", title="months of delay", axis=alt.Axis(tickMinStep=1))
    drawn = _banded(rows, x, "% broken", alt.Scale(domain=["resolvers", "users"], range=[BLUE, ORANGE]))
    return Chart(
        "delays", "What a delay buys", "Percent broken by the roll, by months of delay; bands hold 90 %.",
        _spec(drawn, 260),
    )  # fmt: skip


def _curve(study: Study) -> Chart:
    picked = list(dict.fromkeys(
        study.rows[k].months for k in (0, len(study.rows) // 2, len(study.rows) - 1)
    ))  # fmt: skip
    names = {months: f"{months} months later" if months else "as planned" for months in picked}
    rows = [
        {"day": one.day, "of": names[one.months], **_around(one.broken)}
        for one in study.curve if one.months in picked
    ]  # fmt: skip
    colours = alt.Scale(domain=list(names.values()), range=[BLUE, ORANGE, GREEN][: len(names)])
    x = alt.X("day:Q", title="days after the roll")
    return Chart(
        "curve", "How long they stay broken",
        "Percent of resolvers broken at the end of each day; bands hold 90 %, sampling left out.",
        _spec(_banded(rows, x, "% of resolvers", colours), 260),
    )  # fmt: skip


def _sensitivity(study: Study) -> Chart:
    words = {"resolvers_broken": "resolvers", "users_broken": "users"}
    rows = [
        {"assumption": one.assumption, "of": words[answer], **_around(one.total)}
        for answer in words for one in ranked(study, answer)[:MOST_BARS] if one.total.median >= NEGLIGIBLE
    ]  # fmt: skip
    order = list(dict.fromkeys(row["assumption"] for row in rows))
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("assumption:N", sort=None, title=None, axis=alt.Axis(labelLimit=150)),
        yOffset=alt.YOffset("of:N", sort=None),
        tooltip=["assumption:N", "of:N", "low:Q", "median:Q", "high:Q"],
    )  # fmt: skip
    bars = base.mark_bar().encode(
        x=alt.X("median:Q", title="total Sobol index"),
        color=alt.Color("of:N", scale=alt.Scale(domain=list(words.values()), range=[BLUE, ORANGE])),
    )
    ends = base.mark_rule(color=INK).encode(x=alt.X("low:Q", title="total Sobol index"), x2="high:Q")
    return Chart(
        "sensitivity", "Which assumption moves the answer",
        f"Part of the variance of {ANSWERS['resolvers_broken']} and {ANSWERS['users_broken']} that stays "
        "until the assumption is known; lines hold 90 %.",
        _spec(bars + ends, max(120, 34 * len(order))),
    )  # fmt: skip


def _lanes(study: Study, months: int) -> Chart:
    rows = [
        {"lane": one.name, "state": one.state, "begin": one.begin, "end": one.end}
        for one in study.lanes if one.months == months
    ]  # fmt: skip
    order = list(dict.fromkeys(row["lane"] for row in rows))
    seen = [state for state in STATES if any(row["state"] == state for row in rows)]
    dates = alt.Scale(type="utc")
    roll = next(row.rolled_at for row in study.rows if row.months == months)
    bars = alt.Chart(_data(rows)).mark_bar(height=16).encode(
        x=alt.X("begin:T", scale=dates, title=None, axis=alt.Axis(format="%Y-%m", tickCount=6)), x2="end:T",
        y=alt.Y("lane:N", sort=None, title=None, axis=alt.Axis(labelLimit=110)),
        color=alt.Color("state:N", scale=alt.Scale(domain=seen, range=[STATES[one] for one in seen])),
        tooltip=["lane:N", "state:N", "utcyearmonthdate(begin):T", "utcyearmonthdate(end):T"],
    )  # fmt: skip
    rule = alt.Chart(_data([{"at": roll}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(
        x=alt.X("at:T", scale=dates, title=None)
    )  # fmt: skip
    when = f"{months} months later" if months else "as planned"
    return Chart(
        f"lanes-{months}", f"Keys and anchors, {when}",
        "Keys as they stand in the root zone, and which key each cohort trusts: mixed from the day 5 % of it "
        f"trust the new key, by themselves or mended, to the day 95 % do. The dashed line is the roll, "
        f"{roll[:16]}Z.",
        _spec(bars + rule, 24 * len(order)),
    )  # fmt: skip


def _load(study: Study) -> Chart:
    rows = [
        {"months": row.months, "of": "peak load", **_around(row.peak_load)}
        for row in study.rows if row.peak_load
    ]  # fmt: skip
    x = alt.X("months:Q", title="months of delay", axis=alt.Axis(tickMinStep=1))
    colours = alt.Scale(domain=["peak load"], range=[BLUE])
    return Chart(
        "load", "Load at the root",
        "Greatest number of DNSKEY queries a day, as a multiple of the usual one; the band holds 90 %.",
        _spec(_banded(rows, x, "times the usual load", colours, alt.Scale(type="log")), 220),
    )  # fmt: skip


def picture(chart: Chart, form: str) -> bytes:
    """Return a chart as `svg` or `png`, drawn here: no browser, no network."""
    import vl_convert

    spec = {**chart.spec, "width": FILE_WIDTH, "title": chart.title}
    version = "_".join(alt.SCHEMA_VERSION.split(".")[:2])
    if form == "svg":
        return bytes(vl_convert.vegalite_to_svg(spec, vl_version=version).encode())
    return bytes(vl_convert.vegalite_to_png(spec, vl_version=version, scale=2))


@cache
def library() -> str:
    """Return the JavaScript that draws charts, whole, for a page that asks nobody for anything."""
    import vl_convert

    version = "_".join(alt.SCHEMA_VERSION.split(".")[:2])
    return str(vl_convert.javascript_bundle(vl_version=version))  # type: ignore[call-arg]
