"""A served root that is operated: its clock never goes back, and its past stays what it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab.authority.keyring import KeyRing
from lab.authority.operators import back_out, delay, emergency
from lab.authority.timeline import Timeline
from lab.clock import DAY, Instant, parse_instant
from lab.errors import TimelineError, UserError
from lab.nameserver.live_clock import LATEST, ConflictError, LiveClock
from lab.nameserver.live_root import AnswerAt, Applied, LiveRoot
from lab.scenario.load import load_scenario

RING = KeyRing()
TIMELINE = load_scenario("2018-actual").timeline
ROLL, REVOKE = parse_instant("2018-10-11T16:00:00Z"), parse_instant("2019-01-11T14:00:00Z")


class Real:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds


def build(timeline: Timeline) -> AnswerAt:
    """Answer with the signers of the DNSKEY RRset, checked against the ring as a signer would be."""
    for name in {name: None for step in timeline.steps for name in step.keys.published}:
        RING.key(name)

    def answer(wire: bytes, now: float, tcp: bool, client: str, letter: str) -> bytes:
        return " ".join(timeline.key_set(int(now)).dnskey_signers).encode()

    return answer


def root(at: Instant, *, operable: bool = True) -> LiveRoot:
    """Return a root that stands still at an instant."""
    return LiveRoot(LiveClock(at, 0, Real()), TIMELINE, build, {"": ""}, operable=operable)


def signers(live: LiveRoot) -> str:
    """Return who signs now."""
    found = live.answer(b"", "", "", False)
    assert isinstance(found, bytes)
    return found.decode()


def test_clock_runs_and_is_moved() -> None:
    """Time goes at its rate, goes on from where it is moved to, and begins again when reset."""
    real = Real()
    clock = LiveClock(1000, 2.0, real)
    real.seconds += 5
    assert (clock.now(), clock.instant, clock.rate) == (1010.0, 1010, 2.0)
    clock.advance(2000)
    real.seconds += 0.25
    assert clock.now() == 2000.5
    clock.advance(2000)
    assert clock.now() == 2000.5
    clock.set_rate(0)
    real.seconds += 100
    assert (clock.now(), clock.rate) == (2000.5, 0)
    clock.reset()
    real.seconds += 1
    assert (clock.now(), clock.rate) == (1002.0, 2.0)


def test_clock_never_goes_back() -> None:
    """An earlier instant is refused, and so is what lies beyond the lab's time, which then stands still."""
    real = Real()
    clock = LiveClock(1000, 1e6, real)
    with pytest.raises(
        ConflictError, match=r"it is 1970-01-01T00:16:40Z, and time does not go back to 1970-01-0"
    ):
        clock.advance(999)
    with pytest.raises(UserError, match="the lab's time ends with the year 2099"):
        clock.advance(LATEST)
    with pytest.raises(UserError, match="-1 is no rate"):
        clock.set_rate(-1)
    real.seconds += 1e9
    assert clock.now() == LATEST


@pytest.mark.parametrize(
    ("kind", "expected"), [("step", parse_instant("2018-10-11T16:00:00Z")), ("key", ROLL)]
)
def test_next_event(kind: str, expected: Instant) -> None:
    """The next step and the next event of a KSK are on the timeline."""
    live = root(ROLL - DAY)
    live.advance_to_next(kind)
    assert live.clock.instant == expected
    live.advance_to_next(kind)
    assert live.clock.instant == {"step": parse_instant("2018-10-21T16:00:00Z"), "key": REVOKE}[kind]


@pytest.mark.parametrize("kind", ["step", "key"])
def test_nothing_ahead(kind: str) -> None:
    """At the end of the timeline there is no next event."""
    with pytest.raises(ConflictError, match=f"no {kind} is ahead"):
        root(TIMELINE.steps[-1].at).advance_to_next(kind)


def test_delay_while_it_runs() -> None:
    """A roll that is put off a day before it happens does not happen on its day but a quarter later."""
    live = root(ROLL - DAY)
    live.operate("delay", lambda timeline, now: delay(timeline, quarters=1), at_once=False)
    seen = []
    for at in (ROLL, REVOKE + 2 * 3600):
        live.clock.advance(at)
        seen.append(signers(live))
    assert (seen, live.applied) == (["ksk-2010", "ksk-2017"], (Applied(ROLL - DAY, "delay"),))


def test_past_is_not_rewritten() -> None:
    """A roll that has happened cannot be put off, not in the second it happens either; nothing changes."""
    for at in (ROLL, ROLL + DAY):
        live = root(at)
        with pytest.raises(ConflictError, match="would have been another, and that is past"):
            live.operate("delay", lambda timeline, now: delay(timeline, quarters=1), at_once=False)
        assert (live.timeline, live.applied, signers(live)) == (TIMELINE, (), "ksk-2017")


def test_emergency_and_back_out_act_at_once() -> None:
    """A back-out and an emergency roll take hold in the second they are asked for."""
    live = root(ROLL + DAY)
    assert signers(live) == "ksk-2017"
    live.operate("back-out", back_out)
    assert signers(live) == "ksk-2010"
    live.operate("emergency", lambda timeline, now: emergency(timeline, now, "ksk-spare-1"))
    assert signers(live) == "ksk-spare-1"
    changes: list[Timeline] = []
    live.changed = lambda: changes.append(live.timeline)
    live.reset()
    assert (live.clock.instant, signers(live), live.applied, changes) == (
        ROLL + DAY,
        "ksk-2017",
        (),
        [TIMELINE],
    )


@pytest.mark.parametrize(
    ("at", "change", "error", "problem"),
    [
        (REVOKE, back_out, TimelineError, "back-out: ksk-2010 is revoked since"),
        (ROLL, lambda timeline, now: timeline, ConflictError, "nothing would change"),
        (
            ROLL,
            lambda timeline, now: emergency(timeline, now - DAY, "ksk-spare-1"),
            ConflictError,
            "that is past",
        ),
        (
            ROLL,
            lambda timeline, now: emergency(timeline, now, "ksk-nobody"),
            UserError,
            "no key named 'ksk-nobody'",
        ),
    ],
)
def test_operator_is_refused(
    at: Instant, change: Callable[[Timeline, Instant], Timeline], error: type[Exception], problem: str
) -> None:
    """What cannot be is refused with a reason, and what was served is served on."""
    live = root(at)
    before = signers(live)
    with pytest.raises(error, match=problem):
        live.operate("operator", change)
    assert (live.timeline, signers(live)) == (TIMELINE, before)


def test_ceremony_files_cannot_be_operated() -> None:
    """What is signed already stays as it is."""
    with pytest.raises(ConflictError, match="ceremony files are signed as they are"):
        root(ROLL, operable=False).operate("back-out", back_out)
