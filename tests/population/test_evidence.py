"""Signals are read up to the cut-off and no further, and nothing wrong in a file passes for a number."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import ScenarioError
from lab.population.evidence import COLUMNS, Day, Evidence, load_evidence
from lab.population.evidence import read_evidence as read_octets

HEAD = ",".join(COLUMNS) + "\n"
TWO = HEAD + "2017-09-29,1403,1401,85,1315,1,2,0,1933\n2017-09-30,1462,1460,98,1362,0,2,0,2066\n"
UNTIL = date(2017, 9, 30)


def read_evidence(text: str, until: date, place: str) -> Evidence:
    """Read what would stand in a file."""
    return read_octets(text.encode(), until, place)


def test_days_are_read() -> None:
    """A day has its sources, those with the old key alone, and those with both; the digest is sha256sum's."""
    found = read_evidence(TWO, UNTIL, "x.csv")
    assert found.days == (Day(date(2017, 9, 29), 1403, 85, 1315), Day(UNTIL, 1462, 98, 1362))
    assert found.digest == sha256(TWO.encode()).hexdigest()


@given(st.binary(max_size=200))
def test_what_comes_after_the_cut_off_is_not_read(later: bytes) -> None:
    """Whatever stands after the cut-off, nothing changes: not a number, not the digest."""
    assert read_octets(TWO.encode() + later, UNTIL, "x.csv") == read_evidence(TWO, UNTIL, "x.csv")


def test_a_file_is_read(tmp_path: Path) -> None:
    """A file is its octets, and a folder is none."""
    (tmp_path / "two.csv").write_text(TWO)
    assert load_evidence(tmp_path / "two.csv", UNTIL) == read_evidence(TWO, UNTIL, "x.csv")
    with pytest.raises(ScenarioError, match="a directory"):
        load_evidence(tmp_path, UNTIL)


def test_a_later_day_ends_the_reading() -> None:
    """If the cut-off is not among the days, the first later one ends the reading."""
    text = HEAD + "2017-09-01,5,5,1,4,0,0,0,5\n2017-10-02,5,5,1,4,0,0,0,5\nnonsense\n"
    assert read_evidence(text, UNTIL, "x.csv") == read_evidence(text[: text.index("2017-10")], UNTIL, "x.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: no table of daily signals"),
        ("date,sources\n", "line 1: no table"),
        (HEAD, "has no day up to 2017-09-30"),
        (HEAD + "2018-01-01,5,5,1,4,0,0,0,5\n", "has no day up to"),
        (HEAD + "soon,5,5,1,4,0,0,0,5\n", "line 2: needs a date and whole numbers"),
        (HEAD + "2017-09-01,5,5,x,4,0,0,0,5\n", "line 2: needs a date"),
        (HEAD + "2017-09-01,5,5,1\n", "line 2: needs 9 cells"),
        (HEAD + "2017-09-01,5,5,-1,4,0,0,0,5\n", "none negative"),
        (HEAD + "2017-09-01,9999999999,5,1,4,0,0,0,5\n", "above 1000000000"),
        (HEAD + "2017-09-01,5,5,3,4,0,0,0,5\n", "more sources named keys"),
        (HEAD + "2017-09-01,0,0,0,0,0,0,0,0\n", "or there were none"),
        (HEAD + 2 * "2017-09-01,5,5,1,4,0,0,0,5\n", "line 3: the days do not ascend"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    """Each mistake is told in one line with its place."""
    with pytest.raises(ScenarioError) as told:
        read_evidence(text, UNTIL, "x.csv")
    assert says in str(told.value)
    assert "\n" not in str(told.value)
