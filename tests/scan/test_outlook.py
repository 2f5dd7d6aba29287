"""How long anchors work, under history, plan and any scenario (RFC 5011 section 2.1: revocation)."""

from __future__ import annotations

import pytest

from lab.clock import parse_instant
from lab.scan.outlook import HISTORY, dated, ends
from lab.scan.stream import Finding
from lab.scenario.load import load_scenario


def until(scenario: str = "", *, keys: tuple[int, ...]) -> int | None:
    """Return until when these keys work together."""
    known = ends([load_scenario(name).timeline for name in (*HISTORY, scenario) if name])
    (row,) = dated([Finding("f", 1, "ds", keys)], known)
    return row.works_until


CASES = [
    ("", (19036,), "2018-10-13T16:00:00Z"),
    ("", (20326,), "2026-10-13T16:00:00Z"),
    ("", (19036, 20326), "2026-10-13T16:00:00Z"),
    ("", (38696,), None),
    ("", (20326, 38696), None),
    ("2017-planned", (19036,), "2017-10-13T16:00:00Z"),
    ("2026-delayed-a-quarter", (20326,), "2027-01-13T16:00:00Z"),
    ("2026-delayed-a-quarter", (19036,), "2018-10-13T16:00:00Z"),
    ("2018-actual", (20326,), None),
    ("2018-back-out", (19036,), None),
]


@pytest.mark.parametrize(("scenario", "keys", "expected"), CASES)
def test_works_until(scenario: str, keys: tuple[int, ...], expected: str | None) -> None:
    """Anchors work until 48 hours after the last of their keys has ceased to sign, unrevoked."""
    assert until(scenario, keys=keys) == (expected and parse_instant(expected))


def test_dies_before() -> None:
    """What works until an instant is not dead at it."""
    (row,) = dated([Finding("f", 1, "ds", (1,))], {1: 100})
    assert [row.dies_before(at) for at in (99, 100, 101)] == [False, False, True]
