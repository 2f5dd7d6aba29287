"""Real seconds in place of the lab's clock: what they are told, and when they will not do."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.drivers.realtime import EverySecond, WallClock, at_another_time, refusal
from lab.scenario.load import load_scenario
from lab.scenario.spec import EventSpec, SetClock, SubjectSpec

SECONDS = load_scenario("roll-in-seconds")
BIND = SubjectSpec("it", "daemon:named", ("ksk-spare-1",), SECONDS.start)


def test_the_scenario_begins_now() -> None:
    """The clock shows the scenario's time, which passes at the real rate; to jump is to wait."""
    clock = WallClock()
    clock.begin(1_000_000)
    assert 1_000_000 <= clock.emulated < 1_000_002
    assert clock.lag == int(time.time()) - int(clock.emulated)  # noqa: TID251
    began, to = time.monotonic(), clock.emulated + 0.2
    clock.jump(to)
    assert to <= clock.emulated < to + 5
    assert time.monotonic() - began > 0.15
    assert clock.environment("it") == {"TZ": "UTC"}
    clock.jump(0)
    assert clock.emulated > 1_000_000


def test_looks() -> None:
    """There is a look every second, and after a delay at once."""
    clock = WallClock()
    clock.begin(1_000_000)
    looks = EverySecond(clock)
    assert looks.next_look(1_000_005) == 1_000_006
    assert 1_000_000 <= looks.next_look(999_000) <= 1_000_002


def test_the_same_keys_for_another_date() -> None:
    """What is served at another time is the same RRset, with signatures that are valid then."""
    later = 86_400_000
    moved = at_another_time(SECONDS.timeline, later)
    ring = KeyRing()
    before = ZoneSigner(SECONDS.timeline, ring).dnskey(SECONDS.start)
    after = ZoneSigner(moved, ring).dnskey(SECONDS.start + later)
    assert before is not None
    assert after is not None
    assert before.rrset == after.rrset
    windows = [[(rrsig.inception, rrsig.expiration) for rrsig in one.rrsigs] for one in (before, after)]
    assert windows[1] == [(begin + later, end + later) for begin, end in windows[0]]


@pytest.mark.parametrize(("clocks", "says"), [
    (("shim", "restart"), ""),
    (("mkeytimers", "none"), ""),
    (("mkeytimers", "shim"), "the clock mkeytimers takes real seconds, and that of other does not"),
])  # fmt: skip
def test_all_or_none(clocks: tuple[str, str], says: str) -> None:
    """In one run all real resolvers live in real time, or none."""
    told = refusal(SECONDS, (BIND, replace(BIND, name="other")), clocks)
    assert told.startswith(says)
    assert bool(told) == bool(says)


def test_what_takes_too_long() -> None:
    """Ten minutes is the most; and no clock can be wrong, from the start or from some moment on."""
    assert "lasts" in refusal(load_scenario("2018-actual"), (BIND,), ("none",))
    assert refusal(replace(SECONDS, stop=SECONDS.start + 600), (BIND,), ("none",)) == ""
    wrong = "the clock of it cannot be wrong"
    assert wrong in refusal(SECONDS, (replace(BIND, clock_offset=60),), ("none",))
    event = EventSpec(SECONDS.start + 3, "it", SetClock(60))
    assert wrong in refusal(replace(SECONDS, events=(event,)), (BIND,), ("mkeytimers",))
