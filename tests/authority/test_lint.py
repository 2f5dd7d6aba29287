"""Test the warnings about timelines that can be served but should not."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lab.authority.lint import (
    IDENTIFIERS,
    FieldSizes,
    TimelineWarning,
    lint,
    response_size,
    root_field_sizes,
    safe_to_remove,
    safe_to_sign_alone,
)
from lab.authority.operators import back_out, delay, emergency, without_revoke
from lab.authority.slots import quarter_timeline
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, Instant, format_instant

from ..effort import examples
from .timelines import ACTUAL, HISTORY, KSKS, PLANNED, REVOKE_2019, ROLL_2018, any_steps, instants, one_roll

KEYS = KeySet(("old", "new"), (), (), ("old",), ())


def found(timeline: Timeline, *identifiers: str) -> list[tuple[str, str]]:
    """Return instant and message of the warnings of some kinds."""
    warnings = [warning for warning in lint(timeline) if warning.identifier in identifiers]
    return [(format_instant(warning.at), warning.message) for warning in warnings]


def iso(at: Instant | None) -> str:
    """Return the text of an instant that is expected to be there."""
    assert at is not None
    return format_instant(at)


def test_root_timelines_wait_long_enough() -> None:
    """Neither history nor plan, nor 2017 as planned, has a gap or a wait that is too short."""
    for timeline in (HISTORY, PLANNED, ACTUAL):
        assert found(timeline, "signature-gap", "add-wait", "remove-wait") == []


def test_safe_dates_of_the_root() -> None:
    """From the timeline alone follow the dates that facts.md 7.4 gives for both rolls."""
    assert iso(safe_to_sign_alone(HISTORY, "ksk-2017")) == "2017-08-23T00:00:00Z"
    assert iso(safe_to_remove(HISTORY, "ksk-2010")) == "2019-01-24T00:00:00Z"
    assert iso(safe_to_sign_alone(HISTORY, "ksk-2024")) == "2025-02-23T00:00:00Z"
    assert iso(safe_to_remove(HISTORY, "ksk-2017")) == "2027-01-24T00:00:00Z"


def test_no_safe_date_without_an_event() -> None:
    """A key that is there from the start, or never, has no date; nor has one that is not revoked."""
    assert safe_to_sign_alone(HISTORY, "ksk-2010") is None
    assert safe_to_sign_alone(HISTORY, "ksk-2099") is None
    assert safe_to_remove(HISTORY, "ksk-2024") is None
    assert safe_to_remove(HISTORY, "ksk-2099") is None
    always = Timeline((Step(1, replace(KEYS, revoked=("old",), dnskey_signers=("new",)), 0, 9),))
    assert safe_to_remove(always, "old") is None


def test_emergency_roll_does_not_wait() -> None:
    """A roll without hold-down is reported at its instant, with the date that it should have waited for."""
    rolled = emergency(ACTUAL, ROLL_2018 + DAY, "ksk-emergency")
    assert found(rolled, "add-wait") == [
        (
            "2018-10-12T16:00:00Z",
            "ksk-emergency signs alone, and addWaitTime is over only at 2018-12-03T00:00:00Z",
        )
    ]


@examples(40)
@given(one_roll(tail=1), st.integers(0, 70 * DAY))
def test_add_wait_is_reported_iff_too_short(timeline: Timeline, notice: int) -> None:
    """A roll draws the warning exactly if it comes before addWallClockTime."""
    at = timeline.start + 80 * DAY
    rolled = emergency(timeline, at, "fresh", notice)
    safe = safe_to_sign_alone(rolled, "fresh")
    assert safe is not None
    assert bool(found(rolled, "add-wait")) == (at < safe)


def test_back_out_needs_no_wait() -> None:
    """To return to a key that was always there is never too early."""
    assert found(back_out(ACTUAL, ROLL_2018 + DAY), "add-wait") == []


def test_double_signature_needs_no_wait() -> None:
    """As long as one key goes on signing, another may join it or leave at any time."""
    both = replace(KEYS, dnskey_signers=("old", "new"))
    fresh = KeySet(("old",), (), (), ("old",), ())
    steps = (Step(1, fresh, 0, 99 * DAY), Step(2, both, 0, 99 * DAY), Step(3, KEYS, 0, 99 * DAY))
    assert lint(Timeline(steps)) == ()


def test_hasty_removal() -> None:
    """A revoked key that leaves before remWallClockTime is reported; one second later it is not."""
    rolled = replace(KEYS, dnskey_signers=("new",))
    revoking = replace(rolled, revoked=("old",), dnskey_signers=("old", "new"))
    gone = replace(rolled, ksks=("new",))
    safe = 10 * DAY + 2 * DAY
    kept = (Step(1, rolled, 0, 10 * DAY), Step(2, revoking, 0, 99 * DAY))
    for at, expected in ((safe - 1, 1), (safe, 0)):
        timeline = Timeline((*kept, Step(at, gone, 0, 99 * DAY)))
        warnings = found(timeline, "remove-wait")
        assert len(warnings) == expected
        assert all(
            message.startswith("old leaves, and remWaitTime is over only at 1970-01-13")
            for _, message in warnings
        )


def test_removal_without_revocation_needs_no_wait() -> None:
    """A key that was never revoked has no revocation to wait for."""
    assert found(without_revoke(ACTUAL), "remove-wait") == []


def test_signature_gap() -> None:
    """A step served past its expiration is reported from the first second without valid signatures."""
    steps = (Step(1, KEYS, 0, 10), Step(11, KEYS, 0, 20), Step(22, KEYS, 0, 30))
    assert found(Timeline(steps), "signature-gap") == [
        (
            "1970-01-01T00:00:21Z",
            "signatures expired at 1970-01-01T00:00:20Z, and the next step is served from "
            "1970-01-01T00:00:22Z",
        )
    ]


def test_response_sizes() -> None:
    """Every growth beyond 1232 octets is reported once: 1414 first on 2017-09-19, 1425 on 2019-01-11."""
    sizes = found(HISTORY, "response-size")
    assert sizes[0] == ("2017-09-19T15:00:00Z", "the DNSKEY response has 1414 octets, over 1232 and 1280")
    assert ("2019-01-11T14:00:00Z", "the DNSKEY response has 1425 octets, over 1232 and 1280") in sizes
    grown = [day for day, _ in sizes if day < "2020"]
    assert [day[:10] for day in grown] == [
        "2017-09-19", "2017-12-20", "2018-03-22", "2018-06-20", "2018-09-19", "2018-12-20", "2019-01-11",
    ]  # fmt: skip


def test_response_size_of_other_keys() -> None:
    """Key sizes are the caller's to say; between 1232 and 1280 octets only the smaller limit is named."""

    def sizes(name: str) -> FieldSizes:
        return FieldSizes(64, 64) if name == "new" else root_field_sizes(name)

    assert response_size(KEYS, sizes) == 28 + 275 + 79 + 286
    step = Step(1, replace(KEYS, zsks=("x", "y")), 0, 9)
    small = lint(Timeline((step,)), lambda name: FieldSizes(260 if name != "y" else 164, 256))
    assert small == (
        TimelineWarning("response-size", 1, "the DNSKEY response has 1318 octets, over 1232 and 1280"),
    )
    smaller = lint(Timeline((step,)), lambda name: FieldSizes(260 if name != "y" else 100, 256))
    assert [warning.message for warning in smaller] == ["the DNSKEY response has 1254 octets, over 1232"]


def test_assumed_hours_of_the_first_roll() -> None:
    """Of the first roll's own changes the hours of publication and removal are assumed, the others known."""
    days = [at for at, _ in found(HISTORY, "switch-hour")]
    moments = {
        format_instant(at)
        for at in instants(HISTORY, "publish", "sign", "revoke", "remove")
        if at < ROLL_2018 + 365 * DAY
    }
    assert sorted(moments & set(days)) == ["2017-07-11T16:00:00Z", "2019-03-22T16:00:00Z"]
    assert "2017-09-19T15:00:00Z" in days
    assert format_instant(ROLL_2018) not in days
    assert format_instant(REVOKE_2019) not in days


def test_only_changes_have_an_hour() -> None:
    """A new slot with the same keys is no change, so a quarter draws three warnings at most."""
    timeline = quarter_timeline({}, KSKS, "2020Q1", "2020Q2")
    assert [at for at, _ in found(timeline, "switch-hour")] == [
        "2020-01-11T16:00:00Z", "2020-03-21T16:00:00Z",
        "2020-04-01T16:00:00Z", "2020-04-11T16:00:00Z", "2020-06-20T16:00:00Z",
    ]  # fmt: skip


def test_a_delayed_hour_is_assumed() -> None:
    """Nobody knows the hour of a roll that was put off by a duration."""
    at = format_instant(ROLL_2018 + 5 * DAY)
    assert at in [when for when, _ in found(delay(ACTUAL, by=5 * DAY), "switch-hour")]


@examples(40)
@given(any_steps())
def test_warnings_are_ascending_known_and_one_line(timeline: Timeline) -> None:
    """Warnings come in the order of time, carry a listed identifier, and never precede the timeline."""
    warnings = lint(timeline)
    assert [warning.at for warning in warnings] == sorted(warning.at for warning in warnings)
    assert all(warning.identifier in IDENTIFIERS for warning in warnings)
    assert all(warning.at >= timeline.start and "\n" not in warning.message for warning in warnings)
