"""Test IANA's grid against what was published: facts.md 1.3, 2.1 to 2.5, and the real KSR and SKR files."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import date, timedelta
from pathlib import Path

import pytest

from lab.authority.lint import response_size
from lab.authority.slots import (
    parse_quarter,
    quarter_of,
    quarter_start,
    quarter_timeline,
    root_history,
    root_key_bits,
    slot_window,
)
from lab.authority.timeline import KeySet, SlotId, Step
from lab.clock import DAY, HOUR, format_instant, parse_instant

from .timelines import ACTUAL_2018, KSKS, october

TAGS = {"ksk-2010": 19036, "ksk-2017": 20326, "ksk-2024": 38696}
REVOKED_TAGS = {"ksk-2010": 19164, "ksk-2017": 20454, "ksk-2024": 38824}

DAYS = {
    # facts.md 2.2 for the first three and 2018Q1; 2.1 for the others
    "2017Q1": "01-01 01-11 01-21 01-31 02-10 02-20 03-02 03-12 03-21",
    "2017Q2": "04-01 04-11 04-21 05-01 05-11 05-21 05-31 06-10 06-20",
    "2017Q3": "07-01 07-11 07-21 07-31 08-10 08-20 08-30 09-09 09-19",
    "2017Q4": "10-01 10-11 10-21 10-31 11-10 11-20 11-30 12-10 12-20",
    "2018Q1": "01-01 01-11 01-21 01-31 02-10 02-20 03-02 03-12 03-22",
    "2018Q2": "04-01 04-11 04-21 05-01 05-11 05-21 05-31 06-10 06-20",
    "2018Q3": "07-01 07-11 07-21 07-31 08-10 08-20 08-30 09-09 09-19",
    "2018Q4": "10-01 10-11 10-21 10-31 11-10 11-20 11-30 12-10 12-20",
    "2019Q1": "01-01 01-11 01-21 01-31 02-10 02-20 03-02 03-12 03-22",
    "2019Q2": "04-01",
}
OLD, BOTH, NEW = (19036,), (19036, 20326), (20326,)
REVOKED = (19164, 20326)
ROWS = {
    # slot 1, slots 2 to 8, slot 9; each: tags of the KSKs, of the signers, octets of the response
    "2017Q1": ((OLD, OLD, 1139), (OLD, OLD, 864), (OLD, OLD, 1139)),
    "2017Q2": ((OLD, OLD, 1139), (OLD, OLD, 864), (OLD, OLD, 1139)),
    "2017Q3": ((OLD, OLD, 1139), (BOTH, OLD, 1139), (BOTH, OLD, 1414)),
    "2017Q4": ((BOTH, OLD, 1414), (BOTH, OLD, 1139), (BOTH, OLD, 1414)),
    "2018Q1": ((BOTH, OLD, 1414), (BOTH, OLD, 1139), (BOTH, OLD, 1414)),
    "2018Q2": ((BOTH, OLD, 1414), (BOTH, OLD, 1139), (BOTH, OLD, 1414)),
    "2018Q3": ((BOTH, OLD, 1414), (BOTH, OLD, 1139), (BOTH, OLD, 1414)),
    "2018Q4": ((BOTH, OLD, 1414), (BOTH, NEW, 1139), (BOTH, NEW, 1414)),
    "2019Q1": ((BOTH, NEW, 1414), (REVOKED, REVOKED, 1425), (NEW, NEW, 1139)),
    "2019Q2": ((NEW, NEW, 1139), (NEW, NEW, 864), (NEW, NEW, 1139)),
}
ZSKS_PER_SLOT = (2, 1, 1, 1, 1, 1, 1, 1, 2)
EVERY_SLOT = [(quarter, n, day) for quarter in DAYS for n, day in enumerate(DAYS[quarter].split(), 1)]

HISTORY = root_history()
BY_SLOT = {str(step.slot): step for step in HISTORY.steps}


def tags(keys: KeySet, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the tags on the wire of some KSKs of a key set, ascending."""
    return tuple(sorted((REVOKED_TAGS if name in keys.revoked else TAGS)[name] for name in names))


@pytest.mark.parametrize(("quarter", "number", "day"), EVERY_SLOT)
def test_every_slot_from_2017_to_april_2019(quarter: str, number: int, day: str) -> None:
    """KSK tags, signers, ZSKs, validity and response size of each slot are the published ones."""
    step = BY_SLOT[f"{quarter}/{number}"]
    ksks, signers, size = ROWS[quarter][0 if number == 1 else 2 if number == 9 else 1]
    inception = date.fromisoformat(f"{quarter[:4]}-{day}")
    assert tags(step.keys, step.keys.ksks) == ksks
    assert tags(step.keys, step.keys.dnskey_signers) == signers
    assert len(step.keys.zsks) == ZSKS_PER_SLOT[number - 1]
    assert [root_key_bits(zsk) for zsk in step.keys.zsks] == [2048] * len(step.keys.zsks)
    assert response_size(step.keys) == size
    assert format_instant(step.inception) == f"{inception}T00:00:00Z"
    assert format_instant(step.expiration) == f"{inception + timedelta(days=21)}T00:00:00Z"
    assert format_instant(step.at).startswith(f"{inception}T")


def test_every_slot_is_there() -> None:
    """From 2017-01-01 to 2019-04-01 the timeline has 82 slots, and no step that is none."""
    first, last = parse_instant("2017-01-01"), parse_instant("2019-04-02")
    slots = [str(step.slot) for step in HISTORY.steps if first <= step.inception < last]
    assert slots == [f"{quarter}/{number}" for quarter, number, _ in EVERY_SLOT]
    assert len(slots) == 82


def test_2016_09_20_first_2048_bit_zsk() -> None:
    """On 2016-09-20 one KSK stands next to a ZSK of 1024 and one of 2048 bits, 1011 octets in all."""
    step = HISTORY.step(parse_instant("2016-09-20T16:00:00Z"))
    assert str(step.slot) == "2016Q3/9"
    assert tags(step.keys, step.keys.ksks) == (19036,)
    assert [root_key_bits(zsk) for zsk in step.keys.zsks] == [1024, 2048]
    assert response_size(step.keys) == 1011
    assert [response_size(BY_SLOT[f"2016Q3/{number}"].keys) for number in (1, 2)] == [883, 736]


def test_switch_hours() -> None:
    """A zone with a slot goes out at 16:00Z of its day, but for three days; only two hours are known."""
    odd = {
        format_instant(step.at): step.assumed
        for step in HISTORY.steps[1:]
        if (step.at - step.inception, step.assumed) != (16 * HOUR, True)
    }
    assert odd == {
        "2017-09-19T15:00:00Z": True,
        "2018-10-11T16:00:00Z": False,
        "2019-01-11T14:00:00Z": False,
    }


def test_first_slot_is_served_from_its_inception() -> None:
    """A timeline begins with its quarter, at midnight: nothing switches then, so no hour is assumed."""
    timeline = october(ACTUAL_2018)
    assert (format_instant(timeline.start), timeline.steps[0].assumed) == ("2017-07-01T00:00:00Z", False)
    assert format_instant(timeline.steps[1].at) == "2017-07-11T16:00:00Z"


def test_zsks_overlap_around_the_quarter() -> None:
    """The next ZSK comes in slot 9, signs from the quarter's first slot, and the old one stays through it."""
    steps = [BY_SLOT[slot] for slot in ("2017Q3/8", "2017Q3/9", "2017Q4/1", "2017Q4/2")]
    assert [(step.keys.zsks, step.keys.zone_signers) for step in steps] == [
        (("zsk-2017q3",), ("zsk-2017q3",)),
        (("zsk-2017q3", "zsk-2017q4"), ("zsk-2017q3",)),
        (("zsk-2017q3", "zsk-2017q4"), ("zsk-2017q4",)),
        (("zsk-2017q4",), ("zsk-2017q4",)),
    ]


@pytest.mark.parametrize(
    ("slot", "inception", "expiration"),
    [
        (SlotId(2014, 1, 4), "2014-01-31T00:00:00Z", "2014-02-14T23:59:59Z"),
        (SlotId(2015, 3, 3), "2015-07-21T00:00:00Z", "2015-08-04T23:59:59Z"),
        (SlotId(2016, 1, 5), "2016-02-10T00:00:00Z", "2016-02-24T23:59:59Z"),
        (SlotId(2016, 3, 8), "2016-09-09T00:00:00Z", "2016-09-24T23:59:59Z"),
        (SlotId(2016, 3, 9), "2016-09-20T00:00:00Z", "2016-10-05T23:59:59Z"),
        (SlotId(2016, 4, 9), "2016-12-21T00:00:00Z", "2017-01-05T23:59:59Z"),
        (SlotId(2017, 1, 1), "2017-01-01T00:00:00Z", "2017-01-22T00:00:00Z"),
        (SlotId(2017, 1, 9), "2017-03-21T00:00:00Z", "2017-04-11T00:00:00Z"),
        (SlotId(2020, 1, 9), "2020-03-21T00:00:00Z", "2020-04-11T00:00:00Z"),
        (SlotId(2024, 1, 9), "2024-03-21T00:00:00Z", "2024-04-11T00:00:00Z"),
        (SlotId(2024, 2, 9), "2024-06-20T00:00:00Z", "2024-07-11T00:00:00Z"),
        (SlotId(2027, 1, 9), "2027-03-22T00:00:00Z", "2027-04-12T00:00:00Z"),
    ],
)
def test_slot_windows(slot: SlotId, inception: str, expiration: str) -> None:
    """15-day signatures before 2017, 21 days since; slot 9 on day 80, a leap year's first on 21 March."""
    window = slot_window(slot)
    assert (format_instant(window.inception), format_instant(window.expiration)) == (inception, expiration)


def test_windows_overlap() -> None:
    """Each slot's signatures hold at least five days into the next slot, nine since 2017."""
    pairs = zip(HISTORY.steps, HISTORY.steps[1:], strict=False)
    overlaps = [(before.inception, before.expiration - after.inception) for before, after in pairs]
    new = [overlap // DAY for inception, overlap in overlaps if inception >= parse_instant("2017-01-01")]
    old = [overlap for inception, overlap in overlaps if inception < parse_instant("2017-01-01")]
    assert set(old) == {5 * DAY - 1}
    assert sorted(set(new)) == [9, 10, 11, 12]


def bundles(path: Path) -> list[tuple[str, str, list[int], int]]:
    """Read inception, expiration, KSK tags and number of ZSKs of the nine bundles of a KSR or SKR."""
    found = []
    for bundle in ET.parse(path).getroot().iter():
        if bundle.tag in ("RequestBundle", "ResponseBundle"):
            times = [bundle.findtext(name, "")[:19] + "Z" for name in ("Inception", "Expiration")]
            flags = [(key.findtext("Flags"), int(key.attrib["keyTag"])) for key in bundle.findall("Key")]
            ksks = sorted(tag for flag, tag in flags if flag == "257")
            found.append((times[0], times[1], ksks, sum(flag == "256" for flag, _ in flags)))
    assert len(found) == 9
    return found


def as_bundle(step: Step) -> tuple[str, str, list[int], int]:
    """Return what `bundles` reads of a step."""
    times = format_instant(step.inception), format_instant(step.expiration)
    return (*times, sorted(tags(step.keys, step.keys.ksks)), len(step.keys.zsks))


@pytest.mark.parametrize("name", ["2017-q1-0", "2017-q2-0", "2017-q3-0-c_to_d"])
def test_real_skr(shared_data: Path, name: str) -> None:
    """The 27 bundles that ICANN's HSMs signed for 2017Q1 to Q3 are the timeline's slots."""
    quarter = f"{name[:4]}Q{name[6]}"
    expected = bundles(shared_data / "skr" / f"skr-root-{name}.xml")
    assert [as_bundle(BY_SLOT[f"{quarter}/{number}"]) for number in range(1, 10)] == expected


@pytest.mark.parametrize("quarter", ["2016Q3", "2017Q2"])
def test_real_ksr(shared_data: Path, quarter: str) -> None:
    """Windows and numbers of ZSKs that Verisign requested, once in 2016's rule and once in 2017's."""
    path = shared_data / "ksr" / f"ksr-root-{quarter[:4]}-q{quarter[5]}-0.xml"
    expected = [(inception, expiration, zsks) for inception, expiration, _, zsks in bundles(path)]
    steps = [as_bundle(BY_SLOT[f"{quarter}/{number}"]) for number in range(1, 10)]
    assert [(inception, expiration, zsks) for inception, expiration, _, zsks in steps] == expected


def test_history_reaches_the_third_key() -> None:
    """The plan ends with KSK-2024 alone."""
    assert HISTORY.steps[-1].keys.ksks == ("ksk-2024",)
    assert format_instant(HISTORY.start) == "2016-07-01T00:00:00Z"
    assert HISTORY.dnskey_ttl == 172800


def test_unused_skr_of_2018() -> None:
    """The roll that the ceremony signed for 2018-01-11 and nobody published has its real sets and sizes."""
    quarters = {"2017Q3": "pre-publish", "2017Q4": "publish+", "2018Q1": "rollover"}
    steps = october(quarters, "2018Q1").steps[-9:]
    seen = [
        (tags(s.keys, s.keys.ksks), tags(s.keys, s.keys.dnskey_signers), response_size(s.keys)) for s in steps
    ]
    assert seen == [(BOTH, OLD, 1414), *[(BOTH, NEW, 1139)] * 7, (BOTH, NEW, 1414)]
    assert format_instant(steps[1].at) == "2018-01-11T16:00:00Z"


@pytest.mark.parametrize(
    ("instant", "quarter"),
    [
        ("2018-10-01T00:00:00Z", "2018Q4"),
        ("2018-12-31T23:59:59Z", "2018Q4"),
        ("2019-01-01T00:00:00Z", "2019Q1"),
        ("2018-06-30T12:00:00Z", "2018Q2"),
    ],
)
def test_quarter_of(instant: str, quarter: str) -> None:
    """An instant lies in the calendar quarter that holds it, from whose start to the next's."""
    at = parse_instant(instant)
    assert quarter_of(at) == quarter
    index = parse_quarter(quarter)
    assert quarter_start(index) <= at < quarter_start(index + 1)


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("zsk-2016q3", 1024),
        ("zsk-2016q4", 2048),
        ("zsk-2017q1", 2048),
        ("ksk-2010", 2048),
        ("zsk-other", 2048),
    ],
)
def test_key_sizes(name: str, bits: int) -> None:
    """The ZSK became a key of 2048 bits with 2016Q4; the KSKs always were."""
    assert root_key_bits(name) == bits


def test_dnskey_ttl_is_the_callers() -> None:
    """A timeline may be built with another TTL, for what-ifs."""
    assert quarter_timeline({}, KSKS, "2018Q1", "2018Q1", 3600).dnskey_ttl == 3600
