"""Try every preset against an adversary, and show that the adversary finds what is wrong.

The invariants are the ledger's: no set verifies but by a trusted key; no key is trusted for which no trusted
key vouched, none before its hold-down, none that was revoked, unless the preset's own rows say so. Besides, a
look remembered equals a look anew, and every state survives every format of state files.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from lab.clock import DAY
from lab.resolver import watch
from lab.resolver.client import FAR
from lab.resolver.policy import STRICT
from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import Event, State

from ..effort import examples
from ..selftest.wrong import WRONG
from .adversary import Adversary
from .fleet import Fleet, Subject
from .ledger import Violation, leads_to_trust

pytestmark = pytest.mark.no_cover
DEAR = settings(examples(30), stateful_step_count=40)
"""How many sequences to try: fewer than elsewhere, as each is played by every preset."""


def test_no_adversary_wins() -> None:
    """No sequence of steps makes a preset trust what neither RFC 5011 nor its own rows allow."""
    run_state_machine_as_test(Adversary, settings=DEAR)


FOUND = (
    "a pending key is trusted at first sight",
    "the hold-down is 29 days",
    "there is no hold-down",
    "two sightings are enough",
    "time alone makes a key trusted",
    "a restart makes a key trusted whose time is over",
    "a set that does not verify makes a key trusted",
    "a set signed by a pending key is accepted",
    "the timer goes on while a key is absent",
    "a pending key that is absent is not forgotten",
    "a pending key is trusted at a restart",
    "a revocation is ignored",
    "a missing key cannot be revoked",
    "a revocation counts in verified sets alone",
    "there are no tombstones",
    "a revoked key is trusted after a restart",
    "a removed key is forgotten",
    "a removed key that returns is pending",
    "an anchor in the set is taken for its signature",
    "configured anchors are trusted whatever the state says",
)
"""Wrong policies that trust too much, and that the adversary finds within a hundred sequences of steps."""


def liar(name: str) -> type[Adversary]:
    """Return the adversary's machine with a wrong policy that claims to read the RFC strictly."""
    wrong = next(wrong for wrong in WRONG if wrong.name == name)

    class Liar(Adversary):
        def subjects(self, configured: tuple[int, ...], form: str) -> Iterable[Subject]:
            return (Subject(name, wrong.policy, configured, form, claimed=STRICT),)

    return Liar


@pytest.mark.parametrize("name", FOUND)
def test_adversary_finds_what_is_wrong(name: str) -> None:
    """A resolver that claims to read the RFC strictly and does not is found out.

    What must be found is not shrunk, and looked for in the same way every time.
    """
    once = settings(
        max_examples=400,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    with pytest.raises(Violation, match=name):
        run_state_machine_as_test(liar(name), settings=once)


@pytest.mark.parametrize(
    "name", ["a revoked key that returns is trusted", "a revoked key that returns is pending"]
)
def test_revoked_key_that_returns_at_once(name: str) -> None:
    """A resolver that takes a revoked key up again is found out: a longer sequence, so it is played."""
    adversary = liar(name)()
    adversary.begin(both=True, form="ds")
    adversary.roll_to(2, alone=False, gap=False, off=29 * DAY)
    with pytest.raises(Violation, match="trusts key 1, which was revoked"):
        adversary.bury(1, off=0, back=True)


def test_remembered_look_must_be_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory that outlives the signature it is of is found out."""
    monkeypatch.setattr(watch, "still_for", lambda *_: FAR)
    fleet = Fleet([Subject("forgetful", STRICT)])
    with pytest.raises(Violation, match="what was remembered is not what there is"):
        fleet.during(20 * DAY, fleet.served(fleet.now))


def test_presets_in_which_a_revoked_key_may_return() -> None:
    """Of those that learn, only a strict reader and sdns never trust again what was revoked."""
    learners = [name for name, profile in MODELS.items() if profile.policy.base == "rfc"]
    gone = {
        name: Subject(name, MODELS[name].policy).ledger.rows(State.VALID, Event.REVOKED) for name in learners
    }
    never = [
        name
        for name, rows in gone.items()
        if rows and rows[0].target is not None and not leads_to_trust(MODELS[name].policy, rows[0].target)
    ]
    assert never == ["rfc5011-strict", "sdns"]
