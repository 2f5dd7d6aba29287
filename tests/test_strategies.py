"""The public strategies: what they shrink to, that it can be used, and how Hypothesis finds them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from lab import strategies
from lab.authority.timeline import ROOT_DNSKEY_TTL, Timeline
from lab.clock import DAY
from lab.dnssec.keys import SigningKey
from lab.dnssec.rrset import SignedRRset, verify_rrsig
from lab.resolver.policy import KNOBS, STRICT, ResolverPolicy
from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import State, TrustPoint
from lab.run.engine import play
from lab.run.judge import judge
from lab.scenario.spec import Restart, Scenario
from lab.strategies import START, knob_values

from .effort import examples

LOOK = settings(database=None, deadline=None, max_examples=300)


def anything(_drawn: object) -> bool:
    """Hold for every value, so that `find` returns what a strategy shrinks to."""
    return True


def simplest(strategy: st.SearchStrategy[Any], wanted: Any = anything) -> Any:
    """Return what a strategy shrinks to among the values that hold."""
    return find(strategy, wanted, settings=LOOK)


def test_timelines_shrink_to_the_shortest_roll() -> None:
    """The old key, both, the new one signing, with the root's TTL and the shortest waits."""
    shortest: Timeline = simplest(strategies.timelines())
    shown = [(step.keys.ksks, step.keys.dnskey_signers) for step in shortest.steps]
    both = ("key-a", "key-b")
    assert shown == [(("key-a",), ("key-a",)), (both, ("key-a",)), (both, ("key-b",))]
    assert [step.at - START for step in shortest.steps] == [0, 1, 2]
    assert shortest.dnskey_ttl == ROOT_DNSKEY_TTL


def test_a_revocation_shrinks_to_nothing_else() -> None:
    """A timeline that revokes a key has but one step that does."""
    found: Timeline = simplest(
        strategies.timelines(), lambda one: any(step.keys.revoked for step in one.steps)
    )
    assert sum(bool(step.keys.revoked) for step in found.steps) == 1


def test_policies_shrink_to_the_rfc() -> None:
    """Any policy shrinks to RFC 5011 read strictly; one with a knob turned to that knob alone."""
    assert simplest(strategies.policies()) == STRICT
    turned: ResolverPolicy = simplest(
        strategies.policies(), lambda one: one.durations.add_hold_down < 10 * DAY and one.base == "rfc"
    )
    assert [knob for knob, _, _ in turned.differences()] == ["add-hold-down"]


def test_the_rest_shrinks_to_the_plain_case() -> None:
    """Instants to the earliest, keys to a KSK, trust points to one Valid key, faults to a restart."""
    assert simplest(strategies.instants()) == START
    assert simplest(strategies.keys()).key.flags == 257
    point: TrustPoint = simplest(strategies.trust_points())
    assert [(cell.state, cell.since) for cell in point.cells] == [(State.VALID, START)]
    assert simplest(strategies.faults(START, START + DAY)).action == Restart()
    assert simplest(strategies.windows(START, START + DAY)) == ()
    signed: SignedRRset = simplest(strategies.dnskey_rrsets())
    assert (len(signed.rrset.rdatas), len(signed.rrsigs)) == (1, 1)


def test_scenarios_shrink_to_one_strict_resolver() -> None:
    """One `rfc5011-strict` with the old key, started at the start; nothing happens to it."""
    found: Scenario = simplest(strategies.scenarios())
    (spec,) = found.subjects
    assert (spec.model, spec.anchors, spec.first_start) == ("rfc5011-strict", ("key-a",), found.start)
    assert found.events == ()


def test_a_failure_shrinks_to_a_hasty_roll() -> None:
    """A strict resolver that breaks is shown the shortest roll: three steps, no event, one subject."""

    def breaks(scenario: Scenario) -> bool:
        return any(one.cause == "hold-down-unfinished" for one in judge(play(scenario)).subjects)

    found: Scenario = simplest(strategies.scenarios(models=["rfc5011-strict"]), breaks)
    assert (len(found.timeline.steps), len(found.subjects), found.events) == (3, 1, ())


@examples(15)
@given(strategies.scenarios())
def test_every_scenario_can_be_played(scenario: Scenario) -> None:
    """Whatever is drawn, each subject gets a result, and the same one again."""
    record = play(scenario)
    assert [one.name for one in judge(record).subjects] == [spec.name for spec in scenario.subjects]
    assert play(scenario).to_bytes() == record.to_bytes()


@pytest.mark.parametrize("knob", KNOBS)
def test_every_value_of_a_knob_is_taken(knob: str) -> None:
    """What is drawn for a knob is what a scenario file may say."""

    @settings(LOOK, max_examples=20)
    @given(knob_values(knob))
    def taken(value: str | int | bool) -> None:
        assert STRICT.override({knob: value}).value(knob) is not None

    taken()


@examples(50)
@given(strategies.dnskey_rrsets(valid=True))
def test_valid_signatures_verify(signed: SignedRRset) -> None:
    """Each signature of a valid RRset is by one of its keys, and its window holds the instant."""
    held = [strategies._signing_key(secret, flags).key for secret in range(1, 9) for flags in (256, 257, 385)]
    for rrsig in signed.rrsigs:
        assert rrsig.inception <= START <= rrsig.expiration
        assert any(verify_rrsig(signed.rrset, rrsig, key) for key in held)


def test_models_may_be_chosen() -> None:
    """Only the presets asked for are drawn."""
    policy: ResolverPolicy = simplest(strategies.policies(models=["bind"], max_turned=0))
    assert policy == MODELS["bind"].policy


# -- the entry point -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Timeline, ResolverPolicy, TrustPoint, Scenario, SigningKey, SignedRRset])
def test_types_are_registered(kind: type[Any]) -> None:
    """`st.from_type` draws them with the lab's strategies."""
    assert isinstance(simplest(st.from_type(kind)), kind)


def test_hook_is_light() -> None:
    """What runs in everybody's Hypothesis imports no library, and knows three types before it is asked."""
    code = (
        "import sys\n"
        "from hypothesis import find, settings, strategies as st\n"
        "from lab.hypothesis_hook import register\n"
        "register()\n"
        "heavy = {'cryptography', 'pydantic', 'dns', 'numpy'}\n"
        "print(heavy & set(sys.modules), 'lab.strategies' in sys.modules)\n"
        "from lab.authority.timeline import Timeline\n"
        "from lab.resolver.policy import ResolverPolicy\n"
        "from lab.resolver.rfc5011 import TrustPoint\n"
        "quick = settings(database=None, max_examples=20)\n"
        "for kind in (Timeline, ResolverPolicy, TrustPoint):\n"
        "    found = find(st.from_type(kind), lambda one: True, settings=quick)\n"
        "    print(type(found) is kind)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout.split("\n") == ["set() False", "True", "True", "True", ""], ended.stderr
