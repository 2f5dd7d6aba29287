"""20,000 mutated inputs, and some drawn, in every run of the tests; `make fuzz` tries a million."""

from __future__ import annotations

import gc
import resource
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.codec import make_query
from lab.dnssec.names import ROOT
from lab.dnssec.rrtypes import DNSKEY
from lab.nameserver.responder import Responder
from tests.fuzz import targets
from tests.fuzz.mutation import LONGEST, mutants
from tests.fuzz.targets import NOW, PING, TARGETS, check_answer, room, seeds, server

pytestmark = [pytest.mark.no_cover, pytest.mark.real_clock]

COUNT = 20_000
FLAT = 64 * 1024
"""KiB by which the process may grow: memos fill up, and the rest is to be flat."""


@pytest.mark.parametrize("name", list(TARGETS))
def test_mutants(name: str) -> None:
    """No mutant raises anything that is not declared, or gets more than it allowed; memory stays flat."""
    feed, share = TARGETS[name]
    tried = COUNT * share // 100
    kept = seeds(name)
    for data in kept:
        feed(data)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in islice(mutants(kept, name), tried):
        try:
            feed(data)
        except Exception as problem:
            pytest.fail(f"{name}: {problem!r} of {data!r}")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < FLAT
    if name == "listener":
        sockets = targets.sockets()
        sockets.udp.close()
        sockets.listener.stop()
        targets.sockets.cache_clear()


@given(st.sampled_from(list(TARGETS)).filter(lambda name: name != "listener"), st.binary(max_size=600))
def test_any_octets(name: str, data: bytes) -> None:
    """Nor do octets that were no seed, which Hypothesis makes small if they do."""
    TARGETS[name].feed(data)


def test_shares_are_whole() -> None:
    """The targets share out all that is tried, and each has seeds."""
    assert sum(target.share for target in TARGETS.values()) == 100
    assert all(seeds(name) for name in TARGETS)


def test_mutants_are_repeatable() -> None:
    """The same word gives the same mutants, another one others; none is too long."""
    first = list(islice(mutants([PING, b""], "a"), 500))
    assert first == list(islice(mutants([PING, b""], "a"), 500))
    assert first != list(islice(mutants([PING, b""], "b"), 500))
    assert max(map(len, islice(mutants([b"x" * LONGEST], "a"), 200))) == LONGEST
    assert len(set(first)) > 300


def test_the_check_finds_what_is_wrong() -> None:
    """An answer that is too large, has another id, or is missing is a finding."""
    answer = server().answer(PING, NOW) or b""
    check_answer(PING, answer)
    assert room(PING) == 512
    for bad in (b"\0\0" + answer[2:], answer + bytes(512), answer[:2] + b"\0" + answer[3:], None):
        with pytest.raises(AssertionError):
            check_answer(PING, bad)


SMALL = make_query(ROOT, DNSKEY, udp_size=512)


def test_a_fault_of_the_responder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the responder ignored the client's size, some seed would tell."""

    def large(self: Responder, wire: bytes, now: int, tcp: bool = False) -> bytes | None:
        return sound(self, wire, now, True)

    sound = Responder.answer
    monkeypatch.setattr(Responder, "answer", large)
    (seed,) = [data for data in seeds("responder") if data[1:] == SMALL]
    with pytest.raises(AssertionError, match="an answer larger than allowed"):
        targets.responder(seed)
