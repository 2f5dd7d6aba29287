"""Draw an authority's timeline as lanes: one for each KSK, one for the ZSKs, one for the response's size.

Plain SVG with no script, no font and no link, so that it can go into a page, a slide or a ticket as it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from xml.sax.saxutils import escape

from ..authority.lint import UDP_LIMITS
from ..authority.slots import QuarterIndex, format_quarter, parse_quarter, quarter_of, quarter_start
from ..authority.timeline import Step
from ..clock import Instant, format_instant
from ..errors import one_line
from .timeline import TimelineView

WIDTH, LEFT, RIGHT, TOP = 1000, 130, 20, 64
LANE, BAR = 34, 22
"""Geometry in SVG user units: the height of a lane and of the bar in it."""

_FILLS = {"published": "#9ecae1", "signing": "#2171b5", "revoked": "#cb4b16"}
_INKS = {"published": "#08306b", "signing": "#ffffff", "revoked": "#ffffff"}
_WORDS = {"published": "published", "signing": "signs the DNSKEY RRset", "revoked": "revoked"}
_ZSK_FILLS = ("#c7e9c0", "#74c476")
_SMALL, _BIG = "#d9d9d9", "#969696"
"""Sizes up to the smallest limit of UDP, and above it: the darker the more trouble."""

_LETTER = 6.2
"""Width of a letter of 11 px, on the generous side, to decide whether a word fits into a bar."""

Span = tuple[Instant, Instant, str, str, str]
"""From, until, fill, ink, label."""


def render_svg(view: TimelineView) -> str:
    """Return the drawing of the part of a timeline between start and stop."""
    names = tuple(dict.fromkeys(name for step in view.steps for name in step.keys.ksks))
    lanes: list[tuple[str, list[Span]]] = [
        (f"{name} {view.tag(name)}", list(_key_spans(view, name))) for name in names
    ]
    lanes += [
        ("ZSK that signs", list(_zsk_spans(view))),
        ("response, octets", list(_joined(_size_spans(view)))),
    ]
    bottom = TOP + len(lanes) * LANE
    height = bottom + 54
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="11">',
        f"<title>{_text(f'{view.name}: {view.title}')}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{_text(view.name)}</text>',
        f'<text x="{LEFT}" y="40" fill="#555555">{_text(view.title)}</text>',
    ]
    lines += _axis(view, bottom)
    for number, (label, spans) in enumerate(lanes):
        lines += _lane(view, TOP + number * LANE, label, spans)
    lines += _legend(bottom + 44)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _text(text: str) -> str:
    """Return text for SVG: one printable line, escaped."""
    return escape(one_line(text, 120), {'"': "&quot;"})


def _x(view: TimelineView, at: Instant) -> float:
    """Return the horizontal place of an instant."""
    share = (min(max(at, view.start), view.stop) - view.start) / max(view.stop - view.start, 1)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _spans(view: TimelineView) -> Iterator[tuple[Instant, Instant, Step]]:
    """Yield every step shown with its ends inside the drawing."""
    steps = view.steps
    for index, step in enumerate(steps):
        until = steps[index + 1].at if index + 1 < len(steps) else view.stop
        yield max(step.at, view.start), min(until, view.stop), step


def _joined(spans: Iterator[Span]) -> Iterator[Span]:
    """Join neighbours that look the same."""
    held: Span | None = None
    for span in spans:
        if held is not None and held[1] == span[0] and held[2:] == span[2:]:
            held = (held[0], span[1], *span[2:])
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def _key_spans(view: TimelineView, name: str) -> Iterator[Span]:
    """Yield the bars of one KSK, coloured by its state; a revoked one shows its tag on the wire."""
    states = ((start, stop, step.keys.state(name)) for start, stop, step in _spans(view))
    for start, stop, fill, ink, state in _joined(
        (start, stop, _FILLS[state], _INKS[state], state)
        for start, stop, state in states
        if state != "absent"
    ):
        tag = f", tag {view.tag(name, revoked=True)}" if state == "revoked" else ""
        yield start, stop, fill, ink, f"{_WORDS[state]}{tag}"


def _zsk_spans(view: TimelineView) -> Iterator[Span]:
    """Yield the bars of the ZSKs that sign, in two alternating colours."""
    names = ((start, stop, " ".join(step.keys.zone_signers)) for start, stop, step in _spans(view))
    joined = _joined((start, stop, "", "#00441b", name) for start, stop, name in names if name)
    for number, (start, stop, _, ink, name) in enumerate(joined):
        yield start, stop, _ZSK_FILLS[number % 2], ink, name.removeprefix("zsk-")


def _size_spans(view: TimelineView) -> Iterator[Span]:
    """Yield the bars of the size of the DNSKEY response."""
    sizes = ((start, stop, view.size(step)) for start, stop, step in _spans(view))
    for start, stop, size in sizes:
        yield start, stop, _SMALL if size <= UDP_LIMITS[0] else _BIG, "#000000", str(size)


def _lane(view: TimelineView, top: int, label: str, spans: list[Span]) -> list[str]:
    """Draw one lane: its label on the left, its bars, and in each bar what it is if there is room."""
    middle = top + BAR / 2 + 4
    lines = [f'<text x="{LEFT - 8}" y="{middle:g}" text-anchor="end">{_text(label)}</text>']
    for start, stop, fill, ink, words in spans:
        left, right = _x(view, start), _x(view, stop)
        if right <= left:
            continue
        hint = f"{words}: {format_instant(start)} to {format_instant(stop)}"
        lines.append(
            f'<rect x="{left:.1f}" y="{top}" width="{right - left:.1f}" height="{BAR}" fill="{fill}" '
            f'stroke="#ffffff"><title>{_text(hint)}</title></rect>'
        )
        fitting = (text for text in (words, words.partition(",")[0]) if _fits(text, right - left))
        for text in itertools.islice(fitting, 1):
            lines.append(f'<text x="{left + 4:.1f}" y="{middle:g}" fill="{ink}">{_text(text)}</text>')
    return lines


def _fits(text: str, width: float) -> bool:
    """Say whether a text has room in a bar."""
    return len(text) * _LETTER + 6 <= width


def _quarters(view: TimelineView) -> Iterator[tuple[QuarterIndex, Instant]]:
    """Yield every quarter that begins inside the drawing."""
    index = parse_quarter(quarter_of(view.start))
    while quarter_start(index) <= view.stop:
        if quarter_start(index) >= view.start:
            yield index, quarter_start(index)
        index += 1


def _axis(view: TimelineView, bottom: int) -> list[str]:
    """Draw a line where a quarter begins, and its name where there is room."""
    quarters = list(_quarters(view))
    crowd = len(quarters) * 52 / (WIDTH - LEFT - RIGHT)
    every = next((step for step in (1, 2, 4, 8, 20) if step >= crowd), 40)
    lines = []
    for number, (index, at) in enumerate(quarters):
        if number % every:
            continue
        x = _x(view, at)
        lines.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="#dddddd"/>')
        if x + 48 <= WIDTH:
            name = format_quarter(index)
            lines.append(f'<text x="{x + 3:.1f}" y="{bottom + 12}" fill="#555555">{name}</text>')
    return lines


def _legend(y: int) -> list[str]:
    """Draw what the colours mean."""
    limit = UDP_LIMITS[0]
    entries = [(fill, _WORDS[state]) for state, fill in _FILLS.items()]
    entries.append((_SMALL, f"response up to {limit} octets"))
    entries.append((_BIG, f"above {limit}: not every UDP path carries it"))
    lines, x = [], float(LEFT)
    for fill, words in entries:
        lines.append(f'<rect x="{x:.1f}" y="{y - 10}" width="12" height="12" fill="{fill}"/>')
        lines.append(f'<text x="{x + 17:.1f}" y="{y}">{_text(words)}</text>')
        x += 17 + len(words) * _LETTER + 14
    return lines
