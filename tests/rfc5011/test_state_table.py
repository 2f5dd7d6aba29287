"""Compare the lab's table with the one drawn in RFC 5011 section 4."""

from __future__ import annotations

from lab.resolver.rfc5011 import RFC_TABLE, TRUSTED, Event, Row, State, compile_table

from ..resolver.world import Machine

DRAWN = """
                               NEXT STATE
            --------------------------------------------------
     FROM   |Start  |AddPend |Valid  |Missing|Revoked|Removed|
     ----------------------------------------------------------
     Start  |       |NewKey  |       |       |       |       |
     ----------------------------------------------------------
     AddPend|KeyRem |        |AddTime|       |       |       |
     ----------------------------------------------------------
     Valid  |       |        |       |KeyRem |Revbit |       |
     ----------------------------------------------------------
     Missing|       |        |KeyPres|       |Revbit |       |
     ----------------------------------------------------------
     Revoked|       |        |       |       |       |RemTime|
     ----------------------------------------------------------
     Removed|       |        |       |       |       |       |
     ----------------------------------------------------------
"""
"""RFC 5011 section 4: the events that lead from the state of a line to the state of a column."""

MEANING: dict[str, tuple[Event, str]] = {
    "NewKey": (Event.SEEN, ""),
    "KeyPres": (Event.SEEN, ""),
    "KeyRem": (Event.ABSENT, ""),
    "AddTime": (Event.SEEN, "add"),
    "Revbit": (Event.REVOKED, ""),
    "RemTime": (Event.ABSENT, "rem"),
}
"""RFC 5011 section 4.1: what each event is in the lab, and the timer that must be over (section 2.4).

AddTime and RemTime happen to a key when a verified RRset is looked at, never by time alone (section 2.2).
"""

KEPT_REVOKED = (
    Row(State.REVOKED, Event.SEEN, State.REVOKED, restart=True),
    Row(State.REVOKED, Event.FLAGGED, State.REVOKED, restart=True),
)
"""Rows that are no transition: RemTime runs from the last time the revoked key was seen (section 2.4.2)."""


def drawn() -> list[Row]:
    """Read the RFC's drawing: one row for each event written in it."""
    lines = [line.split("|") for line in DRAWN.splitlines() if "|" in line]
    columns = [State(name.strip()) for name in lines[0][1:-1]]
    found = []
    for line in lines[1:]:
        for column, event in zip(columns, line[1:-1], strict=True):
            if event.strip():
                meant, after = MEANING[event.strip()]
                found.append(Row(State(line[0].strip()), meant, column, after=after))
    return found


def test_drawing_is_read_whole() -> None:
    """The drawing has a line and a column for each of the six states, and eight events."""
    assert [row.state for row in drawn()] == [
        State.START, State.ADD_PEND, State.ADD_PEND, State.VALID, State.VALID, State.MISSING, State.MISSING,
        State.REVOKED,
    ]  # fmt: skip
    assert DRAWN.count("\n     -") == 7
    assert set(MEANING) == {word for word in DRAWN.replace("|", " ").split() if word in MEANING}


def test_table_is_the_drawing() -> None:
    """The table has the RFC's eight transitions and the two rows that keep a revoked key: ten, no others."""
    by_place = sorted((*drawn(), *KEPT_REVOKED), key=str)
    assert sorted(RFC_TABLE, key=str) == by_place
    assert len(RFC_TABLE) == 10


def test_pending_key_is_never_revoked() -> None:
    """There is no way from AddPend to Revoked (RFC 5011 section 4)."""
    table = compile_table(())
    targets = [row.target for event in Event for row in table[State.ADD_PEND, event]]
    assert targets
    assert State.REVOKED not in targets


def test_removed_is_the_end() -> None:
    """No event leads out of Removed (RFC 5011 section 4.2)."""
    assert [event for event in Event if compile_table(())[State.REMOVED, event]] == []


def test_one_row_at_most() -> None:
    """No two rows compete for one event, so the order of the table means nothing."""
    assert {len(found) for found in compile_table(()).values()} == {0, 1}


def test_trusted_states() -> None:
    """Only a Valid or a Missing key may validate (RFC 5011 section 4.2)."""
    assert TRUSTED == (State.VALID, State.MISSING)


def test_life_of_a_key() -> None:
    """A key met, trusted, missing, back, revoked and gone passes through every state and its event."""
    machine = Machine("rfc5011-strict", form="dnskey")
    machine.look(0, "1", "1").look(1, "1 2", "1").look(20, "1 2", "1").look(31, "1 2", "1")
    machine.look(32, "1", "1").look(33, "1 2", "2").look(34, "1 -2", "1 -2")
    machine.look(35, "1", "1").look(64, "1", "1")
    assert machine.state(2) == "Removed"
    assert machine.log == [
        "2 Start->AddPend", "2 AddPend->Valid", "2 Valid->Missing", "2 Missing->Valid", "2 Valid->Revoked",
        "2 Revoked->Removed",
    ]  # fmt: skip


def test_pending_key_that_goes_is_forgotten() -> None:
    """KeyRem in AddPend leads to Start: the key is not stored, and met again it waits anew (section 4)."""
    machine = Machine("rfc5011-strict").look(0, "1 2", "1").look(29, "1", "1")
    assert machine.states() == "1 Valid"
    machine.look(29.5, "1 2", "1").look(31, "1 2", "1")
    assert machine.states() == "1 Valid, 2 AddPend"
