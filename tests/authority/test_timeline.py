"""Test the timeline: a step function of time that cannot be built wrong."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority.slots import root_history
from lab.authority.timeline import KeySet, SlotId, Step, Timeline
from lab.clock import DAY, HOUR, format_instant, parse_instant
from lab.errors import TimelineError, UserError

from .timelines import any_steps

NOON = parse_instant("2020-01-01T12:00:00Z")
KEYS = KeySet(("old", "new"), ("zsk",), (), ("old",), ("zsk",))
STEP = Step(NOON, KEYS, NOON - HOUR, NOON + 21 * DAY)


def second(**changes: object) -> Step:
    """Return a good second step with some of its key set's fields changed."""
    return Step(NOON + DAY, replace(KEYS, **changes), NOON, NOON + 22 * DAY)  # type: ignore[arg-type]


@given(any_steps(), st.data())
def test_constant_between_changes(timeline: Timeline, data: st.DataObject) -> None:
    """From one change to the second before the next, one and the same step is in force."""
    step = data.draw(st.sampled_from(timeline.steps))
    following = timeline.next_change(step.at)
    last = step.at + 100 * DAY if following is None else following - 1
    at = data.draw(st.integers(step.at, last))
    assert timeline.step(at) is step
    assert timeline.key_set(at) is step.keys


@given(any_steps(), st.integers(-40 * DAY, 300 * DAY))
def test_next_change_is_the_first_strictly_after(timeline: Timeline, offset: int) -> None:
    """`next_change` gives the earliest step later than the instant asked about, never the instant itself."""
    after = timeline.start + offset
    later = [step.at for step in timeline.steps if step.at > after]
    assert timeline.next_change(after) == (later[0] if later else None)


@given(any_steps())
def test_walking_the_changes_visits_every_step(timeline: Timeline) -> None:
    """An engine that jumps from change to change misses no step and stops after the last."""
    visited, at = [], timeline.next_change(timeline.start - 1)
    while at is not None:
        visited.append(timeline.step(at))
        at = timeline.next_change(at)
    assert tuple(visited) == timeline.steps


@given(any_steps())
def test_events_carry_the_first_step_to_the_last(timeline: Timeline) -> None:
    """Applied in order to the states of the first step, the events give every KSK's state in every step."""
    after = {"publish": "published", "sign": "signing", "retire": "published", "revoke": "revoked"}
    first = timeline.steps[0].keys
    states = {name: first.state(name) if name in first.ksks else "absent" for name in "abc"}
    events = list(timeline.ksk_events())
    for step in timeline.steps:
        while events and events[0].at <= step.at:
            event = events.pop(0)
            states[event.name] = after.get(event.kind, "absent")  # type: ignore[assignment]
        assert states == {name: step.keys.state(name) for name in "abc"}
    assert events == []


def test_events_of_a_roll_in_order() -> None:
    """The events of the root's first roll are the published ones, at their hours."""
    events = [event for event in root_history().ksk_events() if event.at < parse_instant("2020-01-01")]
    assert [(format_instant(event.at), event.kind, event.name) for event in events] == [
        ("2017-07-11T16:00:00Z", "publish", "ksk-2017"),
        ("2018-10-11T16:00:00Z", "retire", "ksk-2010"),
        ("2018-10-11T16:00:00Z", "sign", "ksk-2017"),
        ("2019-01-11T14:00:00Z", "revoke", "ksk-2010"),
        ("2019-03-22T16:00:00Z", "remove", "ksk-2010"),
    ]


def test_every_change_of_state_has_a_name() -> None:
    """A key that signs from the start is published and signs; one revoked while it signs also retires."""
    sets = (
        KeySet(("a",), (), (), ("a",), ()),
        KeySet(("a", "b"), (), (), ("a", "b"), ()),
        KeySet(("a", "b"), (), ("a",), ("a", "b"), ()),
        KeySet(("a", "b"), (), (), ("b",), ()),
        KeySet(("b",), (), (), ("b",), ()),
        KeySet(("c", "a"), (), ("a",), ("a", "c"), ()),
        KeySet(("c", "a"), (), (), ("a", "c"), ()),
    )
    steps = tuple(Step(NOON + n, keys, NOON, NOON + DAY) for n, keys in enumerate(sets))
    assert [(event.at - NOON, event.kind, event.name) for event in Timeline(steps).ksk_events()] == [
        (1, "publish", "b"), (1, "sign", "b"),
        (2, "retire", "a"), (2, "revoke", "a"),
        (3, "publish", "a"),
        (4, "remove", "a"),
        (5, "publish", "c"), (5, "sign", "c"), (5, "revoke", "a"), (5, "retire", "b"), (5, "remove", "b"),
        (6, "publish", "a"), (6, "sign", "a"),
    ]  # fmt: skip


def test_key_states() -> None:
    """A key is absent before the start or if unnamed; a ZSK is published; revocation beats signing."""
    late = second(revoked=("old",), dnskey_signers=("old", "new"))
    timeline = Timeline((STEP, late))
    asked = [("old", NOON - 1), ("old", NOON), ("new", NOON), ("zsk", NOON), ("other", NOON)]
    asked += [("old", NOON + DAY), ("new", NOON + DAY)]
    assert [timeline.key_state(name, at) for name, at in asked] == [
        "absent", "signing", "published", "published", "absent", "revoked", "signing",
    ]  # fmt: skip


def test_published_and_trusted_signers() -> None:
    """The published keys are KSKs, then ZSKs; a revoked signer is not one that can validate."""
    keys = second(revoked=("old",), dnskey_signers=("old", "new")).keys
    assert keys.published == ("old", "new", "zsk")
    assert keys.trusted_signers == ("new",)


def test_signatures_before_keys() -> None:
    """A key not published may sign the zone beside one that is (RFC 6781 section 4.1.4), not alone."""
    step = second(zone_signers=("zsk", "zsk-ecdsa"))
    assert Timeline((STEP, step)).key_set(NOON + DAY).zone_signers == ("zsk", "zsk-ecdsa")
    with pytest.raises(TimelineError, match="signer of the zone zsk-ecdsa is not published"):
        Timeline((STEP, second(zone_signers=("zsk-ecdsa",))))


def test_nothing_before_the_start() -> None:
    """Asking for a step before the first is the caller's error, and says where the timeline begins."""
    with pytest.raises(TimelineError, match="no zone before 2020-01-01T12:00:00Z"):
        Timeline((STEP,)).step(NOON - 1)


def test_last_step_stays_for_ever() -> None:
    """After the last step nothing changes any more, even when its signatures have expired."""
    assert Timeline((STEP,)).step(NOON + 1000 * DAY) is STEP


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ((), "timeline: there are no steps"),
        ((STEP, STEP), "not after the step before it, 2020-01-01T12:00:00Z"),
        ((second(), STEP), "step at 2020-01-01T12:00:00Z: not after the step before it, 2020-01-02T12"),
        ((STEP, second(dnskey_signers=("ghost",))), "signer of the DNSKEY RRset ghost is not published"),
        ((STEP, second(zone_signers=("ghost",))), "signer of the zone ghost is not published"),
        ((STEP, second(revoked=("ghost",))), "revoked key ghost is not published"),
        ((STEP, second(revoked=("zsk",))), "revoked key zsk is not published"),
        ((STEP, second(dnskey_signers=())), "no key signs the DNSKEY RRset that is not revoked"),
        ((STEP, second(revoked=("old",))), "no key signs the DNSKEY RRset that is not revoked"),
        ((STEP, second(ksks=("old", "old"))), "a key is named twice: old, old, zsk"),
        ((STEP, second(zsks=("zsk", "old"))), "a key is named twice"),
        ((STEP, second(dnskey_signers=("old", "old"))), "a key is named twice"),
        (
            (STEP, second(revoked=("old",), dnskey_signers=("new",), zone_signers=("old",))),
            "signer of the zone old is revoked",
        ),
    ],
)
def test_impossible_steps(steps: tuple[Step, ...], problem: str) -> None:
    """An impossible timeline is refused in one line that names the step and a remedy; the user's fault."""
    with pytest.raises(TimelineError) as caught:
        Timeline(steps)
    text = str(caught.value)
    assert problem in text
    assert text.startswith("timeline, step at 2020-01-0" if steps else "timeline: ")
    assert "; " in text
    assert "\n" not in text
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize(
    ("at", "inception", "expiration", "problem"),
    [
        (NOON, NOON, NOON, "is empty or too long"),
        (NOON, NOON, NOON - 1, "is empty or too long"),
        (NOON, NOON, NOON + 2**31, "is empty or too long"),
        (NOON - 1, NOON, NOON + 1, "served outside its signatures' validity"),
        (NOON + 2, NOON, NOON + 1, "served outside its signatures' validity"),
        (-1, -1, 1, "out of range"),
        (2**32, 2**32, 2**32 + 1, "out of range"),
        (2**32 - 2, 2**32 - 2, 2**32, "out of range"),
        (10**30, NOON, NOON + 1, "out of range"),
    ],
)
def test_impossible_windows(at: int, inception: int, expiration: int, problem: str) -> None:
    """Signatures must be valid when first served, in the 32 bits of RFC 4034 section 3.1.5."""
    with pytest.raises(TimelineError, match=problem):
        Timeline((Step(at, KEYS, inception, expiration),))


@pytest.mark.parametrize("at", [NOON, NOON + 1])
def test_both_ends_of_a_window_are_inside(at: int) -> None:
    """A step may be served from the first or the last second of its signatures (RFC 4034 section 3.1.5)."""
    assert Timeline((Step(at, KEYS, NOON, NOON + 1),)).start == at


@pytest.mark.parametrize("ttl", [-1, 2**31])
def test_impossible_ttl(ttl: int) -> None:
    """A TTL is a number of 31 bits (RFC 2181 section 8)."""
    with pytest.raises(TimelineError, match=f"DNSKEY TTL {ttl} is out of range"):
        Timeline((STEP,), ttl)


@pytest.mark.parametrize(
    ("at", "place"),
    [(0, "1970-01-01T00:00:00Z"), (2**32 - 1, "2106-02-07T06:28:15Z"), (2**32, "4294967296 s")],
)
def test_place_of_a_step(at: int, place: str) -> None:
    """An error names the instant of its step, as a number where it is none."""
    assert replace(STEP, at=at).place() == f"timeline, step at {place}"


def test_slot_error_names_the_slot() -> None:
    """A step that has a slot is named by it."""
    step = replace(STEP, slot=SlotId(2020, 1, 1), keys=replace(KEYS, dnskey_signers=("ghost",)))
    with pytest.raises(TimelineError, match=r"^timeline, slot 2020Q1/1 at 2020-01-01T12:00:00Z: "):
        Timeline((step,))


@pytest.mark.parametrize("numbers", [(2020, 0, 1), (2020, 5, 1), (2020, 1, 0), (2020, 1, 10)])
def test_no_such_slot(numbers: tuple[int, int, int]) -> None:
    """A quarter has nine slots, a year four quarters."""
    with pytest.raises(TimelineError, match="no such slot"):
        SlotId(*numbers)


def test_slots_sort_by_time() -> None:
    """Slots compare as their dates do."""
    slots = [SlotId(2018, 1, 1), SlotId(2017, 4, 9), SlotId(2017, 4, 2)]
    assert [str(slot) for slot in sorted(slots)] == ["2017Q4/2", "2017Q4/9", "2018Q1/1"]


def test_equal_by_value_and_frozen() -> None:
    """Two timelines of equal steps are equal and hash alike; none can be changed."""
    one, other = Timeline((STEP,)), Timeline((replace(STEP),))
    assert (one, hash(one)) == (other, hash(other))
    assert one != Timeline((STEP,), 60)
    with pytest.raises(FrozenInstanceError):
        one.dnskey_ttl = 1  # type: ignore[misc]
