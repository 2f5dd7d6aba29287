"""Each cause of a daemon's failure, from the circumstances that single it out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.causes import CAUSES
from lab.drivers.blame import Circumstances, cause_of
from lab.resolver.rfc5011 import State

PLAIN = Circumstances(
    outcome="bogus", signers=(None,), states=(State.VALID,), dark=False, cramped=False, skewed=False,
    stuck=False, resets=0, managed=True,
)  # fmt: skip

CASES: dict[str, dict[str, object]] = {
    "anchor-missing": {},
    "root-unreachable": {"dark": True},
    "hold-down-unfinished": {"signers": (State.ADD_PEND,), "states": (State.VALID, State.ADD_PEND)},
    "state-not-persisted": {"resets": 1},
    "state-unwritable": {"stuck": True},
    "static-anchor": {"managed": False},
    "clock-skew": {"signers": (State.VALID,), "skewed": True},
    "udp-size": {"signers": (State.VALID,), "cramped": True},
    "bad-signature": {"signers": (State.VALID,)},
    "anchor-revoked": {"signers": (State.REVOKED,), "states": (State.VALID, State.REVOKED)},
    "all-anchors-revoked": {"outcome": "insecure", "states": (State.REVOKED,)},
    "no-anchor": {"states": ()},
}


@pytest.mark.parametrize("cause", CASES)
def test_cause(cause: str) -> None:
    """The circumstances of a cause are told from those of all others, and `lab.causes` explains it."""
    assert cause_of(replace(PLAIN, **CASES[cause])) == cause  # type: ignore[arg-type]
    assert cause in CAUSES


def test_pending_key_and_lost_or_stuck_state() -> None:
    """A signer that is pending is blamed on the state, if that was lost or cannot be written."""
    pending = replace(PLAIN, signers=(State.ADD_PEND,))
    assert cause_of(replace(pending, resets=2)) == "state-not-persisted"
    assert cause_of(replace(pending, stuck=True)) == "state-unwritable"


def test_failing_with_all_revoked() -> None:
    """A resolver that fails, and does not turn insecure, when everything is revoked."""
    assert cause_of(replace(PLAIN, states=(State.REVOKED,))) == "all-anchors-revoked"
