"""`rootlab onset`: a table on a sheet of 80 columns, and JSON."""

from __future__ import annotations

import json

import pytest

from .ended import Rootlab


def test_table(rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models as they are named, the figures of both starts, what they mean, and why they are so."""
    monkeypatch.setenv("COLUMNS", "80")
    ended = rootlab("onset", "--subject", "pdns-recursor", "--subject", "rfc5011-strict")
    lines = ended.out.splitlines()
    assert (ended.status, ended.err) == (0, "")
    assert max(map(len, lines)) <= 80
    assert lines[0] == "roll-without-hold-down: the roll is at 2016-11-06T12:00:00Z"
    assert " ".join(lines[5].split()) == "pdns-recursor 24.0 24.0 19.3 7.1 24 24 1 1 0.001 0.001"
    assert lines[6].split()[:3] == ["rfc5011-strict", "24.0", "48.0"]
    assert "pdns-recursor: keeps the keys for P1D at most; while failing, one query once" in ended.out


def test_who_does_not_fail(rootlab: Rootlab) -> None:
    """Who is content with the old key's presence never fails, and nothing is counted."""
    line = rootlab("onset", "--subject", "presence").out.splitlines()[5]
    assert " ".join(line.split()) == "presence never never never never - - - - - -"


def test_json(rootlab: Rootlab) -> None:
    """All figures, with the instants they come from."""
    ended = rootlab("onset", "--subject", "unbound-static", "--format", "json")
    told = json.loads(ended.out)
    assert (told["scenario"], told["roll"]) == ("roll-without-hold-down", "2016-11-06T12:00:00Z")
    (row,) = told["resolvers"]
    assert (row["name"], row["kind"], row["version"]) == ("unbound-static", "model", "1.17.1")
    morning, evening = row["starts"]
    assert morning == {
        "started": "2016-10-30T07:18:00Z",
        "last_fetch": "2016-11-06T07:18:00Z",
        "first_failure": "2016-11-07T07:18:00Z",
        "queries_in_a_day": 288,
        "queries_in_an_hour": 324,
        "per_question": 0.3375,
        "rate_class": "less than questions",
    }
    assert evening["started"] == "2016-10-30T19:06:00Z"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--subject", "nobody"), "there is no model 'nobody'"),
        (("--subject", "daemon:nobody"), "there is no driver 'nobody'"),
        (("nowhere",), "no shipped scenario has this name"),
    ],
)
def test_mistakes(rootlab: Rootlab, arguments: tuple[str, ...], problem: str) -> None:
    """What is not there is named in one line."""
    ended = rootlab("onset", *arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert problem in ended.err
