"""Test RFC 8509 sentinel answers: the labels (section 2), and what they tell of a resolver (section 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.resolver.profiles import MODELS
from lab.resolver.rfc5011 import Cell, State, TrustPoint
from lab.resolver.sentinel import sentinel_answer

from ..resolver.world import ROOT, T0, Machine, key

TAG, OTHER = key(1).key_tag, key(2).key_tag


def ask(kind: str, tag: int, machine: Machine) -> str:
    """Return what a resolver answers to a sentinel name, under its own policy."""
    return sentinel_answer(
        f"root-key-sentinel-{kind}-ta-{tag:05d}", machine.point, machine.policy.signals.sentinel
    )


def point_with(state: State) -> TrustPoint:
    """Return a trust point that holds key 1 in a state."""
    return TrustPoint(ROOT, (Cell(key(1), state, T0),))


@pytest.mark.parametrize("state", State)
def test_table_of_the_rfc(state: State) -> None:
    """is-ta answers for an anchor and fails for any other key, not-ta the other way (RFC 8509 section 2)."""
    trusted = state in (State.VALID, State.MISSING)
    answers = [
        sentinel_answer(f"root-key-sentinel-{kind}-ta-{TAG:05d}", point_with(state)) for kind in ("is", "not")
    ]
    assert answers == (["original", "servfail"] if trusted else ["servfail", "original"])


def test_key_never_met() -> None:
    """A key the resolver never met is none of its anchors (RFC 8509 section 2)."""
    machine = Machine("unbound").look(0, "1", "1")
    assert [ask(kind, OTHER, machine) for kind in ("is", "not")] == ["servfail", "original"]


def test_tag_of_the_revoked_form_does_not_count() -> None:
    """The tag asked for is that of the key without REVOKE (RFC 8509 section 2)."""
    assert (
        sentinel_answer(f"root-key-sentinel-is-ta-{key(1).revoked().tag:05d}", point_with(State.VALID))
        == "servfail"
    )


@pytest.mark.parametrize(
    "label",
    [
        "www",
        f"root-key-sentinel-is-ta-{OTHER}x",
        f"root-key-sentinel-is-ta-{OTHER % 1000}",
        f"root-key-sentinel-is-ta-0{OTHER:05d}",
        f"root-key-sentinel-maybe-ta-{OTHER:05d}",
        f"xroot-key-sentinel-is-ta-{OTHER:05d}",
        "root-key-sentinel-is-ta-4f66a",
        "root-key-sentinel-is-ta-",
        "root-key-sentinel-is-ta-１２３４５",
    ],
)
def test_labels_that_are_no_sentinel(label: str) -> None:
    """A tag has exactly five decimal digits; any other label is answered as it is (RFC 8509 section 2)."""
    assert sentinel_answer(label, point_with(State.VALID)) == "original"


def test_case_does_not_matter() -> None:
    """Names are compared without regard to case, so the label is too (RFC 8509 section 2)."""
    assert sentinel_answer(f"Root-Key-Sentinel-NOT-ta-{TAG:05d}", point_with(State.VALID)) == "servfail"


@given(st.integers(0, 99999))
def test_any_tag(tag: int) -> None:
    """For any tag exactly one of the two labels fails (RFC 8509 section 3)."""
    answers = {
        sentinel_answer(f"root-key-sentinel-{kind}-ta-{tag:05d}", point_with(State.VALID))
        for kind in ("is", "not")
    }
    assert answers == {"original", "servfail"}


@pytest.mark.parametrize("model", MODELS)
def test_who_answers(model: str) -> None:
    """BIND, Unbound and Knot support sentinels in their later versions; Knot 2.0.0 had the logic inverted."""
    machine = Machine(model, "1", "dnskey")
    answers = (ask("is", TAG, machine), ask("not", TAG, machine))
    supporters = (
        "unbound", "unbound-static", "unbound-harden", "unbound-permissive", "bind", "bind-static",
        "bind-9.20", "knot", "knot-debian", "knot-5.1.2", "knot-5.1.3",
    )  # fmt: skip
    if model == "knot-2.0.0":
        assert answers == ("servfail", "original")
    else:
        assert answers == ("original", "servfail" if model in supporters else "original")


def test_pending_key_is_no_anchor() -> None:
    """A key in its hold-down does not count as an anchor (RFC 8509 section 2)."""
    machine = Machine("unbound").look(0, "1 2", "1").look(1, "1 2", "1")
    assert (machine.state(2), ask("is", OTHER, machine)) == ("AddPend", "servfail")
    machine.look(31, "1 2", "1")
    assert (machine.state(2), ask("is", OTHER, machine)) == ("Valid", "original")
