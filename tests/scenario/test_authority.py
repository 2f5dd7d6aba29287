"""The authority's tables become the timeline they describe."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.authority.operators import back_out, delay, without_revoke
from lab.authority.slots import ROOT_FIRST_QUARTER, ROOT_LAST_QUARTER, quarter_timeline, root_history
from lab.authority.timeline import Timeline
from lab.clock import DAY, HOUR, format_instant, parse_instant
from lab.errors import ScenarioError
from lab.scenario.load import load_scenario, load_text
from lab.scenario.spec import XmlListing

HEAD = 'title = "x"\nstart = 2017-07-01\nstop = 2018-06-01\n'
STEPS = """
[[timeline]]
at = 2017-06-25T12:00:00Z
publish = ["ksk-2010"]
sign = ["ksk-2010"]

[[timeline]]
at = 2017-08-01
publish = ["ksk-2010", "ksk-2017"]
revoke = ["ksk-2010"]
sign = ["ksk-2010", "ksk-2017"]
"""


def base_of(text: str, folder: Path) -> str:
    """Write a base and return the text of a scenario that takes it."""
    (folder / "base.toml").write_text(text)
    return HEAD + '[authority]\nbase = "base.toml"\n'


def events(timeline: Timeline) -> list[str]:
    """Return the KSK events as text."""
    return [f"{format_instant(at)} {kind} {name}" for at, kind, name in timeline.ksk_events()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "2017-planned",
            ["2017-07-11T16", "2017-10-11T16", "2017-10-11T16", "2018-01-11T16", "2018-03-22T16"],
        ),
        (
            "2018-actual",
            ["2017-07-11T16", "2018-10-11T16", "2018-10-11T16", "2019-01-11T14", "2019-03-22T16"],
        ),
        (
            "2026-planned",
            ["2025-01-11T16", "2026-10-11T16", "2026-10-11T16", "2027-01-11T16", "2027-03-22T16"],
        ),
    ],
)
def test_october(name: str, expected: list[str]) -> None:
    """The shipped rolls happen on the days and hours of facts.md: publish, retire, sign, revoke, remove."""
    found = events(load_scenario(name).timeline)
    assert [line[:13] for line in found] == expected
    assert [line.split()[1] for line in found] == ["publish", "retire", "sign", "revoke", "remove"]


def test_the_run_begins_in_the_zone_of_the_quarter_before(small: str) -> None:
    """At midnight of a quarter's first day the zone is still that of the last slot."""
    timeline = load_text(small).timeline
    assert str(timeline.step(parse_instant("2017-07-01")).slot) == "2017Q2/9"
    assert str(timeline.step(parse_instant("2017-07-01T16:00:00Z")).slot) == "2017Q3/1"
    assert timeline.steps[-1].expiration > parse_instant("2018-06-01")


@pytest.mark.parametrize(
    ("quarter", "schema", "state"), [("2017Q3", "publish+", "published"), ("2017Q3", "rollover+", "signing")]
)
def test_a_run_can_begin_in_the_middle_of_a_roll(small: str, quarter: str, schema: str, state: str) -> None:
    """A first quarter that stays in a phase has been in it before."""
    head, rest = small.split("quarters = ")
    text = f'{head}quarters = {{ {quarter} = "{schema}" }}\n{rest.split(chr(10), 1)[1]}'
    timeline = load_text(text).timeline
    assert timeline.key_state("ksk-2017", parse_instant("2017-07-01")) == state


def test_quarters_before_the_run_count(small: str) -> None:
    """A roll that is over when the run begins has happened, and the default anchor is the new key."""
    scenario = load_text(small.replace("start = 2017-07-01", "start = 2018-05-01"))
    assert scenario.anchors_default == ("ksk-2017",)
    assert scenario.timeline.key_state("ksk-2010", parse_instant("2018-05-01")) == "absent"


def test_keys_of_several_rolls(small: str) -> None:
    """Keys are a table of two or an array, and the two forms mean the same."""
    table = small.replace('["ksk-2010", "ksk-2017"]', '{ current = "ksk-2010", next = "ksk-2017" }')
    assert load_text(table).timeline == load_text(small).timeline


def test_history() -> None:
    """`history` is the root's own timeline."""
    text = HEAD.replace("2018-06", "2027-12") + "[authority]\nhistory = true\n"
    assert load_text(text).timeline == root_history()
    slow = load_text(text + 'dnskey-ttl = "P6D"\n').timeline
    assert (slow.steps, slow.dnskey_ttl) == (root_history().steps, 6 * DAY)


def test_base_reaches_to_the_end_of_the_longer_run(small: str, tmp_path: Path) -> None:
    """A base is drawn over the run of the scenario that takes it, so that a delay finds room."""
    delayed = base_of(small, tmp_path).replace("2018-06-01", "2019-06-01")
    delayed += "[[authority.operator]]\ndelay = { quarters = 4 }\n"
    planned = quarter_timeline(
        {"2017Q3": "pre-publish", "2017Q4": "rollover", "2018Q1": "revoke"},
        ("ksk-2010", "ksk-2017"), "2017Q2", "2019Q2",
    )  # fmt: skip
    assert load_text(delayed, tmp_path / "own.toml").timeline == delay(planned, quarters=4)


def test_operators_of_a_base_come_first(small: str, tmp_path: Path) -> None:
    """The operators of a base are applied before one's own, in the order of each file."""
    operators = (
        "[[authority.operator]]\ndelay = { by = 'P10D' }\n[[authority.operator]]\nwithout-revoke = true\n"
    )
    own = base_of(small.replace("[[subject]]", operators + "[[subject]]", 1), tmp_path)
    own += "[[authority.operator]]\nback-out = { at = 2017-11-01 }\n"
    plain = load_text(small).timeline
    expected = back_out(without_revoke(delay(plain, by=10 * DAY)), parse_instant("2017-11-01"))
    assert load_text(own, tmp_path / "own.toml").timeline == expected


def test_settings_of_the_nearest_file_win(tmp_path: Path) -> None:
    """TTL, validity and renewal come from the first file on the way that sets them."""
    settings = '[authority]\nsignature-validity = "P6D"\nresign-every = "P3D"\ndnskey-ttl = "PT1H"\n'
    own = base_of(HEAD + settings + STEPS, tmp_path) + 'resign-every = "P2D"\n'
    timeline = load_text(own, tmp_path / "own.toml").timeline
    first, second = timeline.steps[:2]
    assert (second.at - first.at, first.expiration - first.at) == (2 * DAY, 6 * DAY)
    assert timeline.dnskey_ttl == HOUR


def test_steps_are_signed_anew() -> None:
    """A step is signed every ten days for three weeks, an hour back, until the next one or the end."""
    timeline = load_text(HEAD + STEPS).timeline
    first = parse_instant("2017-06-25T12:00:00Z")
    begin, stop = parse_instant("2017-08-01"), parse_instant("2018-06-01")
    expected = [first + count * 10 * DAY for count in range(4)]
    expected += list(range(begin, stop + 1, 10 * DAY))
    assert [step.at for step in timeline.steps] == expected
    assert {(step.at - step.inception, step.expiration - step.at) for step in timeline.steps} == {
        (HOUR, 21 * DAY)
    }
    last = timeline.steps[-1].keys
    assert (last.ksks, last.revoked, last.dnskey_signers) == (
        ("ksk-2010", "ksk-2017"), ("ksk-2010",), ("ksk-2010", "ksk-2017"),
    )  # fmt: skip
    assert {(step.keys.zsks, step.keys.zone_signers) for step in timeline.steps} == {
        (("zsk-2017q2",), ("zsk-2017q2",))
    }


def test_steps_with_their_own_window_and_zsks() -> None:
    """A step with inception and expiration is signed once; ZSKs and who signs the zone can be named."""
    own = 'inception = 2017-06-20\nexpiration = 2017-07-30\nzsks = ["zsk-2017q2", "zsk-2017q3"]\n'
    text = HEAD + STEPS.replace("\n\n[[timeline]]", f"\n{own}\n[[timeline]]", 1)
    step, following = load_text(text).timeline.steps[:2]
    assert (step.inception, step.expiration) == (parse_instant("2017-06-20"), parse_instant("2017-07-30"))
    assert (step.keys.zsks, step.keys.zone_signers) == (("zsk-2017q2", "zsk-2017q3"), ("zsk-2017q2",))
    assert following.at == parse_instant("2017-08-01")
    named = load_text(text.replace(own, own + 'zone-sign = ["zsk-2017q3"]\n')).timeline
    assert named.steps[0].keys.zone_signers == ("zsk-2017q3",)


def test_too_many_signatures() -> None:
    """Steps that would be signed without end are refused before they are drawn."""
    text = HEAD.replace("2018-06-01", "2099-01-01") + '[authority]\nresign-every = "PT1S"\n' + STEPS
    with pytest.raises(ScenarioError, match=r"resign-every: the DNSKEY RRset is signed more than 100000"):
        load_text(text)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("", (("ksk-2010", "2010-07-15", "2018-01-11"), ("ksk-2017", "2017-02-02", None))),
        (
            "ksk-2017 = { from = 2017-10-01 }\nksk-2024 = { until = 2030-01-01 }",
            (
                ("ksk-2010", "2010-07-15", "2018-01-11"),
                ("ksk-2017", "2017-10-01", None),
                ("ksk-2024", "2024-07-18", "2030-01-01"),
            ),
        ),
    ],
)
def test_xml(small: str, extra: str, expected: tuple[tuple[str, str, str | None], ...]) -> None:
    """Keys are listed from their real date to the midnight before their revocation, or as the file says."""
    listings = tuple(
        XmlListing(key, parse_instant(begin), None if end is None else parse_instant(end))
        for key, begin, end in expected
    )
    assert (
        load_text(small.replace("[[subject]]", f"[authority.xml]\n{extra}\n[[subject]]", 1)).xml == listings
    )


def test_xml_of_2018_is_the_real_one() -> None:
    """By the rule KSK-2010 leaves the list on 2019-01-11T00:00:00Z, as in the real file (facts.md 8.4)."""
    assert load_scenario("2018-actual").xml == (
        XmlListing("ksk-2010", parse_instant("2010-07-15"), parse_instant("2019-01-11")),
        XmlListing("ksk-2017", parse_instant("2017-02-02"), None),
    )


def test_xml_of_keys_that_are_not_real(small: str) -> None:
    """Any other key is listed from its publication on."""
    text = small.replace("ksk-2017", "ksk-spare-1")
    assert load_text(text).xml[1] == XmlListing("ksk-spare-1", parse_instant("2017-07-11T16:00:00Z"), None)


def test_history_spans_what_the_slots_module_says() -> None:
    """A run may stop as late as the last signature of the root's own timeline."""
    last = root_history().steps[-1].expiration
    text = f'title = "x"\nstart = 2027-06-01\nstop = {format_instant(last)}\n[authority]\nhistory = true\n'
    assert load_text(text).stop == last
    assert (ROOT_FIRST_QUARTER, ROOT_LAST_QUARTER) == ("2016Q3", "2027Q4")
