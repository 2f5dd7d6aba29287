"""Impairments of the way: what arrives of an answer, when, and by what chance."""

from __future__ import annotations

from itertools import cycle

import pytest

from lab.dnssec.codec import parse_message
from lab.nameserver.impairments import (
    IMPAIRMENTS,
    Deliveries,
    Delivery,
    Impairment,
    Passing,
    read_impairment,
    truncated,
)
from tests.nameserver.lab import RESPONDER, ROLL, query

QUERY = query(".", "DNSKEY")
ANSWER = RESPONDER.answer(QUERY, ROLL) or b""
FOUND = (Delivery(0.0, ANSWER),)


def carried(
    impairment: Impairment,
    *,
    tcp: bool = False,
    now: float = 0.0,
    client: str = "192.0.2.1",
    draws: tuple[float, ...] = (0.0,),
) -> Deliveries:
    """Return what arrives of one answer, chance being what it is said to be."""
    draw = iter(cycle(draws)).__next__
    return impairment.carry(FOUND, Passing(QUERY, now, tcp, client, draw))


def octets(found: Deliveries) -> list[bytes]:
    """Return what arrives, without when."""
    return [one.wire for one in found]


@pytest.mark.parametrize(
    ("name", "met"),
    [
        ("loss", ()),
        ("duplication", (*FOUND, *FOUND)),
        ("reordering", (Delivery(0.1, ANSWER),)),
        ("truncation", (Delivery(0.0, truncated(QUERY, ANSWER)),)),
    ],
)
def test_chance(name: str, met: Deliveries) -> None:
    """A chance of 30% meets an answer if less than 0.3 is drawn; over TCP it never does."""
    impairment = read_impairment(name, "30%")
    assert carried(impairment, draws=(0.29,)) == met
    assert carried(impairment, draws=(0.3,)) == FOUND
    assert carried(impairment, tcp=True) == FOUND
    assert (impairment.varies, read_impairment(name, "100%").varies) == (True, False)


def test_each_answer_has_its_own_fate() -> None:
    """Of two answers one may be lost."""
    impairment = read_impairment("loss", "50%")
    draw = iter((0.6, 0.4)).__next__
    two = (Delivery(0.0, b"first"), Delivery(0.0, b"second"))
    assert octets(impairment.carry(two, Passing(QUERY, 0.0, False, "", draw))) == [b"first"]


@pytest.mark.parametrize(("argument", "seconds"), [("", 0.2), ("50ms", 0.05), ("2s", 2.0)])
def test_delay(argument: str, seconds: float) -> None:
    """Every answer is late by as much, over TCP too."""
    impairment = read_impairment("delay", argument)
    assert carried(impairment) == carried(impairment, tcp=True) == (Delivery(seconds, ANSWER),)


def test_truncation() -> None:
    """What is cut has id, flags and question of the answer, TC, and no record but OPT."""
    cut, whole = parse_message(truncated(QUERY, ANSWER)), parse_message(ANSWER)
    assert (cut.id, cut.question, cut.answer, cut.edns) == (whole.id, whole.question, (), whole.edns)
    assert cut.flags == whole.flags | 0x0200


def test_what_cannot_be_cut() -> None:
    """A header alone, in answer to what nobody can read, is short enough."""
    bad = b"\0" * 12 + b"\xff"
    header = RESPONDER.answer(bad, ROLL) or b""
    assert truncated(bad, header) == header != b""


def test_fragments_dropped() -> None:
    """Answers over UDP pass up to so many octets; over TCP all do."""
    size = len(ANSWER)
    assert carried(read_impairment("fragments-dropped", str(size))) == FOUND
    short = read_impairment("fragments-dropped", str(size - 1))
    assert (carried(short), carried(short, tcp=True)) == ((), FOUND)


def test_tcp_refused() -> None:
    """UDP alone is answered."""
    impairment = read_impairment("tcp-refused")
    assert (carried(impairment), carried(impairment, tcp=True)) == (FOUND, ())


def test_dark() -> None:
    """Nothing is answered, until so long after the beginning or for ever."""
    impairment = read_impairment("dark", "P3D", 1000.0)
    assert (carried(impairment), carried(impairment, tcp=True)) == ((), ())
    assert impairment.until == 1000.0 + 3 * 86400
    assert read_impairment("dark").until is None


def test_rate_limit() -> None:
    """Beyond the rate one answer is dropped and the next truncated, for each asker and second."""
    impairment = read_impairment("rate-limit", "2")
    seen = [octets(carried(impairment, now=5.5)) for _ in range(6)]
    cut = [truncated(QUERY, ANSWER)]
    assert seen == [[ANSWER], [ANSWER], [], cut, [], cut]
    assert octets(carried(impairment, now=5.9, client="192.0.2.2")) == [ANSWER]
    assert octets(carried(impairment, now=6.0)) == [ANSWER]
    assert all(octets(carried(impairment, now=6.0, tcp=True)) == [ANSWER] for _ in range(5))
    assert impairment.varies


def test_the_count_of_askers_is_bounded() -> None:
    """Whoever asks from ever new addresses fills no memory: the count begins anew."""
    impairment = read_impairment("rate-limit", "1")
    for number in range(4096):
        carried(impairment, client=str(number))
    assert carried(impairment, client="0") == FOUND


@pytest.mark.parametrize("name", list(IMPAIRMENTS))
@pytest.mark.parametrize("tcp", [False, True])
def test_no_answer_grows(name: str, tcp: bool) -> None:
    """Whatever an impairment does, no answer becomes larger."""
    found = carried(read_impairment(name), tcp=tcp)
    assert all(len(one.wire) <= len(ANSWER) and one.after >= 0 for one in found)


@pytest.mark.parametrize(
    ("name", "argument", "problem"),
    [
        ("loss", "0%", "must be a chance from 1% to 100%"),
        ("loss", "101%", "must be a chance from 1% to 100%"),
        ("loss", "0.5", "must be a chance from 1% to 100%"),
        ("delay", "0s", "must be a time such as 200ms or 2s, at most 60s"),
        ("delay", "61s", "must be a time such as 200ms or 2s, at most 60s"),
        ("delay", "PT1S", "must be a time such as 200ms or 2s, at most 60s"),
        ("fragments-dropped", "11", "must be a whole number from 12 to 65535"),
        ("rate-limit", "-1", "must be a whole number from 1 to 100000"),
        ("tcp-refused", "yes", "must be left out"),
        ("dark", "P0D", "must be longer than zero"),
        ("dark", "3 days", "is not a duration"),
    ],
)
def test_what_an_impairment_does_not_take(name: str, argument: str, problem: str) -> None:
    """A wrong value is refused in words that say which are right."""
    with pytest.raises(ValueError, match=problem.replace("(", r"\(")):
        read_impairment(name, argument)


def test_what_lets_everything_pass() -> None:
    """An impairment that overrides nothing does nothing."""
    assert (carried(Impairment()), Impairment().varies, Impairment().until) == (FOUND, False, None)
