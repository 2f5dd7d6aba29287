"""Switch faults and impairments on and off, for some letters, while somebody asks."""

from __future__ import annotations

import pytest

from lab.authority.faults import FAULTS
from lab.dnssec.codec import parse_message
from lab.dnssec.rrtypes import RRSIG
from lab.errors import UserError
from lab.nameserver.impairments import IMPAIRMENTS, Delivery
from lab.nameserver.switchboard import LETTERS, Switch, Switchboard, check, in_time, parse_switch
from tests.nameserver.lab import RESPONDER, ROLL, query

QUERY = query(".", "SOA")
SOUND = RESPONDER.answer(QUERY, ROLL)


def answer(board: Switchboard, letter: str = "", now: int = ROLL) -> bytes | None:
    """Return what arrives of the answer of a letter."""
    return in_time(board.answer(RESPONDER, QUERY, now, letter=letter))


def signed(wire: bytes | None) -> bool:
    """Tell whether an answer has signatures."""
    assert wire is not None
    return any(record.rrtype == RRSIG for record in parse_message(wire).answer)


def test_names_are_unique() -> None:
    """A name means a fault or an impairment, never both."""
    assert FAULTS.keys() & IMPAIRMENTS.keys() == set()


@pytest.mark.parametrize(
    ("text", "switch"),
    [
        ("unsigned", Switch("unsigned")),
        ("stale=P2D@b", Switch("stale", "P2D", "b")),
        ("loss=30%@c,b,c", Switch("loss", "30%", "bc")),
        ("replay=2018-01-01 alpha. DS", Switch("replay", "2018-01-01 alpha. DS")),
    ],
)
def test_switches_are_read(text: str, switch: Switch) -> None:
    """A switch has a name, perhaps a value and letters, and is written as it is read."""
    assert parse_switch(text) == switch
    assert parse_switch(str(switch)) == switch


@pytest.mark.parametrize("text", ["unsigned@", "unsigned@z", "unsigned@ab", "unsigned@a;b"])
def test_letters_that_are_none(text: str) -> None:
    """A letter is one of thirteen."""
    with pytest.raises(UserError, match="the letters of the root are a to m"):
        parse_switch(text)


def test_on_and_off() -> None:
    """What is switched on shows, what is switched off no longer does."""
    board = Switchboard()
    assert answer(board) == SOUND
    board.on(Switch("missing-signatures"))
    assert not signed(answer(board))
    assert (board.off(Switch("missing-signatures")), board.off(Switch("missing-signatures"))) == (True, False)
    assert answer(board) == SOUND
    board.on(Switch("dark"))
    board.clear()
    assert answer(board) == SOUND


def test_letters() -> None:
    """A switch for some letters leaves the others alone; a server without a letter is meant by all."""
    board = Switchboard()
    board.on(parse_switch("missing-signatures@b,c"))
    assert [signed(answer(board, letter)) for letter in ("a", "b", "c", "")] == [True, False, False, False]


def test_the_last_of_a_kind_counts() -> None:
    """A switch takes the place of the same for the same letters, and stands beside one for others."""
    board = Switchboard()
    for text in ("stale=P1D", "stale=P2D", "stale=P3D@b", "loss"):
        board.on(parse_switch(text))
    assert list(map(str, board.active(ROLL))) == ["stale=P2D", "stale=P3D@b", "loss"]


def test_ends() -> None:
    """A switch is on until an instant, or for as long as its own value says, whichever comes first."""
    board = Switchboard()
    board.on(Switch("missing-signatures"), ROLL, ROLL + 100)
    board.on(Switch("dark", "PT10S"), ROLL, ROLL + 100)
    assert answer(board, now=ROLL + 9) is None
    assert not signed(answer(board, now=ROLL + 99))
    assert signed(answer(board, now=ROLL + 100))
    assert board.active(ROLL + 50) == (Switch("missing-signatures"),)


def test_impairments_follow_each_other() -> None:
    """Several impairments meet an answer one after the other."""
    board = Switchboard()
    for text in ("duplication", "delay=1s", "delay=2s@b"):
        board.on(parse_switch(text))
    found = board.answer(RESPONDER, QUERY, ROLL, letter="b")
    assert found == (Delivery(3.0, SOUND or b""),) * 2
    assert in_time(found) is None


def test_the_first_answer_counts() -> None:
    """Where time is emulated the answer that comes first is the one, unless all come too late."""
    assert in_time((Delivery(1.0, b"late"), Delivery(0.5, b"early"))) == b"early"
    assert in_time(()) is None


def test_chance_is_repeatable() -> None:
    """The same seed lets the same queries fare the same way, another seed does not."""

    def fates(seed: str) -> list[bool]:
        board = Switchboard(seed)
        board.on(Switch("loss", "50%"))
        return [answer(board) is None for _ in range(100)]

    assert fates("a") == fates("a") != fates("b")
    assert 30 < sum(fates("a")) < 70


def test_some_letter() -> None:
    """Who may ask any letter asks each now and then, where they differ; else it makes no difference whom."""
    board = Switchboard()
    assert (board.some_letter(), board.by_chance(ROLL)) == ("", False)
    board.on(Switch("unsigned"))
    assert (board.some_letter(), board.by_chance(ROLL)) == ("", False)
    board.on(Switch("stale", "P1D", "b"), ROLL, ROLL + 10)
    assert {board.some_letter() for _ in range(500)} == set(LETTERS)
    assert (board.by_chance(ROLL), board.by_chance(ROLL + 10)) == (True, False)
    board.on(Switch("loss", "50%"))
    assert board.by_chance(ROLL + 10)


@pytest.mark.parametrize("name", [*FAULTS, *IMPAIRMENTS])
def test_every_row_can_be_switched(name: str) -> None:
    """Whatever is in the tables can be switched on, and the root then answers or is silent."""
    value = {"revoke": "ksk-2010", "withdraw": "ksk-2010", "replay": "2018-01-01"}.get(name, "")
    board = Switchboard()
    board.on(Switch(name, value), ROLL)
    assert board.active(ROLL) == (Switch(name, value),)
    for tcp in (False, True):
        assert all(one.wire[:2] == QUERY[:2] for one in board.answer(RESPONDER, QUERY, ROLL, tcp))


@pytest.mark.parametrize(
    ("switch", "problem"),
    [
        (Switch("nonesuch"), "nonesuch: there is no such fault or impairment; there are expired, "),
        (Switch("revoke"), "revoke: the value is missing: KEY"),
        (Switch("loss", "all"), "loss: the value must be a chance from 1% to 100%"),
        (Switch("stale", "P" + "9" * 300 + "D"), "stale: the value must have 300 characters at most"),
    ],
)
def test_what_cannot_be_switched_on(switch: Switch, problem: str) -> None:
    """What is wrong is refused in one line, and nothing changes."""
    board = Switchboard()
    with pytest.raises(UserError) as refused:
        board.on(switch)
    assert str(refused.value).startswith(problem)
    assert board.active(ROLL) == ()


def test_a_fault_is_no_impairment() -> None:
    """Where one of the two is asked for, the other is unknown; the nearest name is offered."""
    check([Switch("loss")], IMPAIRMENTS)
    with pytest.raises(UserError, match="loss: there is no such thing; there are expired"):
        check([Switch("loss")], FAULTS)
    with pytest.raises(UserError, match='did you mean "unsigned"'):
        check([Switch("unsignd")], FAULTS)
    with pytest.raises(UserError, match="loss: the value must be a chance"):
        check([Switch("loss", "?")], IMPAIRMENTS)
