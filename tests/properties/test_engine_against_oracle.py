"""The engine and the analytic oracle, written apart, agree to the second; and a wrong engine is caught."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from lab.authority.timeline import KeySet, Timeline
from lab.clock import DAY, HOUR, Instant, Seconds, format_duration
from lab.resolver.profiles import MODELS
from lab.run.oracle import predict_subject
from lab.run.oracle_laws import law_of
from lab.run.verdict import SubjectResult
from lab.scenario.spec import Scenario, SubjectSpec
from lab.strategies import timelines, turned_knobs, windows

from ..effort import examples
from .worlds import START, is_secure, keys, played, scenario, subject, timeline

COVERED = tuple(
    name
    for name, profile in MODELS.items()
    if law_of(profile.policy)
    and profile.policy.trust.algorithms == "any"
    and profile.policy.trust.feed != "xml"
)


def durations(least: Seconds, most: Seconds) -> st.SearchStrategy[str]:
    """Draw a duration as files write it."""
    return st.integers(least, most).map(format_duration)


KNOBS: dict[str, st.SearchStrategy[Any]] = {
    "add-hold-down": durations(HOUR, 45 * DAY),
    "remove-hold-down": durations(HOUR, 45 * DAY),
    "keep-missing": st.one_of(st.just("for-ever"), durations(DAY, 100 * DAY)),
    "strictly-after": durations(0, 2),
    "hold-down-takes-ttl": st.booleans(),
    "validators-matter": st.booleans(),
    "when-empty": st.sampled_from(("insecure", "fail")),
    "when-empty-at-start": st.sampled_from(("insecure", "fail")),
    "skew": st.sampled_from(("none", "tenth")),
    "on-bogus": st.sampled_from(("servfail", "pass")),
    "probes": st.booleans(),
    "after-miss": st.sampled_from(("ok", "PT1H", "retry")),
    "after-bogus": st.sampled_from(("none", "interval", "PT2H")),
    "after-lost": st.sampled_from(("bogus", "PT27S", "PT10M")),
    "after-blind": st.sampled_from(("lost", "never", "retry")),
    "interval-divisor": st.integers(1, 5),
    "retry-divisor": st.integers(1, 20),
    "interval-cap": durations(HOUR, 20 * DAY),
    "floor": durations(600, DAY),
    "fixed-interval": durations(HOUR, 20 * DAY),
    "ttl-source": st.sampled_from(("original", "capped", "stored")),
    "expiry-source": st.sampled_from(("first", "minimum", "none")),
    "jitter-tenths": st.integers(0, 10),
    "deadline-probe": st.booleans(),
    "first-probe": st.sampled_from(("now", "stored")),
    "refresh-from-cache": st.booleans(),
    "swap": st.sampled_from(("bypass", "flush", "replace", "renew")),
    "ttl-cap": durations(HOUR, 30 * DAY),
    "ttl-floor": durations(0, DAY),
    "negative": durations(0, 2 * DAY),
}


@st.composite
def subjects(draw: st.DrawFn, zone: Timeline, *, eventful: bool) -> SubjectSpec:
    """Draw one subject of a model that the oracle covers; an eventful one has knobs turned, and restarts."""
    model = draw(st.sampled_from(COVERED))
    anchors = draw(st.sampled_from(("a", "a", "ab", "b")))
    begin = START + draw(st.one_of(st.just(0), st.integers(1, 60 * DAY)))
    spec = dataclasses.replace(
        subject(model, model, anchors, begin), anchor_format=draw(st.sampled_from(("ds", "dnskey")))
    )
    if not eventful:
        return spec
    turned = draw(turned_knobs(KNOBS))
    end = max(zone.steps[-1].expiration, begin + 2 * DAY)
    return dataclasses.replace(
        spec,
        policy=turned,
        off=draw(windows(begin, end)),
        restart_every=draw(st.one_of(st.none(), st.integers(DAY, 40 * DAY))),
        keep_state=draw(st.booleans()),
    )


@st.composite
def worlds(draw: st.DrawFn, *, eventful: bool = False) -> Scenario:
    """Draw a timeline and up to four subjects."""
    zone = draw(timelines())
    cast = draw(st.lists(subjects(zone, eventful=eventful), min_size=1, max_size=4, unique_by=_name))
    return scenario(zone, cast, seed=draw(st.integers(0, 3)))


def _name(spec: SubjectSpec) -> str:
    return spec.name


def first_valid(result: SubjectResult) -> dict[str, int]:
    """Return when each key was first promoted to Valid."""
    found: dict[str, int] = {}
    for change in result.transitions:
        if change.target == "Valid" and change.source in ("Start", "AddPend"):
            found.setdefault(change.key, change.at)
    return found


def disagreements(right: Scenario, played_as: Scenario | None = None) -> list[object]:
    """Return in what the engine differs from the oracle: security over time, learning, trust at the end."""
    seen = played(played_as or right)
    found: list[object] = []
    for spec in right.subjects:
        told, result = predict_subject(right, spec.name), seen[spec.name]
        learnt = {name: at for name, at in told.valid_since.items() if name not in spec.anchors}
        promoted = {name: at for name, at in first_valid(result).items() if name not in spec.anchors}
        trusted = {anchor.key for anchor in result.anchors if anchor.state in ("Valid", "Missing")}
        pairs = (
            (told.secure, is_secure(result)),
            ((told.first_failure, told.recovered_at), (result.first_failure, result.recovered_at)),
            (learnt, promoted),
            (told.trusted, tuple(sorted(trusted))),
        )
        found += [(spec.name, oracle, engine) for oracle, engine in pairs if oracle != engine]
    return found


@pytest.mark.no_cover
@examples(40)
@given(worlds())
def test_presets_fail_and_recover_as_foretold(world: Scenario) -> None:
    """Every preset fails, recovers and learns keys when the oracle says, on any timeline."""
    assert not disagreements(world)


@pytest.mark.no_cover
@examples(40)
@given(worlds(eventful=True))
def test_turned_knobs_do_as_foretold(world: Scenario) -> None:
    """So do they with knobs turned, switched off and on, and restarted with or without their state."""
    assert not disagreements(world)


MUTANTS = (
    ("rfc5011-strict", {"rows": "AddPend seen Valid"}),
    ("rfc5011-strict", {"rows": "Valid revoked -"}),
    ("rfc5011-strict", {"rows": "Revoked seen Valid"}),
    ("rfc5011-strict", {"add_hold_down": "P29D"}),
    ("rfc5011-strict", {"expiry_source": "none"}),
    ("unbound", {"rows": "AddPend answer -"}),
    ("unbound", {"negative": "PT60S"}),
    ("bind", {"rows": "AddPend bogus -"}),
    ("bind", {"after_lost": "PT30S"}),
    ("knot", {"swap": "bypass"}),
    ("static", {"ttl_cap": "P1DT1S"}),
)
"""Models made wrong in one place, as an engine with a slip in it would have them."""


@pytest.mark.no_cover
@pytest.mark.parametrize(("model", "slip"), MUTANTS, ids=[f"{m}: {s}" for m, s in MUTANTS])
def test_slip_is_caught(model: str, slip: dict[str, Any]) -> None:
    """A search over the same timelines finds one on which a model with a slip is not what was foretold."""

    def differs(zone: Timeline) -> bool:
        right, wrong = (scenario(zone, [subject("it", model, **knobs)]) for knobs in ({}, slip))
        return bool(disagreements(right, wrong))

    quick = settings(
        max_examples=400, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    try:
        find(timelines(), differs, settings=quick)
    except NoSuchExample:
        pytest.fail("the slip made no difference")


def test_rare_slip_is_caught() -> None:
    """A pending key starts over when its only voucher is revoked (RFC 5011 section 2.2); if not, it shows."""
    zone = timeline(
        [
            (0, keys("ac", "a")),
            (DAY, keys("abc", "a")),
            (10 * DAY, keys("abc", "ac", "a")),
            (60 * DAY, keys("bc", "c")),
        ]
    )
    right, wrong = (
        scenario(zone, [subject("it", "rfc5011-strict", "ac", validators_matter=matters)])
        for matters in (True, False)
    )
    assert not disagreements(right)
    assert predict_subject(right, "it").valid_since["key-b"] == START + 40 * DAY
    assert disagreements(right, wrong)


HISTORIES: dict[str, list[tuple[Seconds, KeySet]]] = {
    "an anchor is away for longer than anybody keeps it": [
        (0, keys("ab")), (10 * DAY, keys("a")), (450 * DAY, keys("ab")), (500 * DAY, keys("ab", "b")),
    ],
    "a configured key appears late": [(0, keys("a")), (200 * DAY, keys("ab")), (260 * DAY, keys("b"))],
    "every anchor is revoked": [
        (0, keys("ab")), (10 * DAY, keys("abc")), (20 * DAY, keys("abc", "abc", "ab")),
        (70 * DAY, keys("c")), (90 * DAY, keys("abc", "a")),
    ],
    "a pending key is revoked and comes back": [
        (0, keys("a")), (5 * DAY, keys("ac")), (10 * DAY, keys("ac", "ac", "c")), (50 * DAY, keys("ac")),
        (85 * DAY, keys("ac", "c")),
    ],
    "a pending key is revoked in a set nobody can verify": [
        (0, keys("a")), (5 * DAY, keys("ac")), (10 * DAY, keys("bc", "bc", "c")), (20 * DAY, keys("ac")),
        (45 * DAY, keys("ac", "c")),
    ],
    "a revoked key comes back before and after it is forgotten": [
        (0, keys("ab")), (10 * DAY, keys("ab", "ab", "a")), (20 * DAY, keys("ab", "b")),
        (45 * DAY, keys("ab", "ab", "a")), (80 * DAY, keys("b")), (120 * DAY, keys("ab", "b")),
        (160 * DAY, keys("ab", "a")),
    ],
    "a REVOKE bit without the key's signature": [
        (0, keys("ab")), (10 * DAY, keys("abc", "b", "a")), (60 * DAY, keys("abc", "b")),
        (100 * DAY, keys("abc", "b", "ac")), (120 * DAY, keys("abc", "a")),
    ],
}  # fmt: skip
"""Histories of the keys a, b, c that are too rare among those drawn."""


def history_of(name: str) -> tuple[Timeline, Instant]:
    """Return the timeline of a history, seldom signed anew, and when it has ended for everybody."""
    sets = HISTORIES[name]
    return timeline(sets, validity=100 * DAY), START + sets[-1][0] + 40 * DAY


RARE_SLIPS: dict[str, tuple[str, dict[str, Any]]] = {
    "a pending key is revoked and comes back": ("rfc5011-strict", {"rows": "AddPend absent -"}),
    "a configured key appears late": ("rfc5011-strict", {"rows": "Valid absent Start"}),
    "a REVOKE bit without the key's signature": ("unbound", {"strictly_after": "PT1H"}),
}
"""Models made wrong in a place that few of the timelines drawn come by, and the history that shows it."""


@pytest.mark.parametrize("history", RARE_SLIPS)
def test_rare_slip_is_caught_in_its_history(history: str) -> None:
    """A model with such a slip is not what was foretold of the model without it."""
    model, slip = RARE_SLIPS[history]
    zone, stop = history_of(history)
    right, wrong = (scenario(zone, [subject("it", model, **knobs)], stop=stop) for knobs in ({}, slip))
    assert not disagreements(right)
    assert disagreements(right, wrong)


FAMILIES = (
    "rfc5011-strict", "unbound", "unbound-1.6.4", "bind", "bind-9.11.2", "knot", "knot-5.1.2", "sdns",
    "cdnsd", "systemd-resolved", "systemd-resolved-downgrade", "presence",
)  # fmt: skip
"""A preset for every way to go by a key's history."""


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(name, marks=[pytest.mark.no_cover] if sets[-1][0] > 200 * DAY else [])
        for name, sets in HISTORIES.items()
    ],
)
def test_rare_histories_go_as_foretold(history: str) -> None:
    """Every family does as foretold where a key is away for long, or revoked in unusual ways."""
    cast = []
    for model in FAMILIES:
        both = subject(f"{model}-both", model, "ab")
        restarted = dataclasses.replace(both, name=f"{model}-restarted", restart_every=17 * DAY)
        cast += [both, dataclasses.replace(restarted, anchor_format="dnskey"), subject(model, model)]
    zone, stop = history_of(history)
    assert not disagreements(scenario(zone, cast, stop=stop))


def test_knot_does_not_know_the_revoked_copy_by_its_ds() -> None:
    """Knot finds a DS's key by tag, and a revoked copy has another tag (RFC 5011 section 2.1)."""
    zone = timeline([(0, keys("a")), (10 * DAY, keys("ab", "ab", "b")), (40 * DAY, keys("b"))])
    assert not disagreements(scenario(zone, [subject("knot", "knot", "ab")]))


def test_trust_point_that_a_client_saw_deleted_stays_deleted() -> None:
    """Once every anchor is revoked there is no trust point to refresh (RFC 5011 section 5)."""
    zone = timeline(
        [(0, keys("a")), (DAY, keys("ab")), (31 * DAY - 600, keys("ab", "ab", "a")), (60 * DAY, keys("b"))],
        ttl=1800,
    )
    assert not disagreements(scenario(zone, [subject("unbound", "unbound")]))
