"""Test how trust in a key ends: RFC 5011 section 2.1 (revocation) and section 5 (no anchor left)."""

from __future__ import annotations

import pytest

from lab.resolver.validator import proved_revoked

from ..resolver.world import T0, Machine, dnskeys, key, policy_of

TRUST = policy_of("rfc5011-strict").trust


def test_revocation_needs_the_keys_own_signature() -> None:
    """A key is revoked if it is published with REVOKE and signs the RRset itself (section 2.1)."""
    machine = Machine("rfc5011-strict", "1 2").look(0, "1 2", "1").look(1, "-1 2", "2")
    assert machine.state(1) == "Missing"
    assert machine.look(2, "-1 2", "2 ~-1").state(1) == "Missing"
    assert machine.look(3, "-1 2", "2 -1").state(1) == "Revoked"


def test_revocation_needs_no_other_trust() -> None:
    """A set signed by nothing but the revoked key is good evidence for the revocation alone (section 2.1)."""
    machine = Machine("rfc5011-strict", "1 2").look(0, "1 2", "1").look(1, "-1 2 3", "-1 3")
    assert (machine.result, machine.states()) == ("bogus", "1 Revoked, 2 Valid")


def test_revocation_is_immediate_and_permanent() -> None:
    """A revoked key is never trusted again, whether it signs or comes back without REVOKE (section 2.1)."""
    machine = Machine("rfc5011-strict", "1 2").look(0, "1 2", "1").look(1, "-1 2", "-1 2")
    assert machine.look(2, "1 2", "1").result == "bogus"
    for day in (3, 40, 80, 200):
        machine.look(day, "1 2", "2")
    assert machine.states() == "1 Revoked, 2 Valid"
    for day in (231, 270):
        machine.look(day, "2", "2")
    assert machine.look(300, "1 2", "1 2").states() == "1 Removed, 2 Valid"
    assert not machine.trusts(1)


def test_revoked_key_verifies_nothing() -> None:
    """A key with REVOKE does not count as the signature that makes the RRset good (section 2.1)."""
    machine = Machine("rfc5011-strict", "1 2").look(0, "1 2", "1").look(1, "-1 2", "-1")
    assert machine.result == "bogus"


def test_plain_copy_does_not_hide_the_revoked_one() -> None:
    """REVOKE counts even where the same key is also published without it (section 2.1)."""
    machine = Machine("rfc5011-strict", "1 2").look(0, "1 2", "1").look(1, "1 -1 2", "-1 2")
    assert machine.state(1) == "Revoked"


def test_self_signature_must_be_in_its_validity_period() -> None:
    """An expired self-signature proves no revocation (RFC 4035 section 5.3.1)."""
    old = dnskeys("-1 2", "-1 2", window=(T0 - 100, T0 + 100))
    assert proved_revoked(old, TRUST, T0 + 100) == (key(1).identity,)
    assert proved_revoked(old, TRUST, T0 + 101) == ()


@pytest.mark.parametrize("form", ["ds", "dnskey"])
def test_all_anchors_revoked(form: str) -> None:
    """With every anchor revoked the trust point is deleted: the zone is as if never signed (section 5)."""
    machine = Machine("rfc5011-strict", "1", form).look(0, "1 2", "1").look(1, "-1 2", "-1 2")
    assert machine.point.deleted
    assert machine.state(1) == "Revoked"
    assert machine.log[1:] == ["1 Valid->Revoked", "2 AddPend->Start"]


def test_bad_trust_point_is_not_deleted() -> None:
    """A trust point that never had a trusted key is not deleted by a revocation (section 5)."""
    machine = Machine("rfc5011-strict", "").look(0, "-1 2", "-1 2")
    assert not machine.point.deleted
    assert machine.result == "blind"
