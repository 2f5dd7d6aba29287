"""Do what the control API is asked for: one function a verb, one row of ROUTES each.

Pure, over a `LiveRoot`: HTTP is control.py's. Those who call take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel

from .. import __version__
from ..authority.operators import back_out, delay, emergency
from ..authority.timeline import KeySet, Timeline
from ..clock import Instant
from ..dnssec.keys import REVOKE, Key
from ..errors import UserError
from . import control_shapes as shape
from .live_root import LiveRoot
from .signals import SignalLog

_AHEAD: Final = 50
_Body = TypeVar("_Body", bound=BaseModel)


class UnknownError(UserError):
    """Report a name that is not there."""


class Board(Protocol):
    """Switch things on and off while others ask: faults, or impairments."""

    def known(self) -> Mapping[str, str]:
        """Return what there is, and what each does."""
        ...

    def active(self) -> tuple[tuple[str, str, str], ...]:
        """Return what is on: name, argument, letters."""
        ...

    def set(self, name: str, argument: str, letters: str) -> None:
        """Switch something on. Raises UserError if its argument is wrong."""
        ...

    def clear(self, name: str | None = None) -> None:
        """Switch one thing off, or all."""
        ...


@dataclass(frozen=True, slots=True)
class Control:
    """Hold what is operated: a root, its keys by name, boards, signals, and what tells whether all is well.

    `failed` returns the first exception of those who answer queries, or None; `listening` where they listen.
    """

    name: str
    root: LiveRoot
    key: Callable[[str], Key]
    boards: Mapping[str, Board]
    signals: SignalLog
    listening: tuple[str, ...] = ()
    failed: Callable[[], Exception | None] = lambda: None


class Call(NamedTuple):
    """One request, understood: what is operated, the name in the path, the query, the body."""

    control: Control
    name: str
    query: shape.Shape
    body: shape.Shape


class Route(NamedTuple):
    """One operation; {name} in its path stands for one segment. `answer` is what `call` gives."""

    method: str
    path: str
    summary: str
    call: Callable[[Call], shape.Shape]
    answer: type[shape.Shape]
    body: type[shape.Shape] = shape.Nothing
    query: type[shape.Shape] = shape.Nothing


def _health(call: Call) -> shape.Shape:
    control = call.control
    return shape.Health(
        status="ok" if control.failed() is None else "failed",
        version=__version__,
        scenario=control.name,
        listening=list(control.listening),
    )


def _clock(call: Call) -> shape.Clock:
    clock = call.control.root.clock
    return shape.Clock(now=clock.instant, rate=clock.rate, start=clock.start)


def _advance(call: Call) -> shape.Shape:
    body, root = _is(call.body, shape.Advance), call.control.root
    given = [name for name in ("to", "by", "next") if getattr(body, name) is not None]
    if len(given) != 1:
        raise UserError(
            f"{len(given)} of to, by and next are given", place="body", remedy="give exactly one of them"
        )
    if body.next is not None:
        root.advance_to_next(body.next)
    else:
        root.clock.advance(body.to if body.to is not None else root.clock.instant + (body.by or 0))
    return _clock(call)


def _rate(call: Call) -> shape.Shape:
    call.control.root.clock.set_rate(_is(call.body, shape.Rate).rate)
    return _clock(call)


def _hold(call: Call) -> shape.Shape:
    call.control.root.clock.set_rate(0)
    return _clock(call)


def _timeline(call: Call) -> shape.Shape:
    control, root = call.control, call.control.root
    now = root.clock.instant
    step = root.timeline.step(now)
    ahead = [event for event in root.timeline.ksk_events() if event.at > now][:_AHEAD]
    return shape.TimelineNow(
        now=now,
        since=step.at,
        until=root.next_step(),
        slot=None if step.slot is None else str(step.slot),
        inception=step.inception,
        expiration=step.expiration,
        keys=[_key_now(control, step.keys, name) for name in step.keys.published],
        ahead=[shape.KeyEvent(at=event.at, kind=event.kind, key=event.name) for event in ahead],
        operators=[shape.Operated(at=one.at, operator=one.operator) for one in root.applied],
    )


def _key_now(control: Control, keys: KeySet, name: str) -> shape.KeyNow:
    key = control.key(name)
    state = keys.state(name)
    if name in keys.zsks:
        state = "signing" if name in keys.zone_signers else "published"
    assert state != "absent"
    flags = key.flags | REVOKE if name in keys.revoked else key.flags
    wire = Key(flags, key.algorithm, key.public_key)
    return shape.KeyNow(
        key=name,
        role="KSK" if name in keys.ksks else "ZSK",
        state=state,
        algorithm=key.algorithm,
        key_tag=wire.key_tag,
        wire_tag=wire.tag,
    )


def _delay(call: Call) -> shape.Shape:
    body = _is(call.body, shape.Delay)
    if (body.quarters is None) == (body.by is None):
        raise UserError("give either quarters or by", place="body", remedy='such as {"quarters": 4}')

    def change(timeline: Timeline, _now: Instant) -> Timeline:
        return delay(timeline, quarters=body.quarters or 0, by=body.by or 0, key=body.key)

    call.control.root.operate("delay", change, at_once=False)
    return _timeline(call)


def _back_out(call: Call) -> shape.Shape:
    body = _is(call.body, shape.BackOut)
    call.control.root.operate(
        "back-out", lambda timeline, now: back_out(timeline, now if body.at is None else body.at)
    )
    return _timeline(call)


def _emergency(call: Call) -> shape.Shape:
    body, control = _is(call.body, shape.Emergency), call.control
    control.key(body.key)

    def change(timeline: Timeline, now: Instant) -> Timeline:
        at = now + body.notice if body.at is None else body.at
        return emergency(timeline, at, body.key, body.notice)

    control.root.operate("emergency", change)
    return _timeline(call)


def _board(kind: str) -> Callable[[Call], shape.Shape]:
    """Return what shows a board."""

    def call_(call: Call) -> shape.Shape:
        board = call.control.boards.get(kind)
        known = board.known() if board is not None else {}
        active = board.active() if board is not None else ()
        return shape.Board(
            known=[shape.Entry(name=name, does=does) for name, does in known.items()],
            active=[shape.Switched(name=one[0], argument=one[1], letters=one[2]) for one in active],
        )

    return call_


def _named(call: Call, kind: str) -> Board:
    """Return the board that has the thing named in the path. Raises UnknownError."""
    board = call.control.boards.get(kind)
    known = tuple(board.known()) if board is not None else ()
    if board is None or call.name not in known:
        raise UnknownError(
            f"no {kind.removesuffix('s')} is called {call.name[:60]!r}",
            remedy=f"there are {', '.join(known)}" if known else "this server has none",
        )
    return board


def _set(kind: str) -> Callable[[Call], shape.Shape]:
    """Return what switches a thing on."""

    def call_(call: Call) -> shape.Shape:
        body = _is(call.body, shape.Setting)
        _named(call, kind).set(call.name, body.argument, body.letters)
        return _board(kind)(call)

    return call_


def _clear(kind: str) -> Callable[[Call], shape.Shape]:
    """Return what switches one thing off."""

    def call_(call: Call) -> shape.Shape:
        _named(call, kind).clear(call.name)
        return _board(kind)(call)

    return call_


def _clear_all(kind: str) -> Callable[[Call], shape.Shape]:
    """Return what switches everything of a kind off."""

    def call_(call: Call) -> shape.Shape:
        if kind in call.control.boards:
            call.control.boards[kind].clear()
        return _board(kind)(call)

    return call_


def _signals(call: Call) -> shape.Shape:
    query, log = _is(call.query, shape.SignalQuery), call.control.signals
    found = log.after(query.after, query.limit, query.source)
    return shape.Signals(
        heard=log.heard,
        signals=[
            shape.Heard(
                number=number,
                at=one.at,
                source=one.source,
                transport=one.transport,
                signal=one.kind,
                key_tags=list(one.key_tags),
                name=one.name,
            )
            for number, one in found
        ],
    )


def _forget(call: Call) -> shape.Shape:
    call.control.signals.clear()
    return shape.Signals(heard=call.control.signals.heard, signals=[])


def _reset(call: Call) -> shape.Shape:
    control = call.control
    control.root.reset()
    for board in control.boards.values():
        board.clear()
    control.signals.clear()
    return _clock(call)


def _is(value: shape.Shape, kind: type[_Body]) -> _Body:
    """Return a value of the shape its route promises."""
    assert isinstance(value, kind)
    return value


ROUTES: Final = (
    Route("GET", "/healthz", "Say whether the server answers queries.", _health, shape.Health),
    Route("GET", "/clock", "Tell the emulated time.", _clock, shape.Clock),
    Route("POST", "/clock/advance", "Move the time ahead.", _advance, shape.Clock, shape.Advance),
    Route("PUT", "/clock/rate", "Let time go at another rate.", _rate, shape.Clock, shape.Rate),
    Route("POST", "/clock/hold", "Let time stand still.", _hold, shape.Clock),
    Route("GET", "/timeline", "Say which keys are served and what is ahead.", _timeline, shape.TimelineNow),
    Route("POST", "/timeline/delay", "Put a roll off.", _delay, shape.TimelineNow, shape.Delay),
    Route("POST", "/timeline/back-out", "Keep the old key.", _back_out, shape.TimelineNow, shape.BackOut),
    Route(
        "POST", "/timeline/emergency", "Roll to a key now.", _emergency, shape.TimelineNow, shape.Emergency
    ),
    Route("GET", "/faults", "List faults, and which are on.", _board("faults"), shape.Board),
    Route("PUT", "/faults/{name}", "Switch a fault on.", _set("faults"), shape.Board, shape.Setting),
    Route("DELETE", "/faults/{name}", "Switch a fault off.", _clear("faults"), shape.Board),
    Route("DELETE", "/faults", "Switch all faults off.", _clear_all("faults"), shape.Board),
    Route("GET", "/impairments", "List impairments, and which are on.", _board("impairments"), shape.Board),
    Route(
        "PUT", "/impairments/{name}", "Switch an impairment on.", _set("impairments"), shape.Board,
        shape.Setting,
    ),
    Route(
        "DELETE", "/impairments/{name}", "Switch an impairment off.", _clear("impairments"), shape.Board
    ),
    Route("DELETE", "/impairments", "Switch all impairments off.", _clear_all("impairments"), shape.Board),
    Route(
        "GET", "/signals", "List what resolvers said of their anchors.", _signals, shape.Signals,
        query=shape.SignalQuery,
    ),
    Route("DELETE", "/signals", "Forget the signals.", _forget, shape.Signals),
    Route("POST", "/reset", "Begin again: first timeline, first instant.", _reset, shape.Clock),
)  # fmt: skip
"""Every operation of the API but the description of itself."""
