"""Test causes: each identifier has a life that ends in it, and each has its extended DNS error."""

from __future__ import annotations

import pytest

from lab.clock import DAY
from lab.dnssec.rrset import SignedRRset
from lab.resolver.client import Held
from lab.resolver.diagnose import TROUBLES, cause_of, ede_of
from lab.resolver.fetch import Path
from lab.resolver.model import ResolverModel
from lab.resolver.policy import STRICT, ResolverPolicy
from lab.resolver.rfc5011 import Cell, State, TrustPoint
from lab.resolver.validator import DnskeySet

from .world import ROOT, T0, TTL, Life, World, dnskeys, ds, key, live, policy_of, signed_set, world


def cause(life: Life) -> str:
    """Return why a life's clients fail at its present instant."""
    assert life.view() == "bad"
    model = life.model
    return cause_of(
        model.held,
        model.point,
        model.policy,
        life.now + model.offset,
        skewed=model.offset != 0,
        resets=model.resets,
        stuck=model.stuck,
    )


def lock(model: ResolverModel, _: int) -> None:
    """Take away the right to write the state."""
    model.writable = False


LATE = world((0, "1", "1"), (1.2, "1 2", "1"), (20, "1 2", "2"))
ROLL = world((0, "1", "1"), (5.2, "2", "2"))


@pytest.mark.parametrize(
    ("model", "place", "expected"),
    [
        ("rfc5011-strict", ROLL, "anchor-missing"),
        ("rfc5011-strict", LATE, "hold-down-unfinished"),
        ("static", ROLL, "static-anchor"),
        ("systemd-resolved", ROLL, "static-anchor"),
        ("getdns", ROLL, "feed-out-of-date"),
        ("knot-5.1.2", LATE, "new-key-not-stored"),
        ("bind", world((0, "1", "1"), (1.2, "-1 2", "-1 2")), "all-anchors-revoked"),
        ("rfc5011-strict", world((0, "1", "1"), (5.2, None)), "root-unreachable"),
        ("rfc5011-strict", world((0, "1", "1"), (5.2, "1", "")), "unsigned"),
        ("rfc5011-strict", world((0, "1", "1"), (5.2, "1", "~1")), "bad-signature"),
    ],
)
def test_causes(model: str, place: World, expected: str) -> None:
    """What broke the root, or what the resolver lacks, is named."""
    assert cause(live(model, World(place.steps)).run(24)) == expected


def test_no_dnskey() -> None:
    """An answer without a DNSKEY RRset is a cause of its own."""
    place = World(((T0, signed_set("1", "1")), (T0 + DAY, b"\0\0\x84\x02" + bytes(8))))
    assert cause(live("rfc5011-strict", place).run(4)) == "no-dnskey"


def test_udp_size() -> None:
    """So is an answer that does not fit and cannot be had over TCP."""
    place = world((0, "1", "1"), (1, "1 2 3 4 5 6", "1 2 3 4 5 6"))
    life = live("rfc5011-strict", place, path=Path(udp_size=512, tcp=False)).run(4)
    assert cause(life) == "udp-size"
    assert live("rfc5011-strict", World(place.steps), path=Path(udp_size=512)).run(4).view() == "good"


def test_signature_expired() -> None:
    """A set whose signatures are over fails for that, unless the clock is to blame."""
    place = World(((T0, signed_set("1", "1", TTL, (T0 - DAY, T0 + 5 * DAY))),))
    assert cause(live("rfc5011-strict", place).run(6)) == "signature-expired"
    ahead = live("rfc5011-strict", World(place.steps), offset=9 * DAY).run(1)
    assert cause(ahead) == "clock-skew"


def test_signature_not_yet_valid() -> None:
    """A clock behind the signature's inception is clock skew too."""
    place = World(((T0, signed_set("1", "1", TTL, (T0 - DAY, T0 + 50 * DAY))),))
    assert cause(live("rfc5011-strict", place, offset=-2 * DAY).run(0.5)) == "clock-skew"


@pytest.mark.parametrize("place", [LATE, ROLL])
def test_state_not_persisted(place: World) -> None:
    """A resolver that lost its state fails for that, whether it met the new key again or not."""
    life = live("rfc5011-strict", World(place.steps)).run(4).restart(keep=False)
    assert cause(life.run(24)) == "state-not-persisted"


def test_state_unwritable() -> None:
    """A BIND that rolls back what it learns fails because it cannot write."""
    life = live("bind", world((0, "1", "1"), (2, "1 2", "1"), (50, "2", "2"))).run(1.5).do(lock).run(60)
    assert life.model.stuck
    assert cause(life) == "state-unwritable"


@pytest.mark.parametrize(
    ("stuck", "resets", "expected"),
    [
        (True, 0, "state-unwritable"), (True, 1, "state-unwritable"), (False, 1, "state-not-persisted"),
        (False, 0, "hold-down-unfinished"),
    ],
)  # fmt: skip
def test_why_a_signer_is_pending(stuck: bool, resets: int, expected: str) -> None:
    """A key still pending is so for want of writing, of what was lost, or of time: the first that holds."""
    cells = (Cell(key(1), State.VALID, T0), Cell(key(2), State.ADD_PEND, T0))
    held = Held(dnskeys("1 2", "2"), False, T0, T0)
    found = cause_of(held, TrustPoint(ROOT, cells), STRICT, T0, skewed=False, resets=resets, stuck=stuck)
    assert found == expected


def test_unwritable_alone_is_no_cause() -> None:
    """If there was nothing to write, not writing broke nothing."""
    life = live("bind", world((0, "1", "1"), (5, "2", "2"))).run(1.5).do(lock).run(20)
    assert not life.model.stuck
    assert cause(life) == "anchor-missing"


@pytest.mark.parametrize("state", [State.REVOKED, State.REMOVED])
def test_anchor_revoked(state: State) -> None:
    """A set signed by nothing but a key that was revoked fails because of it."""
    cells = (Cell(key(1), state, T0), Cell(key(2), State.VALID, T0))
    held = Held(dnskeys("1 2", "1"), False, T0, T0)
    assert named(held, TrustPoint(ROOT, cells)) == "anchor-revoked"


def named(held: Held | None, point: TrustPoint, policy: ResolverPolicy = STRICT) -> str:
    """Return the cause for a resolver whose clock is right and whose state was never lost."""
    return cause_of(held, point, policy, T0, skewed=False, resets=0, stuck=False)


def test_no_anchor() -> None:
    """A resolver that never had an anchor is told from one whose anchors were all revoked."""
    held = Held(dnskeys("1", "1"), False, T0, T0)
    assert named(held, TrustPoint(ROOT, ())) == "no-anchor"
    gone = TrustPoint(ROOT, (Cell(key(2), State.REVOKED, T0),))
    assert named(held, gone) == "all-anchors-revoked"


def test_nothing_held() -> None:
    """Before the first answer the root is out of reach, and an unknown trouble counts as that."""
    point = TrustPoint(ROOT, (Cell(ds(1), State.VALID, T0),))
    assert named(None, point) == "root-unreachable"
    assert named(Held(None, False, T0, T0, ""), point) == "root-unreachable"
    for trouble, expected in TROUBLES.items():
        assert named(Held(None, False, T0, T0, trouble), point) == expected


def test_anchor_known_by_ds() -> None:
    """An anchor known by its DS alone is known as the signer it is."""
    point = TrustPoint(ROOT, (Cell(ds(1), State.VALID, T0),))
    assert named(Held(dnskeys("1", "~1"), False, T0, T0), point) == "bad-signature"


def test_one_signature_in_its_period_is_enough() -> None:
    """Where one of several signatures is over, that is not what is wrong with the set."""
    old, new = signed_set("1", "1", TTL, (T0 - DAY, T0 - 1)), signed_set("1", "~1")
    held = Held(DnskeySet(SignedRRset(old.rrset, old.rrsigs + new.rrsigs)), False, T0, T0)
    assert named(held, TrustPoint(ROOT, (Cell(key(1), State.VALID, T0),))) == "bad-signature"


def test_one_trusted_signer_is_enough() -> None:
    """Where one of the signers is trusted, its signature is bad, whoever else signs."""
    held = Held(dnskeys("1 2", "~1 2"), False, T0, T0)
    assert named(held, TrustPoint(ROOT, (Cell(key(1), State.VALID, T0),))) == "bad-signature"


def test_residue_counts() -> None:
    """An anchor that only the running process trusts counts as one."""
    point = TrustPoint(ROOT, (), residue=(Cell(ds(1), State.VALID, T0),))
    assert named(Held(dnskeys("1", "~1"), False, T0, T0), point) == "bad-signature"


def test_all_algorithms() -> None:
    """Where one of two algorithms does not verify, the signature is bad."""
    harden = policy_of("unbound-harden")
    cells = (Cell(key(1), State.VALID, T0), Cell(ds(2010), State.VALID, T0))
    assert (
        named(Held(dnskeys("1 2010", "1"), False, T0, T0), TrustPoint(ROOT, cells), harden) == "bad-signature"
    )


@pytest.mark.parametrize(
    ("identifier", "code"),
    [
        ("root-unreachable", 22), ("udp-size", 22), ("no-dnskey", 9), ("unsigned", 10),
        ("signature-expired", 7), ("clock-skew", 7), ("bad-signature", 6), ("anchor-missing", 9),
    ],
)  # fmt: skip
def test_extended_errors(identifier: str, code: int) -> None:
    """Every cause has a code: 6 bogus, 7 expired, 9 no key, 10 no RRSIG, 22 silence (RFC 8914 section 4)."""
    assert ede_of(identifier) == code
