"""The oracle, held to sums done by hand from RFC 5011, and to the October scenarios with their real sizes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lab.authority.timeline import Step, Timeline
from lab.clock import DAY, HOUR, Instant, Seconds, parse_instant
from lab.resolver.profiles import MODELS
from lab.run.judge import judge
from lab.run.oracle import NotCoveredError, Prediction, predict, predict_subject
from lab.run.record import Record
from lab.scenario.load import load_scenario
from lab.scenario.spec import EventSpec, Off, Replay, Restart, Window
from tests.properties.worlds import START, keys, scenario, subject, timeline

YEAR: Seconds = 365 * DAY


def foretell(zone: Timeline, model: str, anchors: str = "a", **more: Any) -> Prediction:
    """Ask the oracle about a preset, watched for a year from START unless said."""
    first, stop = more.pop("first_start", 0), more.pop("stop", YEAR)
    knobs = more.pop("knobs", {})
    policy = MODELS[model].policy.override(knobs)
    names = tuple(f"key-{letter}" for letter in anchors)
    return predict(zone, policy, names, first_start=START + first, stop=START + stop, **more)


def after(instant: Instant | None) -> Seconds | None:
    """Return an instant as seconds after START."""
    return None if instant is None else instant - START


def a_roll(published: Seconds, rolled: Seconds, **more: Any) -> Timeline:
    """Return a roll from key-a to key-b; both stay published."""
    return timeline([(0, keys("a")), (published, keys("ab")), (rolled, keys("ab", "b"))], **more)


# -- who fails, and when -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "first", "expected"),
    [
        ("static", 0, 100 * DAY),
        ("static", 1, 100 * DAY + 1),
        ("static", DAY + 7, 101 * DAY + 7),
        ("knot-debian", 7, 100 * DAY + 12 * HOUR + 7),
        ("systemd-resolved", 60, 100 * DAY + 60),
        ("static", 100 * DAY, 100 * DAY),
        ("static", 100 * DAY - 1, 102 * DAY - 1),
    ],
)
def test_old_anchor_lasts_as_long_as_the_cache(model: str, first: Seconds, expected: Seconds) -> None:
    """Who has the old key alone fails when the set fetched last before the roll is over (TTL 2 days).

    Knot Resolver fetches every twelve hours, and keeps a set for a day.
    """
    told = foretell(a_roll(50 * DAY, 100 * DAY), model, first_start=first)
    assert (after(told.first_failure), told.recovered_at) == (expected, None)


def test_cache_ends_with_the_signatures() -> None:
    """A set is not kept beyond its signatures' expiration (RFC 4035 section 5.3.3): TTL 30 d, valid 21 d."""
    zone = Timeline(
        (
            Step(START, keys("a"), START, START + 21 * DAY),
            Step(START + 20 * DAY, keys("ab", "b"), START + 20 * DAY, START + 60 * DAY),
        ),
        30 * DAY,
    )
    assert after(foretell(zone, "static", stop=50 * DAY).first_failure) == 21 * DAY


def test_signatures_end_inclusively() -> None:
    """Signatures are good in their last second, and bogus in the next (RFC 4034 section 3.1.5)."""
    zone = Timeline((Step(START, keys("a"), START, START + DAY),), 60)
    told = foretell(zone, "static", stop=3 * DAY)
    assert after(told.first_failure) == DAY + 1


def test_nothing_is_cached_without_a_ttl() -> None:
    """With a TTL of zero the roll is felt in its very second, however long the run."""
    told = foretell(a_roll(50 * DAY, 100 * DAY, ttl=0), "static")
    assert after(told.first_failure) == 100 * DAY


def test_zone_key_must_be_in_the_cached_set() -> None:
    """A ZSK that signs before caches can hold it breaks everybody until they fetch anew (RFC 6781)."""
    zone = timeline([(0, keys("a")), (10 * DAY + HOUR, keys("a", zsks="z", zone="z"))])
    told = foretell(zone, "static", "a")
    assert [(after(at), good) for at, good in told.secure] == [
        (0, True), (10 * DAY + HOUR, False), (12 * DAY, True),
    ]  # fmt: skip


# -- who learns, and when ------------------------------------------------------------------------------------


def test_strict_learns_at_the_first_refresh_after_the_hold_down() -> None:
    """First seen on day 51, refreshed daily: Valid on day 81, no trouble (RFC 5011 section 2.4.1)."""
    told = foretell(a_roll(50 * DAY + 1, 100 * DAY), "rfc5011-strict")
    assert told.first_failure is None
    assert after(told.valid_since["key-b"]) == 81 * DAY
    assert told.trusted == ("key-a", "key-b")


def test_hold_down_takes_the_ttl() -> None:
    """A TTL of 60 days makes the hold-down as long, and the refresh interval 15 days at most."""
    zone = a_roll(31 * DAY, 200 * DAY, ttl=60 * DAY, validity=120 * DAY)
    assert after(foretell(zone, "rfc5011-strict").valid_since["key-b"]) == (45 + 60) * DAY


def test_configured_keys_are_valid_from_the_start() -> None:
    """Configured keys count as trusted from the first start on, published or not."""
    told = foretell(a_roll(50 * DAY, 100 * DAY), "static", "ab", first_start=5)
    assert told.valid_since == {"key-a": START + 5, "key-b": START + 5}
    assert told.first_failure is None


LATE = a_roll(50 * DAY, 65 * DAY)
"""A roll without a hold-down: 15 days from publication to first use."""


def test_unbound_heals_by_time_alone() -> None:
    """Whoever saw the key twice trusts it after 30 days and a second, at its next try, 61 s apart at most."""
    told = foretell(LATE, "unbound")
    assert told.first_failure is not None
    assert told.recovered_at is not None
    assert 65 * DAY < told.first_failure - START <= 65 * DAY + 12 * HOUR
    assert 80 * DAY < told.recovered_at - START <= 80 * DAY + 12 * HOUR + 61


@pytest.mark.parametrize("model", ["rfc5011-strict", "bind", "knot", "sdns", "cdnsd"])
def test_others_never_heal(model: str) -> None:
    """A hold-down that needs a verified set to end never does once the old key is gone."""
    told = foretell(LATE, model)
    assert told.first_failure is not None
    assert told.recovered_at is None
    assert "key-b" not in told.valid_since


def test_bind_heals_by_a_restart_after_a_quiet_hold_down() -> None:
    """BIND takes a pending key whose time has come for trusted when it starts; each bogus set restarts it.

    The last bogus set before the absence was seen on day 69, so the hold-down is over on day 99.
    """
    quiet = foretell(LATE, "bind", off=[(START + 70 * DAY, START + 99 * DAY)])
    short = foretell(LATE, "bind", off=[(START + 70 * DAY, START + 99 * DAY - 1)])
    assert (after(quiet.recovered_at), short.recovered_at) == (99 * DAY, None)


def test_bind_trusts_every_key_of_the_first_set() -> None:
    """At its first start BIND trusts all published entry points, without a hold-down."""
    told = foretell(LATE, "bind", first_start=64 * DAY)
    assert told.first_failure is None
    assert after(told.valid_since["key-b"]) == 64 * DAY


def test_lost_state_starts_over() -> None:
    """Restarts without state every 7 days leave no hold-down time to end."""
    restarts = [(START + day * DAY, False) for day in range(7, 365, 7)]
    told = foretell(a_roll(50 * DAY, 100 * DAY), "rfc5011-strict", restarts=restarts)
    kept = foretell(
        a_roll(50 * DAY, 100 * DAY), "rfc5011-strict", restarts=[(at, True) for at, _ in restarts]
    )
    assert told.first_failure is not None
    assert 100 * DAY <= told.first_failure - START <= 102 * DAY
    assert kept.first_failure is None


def test_absences_that_touch_are_one_and_restarts_in_them_are_none() -> None:
    """Overlapping absences are one; what is off cannot be restarted."""
    parts = foretell(
        LATE, "bind", off=[(START + 85 * DAY, START + 101 * DAY), (START + 70 * DAY, START + 85 * DAY)],
        restarts=[(START + 75 * DAY, False)],
    )  # fmt: skip
    assert parts == foretell(LATE, "bind", off=[(START + 70 * DAY, START + 101 * DAY)])


# -- revocation ----------------------------------------------------------------------------------------------


def revoked_at(day: int) -> Timeline:
    """Return a zone that revokes its only trusted key on a day; key-b came the day before."""
    return timeline([(0, keys("a")), ((day - 1) * DAY, keys("ab")), (day * DAY, keys("ab", "ab", "a"))])


@pytest.mark.parametrize(
    ("model", "ended"),
    [("rfc5011-strict", 50 * DAY), ("sdns", 50 * DAY), ("bind", 50 * DAY), ("knot", None), ("static", None)],
)
def test_last_key_revoked(model: str, ended: Seconds | None) -> None:
    """The key's own signature revokes it in any set, but not for those who need a verified set, or none."""
    told = foretell(revoked_at(50), model)
    assert (after(told.ended.get("key-a")), told.recovered_at) == (ended, None)
    assert told.first_failure is not None
    assert ("key-a" in told.trusted) is (ended is None)


def test_revoked_keys_come_back_where_they_are_forgotten() -> None:
    """Published unrevoked again, a revoked key is never trusted by the RFC, and after 30 days by BIND."""
    zone = timeline(
        [
            (0, keys("ab")),
            (20 * DAY, keys("ab", "ab", "a")),
            (40 * DAY, keys("ab", "b")),
            (300 * DAY, keys("ab")),
        ]
    )
    strict, bind = foretell(zone, "rfc5011-strict", "ab"), foretell(zone, "bind", "ab")
    assert (strict.trusted, bind.trusted) == (("key-b",), ("key-a", "key-b"))
    assert strict.first_failure is not None
    assert bind.first_failure is None


# -- what it refuses, and whole scenarios --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "knobs"),
    [("unbound-harden", {}), ("getdns", {}), ("rfc5011-strict", {"rows": "Missing absent Start after keep"})],
)
def test_what_is_not_covered_is_refused(model: str, knobs: dict[str, Any]) -> None:
    """The oracle says so where it does not know, rather than guess."""
    with pytest.raises(NotCoveredError):
        foretell(LATE, model, knobs=knobs)


def test_uncovered_presets_are_few() -> None:
    """Only presets that need every algorithm, take XML, or have rows of their own are left out."""
    refused = []
    for name in MODELS:
        try:
            foretell(LATE, name, stop=DAY)
        except NotCoveredError:
            refused.append(name)
    assert refused == ["unbound-harden", "unbound-1.5.3", "unbound-1.5.4", "getdns"]


def test_subject_in_trouble_of_another_kind_is_refused() -> None:
    """Wrong clocks, lost writes, lost answers and attacks are beyond the oracle."""
    plain = subject("it", "unbound")
    attack = EventSpec(START + DAY, "it", Replay(START, START + 2 * DAY))
    for spec, events in (
        (dataclasses.replace(plain, clock_offset=1), ()),
        (dataclasses.replace(plain, state_writable=False), ()),
        (dataclasses.replace(plain, tcp=False), ()),
        (plain, (attack,)),
    ):
        with pytest.raises(NotCoveredError):
            predict_subject(scenario(LATE, [spec], events=events), "it")


def test_subject_is_foretold_as_its_parts_are() -> None:
    """A subject's absences and restarts come from its settings and from events alike."""
    spec = dataclasses.replace(
        subject("it", "unbound"), off=(Window(START + DAY, START + 3 * DAY),), restart_every=40 * DAY
    )
    events = (
        EventSpec(START + 60 * DAY, None, Off(START + 66 * DAY)),
        EventSpec(START + 70 * DAY, "it", Restart(keep_state=False)),
        EventSpec(START + 71 * DAY, "other", Off(START + 300 * DAY)),
    )
    world = scenario(LATE, [spec], stop=START + 110 * DAY, events=events, seed=3)
    restarts = [(START + 40 * DAY, True), (START + 80 * DAY, True), (START + 70 * DAY, False)]
    assert predict_subject(world, "it") == predict(
        LATE, MODELS["unbound"].policy, ("key-a",), first_start=START, stop=START + 110 * DAY,
        seed=3, name="it", restarts=restarts,
        off=[(START + DAY, START + 3 * DAY), (START + 60 * DAY, START + 66 * DAY)],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["2017-planned", "2018-actual", "2026-planned"])
def test_october_is_as_foretold(october: dict[str, Record], name: str) -> None:
    """Every subject of the October scenarios fails and recovers when the oracle says."""
    world = load_scenario(name)
    seen = {one.name: (one.first_failure, one.recovered_at) for one in judge(october[name]).subjects}
    told = {spec.name: predict_subject(world, spec.name) for spec in world.subjects}
    assert {name: (one.first_failure, one.recovered_at) for name, one in told.items()} == seen
    assert any(failure for failure, _ in seen.values())


def test_old_anchor_in_2018() -> None:
    """A resolver with KSK-2010 alone fails within 48 hours of the roll of 2018."""
    told = predict_subject(load_scenario("2018-actual"), "static-old")
    assert told.first_failure is not None
    roll = parse_instant("2018-10-11T16:00:00Z")
    assert roll <= told.first_failure <= roll + 2 * DAY
