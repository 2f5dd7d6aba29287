"""Test the notation of rows, the compiled table with its fallbacks, and cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.resolver.policy import ResolverPolicy
from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import (
    FALLBACK,
    RFC_TABLE,
    TIMERS,
    Cell,
    Event,
    Row,
    State,
    TrustPoint,
    compile_table,
    rows,
)

from .world import ROOT, T0, Machine, ds, key


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("Valid absent Missing", Row(State.VALID, Event.ABSENT, State.MISSING)),
        ("Start seen -", Row(State.START, Event.SEEN, None)),
        ("Revoked seen !", Row(State.REVOKED, Event.SEEN, State.REVOKED, restart=True)),
        ("Valid nofirst Start+", Row(State.VALID, Event.NOFIRST, State.START, residue=True)),
        (
            "AddPend attempt Valid after add twice",
            Row(State.ADD_PEND, Event.ATTEMPT, State.VALID, after="add", twice=True),
        ),
        (
            "AddPend absent ! before add",
            Row(State.ADD_PEND, Event.ABSENT, State.ADD_PEND, True, before="add"),
        ),
        (
            "  Missing   absent Start  after keep if-valid ",
            Row(State.MISSING, Event.ABSENT, State.START, after="keep", if_valid=True),
        ),
        ("Valid first-unsigned AddPend", Row(State.VALID, Event.FIRST_UNSIGNED, State.ADD_PEND)),
    ],
)
def test_a_row_is_read_and_written(line: str, row: Row) -> None:
    """Every part of the notation is read, and a row is written as it is read."""
    assert rows(line) == (row,)
    assert str(row) == " ".join(line.split())


@given(
    st.builds(
        lambda state, event, target, timer, **guards: Row(state, event, target, **timer, **guards),
        st.sampled_from([state for state in State if state is not State.START]),
        st.sampled_from(Event),
        st.none() | st.sampled_from(State),
        st.just({})
        | st.dictionaries(st.sampled_from(["after", "before"]), st.sampled_from(TIMERS), max_size=1),
        twice=st.booleans(),
        if_valid=st.booleans(),
    )
)
def test_any_row_round_trips(row: Row) -> None:
    """What a row is written as is read back as the same row."""
    assert rows(str(row)) == (row,)


@pytest.mark.parametrize("name", MODELS)
def test_overrides_of_presets_round_trip(name: str) -> None:
    """The override rows of every preset survive being written and read."""
    overrides = MODELS[name].policy.overrides
    assert rows("\n".join(map(str, overrides))) == overrides


def test_empty_lines_are_skipped() -> None:
    """Empty lines are no rows."""
    assert rows("\n  \n") == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Valid absent", "Valid absent"),
        ("Valid", "Valid"),
        ("Trusted absent Missing", "Trusted"),
        ("Valid gone Missing", "gone"),
        ("Valid absent Lost", "Lost"),
        ("Valid absent Missing quickly", "quickly"),
        ("AddPend seen Valid after", "after"),
        ("AddPend seen Valid after lunch", "lunch"),
        ("AddPend seen Valid before", "before"),
        ("Valid absent Missing+", "Missing+"),
        ("Start seen !", "Start seen !"),
        ("Start seen AddPend twice", "without a guard"),
        ("Start seen Start", "another state"),
        ("Start absent Valid", "Start is left by seen, first,"),
        ("AddPend seen Valid after add before keep", "one timer"),
    ],
)
def test_what_is_no_row(line: str, said: str) -> None:
    """A line that is no row is refused, and the text names the line and what is wrong with it."""
    with pytest.raises(ValueError, match="row") as caught:
        rows(f"Valid absent Missing\n  {line}")
    assert repr(line) in str(caught.value)
    assert said in str(caught.value)


def test_fallbacks() -> None:
    """An event no row names stands for another: flagged for absent, first for seen, and so on."""
    table = compile_table(())
    assert [str(row) for row in table[State.VALID, Event.FLAGGED]] == ["Valid absent Missing"]
    assert [str(row) for row in table[State.VALID, Event.NOFIRST_DS]] == ["Valid absent Missing"]
    assert [str(row) for row in table[State.START, Event.FIRST_UNSIGNED]] == ["Start seen AddPend"]
    assert Event.ATTEMPT not in FALLBACK
    assert table[State.VALID, Event.BOGUS] == ()


def test_fallbacks_stop_at_the_first_row() -> None:
    """A row for an event nearer by wins over the one it would fall back on."""
    table = compile_table(rows("Valid nofirst Start\nStart first Valid"))
    assert table[State.VALID, Event.NOFIRST_DS][0].target is State.START
    assert table[State.VALID, Event.ABSENT][0].target is State.MISSING
    assert table[State.START, Event.FIRST_UNSIGNED][0].target is State.VALID


def test_an_emptied_row_stops_the_fallback() -> None:
    """An emptied row says that nothing happens, not that another row applies."""
    table = compile_table(rows("Revoked flagged -"))
    assert table[State.REVOKED, Event.FLAGGED] == ()
    assert table[State.REVOKED, Event.ABSENT] != ()


def test_an_override_replaces_its_place_alone() -> None:
    """An override takes the place of the RFC's row for the same state and event, and of no other."""
    override = rows("Valid absent Start")
    table = compile_table(override)
    assert table[State.VALID, Event.ABSENT] == override
    assert [table[row.state, row.event] for row in RFC_TABLE if row.event is not Event.ABSENT] == [
        (row,) for row in RFC_TABLE if row.event is not Event.ABSENT
    ]


def test_rows_of_one_place_are_tried_in_order() -> None:
    """Several rows for one state and event are tried in the order in which they stand."""
    both = rows("AddPend seen Removed before add\nAddPend seen Valid after add")
    machine = Machine(ResolverPolicy(overrides=both)).look(0, "1 2", "1")
    assert machine.look(29, "1 2", "1").state(2) == "Removed"
    late = Machine(ResolverPolicy(overrides=both)).look(0, "1 2", "1").look(30, "1 2", "1")
    assert late.state(2) == "Valid"


def test_a_table_without_rows() -> None:
    """A resolver that never changes its anchors has an empty table."""
    assert set(compile_table((), ()).values()) == {()}


def test_cell_of() -> None:
    """A key is found whatever its REVOKE bit; an anchor known by DS alone is not the key yet."""
    cells = (Cell(ds(1), State.VALID, T0), Cell(key(2), State.VALID, T0))
    point = TrustPoint(ROOT, cells)
    assert point.cell_of(key(2).revoked()) is cells[1]
    assert point.cell_of(key(1)) is None
    assert point.cell_of(key(3)) is None


@pytest.mark.parametrize("state", State)
def test_trusted_cells(state: State) -> None:
    """Valid and Missing keys are trusted, and residue is, whatever the state of the others."""
    residue = Cell(key(3), State.VALID, T0)
    cell = Cell(key(2), state, T0)
    point = TrustPoint(ROOT, (cell,), residue=(residue,))
    assert point.trusted() == ((cell, residue) if state in ("Valid", "Missing") else (residue,))
