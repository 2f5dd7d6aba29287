"""What a roll, a delay, a missing revocation and an emergency do to whom, and from when to when."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lab.authority.operators import delay, emergency, without_revoke
from lab.authority.timeline import Timeline
from lab.clock import DAY, HOUR, Instant, Seconds
from lab.errors import TimelineError
from lab.run.verdict import SubjectResult
from lab.scenario.spec import SubjectSpec, Window, XmlListing
from lab.strategies import windows
from tests.authority.timelines import ACTUAL, PLANNED, one_roll

from ..effort import examples
from .worlds import KSKS, START, ZSKS, key_files, keys, played, scenario, subject, timeline

pytestmark = pytest.mark.no_cover
LEARNERS = ("rfc5011-strict", "unbound", "bind", "knot", "sdns", "cdnsd")
"""Models that add keys by RFC 5011 alone."""

ttls = st.one_of(st.sampled_from((HOUR, 2 * DAY, 30 * DAY)), st.integers(HOUR, 30 * DAY))
validities = st.integers(5 * DAY, 24 * DAY)


def cast(models: Iterable[str], **more: Any) -> list[SubjectSpec]:
    """Return one subject a model, with the old key."""
    return [subject(model, model, **more) for model in models]


def fast(zone: Timeline) -> dict[str, Path]:
    """Return fast keys under the names IANA's timelines use."""
    ksks = list(dict.fromkeys(name for step in zone.steps for name in step.keys.ksks))
    zsks = list(dict.fromkeys(name for step in zone.steps for name in step.keys.zsks))
    files = key_files()
    found = {name: files[KSKS[number % len(KSKS)]] for number, name in enumerate(ksks)}
    return found | {name: files[ZSKS[number % len(ZSKS)]] for number, name in enumerate(zsks)}


# -- the failure window --------------------------------------------------------------------------------------

CAPS: dict[str, Seconds] = {
    "rfc5011-strict": 30 * DAY, "unbound": DAY, "bind": 7 * DAY, "knot": DAY, "sdns": 30 * DAY,
    "cdnsd": 30 * DAY, "static": 30 * DAY, "pdns-recursor": DAY, "dnsmasq": 30 * DAY, "knot-debian": DAY,
    "systemd-resolved": 2 * HOUR, "technitium": 30 * DAY,
}  # fmt: skip
"""How long each model caches the DNSKEY RRset at most."""


@examples(40)
@given(ttl=ttls, validity=validities, start=st.integers(0, 10 * DAY), data=st.data())
def test_who_has_the_old_key_alone_fails_while_caches_drain(
    ttl: Seconds, validity: Seconds, start: Seconds, data: st.DataObject
) -> None:
    """Up from roll - TTL on without the new key, it fails in [roll, roll + min(TTL, cap, RRSIG expiry)]."""
    models = data.draw(st.lists(st.sampled_from(tuple(CAPS)), min_size=1, max_size=3, unique=True))
    rolled = start + max(ttl, DAY) + data.draw(st.integers(0, 10 * DAY))
    zone = timeline([(0, keys("a")), (rolled, keys("ab", "b"))], ttl=ttl, validity=validity)
    world = scenario(zone, cast(models, first_start=START + start), stop=START + rolled + 31 * DAY)
    seen = played(world)
    left = max(step.expiration for step in zone.steps if step.at < START + rolled) - (START + rolled)
    for model in models:
        failed = seen[model].first_failure
        assert failed is not None, model
        assert 0 <= failed - START - rolled <= min(ttl, CAPS[model], left + 1), model
        assert seen[model].recovered_at is None, model


def test_failure_window_needs_the_new_key_to_be_missing() -> None:
    """Who has both keys passes the same roll, and who is off at it fails outside the window."""
    zone = timeline([(0, keys("a")), (30 * DAY, keys("ab", "b"))])
    absent = dataclasses.replace(
        subject("absent", "static"), off=(Window(START + 29 * DAY, START + 40 * DAY),)
    )
    seen = played(scenario(zone, [subject("both", "static", "ab"), absent], stop=START + 60 * DAY))
    assert (seen["both"].first_failure, seen["absent"].first_failure) == (None, START + 40 * DAY)


# -- delays --------------------------------------------------------------------------------------------------


def postponed(zone: Timeline, data: st.DataObject) -> Timeline:
    """Draw a delay that still fits into the timeline."""
    try:
        if data.draw(st.booleans()):
            return delay(zone, quarters=data.draw(st.integers(1, 2)))
        return delay(zone, by=data.draw(st.integers(1, 150 * DAY)))
    except TimelineError:
        assume(False)
        raise


def failure_of(zone: Timeline, spec: SubjectSpec) -> Instant:
    """Return when a subject first fails; later than everything if it does not."""
    stop = zone.steps[-1].expiration
    seen = played(scenario(zone, [spec], start=zone.start, stop=stop, files=fast(zone)))
    failed = seen[spec.name].first_failure
    return stop if failed is None else failed


@examples(15)
@given(zone=one_roll(tail=2), data=st.data())
def test_delay_makes_nobody_fail_earlier(zone: Timeline, data: st.DataObject) -> None:
    """An RFC-strict resolver whose configured anchors contain the old key never fails earlier for a delay."""
    begin = zone.start + data.draw(st.integers(0, 300 * DAY))
    stop = zone.steps[-1].expiration
    anchors = data.draw(st.sampled_from((("ksk-2010",), ("ksk-2010", "ksk-2017"))))
    spec = SubjectSpec("it", "rfc5011-strict", anchors, begin, off=data.draw(windows(begin, stop)))
    assert failure_of(postponed(zone, data), spec) >= failure_of(zone, spec)


def test_delay_hurts_who_has_the_new_key_alone() -> None:
    """Without the old key among its anchors the same resolver does fail earlier: there the claim ends."""
    roll = next(event.at for event in PLANNED.ksk_events() if event.kind == "sign")
    spec = SubjectSpec("it", "rfc5011-strict", ("ksk-2017",), roll + DAY)
    assert failure_of(ACTUAL, spec) == roll + DAY < failure_of(PLANNED, spec)


def story(result: SubjectResult) -> list[tuple[str, str, str, Instant]]:
    """Return the transitions and the first failure of a subject, in a form to compare."""
    changes = [(change.key, change.source, change.target, change.at) for change in result.transitions]
    return [*changes, ("", "", "failure", result.first_failure or 0)]


def test_2018_is_2017_delayed_by_a_year() -> None:
    """The plan of 2017 delayed by four quarters does what 2018 did, but for the hours of the switches."""
    models = ("rfc5011-strict", "unbound", "bind", "knot", "sdns", "static")
    stories: list[dict[str, list[tuple[str, str, str, Instant]]]] = []
    for zone in (ACTUAL, delay(PLANNED, quarters=4), PLANNED):
        subjects = [SubjectSpec(model, model, ("ksk-2010",), zone.start) for model in models]
        seen = played(scenario(zone, subjects, start=zone.start, files=fast(zone)))
        stories.append({name: story(result) for name, result in seen.items()})
    actual, delayed, planned = stories
    for model in models:
        pairs = zip(actual[model], delayed[model], strict=True)
        assert all(one[:3] == other[:3] and abs(one[3] - other[3]) < DAY for one, other in pairs), model
    revoked = [
        next(change[3] for change in one["rfc5011-strict"] if change[2] == "Revoked")
        for one in (actual, planned)
    ]
    assert revoked[0] - revoked[1] > 300 * DAY, "the plan itself would pass for the roll"


# -- no revocation -------------------------------------------------------------------------------------------


@examples(10)
@given(zone=one_roll(tail=1), data=st.data())
def test_without_revocation_nobody_breaks(zone: Timeline, data: st.DataObject) -> None:
    """`without_revoke` leaves the old key Valid or Missing for ever, and breaks nobody."""
    quiet = without_revoke(zone)
    events = [event.at for event in zone.ksk_events() if event.kind == "publish" and event.name == "ksk-2017"]
    begin = data.draw(st.integers(zone.start, max(zone.start, events[0])))
    models = ("rfc5011-strict", *data.draw(st.lists(st.sampled_from(LEARNERS[1:]), max_size=2, unique=True)))
    subjects = [SubjectSpec(model, model, ("ksk-2010",), begin) for model in models]
    seen, loud = (
        played(scenario(one, subjects, start=zone.start, files=fast(zone))) for one in (quiet, zone)
    )
    assert all(result.first_failure is None for result in seen.values())
    assert all(result.first_failure is None for result in loud.values())
    states = {anchor.key: anchor.state for anchor in seen["rfc5011-strict"].anchors}
    assert states["ksk-2010"] in ("Valid", "Missing")
    heard = {anchor.key: anchor.state for anchor in loud["rfc5011-strict"].anchors}
    assert heard["ksk-2010"] in ("Revoked", "Removed")


# -- emergencies ---------------------------------------------------------------------------------------------

ROLLED: Instant = START + 100 * DAY


def sudden(notice: Seconds, *specs: SubjectSpec, days: int = 200, **more: Any) -> dict[str, SubjectResult]:
    """Play an emergency roll to key-b, published `notice` before."""
    zone = emergency(timeline([(0, keys("a"))]), ROLLED, "key-b", notice)
    return played(scenario(zone, specs, stop=START + days * DAY, **more))


@examples(15)
@given(notice=st.integers(0, 29 * DAY), start=st.integers(0, 60 * DAY), seed=st.integers(0, 9))
def test_emergency_breaks_all_who_learn_by_rfc_5011_alone(notice: Seconds, start: Seconds, seed: int) -> None:
    """Below a hold-down of notice every such resolver breaks; only Unbound heals, if it saw the key twice.

    It needs two sightings in verified sets, half a day apart at most, and then 30 days and its next try.
    """
    seen = sudden(notice, *cast(LEARNERS, first_start=START + start), seed=seed)
    for model, result in seen.items():
        assert result.first_failure is not None, model
        assert ROLLED <= result.first_failure <= ROLLED + 2 * DAY, model
        assert model == "unbound" or result.recovered_at is None, model
    healed = seen["unbound"].recovered_at
    if notice > DAY:
        assert healed is not None
        assert 30 * DAY < healed - (ROLLED - notice) <= 30 * DAY + DAY // 2 + 62
    elif notice == 0:
        assert healed is None


def test_emergency_with_a_hold_down_of_notice_breaks_nobody() -> None:
    """The same roll with time to learn the key breaks none of them: it is the haste that does."""
    seen = sudden(40 * DAY, *cast(LEARNERS))
    assert all(result.first_failure is None for result in seen.values())


def test_who_has_the_new_key_or_its_listing_gets_through() -> None:
    """An operator who configures both keys is safe; getdns heals when root-anchors.xml lists the new one."""
    listed = ROLLED + 3 * DAY
    listings = (XmlListing("key-a", START), XmlListing("key-b", listed))
    specs = (subject("both", "static", "ab"), subject("getdns", "getdns"), subject("old", "static"))
    seen = sudden(10 * DAY, *specs, xml=listings)
    assert (seen["both"].first_failure, seen["old"].recovered_at) == (None, None)
    assert (seen["getdns"].first_failure, seen["getdns"].recovered_at) == (ROLLED, listed)


@pytest.mark.parametrize(("model", "heals"), [("bind", True), ("rfc5011-strict", False), ("knot", False)])
def test_restart_after_a_quiet_hold_down_heals_bind(model: str, heals: bool) -> None:
    """BIND alone trusts, when it starts, a pending key whose time has come."""
    off = (Window(ROLLED + 5 * DAY, ROLLED + 36 * DAY),)
    spec = dataclasses.replace(subject("it", model), off=off)
    seen = sudden(15 * DAY, spec)
    assert seen["it"].recovered_at == (off[0].end if heals else None)


def test_restart_without_a_quiet_hold_down_heals_nobody() -> None:
    """A start before the 30 days are over does not: every bogus set made BIND begin anew."""
    spec = dataclasses.replace(subject("it", "bind"), off=(Window(ROLLED + 5 * DAY, ROLLED + 33 * DAY),))
    assert sudden(15 * DAY, spec)["it"].recovered_at is None
