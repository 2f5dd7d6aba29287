"""Test RFC 8145 key tag queries: the name (section 5.1), which keys it lists, and when it changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.authority.keyring import KeyRing
from lab.clock import DAY, HOUR, parse_duration
from lab.observation import Signal
from lab.resolver.policy import STRICT, Signals
from lab.resolver.rfc5011 import Cell, State, TrustPoint
from lab.resolver.telemetry import MAX_TAGS, Telemetry, key_tag_name, listed_tags

from ..resolver.world import ROOT, T0, Life, Machine, key, live, policy_of, world

RING = KeyRing()
K1, K2, K3 = (f"{key(number).key_tag:04x}" for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (("ksk-2010",), "_ta-4a5c."),
        (("ksk-2017", "ksk-2010"), "_ta-4a5c-4f66."),
        (("ksk-2017",), "_ta-4f66."),
        (("ksk-2017", "ksk-2024"), "_ta-4f66-9728."),
        (("ksk-2024",), "_ta-9728."),
    ],
)
def test_names_of_the_root(names: tuple[str, ...], name: str) -> None:
    """The names the root servers saw in 2017 and will see in 2026 (RFC 8145 section 5.1)."""
    assert key_tag_name(RING.key(one).key_tag for one in names) == name


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=30))
def test_form_of_the_name(tags: list[int]) -> None:
    """Tags are four hexadecimal digits each, in ascending order, each once, twelve at most (section 5.1)."""
    name = key_tag_name(tags)
    assert re.fullmatch(r"_ta(-[0-9a-f]{4}){1,12}\.", name)
    listed = [int(digits, 16) for digits in name[4:-1].split("-")]
    assert listed == sorted(set(tags))[:MAX_TAGS]


def signals_of(life: Life) -> list[tuple[int, str]]:
    """Return when a life began to send another name, and which."""
    return [(seen.at, seen.name) for seen in life.out if isinstance(seen, Signal)]


def cells(*states: State) -> TrustPoint:
    """Return a trust point whose keys 1, 2, ... are in the states given."""
    return TrustPoint(ROOT, tuple(Cell(key(n), state, T0) for n, state in enumerate(states, 1)))


def test_listed_keys() -> None:
    """What is trusted is listed: Valid and Missing keys, by the tag without REVOKE."""
    point = cells(State.VALID, State.MISSING, State.ADD_PEND, State.REVOKED, State.REMOVED)
    assert listed_tags(point, Signals()) == tuple(sorted(key(number).key_tag for number in (1, 2)))


def test_knot_lists_valid_keys_alone() -> None:
    """Knot leaves a missing key out."""
    signals = policy_of("knot").signals
    assert listed_tags(cells(State.VALID, State.MISSING), signals) == (key(1).key_tag,)


def test_bind_lists_its_key_table() -> None:
    """BIND lists an anchor that it trusts by configuration alone, until it is restarted."""
    signals = policy_of("bind").signals
    machine = Machine("bind", "1 2").look(0, "1", "1")
    assert len(listed_tags(machine.point, signals)) == 2
    assert listed_tags(machine.load(1).point, signals) == (key(1).key_tag,)


@pytest.mark.parametrize("model", ["unbound", "knot", "knot-debian", "unbound-1.6.7"])
def test_sent_with_each_fetch(model: str) -> None:
    """Unbound and Knot send it when they ask for the DNSKEY RRset, so from their start on."""
    assert signals_of(live(model, world((0, "1", "1"))).run(3)) == [(T0, f"_ta-{K1}.")]


def test_bind_sends_it_daily() -> None:
    """BIND sends it by a timer of its own, first a day after its start."""
    life = live("bind", world((0, "1", "1"))).run(3)
    assert signals_of(life) == [(T0 + DAY, f"_ta-{K1}.")]


@pytest.mark.parametrize(
    "model",
    [
        "rfc5011-strict",
        "unbound-1.6.4",
        "pdns-recursor",
        "dnsmasq",
        "systemd-resolved",
        "getdns",
        "stubby",
        "sdns",
        "cdnsd",
    ],
)
def test_not_sent(model: str) -> None:
    """Many do not signal at all, and Unbound did not before 1.6.7."""
    assert signals_of(live(model, world((0, "1", "1"))).run(3)) == []


@pytest.mark.parametrize("model", ["unbound", "bind", "knot"])
def test_name_changes_with_the_trusted_keys(model: str) -> None:
    """A key is listed once it is trusted, not while it is pending, and no more once it is revoked."""
    place = world((0, "1", "1"), (1.2, "1 2", "1"), (60.2, "-1 2", "-1 2"))
    names = [name for _, name in signals_of(live(model, place).run(64))]
    both = "-".join(sorted((K1, K2)))
    assert names == [f"_ta-{K1}.", f"_ta-{both}.", f"_ta-{K2}."]


@pytest.mark.parametrize(("model", "within"), [("unbound", 0.5), ("knot", 1), ("bind", 1)])
def test_delay_after_acceptance(model: str, within: float) -> None:
    """The new name is sent with a fetch after the key was trusted: Unbound's next, others' within a day."""
    life = live(model, world((0, "1", "1"), (1.2, "1 2", "1"))).run(64)
    trusted = next(seen.at for seen in life.out if getattr(seen, "target", "") == "Valid")
    assert 0 <= signals_of(life)[1][0] - trusted <= within * DAY


def test_knot_signals_once_a_day() -> None:
    """Knot's denial of the last query lives a day: every other refresh of its twelve hours is heard."""
    life = live("knot", world((0, "1", "1"), (1.2, "1 2", "1"))).run(64)
    trusted = next(seen.at for seen in life.out if getattr(seen, "target", "") == "Valid")
    assert signals_of(life)[1][0] in (trusted + 12 * HOUR, trusted + 24 * HOUR)


@pytest.mark.parametrize(("memory", "sent"), [("PT0S", 1), ("P1D", 1), ("P2D", 2), ("P3D", 3)])
def test_a_denial_answers_the_next_query(memory: str, sent: int) -> None:
    """While a validated denial is cached the resolver answers the query itself (RFC 8198 section 5.1)."""
    telemetry = Telemetry(Signals(key_tag_query="prime", key_tag_memory=parse_duration(memory)))
    telemetry.begin(T0)
    assert telemetry.at_fetch(cells(State.VALID), T0) == f"_ta-{K1}."
    telemetry.validated(T0)
    later = cells(State.REVOKED, State.VALID)
    days = [day for day in (1, 2, 3) if telemetry.at_fetch(later, T0 + day * DAY)]
    assert days == [sent]


def test_a_bogus_denial_answers_nothing() -> None:
    """Of a denial that cannot be validated nothing is kept, nor anything over a start without the cache."""
    telemetry = Telemetry(Signals(key_tag_query="prime", key_tag_memory=DAY))
    telemetry.begin(T0)
    assert telemetry.at_fetch(cells(State.VALID), T0) == f"_ta-{K1}."
    assert telemetry.at_fetch(cells(State.REVOKED, State.VALID), T0 + 1) == f"_ta-{K2}."
    telemetry.validated(T0 + 1)
    assert telemetry.at_fetch(cells(State.VALID), T0 + 2) == ""
    telemetry.begin(T0 + 3)
    assert telemetry.at_fetch(cells(State.VALID), T0 + 3) == f"_ta-{K1}."


def test_unsent_while_nothing_is_trusted() -> None:
    """Without a trusted key there is no name to send."""
    life = live(STRICT.override({"key-tag-query": "prime"}), world((0, "1", "1")), "").run(3)
    assert signals_of(life) == []


def test_the_clock_of_bind_restarts_with_it() -> None:
    """A BIND restarted every 20 hours never comes to send its tags."""
    life = live("bind", world((0, "1", "1")))
    for number in range(1, 10):
        life.run(number * 20 / 24).restart()
    assert signals_of(life) == []
