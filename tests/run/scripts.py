"""Strategies for whole scenarios: any model, any event, in one of the three seasons of the roll."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from lab.clock import DAY, HOUR, Instant, format_instant, parse_instant
from lab.resolver.profiles import MODELS

from .stage import event, subject


class Season(NamedTuple):
    """A part of the roll: what happens in it, and the span that is played."""

    name: str
    start: Instant
    stop: Instant


SEASONS = tuple(
    Season(name, parse_instant(start), parse_instant(stop))
    for name, start, stop in (
        ("publication", "2017-07-05", "2017-08-25"),
        ("roll", "2018-10-05", "2018-10-30"),
        ("revocation", "2019-01-05", "2019-04-05"),
    )
)
ANCHORS = ('["ksk-2010"]', '["ksk-2017"]', '["ksk-2010", "ksk-2017"]')


class Script(NamedTuple):
    """A scenario in parts: subjects in the order of the file, and events for them."""

    season: Season
    subjects: tuple[str, ...]
    events: tuple[str, ...]

    @property
    def span(self) -> dict[str, str]:
        """Return start and stop as `stage.run` takes them."""
        return {"start": format_instant(self.season.start), "stop": format_instant(self.season.stop)}


def moments(season: Season, margin: int = 2 * DAY) -> st.SearchStrategy[Instant]:
    """Draw instants inside a season: full hours, where most things tie, and any second."""
    first, last = season.start, season.stop - margin
    hours = st.integers(0, (last - first) // HOUR).map(lambda hour: first + hour * HOUR)
    return st.one_of(hours, st.integers(first, last))


@st.composite
def actions(draw: st.DrawFn, season: Season, moment: Instant, but: str = "-") -> str:
    """Draw what happens at an instant, `but` one kind of action."""
    later = format_instant(draw(st.integers(moment + 1, season.stop)))
    earlier = format_instant(draw(st.integers(season.start - 2 * DAY, moment)))
    truth = draw(st.sampled_from(("true", "false")))
    hours = draw(st.integers(-1000, 1000))
    apply = draw(st.sampled_from(("now", "next-read")))
    found = (
        f"restart = {{ keep-state = {truth}, kill = {draw(st.sampled_from(('true', 'false')))} }}",
        f"off = {{ until = {later} }}",
        f"dark = {{ until = {later} }}",
        f"replay = {{ of = {earlier}, until = {later} }}",
        f'clock = {{ offset = "{"-" if hours < 0 else ""}PT{abs(hours)}H" }}',
        f"state-writable = {truth}",
        f'anchors = {{ set = {draw(st.sampled_from(ANCHORS))}, apply = "{apply}" }}',
    )
    return draw(st.sampled_from([action for action in found if not action.startswith(but)]))


@st.composite
def castings(draw: st.DrawFn, season: Season, name: str) -> str:
    """Draw a subject: any model, early or late, with or without a memory."""
    settings = {
        "anchors": draw(st.sampled_from(ANCHORS)),
        "anchor_format": draw(st.sampled_from(('"ds"', '"dnskey"'))),
        "state_writable": draw(st.sampled_from(("true", "true", "true", "false"))),
        "keep_state": draw(st.sampled_from(("true", "false"))),
    }
    if draw(st.booleans()):
        settings["first_start"] = format_instant(draw(moments(season)))
    if draw(st.booleans()):
        settings["restart_every"] = f'"PT{draw(st.integers(20, 800))}H"'
    return subject(name, draw(st.sampled_from(sorted(MODELS))), **settings)


@st.composite
def scripts(draw: st.DrawFn, most: int = 2, actions_but: str = "-") -> Script:
    """Draw a scenario with one to `most` subjects, `s1` the first, and events for all of them."""
    season = draw(st.sampled_from(SEASONS))
    names = [f"s{number}" for number in range(1, draw(st.integers(1, most)) + 1)]
    cast = tuple(draw(castings(season, name)) for name in names)
    when = draw(st.lists(moments(season), max_size=4))
    events = tuple(
        event(format_instant(moment), draw(actions(season, moment, actions_but))) for moment in when
    )
    return Script(season, cast, events)
