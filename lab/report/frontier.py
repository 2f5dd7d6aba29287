"""Show where a configuration begins to fail: a map and exact boundaries as text, JSON, a drawing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from ..clock import format_duration
from ..errors import one_line
from ..run.frontier import CLASSES, Axis, Class, Edge, Frontier, Map, Row, spread
from . import Page
from .as_json import dump
from .sheet import paragraph, screen, table, text_of

MARKS: dict[Class, str] = {"never": ".", "heals": "o", "broken": "#", "impossible": " "}
"""How a map shows a class."""
_FILLS: dict[Class, str] = {
    "never": "#c7e9c0", "heals": "#fdd49e", "broken": "#cb4b16", "impossible": "#ffffff"
}  # fmt: skip
_WIDEST = 100
_HIDDEN = (
    "Between two points of the grid that do not differ nobody looked: changes of verdict nearer to each "
    "other than one step, {step}, can hide there; --columns makes the grid finer."
)


def render_text(found: Frontier, page: Page) -> str:
    """Return a map for each value of the third knob, under it the exact boundaries, and who found them."""
    console = screen(page)
    console.print(
        f"{one_line(found.scenario)}, {one_line(found.subject)}: {found.x.knob.name} (to the right), "
        f"{found.y.knob.name} (upwards)"
    )
    for name, value in found.fixed:
        console.print(f"{name} is {value} everywhere")
    for one in found.maps:
        console.print()
        if found.z is not None and one.depth is not None:
            console.print(f"{found.z.knob.name} {found.z.knob.show(one.depth)}")
        for line in _map_lines(found, one, page.width):
            console.print(line)
        console.print()
        _boundaries(console, found, one)
    console.print()
    kinds = dict.fromkeys(s.kind for one in found.maps for row in one.rows for s in row.segments)
    for kind in (kind for kind in CLASSES if kind in kinds):
        console.print(f"{MARKS[kind]}  {kind}: {CLASSES[kind]}")
    console.print()
    paragraph(console, _how(found))
    paragraph(console, _HIDDEN.format(step=_step(found.x)))
    return text_of(console)


def _map_lines(found: Frontier, one: Map, width: int) -> Iterator[str]:
    """Yield the map, the largest value of the second knob on top."""
    labels = [found.y.knob.show(row.value) for row in one.rows]
    left = max(map(len, labels))
    low, high = found.x.values[0], found.x.values[-1]
    wide = max(2, min(_WIDEST, width - left - 4, high - low + 1))
    places = spread(low, high, wide)
    for row, label in reversed(list(zip(one.rows, labels, strict=True))):
        yield f"{label:>{left}} |{''.join(MARKS[row.kind_at(at)] for at in places)}|"
    begin, end = found.x.knob.show(low), found.x.knob.show(high)
    gap = len(places) - len(begin) - len(end)
    yield " " * (left + 2) + (f"{begin}{' ' * gap}{end}" if gap > 0 else f"{begin} to {end}")


def _boundaries(console: Any, found: Frontier, one: Map) -> None:
    """Print the exact boundaries as a table."""
    edges = [(row, edge) for row in reversed(one.rows) for edge in row.edges]
    if not edges:
        console.print("no boundary: one verdict along every row")
        return
    grid = table()
    for title in (found.y.knob.name, "until", "is", "from", "becomes", "engine"):
        grid.add_column(title, no_wrap=True)
    show = found.x.knob.show
    for row, edge in edges:
        grid.add_row(
            found.y.knob.show(row.value),
            show(edge.before),
            edge.was,
            show(edge.after),
            edge.becomes,
            _seen(edge),
        )
    console.print(grid)


def _seen(edge: Edge) -> str:
    return "-" if edge.confirmed is None else "agrees" if edge.confirmed else "DIFFERS"


def _step(axis: Axis) -> str:
    """Return the widest step of the grid, as a duration."""
    steps = [after - before for before, after in zip(axis.values, axis.values[1:], strict=False)]
    return format_duration(max(steps, default=0))


def _how(found: Frontier) -> str:
    """Say who decided."""
    if found.judged_by == "engine":
        return f"The engine played every point: the oracle does not foretell this ({found.why})."
    asked = sum(edge.confirmed is not None for one in found.maps for row in one.rows for edge in row.edges)
    if found.disagreements:
        return (
            f"The oracle foretold every point, and at {found.disagreements} of {asked} boundaries the engine "
            "saw something else: one of the two is wrong. Please report it."
        )
    if not asked:
        return "The oracle foretold every point, from dates alone; the engine was not asked."
    return (
        f"The oracle foretold every point, from dates alone. The engine played both sides of {asked} "
        f"{'boundary' if asked == 1 else 'boundaries'} with real signatures and saw the same."
    )


# -- JSON ----------------------------------------------------------------------------------------------------


def render_json(found: Frontier) -> str:
    """Return everything as one JSON object."""
    return dump(
        {
            "scenario": found.scenario,
            "subject": found.subject,
            "judged_by": found.judged_by,
            "reason": found.why or None,
            "fixed": dict(found.fixed),
            "x": _axis(found.x),
            "y": _axis(found.y),
            "z": None if found.z is None else _axis(found.z),
            "maps": [_map(found, one) for one in found.maps],
        }
    )


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "knob": axis.knob.name,
        "kind": axis.knob.kind,
        "values": [axis.knob.show(v) for v in axis.values],
    }


def _map(found: Frontier, one: Map) -> dict[str, Any]:
    depth = None if found.z is None or one.depth is None else found.z.knob.show(one.depth)
    return {"z": depth, "rows": [_row(found, row) for row in one.rows]}


def _row(found: Frontier, row: Row) -> dict[str, Any]:
    show = found.x.knob.show
    return {
        "y": found.y.knob.show(row.value),
        "segments": [{"from": show(s.low), "to": show(s.high), "verdict": s.kind} for s in row.segments],
        "boundaries": [
            {
                "until": show(edge.before), "from": show(edge.after),
                "was": edge.was, "becomes": edge.becomes, "confirmed": edge.confirmed,
            }
            for edge in row.edges
        ],
    }  # fmt: skip


# -- SVG -----------------------------------------------------------------------------------------------------

_WIDTH, _LEFT, _TOP, _LANE = 900, 120, 60, 22


def render_svg(found: Frontier) -> str:
    """Return a drawing, a block of lanes for each value of the third knob: SVG without script or font."""
    blocks = sum(len(one.rows) * _LANE + 40 for one in found.maps)
    height = _TOP + blocks + 30
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="11">',
        f"<title>{_text(f'{found.scenario}: {found.subject}')}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15" font-weight="bold">'
        f"{_text(f'{found.scenario}: {found.subject}')}</text>",
        f'<text x="{_LEFT}" y="40" fill="#555555">'
        f"{_text(f'{found.x.knob.name} to the right, {found.y.knob.name} upwards')}</text>",
    ]
    top = _TOP
    for one in found.maps:
        lines += _block(found, one, top)
        top += len(one.rows) * _LANE + 40
    place = float(_LEFT)
    for kind, words in CLASSES.items():
        lines.append(
            f'<rect x="{place:.0f}" y="{top}" width="12" height="12" fill="{_FILLS[kind]}" stroke="#999"/>'
        )
        lines.append(f'<text x="{place + 16:.0f}" y="{top + 10}">{_text(words)}</text>')
        place += 30 + 5.5 * len(words)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _text(text: str) -> str:
    return escape(one_line(text, 160), {'"': "&quot;"})


def _block(found: Frontier, one: Map, top: int) -> Iterator[str]:
    """Draw one map."""
    low, high = found.x.values[0], found.x.values[-1]

    def place(value: int) -> float:
        return _LEFT + (value - low) / max(1, high - low) * (_WIDTH - _LEFT - 20)

    for number, row in enumerate(reversed(one.rows)):
        y = top + number * _LANE
        yield f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{found.y.knob.show(row.value)}</text>'
        for segment in row.segments:
            x, end = place(segment.low), place(segment.high)
            told = f"{found.x.knob.show(segment.low)} to {found.x.knob.show(segment.high)}: {segment.kind}"
            yield (
                f'<rect x="{x:.2f}" y="{y}" width="{max(0.5, end - x):.2f}" height="{_LANE - 3}" '
                f'fill="{_FILLS[segment.kind]}"><title>{_text(told)}</title></rect>'
            )
    bottom = top + len(one.rows) * _LANE + 12
    yield f'<text x="{_LEFT}" y="{bottom}">{found.x.knob.show(low)}</text>'
    yield f'<text x="{_WIDTH - 20}" y="{bottom}" text-anchor="end">{found.x.knob.show(high)}</text>'
    if found.z is not None and one.depth is not None:
        told = f"{found.z.knob.name} {found.z.knob.show(one.depth)}"
        yield f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{bottom}" text-anchor="middle">{_text(told)}</text>'
