"""Every row of the RFC's table and of every preset is exercised; what is not would show.

`make transition-coverage` says by which tests of the whole suite, and the same of every value of the knobs.
Here the histories of `tests.resolver.test_preset_rows` are played, each also with a second anchor configured.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest

from lab.resolver.managed import _Look
from lab.resolver.policy import STRICT, ResolverPolicy, Trust
from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import RFC_TABLE, Row, rows
from tools.transition_coverage import (
    Seen,
    missing_rows,
    missing_values,
    report,
    table_of,
    values,
    watching,
)

from ..resolver.test_preset_rows import HISTORIES, History
from ..resolver.world import Machine

OUT_OF_REACH = {"knot-5.1.2": rows("AddPend flagged Valid after add")}
"""Rows that a preset has from its family and never takes: Knot Resolver 5.1.2 stores no pending key."""


def played(policies: Iterable[ResolverPolicy], histories: Iterable[History] = HISTORIES) -> Seen:
    """Return what some histories exercise under some policies."""
    seen = Seen(test="histories")
    with watching(seen):
        for policy in policies:
            for history in histories:
                history.play(policy)
                replace(history, configured="1 2").play(policy)
    return seen


@cache
def all_played() -> Seen:
    """Return what all histories exercise under all presets."""
    return played(profile.policy for profile in MODELS.values())


def own_rows(policy: ResolverPolicy) -> tuple[Row, ...]:
    """Return the rows that are a policy's own; the RFC's where it has none."""
    return policy.overrides or (RFC_TABLE if policy.base == "rfc" else ())


@pytest.mark.parametrize("name", MODELS)
def test_every_row_is_exercised(name: str) -> None:
    """Each row of the preset is taken, or keeps a row of the RFC from being taken, in some history."""
    policy = MODELS[name].policy
    left = [row for row in own_rows(policy) if (table_of(policy), row) not in all_played().rows]
    assert left == list(OUT_OF_REACH.get(name, ()))


def test_no_row_is_left_to_report() -> None:
    """The report on these histories names no row as left out."""
    assert missing_rows(all_played()) == []
    assert "Rows not exercised: 0" in report(all_played())
    assert " **none** " not in report(all_played()).partition("## Knobs")[0]


@pytest.mark.parametrize("row", RFC_TABLE, ids=str)
def test_row_without_a_history_is_left(row: Row) -> None:
    """Without the histories that take a row of the RFC, the row is reported as not exercised."""
    rest = [one for one in HISTORIES if (table_of(STRICT), row) not in played([STRICT], [one]).rows]
    seen = played([STRICT], rest)
    assert f"rfc5011: {row}" in missing_rows(seen)
    assert f"| `{row}` | **none** |" in report(seen)


def test_emptied_row_counts_where_it_stands_in_the_way() -> None:
    """A row that says that nothing happens counts when its event does, not before."""
    machine = Machine("bind", "1 2")
    seen = Seen()
    row = rows("Valid absent -")[0]
    with watching(seen):
        machine.look(0, "1 2", "1")
        assert (table_of(machine.policy), row) not in seen.rows
        machine.look(1, "1", "1")
    assert seen.rows[table_of(machine.policy), row] == {"": 1}


def test_knobs_count_when_code_reads_them() -> None:
    """A value counts when the resolver's code reads it; a policy that only is compared uses none."""
    seen = Seen()
    with watching(seen):
        assert MODELS["unbound"].policy.differences()
        assert seen.values == {}
        Machine("unbound").look(0, "1", "1")
    assert ("skew", "tenth") in seen.values
    assert ("skew", "none") not in seen.values
    assert "skew = none" in missing_values(seen)
    assert "skew = tenth" not in missing_values(seen)


def test_values_are_those_of_words_and_presets() -> None:
    """What should be exercised is each word, each flag both ways, and each number that a preset has."""
    found = values()
    assert {("probes", "true"), ("probes", "false"), ("signer", "presence")} <= set(found)
    assert [value for knob, value in found if knob == "keep-missing"] == [
        "P120D", "P30D", "P366D", "P90D", "for-ever",
    ]  # fmt: skip


def test_nothing_is_watched_afterwards() -> None:
    """What stood in for the look and the knobs is gone when the watching ends."""
    before = (_Look.fire, _Look._take, _Look._adopt, vars(Trust)["skew"])
    played([STRICT], HISTORIES[:1])
    assert (_Look.fire, _Look._take, _Look._adopt, vars(Trust)["skew"]) == before
