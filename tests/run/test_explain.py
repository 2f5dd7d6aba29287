"""The story of a run: a row for every kind of observation, each with the rule it follows from."""

from __future__ import annotations

import pytest

from lab.causes import CAUSES
from lab.errors import RecordError
from lab.observation import (
    KINDS,
    WORDS,
    Anchor,
    Gap,
    Looked,
    NoEvidence,
    Observation,
    Outcome,
    Refresh,
    Sentinel,
    Signal,
    Started,
    Stopped,
    Transition,
    ZoneChange,
)
from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import State
from lab.run.explain import Row, explain
from lab.run.record import Record

from .stage import BOTH, ROLL, STATIC, at, outcome, record_of, run

SAMPLES: tuple[tuple[Observation, str, str], ...] = (
    (
        ZoneChange(1, "", ("a", "b"), ("z",), ("a",), ("a", "b")),
        "zone: KSKs a, b, revoked: a; signed by a, b",
        "",
    ),
    (ZoneChange(1, "", ("a",), ("z",), (), ("a",)), "zone: KSKs a; signed by a", ""),
    (Started(1, "s", "first"), "starts for the first time", ""),
    (Started(1, "s", "restart"), "starts with its state", ""),
    (Started(1, "s", "reset"), "starts without its state", ""),
    (Stopped(1, "s", "exit", "no room"), "stops (exit): no room", ""),
    (Stopped(1, "s", "off", "off"), "stops (off)", ""),
    (
        Refresh(1, "s", "ok", (19164, 20326)),
        "refresh: the DNSKEY RRset verifies (signed by 19164, 20326)",
        "refresh after half the TTL at most (RFC 5011 section 2.3)",
    ),
    (
        Refresh(1, "s", "none", ()),
        "refresh: no DNSKEY RRset came",
        "ask again after a tenth of the TTL at most (RFC 5011 section 2.3)",
    ),
    (
        Transition(1, "s", "ksk-2010", 19036, 19164, "Valid", "Revoked"),
        "ksk-2010 (19036, as 19164): Valid -> Revoked",
        "the key revokes itself: never trusted again (RFC 5011 section 2.1)",
    ),
    (Outcome(1, "s", "secure", "insecure", "", None, ""), "clients: secure", ""),
    (Signal(1, "s", "_ta-4a5c."), "signals _ta-4a5c.", "RFC 8145 section 5.1"),
    (
        Sentinel(1, "s", (19036, 20326)),
        "sentinel: answers is-ta for 19036, 20326",
        "a trust anchor's tag is answered (RFC 8509 section 3)",
    ),
    (
        Sentinel(1, "s", ()),
        "sentinel: answers is-ta for no key",
        "a trust anchor's tag is answered (RFC 8509 section 3)",
    ),
    (
        Anchor(1, "s", "ksk-2010", 19036, "Valid", 0),
        "ends with ksk-2010 (19036) Valid since 1970-01-01T00:00:00Z",
        "",
    ),
    (Gap(1, "", 60), "no data until 1970-01-01T00:01:00Z", ""),
    (Looked(1, "x", "outcome", 60), "outcome as before; changed by 1970-01-01T00:01:00Z", ""),
    (NoEvidence(1, "x", "no clock"), "shows nothing: no clock", ""),
)


@pytest.mark.parametrize(("seen", "what", "rule"), SAMPLES)
def test_a_row(seen: Observation, what: str, rule: str) -> None:
    """An observation is told in words, with the rule behind it."""
    assert explain(record_of(seen)) == (Row(1, seen.subject, what, rule),)


def test_every_kind_has_a_row() -> None:
    """No kind of observation is left out."""
    assert sorted({type(seen).kind for seen, _, _ in SAMPLES}) == sorted(KINDS)


@pytest.mark.parametrize("result", WORDS["refresh", "result"])
def test_every_end_of_a_refresh_is_explained(result: str) -> None:
    """However a refresh ends, the row cites the section that says what follows."""
    (row,) = explain(record_of(Refresh(1, "s", result, ())))
    assert "RFC 5011 section " in row.rule


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_is_explained(cause: str) -> None:
    """A failure's row has the cause in words, with its citation."""
    (row,) = explain(record_of(outcome(1, "bogus", cause)))
    assert row.what == f"clients: bogus [{cause}]"
    assert row.rule == f"{CAUSES[cause].sentence} ({CAUSES[cause].cites})"


def possible_moves() -> list[tuple[str, str]]:
    """Return the transitions that the table of any preset can make, each once.

    That a pending key starts over when its validators are revoked (RFC 5011 section 2.2) is in no row.
    """
    pairs = [
        (row.state.value, row.target.value)
        for profile in MODELS.values()
        for rows in profile.policy.table.values()
        for row in rows
        if row.target is not None and not row.restart and row.target is not row.state
    ]
    return sorted({*pairs, (State.ADD_PEND.value, State.START.value)})


@pytest.mark.parametrize(("source", "target"), possible_moves())
def test_every_transition_is_explained(source: str, target: str) -> None:
    """Whatever a preset does with a key has a rule, or is said not to be in RFC 5011 and why it happens."""
    (row,) = explain(record_of(Transition(1, "s", "k", 1, 1, source, target)))
    assert "RFC 5011" in row.rule
    assert row.rule != "not in RFC 5011"


def test_a_transition_of_ones_own() -> None:
    """A transition that no preset makes, as rows of one's own may, is said not to be the RFC's."""
    (row,) = explain(record_of(Transition(1, "s", "k", 1, 1, "Removed", "Valid")))
    assert row.rule == "not in RFC 5011"


def test_one_subject(october: dict[str, Record]) -> None:
    """The story of one subject has its own rows and the authority's, and no other's."""
    record = october["2018-actual"]
    own, whole = explain(record, "static-old"), explain(record)
    assert {row.subject for row in own} == {"", "static-old"}
    assert own == tuple(row for row in whole if row.subject in ("", "static-old"))


def test_the_zone_is_told_when_its_ksks_change(october: dict[str, Record]) -> None:
    """Changes of ZSKs and renewed signatures are left out: what remains is the roll."""
    zone = [(row.at, row.what) for row in explain(october["2018-actual"], "static-old") if not row.subject]
    assert [what for _, what in zone] == [
        "zone: KSKs ksk-2010; signed by ksk-2010",
        "zone: KSKs ksk-2010, ksk-2017; signed by ksk-2010",
        "zone: KSKs ksk-2010, ksk-2017; signed by ksk-2017",
        "zone: KSKs ksk-2010, ksk-2017, revoked: ksk-2010; signed by ksk-2010, ksk-2017",
        "zone: KSKs ksk-2017; signed by ksk-2017",
    ]
    assert zone[2][0] == at(ROLL)


def test_rows_are_in_order(october: dict[str, Record]) -> None:
    """The story is told in the order of time."""
    for record in october.values():
        moments = [row.at for row in explain(record)]
        assert moments == sorted(moments)


def test_a_subject_that_is_not_there() -> None:
    """Asking for an unknown subject names those of the record."""
    with pytest.raises(RecordError, match=r"^there is no subject 'nobody'; its subjects are static, both$"):
        explain(run(STATIC, BOTH), "nobody")
