"""What resolvers tell of their anchors in a run: RFC 8145 key tag queries, RFC 8509 sentinel answers."""

from __future__ import annotations

from lab.clock import HOUR, parse_instant
from lab.observation import Outcome, Sentinel, Signal, Transition

from .stage import event, run, story, subject

SUMMER = {"start": "2017-07-01T00:00:00Z", "stop": "2017-09-15T00:00:00Z"}
"""The publication of KSK-2017, and the end of its hold-down."""


def test_a_signal_goes_out_with_the_query() -> None:
    """Unbound names both keys with the first query after the new one is Valid (RFC 8145 section 5.1)."""
    record = run(subject("s", "unbound"), **SUMMER)
    (first, _), (second, _) = story(record, "s", Signal)
    (valid,) = [when for when, what in story(record, "s", Transition) if what.endswith(">Valid")]
    assert [what for _, what in story(record, "s", Signal)] == ["signal _ta-4a5c.", "signal _ta-4a5c-4f66."]
    assert first == "2017-07-01T00:00:00Z"
    assert 10 * HOUR < parse_instant(second) - parse_instant(valid) <= 12 * HOUR


def test_some_do_not_signal() -> None:
    """Who does not send key tag queries, or does not answer sentinel queries, tells nothing."""
    assert story(run(subject("s", "unbound-1.6.4"), **SUMMER), "s", Signal, Sentinel) == []


def test_a_sentinel_is_told_when_it_changes() -> None:
    """The tags answered for are those of the keys that are Valid at that second (RFC 8509 section 3)."""
    record = run(subject("s", "unbound"), **SUMMER)
    told = story(record, "s", Sentinel)
    valid = [when for when, what in story(record, "s", Transition) if what.endswith(">Valid")]
    assert told == [("2017-07-01T00:00:00Z", "sentinel 19036"), (valid[0], "sentinel 19036,20326")]


def test_an_inverted_sentinel() -> None:
    """Knot Resolver 2.0.0 answers for the keys it does not trust."""
    told = story(run(subject("s", "knot-2.0.0"), **SUMMER), "s", Sentinel)
    assert told[0] == ("2017-07-01T00:00:00Z", "sentinel 20326")
    assert told[-1][1] == "sentinel"


def test_a_sentinel_of_whom_nobody_can_believe() -> None:
    """While a subject is not secure its sentinel answers say nothing, and none are told."""
    late = subject("s", "unbound", anchors='["ksk-2017"]')
    record = run(late, event("2018-10-13T00:00:00Z", "restart = {}"))
    secure = [when for when, what in story(record, "s", Outcome) if what == "secure"]
    told = story(record, "s", Sentinel)
    assert [what for _, what in told] == ["sentinel 20326"]
    assert told[0][0] == secure[0] > "2018-10-11T16:00:00Z"
