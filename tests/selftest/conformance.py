"""The conformance properties: what RFC 5011, read strictly, demands of one trust point, each by its name.

A property takes a policy and asserts one thing. RFC 5011 read strictly has them all; `wrong` lists policies
that lack one each, and `test_conformance` shows that nothing which departs from the RFC's table has all.
Key 1 is the configured anchor; see `tests.resolver.world` for how sets and signers are written.
"""

from __future__ import annotations

from collections.abc import Callable

from lab.clock import DAY, HOUR
from lab.resolver import managed
from lab.resolver.policy import ResolverPolicy

from ..resolver.world import T0, Machine, World, dnskeys, live, signed_set, world

Property = Callable[[ResolverPolicy], None]

PROPERTIES: dict[str, Property] = {}
"""Every property by its name."""


def conformance(check: Property) -> Property:
    """Enter a property into the table, under its function's name with hyphens."""
    PROPERTIES[check.__name__.replace("_", "-")] = check
    return check


def pending(policy: ResolverPolicy) -> Machine:
    """Return a resolver that met key 2 at T0 and saw it again."""
    return Machine(policy).look(0, "1 2", "1").look(1, "1 2", "1")


def holding(policy: ResolverPolicy) -> Machine:
    """Return a resolver that trusts keys 1 and 2 by configuration, and has seen both."""
    return Machine(policy, "1 2").look(0, "1 2", "1 2")


def revoked(policy: ResolverPolicy) -> Machine:
    """Return a resolver that saw key 1 revoked on day 1, and trusts key 2."""
    return holding(policy).look(1, "-1 2", "-1 2")


# -- how a key comes to be trusted -----------------------------------------------------------------------


@conformance
def configured_anchors_are_trusted(policy: ResolverPolicy) -> None:
    """Trust each configured anchor from the start on, whether it signs or not (section 5)."""
    for form in ("ds", "dnskey"):
        machine = Machine(policy, "1 2", form)
        assert machine.trusts(1)
        assert machine.trusts(2)
        machine.look(0, "1 2", "1")
        assert machine.states() == "1 Valid, 2 Valid"


@conformance
def unpublished_anchors_are_kept(policy: ResolverPolicy) -> None:
    """Keep a configured anchor that the first verified set lacks: as missing, and over a restart."""
    for form in ("ds", "dnskey"):
        machine = Machine(policy, "1 2", form).look(0, "1", "1")
        assert machine.states() == "1 Valid, 2 Missing"
        assert machine.load(1).trusts(2)
        assert machine.look(2, "1 2", "1").states() == "1 Valid, 2 Valid"


@conformance
def ds_is_matched_by_its_digest(policy: ResolverPolicy) -> None:
    """Take no key for an anchor by its tag: the digest must be the one configured (RFC 4035 section 5.2)."""
    machine = Machine(policy, "1x").look(0, "1", "1")
    assert (machine.result, machine.point.initialised) == ("blind", False)


@conformance
def new_keys_wait(policy: ResolverPolicy) -> None:
    """Watch a new entry point of a verified set: neither ignore nor trust it (section 2.2)."""
    for days in (0, 1):
        machine = Machine(policy).look(0, "1 2" if days == 0 else "1", "1").look(days, "1 2", "1")
        assert machine.states() == "1 Valid, 2 AddPend"


@conformance
def hold_down_lasts_thirty_days(policy: ResolverPolicy) -> None:
    """Trust no key a second before its 30 days are over (section 2.4.1)."""
    machine = pending(policy)
    for days in (2, 15, 29):
        assert machine.look(days, "1 2", "1").state(2) == "AddPend"
    assert machine.look_at(T0 + 30 * DAY - 1, "1 2", "1").state(2) == "AddPend"


@conformance
def accepted_when_thirty_days_are_over(policy: ResolverPolicy) -> None:
    """Trust a key with the first verified set that holds it once 30 days have passed (section 2.2)."""
    assert pending(policy).look(30, "1 2", "1").states() == "1 Valid, 2 Valid"


@conformance
def hold_down_lasts_the_ttl(policy: ResolverPolicy) -> None:
    """Make a TTL longer than 30 days of the first set with a key its hold-down (section 2.4.1)."""
    machine = Machine(policy).look(0, "1 2", "1", ttl=40 * DAY).look(35, "1 2", "1", ttl=40 * DAY)
    assert machine.state(2) == "AddPend"
    assert machine.look(40, "1 2", "1", ttl=40 * DAY).state(2) == "Valid"


@conformance
def acceptance_takes_a_verified_sighting(policy: ResolverPolicy) -> None:
    """Trust no key by time alone, by a set that does not verify, or by a restart (section 2.2)."""
    machine = pending(policy).look(31, "", "")
    assert machine.state(2) == "AddPend"
    assert machine.look(32, "1 2", "2").state(2) == "AddPend"
    assert machine.load(33).state(2) == "AddPend"
    assert machine.look(34, "1 2", "1").state(2) == "Valid"


@conformance
def pending_keys_verify_nothing(policy: ResolverPolicy) -> None:
    """Refuse a set that only a pending key signed, and what it brings, however old that key is (2.2)."""
    for days in (2, 40):
        machine = pending(policy).look(days, "1 2 3", "2")
        assert (machine.result, machine.states()) == ("bogus", "1 Valid, 2 AddPend")


@conformance
def absence_ends_the_acceptance(policy: ResolverPolicy) -> None:
    """Let a pending key start over after a verified set without it (section 2.2)."""
    for keys, by in (("1", "1"), ("1 -2", "1"), ("1 -2", "1 -2")):
        for days in (10, 31):
            machine = pending(policy).look(days, keys, by)
            assert machine.states() == "1 Valid"
            machine.look(days + 1, "1 2", "1").look(days + 30, "1 2", "1")
            assert machine.states() == "1 Valid, 2 AddPend"
            assert machine.look(days + 31, "1 2", "1").state(2) == "Valid"


@conformance
def unverified_sets_are_no_evidence(policy: ResolverPolicy) -> None:
    """Add no key, move none and restart no timer by a set that does not verify, or by none (section 2.2)."""
    machine = pending(policy)
    for days, keys in ((2, ""), (10, "1 2 3"), (11, "1 3"), (12, "2 3"), (13, "1 -2 3"), (14, "-1 2 3")):
        assert machine.look(days, keys, "3").states() == "1 Valid, 2 AddPend"
    assert machine.look(13, "1 -2 3", "-2").states() == "1 Valid, 2 AddPend"
    assert machine.look(30, "1 2", "1").states() == "1 Valid, 2 Valid"


@conformance
def unverified_sets_move_no_missing_key(policy: ResolverPolicy) -> None:
    """Neither find nor forget a missing key by a set that does not verify (section 4.1)."""
    machine = holding(policy).look(1, "2", "2")
    for keys in ("", "2 3", "1 2 3", "-1 2 3"):
        assert machine.look(40, keys, "3").states() == "1 Missing, 2 Valid"
        assert machine.trusts(1)


@conformance
def restart_keeps_the_hold_down(policy: ResolverPolicy) -> None:
    """Neither forget a pending key at a restart with the state nor move its timer (section 2.2)."""
    machine = pending(policy).load(10)
    assert machine.state(2) == "AddPend"
    assert machine.look_at(T0 + 30 * DAY - 1, "1 2", "1").state(2) == "AddPend"
    assert machine.look(30, "1 2", "1").state(2) == "Valid"


@conformance
def revoked_validators_do_not_vouch(policy: ResolverPolicy) -> None:
    """Let a pending key start over whose validators are all revoked (section 2.2)."""
    machine = Machine(policy, "1 3").look(0, "1 2 3", "1").look(10, "-1 2 3", "-1 3")
    assert machine.look(30, "-1 2 3", "-1 3").state(2) == "AddPend"
    assert machine.look(40, "-1 2 3", "-1 3").state(2) == "Valid"


# -- how trust in a key ends -----------------------------------------------------------------------------


@conformance
def missing_keys_stay_trusted(policy: ResolverPolicy) -> None:
    """Trust for ever a key that is absent, as missing, also over a restart (section 4.2)."""
    machine = holding(policy)
    for days in (1, 2, 35, 100, 4000):
        assert machine.look(days, "2", "2").states() == "1 Missing, 2 Valid"
        assert machine.trusts(1)
    assert machine.load(4001).states() == "1 Missing, 2 Valid"


@conformance
def missing_keys_return(policy: ResolverPolicy) -> None:
    """Count a missing key as Valid again once a verified set holds it (section 4.1)."""
    machine = holding(policy).look(1, "2", "2").look(2, "1 2", "2")
    assert machine.states() == "1 Valid, 2 Valid"


@conformance
def absent_trusted_keys_verify(policy: ResolverPolicy) -> None:
    """Count the signature of a trusted key though the set does not hold that key (section 4.2)."""
    machine = holding(policy).look(1, "2", "1")
    assert (machine.result, machine.states()) == ("miss", "1 Missing, 2 Valid")


@conformance
def revocation_is_immediate(policy: ResolverPolicy) -> None:
    """Revoke a key published with REVOKE that signs the set itself, missing before or not (section 2.1)."""
    for before in ("1 2", "2"):
        machine = holding(policy).look(1, before, "2").look(2, "-1 2", "-1 2")
        assert machine.states() == "1 Revoked, 2 Valid"
        assert not machine.trusts(1)


@conformance
def revocation_takes_no_other_signature(policy: ResolverPolicy) -> None:
    """Take a set that nothing but the revoked key signs for evidence of its revocation (section 2.1)."""
    for before in ("1 2", "2"):
        machine = holding(policy).look(1, before, "2").look(2, "-1 2", "-1")
        assert (machine.result, machine.states()) == ("bogus", "1 Revoked, 2 Valid")


@conformance
def revocation_takes_the_keys_own_signature(policy: ResolverPolicy) -> None:
    """Go on trusting a key with a REVOKE bit that it did not sign itself (section 2.1)."""
    for before in ("1 2", "2"):
        for by in ("2", "2 ~-1"):
            machine = holding(policy).look(1, before, "2").look(2, "-1 2", by)
            assert machine.trusts(1)
            assert machine.state(1) != "Revoked"
            assert machine.look(40, "-1 2", by).trusts(1)


@conformance
def unproved_revocation_is_absence(policy: ResolverPolicy) -> None:
    """Count a key published only with an unproved REVOKE bit as missing (sections 2.1 and 4.1)."""
    machine = holding(policy).look(1, "-1 2", "2")
    assert machine.states() == "1 Missing, 2 Valid"
    assert machine.look(2, "-1 2", "2").states() == "1 Missing, 2 Valid"


@conformance
def revocation_is_permanent(policy: ResolverPolicy) -> None:
    """Never trust a revoked key again, purged or not, whatever is published (section 2.1)."""
    for away in ("2", "1 2", "-1 2"):
        machine = revoked(policy)
        for days in (2, 40, 80):
            looks = ((away, "2"), ("", ""), ("1 2", "1"), ("1 2", "2"), ("-1 2", "-1 2"))
            for hours, (keys, by) in enumerate(looks):
                assert not machine.look(days + hours / 24, keys, by).trusts(1)
            assert not machine.load(days + 1).trusts(1)
        for days in (120, 160, 200, 240, 280):
            machine.look(days, "2" if days < 200 else "1 2", "2")
            assert machine.state(1) in ("Revoked", "Removed")


@conformance
def revocation_may_come_first(policy: ResolverPolicy) -> None:
    """Keep a key revoked that was so before the first verified set, whatever that holds (section 2.1)."""
    for keys in ("1 2", "2", "-1 2"):
        machine = Machine(policy, "1 2", "dnskey").look(0, "-1 2", "-1").look(20, keys, "2")
        assert machine.states() == "1 Revoked, 2 Valid"
        machine.look(31, "2", "2")
        assert machine.states() == ("1 Removed, 2 Valid" if keys == "2" else "1 Revoked, 2 Valid")
        assert machine.look(50, "2", "2").states() == "1 Removed, 2 Valid"
    machine = Machine(policy, "1 2", "dnskey").look(0, "-1 2", "-1").look(30, "2", "2")
    assert machine.states() == "1 Removed, 2 Valid"


@conformance
def revoked_keys_are_kept_while_published(policy: ResolverPolicy) -> None:
    """Run the remove hold-down from when the revoked key was last seen, REVOKE or not (section 2.4.2)."""
    for keys, by in (("-1 2", "-1 2"), ("-1 2", "2"), ("1 2", "2")):
        machine = revoked(policy).look(20, keys, by).look(35, keys, by)
        assert machine.state(1) == "Revoked"
        assert machine.look(64, "2", "2").state(1) == "Revoked"
        assert machine.look(65, "2", "2").state(1) == "Removed"


@conformance
def remove_hold_down_lasts_thirty_days(policy: ResolverPolicy) -> None:
    """Remove a revoked key with the first verified set without it after 30 days, not before (2.4.2)."""
    machine = revoked(policy).look(2, "2", "2").look(10, "2 3", "2").look_at(T0 + 31 * DAY - 1, "2", "2")
    assert machine.state(1) == "Revoked"
    machine.look(31, "", "").look(31, "2 3", "3").look(31, "-1 2 3", "-1 3").look(31, "1 2 3", "3").load(31)
    assert machine.state(1) == "Revoked"
    assert machine.look(31, "2", "2").states() == "1 Removed, 2 Valid"


@conformance
def removal_is_the_end(policy: ResolverPolicy) -> None:
    """Leave a removed key removed, published or not, REVOKE or not, and over a restart (section 4.2)."""
    machine = revoked(policy).look(31, "2", "2")
    sets = (("", ""), ("1 2 3", "3"), ("2", "2"), ("1 2", "2"), ("-1 2", "2"), ("-1 2", "-1 2"), ("1 2", "1"))
    for days, (keys, by) in enumerate(sets, 32):
        assert machine.look(days, keys, by).state(1) == "Removed"
        assert machine.look(days + 100, keys, by).state(1) == "Removed"
        assert machine.load(days + 100).state(1) == "Removed"
        assert not machine.trusts(1)


@conformance
def last_anchor_revoked_is_insecure(policy: ResolverPolicy) -> None:
    """Treat the zone as never configured once every anchor is revoked, also after a restart (section 5)."""
    assert Machine(policy).look(0, "1 2", "1").look(1, "-1 2", "-1 2").point.deleted
    life = live(policy, world((0, "1", "1"), (5, "-1 2", "-1 2"))).run(10)
    assert life.view() == "insecure"
    assert life.restart().run(15).view() == "insecure"


# -- what verifies, and when it is fetched ---------------------------------------------------------------


@conformance
def sets_take_a_trusted_signature(policy: ResolverPolicy) -> None:
    """Refuse a set in which a trusted key stands but does not sign (RFC 4035 section 5.3)."""
    machine = Machine(policy).look(0, "1 2", "2")
    assert (machine.result, machine.states()) == ("bogus", "1 Valid")


@conformance
def one_signature_is_enough(policy: ResolverPolicy) -> None:
    """Accept one trusted key's signature though a key of another algorithm is trusted (RFC 4035 5.3.3)."""
    assert Machine(policy, "1 r").look(0, "1 r", "1").result == "ok"


@conformance
def signatures_count_in_their_period_alone(policy: ResolverPolicy) -> None:
    """Count a signature from its inception to its expiration, both included (RFC 4035 section 5.3.1)."""
    machine = Machine(policy)
    once = dnskeys("1", "1", window=(T0, T0 + 10 * DAY))
    for when, result in ((-1, "bogus"), (0, "ok"), (10 * DAY, "ok"), (10 * DAY + 1, "bogus")):
        assert managed.observe(machine.point, policy, once, T0 + when).result == result


@conformance
def configuration_is_a_seed(policy: ResolverPolicy) -> None:
    """Go by the state of a configured anchor, at a restart too: revoked is revoked (section 5)."""
    life = live(policy, world((0, "1 2", "1"), (5, "-1 2", "-1 2")), "1 2").run(10)
    assert life.states() == "1 Revoked, 2 Valid"
    assert [cell.state for cell in life.model.point.trusted()] == ["Valid"]
    life.restart().run(11)
    assert life.states() == "1 Revoked, 2 Valid"
    assert [cell.state for cell in life.model.point.trusted()] == ["Valid"]


@conformance
def unknown_algorithms_are_ignored(policy: ResolverPolicy) -> None:
    """Trust no key of an unknown algorithm, and go on (RFC 4035 section 5.2)."""
    life = live(policy, world((0, "1 u", "1"))).run(40)
    assert (life.view(), life.states()) == ("good", "1 Valid")


@conformance
def refreshes_follow_the_formula(policy: ResolverPolicy) -> None:
    """Refresh every half TTL, or half a signature's rest, from 1 hour to 15 days (section 2.3)."""
    life = live(policy, world((0, "1 2", "1"), (2, "1", "1")), "1 2", "dnskey").run(5)
    assert life.probes == [T0 + days * DAY for days in range(5)]
    for ttl, lasts, wanted in ((40 * DAY, 99, 15 * DAY), (HOUR, 99, HOUR), (40 * DAY, 8, 4 * DAY)):
        place = World(((T0, signed_set("1", "1", ttl, (T0, T0 + lasts * DAY))),))
        assert live(policy, place).run(17).probes[:2] == [T0, T0 + wanted]


@conformance
def refreshes_are_fetched(policy: ResolverPolicy) -> None:
    """Ask the zone at a refresh, not the cache: a change is met by the next one (section 2.3)."""
    life = live(policy, world((0, "1", "1"), (0.5, "1 2", "1")))
    assert life.run(1).states() == "1 Valid"
    assert life.run(1.1).states() == "1 Valid, 2 AddPend"


@conformance
def failures_are_tried_again(policy: ResolverPolicy) -> None:
    """Try again after a tenth of the TTL if no answer came, or one that does not verify (section 2.3)."""
    for keys, by in ((None, None), ("1", "2"), ("2", "2"), ("2 3", "3")):
        broken = (1.5, None) if keys is None or by is None else (1.5, keys, by)
        life = live(policy, world((0, "1 3", "1"), broken, (4, "1 3", "1"))).run(6)
        assert life.probes[2:4] == [T0 + 2 * DAY, T0 + 2 * DAY + 17280]
        assert life.view() == "good"
