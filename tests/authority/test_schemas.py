"""Test IANA's seven schemas against their published table, and which sequences of them make a timeline."""

from __future__ import annotations

import re

import pytest

from lab.authority.slots import ROOT_HISTORY, SCHEMAS, quarter_timeline
from lab.authority.timeline import KeySet
from lab.clock import parse_instant
from lab.errors import TimelineError

from .timelines import HISTORY, KSKS, october

PUBLISHED_TABLE = """
| normal          | K / K   | K / K                     | K / K   |
| pre-publish (D) | K / K   | K,N / K                   | K,N / K |
| publish+        | K,N / K | K,N / K                   | K,N / K |
| rollover (E)    | K,N / K | K,N / N                   | K,N / N |
| rollover+       | K,N / N | K,N / N                   | K,N / N |
| revoke (F)      | K,N / N | K(rev),N / K(rev),N       | N / N   |
| revoke+         | N / N   | K(rev),N / K(rev),N       | N / N   |
"""
"""IANA's config/ksrsigner.yaml, as facts.md 1.3 prints it."""

REACHED_BY = {
    "normal": (),
    "pre-publish": (),
    "publish+": ("pre-publish",),
    "rollover": ("pre-publish",),
    "rollover+": ("pre-publish", "rollover"),
    "revoke": ("pre-publish", "rollover"),
    "revoke+": ("pre-publish", "rollover", "revoke"),
}


def cell(keys: KeySet) -> str:
    """Write a key set as a cell of the published table."""
    letters = {"ksk-2010": "K", "ksk-2017": "N"}

    def side(names: tuple[str, ...]) -> str:
        return ",".join(letters[name] + "(rev)" * (name in keys.revoked) for name in sorted(names))

    return f"{side(keys.ksks)} / {side(keys.dnskey_signers)}"


@pytest.mark.parametrize("row", PUBLISHED_TABLE.strip().splitlines())
def test_schema(row: str) -> None:
    """Every schema publishes and signs, in each of its nine slots, what IANA's table says."""
    name, first, middle, last = (part.strip() for part in row.strip("|").split("|"))
    schema = name.split()[0]
    phases = (*REACHED_BY[schema], schema)
    names = ("2021Q1", "2021Q2", "2021Q3", "2021Q4")[: len(phases)]
    timeline = quarter_timeline(dict(zip(names, phases, strict=True)), KSKS, names[0], names[-1])
    assert [cell(step.keys) for step in timeline.steps[-9:]] == [first, *[middle] * 7, last]


def test_the_table_is_complete() -> None:
    """There are seven schemas, in IANA's order."""
    assert [row.strip("| ").split()[0] for row in PUBLISHED_TABLE.strip().splitlines()] == list(SCHEMAS)


ALLOWED = {
    "normal": ("normal", "pre-publish"),
    "pre-publish": ("publish+", "rollover"),
    "publish+": ("publish+", "rollover"),
    "rollover": ("rollover+", "revoke"),
    "rollover+": ("rollover+", "revoke"),
    "revoke": ("normal", "pre-publish", "revoke+"),
    "revoke+": ("normal", "pre-publish", "revoke+"),
}


@pytest.mark.parametrize("before", list(SCHEMAS))
@pytest.mark.parametrize("after", list(SCHEMAS))
def test_sequences(before: str, after: str) -> None:
    """A key is published a quarter before it rolls, rolls before the old one is revoked, and never back."""
    phases = (*REACHED_BY[before], before, after)
    names = ("2021Q1", "2021Q2", "2021Q3", "2021Q4", "2022Q1")[: len(phases)]
    quarters = dict(zip(names, phases, strict=True))
    if after in ALLOWED[before]:
        assert len(quarter_timeline(quarters, KSKS, names[0], names[-1]).steps) == 9 * len(phases)
    else:
        with pytest.raises(
            TimelineError, match=re.escape(f"quarter {names[-1]}: {after} cannot follow {before}; it")
        ):
            quarter_timeline(quarters, KSKS, names[0], names[-1])


@pytest.mark.parametrize("schema", ["rollover", "revoke", "revoke+"])
def test_no_timeline_begins_in_the_middle_of_a_change(schema: str) -> None:
    """What a quarter before must have prepared cannot come first, and the error says what is missing."""
    with pytest.raises(
        TimelineError, match=re.escape(f"quarter 2018Q4: a timeline cannot begin with {schema}; name the")
    ):
        quarter_timeline({"2018Q4": schema}, KSKS, "2018Q4", "2019Q4")


@pytest.mark.parametrize("schema", ["publish+", "rollover+"])
def test_a_timeline_may_begin_in_a_standing_phase(schema: str) -> None:
    """A phase that only goes on may come first: how it was reached lies before the timeline."""
    assert quarter_timeline({"2018Q3": schema}, KSKS, "2018Q3", "2018Q4").start == parse_instant("2018-07-01")


def test_unnamed_quarters_continue() -> None:
    """Naming the quarters of change alone gives the history that names the standing ones too."""
    changes = {quarter: schema for quarter, schema in ROOT_HISTORY.items() if not schema.endswith("+")}
    named = {
        **ROOT_HISTORY,
        "2018Q1": "publish+",
        "2018Q3": "publish+",
        "2020Q2": "normal",
        "2026Q3": "publish+",
    }
    for quarters in (changes, named):
        assert quarter_timeline(quarters, KSKS, "2016Q3", "2027Q4") == HISTORY


def test_rollover_may_stand() -> None:
    """After a rollover the new key goes on signing next to the old one until a quarter revokes it."""
    step = october({"2017Q3": "pre-publish", "2017Q4": "rollover"}).steps[-1]
    assert (step.keys.ksks, step.keys.dnskey_signers) == (("ksk-2010", "ksk-2017"), ("ksk-2017",))


@pytest.mark.parametrize(
    ("quarters", "ksks", "first", "last", "problem"),
    [
        (
            {"2018Q4": "rolover"},
            KSKS,
            "2018Q1",
            "2018Q4",
            "quarter 2018Q4: unknown schema 'rolover'; one of norm",
        ),
        (
            {"2017Q3": "normal"},
            KSKS,
            "2018Q1",
            "2018Q4",
            "quarter 2017Q3: outside the timeline; the timeline r",
        ),
        ({"2019Q1": "normal"}, KSKS, "2018Q1", "2018Q4", "quarter 2019Q1: outside the timeline"),
        ({"2018Q5": "normal"}, KSKS, "2018Q1", "2018Q4", "'2018Q5' is not a quarter; write it like 2018Q4"),
        ({}, KSKS, "1969Q4", "2018Q4", "'1969Q4' is not a quarter"),
        ({}, KSKS, "2018Q4", "2105Q1", "'2105Q1' is not a quarter"),
        ({}, KSKS, "2018Q4", "\u0662\u0660\u0661\u0668Q4", "is not a quarter"),
        ({}, KSKS, "2018Q4", "2018Q3", "2018Q4 to 2018Q3 is not a span of quarters"),
        ({}, KSKS, "1970Q1", "2104Q4", "at most 400 in all"),
        (
            {},
            (),
            "2018Q4",
            "2018Q4",
            "quarter 2018Q4: normal needs a key, and there is none; name one more KSK",
        ),
        (
            {"2018Q4": "pre-publish"},
            ("a",),
            "2018Q4",
            "2018Q4",
            "quarter 2018Q4: pre-publish needs a next key",
        ),
        (
            {"2018Q4": "pre-publish"},
            ("a", "a"),
            "2018Q4",
            "2018Q4",
            "2018Q4/2 at 2018-10-11T16:00:00Z: a key is",
        ),
    ],
)
def test_bad_quarters(
    quarters: dict[str, str], ksks: tuple[str, ...], first: str, last: str, problem: str
) -> None:
    """Whatever is wrong with the quarters is said in one line that names the quarter and a remedy."""
    with pytest.raises(TimelineError) as caught:
        quarter_timeline(quarters, ksks, first, last)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
