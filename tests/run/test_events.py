"""What can happen to a subject: darkness, replayed answers, clocks, anchors, state that cannot be written."""

from __future__ import annotations

import pytest

from lab.observation import Anchor, Outcome, Refresh, Started, Stopped, Transition
from lab.run.engine import play
from lab.scenario.load import load_text

from .stage import BOTH, ROLL, STATIC, STRICT, event, run, story, subject

OCTOBER = {"start": "2018-10-12T00:00:00Z", "stop": "2018-10-13T12:00:00Z"}
"""A day and a half in which neither the DNSKEY RRset nor its signatures change."""


def outcomes(name: str, *parts: str, **span: str) -> list[tuple[str, str]]:
    """Return what clients of a subject see."""
    return story(run(*parts, **span), name, Outcome)


def dark(begin: str, end: str) -> str:
    """Write a darkness; a day and an hour are in October 2018."""
    return event(f"2018-10-{begin}:00:00Z", f"dark = {{ until = 2018-10-{end}:00:00Z }}")


def test_darkness() -> None:
    """Out of reach of the root nobody hears of the children, whatever of the keys is cached."""
    assert outcomes("both", BOTH, dark("11T20", "13T09")) == [
        ("2018-10-10T00:00:00Z", "secure"),
        ("2018-10-11T20:00:00Z", "bogus root-unreachable"),
        ("2018-10-13T09:00:00Z", "secure"),
    ]


def test_a_short_darkness_is_seen() -> None:
    """A darkness shorter than the cached keys last is noticed too: what tells of a child lasts a minute."""
    assert outcomes("both", BOTH, dark("10T02", "11T23")) == [
        ("2018-10-10T00:00:00Z", "secure"),
        ("2018-10-10T02:00:00Z", "bogus root-unreachable"),
        ("2018-10-11T23:00:00Z", "secure"),
    ]


def test_the_longest_darkness_counts() -> None:
    """A shorter darkness inside a longer one does not end it."""
    assert outcomes("both", BOTH, dark("11T20", "14T09"), dark("12T20", "13T09"))[-1] == (
        "2018-10-14T09:00:00Z",
        "secure",
    )


def test_refreshes_in_the_dark() -> None:
    """A refresh without an answer learns nothing, and the retries find the light (RFC 5011 section 2.3)."""
    told = story(run(STRICT, dark("10T12", "11T13"), stop=ROLL), "rfc5011-strict", Refresh)
    assert told == [
        ("2018-10-10T00:00:00Z", "refresh ok"),
        ("2018-10-11T00:00:00Z", "refresh none"),
        ("2018-10-11T14:24:00Z", "refresh ok"),
    ]


def test_darkness_for_one() -> None:
    """A darkness of one subject is not that of another."""
    other = BOTH.replace('"both"', '"other"')
    record = run(
        BOTH, other, event("2018-10-12T00:00:00Z", "dark = { until = 2018-10-13T00:00:00Z }", "both")
    )
    assert [len(story(record, name, Outcome)) for name in ("both", "other")] == [3, 1]


def replay(begin: str, of: str, end: str) -> str:
    """Write a replay of the DNSKEY answer of an instant."""
    return event(begin, f"replay = {{ of = {of}, until = {end} }}")


def test_a_replay_keeps_an_old_anchor_alive() -> None:
    """With the answer of before the roll an old anchor goes on validating, until the replayed set is gone."""
    told = outcomes("static", STATIC, replay(ROLL, "2018-10-10T00:00:00Z", "2018-10-13T00:00:00Z"))
    assert told == [("2018-10-10T00:00:00Z", "secure"), ("2018-10-14T00:00:00Z", "bogus static-anchor")]


def test_a_replay_delays_learning() -> None:
    """A resolver that is shown the set without the new key begins its hold-down when the replay is over."""
    told = story(
        run(
            STRICT,
            replay("2017-07-11T00:00:00Z", "2017-07-10T00:00:00Z", "2017-07-18T00:00:00Z"),
            start="2017-07-01T00:00:00Z",
            stop="2017-09-01T00:00:00Z",
        ),
        "rfc5011-strict",
        Transition,
    )
    assert told == [
        ("2017-07-18T00:00:00Z", "ksk-2017 Start>AddPend"),
        ("2017-08-17T00:00:00Z", "ksk-2017 AddPend>Valid"),
    ]


def test_a_replay_ends_with_its_signatures() -> None:
    """An old answer is worth nothing once its signatures have expired; the true one heals at once."""
    told = outcomes(
        "both",
        BOTH,
        replay("2018-10-12T00:00:00Z", "2018-10-10T00:00:00Z", "2018-10-24T00:00:00Z"),
        stop="2018-10-26T00:00:00Z",
    )
    assert told == [
        ("2018-10-10T00:00:00Z", "secure"),
        ("2018-10-22T00:00:01Z", "bogus signature-expired"),
        ("2018-10-24T00:00:00Z", "secure"),
    ]


def clock(moment: str, offset: str) -> str:
    """Write a clock that is set."""
    return event(moment, f'clock = {{ offset = "{offset}" }}')


@pytest.mark.parametrize("offset", ["P40D", "-P40D"])
def test_a_wrong_clock(offset: str) -> None:
    """A clock that is far off takes every signature for expired or not yet valid, until it is set right."""
    steps = [clock("2018-10-11T00:00:00Z", offset), clock("2018-10-13T00:00:00Z", "PT0S")]
    assert outcomes("both", BOTH, *steps) == [
        ("2018-10-10T00:00:00Z", "secure"),
        ("2018-10-11T00:00:00Z", "bogus clock-skew"),
        ("2018-10-13T00:00:00Z", "secure"),
    ]


def test_a_clock_that_is_wrong_from_the_start() -> None:
    """A subject's own offset counts from its first start on."""
    ahead = subject("s", clock_offset='"P40D"')
    assert outcomes("s", ahead) == [("2018-10-10T00:00:00Z", "bogus clock-skew")]


def test_a_slightly_wrong_clock() -> None:
    """A clock that is some hours off changes nothing."""
    assert outcomes("both", BOTH + 'clock-offset = "PT5H"\n') == [("2018-10-10T00:00:00Z", "secure")]


def test_a_clock_at_the_edge_of_zone_data() -> None:
    """With a clock 12 d 14 h ahead, zone data signed for 13 d 1 h is good for its first eleven hours only.

    It is signed at 04:00 and 16:00 and served an hour later: what clients see flips twice a day, to the
    second, though the DNSKEY RRset stays as good as it was.
    """
    ahead = BOTH + 'clock-offset = "P12DT14H"\n'
    assert outcomes("both", ahead, **OCTOBER) == [
        ("2018-10-12T00:00:00Z", "secure"),
        ("2018-10-12T03:00:01Z", "bogus clock-skew"),
        ("2018-10-12T05:00:00Z", "secure"),
        ("2018-10-12T15:00:01Z", "bogus clock-skew"),
        ("2018-10-12T17:00:00Z", "secure"),
        ("2018-10-13T03:00:01Z", "bogus clock-skew"),
        ("2018-10-13T05:00:00Z", "secure"),
    ]


def test_a_failure_that_is_passed_on() -> None:
    """A resolver that answers all the same is not secure, but its clients are not cut off."""
    open_ = subject("s", "fail-open", anchors='["ksk-2010", "ksk-2017"]', clock_offset='"P12DT14H"')
    told = outcomes("s", open_, **OCTOBER)
    assert told[:3] == [
        ("2018-10-12T00:00:00Z", "secure"),
        ("2018-10-12T03:00:01Z", "unvalidated clock-skew"),
        ("2018-10-12T05:00:00Z", "secure"),
    ]


def test_a_key_that_nobody_can_validate_is_passed_on() -> None:
    """Where nothing verifies, a resolver that answers all the same answers without having checked."""
    assert outcomes("s", subject("s", "fail-open"))[-1] == (
        "2018-10-12T00:00:00Z",
        "unvalidated static-anchor",
    )


def test_nothing_to_pass_on() -> None:
    """Without any DNSKEY RRset even a resolver that answers all the same has nothing to answer."""
    told = outcomes("s", subject("s", "fail-open"), dark("11T00", "13T00"))
    assert told[1] == ("2018-10-11T00:00:00Z", "bogus root-unreachable")


BOTH_KEYS = '"ksk-2010", "ksk-2017"'


def anchors(moment: str, apply: str) -> str:
    """Write an operator's change of the configured anchors to both keys."""
    return event(moment, f'anchors = {{ set = [{BOTH_KEYS}], apply = "{apply}" }}')


def test_anchors_now() -> None:
    """Anchors replaced and read at once heal an old resolver in that second."""
    told = outcomes("static", STATIC, anchors("2018-10-13T10:00:00Z", "now"))
    assert told == [
        ("2018-10-10T00:00:00Z", "secure"),
        ("2018-10-12T00:00:00Z", "bogus static-anchor"),
        ("2018-10-13T10:00:00Z", "secure"),
    ]


def test_anchors_at_the_next_start() -> None:
    """Anchors replaced in a file count when the file is read: here at a restart."""
    told = outcomes(
        "static",
        STATIC,
        anchors("2018-10-12T10:00:00Z", "next-read"),
        event("2018-10-14T00:00:00Z", "restart = {}"),
    )
    assert told[-1] == ("2018-10-14T00:00:00Z", "secure")


def test_anchors_at_the_next_reading() -> None:
    """A resolver that reads its anchor file every day has new anchors within a day."""
    recursor = subject("s", "pdns-recursor", first_start="2018-10-10T06:00:00Z")
    record = run(recursor, anchors("2018-10-11T07:00:00Z", "next-read"))
    assert story(record, "s", Outcome) == [("2018-10-10T06:00:00Z", "secure")]
    assert story(record, "s", Anchor) == [
        ("2018-10-16T00:00:00Z", "anchor ksk-2010 Valid"),
        ("2018-10-16T00:00:00Z", "anchor ksk-2017 Valid"),
    ]


def test_anchors_as_dnskey() -> None:
    """Anchors are configured in the subject's own form, those replaced later too."""
    told = outcomes("s", subject("s", anchor_format='"dnskey"'), anchors("2018-10-10T10:00:00Z", "now"))
    assert told == [("2018-10-10T00:00:00Z", "secure")]


def test_configured_anchors_may_come_back() -> None:
    """An operator may configure a revoked key again; it revokes itself again, and the run goes on."""
    record = run(
        subject("s", "rfc5011-strict", anchors=f"[{BOTH_KEYS}]", anchor_format='"dnskey"'),
        anchors("2019-01-20T00:00:00Z", "now"),
        event("2019-01-21T00:00:00Z", 'anchors = { set = ["ksk-2017"] }'),
        event("2019-01-22T00:00:00Z", f"anchors = {{ set = [{BOTH_KEYS}] }}"),
        start="2019-01-05T00:00:00Z",
        stop="2019-02-01T00:00:00Z",
    )
    assert [what for _, what in story(record, "s", Transition)] == [
        "ksk-2010 Valid>Revoked",
        "ksk-2010 Revoked>Start",
        "ksk-2010 Start>Valid",
        "ksk-2010 Valid>Revoked",
    ]


def test_root_anchors_xml_changes() -> None:
    """A resolver that follows root-anchors.xml heals in the second in which the file lists the new key."""
    listing = """
[authority.xml]
ksk-2010 = { from = 2010-07-15 }
ksk-2017 = { from = 2018-10-14T09:00:00Z }
"""
    assert outcomes("s", listing + subject("s", "getdns")) == [
        ("2018-10-10T00:00:00Z", "secure"),
        (ROLL, "bogus feed-out-of-date"),
        ("2018-10-14T09:00:00Z", "secure"),
    ]


def test_root_anchors_xml_lists_a_key_no_longer() -> None:
    """A key is listed up to and including its last second; a second later its followers have another."""
    listing = """
[authority.xml]
ksk-2010 = { from = 2010-07-15, until = 2018-10-10T12:00:00Z }
ksk-2017 = { from = 2030-01-01 }
ksk-spare-1 = { from = 2018-01-01 }
"""
    lost = listing + subject("s", "getdns", anchors='["ksk-2017"]')
    ends = [story(run(lost, stop=f"2018-10-10T12:00:{last}Z"), "s", Anchor) for last in ("01", "02")]
    assert [[what.split()[1] for _, what in told] for told in ends] == [
        ["ksk-2010", "ksk-spare-1"],
        ["ksk-spare-1"],
    ]


ABRUPT = """
title = "A zone signing key without notice"
start = 2018-10-10T00:00:00Z
stop = 2018-10-16T00:00:00Z
[[timeline]]
at = 2018-10-10T00:00:00Z
publish = ["ksk-2010"]
sign = ["ksk-2010"]
zsks = ["zsk-2018q4"]
[[timeline]]
at = 2018-10-11T16:00:00Z
publish = ["ksk-2010"]
sign = ["ksk-2010"]
zsks = ["zsk-2019q1"]
"""


def test_a_zone_signing_key_that_nobody_has() -> None:
    """Zone data signed by a key that came without notice is bogus until the cached keys are gone.

    The DNSKEY RRset that clients hold is as good as before: what changed is outside (RFC 6781 section 4.1.1).
    """
    told = story(play(load_text(ABRUPT + subject("s"))), "s", Outcome)
    assert told == [
        ("2018-10-10T00:00:00Z", "secure"),
        ("2018-10-11T16:00:00Z", "bogus zsk-missing"),
        ("2018-10-12T00:00:00Z", "secure"),
    ]


def test_state_that_cannot_be_written() -> None:
    """From the event on a write fails; a resolver that ends over it is down, for that reason."""
    learner = subject("s", "unbound", anchors=f"[{BOTH_KEYS}]")
    record = run(learner, event("2018-10-12T00:00:00Z", "state-writable = false"))
    (stopped, stop), (down, last) = story(record, "s", Stopped, Outcome)[-2:]
    assert (stop, last) == ("stopped exit", "down state-unwritable")
    assert "2018-10-12T00:00:00Z" <= stopped == down <= "2018-10-12T12:00:00Z"


def test_the_cause_of_an_end_stays() -> None:
    """That the state can be written again does not change why the resolver ended."""
    record = run(
        subject("s", "unbound", state_writable="false"),
        event("2018-10-12T00:00:00Z", "state-writable = true"),
    )
    assert story(record, "s", Started, Stopped, Outcome) == [
        ("2018-10-10T00:00:00Z", "started first"),
        ("2018-10-10T00:00:00Z", "stopped exit"),
        ("2018-10-10T00:00:00Z", "down state-unwritable"),
    ]


def test_udp_alone() -> None:
    """Without TCP a response longer than the UDP size never comes, as from slot 9 on (RFC 6891, 6.2.5)."""
    small = subject("s", udp_size="1232", tcp="false", anchors=f"[{BOTH_KEYS}]")
    told = outcomes("s", small, start="2017-09-10T00:00:00Z", stop="2017-10-15T00:00:00Z")
    assert [what for _, what in told] == ["secure", "bogus udp-size", "secure"]


def test_lost_fragments() -> None:
    """Long responses that are lost on the way come over TCP; without it they do not come at all."""
    drop = {"udp_size": "4096", "drop_above": "1400", "anchors": f"[{BOTH_KEYS}]"}
    span = {"start": "2017-09-10T00:00:00Z", "stop": "2017-10-01T00:00:00Z"}
    assert [what for _, what in outcomes("s", subject("s", **drop), **span)] == ["secure"]
    told = outcomes("s", subject("s", tcp="false", **drop), **span)
    assert [what for _, what in told] == ["secure", "bogus udp-size"]
